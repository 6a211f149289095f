//! What IAM is asked before a call is served: which actions on which resources, under which
//! condition keys. Who decides is up to the test; without anybody to decide, every call is allowed.
//!
//! Which resource and which keys an action has is in the Service Authorization Reference.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::StandIns;
use crate::dispatch::{Answer, Request};
use crate::identifiers::{ACCOUNT, REGION, arn};
use crate::lock::Lock;
use crate::protocol::{AwsError, Service};

/// One question to IAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// As in `ecs:RunTask`.
    pub action: String,
    /// An ARN, or `*` for an action without resources.
    pub resource: String,
    /// The service's own condition keys with their values.
    pub context: Vec<(&'static str, String)>,
}

/// Who decides: given an access key id and a question.
#[derive(Clone)]
pub(crate) struct Authorizer(Arc<Decide>);

type Decide = dyn Fn(&str, &Authorization) -> bool + Send + Sync;

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorizer")
    }
}

impl Authorization {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: Vec::new(),
        }
    }

    fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.context.push((key, value.into()));
        self
    }
}

impl StandIns {
    /// Asks `decide` for the access key id of every signed call, from now on, and refuses what it
    /// does not allow, as IAM does. It is asked when a call is served: not for one that a fault
    /// keeps from its service.
    pub fn authorize_with(
        &self,
        decide: impl Fn(&str, &Authorization) -> bool + Send + Sync + 'static,
    ) {
        *self.inner.authorizer.locked() = Some(Authorizer(Arc::new(decide)));
    }

    /// Asks for everything that the call itself tells.
    pub(crate) async fn authorize(
        &self,
        service: Service,
        operation: &str,
        body: &Value,
        request: &Request,
    ) -> Result<(), AwsError> {
        let authorizer = self.inner.authorizer.locked().clone();
        let (Some(authorizer), Some(key)) = (authorizer, request.access_key()) else {
            return Ok(());
        };
        let questions = match service {
            Service::Ecs => self.of_ecs(operation, body, request).await,
            Service::Sfn => self.of_sfn(operation, body),
            Service::Logs => of_logs(operation, body, request),
            Service::Kms => of_kms(operation, body),
            Service::CloudFormation => of_cloudformation(operation, body),
            // A presigned URL asks nobody.
            Service::S3 => return Ok(()),
        };
        authorizer.check(service, key, &questions)
    }

    /// Asks for what only the answer tells: Decrypt finds its key in the ciphertext.
    pub(crate) fn authorize_answer(
        &self,
        service: Service,
        operation: &str,
        request: &Request,
        answer: &Answer,
    ) -> Result<(), AwsError> {
        if (service, operation) != (Service::Kms, "Decrypt") {
            return Ok(());
        }
        let authorizer = self.inner.authorizer.locked().clone();
        let (Some(authorizer), Some(key)) = (authorizer, request.access_key()) else {
            return Ok(());
        };
        let key_arn = match answer {
            Answer::Members(members) => members["KeyId"].as_str().map(str::to_owned),
            Answer::Passed(reply) => {
                let members: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
                members["KeyId"].as_str().map(str::to_owned)
            }
        };
        let questions: Vec<_> = key_arn
            .map(|key| Authorization::new("kms:Decrypt", in_account("kms", "key", &key)))
            .into_iter()
            .collect();
        authorizer.check(service, key, &questions)
    }

    async fn of_ecs(&self, operation: &str, body: &Value, request: &Request) -> Vec<Authorization> {
        let action = format!("ecs:{operation}");
        let cluster = text(body, "cluster").unwrap_or("default");
        let name = last(cluster);
        let of_cluster = |resource: String| {
            Authorization::new(&*action, resource)
                .with("ecs:cluster", in_account("ecs", "cluster", cluster))
        };
        match operation {
            "RunTask" | "StartTask" => self.of_launch(operation, of_cluster, body, request).await,
            "StopTask" => vec![of_cluster(arn(
                "ecs",
                &format!(
                    "task/{name}/{}",
                    last(text(body, "task").unwrap_or_default())
                ),
            ))],
            // All of one cluster: what holds for the first holds for all.
            "DescribeTasks" => items(body, "tasks")
                .take(1)
                .map(|task| of_cluster(arn("ecs", &format!("task/{name}/{}", last(task)))))
                .collect(),
            "DescribeServices" => items(body, "services")
                .take(1)
                .map(|service| of_cluster(arn("ecs", &format!("service/{name}/{}", last(service)))))
                .collect(),
            "ListTasks" => {
                let instance = text(body, "containerInstance");
                let instance = instance.map(|instance| {
                    arn(
                        "ecs",
                        &format!("container-instance/{name}/{}", last(instance)),
                    )
                });
                vec![of_cluster(instance.unwrap_or_else(|| "*".to_owned()))]
            }
            _ => vec![Authorization::new(action, "*")],
        }
    }

