//! The reports on several files, as people, editors, programs and GitHub read them.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;

use super::{
    DocumentError, DocumentKind, Finding, Report, Severity, SkippedResource, check_document,
};
use crate::text::printable::{clean, echoed};

/// What was found in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileReport {
    /// The file's name, as it was given.
    pub file: String,
    /// What sort of document it is; `None` for a file that could not be checked.
    pub kind: Option<DocumentKind>,
    /// See [`Report::checked`].
    pub checked: Vec<String>,
    /// See [`Report::skipped`].
    pub skipped: Vec<SkippedResource>,
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
}

/// How reports are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line for each finding, which begins as compilers' messages do: `file:line:column: error:`.
    /// Then a line for each file.
    Text,
    /// One JSON object.
    Json,
    /// Workflow commands of GitHub Actions, which annotate the files (GitHub Actions documentation,
    /// "Workflow commands"). Then a line for each file.
    Github,
}

impl FileReport {
    /// Checks the text of a file. A file in which there is nothing to check has an error, unless
    /// that is allowed.
    #[must_use]
    pub fn of(file: &str, text: &str, resource_types: &[&str], allow_none: bool) -> Self {
        let report = match check_document(text, resource_types) {
            Ok(report) => report,
            Err(error) => return Self::failed(file, of_document(&error)),
        };
        let nothing = (report.checked.is_empty() && report.is_ok() && !allow_none)
            .then(|| error(nothing_to_check(&report, resource_types)));
        Self {
            file: file.to_owned(),
            kind: Some(report.kind),
            checked: report.checked,
            skipped: report.skipped,
            findings: nothing.into_iter().chain(report.findings).collect(),
        }
    }

    /// A file that cannot be read. `why` is a sentence without its end.
    #[must_use]
    pub fn unreadable(file: &str, why: &str) -> Self {
        Self::failed(file, error(why.to_owned()))
    }

    fn failed(file: &str, finding: Finding) -> Self {
        Self {
            file: file.to_owned(),
            kind: None,
            checked: Vec::new(),
            skipped: Vec::new(),
            findings: vec![finding],
        }
    }

    /// How many findings of this severity there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// What came of the file, in one line.
    fn summary(&self) -> String {
        let checked: Vec<_> = self.checked.iter().map(|name| echoed(name)).collect();
        let skipped = self.skipped.iter().map(|skipped| {
            let (name, resource_type) = (&skipped.logical_id, &skipped.resource_type);
            format!("{} ({})", echoed(name), echoed(resource_type))
        });
        let skipped: Vec<_> = skipped.collect();
        let counts: Vec<_> = [Severity::Error, Severity::Warning]
            .into_iter()
            .filter_map(|severity| match (self.count(severity), severity.word()) {
                (0, _) => None,
                (1, word) => Some(format!("1 {word}")),
                (count, word) => Some(format!("{count} {word}s")),
            })
            .collect();
        let mut summary = checked.join(", ");
        if !summary.is_empty() {
            summary += ": ";
        }
        summary += &match (counts.is_empty(), checked.is_empty()) {
            (true, true) => "nothing to check".to_owned(),
            (true, false) => "no problems".to_owned(),
            (false, _) => counts.join(", "),
        };
        if !skipped.is_empty() {
            summary += &format!("; skipped {}", skipped.join(", "));
        }
        summary
    }
}

/// The finding on a document that cannot be checked.
fn of_document(document: &DocumentError) -> Finding {
    let (place, message) = match document {
        DocumentError::Syntax {
            line,
            column,
            problem,
        } => (Some((*line, *column)), clean(problem).into_owned()),
        DocumentError::DuplicateKey { line, column, key } => (
            Some((*line, *column)),
            format!("the key {} is given twice", echoed(key)),
        ),
        other => (None, format!("cannot be checked: {other}")),
    };
    Finding {
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        ..error(message)
    }
}

/// An error of a file as a whole.
fn error(message: String) -> Finding {
    Finding::on_document(Severity::Error, message)
}

fn nothing_to_check(report: &Report, resource_types: &[&str]) -> String {
    let types: BTreeSet<_> = report
        .skipped
        .iter()
        .map(|skipped| echoed(&skipped.resource_type))
        .collect();
    let others = if types.is_empty() {
        "no custom resource".to_owned()
    } else {
        Vec::from_iter(types).join(", ")
    };
    format!(
        "there is nothing to check: no resource has the type {} (there is {others}); --type checks \
         another type, --allow-none lets such files pass",
        resource_types.join(" or ")
    )
}

/// The reports in the order of the files.
#[must_use]
pub fn write(reports: &[FileReport], format: Format) -> String {
    match format {
        Format::Json => format!("{:#}\n", json!({"files": reports})),
        Format::Text => lines(reports, text),
        Format::Github => lines(reports, github),
    }
}

/// The lines of the findings, and one line for each file.
fn lines(reports: &[FileReport], line: fn(&str, &Finding) -> String) -> String {
    let mut written = String::new();
    for report in reports {
        let file = in_one_line(&report.file);
        for finding in &report.findings {
            written += &line(&file, finding);
            written.push('\n');
        }
    }
    for report in reports {
        // A line that begins with the name of a file could be a command to GitHub.
        let file = in_one_line(&report.file);
        written += &format!("checked {file}: {}\n", report.summary());
    }
    written
}

fn text(file: &str, finding: &Finding) -> String {
    let place = match (finding.line, finding.column) {
        (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
        _ => file.to_owned(),
    };
    format!(
        "{place}: {}: {}",
        finding.severity.word(),
        sentence(finding)
    )
}

fn github(file: &str, finding: &Finding) -> String {
    let mut properties = format!("file={}", escaped_property(file));
    for (name, number) in [("line", finding.line), ("col", finding.column)] {
        if let Some(number) = number {
            properties += &format!(",{name}={number}");
        }
    }
    let message = escaped(&sentence(finding));
    format!("::{} {properties}::{message}", finding.severity.word())
}

fn sentence(finding: &Finding) -> String {
    if finding.path.is_empty() {
        finding.message.clone()
    } else {
        format!("{}: {}", finding.path, finding.message)
    }
}

/// As the toolkit of GitHub Actions escapes a message (`packages/core/src/command.ts`).
fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// As the toolkit of GitHub Actions escapes the value of a property.
fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

fn in_one_line(file: &str) -> String {
    clean(file).replace('\n', " ")
}
