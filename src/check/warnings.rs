//! What works and is probably not meant: a task that never runs again, a secret in the overrides, a
//! limit without effect.

use std::time::Duration;

use serde_json::Value;

use super::DocumentKind;
use super::at::At;
use super::report::Notes;
use super::stack::Stack;
use crate::arn::last_part;
use crate::cloudformation::deadline::answer_margin;
use crate::properties::{DYNAMIC_REFERENCE, literal_text, may_add_members};
use crate::task::redaction::{SHORTEST, says_secret};
use crate::times::SERVICE_TIMEOUT;
use crate::times::answer_by::LONGEST_RUN;

/// Properties that say what is run. A reference in one of them can differ from one deployment to the
/// next; references in other properties, such as `Cluster`, hardly ever change.
const WHAT_IS_RUN: [&str; 4] = ["overrides", "group", "tags", "referenceId"];

/// Pseudo parameters that stay the same as long as a stack is updated.
const SAME_FOR_THE_STACK: [&str; 2] = ["${AWS::StackName}", "${AWS::Region}"];

/// How the name of a variable ends that names a secret, as in `DATABASE_SECRET_ARN`.
const IDENTIFIERS: [&str; 3] = ["ARN", "_ID", "NAME"];

/// Notes what is probably not meant in the properties of one resource.
pub(super) fn look(properties: &At<'_>, kind: DocumentKind, stack: &Stack<'_>, notes: &mut Notes) {
    if kind == DocumentKind::Template && stack.is_certain() && properties.is_whole_object() {
        look_at_family(properties, notes);
    }
    look_at_environment(properties, stack, notes);
    look_at_timeout(properties, kind, notes);
}

/// CloudFormation sends an Update when a property has changed, and the name of a family stays the
/// same.
fn look_at_family(properties: &At<'_>, notes: &mut Notes) {
    let Some(definition) = properties.member("taskDefinition") else {
        return;
    };
    if !is_lasting_family(definition.value) {
        return;
    }
    let never_updates = properties
        .member("runOnUpdate")
        .is_some_and(|run| !matches!(run.value, Value::Bool(true)) && run.text() != Some("true"));
    let may_change = |name: &&str| {
        let property = properties.member(name);
        property.is_some_and(|property| !is_constant(property.value))
    };
    if properties.member("triggers").is_some()
        || never_updates
        || WHAT_IS_RUN.iter().any(may_change)
    {
        return;
    }
    notes.warning(
        definition.steps,
        "is a family without a revision, and there is no Triggers: CloudFormation updates a resource \
         only when its properties change, so the task never runs again; refer to the task definition \
         (!Ref), name its revision, or give Triggers a value that each release changes",
    );
}

/// Whether the value is for certain a family without a revision, and the same one in each deployment
/// of the stack.
fn is_lasting_family(definition: &Value) -> bool {
    if let Some(text) = literal_text(definition) {
        return !text.is_empty() && !last_part(text).contains(':');
    }
    let members = definition.as_object().filter(|members| members.len() == 1);
    let text = members.and_then(|members| members.get("Fn::Sub")?.as_str());
    text.is_some_and(|text| {
        let rest = SAME_FOR_THE_STACK
            .iter()
            .fold(text.to_owned(), |rest, name| rest.replace(name, ""));
        !text.is_empty() && !rest.contains(':') && !rest.contains("${")
    })
}

/// Whether nothing in the value is decided at deployment.
fn is_constant(value: &Value) -> bool {
    match value {
        Value::String(_) => literal_text(value).is_some(),
        Value::Array(items) => items.iter().all(is_constant),
        Value::Object(members) => members
            .iter()
            .all(|(key, member)| !may_add_members(key) && is_constant(member)),
        _ => true,
    }
}

/// Values of overrides are part of the event and of the execution's input, which its history shows
/// to everyone who may read it; and ECS shows them with the task.
pub(super) fn look_at_environment(properties: &At<'_>, stack: &Stack<'_>, notes: &mut Notes) {
    let overrides = ["overrides", "rollbackOverrides"].map(|name| properties.member(name));
    let containers: Vec<_> = overrides
        .into_iter()
        .filter_map(|overrides| overrides?.member("containerOverrides"))
        .collect();
    for container in containers.iter().flat_map(At::items) {
        let environment = container.member("environment");
        for variable in environment.iter().flat_map(At::items) {
            let Some(name) = variable.member("name").and_then(|name| name.text()) else {
                continue;
            };
            let Some(value) = variable.member("value") else {
                continue;
            };
            if says_secret(name) && !says_identifier(name) && may_be_secret(&value, stack) {
                notes.warning(
                    value.steps,
                    "may be a secret, by the variable's name, and is readable in the execution's \
                     history and in ECS; put it into the task definition (Secrets with ValueFrom)",
                );
            }
        }
    }
}

/// Whether the name of a variable says that its value names a secret, and is none itself.
fn says_identifier(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    IDENTIFIERS.iter().any(|end| name.ends_with(end))
}

/// Whether the value of a variable whose name says that it is a secret may be one. ARNs and
/// addresses without a password are none, nor are the names and attributes of resources.
fn may_be_secret(value: &At<'_>, stack: &Stack<'_>) -> bool {
    let text = match value.value {
        Value::String(text) => text.clone(),
        function => function.to_string(),
    };
    if text.contains(DYNAMIC_REFERENCE) {
        return true;
    }
    if text.contains("://") && !text.contains('@') {
        return false;
    }
    if value.value.is_string() {
        let is_switch = matches!(text.to_ascii_lowercase().as_str(), "true" | "false");
        return text.chars().count() >= SHORTEST && !text.starts_with("arn:") && !is_switch;
    }
    let mut has_secret = false;
    value.each_reference(&mut |reference| {
        let is_key = reference.attribute == Some("SecretAccessKey");
        has_secret |= is_key || stack.has_parameter(reference.name);
    });
    has_secret
}

/// `start` ends a run in time for the answer, whatever `Timeout` says. Properties by themselves may be
/// those of a direct run, for which nobody waits.
fn look_at_timeout(properties: &At<'_>, kind: DocumentKind, notes: &mut Notes) {
    // CloudFormation does not wait for such a run, but for the condition.
    if properties.member("waitConditionHandle").is_some() {
        return;
    }
    let seconds = |name| {
        let number = properties.member(name)?.number()?;
        Some(Duration::from_secs(number))
    };
    let (Some(timeout), Some(limit)) = (properties.member("timeout"), seconds("timeout")) else {
        return;
    };
    // A ServiceTimeout that only the deployment knows is no longer than CloudFormation's own.
    let patience = seconds("serviceTimeout").unwrap_or(SERVICE_TIMEOUT);
    let patience = patience.min(SERVICE_TIMEOUT);
    let margin = answer_margin(patience);
    let longest = patience.saturating_sub(margin);
    if limit > longest {
        let (place, otherwise) = match kind {
            DocumentKind::Properties => (
                " in a stack",
                format!("; a direct run may take up to {} s", LONGEST_RUN.as_secs()),
            ),
            DocumentKind::Event | DocumentKind::Template => ("", String::new()),
        };
        notes.warning(
            timeout.steps,
            format!(
                "has no effect above {}{place}: CloudFormation waits {} s, of which {} s are kept for \
                 stopping the task and replying{otherwise}",
                longest.as_secs(),
                patience.as_secs(),
                margin.as_secs()
            ),
        );
    }
}
