//! The shapes of values with which the properties are described, as data. The descriptions made of
//! them are in `resource` (the properties), `ecs` and `overrides` (structures of the ECS API).
//! `places` lists where each name belongs, for hints about a property in the wrong place.
//!
//! ```text
//! static SUBNETS: List = list(
//!     "a list of subnet ids",
//!     text("a subnet id (subnet-…)", limits::MAX_NAME, forms::is_subnet),
//! )
//! .not_empty()
//! .at_most(limits::MAX_SUBNETS);
//! ```

mod ecs;
mod overrides;
mod places;
mod resource;

pub(super) use places::{Place, places};

use super::checked::{Checked, Members};
use super::declarations::Type;
use super::problems::{Path, Problems};

/// The properties as a whole.
pub(super) static ROOT: Shape = Shape::Structure(&resource::RESOURCE);

/// The names of all properties, in camelCase.
pub(super) fn property_names() -> impl Iterator<Item = &'static str> + Clone {
    resource::RESOURCE.fields.iter().map(|field| field.name)
}

/// What a value may be.
pub(super) enum Shape {
    /// Text, or a number or boolean, which becomes text.
    Text(Text),
    /// A whole number within a range, or its digits as text.
    Whole(i64, i64),
    /// The first of these in properties of a resource, and the second in those of a direct run.
    ByDoor(&'static Shape, &'static Shape),
    /// A boolean, or `true` and `false` as text.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list.
    List(&'static List),
    /// An object of known keys.
    Structure(&'static Structure),
    /// One of these words, or an object.
    ChoiceOrStructure(&'static [&'static str], &'static Structure),
    /// Anything at all, taken as it is.
    Anything,
}

impl Shape {
    /// Whether a value of a template may stand here of which no more than its type is known.
    pub(super) fn takes(&self, given: Type) -> bool {
        match self {
            Self::Text(_)
            | Self::Whole(..)
            | Self::Boolean
            | Self::Choice(_)
            | Self::ChoiceOrStructure(..) => given == Type::Text,
            Self::List(list) => {
                (given == Type::List || list.takes_lone_item) && list.item.takes(Type::Text)
            }
            Self::Structure(_) => false,
            Self::ByDoor(resource, _) => resource.takes(given),
            Self::Anything => true,
        }
    }
}

/// Text of a certain form.
pub(super) struct Text {
    /// What is expected, for messages: "the name or ARN of a cluster".
    pub what: &'static str,
    /// Fewest characters.
    pub min: usize,
    /// Most characters.
    pub max: usize,
    /// Whether the text has the form. Asked only of text with at least `min` characters; `max` is
    /// checked besides.
    pub is_valid: fn(&str) -> bool,
    /// Whether it may be a secret, which no message repeats.
    pub is_secret: bool,
}

/// A list of values of one shape.
pub(super) struct List {
    /// What is expected, for messages: "a list of subnet ids".
    pub what: &'static str,
    pub item: Shape,
    pub min: usize,
    pub max: usize,
    /// Whether one item by itself stands for a list of one.
    pub takes_lone_item: bool,
    /// What must hold between the items.
    pub rules: &'static [ListRule],
}

/// An object of known keys.
pub(super) struct Structure {
    /// What is expected, for messages: "an object with Name and Value".
    pub what: &'static str,
    pub fields: &'static [Field],
    /// What must hold between the members.
    pub rules: &'static [Rule],
}

/// What must hold between the items of a list.
pub(super) enum ListRule {
    /// Of several structures one at least must have a number above 0 under this name; what to say
    /// otherwise.
    SomeAboveZero(&'static str, &'static str),
    /// One structure at most may have a number above 0 under this name; what to say otherwise.
    OneAboveZero(&'static str, &'static str),
    /// A function that reports what does not hold.
    Check(fn(&[Checked<'_>], &Path<'_>, &mut Problems)),
}

/// One key of a structure.
pub(super) struct Field {
    /// The canonical name, in camelCase. Its other spelling begins with a capital.
    pub name: &'static str,
    pub is_required: bool,
    pub shape: Shape,
}

/// What must hold between the members of a structure.
pub(super) enum Rule {
    /// The first must not be given together with any of the others, for this reason.
    NotTogether(&'static str, &'static [&'static str], &'static str),
    /// Where the first is true, the second must not be given, for this reason.
    NotTogetherWithTrue(&'static str, &'static str, &'static str),
    /// At least one of these must be given.
    OneOf(&'static [&'static str]),
    /// Where the first has this word as its value, the last must be given.
    Needs(&'static str, &'static str, &'static str),
    /// Where the first has this word as its value, the last must not be given.
    NotFor(&'static str, &'static str, &'static str),
    /// A function that reports what does not hold.
    Check(fn(&Members<'_>, &Path<'_>, &mut Problems)),
    /// The same, for the properties of a stack's resource only.
    InAStack(fn(&Members<'_>, &Path<'_>, &mut Problems)),
}

pub(super) const fn required(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        is_required: true,
        shape,
    }
}

pub(super) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        is_required: false,
        shape,
    }
}

pub(super) const fn whole((min, max): (i64, i64)) -> Shape {
    Shape::Whole(min, max)
}

/// Text of 1 to `max` characters and of a form.
pub(super) const fn text(what: &'static str, max: usize, is_valid: fn(&str) -> bool) -> Shape {
    Shape::Text(Text {
        what,
        min: 1,
        max,
        is_valid,
        is_secret: false,
    })
}

/// Text of 0 to `max` characters and of a form.
pub(super) const fn text_or_empty(
    what: &'static str,
    max: usize,
    is_valid: fn(&str) -> bool,
) -> Shape {
    Shape::Text(Text {
        what,
        min: 0,
        max,
        is_valid,
        is_secret: false,
    })
}

/// Text without a form; not empty, since an empty text says nothing that leaving the property out
/// would not.
pub(super) const fn any_text(what: &'static str) -> Shape {
    text(what, usize::MAX, |_| true)
}

/// Text without a form, empty too, that may be a secret.
pub(super) const fn secret_text() -> Shape {
    Shape::Text(Text {
        what: "text",
        min: 0,
        max: usize::MAX,
        is_valid: |_| true,
        is_secret: true,
    })
}

/// A list of any length; the refinements of [`List`] bound it.
pub(super) const fn list(what: &'static str, item: Shape) -> List {
    List {
        what,
        item,
        min: 0,
        max: usize::MAX,
        takes_lone_item: false,
        rules: &[],
    }
}

impl List {
    pub(super) const fn not_empty(self) -> Self {
        Self { min: 1, ..self }
    }

    pub(super) const fn at_most(self, max: usize) -> Self {
        Self { max, ..self }
    }

    /// One item by itself stands for a list of one.
    pub(super) const fn or_lone_item(self) -> Self {
        Self {
            takes_lone_item: true,
            ..self
        }
    }

    pub(super) const fn with_rules(self, rules: &'static [ListRule]) -> Self {
        Self { rules, ..self }
    }
}

pub(super) const fn structure(what: &'static str, fields: &'static [Field]) -> Structure {
    Structure {
        what,
        fields,
        rules: &[],
    }
}

impl Structure {
    pub(super) const fn with_rules(self, rules: &'static [Rule]) -> Self {
        Self { rules, ..self }
    }
}
