//! What somebody probably meant who gave a name or a word that is not known in its place.

use serde_json::Value;

use super::names::{is_spelling_of, nearest, spelled_like};
use super::problems::Path;
use super::scalars;
use super::schema::{Place, Shape, Structure, places, property_names};
use crate::text::printable::echoed;

/// A message lists the known names of a structure that has at most this many.
const MAX_NAMES_LISTED: usize = 8;

/// A message names the places where a name is known when there are at most this many; more say
/// nothing (`Name`, `Type`).
const MAX_PLACES: usize = 2;

/// Names that are known to be nothing of this resource, in camelCase, and what to say of them.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &[
            "containerDefinitions",
            "dockerLabels",
            "entryPoint",
            "essential",
            "family",
            "healthCheck",
            "image",
            "linuxParameters",
            "logConfiguration",
            "mountPoints",
            "networkMode",
            "portMappings",
            "privileged",
            "readonlyRootFilesystem",
            "repositoryCredentials",
            "requiresCompatibilities",
            "runtimePlatform",
            "secrets",
            "stopTimeout",
            "ulimits",
            "user",
            "volumes",
            "workingDirectory",
        ],
        "; it belongs to the task definition",
    ),
    (
        &["startedBy", "clientToken"],
        "; the task runner sets it itself",
    ),
];

/// Attributes of a resource, which templates have beside `Properties`.
const ATTRIBUTES: &[&str] = &[
    "condition",
    "creationPolicy",
    "deletionPolicy",
    "dependsOn",
    "metadata",
    "updatePolicy",
    "updateReplacePolicy",
];

/// Names of other tools and APIs, in camelCase, and the property that has the meaning here.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("clusterArn", "cluster"),
    ("clusterName", "cluster"),
    ("containerInstances", "instances"),
    ("containerName", "name"),
    ("desiredCount", "count"),
    ("numberOfTasks", "count"),
    ("taskCount", "count"),
    ("taskDefinitionArn", "taskDefinition"),
    ("timeoutInSeconds", "timeout"),
    ("timeoutSeconds", "timeout"),
];

/// Whether this is the name of a property, or nearly.
pub(crate) fn is_like_a_property(key: &str) -> bool {
    let names = property_names();
    names.clone().any(|name| is_spelling_of(key, name)) || nearest(key, names).is_some()
}

/// The end of a message on a value that stands where a list of such values belongs: the list that was
/// probably meant. Empty for any other value, and for one that may be a secret.
pub(super) fn for_lone_item(value: &Value, shape: &Shape) -> String {
    let Shape::List(list) = shape else {
        return String::new();
    };
    let may_be_shown = match &list.item {
        Shape::Text(text) => !text.is_secret,
        Shape::Whole(..) | Shape::Choice(_) => true,
        _ => false,
    };
    match scalars::coerce(value, &list.item) {
        Ok(Value::String(item)) if may_be_shown => format!(", as in [{}]", echoed(&item)),
        Ok(item) if may_be_shown => format!(", as in [{item}]"),
        Ok(_) | Err(_) => String::new(),
    }
}

/// The end of a message on `key`, which is no name of `structure`, at `path`. Empty when there is nothing to
/// say.
pub(super) fn for_name(key: &str, structure: &Structure, path: &Path<'_>) -> String {
    let here = || structure.fields.iter().map(|field| field.name);
    let is_among = |names: &[&str]| names.iter().any(|name| is_spelling_of(key, name));
    if let Some(name) = nearest(key, here()) {
        return format!("; did you mean {}?", spelled_like(key, name));
    }
    let other = OTHER_NAMES
        .iter()
        .find(|(other, _)| is_spelling_of(key, other))
        .map(|(_, name)| *name);
    if let Some(name) = other.filter(|name| here().any(|known| known == *name)) {
        return format!("; did you mean {}?", spelled_like(key, name));
    }
    if path.is_root() && is_among(ATTRIBUTES) {
        return "; it belongs to the resource, beside Properties".to_owned();
    }
    if let Some((_, hint)) = ELSEWHERE.iter().find(|(names, _)| is_among(names)) {
        return (*hint).to_owned();
    }
    // Both kinds of overrides have the same members: those of the kind at hand are meant.
    let first = path.to_string();
    let first = first.split('.').next().unwrap_or_default();
    let other = if is_spelling_of(first, "rollbackOverrides") {
        "overrides"
    } else {
        "rollbackOverrides"
    };
    let mut places = places();
    places.retain(|place| place.outermost() != Some(other));
    let named = |name: &str| {
        let named = places.iter().filter(|place| place.name == name);
        named.collect::<Vec<_>>()
    };
    let meant = places
        .iter()
        .map(|place| place.name)
        .find(|name| is_spelling_of(key, name))
        .or_else(|| nearest(key, places.iter().map(|place| place.name)));
    let meant: Vec<&Place> = meant.map(named).unwrap_or_default();
    if (1..=MAX_PLACES).contains(&meant.len()) {
        let meant: Vec<_> = meant.iter().map(|place| place.spelled_like(key)).collect();
        return format!("; did you mean {}?", meant.join(" or "));
    }
    if structure.fields.len() <= MAX_NAMES_LISTED {
        let known: Vec<_> = here().map(|name| spelled_like(key, name)).collect();
        return format!("; known are {}", known.join(", "));
    }
    String::new()
}

/// The end of a message on `text`, which is none of `words`. Empty when there is nothing to say.
pub(super) fn for_word(text: &str, words: &[&str]) -> String {
    let text = text.to_ascii_lowercase();
    // Other APIs and many templates take a boolean here.
    let switch = match text.as_str() {
        "true" | "yes" | "on" => Some("ENABLED"),
        "false" | "no" | "off" => Some("DISABLED"),
        _ => None,
    };
    if let Some(switch) = switch.filter(|word| words.contains(word)) {
        return format!("; did you mean {switch}?");
    }
    if words.contains(&"FARGATE") && text.contains("spot") {
        return "; FARGATE_SPOT is a capacity provider, and belongs to CapacityProviderStrategy"
            .to_owned();
    }
    nearest(&text, words.iter().copied())
        .map(|word| format!("; did you mean {word}?"))
        .unwrap_or_default()
}
