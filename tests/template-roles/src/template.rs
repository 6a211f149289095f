//! The template with its intrinsic functions resolved, for one account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use ecs_task_runner::check::read_document;
use serde_json::{Map, Value, json};
use stand_ins::{ACCOUNT, REGION, arn};

const TEMPLATE: &str = include_str!("../../../infra/task-runner.yaml");

/// `infra/task-runner.yaml` as JSON, unresolved.
///
/// # Panics
/// When it is no template.
pub fn template() -> &'static Value {
    static READ: OnceLock<Value> = OnceLock::new();
    READ.get_or_init(|| read_document(TEMPLATE).expect("infra/task-runner.yaml is a template"))
}

/// What the template refers to, with the values it has in one deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    parameters: BTreeMap<String, Value>,
    /// By logical id, or logical id and attribute.
    attributes: BTreeMap<String, String>,
}

impl Deployment {
    /// Names and lists of what may be used as the stand-ins' worlds have them. A fleet and the
    /// function `work` are both there, as while the one takes over from the other.
    #[must_use]
    pub fn new() -> Self {
        Self::with_defaults()
            .parameter("KeepWork", "true")
            .parameter("ClusterArns", &arn("ecs", "cluster/*"))
            .parameter("TaskDefinitionArns", &arn("ecs", "task-definition/*"))
            // A container may log to another region.
            .parameter(
                "TaskLogGroupArns",
                &format!("arn:aws:logs:*:{ACCOUNT}:log-group:*"),
            )
            .parameter(
                "TaskRoleArns",
                "arn:aws:iam::*:role/execution,arn:aws:iam::*:role/task",
            )
            .parameter("VolumeRoleArns", "arn:aws:iam::*:role/volumes")
    }

    /// As [`new`](Self::new), with the defaults of the template's parameters.
    #[must_use]
    pub fn with_defaults() -> Self {
        let mut parameters = BTreeMap::new();
        for (name, parameter) in members(&template()["Parameters"]) {
            let value = parameter
                .get("Default")
                .cloned()
                .unwrap_or_else(|| json!(format!("a-{name}")));
            let is_list = parameter["Type"] == "CommaDelimitedList";
            let value = if is_list {
                split(value.as_str().unwrap_or_default())
            } else {
                value
            };
            parameters.insert(name.clone(), value);
        }
        let deployment = Self {
            parameters,
            attributes: BTreeMap::new(),
        };
        deployment
            .state_machine(&arn("states", "stateMachine:ecs-task"))
            .attribute("Activity", &arn("states", "activity:ecs-task"))
    }

    /// The state machine's ARN.
    #[must_use]
    pub fn state_machine(self, arn: &str) -> Self {
        let name = arn.rsplit(':').next().unwrap_or(arn).to_owned();
        self.attribute("StateMachine", arn)
            .attribute("StateMachine.Name", &name)
    }

    /// The ARN of the key that seals response URLs.
    #[must_use]
    pub fn key(self, arn: &str) -> Self {
        self.attribute("ResponseUrlKey.Arn", arn)
    }

