//! Names of resources and conditions that do not exist, and the order in which CloudFormation makes
//! resources: a service may wait for the task that is to run in its network.

use crate::check::at::At;
use crate::check::report::Notes;
use crate::check::stack::{Stack, depends_on};
use crate::check::template::Found;
use crate::properties::nearest;
use crate::text::printable::echoed;

const SERVICE: &str = "AWS::ECS::Service";

/// Looks at what all resources of the template wait for: a service may name the custom resource
/// wrongly.
pub(super) fn look_at_names(stack: &Stack<'_>, notes: &mut Notes) {
    if !stack.is_closed() {
        return;
    }
    for (_, resource) in stack.resources() {
        for name in depends_on(resource) {
            if let Some(text) = name.text()
                && stack.resource(text).is_none()
            {
                let known = stack.resources().map(|(name, _)| name);
                missing(&name, text, "resource", known, notes);
            }
        }
        if let Some(condition) = resource.member("condition")
            && let Some(text) = condition.text()
            && !stack.has_condition(text)
        {
            missing(
                &condition,
                text,
                "condition",
                stack.condition_names(),
                notes,
            );
        }
    }
}

fn missing<'d>(
    name: &At<'_>,
    text: &str,
    what: &str,
    known: impl Iterator<Item = &'d str>,
    notes: &mut Notes,
) {
    let hint = notes.hint(|| match nearest(text, known) {
        Some(meant) => format!("; did you mean {}?", echoed(meant)),
        None => String::new(),
    });
    notes.error(
        name.steps.clone(),
        format!(
            "is {}, a {what} that the template does not have{hint}",
            echoed(text)
        ),
    );
}

/// Reports a service that does not exist yet when the task is to run for the first time.
pub(super) fn look_at_service<'d>(
    found: &Found<'d>,
    properties: &At<'d>,
    stack: &Stack<'d>,
    notes: &mut Notes,
) {
    let Some(named) = properties.member("networkFrom") else {
        return;
    };
    let own_name = found.logical_id.as_deref();
    // A resource within a loop has another name than the one that stands there.
    let Some(own_name) = own_name.filter(|name| stack.resource(name).is_some()) else {
        return;
    };
    if let Some((service, _)) = named.reference()
        && stack.of_type(service, SERVICE).is_some()
        && let Some(way) = stack.way(service, own_name)
    {
        notes.error(
            named.steps,
            format!(
                "names {}, which CloudFormation makes only after this resource ({}): each \
                 would have to be made before the other; give NetworkConfiguration instead",
                echoed(service),
                in_words(&way)
            ),
        );
        return;
    }
    let Some(text) = named.text() else {
        return;
    };
    let of_this_name = |(name, service): (&'d str, &At<'d>)| {
        let service_properties = service.member("properties")?;
        let is_named = service_properties.member("serviceName")?.text() == Some(text);
        let cluster = service_properties.member("cluster")?.value;
        let is_beside = properties.member("cluster")?.value == cluster;
        (is_named && is_beside && !stack.is_conditional(name)).then_some(name)
    };
    let services = stack.all_of_type(SERVICE);
    let way = services
        .filter_map(of_this_name)
        .find_map(|service| stack.way(service, own_name));
    if let Some(way) = way {
        notes.warning(
            named.steps,
            format!(
                "names a service of this template that waits for this resource ({}): where the \
                 stack is created anew, the service does not exist when the task is to run; give \
                 NetworkConfiguration instead",
                in_words(&way)
            ),
        );
    }
}

/// How each of the resources depends on the next.
fn in_words(way: &[&str]) -> String {
    let names: Vec<_> = way.iter().map(|name| echoed(name)).collect();
    match names.split_first() {
        Some((first, rest)) => format!("{first} depends on {}", rest.join(", which depends on ")),
        None => String::new(),
    }
}
