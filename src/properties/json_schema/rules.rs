//! What must hold between properties, as JSON Schemas. Of the rules that are code nothing is said.

use serde_json::{Value, json};

use super::{SchemaOf, Writer};
use crate::properties::names::pascal_case;
use crate::properties::rules;
use crate::properties::schema::{Field, ListRule, Rule};

impl Writer {
    pub(super) fn required(&self, field: &Field) -> Value {
        json!({
            "anyOf": self.given(&[field.name]),
            "errorMessage": format!("{} {}", pascal_case(field.name), rules::is_missing(field)),
        })
    }

    /// That one of the members is given, in whatever spelling; or may be, by a macro.
    fn given(&self, names: &[&str]) -> Vec<Value> {
        let spellings = names.iter().flat_map(|name| spellings(name));
        let mut given: Vec<_> = spellings.map(|name| json!({"required": [name]})).collect();
        if self.of == SchemaOf::Resource {
            given.push(json!({"$ref": "#/$defs/Macro"}));
        }
        given
    }

    pub(super) fn rule(&self, rule: &Rule) -> Vec<Value> {
        match rule {
            Rule::NotTogether(one, others, why) => spellings(one)
                .map(|one| {
                    let message = rules::not_together(&one, why);
                    json!({
                        "if": {
                            "required": [one],
                            "properties": {(one.clone()): {"not": {"$ref": "#/$defs/Absent"}}},
                        },
                        "then": {"properties": forbidden(others, &message)},
                    })
                })
                .into(),
            Rule::NotTogetherWithTrue(switch, other, why) => spellings(switch)
                .map(|switch| {
                    let message = rules::not_together_with_true(&switch, why);
                    json!({
                        "if": {"required": [switch], "properties": {(switch): {"enum": [true, "true"]}}},
                        "then": {"properties": forbidden(&[other], &message)},
                    })
                })
                .into(),
            Rule::OneOf(names) => {
                let spelled: Vec<_> = names.iter().map(|name| pascal_case(name)).collect();
                vec![json!({
                    "anyOf": self.given(names),
                    "errorMessage": rules::lacks(&spelled),
                })]
            }
            Rule::Needs(field, word, member) => spellings(field)
                .map(|field| {
                    json!({
                        "if": {"required": [field], "properties": {(field): {"const": word}}},
                        "then": {
                            "anyOf": self.given(&[member]),
                            "errorMessage": rules::lacks_what_is_needed(&pascal_case(member), word),
                        },
                    })
                })
                .into(),
            Rule::NotFor(field, word, member) => spellings(field)
                .map(|field| {
                    json!({
                        "if": {"required": [field], "properties": {(field): {"const": word}}},
                        "then": {"properties": forbidden(&[member], &rules::not_for(word))},
                    })
                })
                .into(),
            Rule::Check(_) | Rule::InAStack(_) => Vec::new(),
        }
    }
}

/// What must hold between the items of a list; nothing for code.
pub(super) fn of_list(rule: &ListRule) -> Option<Value> {
    match rule {
        ListRule::SomeAboveZero(name, message) => {
            let zero = json!({"anyOf": [
                {"const": 0},
                {"type": "string", "pattern": "^-?0+$"},
            ]});
            let properties = both(name, &zero);
            let without = json!({
                "type": "object",
                "propertyNames": {"not": {"pattern": "^(Ref|Fn::.*)$"}},
                "properties": properties,
            });
            Some(json!({
                "if": {"minItems": 2},
                "then": {"contains": {"not": without}, "errorMessage": message},
            }))
        }
        ListRule::OneAboveZero(name, message) => {
            let positive = json!({"anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": "^0*[1-9][0-9]*$"},
            ]});
            let with = spellings(name)
                .map(|name| json!({"required": [name], "properties": {(name.clone()): positive}}));
            Some(json!({
                "contains": {"type": "object", "anyOf": with},
                "minContains": 0,
                "maxContains": 1,
                "errorMessage": message,
            }))
        }
        ListRule::Check(_) => None,
    }
}

/// That these members are not given, in whatever spelling.
fn forbidden(names: &[&str], message: &str) -> Value {
    let names = names.iter().flat_map(|name| spellings(name));
    let absent = json!({"$ref": "#/$defs/Absent", "errorMessage": message});
    Value::Object(names.map(|name| (name, absent.clone())).collect())
}

fn spellings(name: &str) -> [String; 2] {
    [pascal_case(name), name.to_owned()]
}

/// A member in both spellings.
fn both(name: &str, schema: &Value) -> Value {
    let members = spellings(name).map(|name| (name, schema.clone()));
    Value::Object(members.into_iter().collect())
}
