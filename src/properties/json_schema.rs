//! The shapes of the properties as a JSON Schema (draft 2020-12), for editors and for other programs.
//!
//! It takes everything that `check` takes, but for null. It leaves some mistakes to `check`: the forms
//! of names and ARNs, the range of a number that is written as text, a property in both spellings, what
//! stands inside the functions of a template, and the rules that are code.
//!
//! ```text
//! value of a template ──▶ if: a function ──▶ anything
//!                         else ──▶ its shape
//! ```
//!
//! `description` says what is expected, and `errorMessage`, which editors show, what is wrong: both in
//! the words of `check`.

mod rules;

use serde_json::{Map, Value, json};

use super::names::pascal_case;
use super::scalars;
use super::schema::{List, ROOT, Shape, Structure, Text};

/// What a schema of the properties is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    /// The input of a direct run. All values are known, and a run may take up to 23 hours.
    DirectRun,
    /// The `Properties` of a resource in a template. A function may stand for a value.
    Resource,
}

/// The properties as a JSON Schema.
#[must_use]
pub fn json_schema(of: SchemaOf) -> Value {
    let schema = Writer { of }.shape(&ROOT, "#");
    let title = match of {
        SchemaOf::DirectRun => "Properties of a direct run of ecs-task-runner",
        SchemaOf::Resource => "Properties of Custom::EcsTask in a template",
    };
    let mut head = object(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
    }));
    head.extend(object(schema));
    head.insert("$defs".to_owned(), definitions(of));
    Value::Object(head)
}

/// What a template may have in place of a value.
fn definitions(of: SchemaOf) -> Value {
    if of == SchemaOf::DirectRun {
        // An absent value is not there; nothing that is there is absent.
        return json!({"Absent": false});
    }
    json!({
        "Absent": {
            "description": "AWS::NoValue, or a condition that may give it",
            "type": "object",
            "anyOf": [
                {"properties": {"Ref": {"const": "AWS::NoValue"}}, "required": ["Ref"]},
                {"required": ["Fn::If"]},
            ],
            "maxProperties": 1,
        },
        "Function": {
            "description": "a function of CloudFormation, a dynamic reference, or text with a variable",
            "anyOf": [
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "propertyNames": {"pattern": "^(Ref|Condition|Fn::.*)$"},
                },
                {"type": "string", "pattern": r"\{\{resolve:|\$\{"},
            ],
        },
        "Macro": {
            "description": "an object to which a macro may add members",
            "not": {"propertyNames": {"not": {"pattern": "^Fn::"}}},
        },
    })
}

struct Writer {
    of: SchemaOf,
}

impl Writer {
    /// The schema of a value that stands at `place`, a JSON pointer within the whole schema.
    fn value(&self, shape: &Shape, place: &str) -> Value {
        match shape {
            // Whatever it is, it is taken.
            Shape::Anything => self.shape(shape, place),
            _ if self.of == SchemaOf::Resource => {
                let mut known = object(self.shape(shape, &format!("{place}/else")));
                let description = known.remove("description");
                json!({
                    "description": description,
                    "if": {"$ref": "#/$defs/Function"},
                    "else": known,
                })
            }
            _ => self.shape(shape, place),
        }
    }

    /// The schema of a value that is known.
    fn shape(&self, shape: &Shape, place: &str) -> Value {
        let mut schema = match shape {
            Shape::Text(text) => text_schema(text),
            Shape::Whole(min, max) => json!({
                "type": ["integer", "string"],
                "minimum": min,
                "maximum": max,
                "pattern": "^-?[0-9]+$",
            }),
            Shape::ByDoor(resource, direct) => {
                let shape = match self.of {
                    SchemaOf::DirectRun => direct,
                    SchemaOf::Resource => resource,
                };
                return self.shape(shape, place);
            }
            Shape::Boolean => {
                json!({"type": ["boolean", "string"], "enum": [true, false, "true", "false"]})
            }
            Shape::Choice(words) => json!({"type": "string", "enum": words}),
            Shape::List(list) => self.list(list, place),
            Shape::Structure(structure) => self.structure(structure, place),
            Shape::ChoiceOrStructure(words, structure) => json!({
                "if": {"type": "object"},
                "then": self.structure(structure, &format!("{place}/then")),
                "else": {"type": "string", "enum": words},
            }),
            Shape::Anything => json!({}),
        };
        schema["description"] = Value::from(scalars::expectation(shape));
        schema
    }

    fn list(&self, list: &List, place: &str) -> Value {
        let bounds = |place: &str| {
            let mut schema = json!({
                "type": "array",
                "items": self.value(&list.item, &format!("{place}/items")),
            });
            if list.min > 0 {
                schema["minItems"] = Value::from(list.min);
            }
            if list.max < usize::MAX {
                schema["maxItems"] = Value::from(list.max);
            }
            let rules: Vec<_> = list.rules.iter().filter_map(rules::of_list).collect();
            if !rules.is_empty() {
                schema["allOf"] = Value::from(rules);
            }
            schema
        };
        if list.takes_lone_item {
            json!({
                "if": {"type": "array"},
                "then": bounds(&format!("{place}/then")),
                "else": self.value(&list.item, &format!("{place}/else")),
            })
        } else {
            bounds(place)
        }
    }

    fn structure(&self, structure: &Structure, place: &str) -> Value {
        let mut properties = Map::new();
        for field in structure.fields {
            let name = pascal_case(field.name);
            let place = format!("{place}/properties/{name}");
            properties.insert(name, self.value(&field.shape, &place));
            // Both spellings are taken; editors are to offer one.
            properties.insert(
                field.name.to_owned(),
                json!({"$ref": place, "doNotSuggest": true}),
            );
        }
        let required = structure.fields.iter().filter(|field| field.is_required);
        let mut all_of: Vec<_> = required.map(|field| self.required(field)).collect();
        all_of.extend(structure.rules.iter().flat_map(|rule| self.rule(rule)));
        let mut schema = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if self.of == SchemaOf::Resource {
            schema["patternProperties"] = json!({"^Fn::": true});
        }
        if !all_of.is_empty() {
            schema["allOf"] = Value::from(all_of);
        }
        schema
    }
}

fn text_schema(text: &Text) -> Value {
    let mut schema = json!({"type": ["string", "number", "boolean"]});
    if text.min > 0 {
        schema["minLength"] = Value::from(text.min);
    }
    if text.max < usize::MAX {
        schema["maxLength"] = Value::from(text.max);
    }
    schema
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
