//! What the properties say against the task definition, where that stands in the same template:
//! names of containers, and the network that its mode needs.

use crate::check::at::At;
use crate::check::report::Notes;
use crate::check::stack::Stack;
use crate::properties::{is_no_value, nearest};
use crate::text::enumeration::listed;
use crate::text::printable::echoed;

const TYPE: &str = "AWS::ECS::TaskDefinition";

pub(super) fn look<'d>(properties: &At<'d>, stack: &Stack<'d>, notes: &mut Notes) {
    let definition = Definition::of(properties, stack);
    if let Some((definition, containers)) = definition
        .as_ref()
        .and_then(|definition| Some((definition, definition.containers()?)))
    {
        for named in names_of_containers(properties) {
            look_at_name(&named, &definition.name, &containers, notes);
        }
    }
    look_at_network(properties, definition.as_ref(), notes);
}

/// The task definition that the properties refer to.
struct Definition<'d> {
    name: String,
    properties: At<'d>,
}

impl<'d> Definition<'d> {
    fn of(properties: &At<'d>, stack: &Stack<'d>) -> Option<Self> {
        let (name, attribute) = properties.member("taskDefinition")?.reference()?;
        if attribute.is_some_and(|attribute| attribute != "TaskDefinitionArn") {
            return None;
        }
        let resource = stack.of_type(name, TYPE)?;
        let properties = resource.member("properties").filter(At::is_whole_object)?;
        Some(Self {
            name: echoed(name),
            properties,
        })
    }

    /// The names of its containers; `None` unless all of them stand in the template.
    fn containers(&self) -> Option<Vec<&'d str>> {
        let containers = self.properties.member("containerDefinitions")?;
        let names: Option<Vec<_>> = containers
            .items()
            .map(|container| {
                let container = Some(container).filter(At::is_whole_object)?;
                container.member("name")?.text()
            })
            .collect();
        names.filter(|names| !names.is_empty())
    }

    /// Why its tasks need a network configuration, as far as that is certain.
    fn needs_network(&self) -> Option<String> {
        let mode = self.properties.member("networkMode");
        if mode.and_then(|mode| mode.text()) == Some("awsvpc") {
            return Some(format!(
                "the task definition {} has the network mode awsvpc",
                self.name
            ));
        }
        let launch_types = self.properties.member("requiresCompatibilities")?;
        let is_for_fargate = launch_types
            .items()
            .any(|one| one.text() == Some("FARGATE"));
        is_for_fargate.then(|| format!("the task definition {} is for Fargate", self.name))
    }
}

/// The places of the properties that name a container.
fn names_of_containers<'d>(properties: &At<'d>) -> Vec<At<'d>> {
    let counted = properties.member("containers");
    let counted = counted.iter().flat_map(At::items);
    let overridden: Vec<_> = ["overrides", "rollbackOverrides"]
        .into_iter()
        .filter_map(|name| properties.member(name)?.member("containerOverrides"))
        .collect();
    let overridden = overridden.iter().flat_map(At::items);
    let criteria = properties.member("updateCriteria");
    // One criterion may stand by itself.
    let criteria = criteria.iter().flat_map(At::items).chain(criteria.clone());
    counted
        .chain(overridden.filter_map(|container| container.member("name")))
        .chain(criteria.filter_map(|criterion| criterion.member("container")))
        .collect()
}

fn look_at_name(named: &At<'_>, definition: &str, containers: &[&str], notes: &mut Notes) {
    let Some(name) = named.text().filter(|name| !containers.contains(name)) else {
        return;
    };
    let hint = notes.hint(|| {
        if let Some(container) = nearest(name, containers.iter().copied()) {
            return format!("; did you mean {}?", echoed(container));
        }
        let shown: Vec<_> = containers.iter().map(|name| echoed(name)).collect();
        format!("; it has {}", listed(&shown))
    });
    let name = echoed(name);
    notes.error(
        named.steps.clone(),
        format!(
            "is \"{name}\", a container that the task definition {definition} does not have{hint}"
        ),
    );
}

/// Whether the property is for certain not given.
fn is_missing(properties: &At<'_>, name: &str) -> bool {
    let given = properties.member(name);
    given.is_none_or(|given| is_no_value(given.value) || given.value.is_null())
}

fn look_at_network(properties: &At<'_>, definition: Option<&Definition<'_>>, notes: &mut Notes) {
    let is_given = |name| !is_missing(properties, name);
    if is_given("networkConfiguration") || is_given("networkFrom") {
        return;
    }
    let asks_for_fargate = || {
        let launch_type = properties.member("launchType");
        let is_fargate = launch_type.and_then(|one| one.text()) == Some("FARGATE");
        is_fargate.then(|| "LaunchType is FARGATE".to_owned())
    };
    let why = definition.and_then(Definition::needs_network);
    if let Some(why) = why.or_else(asks_for_fargate) {
        notes.error(
            properties.steps_to("NetworkConfiguration"),
            format!(
                "is missing, and {why}; give it, or NetworkFrom with the name of a service whose \
                 network the task takes"
            ),
        );
    }
}
