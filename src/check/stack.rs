//! What a template says of its resources as a whole, for the checks that look beyond the properties
//! of one.
//!
//! A macro may add names, or make something else of everything. A check asks here what is certain.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::at::At;
use super::template::Part;
use crate::properties::{Step, is_function, literal_text};

/// The transform that adds no resources and conditions but those of the loops in a template.
const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// Transforms of AWS that leave everything that stands in a template as it is (user guide,
/// "Transform reference").
const KNOWN_TRANSFORMS: [&str; 7] = [
    LANGUAGE_EXTENSIONS,
    "AWS::CodeDeployBlueGreen",
    "AWS::Include",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::Serverless-2016-10-31",
    "AWS::ServiceCatalog",
];

/// The templates of a document as one.
#[derive(Default)]
pub(super) struct Stack<'d> {
    /// The resources that stand directly in `Resources`, by their logical ids.
    resources: BTreeMap<&'d str, At<'d>>,
    conditions: BTreeSet<&'d str>,
    parameters: BTreeSet<&'d str>,
    /// Whether a macro or the Serverless Framework may add further names.
    is_open: bool,
    /// Whether an unknown macro may make anything else of the template. It may add names as well.
    is_rewritten: bool,
    /// For each resource the others that CloudFormation makes before it.
    needs: OnceLock<BTreeMap<&'d str, BTreeSet<&'d str>>>,
}

impl<'d> Stack<'d> {
    pub(super) fn of(parts: &[Part<'d>]) -> Self {
        let mut stack = Self {
            // The framework makes one template of the parts, and adds its own resources.
            is_open: parts.iter().any(|part| !part.steps.is_empty()),
            ..Self::default()
        };
        for part in parts {
            stack.add(part);
        }
        stack
    }

    fn add(&mut self, part: &Part<'d>) {
        for transform in transforms(part.template) {
            let is_known = transform.is_some_and(|name| KNOWN_TRANSFORMS.contains(&name));
            self.is_rewritten |= !is_known;
            self.is_open |= transform != Some(LANGUAGE_EXTENSIONS);
        }
        let section = |name: &str| part.template.get(name).and_then(Value::as_object);
        let sections = ["Resources", "Conditions"].into_iter().filter_map(section);
        for names in sections.chain([part.template]) {
            self.is_open |= names.keys().any(|name| is_function(name));
        }
        let resources = Step::key("Resources");
        for (name, resource) in section("Resources").into_iter().flatten() {
            if !is_function(name) {
                let own = [resources.clone(), Step::key(name)];
                let steps = [part.steps.as_slice(), &own].concat();
                self.resources.insert(name, At::new(steps, resource));
            }
        }
        let names = |name| section(name).into_iter().flatten();
        self.conditions
            .extend(names("Conditions").map(|(name, _)| name.as_str()));
        self.parameters
            .extend(names("Parameters").map(|(name, _)| name.as_str()));
    }

    /// Whether what stands in the template is what CloudFormation deploys.
    pub(super) fn is_certain(&self) -> bool {
        !self.is_rewritten
    }

    /// Whether the template has no other names than those that stand in it.
    pub(super) fn is_closed(&self) -> bool {
        !self.is_open
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = (&'d str, &At<'d>)> {
        self.resources.iter().map(|(name, at)| (*name, at))
    }

    pub(super) fn resource(&self, name: &str) -> Option<&At<'d>> {
        self.resources.get(name)
    }

    pub(super) fn has_condition(&self, name: &str) -> bool {
        self.conditions.contains(name)
    }

    pub(super) fn condition_names(&self) -> impl Iterator<Item = &'d str> {
        self.conditions.iter().copied()
    }

    pub(super) fn has_parameter(&self, name: &str) -> bool {
        self.parameters.contains(name)
    }

    /// The resource of this name, if it is of this type.
    pub(super) fn of_type(&self, name: &str, resource_type: &str) -> Option<&At<'d>> {
        let resource = self.resource(name);
        resource.filter(|resource| type_of(resource) == Some(resource_type))
    }

    pub(super) fn all_of_type(
        &self,
        resource_type: &'static str,
    ) -> impl Iterator<Item = (&'d str, &At<'d>)> {
        self.resources()
            .filter(move |(_, resource)| type_of(resource) == Some(resource_type))
    }

    /// The way from one resource to another that CloudFormation makes before it, both included.
    /// What a condition decides is left out: then it is not certain.
    pub(super) fn way(&self, from: &'d str, to: &str) -> Option<Vec<&'d str>> {
        let needs = self.needs.get_or_init(|| self.all_needs());
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut next = VecDeque::from([from]);
        while let Some(name) = next.pop_front() {
            if name == to {
                let mut way = vec![name];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            let is_conditional = name != from && self.is_conditional(name);
            let needed = needs.get(name).filter(|_| !is_conditional);
            for other in needed.into_iter().flatten().copied() {
                if other != from && !came_from.contains_key(other) {
                    came_from.insert(other, name);
                    next.push_back(other);
                }
            }
        }
        None
    }

    pub(super) fn is_conditional(&self, name: &str) -> bool {
        let resource = self.resource(name);
        resource.is_some_and(|resource| resource.value.get("Condition").is_some())
    }

    fn all_needs(&self) -> BTreeMap<&'d str, BTreeSet<&'d str>> {
        self.resources()
            .map(|(name, resource)| {
                let mut needed: BTreeSet<&str> =
                    depends_on(resource).filter_map(|one| one.text()).collect();
                resource.each_reference(&mut |reference| {
                    if !reference.is_conditional {
                        needed.insert(reference.name);
                    }
                });
                needed.retain(|other| self.resources.contains_key(other));
                (name, needed)
            })
            .collect()
    }
}

pub(super) fn type_of<'d>(resource: &At<'d>) -> Option<&'d str> {
    resource.value.get("Type").and_then(Value::as_str)
}

/// The names in `DependsOn`, which is one name or a list.
pub(super) fn depends_on<'d>(resource: &At<'d>) -> impl Iterator<Item = At<'d>> {
    let at = resource.member("dependsOn");
    let alone = at.clone().filter(|at| at.value.is_string());
    let items: Vec<_> = at.iter().flat_map(At::items).collect();
    alone.into_iter().chain(items)
}

/// The names in the section `Transform`: text, an object with `Name`, or a list of these. `None` for
/// what cannot be read.
fn transforms(template: &Map<String, Value>) -> Vec<Option<&str>> {
    match template.get("Transform") {
        None => Vec::new(),
        Some(Value::Array(transforms)) => transforms.iter().map(literal_name).collect(),
        Some(transform) => vec![literal_name(transform)],
    }
}

fn literal_name(transform: &Value) -> Option<&str> {
    literal_text(transform.get("Name").unwrap_or(transform))
}
