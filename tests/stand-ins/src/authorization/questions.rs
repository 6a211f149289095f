//! What IAM is asked about each operation: its resources and condition keys, as in the Service
//! Authorization Reference.

use serde_json::Value;

use super::Authorization;
use crate::StandIns;
use crate::dispatch::Request;
use crate::identifiers::{ACCOUNT, REGION, arn};

impl StandIns {
    pub(super) async fn of_ecs(
        &self,
        operation: &str,
        body: &Value,
        request: &Request,
    ) -> Vec<Authorization> {
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
            // About the service, and about its revision or deployment
            // (`…:service-revision/cluster/service/id`).
            "DescribeServiceRevisions" => of_service_parts(&action, body, "serviceRevisionArns"),
            "DescribeServiceDeployments" => {
                of_service_parts(&action, body, "serviceDeploymentArns")
            }
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

    pub(super) fn of_sfn(&self, operation: &str, body: &Value) -> Vec<Authorization> {
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

/// Each of the ARNs, and its service. Of a text that is no such ARN, IAM is asked as it stands.
fn of_service_parts(action: &str, body: &Value, member: &str) -> Vec<Authorization> {
    items(body, member)
        .flat_map(|part| {
            let mut names = part.rsplit('/');
            let (_, service, cluster) = (
                names.next(),
                names.next().unwrap_or_default(),
                names.next().unwrap_or_default(),
            );
            [
                part.to_owned(),
                arn("ecs", &format!("service/{cluster}/{service}")),
            ]
            .map(|resource| {
                Authorization::new(action, resource)
                    .with("ecs:cluster", arn("ecs", &format!("cluster/{cluster}")))
            })
        })
        .collect()
}

/// The region is the one that the call was signed for: logs may be elsewhere than their tasks.
pub(super) fn of_logs(operation: &str, body: &Value, request: &Request) -> Vec<Authorization> {
    let (group, stream) = (
        text(body, "logGroupName").unwrap_or_default(),
        text(body, "logStreamName").unwrap_or_default(),
    );
    let region = request.signing_region().unwrap_or(REGION);
    let resource = format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:{stream}");
    vec![Authorization::new(format!("logs:{operation}"), resource)]
}

pub(super) fn of_kms(operation: &str, body: &Value) -> Vec<Authorization> {
    match text(body, "KeyId") {
        _ if operation == "Decrypt" => Vec::new(),
        Some(key) => vec![Authorization::new(
            format!("kms:{operation}"),
            in_account("kms", "key", key),
        )],
        None => vec![Authorization::new(format!("kms:{operation}"), "*")],
    }
}

pub(super) fn of_cloudformation(operation: &str, body: &Value) -> Vec<Authorization> {
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
pub(super) fn in_account(service: &str, kind: &str, name: &str) -> String {
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
