//! Direct runs: executions whose input is the properties themselves. Nobody but the caller waits for
//! them: a pipeline, a schedule, another state machine, a person.
//!
//! The names and times of a direct run follow from its execution and its properties alone.
//! `prepare` derives them for the state machine; `rescue` and `explain` derive the same ones again
//! from an execution's description.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::input::{ExecutionInput, Workers, run_timeout};
use crate::clock::after;
use crate::cloudformation::identity::{CLIENT_TOKEN_DIGITS, hash_digits};
use crate::properties::{Properties, kind};
use crate::task::error::ErrorName;
use crate::task::outcome::{Failure, Output};
use crate::times::answer_by::ANSWER_BY_SPAN;

/// Longest `startedBy` in characters (`API_RunTask`).
const MAX_STARTED_BY: usize = 128;
/// Hex digits of the hash over the execution's ARN in `startedBy`. They distinguish executions of the
/// same name: of other state machines, and of names that differ in characters that ECS does not take.
const HASH_DIGITS: usize = 8;
/// Where the guide has a calling state machine name itself.
const CALLER: &str = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID";

/// An execution as far as the identity of its tasks depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectExecution<'e> {
    /// ARN of the execution.
    pub arn: &'e str,
    /// When it was started. The run's time counts from then on.
    pub started: Timestamp,
}

/// What becomes of a direct execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// The tasks are run.
    Run(Box<ExecutionInput>),
    /// The properties say that nothing is to be run.
    Nothing(Box<Output>),
}

impl DirectExecution<'_> {
    /// Makes of the properties what the state machine runs.
    ///
    /// # Errors
    /// [`ErrorName::InvalidRequest`] with everything that is wrong with the properties.
    pub fn prepare(self, properties: &Value, workers: Workers) -> Result<Prepared, Failure> {
        if !properties.is_object() {
            return Err(Failure::new(
                ErrorName::InvalidRequest,
                format!(
                    "The input is {}; expected an object with Cluster and TaskDefinition. Nothing was run.",
                    kind(properties)
                ),
            ));
        }
        let properties =
            Properties::parse_direct(&without_caller(properties)).map_err(|problems| {
                Failure::new(
                    ErrorName::InvalidRequest,
                    format!("{problems} Nothing was run."),
                )
            })?;
        if properties.task_count() == 0 {
            return Ok(Prepared::Nothing(Box::new(Output::skipped("Count is 0"))));
        }
        if workers == Workers::Lambda && properties.names_instances() {
            return Err(Failure::new(
                ErrorName::InvalidRequest,
                format!("{INSTANCES_WITHOUT_FLEET} Nothing was run."),
            ));
        }
        if properties.names_handle {
            return Err(Failure::new(
                ErrorName::InvalidRequest,
                "WaitConditionHandle is for a resource of a stack: nothing is reported to it for a direct run or a hook's. Leave it out. Nothing was run.",
            ));
        }
        let timeout = properties.timeout();
        let deadline = after(self.started, timeout);
        let mut task = properties.task_spec(self.started_by(), self.client_token(), deadline);
        task.deadline_set_by = Some(format!("Timeout of {} s", timeout.as_secs()));
        task.began = Some(self.started);
        Ok(Prepared::Run(Box::new(ExecutionInput {
            request: None,
            deployment: None,
            sent: None,
            earlier_runs: Vec::new(),
            rollback_of: None,
            task,
            workers,
            answer_by: Some(after(deadline, ANSWER_BY_SPAN)),
            timeout_seconds: Some(run_timeout(self.started, deadline)),
        })))
    }

    /// `startedBy` of the tasks: the execution's name, with `-` for each character that ECS does not
    /// take, and after a `/` a hash over the execution's ARN. No request of CloudFormation has a
    /// `/` in its `startedBy`, so that whatever an execution is called, its tasks are nobody else's.
    fn started_by(self) -> String {
        let (_, name) = self.arn.rsplit_once(':').unwrap_or_default();
        let is_taken = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let name: String = name
            .chars()
            .map(|c| if is_taken(c) { c } else { '-' })
            .take(MAX_STARTED_BY - 1 - HASH_DIGITS)
            .collect();
        format!("{name}/{}", hash_digits(&[self.arn], HASH_DIGITS))
    }

    /// The token of the run's first launch. A worker that takes the run over, also soon after a
    /// redrive, gets the same task with it.
    fn client_token(self) -> String {
        hash_digits(&[self.arn], CLIENT_TOKEN_DIGITS)
    }
}

