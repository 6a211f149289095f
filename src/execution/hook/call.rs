//! What ECS calls the function with, in both of its documented shapes: since 2026 with
//! `executionDetails`, and before with its members beside the others.

use serde_json::{Map, Value};

use super::details::configured;
use crate::arn::{Arn, last_part};
use crate::cloudformation::identity::{MAX_NAME, hash_digits};
use crate::execution::deployment::Deployment;

/// Hex digits of the hash over the service's ARN, which distinguishes services of one name.
const SERVICE_DIGITS: usize = 8;
/// Hex digits of the hash over deployment, stage and configuration.
const CALL_DIGITS: usize = 12;
/// Stands in the names of all executions of hooks.
const WORD: &str = "hook";
/// Characters of the service's name that an execution's name has room for.
const MAX_SERVICE: usize = MAX_NAME - (1 + SERVICE_DIGITS) - (1 + WORD.len()) - (1 + CALL_DIGITS);

/// The stages that a deployment may reach more than once: at each step of a canary or linear
/// deployment, or once more when it is rolled back.
const RECURRING_STAGES: [&str; 3] = [
    "TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
];

/// One call of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCall {
    /// The deployment and its stage.
    pub deployment: Deployment,
    /// ARN of the service revision that is deployed.
    pub target_revision: String,
    /// Whether the call comes because the deployment is rolled back, as far as the traffic tells.
    pub is_rollback: bool,
    /// The properties of the run, or what is wrong with `hookDetails` as a whole.
    pub(super) configured: Result<Map<String, Value>, String>,
}

/// The event does not say what is deployed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event names no {0}. ECS invokes this function for a lifecycle hook of a deployment; nothing else is meant to"
)]
pub struct UnusableCall(&'static str);

impl HookCall {
    /// Reads an event. Members and stages that are not known are no error.
    ///
    /// # Errors
    /// When service or revision are missing.
    pub fn parse(event: &Value) -> Result<Self, UnusableCall> {
        let member = |name: &str| {
            event["executionDetails"]
                .get(name)
                .or_else(|| event.get(name))
        };
        let given = |name: &str| {
            member(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let target_revision =
            given("targetServiceRevisionArn").ok_or(UnusableCall("targetServiceRevisionArn"))?;
        let service = given("serviceArn")
            .map(str::to_owned)
            .or_else(|| service_of(target_revision))
            .ok_or(UnusableCall("serviceArn"))?;
        let stage = given("lifecycleStage").unwrap_or_default();
        let weights = |name: &str| Weights::of(member(name), target_revision);
        let (test, production) = (
            weights("testTrafficWeights"),
            weights("productionTrafficWeights"),
        );
        Ok(Self {
            deployment: Deployment {
                arn: given("resourceArn").unwrap_or(target_revision).to_owned(),
                service,
                stage: stage.to_owned(),
            },
            target_revision: target_revision.to_owned(),
            // Before traffic is shifted to it, the target revision has the weight 0 as well. Only at
            // the stages that a rollback reaches do the weights say where traffic goes.
            is_rollback: match stage {
                "TEST_TRAFFIC_SHIFT" => test == Weights::Away,
                "PRODUCTION_TRAFFIC_SHIFT" => production == Weights::Away,
                "" => test == Weights::Away || production == Weights::Away,
                _ => false,
            },
            configured: configured(event),
        })
    }

    /// Whether a deployment may reach the stage more than once.
    #[must_use]
    pub fn may_recur(&self) -> bool {
        RECURRING_STAGES.contains(&self.deployment.stage.as_str())
    }

    /// The name of the execution: the same for every call of this hook in this stage of this
    /// deployment, whatever its `executionId`.
    #[must_use]
    pub fn execution_name(&self) -> String {
        // The members of a JSON object are sorted, so that their order makes no other name.
        let details = match &self.configured {
            Ok(members) => Value::Object(members.clone()).to_string(),
            Err(_) => String::new(),
        };
        let Deployment {
            arn,
            service,
            stage,
        } = &self.deployment;
        let call = hash_digits(&[arn, stage, &details], CALL_DIGITS);
        format!("{}{call}", hook_prefix(service))
    }

    /// Whether an execution of this name belongs to a hook of this service.
    #[must_use]
    pub fn is_of_this_service(&self, execution_name: &str) -> bool {
        execution_name
            .strip_prefix(&hook_prefix(&self.deployment.service))
            .is_some_and(|rest| rest.len() == CALL_DIGITS)
    }
}

/// What the names of all executions of a service's hooks begin with.
#[must_use]
pub fn hook_prefix(service_arn: &str) -> String {
    let name = cut(last_part(service_arn));
    let service = hash_digits(&[service_arn], SERVICE_DIGITS);
    format!("{name}-{service}-{WORD}-")
}

/// Whether an execution of this name belongs to a hook of a service that is called so, in whatever
/// cluster.
#[must_use]
pub fn is_of_service_named(service: &str, execution_name: &str) -> bool {
    service_in(execution_name) == Some(&cut(service))
}

/// Whether an execution of this name belongs to a hook of any service.
#[must_use]
pub fn is_of_a_hook(execution_name: &str) -> bool {
    service_in(execution_name).is_some()
}

/// What the name of a hook's execution has of the service's name.
fn service_in(execution_name: &str) -> Option<&str> {
    let is_hash =
        |text: &str, digits| text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit());
    let (rest, call) = execution_name.rsplit_once('-')?;
    let (rest, word) = rest.rsplit_once('-')?;
    let (service, hash) = rest.rsplit_once('-')?;
    (word == WORD && is_hash(hash, SERVICE_DIGITS) && is_hash(call, CALL_DIGITS)).then_some(service)
}

/// As much of a service's name as an execution's name has room for.
fn cut(service: &str) -> String {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || c == '_';
    service
        .chars()
        .map(|c| if may_stand(c) { c } else { '-' })
        .take(MAX_SERVICE)
        .collect()
}

/// `arn:…:service-revision/cluster/service/id` tells the service's ARN.
fn service_of(revision_arn: &str) -> Option<String> {
    Arn::parse(revision_arn)?.resource_of("ecs", "service-revision/")?;
    let (service, _) = revision_arn.rsplit_once('/')?;
    Some(service.replacen(":service-revision/", ":service/", 1))
}

/// Where traffic goes, as a map of service revisions with their weights says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weights {
    /// To the target revision, or the map says nothing.
    ToTarget,
    /// None to the target revision, and some to another.
    Away,
}

impl Weights {
    fn of(map: Option<&Value>, target: &str) -> Self {
        let members = map.and_then(Value::as_object);
        let weight = |value: &Value| value.as_f64().unwrap_or_default();
        let (mut has_target, mut has_other) = (false, false);
        for (revision, value) in members.into_iter().flatten() {
            if weight(value) > 0.0 {
                has_target |= revision == target;
                has_other |= revision != target;
            }
        }
        if has_other && !has_target {
            Self::Away
        } else {
            Self::ToTarget
        }
    }
}
