//! The input that `start` and `hook` give an execution, or `prepare` makes of properties, and the input
//! that the state machine gives the activity.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::deployment::Deployment;
use super::direct::{DirectExecution, Prepared};
use crate::clock::after;
use crate::cloudformation::event::Request;
use crate::task::spec::TaskSpec;
use crate::text::lenient;
use crate::times::HEARTBEAT_TIMEOUT;
use crate::times::answer_by::{ANSWER_BY_SPAN, WORKER_END_SPAN};

/// Input of an execution. The state machine, the worker and the other functions learn nothing of
/// the event beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionInput {
    /// The request of CloudFormation. Its response URL is sealed, unless the functions have no key.
    /// `None` for a direct run and for that of a hook: CloudFormation waits for no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The deployment of an ECS service for whose lifecycle hook the task is run. `None` for every other
    /// run.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub deployment: Option<Deployment>,
    /// When CloudFormation sent the request, in whole seconds; in JSON as RFC 3339. By it a later request
    /// tells which executions were before it: `start` may take minutes to start one. Inputs of earlier
    /// releases and of runs without a request do not say it.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub sent: Option<Timestamp>,
    /// The runs of the resource that may have tasks left. `stop` stops these, and the task is launched
    /// only after their containers have stopped. The state `EarlierRuns` of the state machine looks
    /// whether there are any.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub earlier_runs: Vec<EarlierRun>,
    /// What the task rolls back, with the `RollbackOverrides` of the update that failed.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub rollback_of: Option<RollbackOf>,
    /// The task to run; on Delete, the cluster, family and name by which leftover tasks of the
    /// resource are found.
    pub task: TaskSpec,
    /// Who works on the run. `start` writes it, and the state `Workers` of the state machine reads it.
    #[serde(default, deserialize_with = "workers")]
    pub workers: Workers,
    /// The instant by which the execution must have ended in every case; in JSON as RFC 3339. See
    /// [`answer_by`](Self::answer_by).
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub answer_by: Option<Timestamp>,
    /// How long one worker may have the run: `TimeoutSeconds` of the states `RunTask` and
    /// `RunTaskOnLambda`. Where it is missing, the state machine takes [`crate::times`]'
    /// `RUN_STATE_TIMEOUT`.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout_seconds: Option<u64>,
}

impl ExecutionInput {
    /// Reads the input of an execution: what `start` or `hook` wrote, or the properties of a direct run, of
    /// which this makes what `prepare` makes. `None` when it is neither, or runs nothing.
    #[must_use]
    pub fn read(execution: DirectExecution<'_>, input: &str) -> Option<Self> {
        let input: Value = serde_json::from_str(input).ok()?;
        if input.get("task").is_some() {
            return serde_json::from_value(input).ok();
        }
        // Who works on the run makes no difference to those who read an execution afterwards.
        match execution.prepare(&input, Workers::Fleet) {
            Ok(Prepared::Run(input)) => Some(*input),
            Ok(Prepared::Nothing(_)) | Err(_) => None,
        }
    }

    /// The instant by which the execution must have ended in every case. Inputs of earlier releases do
    /// not say it.
    #[must_use]
    pub fn answer_by(&self) -> Timestamp {
        self.answer_by
            .unwrap_or_else(|| after(self.task.deadline, ANSWER_BY_SPAN))
    }
}

/// A run that is rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackOf {
    /// Name of the execution that had the run.
    pub execution: String,
    /// The name that the request for the rollback would give an execution of its own. By it a repeated
    /// delivery of the request finds the execution that has it.
    pub request: String,
}

/// A run that may have tasks left, and where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EarlierRun {
    /// The execution's name, under which its tasks were started.
    pub started_by: String,
    /// Name or ARN of the cluster.
    pub cluster: String,
    /// Family, `family:revision` or ARN of the task definition.
    pub task_definition: String,
    /// Until then a worker may launch tasks of the run, since it may not know that the execution was
    /// stopped. `None` when the run ended by itself.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub may_launch_until: Option<Timestamp>,
}

/// How long one worker may have a run with this deadline, in whole seconds. The States Language wants
/// more than the heartbeat has.
#[must_use]
pub(crate) fn run_timeout(now: Timestamp, deadline: Timestamp) -> u64 {
    let left = u64::try_from(deadline.duration_since(now).as_secs()).unwrap_or_default();
    left.max(HEARTBEAT_TIMEOUT.as_secs()) + WORKER_END_SPAN.as_secs()
}

/// Who works on the runs of a task runner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Workers {
    /// Workers that poll the activity. Inputs of releases that knew no other kind do not say so.
    #[default]
    Fleet,
    /// The function `work`, to which the state machine gives each run with a task token.
    Lambda,
}

/// The name of neither kind of workers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("workers are Fleet or Lambda, and not '{0}'")]
pub struct UnknownWorkers(String);

impl FromStr for Workers {
    type Err = UnknownWorkers;

    fn from_str(name: &str) -> Result<Self, UnknownWorkers> {
        match name {
            "Fleet" => Ok(Self::Fleet),
            "Lambda" => Ok(Self::Lambda),
            other => Err(UnknownWorkers(other.to_owned())),
        }
    }
}

/// As the state machine reads it: all that is not `Lambda` leads to the fleet.
fn workers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Workers, D::Error> {
    let name = lenient::text(deserializer)?;
    Ok(name.parse().unwrap_or_default())
}

/// Input of the activity, and together with a task token the event of the function `work`. It never
/// carries the response URL, since a worker does not answer CloudFormation and must not be able to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityInput {
    /// ARN of the execution; empty when the state machine does not pass it.
    #[serde(default)]
    pub execution: String,
    /// The state's `HeartbeatSeconds`. The state machine's definition repeats the number here,
    /// since Step Functions does not give it to a worker. 0 when the state machine does not pass
    /// it.
    #[serde(default)]
    pub heartbeat_seconds: u64,
    /// The task to run.
    pub task: TaskSpec,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_input_means_the_fleet_unless_it_says_lambda() {
        let task = json!({"cluster": "c", "taskDefinition": "t", "count": 1, "startedBy": "n", "clientToken": "x",
            "deadline": "2026-11-23T07:00:00Z"});
        let request = json!({"RequestType": "Create", "StackId": "s", "RequestId": "r", "LogicalResourceId": "l",
            "ResourceType": "Custom::EcsTask", "ResponseURL": "https://example.com"});
        for (written, expected) in [
            (json!({}), Workers::Fleet),
            (json!({"workers": "Fleet"}), Workers::Fleet),
            (json!({"workers": "Lambda"}), Workers::Lambda),
            (json!({"workers": "Another"}), Workers::Fleet),
            (json!({"workers": null}), Workers::Fleet),
        ] {
            let mut input = json!({"request": request, "task": task});
            input
                .as_object_mut()
                .unwrap()
                .extend(written.as_object().unwrap().clone());
            let input: ExecutionInput = serde_json::from_value(input).unwrap();
            assert_eq!(input.workers, expected, "{written}");
        }
    }

    #[test]
    fn the_name_of_neither_kind_is_refused() {
        assert_eq!("Lambda".parse(), Ok(Workers::Lambda));
        assert_eq!("Fleet".parse(), Ok(Workers::Fleet));
        let refused = "lambda".parse::<Workers>().unwrap_err().to_string();
        assert_eq!(refused, "workers are Fleet or Lambda, and not 'lambda'");
    }
}