/// The input without the member with which a calling state machine is linked in the console
/// (Step Functions guide, `concepts-nested-workflows`).
fn without_caller(input: &Value) -> Cow<'_, Value> {
    if input.get(CALLER).is_none() {
        return Cow::Borrowed(input);
    }
    let mut input = input.clone();
    if let Some(members) = input.as_object_mut() {
        members.remove(CALLER);
    }
    Cow::Owned(input)
}

/// Lambda may deliver the event of `work` twice at the same time, and `StartTask` knows no client
/// token that would make one task of two calls (`API_StartTask`).
pub(crate) const INSTANCES_WITHOUT_FLEET: &str = "Instances: without a fleet, tasks cannot be started on named instances: the command might run twice. Use PlacementConstraints instead, such as memberOf with ec2InstanceId, or a task runner with a fleet.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloudformation::identity::NameParts;

    const STARTED: &str = "2026-11-23T06:00:00Z";

    fn arn(name: &str) -> String {
        format!("arn:aws:states:eu-west-1:123456789012:execution:task-runner:{name}")
    }

    fn prepare(name: &str, further: &Value) -> Result<Prepared, Failure> {
        let mut properties = json!({"Cluster": "production", "TaskDefinition": "migrate:7"});
        let members = properties.as_object_mut().unwrap();
        members.extend(further.as_object().unwrap().clone());
        let execution = DirectExecution {
            arn: &arn(name),
            started: STARTED.parse().unwrap(),
        };
        execution.prepare(&properties, Workers::Fleet)
    }

    fn run(name: &str, further: &Value) -> ExecutionInput {
        match prepare(name, further) {
            Ok(Prepared::Run(input)) => *input,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_task_has_the_execution_s_identity_and_counts_from_its_start() {
        let input = run("nightly-2026-11-23", &json!({"Timeout": 600}));
        assert_eq!(input.task.started_by, "nightly-2026-11-23/e4390efe");
        assert_eq!(input.task.client_token.len(), 48);
        assert_eq!(input.task.deadline.to_string(), "2026-11-23T06:10:00Z");
        assert_eq!(input.answer_by.unwrap().to_string(), "2026-11-23T06:11:20Z");
        assert_eq!(input.timeout_seconds, Some(650));
        assert_eq!(input.request, None);
        assert_eq!(run("nightly-2026-11-23", &json!({"Timeout": 600})), input);
    }

    #[test]
    fn a_run_may_take_up_to_23_hours_and_takes_55_minutes_where_nothing_is_said() {
        let deadline = |further: &Value| run("n", further).task.deadline.to_string();
        assert_eq!(deadline(&json!({})), "2026-11-23T06:55:00Z");
        assert_eq!(
            deadline(&json!({"Timeout": 82_800})),
            "2026-11-24T05:00:00Z"
        );
        let refused = prepare("n", &json!({"Timeout": 82_801})).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "EcsTask.InvalidRequest: Timeout is 82801; expected a whole number from 1 to 82800. Nothing was run."
        );
    }

    /// However short a run is, its state's timeout is longer than the heartbeat's, as the language
    /// asks for.
    #[test]
    fn the_shortest_run_has_a_timeout_beyond_the_heartbeat() {
        assert_eq!(run("n", &json!({"Timeout": 1})).timeout_seconds, Some(110));
    }

    #[test]
    fn characters_that_ecs_does_not_take_are_replaced_and_names_stay_apart() {
        let names = ["a.b", "a=b", "a b", "a-b", "müll", &"n".repeat(80)];
        let mut seen = std::collections::BTreeSet::new();
        for name in names {
            let started_by = run(name, &json!({})).task.started_by;
            assert!(started_by.chars().count() <= MAX_STARTED_BY, "{started_by}");
            assert!(
                started_by
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c)),
                "{started_by}"
            );
            assert!(seen.insert(started_by), "{name}");
        }
    }

    #[test]
    fn a_name_like_that_of_a_request_makes_no_task_of_a_resource() {
        let name = "MigrateTask-5609247e-create-0dde2d72c7ec";
        assert!(NameParts::of(name).is_some());
        let started_by = run(name, &json!({})).task.started_by;
        assert_eq!(NameParts::of(&started_by), None, "{started_by}");
    }

    #[test]
    fn every_problem_is_named_and_no_value_that_may_be_secret() {
        let failure = prepare(
            "n",
            &json!({"Timeout": "soon", "Cloister": 1, "Overrides": {"ContainerOverrides": [{"Environment": [{"Name": "PASSWORD", "Value": ["hunter2"]}]}]}}),
        )
        .unwrap_err();
        assert_eq!(failure.error, ErrorName::InvalidRequest);
        for part in ["Timeout", "Cloister", "Environment", "Nothing was run."] {
            assert!(failure.cause.contains(part), "{failure}");
        }
        assert!(!failure.cause.contains("hunter2"), "{failure}");
        for input in [json!([]), json!("text"), json!(null), json!(7), json!({})] {
            let execution = DirectExecution {
                arn: &arn("n"),
                started: STARTED.parse().unwrap(),
            };
            let failure = execution.prepare(&input, Workers::Fleet).unwrap_err();
            assert_eq!(failure.error, ErrorName::InvalidRequest, "{input}");
        }
    }

    #[test]
    fn a_wait_condition_waits_for_no_direct_run() {
        let properties = json!({"Cluster": "production", "TaskDefinition": "migrate",
            "WaitConditionHandle": "https://example.com/handle?SECRET", "Timeout": 82_800});
        let execution = DirectExecution {
            arn: &arn("n"),
            started: STARTED.parse().unwrap(),
        };
        let refused = execution.prepare(&properties, Workers::Fleet).unwrap_err();
        assert_eq!(refused.error, ErrorName::InvalidRequest);
        assert!(refused.cause.contains("Leave it out."), "{refused}");
        assert!(!refused.cause.contains("SECRET"), "{refused}");
    }

    #[test]
    fn a_count_of_0_runs_nothing_and_instances_need_a_fleet() {
        let Ok(Prepared::Nothing(output)) = prepare("n", &json!({"Count": "0"})) else {
            panic!("nothing is to be run")
        };
        assert_eq!(output.skipped, "Count is 0");
        let execution = DirectExecution {
            arn: &arn("n"),
            started: STARTED.parse().unwrap(),
        };
        let properties =
            json!({"Cluster": "production", "TaskDefinition": "migrate", "Instances": ["4f1c"]});
        assert!(execution.prepare(&properties, Workers::Fleet).is_ok());
        let refused = execution.prepare(&properties, Workers::Lambda).unwrap_err();
        assert!(refused.cause.contains("without a fleet"), "{refused}");
    }

    #[test]
    fn what_concerns_requests_alone_means_nothing() {
        let further = json!({"ServiceToken": "arn", "ServiceTimeout": "60", "RunOnCreate": "false", "RunOnUpdate": false,
            "RunOnRollback": true, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:eu-west-1:123456789012:execution:pipeline:1", "UpdateCriteria": ["Cluster"], "Triggers": {"a": 1}});
        assert_eq!(run("n", &further), run("n", &json!({})));
    }
}
