//! What a check found in one document.

use std::collections::HashSet;

use serde::Serialize;

use crate::properties::Step;
use crate::text::byte_limit;
use crate::text::printable::echoed;

/// Findings of one document that are kept one by one; of those beyond, only the number is. Nobody
/// reads more, and a hostile document would fill the memory with them.
const MAX_LISTED: usize = 1_000;

/// Findings of one document that say what was probably meant. Looking for it takes time and the
/// sentence takes room, of which a hostile document with many unknown names would take a lot.
const MAX_WITH_HINT: usize = 100;

/// Bytes of a path. Hostile input can nest long names.
const MAX_PATH: usize = 400;

/// What sort of document was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DocumentKind {
    /// A request of CloudFormation for one custom resource.
    Event,
    /// The properties of one custom resource.
    Properties,
    /// A template.
    Template,
}

/// The result of checking a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What sort of document it is.
    pub kind: DocumentKind,
    /// Names of the resources that were checked, in the order of their names: custom resources, then
    /// services of ECS with a hook of the task runner. `Properties` for a document that does not name
    /// its one resource.
    pub checked: Vec<String>,
    /// Custom resources of a template that were not checked, as they are of other types.
    pub skipped: Vec<SkippedResource>,
    /// What was found, in the order of the document.
    pub findings: Vec<Finding>,
}

/// A custom resource that was not checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SkippedResource {
    /// Name of the resource in the template.
    pub logical_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub resource_type: String,
}

/// Whether a finding must be corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// It cannot work.
    Error,
    /// It works, and is probably not what is meant.
    Warning,
}

impl Severity {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Whether it must be corrected.
    pub severity: Severity,
    /// Line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// Column in characters, counted from 1, where it is known.
    pub column: Option<usize>,
    /// Where it is in the document: `MigrateTask.Properties.Timeout`. Empty for what concerns the
    /// document as a whole.
    pub path: String,
    /// What is wrong, as the rest of a sentence that begins with the path.
    pub message: String,
}

impl Finding {
    /// A finding on a document as a whole.
    pub(super) fn on_document(severity: Severity, message: String) -> Self {
        Self {
            severity,
            line: None,
            column: None,
            path: String::new(),
            message,
        }
    }
}

impl Report {
    /// Whether nothing was found that must be corrected. Also true of a document in which there was
    /// nothing to check.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.all(|finding| finding.severity != Severity::Error)
    }
}

/// What the checks of one document have found so far.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) listed: Vec<Note>,
    unlisted_errors: usize,
    unlisted_warnings: usize,
}

/// A finding before its place in the document is looked up.
pub(super) struct Note {
    pub(super) severity: Severity,
    pub(super) steps: Vec<Step>,
    pub(super) message: String,
}

impl Notes {
    /// What was probably meant, as `hint` finds it; nothing once there are many findings.
    pub(super) fn hint(&self, hint: impl FnOnce() -> String) -> String {
        if self.listed.len() < MAX_WITH_HINT {
            hint()
        } else {
            String::new()
        }
    }

    pub(super) fn error(&mut self, steps: Vec<Step>, message: impl Into<String>) {
        self.add(Severity::Error, steps, message.into());
    }

    pub(super) fn warning(&mut self, steps: Vec<Step>, message: impl Into<String>) {
        self.add(Severity::Warning, steps, message.into());
    }

    fn add(&mut self, severity: Severity, steps: Vec<Step>, message: String) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(Note {
                severity,
                steps,
                message,
            });
        } else {
            match severity {
                Severity::Error => self.unlisted_errors += 1,
                Severity::Warning => self.unlisted_warnings += 1,
            }
        }
    }

    /// Leaves out the warnings on values that cannot work: one mistake has one finding.
    pub(super) fn leave_out_warnings_on_errors(&mut self) {
        let errors = self
            .listed
            .iter()
            .filter(|note| note.severity == Severity::Error);
        let wrong: HashSet<_> = errors.map(|note| note.steps.clone()).collect();
        self.listed
            .retain(|note| note.severity == Severity::Error || !wrong.contains(&note.steps));
    }

    /// The finding that stands for those that are not listed, if there are any.
    pub(super) fn unlisted(&self) -> Option<Finding> {
        let message = match self.unlisted_errors + self.unlisted_warnings {
            0 => return None,
            1 => "1 more finding is not listed".to_owned(),
            more => format!("{more} more findings are not listed"),
        };
        let severity = if self.unlisted_errors > 0 {
            Severity::Error
        } else {
            Severity::Warning
        };
        Some(Finding::on_document(severity, message))
    }
}

/// The way to a value as people write it: `MigrateTask.Properties.Overrides`. The way to a resource
/// begins with its name.
pub(super) fn path(steps: &[Step]) -> String {
    let is_resources = |step: &Step| matches!(step, Step::Key(key) if **key == *"Resources");
    // A template may be a part of a document: `resources`, or one item of it.
    let resource = steps
        .iter()
        .take(3)
        .position(is_resources)
        .map_or(0, |at| at + 1);
    let mut steps = steps.get(resource..).unwrap_or_default();
    // A loop holds its resources as its third argument.
    while let [Step::Key(key), Step::Index(_), inside @ ..] = steps
        && key.starts_with("Fn::ForEach::")
        && !inside.is_empty()
    {
        steps = inside;
    }
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&echoed(key));
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    byte_limit::cut_middle(&path, MAX_PATH)
}
