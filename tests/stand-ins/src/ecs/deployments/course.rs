//! A deployment from its start to its end: the stages in their order, the hook's calls, and the way
//! back.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Deployment;
use super::hook::{Reply, merge};

/// The stages of a blue/green deployment, in their order (API_ServiceDeployment). A deployment
/// reconciles only where more than one revision is active, which is never so here.
const STAGES: [&str; 9] = [
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "CLEAN_UP",
];
/// The stages whose hooks are called once more when the deployment is rolled back
/// (lambda-lifecycle-hooks).
const ON_THE_WAY_BACK: [&str; 2] = ["PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"];
/// How long a stage takes beside its hook, and how long ECS takes from one status to the next.
const STEP: Duration = Duration::from_secs(1);
/// How long one call of a hook's function may take (deployment-lifecycle-hooks).
const LONGEST_CALL: Duration = Duration::from_mins(15);

/// How somebody stopped a deployment (StopServiceDeployment).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Abort,
    Rollback,
}

/// Which way a deployment goes: it decides the weights of the traffic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Forward,
    Back,
}

pub(super) async fn play(deployment: Arc<Deployment>) {
    sleep(STEP).await;
    let mut stopped = deployment.stop.subscribe();
    // A stop ends the waiting for the hook at once. What the hook's function still does goes on: it
    // runs as a task of its own.
    let failure = tokio::select! {
        biased;
        Ok(stop) = stopped.wait_for(Option::is_some) => match *stop {
            Some(Stop::Abort) => None,
            _ => Some("Service deployment rolled back by a user."),
        },
        end = forward(&deployment) => match end {
            Ok(()) => return deployment.ended("SUCCESSFUL"),
            Err(reason) => Some(reason),
        },
    };
    let Some(reason) = failure else {
        deployment.to("STOP_REQUESTED");
        sleep(STEP).await;
        return deployment.ended("STOPPED");
    };
    deployment.roll_back(reason);
    sleep(STEP).await;
    deployment.to("ROLLBACK_IN_PROGRESS");
    for stage in ON_THE_WAY_BACK {
        if deployment.hook.is_of(stage) && call_hook(&deployment, stage, Way::Back).await.is_err() {
            return deployment.ended("ROLLBACK_FAILED");
        }
    }
    sleep(STEP).await;
    deployment.ended("ROLLBACK_SUCCESSFUL");
}

async fn forward(deployment: &Arc<Deployment>) -> Result<(), &'static str> {
    deployment.to("IN_PROGRESS");
    for stage in STAGES {
        deployment.enter(stage);
        if deployment.hook.is_of(stage) {
            call_hook(deployment, stage, Way::Forward).await?;
        }
        sleep(STEP).await;
    }
    Ok(())
}

/// Calls the hook's function until it has ended, or the hook's time is over.
async fn call_hook(
    deployment: &Arc<Deployment>,
    stage: &'static str,
    way: Way,
) -> Result<(), &'static str> {
    let hook = &deployment.hook;
    deployment.hook_begins();
    let until = Instant::now() + hook.timeout;
    let (status, end) = match timeout_at(until, ask(deployment, stage, way)).await {
        Ok(true) => ("SUCCEEDED", Ok(())),
        Ok(false) => ("FAILED", Err("hook execution failure(s) detected")),
        Err(_) if hook.continues_at_timeout => ("TIMED_OUT", Ok(())),
        Err(_) => ("TIMED_OUT", Err("hook execution timeout(s) detected")),
    };
    deployment.hook_is(status);
    end
}

/// Whether the function reports success in the end.
async fn ask(deployment: &Arc<Deployment>, stage: &'static str, way: Way) -> bool {
    let hook = &deployment.hook;
    let mut details = hook.details.clone();
    let mut id = deployment.identifiers.uuid();
    let execution_details = execution_details(deployment, stage, way);
    loop {
        let payload = hook.payload_of(&id, stage, &deployment.arn, &execution_details, &details);
        let invocation = tokio::spawn(timeout(LONGEST_CALL, hook.invoke(payload.clone())));
        let call = deployment.hook_called(payload);
        let reply = match invocation.await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) => Err("Task timed out".to_owned()),
            Err(panicked) => Err(panicked.to_string()),
        };
        deployment.hook_replied(call, &reply);
        match Reply::of(reply) {
            Reply::Succeeded => return true,
            Reply::Failed => return false,
            Reply::InProgress {
                call_back_delay,
                details: returned,
            } => {
                merge(&mut details, returned);
                sleep(call_back_delay).await;
            }
        }
        if hook.renamed_at_each_call {
            id = deployment.identifiers.uuid();
        }
    }
}

/// The weights are empty but at the stages that shift traffic, where the revision that gets it has
/// 100 (lambda-lifecycle-hooks).
fn execution_details(deployment: &Deployment, stage: &str, way: Way) -> Value {
    let target = match way {
        Way::Forward => 100,
        Way::Back => 0,
    };
    let mut weights = json!({&deployment.target: target});
    if let Some(source) = &deployment.source {
        weights[source] = (100 - target).into();
    }
    let (test, production) = match stage {
        "TEST_TRAFFIC_SHIFT" => (weights, json!({})),
        "PRODUCTION_TRAFFIC_SHIFT" => (json!({}), weights),
        _ => (json!({}), json!({})),
    };
    json!({
        "serviceArn": deployment.service,
        "targetServiceRevisionArn": deployment.target,
        "testTrafficWeights": test,
        "productionTrafficWeights": production,
    })
}
