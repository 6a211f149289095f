//! The forms in which a template gives `HookDetails`.

use serde_json::{Map, Value, json};

use crate::properties::may_add_members;

/// What stands at `HookDetails`.
pub(super) enum Details {
    /// Text that holds this JSON. A value that `Fn::Sub` puts into it is a function in its place.
    Text(Value),
    /// Text that holds no JSON, and why.
    Broken(String),
    /// No text, but this value.
    Bare(Value),
    /// Only the deployment knows.
    Undecided,
}

impl Details {
    pub(super) fn of(given: &Value) -> Self {
        let function = given.as_object().and_then(only_function);
        match (given, function) {
            (Value::String(text), _) => Self::of_json(text, |text| Value::from(text)),
            (_, Some(("Fn::Sub", Value::String(text)))) => {
                Self::of_json(&with_variables(text), |text| substituted(text, None))
            }
            (_, Some(("Fn::Sub", Value::Array(arguments)))) => match arguments.as_slice() {
                [Value::String(text), variables] => Self::of_json(&with_variables(text), |text| {
                    substituted(text, Some(variables))
                }),
                _ => Self::Undecided,
            },
            (_, Some(("Fn::ToJsonString", value))) => Self::Text(value.clone()),
            (_, Some(_)) => Self::Undecided,
            _ => Self::Bare(given.clone()),
        }
    }

    /// `text_of` makes of each text in the JSON what the template says of it.
    fn of_json(text: &str, text_of: impl Fn(&str) -> Value) -> Self {
        match serde_json::from_str(text) {
            Ok(value) => Self::Text(in_texts(value, &text_of)),
            // The message has the place, and nothing of the text.
            Err(error) => Self::Broken(error.to_string()),
        }
    }
}

/// The function that stands for the whole value.
fn only_function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut members = members.iter();
    let (name, argument) = members.next()?;
    (members.next().is_none() && may_add_members(name)).then_some((name, argument))
}

/// The JSON of an `Fn::Sub`, with variables that stand outside of texts, as in
/// `{"Timeout": ${Timeout}}`, put into texts: until the deployment knows more, they are texts that
/// hold a value.
fn with_variables(text: &str) -> String {
    let mut json = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_in_text = false;
    while let Some(c) = rest.chars().next() {
        if !is_in_text
            && rest.starts_with("${")
            && let Some(end) = rest.find('}')
        {
            let (variable, after) = rest.split_at(end + 1);
            json.extend(["\"", variable, "\""]);
            rest = after;
            continue;
        }
        let escaped = usize::from(is_in_text && c == '\\');
        is_in_text ^= c == '"';
        let taken = rest.chars().take(1 + escaped).map(char::len_utf8).sum();
        let (this, after) = rest.split_at(taken);
        json.push_str(this);
        rest = after;
    }
    json
}

/// A text of an `Fn::Sub`, as the deployment will know it.
fn substituted(text: &str, variables: Option<&Value>) -> Value {
    match variables {
        _ if !text.contains("${") => Value::from(text),
        None => json!({"Fn::Sub": text}),
        Some(variables) => json!({"Fn::Sub": [text, variables]}),
    }
}

/// Recurses as deeply as JSON may be nested, which its parser bounds.
fn in_texts(value: Value, text_of: &impl Fn(&str) -> Value) -> Value {
    match value {
        Value::String(text) => text_of(&text),
        Value::Array(items) => items
            .into_iter()
            .map(|item| in_texts(item, text_of))
            .collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (key, in_texts(value, text_of)))
            .collect(),
        other => other,
    }
}
