//! Runs that the lifecycle hook of a deployment has started.

use serde_json::json;

use super::histories::{History, arn, execution, time};
use crate::execution::status::{Execution, ExecutionStatus};
use crate::explain::{DeploymentSummary, Explainer};

const DEPLOYMENT: &str =
    "arn:aws:ecs:eu-west-1:123456789012:service-deployment/production/web/r9i43YFjvgF_xlg7m2eJ1r";

fn of_hook() -> Execution {
    let requested = execution("Create", ExecutionStatus::Running);
    let mut input: serde_json::Value = serde_json::from_str(&requested.input).unwrap();
    input.as_object_mut().unwrap().remove("request");
    input["deployment"] = json!({"arn": DEPLOYMENT, "stage": "PRE_SCALE_UP",
        "service": "arn:aws:ecs:eu-west-1:123456789012:service/production/web"});
    Execution {
        input: input.to_string(),
        ..requested
    }
}

#[test]
fn the_deployment_is_named_with_its_service_and_stage() {
    let explanation = Explainer::new(arn(), of_hook())
        .unwrap()
        .explain(time(1_000));
    let text = explanation.to_string();
    for part in [
        &format!(
            "Hook of a deployment of service web, at PRE_SCALE_UP\nDeployment {DEPLOYMENT}\nExecution  "
        ),
        "started by the hook of a deployment\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains("CloudFormation"), "{text}");
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(
        json["deployment"],
        json!({"arn": DEPLOYMENT, "service": "web", "stage": "PRE_SCALE_UP"})
    );
    assert_eq!(json["request"], json!(null));
    assert_eq!(json["steps"][0]["event"], "startedByHook");
}

#[test]
fn other_inputs_name_no_deployment() {
    assert!(DeploymentSummary::of_input(&of_hook().input).is_some());
    for input in [
        "",
        "[]",
        "{}",
        r#"{"deployment": {}}"#,
        r#"{"deployment": "web"}"#,
    ] {
        assert_eq!(DeploymentSummary::of_input(input), None, "{input}");
    }
    let requested = History::of("Create").explain(ExecutionStatus::Running);
    let json = serde_json::to_value(&requested).unwrap();
    assert!(json.get("deployment").is_none(), "{json}");
}
