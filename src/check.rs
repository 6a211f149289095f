//! Finds what is wrong with the properties of custom resources before they are deployed: the
//! command `ecs-task-runner check`.
//!
//! ```text
//! text ──▶ yaml ──▶ node (values with lines) ──▶ the resources in it ──▶ properties ──▶ Report
//! ```
//!
//! A document is a CloudFormation template, an event, or the properties by themselves, as JSON or
//! YAML. What the properties may be is known to `properties` alone; this module finds them in the
//! document, and gives each problem its line.

mod node;
mod report;
mod yaml;

pub use report::{CheckedResource, DocumentKind, Finding, Report};

use serde_json::{Map, Value};

use crate::properties::{Path, Problems, Source, Step, problems_of};
use node::Node;

/// The type that templates give the custom resource.
pub const RESOURCE_TYPE: &str = "Custom::EcsTask";

/// The type that any custom resource may have.
pub const GENERIC_RESOURCE_TYPE: &str = "AWS::CloudFormation::CustomResource";

/// Bytes of the largest document: those of the largest template (CloudFormation quotas, template
/// body in S3: 1 MB). Events are far smaller.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// Why a document cannot be checked, as the rest of a sentence that begins with its name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Larger than CloudFormation takes.
    #[error("it has {bytes} bytes; CloudFormation takes templates of at most {MAX_DOCUMENT_BYTES}")]
    TooLarge {
        /// Size of the document.
        bytes: usize,
    },
    /// Neither JSON nor YAML.
    #[error("line {line}: {problem}")]
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A map has a key twice.
    #[error(
        "line {line}: the key {} is given twice",
        crate::text::printable::echoed(key)
    )]
    DuplicateKey {
        /// Line of the second one, counted from 1.
        line: usize,
        /// The key, as the document has it.
        key: String,
    },
    /// Lists and maps are nested too deeply.
    #[error("it is nested more than {max} levels deep")]
    TooDeep {
        /// The greatest number of levels.
        max: usize,
    },
    /// Aliases repeat so many values that the document would not fit into memory.
    #[error("its anchors and aliases repeat more than {max} values")]
    TooManyCopies {
        /// The greatest number of repeated values.
        max: usize,
    },
    /// The document has no content.
    #[error("there is nothing in it")]
    Empty,
    /// Neither event nor template nor properties, but a value of this kind.
    #[error(
        "it is {0}; expected an event (with RequestType and ResourceProperties), a template (with Resources), or an object of properties"
    )]
    Unrecognised(&'static str),
}

/// Checks the properties of an event, the properties that `text` is, or those of all resources in a
/// template that have one of `resource_types`.
///
/// # Errors
/// When `text` cannot be checked. What is wrong with the properties is no error; the report has it.
pub fn check_document(text: &str, resource_types: &[&str]) -> Result<Report, DocumentError> {
    let document = Document::parse(text)?;
    let Value::Object(object) = &document.value else {
        return Err(DocumentError::Unrecognised(crate::properties::kind(
            &document.value,
        )));
    };
    let properties = object.get("ResourceProperties");
    if object.contains_key("RequestType") && properties.is_some() {
        let logical_id = object
            .get("LogicalResourceId")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let found = Found {
            logical_id,
            steps: vec![Step::Key("ResourceProperties".to_owned())],
            properties,
        };
        return Ok(document.report(DocumentKind::Event, &[found]));
    }
    if let Some(Value::Object(resources)) = object.get("Resources") {
        let mut search = Search {
            resource_types,
            found: Vec::new(),
            unchecked_types: Vec::new(),
        };
        search.look_through(resources, &[Step::Key("Resources".to_owned())]);
        let resource_types = resource_types.iter().map(ToString::to_string).collect();
        let report = document.report(DocumentKind::Template, &search.found);
        return Ok(Report {
            resource_types,
            unchecked_types: search.unchecked_types,
            ..report
        });
    }
    let found = Found {
        logical_id: None,
        steps: Vec::new(),
        properties: Some(&document.value),
    };
    Ok(document.report(DocumentKind::Properties, &[found]))
}

/// Reads a document as JSON, with the short forms of intrinsic functions as the long ones. Plain
/// numbers are text, as CloudFormation sends them on.
///
/// # Errors
/// When `text` is neither JSON nor YAML that CloudFormation would take.
pub fn read_document(text: &str) -> Result<Value, DocumentError> {
    Document::parse(text).map(|document| document.value)
}

