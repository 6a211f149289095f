//! Task definitions: RegisterTaskDefinition, DescribeTaskDefinition, DeregisterTaskDefinition, and
//! how the other operations find one by family, `family:revision` or ARN.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::Ecs;
use super::request::{client_exception, invalid_parameter, list, string};
use crate::aws_error::AwsError;
use crate::identifiers::arn;
use crate::lock::Lock;

/// SIGTERM to SIGKILL where the container definition has no `stopTimeout` (ECS agent's default).
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// One revision of a task definition.
#[derive(Clone, Debug)]
pub(crate) struct TaskDefinition {
    pub(crate) arn: String,
    pub(crate) family: String,
    pub(crate) containers: Vec<ContainerDefinition>,
    /// `taskDefinition` as DescribeTaskDefinition shows it.
    pub(crate) described: Value,
    /// For a launch, what the endpoint behind has for a `valueFrom` of its containers' secrets.
    pub(crate) secrets: BTreeMap<String, String>,
}

/// What the stand-in needs of a container definition.
#[derive(Clone, Debug)]
pub(crate) struct ContainerDefinition {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) essential: bool,
    pub(crate) stop_timeout: Duration,
    /// Log group and stream prefix, with the awslogs driver.
    pub(crate) awslogs: Option<(String, String)>,
}

impl TaskDefinition {
    /// Reads a `taskDefinition` that has its ARN.
    pub(crate) fn from_described(described: Value) -> Option<Self> {
        let arn = described["taskDefinitionArn"].as_str()?.to_owned();
        let family = described["family"].as_str()?.to_owned();
        let containers = described["containerDefinitions"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .map(ContainerDefinition::read)
            .collect();
        Some(Self {
            arn,
            family,
            containers,
            described,
            secrets: BTreeMap::new(),
        })
    }

    pub(crate) fn is_active(&self) -> bool {
        self.described["status"] != "INACTIVE"
    }

    pub(crate) fn uses_awsvpc(&self) -> bool {
        self.described["networkMode"] == "awsvpc"
    }
}

impl ContainerDefinition {
    fn read(definition: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let log = &definition["logConfiguration"];
        let options = &log["options"];
        let awslogs = (log["logDriver"] == "awslogs").then(|| {
            (
                text(&options["awslogs-group"]),
                text(&options["awslogs-stream-prefix"]),
            )
        });
        Self {
            name: text(&definition["name"]),
            image: text(&definition["image"]),
            essential: definition["essential"].as_bool().unwrap_or(true),
            stop_timeout: definition["stopTimeout"]
                .as_u64()
                .map_or(STOP_TIMEOUT, Duration::from_secs),
            awslogs,
        }
    }
}

impl Ecs {
    /// Registers a task definition from the members of a RegisterTaskDefinition request.
    ///
    /// # Panics
    /// When ECS would refuse the request.
    pub fn register(&self, task_definition: &Value) -> String {
        let answer = self
            .register_task_definition(task_definition)
            .expect("a task definition of a test is one that ECS accepts");
        string(&answer["taskDefinition"], "taskDefinitionArn")
            .expect("a registered task definition has its ARN")
            .to_owned()
    }

    /// Registers a task definition with these containers, all of them essential, which log with
    /// awslogs to the group `/ecs/{family}` under the prefix `ecs`. Answers its ARN.
    pub fn register_family(&self, family: &str, containers: &[&str]) -> String {
        let containers: Vec<_> = containers
            .iter()
            .map(|name| {
                json!({
                    "name": name,
                    "image": format!("{family}:latest"),
                    "essential": true,
                    "logConfiguration": {"logDriver": "awslogs", "options": {
                        "awslogs-group": format!("/ecs/{family}"),
                        "awslogs-region": crate::identifiers::REGION,
                        "awslogs-stream-prefix": "ecs",
                    }},
                })
            })
            .collect();
        self.register(&json!({"family": family, "containerDefinitions": containers}))
    }

