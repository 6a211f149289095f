//! The types of intrinsic functions: what is known for certain of a value that only the deployment
//! knows. Everything else is unknown, and is not judged.

use std::fmt;

use serde_json::Value;

use super::declarations::{Declarations, Type, type_of_parameter};
use super::intrinsics::{self, Intrinsic};
use super::scalars;
use super::schema::Shape;
use crate::text::printable::echoed;

/// The type of a value, and what it is known by.
#[derive(Clone, Copy)]
pub(super) struct Typed<'v> {
    pub(super) is: Type,
    pub(super) by: Origin<'v>,
}

/// What gives a value its type.
#[derive(Clone, Copy)]
pub(super) enum Origin<'v> {
    /// It stands in the document as it is.
    Literal,
    /// A function or a pseudo parameter that gives this type in every template.
    Always(&'v str),
    /// A function that gives this type with the arguments that it has.
    Here(&'v str),
    /// A parameter, with its type as the template writes it.
    Parameter(&'v str, &'v str),
    Resource(&'v str),
    DynamicReference,
}

/// What is known of the type of a value; `None` when nothing is.
pub(super) fn type_of<'v>(
    value: &'v Value,
    declarations: &'v Declarations<'_>,
) -> Option<Typed<'v>> {
    if let Some(intrinsic) = intrinsics::of(value) {
        return type_of_intrinsic(&intrinsic, declarations);
    }
    let is = match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Type::Text,
        Value::Array(_) => Type::List,
        Value::Null | Value::Object(_) => return None,
    };
    let by = Origin::Literal;
    Some(Typed { is, by })
}

/// What is known of the type of a function's result.
pub(super) fn type_of_intrinsic<'v>(
    intrinsic: &Intrinsic<'v>,
    declarations: &'v Declarations<'_>,
) -> Option<Typed<'v>> {
    match intrinsic {
        Intrinsic::NoValue | Intrinsic::Variable => None,
        Intrinsic::If(branches) => {
            let is = common(branches.iter().copied(), declarations)?;
            let by = Origin::Here(intrinsics::IF);
            Some(Typed { is, by })
        }
        Intrinsic::Ref(name) => type_of_reference(name, declarations),
        Intrinsic::Function(name, argument) => type_of_function(name, argument, declarations),
        Intrinsic::DynamicReference => Some(Typed {
            is: Type::Text,
            by: Origin::DynamicReference,
        }),
    }
}

/// The type of `{"Ref": name}`. A name that the template does not declare may be a macro's.
pub(super) fn type_of_reference<'v>(
    name: &'v str,
    declarations: &'v Declarations<'_>,
) -> Option<Typed<'v>> {
    let typed = |is, by| Some(Typed { is, by });
    if let Some(written) = declarations.parameter(name) {
        return typed(
            type_of_parameter(written)?,
            Origin::Parameter(name, written),
        );
    }
    match name {
        "AWS::NotificationARNs" => typed(Type::List, Origin::Always(name)),
        "AWS::AccountId" | "AWS::Partition" | "AWS::Region" | "AWS::StackId" | "AWS::StackName"
        | "AWS::URLSuffix" => typed(Type::Text, Origin::Always(name)),
        _ if declarations.has_resource(name) => typed(Type::Text, Origin::Resource(name)),
        _ => None,
    }
}

/// `Fn::GetAtt` and `Fn::Transform` may give anything. The functions of conditions and rules give
/// no value of a property.
fn type_of_function<'v>(
    name: &'v str,
    argument: &'v Value,
    declarations: &'v Declarations<'_>,
) -> Option<Typed<'v>> {
    let (is, by) = match name {
        "Fn::Sub" | "Fn::Join" | "Fn::Base64" | "Fn::ImportValue" | "Fn::ToJsonString"
        | "Fn::Length" => (Type::Text, Origin::Always(name)),
        "Fn::Split" | "Fn::GetAZs" | "Fn::Cidr" => (Type::List, Origin::Always(name)),
        "Fn::Select" => (selected(argument, declarations)?, Origin::Here(name)),
        "Fn::FindInMap" => (found(argument, declarations)?, Origin::Here(name)),
        _ => return None,
    };
    Some(Typed { is, by })
}

