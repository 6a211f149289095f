//! What is wrong between a custom resource and the rest of its template.
//!
//! CloudFormation notices most of it only when the task has run, or never. Nothing is reported that
//! a condition, a macro, a parameter or another template may still put right.

mod order;
mod outputs;
mod task_definition;
mod wait_condition;

use super::at::At;
use super::report::Notes;
use super::stack::Stack;
use super::template::{Found, Part};

/// Resources of the largest template (CloudFormation quotas). CloudFormation refuses a larger one
/// whatever they say, and a hostile document would have so many that comparing them takes hours.
const MAX_RESOURCES: usize = 500;

/// Notes what is wrong between the checked resources and their templates.
pub(super) fn look<'d>(
    parts: &[Part<'d>],
    found: &[Found<'d>],
    stack: &Stack<'d>,
    notes: &mut Notes,
) {
    if found.is_empty() || !stack.is_certain() || stack.resources().count() > MAX_RESOURCES {
        return;
    }
    outputs::look(parts, found, stack, notes);
    order::look_at_names(stack, notes);
    for (found, properties) in found.iter().filter_map(properties_of) {
        task_definition::look(&properties, stack, notes);
        order::look_at_service(found, &properties, stack, notes);
        wait_condition::look(found, &properties, stack, notes);
    }
}

/// A found resource with its properties, if they all stand in the template.
fn properties_of<'f, 'd>(found: &'f Found<'d>) -> Option<(&'f Found<'d>, At<'d>)> {
    let properties = found.at().filter(At::is_whole_object)?;
    Some((found, properties))
}
