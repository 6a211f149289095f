//! What is wrong with the properties, in sentences for the person who wrote them.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::intrinsics::IF;
use crate::text::byte_limit;
use crate::text::printable::echoed;

/// Problems that are kept one by one; of those beyond, only the number is. Nobody reads more, and
/// hostile input cannot make the text long.
const MAX_LISTED: usize = 20;

/// Bytes of a path in a message. The paths of the known properties have fewer; hostile input can
/// nest long names.
const MAX_PATH: usize = 400;

/// One problem: where it is, and what was found and expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The property, in the spelling of the input: `Overrides.ContainerOverrides[0].Memory`.
    pub(crate) path: String,
    /// What is wrong, as the rest of a sentence that begins with the path:
    /// `is "lots"; expected a whole number`.
    pub(crate) message: String,
    /// The way to the property, for finding its line in the document.
    pub(crate) steps: Vec<Step>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stop = if self.message.ends_with('?') { "" } else { "." };
        write!(f, "{} {}{stop}", self.path, self.message)
    }
}

/// All problems of one input, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    listed: Vec<Problem>,
    unlisted: usize,
}

impl Problems {
    /// Whether no problem was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The first problems, one by one.
    pub(crate) fn listed(&self) -> &[Problem] {
        &self.listed
    }

    /// The number of problems found beyond [`listed`](Self::listed).
    pub(crate) fn unlisted(&self) -> usize {
        self.unlisted
    }

    /// The problems as sentences, one by one, and at last how many more there are.
    pub(crate) fn sentences(&self) -> Vec<String> {
        self.sentences_with(Problem::to_string)
    }

    /// The same, with other words for each problem.
    pub(crate) fn sentences_with(&self, words: impl FnMut(&Problem) -> String) -> Vec<String> {
        self.listed.iter().map(words).chain(self.more()).collect()
    }

    /// How many problems are not listed, in words.
    fn more(&self) -> Option<String> {
        match self.unlisted {
            0 => None,
            1 => Some("And 1 more problem.".to_owned()),
            more => Some(format!("And {more} more problems.")),
        }
    }

    /// Whether a further problem would only be counted, and needs no words.
    pub(super) fn is_full(&self) -> bool {
        self.listed.len() >= MAX_LISTED
    }

    pub(crate) fn add(&mut self, path: &Path<'_>, message: impl Into<String>) {
        if self.is_full() {
            self.unlisted += 1;
        } else {
            self.listed.push(Problem {
                path: byte_limit::cut_middle(&path.to_string(), MAX_PATH),
                message: message.into(),
                steps: path.steps(),
            });
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentences().join(" "))
    }
}

impl std::error::Error for Problems {}

/// One step on the way to a property. The ways to all values in an object share its keys: a hostile
/// document has long keys with many values behind them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Key(Arc<str>),
    Index(usize),
}

impl Step {
    pub(crate) fn key(key: &str) -> Self {
        Self::Key(Arc::from(key))
    }
}

/// The way to the value that is being read. Each level of the reading holds its own segment and
/// refers to the one above, so that nothing is allocated unless there is a problem.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The properties as a whole.
    pub(crate) const ROOT: Path<'static> = Path {
        parent: None,
        segment: Segment::Root,
    };

    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Path {
            parent: Some(self),
            segment: Segment::Key(key),
        }
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Path {
            parent: Some(self),
            segment: Segment::Index(index),
        }
    }

    pub(crate) fn is_root(&self) -> bool {
        matches!(self.segment, Segment::Root)
    }

    /// Whether this is an item of a list.
    pub(super) fn is_item(&self) -> bool {
        // The branches of a condition are items of the function's arguments, not of a list.
        let is_branch = self
            .parent
            .is_some_and(|parent| matches!(parent.segment, Segment::Key(IF)));
        matches!(self.segment, Segment::Index(_)) && !is_branch
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = self.parent.map(Path::steps).unwrap_or_default();
        match self.segment {
            Segment::Root => {}
            Segment::Key(key) => steps.push(Step::key(key)),
            Segment::Index(index) => steps.push(Step::Index(index)),
        }
        steps
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent = self.parent.filter(|parent| !parent.is_root());
        if let Some(parent) = parent {
            parent.fmt(f)?;
        }
        match self.segment {
            Segment::Root => f.write_str("ResourceProperties"),
            Segment::Key(key) => {
                let dot = if parent.is_some() { "." } else { "" };
                write!(f, "{dot}{}", echoed(key))
            }
            Segment::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A wrong value as a message shows it: a scalar itself, of a list or an object only the kind.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => format!("\"{}\"", echoed(text)),
        Value::Number(number) => echoed(&number.to_string()),
        Value::Bool(_) | Value::Null => value.to_string(),
        Value::Array(_) | Value::Object(_) => kind(value).to_owned(),
    }
}

/// The kind of a value, for values that a message must not repeat.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_input() {
        let overrides = Path::ROOT.key("Overrides");
        let containers = overrides.key("containerOverrides");
        let first = containers.index(0);
        assert_eq!(
            first.key("Memory").to_string(),
            "Overrides.containerOverrides[0].Memory"
        );
        assert_eq!(Path::ROOT.to_string(), "ResourceProperties");
    }

    #[test]
    fn a_problem_keeps_the_way_to_its_property() {
        let mut problems = Problems::default();
        problems.add(&Path::ROOT.key("Tags").index(1).key("Key"), "is missing");
        assert_eq!(
            problems.listed()[0].steps,
            [Step::key("Tags"), Step::Index(1), Step::key("Key")]
        );
    }

    #[test]
    fn problems_read_as_sentences_and_the_rest_is_counted() {
        let mut problems = Problems::default();
        problems.add(
            &Path::ROOT.key("Count"),
            "is \"abc\"; expected a whole number",
        );
        problems.add(&Path::ROOT.key("Cluster"), "is missing");
        assert_eq!(
            problems.to_string(),
            "Count is \"abc\"; expected a whole number. Cluster is missing."
        );
        for _ in 0..MAX_LISTED {
            problems.add(&Path::ROOT, "is wrong");
        }
        assert_eq!(problems.listed().len(), MAX_LISTED);
        assert_eq!(problems.unlisted(), 2);
        assert!(
            problems.to_string().ends_with(" And 2 more problems."),
            "{problems}"
        );
    }
}
