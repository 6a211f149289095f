//! Reads a value against its shape: coerces scalars, brings names to camelCase, and reports
//! everything that is wrong.
//!
//! The input may be hostile. In an event the schema bounds how deep the recursion goes; in a
//! template, where `Fn::If` can be nested, the depth of the document does. Of an event's list no
//! more items are read than it may have.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::checked::{Checked, Members};
use super::declarations::Declarations;
use super::intrinsics::{self, Intrinsic};
use super::names::{is_spelling_of, pascal_case};
use super::problems::{Path, Problems, kind};
use super::schema::{Field, List, Rule, Shape, Structure};
use super::types::type_of_intrinsic;
use super::{hints, rules, scalars};

/// Where properties come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An event: all values are known.
    Event,
    /// The input of a direct run, for which CloudFormation does not wait: all values are known.
    Direct,
    /// A template: an intrinsic function stands for a value that only the deployment knows. Its
    /// type may be known.
    Template,
    /// A document that is nothing but properties. It may be meant for a template or for a direct
    /// run, so that it may have what either takes: functions, and the limits of direct runs.
    Properties,
}

impl Source {
    /// Whether an intrinsic function may stand for a value.
    pub(super) fn has_functions(self) -> bool {
        matches!(self, Self::Template | Self::Properties)
    }
}

pub(super) struct Reader<'t> {
    source: Source,
    /// What the template declares that the properties are from.
    declarations: &'t Declarations<'t>,
    pub(super) problems: Problems,
}

impl<'t> Reader<'t> {
    pub(super) fn new(source: Source, declarations: &'t Declarations<'t>) -> Self {
        Self {
            source,
            declarations,
            problems: Problems::default(),
        }
    }

