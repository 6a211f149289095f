//! What a check found: as sentences for people (`Display`), as JSON for programs (`Serialize`).

use std::fmt;

use serde::Serialize;

use crate::text::printable::echoed;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What sort of document it is.
    pub kind: DocumentKind,
    /// The resources that were checked, in the order of their names; then those that were not, but
    /// look like it, with that as their problem.
    pub resources: Vec<CheckedResource>,
    /// Types of resources that were checked in a template.
    pub resource_types: Vec<String>,
    /// Types of custom resources in the template that were not checked.
    pub unchecked_types: Vec<String>,
}

/// A resource and what is wrong with its properties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedResource {
    /// Name of the resource in the template, unless the document lacks it.
    pub logical_id: Option<String>,
    /// Line at which the resource begins, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub problems: Vec<Finding>,
    /// Number of problems beyond those listed.
    pub more_problems: usize,
}

/// One problem of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The property: `Overrides.ContainerOverrides[0].Memory`.
    pub path: String,
    /// What is wrong, as the rest of a sentence that begins with the path.
    pub message: String,
    /// Line of the property, counted from 1, where it is known.
    pub line: Option<usize>,
}

impl Report {
    /// Whether no problem was found. Also true of a template without a resource of the types that
    /// are checked; the text of the report says that there was none.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.resources
            .iter()
            .all(|resource| resource.problems.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.resources.is_empty() {
            write!(
                f,
                "Nothing to check: the template has no resource of type {}",
                self.resource_types.join(" or ")
            )?;
            if !self.unchecked_types.is_empty() {
                let types: Vec<_> = self
                    .unchecked_types
                    .iter()
                    .map(|name| echoed(name))
                    .collect();
                write!(f, " (it has {})", types.join(", "))?;
            }
            return f.write_str(".\n");
        }
        self.resources
            .iter()
            .try_for_each(|resource| resource.fmt(f))
    }
}

impl fmt::Display for CheckedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            &self
                .logical_id
                .as_deref()
                .map_or("Properties".to_owned(), echoed),
        )?;
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        match self.problems.len() + self.more_problems {
            0 => return f.write_str(": no problems\n"),
            1 => f.write_str(": 1 problem\n")?,
            count => writeln!(f, ": {count} problems")?,
        }
        for problem in &self.problems {
            writeln!(f, "  {problem}")?;
        }
        if self.more_problems > 0 {
            writeln!(f, "  and {} more", self.more_problems)?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        let stop = if self.message.ends_with('?') { "" } else { "." };
        write!(f, "{} {}{stop}", self.path, self.message)
    }
}
