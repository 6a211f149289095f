//! A document as a tree in which each value has its place. Knows nothing of YAML or templates.

use serde_json::{Map, Value};

use crate::properties::Step;

/// Where something begins in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
}

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub place: Place,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    /// Where the key begins.
    pub place: Place,
    pub value: Node,
}

impl Node {
    /// The value without its places.
    pub(super) fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Node::to_value).collect(),
            Content::Map(entries) => {
                let members = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.to_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    /// Where the value is that the steps lead to: a member of a map begins with its key. Where there
    /// is none, as for a missing property, the place of the last value on the way.
    pub(super) fn place_of(&self, steps: &[Step]) -> Place {
        let mut node = self;
        let mut place = self.place;
        for step in steps {
            let next = match (step, &node.content) {
                (Step::Key(key), Content::Map(entries)) => entries
                    .iter()
                    .find(|entry| *entry.key == **key)
                    .map(|entry| (entry.place, &entry.value)),
                (Step::Index(index), Content::List(items)) => {
                    items.get(*index).map(|item| (item.place, item))
                }
                _ => None,
            };
            let Some(next) = next else { break };
            (place, node) = next;
        }
        place
    }

    /// Number of values in this one, itself included, and of the bytes of their text and keys.
    pub(super) fn size(&self) -> usize {
        match &self.content {
            Content::Scalar(value) => 1 + value.as_str().map_or(0, str::len),
            Content::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Content::Map(entries) => {
                1 + entries
                    .iter()
                    .map(|entry| entry.key.len() + entry.value.size())
                    .sum::<usize>()
            }
        }
    }
}
