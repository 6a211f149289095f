//! A value of a document together with the way to it, and the references to resources in it.

use serde_json::Value;

use crate::properties::{Step, is_spelling_of, literal_text, may_add_members, names_in_sub};

/// A value, and the way to it in the document.
#[derive(Clone)]
pub(super) struct At<'d> {
    pub(super) steps: Vec<Step>,
    pub(super) value: &'d Value,
}

impl<'d> At<'d> {
    pub(super) fn new(steps: Vec<Step>, value: &'d Value) -> Self {
        Self { steps, value }
    }

    /// The way to a member, whether or not it is there.
    pub(super) fn steps_to(&self, key: &str) -> Vec<Step> {
        [self.steps.as_slice(), &[Step::key(key)]].concat()
    }

    /// The member of this name, which is in camelCase; the document may have it in `PascalCase`.
    pub(super) fn member(&self, name: &str) -> Option<At<'d>> {
        let members = self.value.as_object()?.iter();
        let (key, value) = members
            .into_iter()
            .find(|(key, _)| is_spelling_of(key, name))?;
        Some(Self::new(self.steps_to(key), value))
    }

    /// The items of a list; none of any other value.
    pub(super) fn items(&self) -> impl Iterator<Item = At<'d>> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(|(index, item)| {
            let steps = [self.steps.as_slice(), &[Step::Index(index)]].concat();
            At::new(steps, item)
        })
    }

    /// Text that stands here as the deployment has it.
    pub(super) fn text(&self) -> Option<&'d str> {
        literal_text(self.value)
    }

    /// A whole number that stands here as the deployment has it. In YAML it is text.
    pub(super) fn number(&self) -> Option<u64> {
        match self.value {
            Value::String(digits) => digits.parse().ok(),
            number => number.as_u64(),
        }
    }

    /// An object all of whose members stand here: no macro adds others.
    pub(super) fn is_whole_object(&self) -> bool {
        let members = self.value.as_object();
        members.is_some_and(|members| !members.keys().any(|key| may_add_members(key)))
    }

    /// The resource or parameter that the value is a reference to, and its attribute: `!Ref X`,
    /// `!GetAtt X.Y`, and `!Sub` with nothing else in its text.
    pub(super) fn reference(&self) -> Option<Named<'d>> {
        let members = self
            .value
            .as_object()
            .filter(|members| members.len() == 1)?;
        let (function, argument) = members.iter().next()?;
        match function.as_str() {
            "Ref" => Some((argument.as_str()?, None)),
            "Fn::GetAtt" => attribute_of(argument),
            "Fn::Sub" => {
                let inside = argument.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
                let is_name = !inside.contains(['$', '{', '}', '!']);
                is_name.then(|| in_parts(inside))
            }
            _ => None,
        }
    }

    /// Calls `visit` with every reference in this value and all values in it.
    pub(super) fn each_reference(&self, visit: &mut impl FnMut(&Reference<'d, '_>)) {
        let mut steps = self.steps.clone();
        walk(self.value, &mut steps, false, visit);
    }
}

/// A resource or a parameter, and its attribute where one is named.
type Named<'d> = (&'d str, Option<&'d str>);

/// A reference by `Ref`, `Fn::GetAtt` or `Fn::Sub`.
pub(super) struct Reference<'d, 's> {
    /// What it names: a resource, a parameter, or a variable of `Fn::Sub` without a value there.
    pub(super) name: &'d str,
    /// Attribute of the resource; `None` for `Ref`.
    pub(super) attribute: Option<&'d str>,
    /// The way to the function's argument.
    pub(super) steps: &'s [Step],
    /// It stands in a branch of `Fn::If`: a condition decides whether it is there.
    pub(super) is_conditional: bool,
}

/// Recurses as deeply as the document is nested, which is bounded when it is read.
fn walk<'d>(
    value: &'d Value,
    steps: &mut Vec<Step>,
    is_conditional: bool,
    visit: &mut impl FnMut(&Reference<'d, '_>),
) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                steps.push(Step::Index(index));
                walk(item, steps, is_conditional, visit);
                steps.pop();
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                steps.push(Step::key(key));
                for (name, attribute) in named_by(key, member) {
                    visit(&Reference {
                        name,
                        attribute,
                        steps,
                        is_conditional,
                    });
                }
                walk(member, steps, is_conditional || key == "Fn::If", visit);
                steps.pop();
            }
        }
        _ => {}
    }
}

/// What a function names by its own argument.
fn named_by<'d>(function: &str, argument: &'d Value) -> Vec<Named<'d>> {
    match (function, argument) {
        ("Ref", Value::String(name)) => vec![(name, None)],
        ("Fn::GetAtt", argument) => attribute_of(argument).into_iter().collect(),
        ("Fn::Sub", Value::String(text)) => names_in_sub(text).map(in_parts).collect(),
        ("Fn::Sub", Value::Array(arguments)) => match arguments.as_slice() {
            [Value::String(text), Value::Object(variables)] => names_in_sub(text)
                .filter(|named| !variables.contains_key(*named))
                .map(in_parts)
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// What `Name` or `Name.Attribute` names.
fn in_parts(named: &str) -> Named<'_> {
    match named.split_once('.') {
        Some((name, attribute)) => (name, Some(attribute)),
        None => (named, None),
    }
}

/// What the argument of `Fn::GetAtt` names, as far as it stands there: `X.Y` or `[X, Y]`.
fn attribute_of(argument: &Value) -> Option<Named<'_>> {
    match argument {
        Value::String(text) => Some(in_parts(text)).filter(|(_, attribute)| attribute.is_some()),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(name), Value::String(attribute)] => Some((name, Some(attribute))),
            _ => None,
        },
        _ => None,
    }
}
