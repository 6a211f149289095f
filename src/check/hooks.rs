//! The lifecycle hooks of ECS services in a template whose function is a task runner's: their
//! `HookDetails` are the properties of a run, written as text that holds JSON.
//!
//! CloudFormation takes any text there. What is wrong in it shows when the service is deployed: the
//! hook fails, and ECS rolls the deployment back without saying why.

mod details;

use std::time::Duration;

use serde_json::{Map, Value};

use super::at::At;
use super::report::Notes;
use super::stack::Stack;
use super::warnings;
use crate::properties::{
    DEFAULT_TIMEOUT_SECONDS, Declarations, Source, is_spelling_of, kind, may_add_members,
    problems_among,
};
use crate::times::answer_by::LONGEST_RUN;
use details::Details;

/// The type of the resources that have lifecycle hooks.
const SERVICE: &str = "AWS::ECS::Service";
/// What the name of the export ends with that a task runner's stack gives the hook's function, which
/// is also the name of the output.
const FUNCTION: &str = "HookFunctionArn";
/// Members of `HookDetails` by which they are known for properties, where the template does not say
/// whose function the hook calls.
const TELLING: [&str; 2] = ["overrides", "taskDefinition"];

/// Checks the hooks of all services, and gives the names of those services that have any of the task
/// runner's.
pub(super) fn look<'d>(
    stack: &Stack<'d>,
    declarations: &Declarations<'_>,
    notes: &mut Notes,
) -> Vec<&'d str> {
    let services = stack.all_of_type(SERVICE);
    let with_hooks = services.filter(|(_, service)| {
        let deployment = service
            .member("properties")
            .and_then(|properties| properties.member("deploymentConfiguration"));
        let hooks = deployment.and_then(|deployment| deployment.member("lifecycleHooks"));
        let hooks = hooks.iter().flat_map(At::items);
        // Counted, so that all are looked at.
        let ours = hooks.filter(|hook| look_at_hook(hook, stack, declarations, notes));
        ours.count() > 0
    });
    with_hooks.map(|(name, _)| name).collect()
}

/// Whether the hook is a task runner's.
fn look_at_hook(
    hook: &At<'_>,
    stack: &Stack<'_>,
    declarations: &Declarations<'_>,
    notes: &mut Notes,
) -> bool {
    let Some(target) = hook.member("hookTargetArn") else {
        // A pause hook has no target.
        return false;
    };
    let given = hook.member("hookDetails");
    let details = given.as_ref().map(|given| Details::of(given.value));
    let is_ours = names_function(target.value)
        || is_undecided(target.value) && details.as_ref().is_some_and(looks_like_properties);
    if !is_ours {
        return false;
    }
    match (given, details) {
        (Some(given), Some(details)) => {
            if let Some(properties) = note_form(&given, details, notes) {
                look_at_properties(&given, &properties, hook, (stack, declarations), notes);
            }
        }
        _ if hook.is_whole_object() => notes.error(
            hook.steps_to("HookDetails"),
            "is missing; expected text that holds a JSON object with Overrides",
        ),
        _ => {}
    }
    if hook.is_whole_object() && hook.member("timeoutConfiguration").is_none() {
        notes.warning(
            hook.steps_to("TimeoutConfiguration"),
            "is missing: ECS then waits 24 hours for the hook, and CloudFormation is reported to \
             refuse services whose hooks and bake time add up to more than 33 hours; give it \
             TimeoutInMinutes for the run's Timeout and ten minutes more",
        );
    }
    true
}

/// Notes details that cannot be properties at all; else gives the properties.
fn note_form(given: &At<'_>, details: Details, notes: &mut Notes) -> Option<Map<String, Value>> {
    let problem = match details {
        Details::Text(Value::Object(properties)) => return Some(properties),
        Details::Text(other) => format!(
            "holds {}; expected a JSON object with Overrides",
            kind(&other)
        ),
        Details::Broken(why) => format!("is text that is no JSON: {why}"),
        Details::Bare(value) => format!(
            "is {}; CloudFormation takes text that holds JSON: put it in quotes, as in \
             '{{\"Overrides\": …}}', or after !Sub for values of the template",
            kind(&value)
        ),
        Details::Undecided => return None,
    };
    notes.error(given.steps.clone(), problem);
    None
}