    pub(super) fn read<'v>(
        &mut self,
        value: &'v Value,
        shape: &'static Shape,
        path: &Path<'_>,
    ) -> Checked<'v> {
        match self.source {
            Source::Template | Source::Properties => {
                if let Some(intrinsic) = intrinsics::of(value) {
                    return self.read_intrinsic(&intrinsic, shape, path);
                }
                if value.is_null() {
                    self.problems.add(
                        path,
                        "is null, which CloudFormation refuses; leave it out or use AWS::NoValue",
                    );
                    return Checked::Unknown;
                }
            }
            // CloudFormation never sends null. A direct invocation that does means "not given", as
            // in the ECS API.
            Source::Event | Source::Direct if value.is_null() => return Checked::Absent,
            Source::Event | Source::Direct => {}
        }
        match shape {
            Shape::ByDoor(_, direct)
                if matches!(self.source, Source::Direct | Source::Properties) =>
            {
                self.read(value, direct, path)
            }
            Shape::List(list) => self.read_list(value, list, path),
            Shape::Structure(structure) => self.read_structure(value, structure, path),
            Shape::ChoiceOrStructure(_, structure) if value.is_object() => {
                self.read_structure(value, structure, path)
            }
            scalar if value.is_array() && path.is_item() && !matches!(scalar, Shape::Anything) => {
                self.report_kind(value, scalar, path);
                Checked::Unknown
            }
            scalar => match scalars::coerce(value, scalar) {
                Ok(canonical) => Checked::Known(canonical),
                Err(message) => {
                    self.problems.add(path, message);
                    Checked::Unknown
                }
            },
        }
    }

    fn read_intrinsic<'v>(
        &mut self,
        intrinsic: &Intrinsic<'v>,
        shape: &'static Shape,
        path: &Path<'_>,
    ) -> Checked<'v> {
        match intrinsic {
            Intrinsic::NoValue => Checked::Absent,
            Intrinsic::If([then, otherwise]) => {
                let path = path.key(intrinsics::IF);
                let then = self.read(then, shape, &path.index(1));
                let otherwise = self.read(otherwise, shape, &path.index(2));
                match (then, otherwise) {
                    (Checked::Absent, Checked::Absent) => Checked::Absent,
                    (Checked::Absent | Checked::Maybe, _)
                    | (_, Checked::Absent | Checked::Maybe) => Checked::Maybe,
                    _ => Checked::Unknown,
                }
            }
            other => {
                if let Some(typed) = type_of_intrinsic(other, self.declarations)
                    && !shape.takes(typed.is)
                {
                    self.problems.add(path, typed.is_no(shape, path.is_item()));
                }
                Checked::Unknown
            }
        }
    }

    /// Reports that a value that stands in the document is of another kind than its shape.
    fn report_kind(&mut self, value: &Value, shape: &Shape, path: &Path<'_>) {
        let inside = if value.is_array() && path.is_item() {
            " inside a list"
        } else {
            ""
        };
        let (found, expected) = (kind(value), scalars::expectation(shape));
        let example = hints::for_lone_item(value, shape);
        self.problems.add(
            path,
            format!("is {found}{inside}; expected {expected}{example}"),
        );
    }

    fn read_list<'v>(
        &mut self,
        value: &'v Value,
        list: &'static List,
        path: &Path<'_>,
    ) -> Checked<'v> {
        let Value::Array(items) = value else {
            if list.takes_lone_item {
                return Checked::List(vec![self.read(value, &list.item, path)]);
            }
            self.report_kind(value, &Shape::List(list), path);
            return Checked::Unknown;
        };
        // Items of a template may turn out to be absent, so all of them are read; the size of the
        // document bounds their number.
        let room = match self.source {
            Source::Event | Source::Direct => list.max,
            Source::Template | Source::Properties => usize::MAX,
        };
        let read: Vec<_> = items
            .iter()
            .enumerate()
            .take(room)
            .map(|(index, item)| self.read(item, &list.item, &path.index(index)))
            .collect();
        // An item that a condition may take away counts when `min` is checked, and not when `max`
        // is.
        let possible = read
            .iter()
            .filter(|item| !matches!(item, Checked::Absent))
            .count();
        let certain = read
            .iter()
            .filter(|item| !matches!(item, Checked::Absent | Checked::Maybe))
            .count();
        // Items of an event beyond `max` were not read. They count, since an event has no
        // conditions.
        let certain = certain + (items.len() - read.len());
        if certain > list.max {
            self.problems.add(
                path,
                format!("has {certain} items; expected at most {}", list.max),
            );
        } else if possible < list.min {
            self.problems
                .add(path, format!("is an empty list; expected {}", list.what));
        }
        for rule in list.rules {
            rules::apply_to_list(rule, &read, path, &mut self.problems);
        }
        Checked::List(read)
    }

    fn read_structure<'v>(
        &mut self,
        value: &'v Value,
        structure: &'static Structure,
        path: &Path<'_>,
    ) -> Checked<'v> {
        let Value::Object(object) = value else {
            self.report_kind(value, &Shape::Structure(structure), path);
            return Checked::Unknown;
        };
        let members = self.read_members(object, structure, path);
        for field in structure
            .fields
            .iter()
            .filter(|field| field.is_required && members.is_missing(field.name))
        {
            let spelling = members.would_spell(field.name);
            self.problems
                .add(&path.key(&spelling), rules::is_missing(field));
        }
        let is_in_a_stack = matches!(self.source, Source::Event | Source::Template);
        let rules = structure.rules.iter();
        for rule in rules.filter(|rule| is_in_a_stack || !matches!(rule, Rule::InAStack(_))) {
            rules::apply(rule, &members, path, &mut self.problems);
        }
        Checked::Structure(members)
    }

    fn read_members<'v>(
        &mut self,
        object: &'v Map<String, Value>,
        structure: &'static Structure,
        path: &Path<'_>,
    ) -> Members<'v> {
        let mut members = Members::default();
        let mut given = BTreeSet::new();
        for (key, value) in object {
            // A macro beside other keys may add any members; they are known after deployment only.
            if self.source.has_functions() && intrinsics::is_function(key) {
                members.is_open = true;
                continue;
            }
            let Some(field) = structure
                .fields
                .iter()
                .find(|field| is_spelling_of(key, field.name))
            else {
                self.report_unknown(key, structure, path);
                continue;
            };
            if !given.insert(field.name) {
                self.report_both_spellings(key, field, path);
                continue;
            }
            match self.read(value, &field.shape, &path.key(key)) {
                Checked::Absent => {}
                checked => members.insert(field.name, key, checked),
            }
        }
        members
    }

    fn report_both_spellings(&mut self, key: &str, field: &Field, path: &Path<'_>) {
        let (one, other) = (pascal_case(field.name), field.name);
        self.problems.add(
            &path.key(key),
            format!("is given twice, as {one} and as {other}; keep one of them"),
        );
    }

    fn report_unknown(&mut self, key: &str, structure: &Structure, path: &Path<'_>) {
        // Looking for the nearest name costs time, of which a hostile object with many unknown
        // names would take a lot.
        if self.problems.is_full() {
            self.problems.add(path, String::new());
            return;
        }
        let hint = hints::for_name(key, structure, path);
        let message = if path.is_root() {
            "is not a property of this resource"
        } else {
            "is not known here"
        };
        self.problems
            .add(&path.key(key), format!("{message}{hint}"));
    }
}
