//! The templates in a document, and the custom resources in them.

use serde_json::{Map, Value};

use super::{SkippedResource, similar};
use crate::cloudformation::stack::is_custom;
use crate::properties::{Declarations, Step};

/// A template, and the way to it in the document.
pub(super) struct Part<'d> {
    pub(super) steps: Vec<Step>,
    pub(super) template: &'d Map<String, Value>,
}

/// The properties of one resource, as the document has them.
pub(super) struct Found<'d> {
    pub(super) logical_id: Option<String>,
    /// The way to the properties in the document.
    pub(super) steps: Vec<Step>,
    /// `None` for a resource of a template without `Properties`.
    pub(super) properties: Option<&'d Value>,
}

/// The templates that a document holds: itself, or those in the `resources` of a `serverless.yml`.
/// `None` for a document that is neither.
pub(super) fn parts<'d>(document: &'d Map<String, Value>) -> Option<Vec<Part<'d>>> {
    if has_resources(document) {
        return Some(vec![Part {
            steps: Vec::new(),
            template: document,
        }]);
    }
    let resources = Step::key("resources");
    let part = |steps: Vec<Step>, value: &'d Value| match value {
        Value::Object(template) if is_template(template) => Some(Part { steps, template }),
        _ => None,
    };
    let parts: Vec<_> = match document.get("resources") {
        Some(Value::Array(items)) => {
            let parts = items.iter().enumerate();
            parts
                .filter_map(|(index, item)| part(vec![resources.clone(), Step::Index(index)], item))
                .collect()
        }
        Some(value) => part(vec![resources], value).into_iter().collect(),
        None => Vec::new(),
    };
    // Its resources may all be in other files.
    let is_serverless = document.contains_key("service") && document.contains_key("provider");
    (is_serverless || !parts.is_empty()).then_some(parts)
}

fn has_resources(template: &Map<String, Value>) -> bool {
    template.get("Resources").is_some_and(Value::is_object)
}

/// Whether this is a template, or one of the pieces of which the Serverless Framework makes one.
fn is_template(object: &Map<String, Value>) -> bool {
    ["Resources", "Parameters", "Mappings"]
        .iter()
        .any(|section| object.get(*section).is_some_and(Value::is_object))
}

/// What all of the templates declare.
pub(super) fn declarations<'d>(parts: &[Part<'d>]) -> Declarations<'d> {
    let mut declarations = Declarations::default();
    for part in parts {
        declarations.add(part.template);
    }
    declarations
}

/// A resource that is not checked for its type, and was probably meant for the task runner: its type
/// looks like one of the task runner's.
pub(super) struct Similar {
    pub(super) resource_type: String,
    /// The way to the resource in the document.
    pub(super) steps: Vec<Step>,
}

/// The search of templates for custom resources.
pub(super) struct Search<'s, 'd> {
    pub(super) resource_types: &'s [&'s str],
    pub(super) found: Vec<Found<'d>>,
    pub(super) skipped: Vec<SkippedResource>,
    pub(super) similar: Vec<Similar>,
}

impl<'s, 'd> Search<'s, 'd> {
    pub(super) fn new(resource_types: &'s [&'s str]) -> Self {
        Self {
            resource_types,
            found: Vec::new(),
            skipped: Vec::new(),
            similar: Vec::new(),
        }
    }

    pub(super) fn look_through(&mut self, part: &Part<'d>) {
        if let Some(Value::Object(resources)) = part.template.get("Resources") {
            let key = Step::key("Resources");
            self.look_at_resources(resources, &[part.steps.as_slice(), &[key]].concat());
        }
    }

    fn look_at_resources(&mut self, resources: &'d Map<String, Value>, steps: &[Step]) {
        for (logical_id, resource) in resources {
            let steps = [steps, &[Step::key(logical_id)]].concat();
            if logical_id.starts_with("Fn::ForEach::") {
                // A loop's third argument holds the resources that it repeats.
                if let Some(Value::Object(repeated)) = resource.get(2) {
                    let steps = [steps.as_slice(), &[Step::Index(2)]].concat();
                    self.look_at_resources(repeated, &steps);
                }
                continue;
            }
            let Some(resource_type) = resource.get("Type").and_then(Value::as_str) else {
                continue;
            };
            let properties = resource.get("Properties");
            if self.resource_types.contains(&resource_type) {
                let steps = [steps.as_slice(), &[Step::key("Properties")]].concat();
                self.found.push(Found {
                    logical_id: Some(logical_id.clone()),
                    steps,
                    properties,
                });
                continue;
            }
            if is_custom(resource_type) {
                self.skipped.push(SkippedResource {
                    logical_id: logical_id.clone(),
                    resource_type: resource_type.to_owned(),
                });
            }
            if similar::is_similar(resource_type, properties) {
                self.similar.push(Similar {
                    resource_type: resource_type.to_owned(),
                    steps,
                });
            }
        }
    }
}