    pub(super) fn register_task_definition(&self, body: &Value) -> Result<Value, AwsError> {
        let family = string(body, "family")
            .filter(|family| !family.is_empty())
            .ok_or_else(|| invalid_parameter("Family should not be null or empty."))?;
        if list(body, "containerDefinitions").is_empty() {
            return Err(client_exception("Container list cannot be empty."));
        }
        let mut state = self.inner.state.locked();
        let revisions = state.task_definitions.entry(family.to_owned()).or_default();
        let revision = revisions.len() + 1;
        let mut described = body.clone();
        let tags = described
            .as_object_mut()
            .and_then(|members| members.remove("tags"))
            .unwrap_or_else(|| json!([]));
        described["taskDefinitionArn"] =
            arn("ecs", &format!("task-definition/{family}:{revision}")).into();
        described["revision"] = revision.into();
        described["status"] = "ACTIVE".into();
        for container in described["containerDefinitions"]
            .as_array_mut()
            .into_iter()
            .flatten()
        {
            if container.get("essential").is_none() {
                container["essential"] = true.into();
            }
        }
        let definition = TaskDefinition::from_described(described)
            .ok_or_else(|| client_exception("The task definition cannot be read."))?;
        let answer = json!({"taskDefinition": definition.described, "tags": tags});
        revisions.push(Arc::new(definition));
        Ok(answer)
    }

    pub(super) async fn describe_task_definition(
        &self,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        let name = string(body, "taskDefinition").unwrap_or_default();
        let definition = self
            .find_task_definition(name, headers)
            .await?
            .ok_or_else(|| client_exception("Unable to describe task definition."))?;
        Ok(json!({"taskDefinition": definition.described, "tags": []}))
    }

    pub(super) fn deregister_task_definition(&self, body: &Value) -> Result<Value, AwsError> {
        let name = string(body, "taskDefinition").unwrap_or_default();
        let unknown = || client_exception("The specified task definition does not exist.");
        let mut state = self.inner.state.locked();
        let (family, revision) = family_and_revision(name).ok_or_else(unknown)?;
        let revisions = state.task_definitions.get_mut(family).ok_or_else(unknown)?;
        let index = revision
            .and_then(|revision| revision.checked_sub(1))
            .filter(|index| *index < revisions.len())
            .ok_or_else(unknown)?;
        let mut described = revisions[index].described.clone();
        described["status"] = "INACTIVE".into();
        let answer = json!({"taskDefinition": described});
        let inactive = TaskDefinition::from_described(described).ok_or_else(unknown)?;
        revisions[index] = Arc::new(inactive);
        Ok(answer)
    }

    /// The task definition of this family (its latest active revision), `family:revision` or ARN.
    pub(crate) async fn find_task_definition(
        &self,
        name: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<TaskDefinition>>, AwsError> {
        if let Some(registered) = self.find_registered(name) {
            return Ok(Some(registered));
        }
        self.find_behind(name, headers).await
    }

    fn find_registered(&self, name: &str) -> Option<Arc<TaskDefinition>> {
        let (family, revision) = family_and_revision(name)?;
        let state = self.inner.state.locked();
        let revisions = state.task_definitions.get(family)?;
        match revision {
            Some(revision) => revisions.get(revision.checked_sub(1)?).cloned(),
            None => revisions
                .iter()
                .rev()
                .find(|definition| definition.is_active())
                .cloned(),
        }
    }
}

/// Splits `family`, `family:revision` or an ARN of it.
pub(super) fn family_and_revision(name: &str) -> Option<(&str, Option<usize>)> {
    let name = name.rsplit('/').next()?;
    match name.split_once(':') {
        None => Some((name, None)),
        Some((family, revision)) => Some((family, Some(revision.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_definition_is_named_by_family_revision_or_arn() {
        for (name, expected) in [
            ("migrate", Some(("migrate", None))),
            ("migrate:3", Some(("migrate", Some(3)))),
            (
                "arn:aws:ecs:us-east-1:000000000000:task-definition/migrate:12",
                Some(("migrate", Some(12))),
            ),
            ("migrate:latest", None),
        ] {
            assert_eq!(family_and_revision(name), expected, "{name}");
        }
    }
}
