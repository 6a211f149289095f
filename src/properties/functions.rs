//! What stands inside the functions of a template, anywhere in the properties: text where a
//! function takes a list, a list where it takes text, and references to secure parameters.
//!
//! The schema says nothing of these places: to the reader, a function is a value that only the
//! deployment knows.

use serde_json::{Map, Value};

use super::declarations::{Declarations, Type};
use super::intrinsics::{self, Intrinsic, names_in_sub, refers_to_secure_parameter};
use super::problems::{Path, Problems};
use super::types::{type_of, type_of_reference};
use crate::text::printable::echoed;

const SECURE: &str = "has a reference to ssm-secure, which CloudFormation refuses in custom \
     resources; a secret belongs to the task definition (Secrets with ValueFrom)";

/// What a function takes.
#[derive(Clone, Copy)]
enum Argument {
    Text,
    /// Text that is an item of a list.
    TextInList,
    /// A list of anything.
    List,
    /// A list in which no item is a list.
    ListOfText,
}

/// Functions with a list of arguments, and what each of these is.
const WITH_ARGUMENTS: &[(&str, &[Argument])] = &[
    ("Fn::Join", &[Argument::Text, Argument::ListOfText]),
    ("Fn::Split", &[Argument::Text, Argument::Text]),
    ("Fn::Select", &[Argument::Text, Argument::List]),
    (
        "Fn::FindInMap",
        &[Argument::Text, Argument::Text, Argument::Text],
    ),
    (
        "Fn::Cidr",
        &[Argument::Text, Argument::Text, Argument::Text],
    ),
];

/// Functions whose one argument stands by itself.
const WITH_ONE_ARGUMENT: &[(&str, Argument)] = &[
    ("Fn::Base64", Argument::Text),
    ("Fn::ImportValue", Argument::Text),
    ("Fn::GetAZs", Argument::Text),
    ("Fn::Length", Argument::List),
];

/// Looks for problems in the functions of `value` and of all values in it.
pub(super) struct Search<'p, 't> {
    /// `None` for an event, which has no functions.
    pub(super) declarations: Option<&'t Declarations<'t>>,
    pub(super) problems: &'p mut Problems,
}

impl<'t> Search<'_, 't> {
    pub(super) fn look_into(&mut self, value: &Value, path: &Path<'_>) {
        match value {
            Value::String(text) if refers_to_secure_parameter(text) => {
                self.problems.add(path, SECURE);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.look_into(item, &path.index(index));
                }
            }
            Value::Object(members) => {
                if let Some(declarations) = self.declarations {
                    self.look_at_function(value, declarations, path);
                }
                for (key, member) in members {
                    self.look_into(member, &path.key(key));
                }
            }
            _ => {}
        }
    }

    fn look_at_function(
        &mut self,
        value: &Value,
        declarations: &'t Declarations<'t>,
        path: &Path<'_>,
    ) {
        let (function, argument) = match intrinsics::of(value) {
            Some(Intrinsic::Ref(name)) if declarations.is_secure(name) => {
                self.problems.add(path, SECURE);
                return;
            }
            Some(Intrinsic::Function(function, argument)) => (function, argument),
            _ => return,
        };
        let path = path.key(function);
        match (function, argument) {
            ("Fn::Sub", Value::String(text)) => {
                self.judge_sub(text, &Map::new(), declarations, &path);
            }
            ("Fn::Sub", Value::Array(arguments)) => {
                if let [Value::String(text), Value::Object(variables)] = arguments.as_slice() {
                    self.judge_sub(text, variables, declarations, &path);
                }
            }
            ("Fn::Join", Value::Array(arguments)) => self.look_at_joined(arguments, &path),
            _ => {}
        }
        if let Some((_, taken)) = WITH_ONE_ARGUMENT.iter().find(|(name, _)| *name == function) {
            self.judge(argument, *taken, function, declarations, &path);
        }
        let taken = WITH_ARGUMENTS.iter().find(|(name, _)| *name == function);
        if let (Some((_, taken)), Value::Array(arguments)) = (taken, argument) {
            for (index, (argument, taken)) in arguments.iter().zip(*taken).enumerate() {
                self.judge(argument, *taken, function, declarations, &path.index(index));
            }
        }
    }

    /// Reports an argument that is for certain of another type than the function takes.
    fn judge(
        &mut self,
        argument: &Value,
        taken: Argument,
        function: &str,
        declarations: &'t Declarations<'t>,
        path: &Path<'_>,
    ) {
        if let Some(Intrinsic::If(branches)) = intrinsics::of(argument) {
            let path = path.key(intrinsics::IF);
            for (index, branch) in branches.into_iter().enumerate() {
                self.judge(
                    branch,
                    taken,
                    function,
                    declarations,
                    &path.index(index + 1),
                );
            }
            return;
        }
        if let (Argument::ListOfText, Value::Array(items)) = (taken, argument) {
            for (index, item) in items.iter().enumerate() {
                self.judge(
                    item,
                    Argument::TextInList,
                    function,
                    declarations,
                    &path.index(index),
                );
            }
            return;
        }
        let Some(typed) = type_of(argument, declarations) else {
            return;
        };
        let (kind, wanted) = match (typed.is, taken) {
            (Type::List, Argument::TextInList) => ("a list inside a list", "a list of text"),
            (Type::List, Argument::Text) => ("a list", "text"),
            (Type::Text, Argument::List | Argument::ListOfText) => ("text", "a list"),
            _ => return,
        };
        let found = typed.described(kind);
        self.problems
            .add(path, format!("is {found}; {function} takes {wanted} here"));
    }

    /// Reports the names in the text of `Fn::Sub` that stand for a list, or for a secure parameter.
    fn judge_sub(
        &mut self,
        text: &str,
        variables: &Map<String, Value>,
        declarations: &'t Declarations<'t>,
        path: &Path<'_>,
    ) {
        for (name, value) in variables {
            let variables = path.index(1);
            self.judge(
                value,
                Argument::Text,
                "Fn::Sub",
                declarations,
                &variables.key(name),
            );
        }
        for name in names_in_sub(text).filter(|name| !variables.contains_key(*name)) {
            if declarations.is_secure(name) {
                self.problems.add(path, SECURE);
            }
            let Some(typed) = type_of_reference(name, declarations) else {
                continue;
            };
            if typed.is == Type::List {
                let (name, list) = (echoed(name), typed.described("a list"));
                let message = format!("names {name}, which is {list}; Fn::Sub takes text");
                self.problems.add(path, message);
            }
        }
    }

    /// Reports a reference to a secure parameter that only the joined pieces make.
    fn look_at_joined(&mut self, arguments: &[Value], path: &Path<'_>) {
        let [Value::String(delimiter), Value::Array(pieces)] = arguments else {
            return;
        };
        let texts: Vec<_> = pieces
            .iter()
            .map(|piece| piece.as_str().unwrap_or_default())
            .collect();
        let is_reported = texts.iter().any(|text| refers_to_secure_parameter(text));
        if !is_reported && refers_to_secure_parameter(&texts.join(delimiter)) {
            self.problems.add(path, SECURE);
        }
    }
}
