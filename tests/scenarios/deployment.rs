//! What is deployed: the definition and the templates held against the code, stacks with the
//! deployed programs on the emulator, and parts of different releases that meet.

mod account;
mod cancellations;
mod definition;
mod direct;
mod example;
mod first_steps;
mod hook;
mod lifecycle;
mod lifecycle_beyond_the_hour;
mod lifecycle_without_fleet;
mod no_fleet;
mod rescue;
mod rollbacks;
mod run;
mod runbook;
pub mod templates;
mod upgrade;
mod verify;

use serde_json::Value;

/// Calls `visit` with every value in a document, each before its parts, with the key it stands
/// under.
fn visit<'v>(value: &'v Value, key: &'v str, visitor: &mut impl FnMut(&'v str, &'v Value)) {
    visitor(key, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                visit(member, name, visitor);
            }
        }
        Value::Array(items) => {
            for item in items {
                visit(item, "", visitor);
            }
        }
        _ => {}
    }
}

/// Every value of `key`, however deep.
fn values<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    let mut found = Vec::new();
    visit(value, "", &mut |name, value| {
        if name == key {
            found.push(value);
        }
    });
    found
}

/// Every text, however deep.
fn strings(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    visit(value, "", &mut |_, value| found.extend(value.as_str()));
    found
}

/// In how many places a value stands.
fn count(value: &Value, wanted: &Value) -> usize {
    let mut places = 0;
    visit(value, "", &mut |_, value| {
        places += usize::from(value == wanted);
    });
    places
}
