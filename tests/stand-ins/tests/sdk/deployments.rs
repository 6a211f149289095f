//! Deployments of services that call the function of a lifecycle hook.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{
    DeploymentLifecycleHookStatus, ServiceDeployment, ServiceDeploymentStatus,
    StopServiceDeploymentStopType,
};
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::ecs::{Deployment, Hook, PayloadForm};
use tokio::time::{Instant, sleep};

use super::ecs;

const SECOND: Duration = Duration::from_secs(1);
const PRE_SCALE_UP: &[&str] = &["PRE_SCALE_UP"];

fn revision(aws: &StandIns, family: &str) -> String {
    aws.ecs().service_revision(
        "main",
        "todo",
        &json!({"taskDefinition": family, "launchType": "FARGATE"}),
    )
}

/// A second deployment of a service.
fn deploy(aws: &StandIns, hook: Hook) -> Arc<Deployment> {
    let source = revision(aws, "web:1");
    let target = revision(aws, "web:2");
    aws.ecs().deploy(&target, Some(&source), hook)
}

/// A hook whose function always gives this reply.
fn hook(stages: &[&str], reply: Result<Value, String>) -> Hook {
    Hook::new(stages, json!({"Command": "migrate"}), move |_| {
        ready(reply.clone())
    })
}

async fn described(aws: &StandIns, deployment: &Deployment) -> ServiceDeployment {
    let answer = ecs(aws)
        .describe_service_deployments()
        .service_deployment_arns(deployment.arn())
        .send()
        .await
        .unwrap();
    answer.service_deployments()[0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_revision_shows_what_it_was_registered_with() {
    let aws = StandIns::new();
    let known = revision(&aws, "web:1");
    let answer = ecs(&aws)
        .describe_service_revisions()
        .service_revision_arns(&known)
        .service_revision_arns(format!("{known}0"))
        .send()
        .await
        .unwrap();
    let shown = &answer.service_revisions()[0];
    assert_eq!(shown.service_revision_arn(), Some(&*known));
    assert_eq!(shown.task_definition(), Some("web:1"));
    assert_eq!(
        shown.cluster_arn(),
        Some("arn:aws:ecs:us-east-1:000000000000:cluster/main")
    );
    assert!(shown.created_at().is_some());
    assert_eq!(answer.failures()[0].reason(), Some("MISSING"));
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_asked_until_it_ends_and_gets_back_what_it_returned() {
    let aws = StandIns::new();
    let function = |payload: Value| async move {
        let asked = payload["hookDetails"]["Asked"].as_u64().unwrap_or(0) + 1;
        Ok(match asked {
            1 => json!({"hookStatus": "IN_PROGRESS", "callBackDelay": 5,
                "hookDetails": {"Asked": asked}}),
            2 => json!({"hookStatus": "IN_PROGRESS", "hookDetails": {"Asked": asked}}),
            _ => json!({"hookStatus": "SUCCEEDED"}),
        })
    };
    let details = json!({"Command": "migrate"});
    let deployment = deploy(&aws, Hook::new(PRE_SCALE_UP, details, function));
    assert_eq!(deployment.status(), "PENDING");
    assert_eq!(deployment.end().await, "SUCCESSFUL");
    let calls = deployment.calls();
    let at = |call: usize| calls[call].at.as_secs() - calls[0].at.as_secs();
    assert_eq!((at(1), at(2)), (5, 35));
    let first = &calls[0].payload;
    assert_eq!(first["hookDetails"], json!({"Command": "migrate"}));
    assert_eq!(first["lifecycleStage"], "PRE_SCALE_UP");
    assert_eq!(first["resourceArn"], deployment.arn());
    assert_eq!(first["executionDetails"]["testTrafficWeights"], json!({}));
    let last = &calls[2].payload;
    assert_eq!(
        last["hookDetails"],
        json!({"Command": "migrate", "Asked": 2})
    );
    assert_eq!(last["executionId"], first["executionId"]);
    let shown = described(&aws, &deployment).await;
    assert_eq!(shown.status(), Some(&ServiceDeploymentStatus::Successful));
    assert_eq!(
        shown.lifecycle_hook_details()[0].status(),
        Some(&DeploymentLifecycleHookStatus::Succeeded)
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_is_no_valid_reply_rolls_the_deployment_back() {
    for reply in [
        Ok(json!({"hookStatus": "FAILED"})),
        Ok(json!({"hookStatus": "DONE"})),
        Ok(json!({})),
        Ok(json!(null)),
        Err("Runtime.ExitError".to_owned()),
    ] {
        let aws = StandIns::new();
        let deployment = deploy(&aws, hook(PRE_SCALE_UP, reply.clone()));
        assert_eq!(deployment.end().await, "ROLLBACK_SUCCESSFUL", "{reply:?}");
        assert_eq!(deployment.calls().len(), 1, "{reply:?}");
        let shown = described(&aws, &deployment).await;
        assert_eq!(
            shown.status_reason(),
            Some("hook execution failure(s) detected")
        );
        assert!(shown.rollback().unwrap().service_revision_arn().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_rolls_the_deployment_back() {
    let aws = StandIns::new();
    let panics = Hook::new(PRE_SCALE_UP, json!({}), |_| async { panic!("a defect") });
    assert_eq!(deploy(&aws, panics).end().await, "ROLLBACK_SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_calls_the_hooks_of_traffic_once_more_with_no_weight_for_the_target() {
    let aws = StandIns::new();
    let function = |payload: Value| async move {
        let is_late = payload["lifecycleStage"] == "POST_PRODUCTION_TRAFFIC_SHIFT";
        let status = if is_late { "FAILED" } else { "SUCCEEDED" };
        Ok(json!({"hookStatus": status}))
    };
    let stages = [
        "PRE_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
    ];
    let deployment = deploy(&aws, Hook::new(&stages, Value::Null, function));
    assert_eq!(deployment.end().await, "ROLLBACK_SUCCESSFUL");
    let calls = deployment.calls();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| {
            let details = &call.payload["executionDetails"];
            let target = details["targetServiceRevisionArn"].as_str().unwrap();
            let weight = |of: &str| details[of].get(target).and_then(Value::as_u64);
            (
                call.payload["lifecycleStage"].as_str().unwrap(),
                weight("testTrafficWeights"),
                weight("productionTrafficWeights"),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("PRE_SCALE_UP", None, None),
            ("TEST_TRAFFIC_SHIFT", Some(100), None),
            ("PRODUCTION_TRAFFIC_SHIFT", None, Some(100)),
            ("POST_PRODUCTION_TRAFFIC_SHIFT", None, None),
            ("PRODUCTION_TRAFFIC_SHIFT", None, Some(0)),
            ("TEST_TRAFFIC_SHIFT", Some(0), None),
        ]
    );
    assert!(calls[0].payload.get("hookDetails").is_none());
    assert_ne!(
        calls[1].payload["executionId"],
        calls[5].payload["executionId"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_never_ends_is_over_with_its_timeout() {
    let in_progress = || Ok(json!({"hookStatus": "IN_PROGRESS"}));
    for (hook, end) in [
        (hook(PRE_SCALE_UP, in_progress()), "ROLLBACK_SUCCESSFUL"),
        (
            hook(PRE_SCALE_UP, in_progress()).continues_at_timeout(),
            "SUCCESSFUL",
        ),
    ] {
        let aws = StandIns::new();
        let began = Instant::now();
        let deployment = deploy(&aws, hook.timeout(120 * SECOND));
        assert_eq!(deployment.end().await, end);
        assert!((120..=140).contains(&began.elapsed().as_secs()), "{end}");
        let shown = described(&aws, &deployment).await;
        assert_eq!(
            shown.lifecycle_hook_details()[0].status(),
            Some(&DeploymentLifecycleHookStatus::TimedOut)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_stops_a_deployment_while_its_hook_is_asked() {
    for (stop, end) in [
        (
            StopServiceDeploymentStopType::Rollback,
            "ROLLBACK_SUCCESSFUL",
        ),
        (StopServiceDeploymentStopType::Abort, "STOPPED"),
    ] {
        let aws = StandIns::new();
        let in_progress = Ok(json!({"hookStatus": "IN_PROGRESS"}));
        let deployment = deploy(&aws, hook(PRE_SCALE_UP, in_progress));
        sleep(10 * SECOND).await;
        let request = || {
            ecs(&aws)
                .stop_service_deployment()
                .service_deployment_arn(deployment.arn())
                .stop_type(stop.clone())
                .send()
        };
        request().await.unwrap();
        let stopped = Instant::now();
        assert_eq!(deployment.end().await, end);
        assert!(stopped.elapsed() <= 3 * SECOND);
        let calls = deployment.calls().len();
        sleep(120 * SECOND).await;
        assert_eq!(deployment.calls().len(), calls);
        assert_eq!(
            request().await.unwrap_err().code(),
            Some("ConflictException")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_payload_has_had_other_forms() {
    for (form, members) in [
        (PayloadForm::Flat, 8),
        (PayloadForm::Bare, 5),
        (PayloadForm::Nested, 5),
    ] {
        let aws = StandIns::new();
        let succeeds = hook(PRE_SCALE_UP, Ok(json!({"hookStatus": "SUCCEEDED"})));
        let deployment = deploy(&aws, succeeds.payload(form));
        assert_eq!(deployment.end().await, "SUCCESSFUL");
        let payload = &deployment.calls()[0].payload;
        assert_eq!(payload.as_object().unwrap().len(), members, "{payload}");
        let nests = form == PayloadForm::Nested;
        assert_eq!(payload.get("serviceArn").is_none(), nests, "{payload}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_may_have_another_execution_id() {
    let aws = StandIns::new();
    let in_progress = Ok(json!({"hookStatus": "IN_PROGRESS"}));
    let renamed = hook(PRE_SCALE_UP, in_progress).renamed_at_each_call();
    let deployment = deploy(&aws, renamed);
    sleep(60 * SECOND).await;
    let calls = deployment.calls();
    assert_ne!(
        calls[0].payload["executionId"],
        calls[1].payload["executionId"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_deployment_is_missing_and_cannot_be_stopped() {
    let aws = StandIns::new();
    let unknown = "arn:aws:ecs:us-east-1:000000000000:service-deployment/main/todo/none";
    let answer = ecs(&aws)
        .describe_service_deployments()
        .service_deployment_arns(unknown)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.failures()[0].reason(), Some("MISSING"));
    let stop = ecs(&aws)
        .stop_service_deployment()
        .service_deployment_arn(unknown)
        .send()
        .await
        .unwrap_err();
    assert_eq!(stop.code(), Some("ServiceDeploymentNotFoundException"));
}
