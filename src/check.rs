//! Finds what is wrong with custom resources before they are deployed: the command
//! `ecs-task-runner check`.
//!
//! ```text
//! text ──▶ yaml ──▶ node (values with their places)
//!                     │
//!                     ▼
//!                   document ──▶ template (the resources in it) ──▶ properties ─┐
//!                     │             ├ similar (types that look like ours)       │
//!                     │             └ stack (what its resources say together)   ▼
//!                     │                   ├▶ beyond (errors between them) ──▶ Report ──▶ files
//!                     │                   ├▶ hooks (of ECS services) ──────▶
//!                     └───────────────────┴▶ warnings ───────────────────────▶
//! ```
//!
//! A document is a CloudFormation template, a `serverless.yml` with one in it, an event, or the
//! properties by themselves, as JSON or YAML. What the properties may be is known to `properties`
//! alone. This module finds them in the document, gives each problem its place, and looks at what
//! the resource has to do with others. `files` writes the reports on several documents for people,
//! editors, programs and GitHub.

mod at;
mod beyond;
mod document;
mod files;
mod hooks;
mod node;
mod report;
mod similar;
mod stack;
mod template;
mod unrecognised;
mod warnings;
mod yaml;

pub use files::{FileReport, Format, write};
pub use report::{DocumentKind, Finding, Report, Severity, SkippedResource};

use serde_json::Value;

use document::Document;

pub use crate::cloudformation::stack::{GENERIC_RESOURCE_TYPE, RESOURCE_TYPE};

/// Bytes of the largest document: those of the largest template (CloudFormation quotas, template
/// body in S3: 1 MB). Events are far smaller.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// Why a document cannot be checked, as the rest of a sentence that begins with its name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Larger than CloudFormation takes.
    #[error("it has {bytes} bytes; CloudFormation takes templates of at most {MAX_DOCUMENT_BYTES}")]
    TooLarge {
        /// Size of the document.
        bytes: usize,
    },
    /// Neither JSON nor YAML.
    #[error("line {line}: {problem}")]
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A map has a key twice.
    #[error(
        "line {line}: the key {} is given twice",
        crate::text::printable::echoed(key)
    )]
    DuplicateKey {
        /// Line of the second one, counted from 1.
        line: usize,
        /// Column of the second one, counted from 1.
        column: usize,
        /// The key, as the document has it.
        key: String,
    },
    /// Lists and maps are nested too deeply.
    #[error("it is nested more than {max} levels deep")]
    TooDeep {
        /// The greatest number of levels.
        max: usize,
    },
    /// Aliases repeat so much that the document would not fit into memory.
    #[error("its anchors and aliases repeat more than {max} values and bytes of text")]
    TooManyCopies {
        /// The greatest number of repeated values and bytes of their text together.
        max: usize,
    },
    /// The document has no content.
    #[error("there is nothing in it")]
    Empty,
    /// Neither event nor template nor properties.
    #[error(
        "it is {found}; expected an event (with RequestType and ResourceProperties), a template (with Resources), or an object of properties (with Cluster and TaskDefinition){hint}"
    )]
    Unrecognised {
        /// What it is instead.
        found: String,
        /// What was probably meant, after a semicolon; empty where nobody can say.
        hint: String,
    },
}

/// Checks properties. `text` is an event, a template, or the properties themselves; in a template,
/// those of the resources of `resource_types` are checked. Resources of other types that look like
/// the task runner's are reported as problems if `resource_types` is [`RESOURCE_TYPE`] alone, or if
/// the template has no resource of `resource_types`.
///
/// # Errors
/// When `text` cannot be checked. What is wrong with the properties is no error; the report has it.
pub fn check_document(text: &str, resource_types: &[&str]) -> Result<Report, DocumentError> {
    Document::parse(text)?.check(resource_types)
}

/// Reads a document as JSON, with the short forms of intrinsic functions as the long ones. Plain
/// numbers are text, as CloudFormation sends them on.
///
/// # Errors
/// When `text` is neither JSON nor YAML that CloudFormation would take.
pub fn read_document(text: &str) -> Result<Value, DocumentError> {
    Document::parse(text).map(Document::into_value)
}

#[cfg(test)]
mod tests;
