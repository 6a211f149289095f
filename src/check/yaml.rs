//! Reads CloudFormation's YAML, in which `!Sub x` is short for `{"Fn::Sub": "x"}`.
//!
//! The tree is built from the parser's events. The loaders of YAML libraries do not keep places
//! and the tags of lists and maps, and do not bound the depth of the tree or what aliases multiply.

use std::collections::{BTreeMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use serde_json::Value;

use super::DocumentError;
use super::node::{Content, Entry, Node, Place};

/// Levels of lists and maps, with one for each function in its short form. Templates have far
/// fewer, and the recursion over a tree of this depth fits a thread's stack many times.
/// `serde_json` has the same limit.
const MAX_DEPTH: usize = 128;

/// Values, and bytes of their text, that are copied for anchors and aliases. Aliases within aliases
/// multiply: some lines can stand for billions of values. Templates repeat a few tags by them.
const MAX_COPIED: usize = 1_000_000;

/// Reads the one document that `text` is.
pub(super) fn load(text: &str) -> Result<Node, DocumentError> {
    let mut loader = Loader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let problem = format!("is not valid YAML: {}", error.info());
            syntax(place_of(*error.marker()), &problem)
        })?;
        loader.take(event, span)?;
    }
    loader.document.ok_or(DocumentError::Empty)
}

#[derive(Default)]
struct Loader {
    /// Lists and maps whose end has not come, the innermost last.
    open: Vec<Open>,
    /// Values that an alias may repeat, by the parser's number for their anchor.
    anchors: BTreeMap<usize, Node>,
    /// What [`MAX_COPIED`] limits.
    copied: usize,
    document: Option<Node>,
}

/// A list or a map that is being read.
struct Open {
    place: Place,
    /// 0 = none, as the parser counts anchors.
    anchor: usize,
    /// The function in short form whose argument this is.
    function: Option<String>,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        keys: HashSet<String>,
        /// The key whose value comes next, and its place.
        key: Option<(String, Place)>,
    },
}

impl Loader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), DocumentError> {
        let place = place_of(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                let value = if style == ScalarStyle::Plain && !tag.is_some_and(is_text) {
                    plain(&text)
                } else {
                    Value::from(text)
                };
                self.add(
                    Node {
                        place,
                        content: Content::Scalar(value),
                    },
                    function(tag),
                    anchor,
                )
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(place, anchor, tag.as_deref(), Items::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => self.open(
                place,
                anchor,
                tag.as_deref(),
                Items::Map {
                    entries: Vec::new(),
                    keys: HashSet::new(),
                    key: None,
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let size = self.anchors.get(&anchor).map_or(0, Node::size);
                self.count_copied(size)?;
                let repeated = self
                    .anchors
                    .get(&anchor)
                    .ok_or_else(|| syntax(place, "an alias to a value that contains it"))?
                    .clone();
                self.add(repeated, None, 0)
            }
            Event::DocumentStart(_) if self.document.is_some() => {
                Err(syntax(place, "a second document; one file holds one"))
            }
            Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamStart
            | Event::StreamEnd
            | Event::Nothing => Ok(()),
        }
    }

    fn open(
        &mut self,
        place: Place,
        anchor: usize,
        tag: Option<&Tag>,
        items: Items,
    ) -> Result<(), DocumentError> {
        let function = function(tag);
        self.open.push(Open {
            place,
            anchor,
            function,
            items,
        });
        let functions = self
            .open
            .iter()
            .filter(|open| open.function.is_some())
            .count();
        if self.open.len() + functions > MAX_DEPTH {
            return Err(DocumentError::TooDeep { max: MAX_DEPTH });
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), DocumentError> {
        let Some(Open {
            place,
            anchor,
            function,
            items,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let content = match items {
            Items::List(items) => Content::List(items),
            Items::Map { entries, .. } => Content::Map(entries),
        };
        self.add(Node { place, content }, function, anchor)
    }

    /// Puts a complete value into the list or map around it.
    fn add(
        &mut self,
        node: Node,
        function: Option<String>,
        anchor: usize,
    ) -> Result<(), DocumentError> {
        let place = node.place;
        let node = match function {
            Some(key) => Node {
                place,
                content: Content::Map(vec![Entry {
                    key,
                    place,
                    value: node,
                }]),
            },
            None => node,
        };
        if anchor != 0 {
            self.count_copied(node.size())?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.document = Some(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Map { entries, keys, key }) => {
                if let Some((key, place)) = key.take() {
                    entries.push(Entry {
                        key,
                        place,
                        value: node,
                    });
                } else {
                    *key = Some((new_key(node, keys)?, place));
                }
            }
        }
        Ok(())
    }

    fn count_copied(&mut self, size: usize) -> Result<(), DocumentError> {
        self.copied += size;
        if self.copied > MAX_COPIED {
            Err(DocumentError::TooManyCopies { max: MAX_COPIED })
        } else {
            Ok(())
        }
    }
}

/// The text of a key. Refused when the map has the key already.
fn new_key(node: Node, keys: &mut HashSet<String>) -> Result<String, DocumentError> {
    let place = node.place;
    let key = match node.content {
        Content::Scalar(Value::String(key)) => key,
        Content::Scalar(other) => other.to_string(),
        Content::List(_) | Content::Map(_) => return Err(syntax(place, "a key that is no text")),
    };
    if keys.insert(key.clone()) {
        Ok(key)
    } else {
        Err(DocumentError::DuplicateKey {
            line: place.line,
            column: place.column,
            key,
        })
    }
}

/// The parser counts lines from 1 and columns from 0.
fn place_of(marker: Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

fn syntax(place: Place, problem: &str) -> DocumentError {
    DocumentError::Syntax {
        line: place.line,
        column: place.column,
        problem: problem.to_owned(),
    }
}

/// The long form of a short-form function: `!Ref` and `!Condition` by their own names, all others
/// with `Fn::`.
fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle == "!" && !tag.suffix.is_empty())?;
    Some(match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    })
}

fn is_text(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == "str" || tag.handle.is_empty() && tag.suffix == "!"
}

/// The value of an unquoted scalar. Booleans and null are those of YAML 1.1, which CloudFormation
/// reads. Numbers stay text, as CloudFormation sends them.
fn plain(text: &str) -> Value {
    match text.to_ascii_lowercase().as_str() {
        "" | "~" | "null" => Value::Null,
        "true" | "yes" | "on" => Value::Bool(true),
        "false" | "no" | "off" => Value::Bool(false),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests;