    /// A launch passes roles on and may tag its tasks, which IAM is asked about as well.
    async fn of_launch(
        &self,
        operation: &str,
        of_cluster: impl Fn(String) -> Authorization,
        body: &Value,
        request: &Request,
    ) -> Vec<Authorization> {
        let name = text(body, "taskDefinition").unwrap_or_default();
        let definition = self
            .ecs()
            .find_task_definition(name, &request.headers)
            .await
            .ok()
            .flatten();
        let resource = definition.as_ref().map_or_else(
            || in_account("ecs", "task-definition", name),
            |definition| definition.arn.clone(),
        );
        let mut questions = vec![of_cluster(resource)];

        let overrides = &body["overrides"];
        for member in ["taskRoleArn", "executionRoleArn"] {
            let defined = definition
                .as_ref()
                .and_then(|definition| text(&definition.described, member));
            if let Some(role) = text(overrides, member).or(defined) {
                questions.push(
                    Authorization::new("iam:PassRole", role)
                        .with("iam:PassedToService", "ecs-tasks.amazonaws.com"),
                );
            }
        }
        let volumes = body["volumeConfigurations"]
            .as_array()
            .into_iter()
            .flatten();
        for role in volumes.filter_map(|volume| text(&volume["managedEBSVolume"], "roleArn")) {
            questions.push(
                Authorization::new("iam:PassRole", role)
                    .with("iam:PassedToService", "ecs.amazonaws.com"),
            );
        }
        let tagged = body["tags"].as_array().is_some_and(|tags| !tags.is_empty());
        let propagated = text(body, "propagateTags").is_some_and(|from| from != "NONE");
        if tagged || propagated || body["enableECSManagedTags"] == true {
            let task = arn(
                "ecs",
                &format!(
                    "task/{}/*",
                    last(text(body, "cluster").unwrap_or("default"))
                ),
            );
            questions.push(
                Authorization::new("ecs:TagResource", task).with("ecs:CreateAction", operation),
            );
        }
        questions
    }

    fn of_sfn(&self, operation: &str, body: &Value) -> Vec<Authorization> {
        let action = format!("states:{operation}");
        let resource = match operation {
            "GetActivityTask" | "DescribeActivity" => text(body, "activityArn").map(str::to_owned),
            // A token that is worth nothing any more is of no activity: the call comes to nothing
            // whoever makes it.
            "SendTaskHeartbeat" | "SendTaskSuccess" | "SendTaskFailure" => {
                match self.sfn().activity_of_token(body) {
                    Some(activity) => Some(activity),
                    None => return Vec::new(),
                }
            }
            "StartExecution" | "ListExecutions" => text(body, "stateMachineArn").map(str::to_owned),
            "DescribeExecution" | "GetExecutionHistory" | "StopExecution" => {
                text(body, "executionArn").map(str::to_owned)
            }
            _ => None,
        };
        vec![Authorization::new(
            action,
            resource.unwrap_or_else(|| "*".to_owned()),
        )]
    }
}

impl Authorizer {
    fn check(
        &self,
        service: Service,
        key: &str,
        questions: &[Authorization],
    ) -> Result<(), AwsError> {
        // Asked for all, also when one is refused: whoever records the questions hears them all.
        let refused: Vec<_> = questions
            .iter()
            .filter(|question| !(self.0)(key, question))
            .collect();
        refused.first().map_or(Ok(()), |question| {
            Err(AwsError::not_authorized(
                service,
                key,
                &question.action,
                &question.resource,
            ))
        })
    }
}

/// The region is the one that the call was signed for: logs may be elsewhere than their tasks.
fn of_logs(operation: &str, body: &Value, request: &Request) -> Vec<Authorization> {
    let (group, stream) = (
        text(body, "logGroupName").unwrap_or_default(),
        text(body, "logStreamName").unwrap_or_default(),
    );
    let region = request.signing_region().unwrap_or(REGION);
    let resource = format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:{stream}");
    vec![Authorization::new(format!("logs:{operation}"), resource)]
}

fn of_kms(operation: &str, body: &Value) -> Vec<Authorization> {
    match text(body, "KeyId") {
        _ if operation == "Decrypt" => Vec::new(),
        Some(key) => vec![Authorization::new(
            format!("kms:{operation}"),
            in_account("kms", "key", key),
        )],
        None => vec![Authorization::new(format!("kms:{operation}"), "*")],
    }
}

fn of_cloudformation(operation: &str, body: &Value) -> Vec<Authorization> {
    let stack = text(body, "StackName").map(|stack| {
        if stack.starts_with("arn:") {
            stack.to_owned()
        } else {
            arn("cloudformation", &format!("stack/{stack}/*"))
        }
    });
    vec![Authorization::new(
        format!("cloudformation:{operation}"),
        stack.unwrap_or_else(|| "*".to_owned()),
    )]
}

/// The ARN of what is given by ARN or name.
fn in_account(service: &str, kind: &str, name: &str) -> String {
    if name.starts_with("arn:") {
        name.to_owned()
    } else {
        arn(service, &format!("{kind}/{name}"))
    }
}

fn text<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member).and_then(Value::as_str)
}

fn items<'a>(body: &'a Value, member: &str) -> impl Iterator<Item = &'a str> {
    body[member]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