fn look_at_properties(
    given: &At<'_>,
    properties: &Map<String, Value>,
    hook: &At<'_>,
    (stack, declarations): (&Stack<'_>, &Declarations<'_>),
    notes: &mut Notes,
) {
    let has = |name: &str| is_given(properties, name);
    if !TELLING.iter().any(|name| has(name)) && !properties.keys().any(|key| may_add_members(key)) {
        notes.error(
            given.steps.clone(),
            "has neither Overrides nor TaskDefinition: the service itself would be run, which does \
             not end by itself; give Overrides with the command to run",
        );
    }
    // What is left out here, the function takes from the service revision that is deployed.
    let mut complete = properties.clone();
    for (name, key) in [("cluster", "Cluster"), ("taskDefinition", "TaskDefinition")] {
        if !has(name) {
            complete.insert(key.to_owned(), "service".into());
        }
    }
    let complete = Value::Object(complete);
    let problems = problems_among(&complete, Source::Properties, declarations);
    for problem in problems.listed() {
        let steps = [given.steps.as_slice(), &problem.steps].concat();
        notes.error(steps, problem.message.clone());
    }
    if problems.unlisted() > 0 {
        let more = problems.unlisted();
        notes.error(given.steps.clone(), format!("has {more} more problem(s)"));
    }
    let complete = At::new(given.steps.clone(), &complete);
    warnings::look_at_environment(&complete, stack, notes);
    look_at_times(&complete, hook, notes);
}

/// ECS rolls the deployment back when its own time for the hook is over, whatever the run does.
fn look_at_times(properties: &At<'_>, hook: &At<'_>, notes: &mut Notes) {
    let minutes = hook
        .member("timeoutConfiguration")
        .and_then(|timeout| timeout.member("timeoutInMinutes"));
    let Some(minutes) = minutes else {
        return;
    };
    let timeout = properties
        .member("timeout")
        .map_or(Some(DEFAULT_TIMEOUT_SECONDS.into()), |timeout| {
            timeout.number()
        });
    let (Some(patience), Some(timeout)) = (minutes.number(), timeout) else {
        return;
    };
    let patience = Duration::from_secs(patience.saturating_mul(60));
    let timeout = Duration::from_secs(timeout).min(LONGEST_RUN);
    if patience <= timeout {
        notes.warning(
            minutes.steps,
            format!(
                "is {} s, and the run may take {} s: ECS would end the deployment before the run's \
                 own Timeout does; give it ten minutes more than the run",
                patience.as_secs(),
                timeout.as_secs()
            ),
        );
    }
}

/// Whether the function is the one that a task runner's stack exports, or has as its output.
fn names_function(target: &Value) -> bool {
    match target {
        Value::String(text) => text.ends_with(FUNCTION),
        Value::Array(items) => items.iter().any(names_function),
        Value::Object(members) => members.values().any(names_function),
        _ => false,
    }
}

/// Whether only the deployment knows whose function it is.
fn is_undecided(target: &Value) -> bool {
    let functions = ["Ref", "Fn::GetAtt", "Fn::Sub", "Fn::ImportValue", "Fn::If"];
    let members = target.as_object();
    members.is_some_and(|members| functions.iter().any(|name| members.contains_key(*name)))
}

fn looks_like_properties(details: &Details) -> bool {
    let (Details::Text(Value::Object(members)) | Details::Bare(Value::Object(members))) = details
    else {
        return false;
    };
    TELLING.iter().any(|name| is_given(members, name))
}

fn is_given(members: &Map<String, Value>, name: &str) -> bool {
    members.keys().any(|key| is_spelling_of(key, name))
}
