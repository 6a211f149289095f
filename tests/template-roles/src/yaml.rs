//! A CloudFormation template as JSON: the short forms of intrinsic functions become the long ones.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value, json};

/// A list or map that is not at its end, under the tag it was given.
struct Open {
    function: Option<String>,
    items: Vec<Value>,
    is_map: bool,
}

/// Reads a template.
///
/// # Panics
/// When it is not one document of YAML without anchors.
pub(crate) fn load(text: &str) -> Value {
    let mut open: Vec<Open> = Vec::new();
    let mut document = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.expect("the template is YAML");
        let complete = match event {
            Event::Scalar(text, style, 0, tag) => {
                under(function(tag.as_deref()), scalar(&text, style))
            }
            Event::SequenceStart(0, tag) => {
                open.push(Open {
                    function: function(tag.as_deref()),
                    items: Vec::new(),
                    is_map: false,
                });
                continue;
            }
            Event::MappingStart(0, tag) => {
                open.push(Open {
                    function: function(tag.as_deref()),
                    items: Vec::new(),
                    is_map: true,
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Open {
                    function,
                    items,
                    is_map,
                } = open.pop().expect("an end follows its start");
                under(
                    function,
                    if is_map {
                        map(&items)
                    } else {
                        Value::Array(items)
                    },
                )
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Nothing => continue,
            other => panic!("line {}: this reader knows no {other:?}", span.start.line()),
        };
        match open.last_mut() {
            Some(parent) => parent.items.push(complete),
            None => document = Some(complete),
        }
    }
    document.expect("the template is not empty")
}

/// Keys and values in turn.
fn map(items: &[Value]) -> Value {
    let pairs = items.chunks_exact(2).map(|pair| {
        (
            pair[0].as_str().expect("keys are text").to_owned(),
            pair[1].clone(),
        )
    });
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// Numbers stay text: nothing here counts with them.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    match text {
        "true" | "false" if style == ScalarStyle::Plain => json!(text == "true"),
        text => json!(text),
    }
}

/// The long form's name of a tag such as `!Sub`.
fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle == "!")?;
    Some(match &*tag.suffix {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    })
}

fn under(function: Option<String>, value: Value) -> Value {
    let Some(function) = function else {
        return value;
    };
    let value = match (&*function, &value) {
        ("Fn::GetAtt", Value::String(text)) => {
            let (resource, attribute) = text
                .split_once('.')
                .expect("GetAtt names a resource and an attribute");
            json!([resource, attribute])
        }
        _ => value,
    };
    json!({function: value})
}
