//! What is wrong between a custom resource and the rest of its template.
//!
//! CloudFormation notices most of it only when the task has run, or never. Nothing is reported that
//! a condition, a macro, a parameter or another template may still put right.

mod order;
mod outputs;
mod task_definition;

use serde_json::Value;

use super::at::At;
use super::report::Notes;
use super::stack::Stack;
use super::template::{Found, Part};

/// Notes what is wrong between the checked resources and their templates.
pub(super) fn look<'d>(
    parts: &[Part<'d>],
    found: &[Found<'d>],
    stack: &Stack<'d>,
    notes: &mut Notes,
) {
    if found.is_empty() || !stack.is_certain() {
        return;
    }
    outputs::look(parts, found, stack, notes);
    order::look_at_names(stack, notes);
    for (found, properties) in found.iter().filter_map(properties_of) {
        task_definition::look(&properties, stack, notes);
        order::look_at_service(found, &properties, stack, notes);
    }
}

/// Notes that the network is missing which properties by themselves need.
pub(super) fn look_at_network(properties: &At<'_>, notes: &mut Notes) {
    if properties.is_whole_object() {
        task_definition::look(properties, &Stack::default(), notes);
    }
}

/// A found resource with its properties, if they all stand in the template.
fn properties_of<'f, 'd>(found: &'f Found<'d>) -> Option<(&'f Found<'d>, At<'d>)> {
    let properties = found.at().filter(At::is_whole_object)?;
    Some((found, properties))
}

/// Names as a sentence lists them.
fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Whether the property is for certain not given.
fn is_missing(properties: &At<'_>, name: &str) -> bool {
    properties.member(name).is_none_or(|given| {
        given
            .reference()
            .is_some_and(|(name, _)| name == "AWS::NoValue")
            || given.value == &Value::Null
    })
}
