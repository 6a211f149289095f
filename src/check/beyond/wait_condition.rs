//! The wait condition that waits for the end of the run, where the properties name its handle: it must
//! be there, wait long enough, and begin to wait when the run has begun.

use crate::check::at::At;
use crate::check::report::Notes;
use crate::check::stack::Stack;
use crate::check::template::Found;
use crate::properties::DEFAULT_TIMEOUT_SECONDS;
use crate::text::printable::echoed;
use crate::times::ANSWER_MARGIN;

const HANDLE: &str = "AWS::CloudFormation::WaitConditionHandle";
const CONDITION: &str = "AWS::CloudFormation::WaitCondition";
const NESTED: &str = "AWS::CloudFormation::Stack";

pub(super) fn look<'d>(
    found: &Found<'d>,
    properties: &At<'d>,
    stack: &Stack<'d>,
    notes: &mut Notes,
) {
    let Some(named) = properties.member("waitConditionHandle") else {
        return;
    };
    // What is no reference is a parameter's or another template's matter.
    let Some((handle, _)) = named.reference() else {
        return;
    };
    let Some(resource) = stack.resource(handle) else {
        return;
    };
    if named.reference() != Some((handle, None)) || stack.of_type(handle, HANDLE).is_none() {
        let what = match resource.value.get("Type").and_then(|name| name.as_str()) {
            Some(HANDLE) => "an attribute of a handle".to_owned(),
            Some(other) => echoed(other),
            None => "no handle".to_owned(),
        };
        notes.error(
            named.steps,
            format!(
                "names {} ({what}); expected !Ref of an {HANDLE}",
                echoed(handle)
            ),
        );
        return;
    }
    let conditions: Vec<_> = stack
        .all_of_type(CONDITION)
        .filter(|(_, condition)| handle_of(condition) == Some(handle))
        .collect();
    if conditions.is_empty() {
        let is_passed_on = stack.all_of_type(NESTED).any(|(_, nested)| {
            let mut refers = false;
            nested.each_reference(&mut |reference| refers |= reference.name == handle);
            refers
        });
        if stack.is_closed() && !is_passed_on {
            notes.error(
                named.steps,
                format!(
                    "names {}, and the template has no {CONDITION} with this Handle: nobody would learn how the \
                     run ended; add one that has DependsOn this resource",
                    echoed(handle)
                ),
            );
        }
        return;
    }
    for (name, condition) in conditions {
        look_at_time(properties, name, condition, notes);
        look_at_order(found, name, condition, stack, notes);
    }
}

fn handle_of<'d>(condition: &At<'d>) -> Option<&'d str> {
    let (handle, attribute) = condition
        .member("properties")?
        .member("handle")?
        .reference()?;
    attribute.is_none().then_some(handle)
}

/// The condition waits from its creation on, which is after the run's beginning.
fn look_at_time(properties: &At<'_>, name: &str, condition: &At<'_>, notes: &mut Notes) {
    let run = match properties.member("timeout") {
        Some(timeout) => timeout.number(),
        None => Some(DEFAULT_TIMEOUT_SECONDS.into()),
    };
    let timeout = condition
        .member("properties")
        .and_then(|properties| properties.member("timeout"));
    let Some((timeout, waits)) = timeout.and_then(|timeout| {
        let waits = timeout.number()?;
        Some((timeout, waits))
    }) else {
        return;
    };
    let margin = ANSWER_MARGIN.as_secs();
    if let Some(run) = run.filter(|run| waits < run.saturating_add(margin)) {
        notes.error(
            timeout.steps,
            format!(
                "is {waits}, and the run that {} waits for may take {run} s and {margin} s more to stop and be \
                 reported: give the condition at least {} s, or the run a shorter Timeout",
                echoed(name),
                run.saturating_add(margin)
            ),
        );
    }
}

/// A condition that is made earlier waits while CloudFormation makes other things.
fn look_at_order<'d>(
    found: &Found<'d>,
    name: &'d str,
    condition: &At<'d>,
    stack: &Stack<'d>,
    notes: &mut Notes,
) {
    // A resource within a loop has another name than the one that stands there.
    let own_name = found.logical_id.as_deref();
    let Some(own_name) = own_name.filter(|own_name| stack.resource(own_name).is_some()) else {
        return;
    };
    if stack.is_conditional(own_name) || stack.way(name, own_name).is_some() {
        return;
    }
    notes.warning(
        condition.steps.clone(),
        format!(
            "waits for the run of {own}, and does not depend on it: its time may begin long before the run \
             does; give it DependsOn: {own}",
            own = echoed(own_name)
        ),
    );
}