    /// A parameter's value; lists are separated by commas.
    ///
    /// # Panics
    /// When the template has no such parameter.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        let is_list = template()["Parameters"][name]["Type"] == "CommaDelimitedList";
        assert!(
            self.parameters
                .insert(
                    name.to_owned(),
                    if is_list { split(value) } else { json!(value) }
                )
                .is_some(),
            "no parameter {name}"
        );
        self
    }

    /// What `!Ref Id` or `!GetAtt Id.Attribute` gives.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A value of the template as CloudFormation sees it; `None` for `AWS::NoValue`.
    ///
    /// # Panics
    /// When it has a function that is not known here.
    #[must_use]
    pub fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Object(members) if members.len() == 1 => {
                let (name, argument) = members.iter().next()?;
                match &**name {
                    "Ref" => self.reference(argument.as_str()?),
                    "Fn::GetAtt" => {
                        let (resource, attribute) = argument.as_str()?.split_once('.')?;
                        Some(json!(self.attribute_of(resource, attribute)))
                    }
                    "Fn::Sub" => Some(json!(self.substitute(argument.as_str()?))),
                    "Fn::Join" => self.joined(value),
                    "Fn::Split" => {
                        let text = self.resolve(&argument[1])?;
                        Some(text.as_str()?.split(argument[0].as_str()?).collect())
                    }
                    "Fn::If" => self.resolve(
                        &argument[if self.condition(argument[0].as_str()?) {
                            1
                        } else {
                            2
                        }],
                    ),
                    other => {
                        assert!(!other.starts_with("Fn::"), "{other} is not known here");
                        Some(self.resolve_members(members))
                    }
                }
            }
            Value::Object(members) => Some(self.resolve_members(members)),
            Value::Array(items) => {
                Some(items.iter().filter_map(|item| self.resolve(item)).collect())
            }
            other => Some(other.clone()),
        }
    }

    fn resolve_members(&self, members: &Map<String, Value>) -> Value {
        let resolved = members
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)));
        Value::Object(resolved.collect())
    }

    fn reference(&self, name: &str) -> Option<Value> {
        match name {
            "AWS::NoValue" => None,
            "AWS::Partition" => Some(json!("aws")),
            "AWS::Region" => Some(json!(REGION)),
            "AWS::AccountId" => Some(json!(ACCOUNT)),
            "AWS::StackName" => Some(json!("task-runner")),
            name => {
                let given = self
                    .parameters
                    .get(name)
                    .cloned()
                    .or_else(|| self.attributes.get(name).map(|value| json!(value)));
                // Named as nothing else is, so that comparing two references compares what they
                // refer to.
                Some(given.unwrap_or_else(|| json!(format!("<{name}>"))))
            }
        }
    }

    fn attribute_of(&self, resource: &str, attribute: &str) -> String {
        let name = format!("{resource}.{attribute}");
        let by_type = || match (
            template()["Resources"][resource]["Type"].as_str(),
            attribute,
        ) {
            (Some("AWS::Lambda::Function"), "Arn") => {
                arn("lambda", &format!("function:{resource}"))
            }
            (Some("AWS::Logs::LogGroup"), "Arn") => arn("logs", &format!("log-group:{resource}:*")),
            (Some("AWS::KMS::Key"), "Arn") => arn("kms", &format!("key/{resource}")),
            (Some("AWS::SQS::Queue"), "Arn") => arn("sqs", resource),
            _ => format!("<{name}>"),
        };
        self.attributes.get(&name).cloned().unwrap_or_else(by_type)
    }

    fn substitute(&self, text: &str) -> String {
        let mut resolved = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').expect("a substitution ends");
            resolved += before;
            resolved += &match name.split_once('.') {
                Some((resource, attribute)) => self.attribute_of(resource, attribute),
                None => self
                    .reference(name)
                    .and_then(|value| value.as_str().map(str::to_owned))
                    .expect("a substitution is text"),
            };
            rest = after;
        }
        resolved + rest
    }

    /// Whether a resource is there, by its condition.
    #[must_use]
    pub fn has(&self, resource: &Value) -> bool {
        resource["Condition"]
            .as_str()
            .is_none_or(|condition| self.condition(condition))
    }

    fn condition(&self, name: &str) -> bool {
        self.holds(&template()["Conditions"][name])
    }

    fn holds(&self, condition: &Value) -> bool {
        let (name, argument) = condition
            .as_object()
            .and_then(|members| members.iter().next())
            .expect("a condition is a function");
        match &**name {
            "Condition" => self.condition(argument.as_str().expect("a condition has a name")),
            "Fn::Not" => !self.holds(&argument[0]),
            "Fn::And" => argument
                .as_array()
                .into_iter()
                .flatten()
                .all(|one| self.holds(one)),
            "Fn::Or" => argument
                .as_array()
                .into_iter()
                .flatten()
                .any(|one| self.holds(one)),
            "Fn::Equals" => self.joined(&argument[0]) == self.joined(&argument[1]),
            other => panic!("the condition {other} is not known here"),
        }
    }

    /// Text, or `Fn::Join` of a list parameter: how a condition looks at a list.
    fn joined(&self, value: &Value) -> Option<Value> {
        let Some(join) = value.get("Fn::Join") else {
            return self.resolve(value);
        };
        let list = self.resolve(&join[1])?;
        let parts: Vec<_> = list.as_array()?.iter().filter_map(Value::as_str).collect();
        Some(json!(parts.join(join[0].as_str()?)))
    }
}

impl Default for Deployment {
    fn default() -> Self {
        Self::new()
    }
}

/// The resources of a type by logical id.
pub fn resources(of_type: &str) -> impl Iterator<Item = (&'static String, &'static Value)> {
    members(&template()["Resources"]).filter(move |(_, resource)| resource["Type"] == of_type)
}

/// The logical ids that a value refers to.
#[must_use]
pub fn referred(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, argument)| match &**name {
                "Ref" if argument == "AWS::NoValue" => BTreeSet::new(),
                "Ref" => BTreeSet::from([argument.as_str().unwrap_or_default().to_owned()]),
                "Fn::GetAtt" => {
                    let attribute = argument.as_str().unwrap_or_default();
                    let (resource, _) = attribute.split_once('.').unwrap_or_default();
                    BTreeSet::from([resource.to_owned()])
                }
                _ => referred(argument),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(referred).collect(),
        _ => BTreeSet::new(),
    }
}

fn members(value: &'static Value) -> impl Iterator<Item = (&'static String, &'static Value)> {
    value.as_object().into_iter().flatten()
}

/// As CloudFormation splits a `CommaDelimitedList`; the empty text is one empty item.
fn split(text: &str) -> Value {
    text.split(',').map(str::trim).collect()
}