struct Document {
    value: Value,
    /// The same document with the lines of its values, unless it is JSON that YAML does not take.
    lines: Option<Node>,
}

/// The properties of one resource, as the document has them.
struct Found<'d> {
    logical_id: Option<String>,
    /// The way to the properties in the document.
    steps: Vec<Step>,
    /// `None` for a resource of a template without `Properties`.
    properties: Option<&'d Value>,
}

impl Document {
    /// JSON is read by a JSON parser, since YAML reads some of its escapes differently; the YAML
    /// parser then only finds its lines.
    fn parse(text: &str) -> Result<Self, DocumentError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::TooLarge { bytes: text.len() });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Ok(value) = serde_json::from_str(text) {
            return Ok(Self {
                value,
                lines: yaml::load(text).ok(),
            });
        }
        let node = yaml::load(text)?;
        Ok(Self {
            value: node.to_value(),
            lines: Some(node),
        })
    }

    fn report(&self, kind: DocumentKind, found: &[Found<'_>]) -> Report {
        let resources = found.iter().map(|found| self.check(kind, found)).collect();
        Report {
            kind,
            resources,
            resource_types: Vec::new(),
            unchecked_types: Vec::new(),
        }
    }

    fn check(&self, kind: DocumentKind, found: &Found<'_>) -> CheckedResource {
        let none = Value::Object(Map::new());
        let properties = found.properties.unwrap_or(&none);
        let problems = match kind {
            DocumentKind::Event => problems_of(properties, Source::Event),
            DocumentKind::Properties => problems_of(properties, Source::Template),
            DocumentKind::Template => problems_in_template(properties),
        };
        let line = |steps: &[Step]| self.lines.as_ref().map(|lines| lines.line_at(steps));
        let findings = problems.listed().iter().map(|problem| Finding {
            path: problem.path.clone(),
            message: problem.message.clone(),
            line: line(&[found.steps.as_slice(), &problem.steps].concat()),
        });
        let resource = found
            .steps
            .split_last()
            .map_or(found.steps.as_slice(), |(_, resource)| resource);
        CheckedResource {
            logical_id: found.logical_id.clone(),
            line: line(resource),
            problems: findings.collect(),
            more_problems: problems.unlisted(),
        }
    }
}

/// A template must give a `ServiceToken` too. CloudFormation needs it to find the function, and the
/// properties of an event are right without it.
fn problems_in_template(properties: &Value) -> Problems {
    let mut problems = problems_of(properties, Source::Template);
    let lacks_token = properties.as_object().is_some_and(|properties| {
        !properties
            .keys()
            .any(|key| key == "ServiceToken" || crate::properties::is_function(key) || key == "Ref")
    });
    if lacks_token {
        problems.add(
            &Path::ROOT.key("ServiceToken"),
            "is missing; expected the ARN of the function that the task runner's stack exports",
        );
    }
    problems
}

/// The search of a template for custom resources.
struct Search<'s, 'd> {
    resource_types: &'s [&'s str],
    found: Vec<Found<'d>>,
    unchecked_types: Vec<String>,
}

impl<'d> Search<'_, 'd> {
    fn look_through(&mut self, resources: &'d Map<String, Value>, steps: &[Step]) {
        for (logical_id, resource) in resources {
            let steps = [steps, &[Step::Key(logical_id.clone())]].concat();
            if logical_id.starts_with("Fn::ForEach::") {
                // A loop's third argument holds the resources that it repeats.
                if let Some(Value::Object(repeated)) = resource.get(2) {
                    self.look_through(repeated, &[steps.as_slice(), &[Step::Index(2)]].concat());
                }
                continue;
            }
            let Some(resource_type) = resource.get("Type").and_then(Value::as_str) else {
                continue;
            };
            if self.resource_types.contains(&resource_type) {
                let properties = resource.get("Properties");
                let steps = [steps.as_slice(), &[Step::Key("Properties".to_owned())]].concat();
                self.found.push(Found {
                    logical_id: Some(logical_id.clone()),
                    steps,
                    properties,
                });
            } else if is_custom(resource_type)
                && !self
                    .unchecked_types
                    .iter()
                    .any(|known| known == resource_type)
            {
                self.unchecked_types.push(resource_type.to_owned());
            }
        }
    }
}

fn is_custom(resource_type: &str) -> bool {
    resource_type.starts_with("Custom::") || resource_type == GENERIC_RESOURCE_TYPE
}

#[cfg(test)]
mod tests;
