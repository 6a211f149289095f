//! Whether a resource that is not of the task runner's type was probably meant to be: a template
//! whose tasks are all of a misspelt type must not pass as one in which there is nothing to check.

use serde_json::{Map, Value};

use crate::cloudformation::stack::is_custom;
use crate::properties::is_spelling_of;

/// Names that are the task runner's in other spellings, as small letters and digits.
const NAMES: [&str; 3] = ["ecstask", "ecstasks", "ecstaskrunner"];
/// Its type, as small letters and digits.
const TYPE: &str = "customecstask";
/// Longest name that is compared with these.
const MAX_COMPARED: usize = 40;

/// Properties that only something that runs tasks has beside `TaskDefinition`.
const OURS: [&str; 5] = [
    "cluster",
    "overrides",
    "networkConfiguration",
    "networkFrom",
    "launchType",
];
/// Properties of resources that change services.
const OF_SERVICES: [&str; 4] = ["service", "serviceName", "serviceArn", "desiredCount"];

/// Whether a resource looks like one of the task runner, by its type, its service token or its
/// properties.
pub(super) fn is_similar(resource_type: &str, properties: Option<&Value>) -> bool {
    if resource_type.len() > MAX_COMPARED && !is_custom(resource_type) {
        return false;
    }
    if is_near(&letters(resource_type), TYPE) {
        return true;
    }
    if !is_custom(resource_type) {
        return false;
    }
    let name = letters(resource_type.strip_prefix("Custom::").unwrap_or_default());
    if NAMES.iter().any(|ours| is_near(&name, ours)) {
        return true;
    }
    if let Some(properties) = properties.and_then(Value::as_object) {
        return has_our_token(properties) || runs_tasks(properties);
    }
    let is_of_tasks = name.contains("task") && !name.contains("taskdef");
    is_of_tasks && (name.contains("ecs") || name.contains("fargate"))
}

fn letters(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether at most one letter differs.
fn is_near(name: &str, ours: &str) -> bool {
    name.len() <= MAX_COMPARED && strsim::osa_distance(name, ours) <= 1
}

/// Whether the service token is that of a stack with the name that the guide gives it.
fn has_our_token(properties: &Map<String, Value>) -> bool {
    fn names_us(value: &Value) -> bool {
        match value {
            Value::String(text) => {
                let text = letters(text);
                text.contains("ecstaskrunner") || text.contains("taskrunnerservicetoken")
            }
            Value::Array(items) => items.iter().any(names_us),
            Value::Object(members) => members.values().any(names_us),
            _ => false,
        }
    }
    properties.get("ServiceToken").is_some_and(names_us)
}

/// Whether these are properties for running a task.
fn runs_tasks(properties: &Map<String, Value>) -> bool {
    let has = |name: &str| properties.keys().any(|key| is_spelling_of(key, name));
    let names_a_task = has("taskDefinition") || has("taskDefinitionArn");
    names_a_task && OURS.iter().any(|name| has(name)) && !OF_SERVICES.iter().any(|name| has(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_looks_like_the_task_runner_s_is_told_from_other_resources() {
        let run = json!({"ServiceToken": "x", "Cluster": "c", "TaskDefinition": "t"});
        let camel_case = json!({"ServiceToken": "x", "taskDefinition": "t", "overrides": {}});
        let deployment = json!({"Cluster": "c", "Service": "s", "TaskDefinition": "t"});
        let token = json!({"ServiceToken": {"Fn::ImportValue": "ecs-task-runner-ServiceToken"}});
        let other = json!({"ServiceToken": "x", "Cluster": "c"});
        for (resource_type, properties, is_one) in [
            ("Custom::ECSTask", None, true),
            ("Custom::ECSTask", Some(&other), true),
            ("Custom::EcsTaskRunner", Some(&other), true),
            ("Custom::Ecs_Task", Some(&other), true),
            ("Custom::EscTask", Some(&other), true),
            ("custom::EcsTask", Some(&other), true),
            ("Custom:EcsTask", None, true),
            ("Custom::RunFargateTask", None, true),
            ("Custom::RunFargateTask", Some(&run), true),
            ("Custom::Migration", Some(&run), true),
            ("Custom::Migration", Some(&camel_case), true),
            ("Custom::Migration", Some(&token), true),
            ("AWS::CloudFormation::CustomResource", Some(&run), true),
            ("Custom::Migration", Some(&other), false),
            ("Custom::Migration", None, false),
            ("Custom::DmsTask", None, false),
            ("Custom::EcsTaskDefinition", None, false),
            ("Custom::StopEcsTasks", Some(&other), false),
            ("Custom::Deploy", Some(&deployment), false),
            ("AWS::CloudFormation::CustomResource", Some(&other), false),
            ("AWS::ECS::TaskSet", Some(&run), false),
            ("AWS::ECS::TaskDefinition", None, false),
        ] {
            let properties_shown = properties.map(ToString::to_string);
            assert_eq!(
                is_similar(resource_type, properties),
                is_one,
                "{resource_type} {properties_shown:?}"
            );
        }
    }
}