/// The type of `Fn::Select`: that of the item with the index, or of all items where only the
/// deployment knows the index.
fn selected(argument: &Value, declarations: &Declarations<'_>) -> Option<Type> {
    let [index, list] = argument.as_array()?.as_slice() else {
        return None;
    };
    if let Value::Array(items) = list {
        let index = match index {
            Value::String(digits) => digits.parse().ok(),
            Value::Number(number) => number
                .as_u64()
                .and_then(|index| usize::try_from(index).ok()),
            _ => None,
        };
        return match index {
            Some(index) => type_of(items.get(index)?, declarations).map(|typed| typed.is),
            None => common(items, declarations),
        };
    }
    // The items of every list that a function or a parameter gives are text.
    (type_of(list, declarations)?.is == Type::List).then_some(Type::Text)
}

/// The type of `Fn::FindInMap`. It may have a default as its last argument, which must agree.
fn found(argument: &Value, declarations: &Declarations<'_>) -> Option<Type> {
    let (mapping, keys, default) = match argument.as_array()?.as_slice() {
        [mapping, top, second] => (mapping, [top, second], None),
        [mapping, top, second, options] => {
            (mapping, [top, second], Some(options.get("DefaultValue")?))
        }
        _ => return None,
    };
    let literal = |value: &'_ Value| intrinsics::of(value).is_none();
    let mapping = mapping.as_str().filter(|_| literal(mapping))?;
    let keys = keys.map(|key| key.as_str().filter(|_| literal(key)));
    let is = declarations.mapped(mapping, keys)?;
    match default {
        Some(default) if type_of(default, declarations)?.is != is => None,
        _ => Some(is),
    }
}

/// The type that all of the values have.
fn common<'v>(
    values: impl IntoIterator<Item = &'v Value>,
    declarations: &Declarations<'_>,
) -> Option<Type> {
    let mut types = values
        .into_iter()
        .map(|value| type_of(value, declarations).map(|typed| typed.is));
    let first = types.next()??;
    types.all(|other| other == Some(first)).then_some(first)
}

impl Typed<'_> {
    /// The type, and how it is known, for messages: `text (Fn::Sub always gives it)`.
    pub(super) fn described(&self, kind: &str) -> String {
        match self.by {
            Origin::Literal => kind.to_owned(),
            by => format!("{kind} ({by})"),
        }
    }

    /// What to say where the value stands in the place of another `shape`, of an item of a list or
    /// of a value by itself.
    pub(super) fn is_no(&self, shape: &Shape, is_item: bool) -> String {
        let (kind, hint) = match (self.is, shape) {
            (Type::List, _) if is_item => ("a list inside a list", ""),
            (Type::List, Shape::List(_) | Shape::Structure(_)) => ("a list of text", ""),
            (Type::List, _) => (
                "a list",
                "; Fn::Select takes one item of it, Fn::Join makes text of it",
            ),
            (Type::Text, Shape::List(list)) if list.item.takes(Type::Text) => match self.by {
                // CloudFormation splits before it resolves the reference, which then is one item.
                Origin::DynamicReference => (
                    "text",
                    "; a parameter of the type AWS::SSM::Parameter::Value<List<String>> gives a list",
                ),
                Origin::Always("Fn::Join") => ("text", "; without Fn::Join it is a list"),
                _ => ("text", "; Fn::Split makes a list of text"),
            },
            (Type::Text, _) => ("text", ""),
        };
        let (found, expected) = (self.described(kind), scalars::expectation(shape));
        format!("is {found}; expected {expected}{hint}")
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal => Ok(()),
            Self::Always(function) => write!(f, "{function} always gives it"),
            Self::Here(function) => write!(f, "{function} gives it here"),
            Self::Parameter(name, written) => write!(
                f,
                "the parameter {} has the type {}",
                echoed(name),
                echoed(written)
            ),
            Self::Resource(name) => write!(f, "a Ref of the resource {} gives it", echoed(name)),
            Self::DynamicReference => f.write_str("a dynamic reference always gives it"),
        }
    }
}
