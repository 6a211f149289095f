//! Executions: StartExecution with its rules for names, DescribeExecution, StopExecution,
//! ListExecutions. Nothing here interprets a definition: a test, or the
//! [interpreter](super::interpreter), says how an execution ends and what its history holds.

use std::time::Duration;

use serde_json::{Value, json};

use super::Sfn;
use super::execution::{Execution, ExecutionEnd, ExecutionView};
use super::request::{check_bytes, check_length, check_name, required, string};
use crate::aws_error::AwsError;
use crate::identifiers::arn;
use crate::lock::Lock;

/// A name is taken for this long after its execution ended (API_StartExecution).
const NAMES_STAY_TAKEN: Duration = Duration::from_hours(90 * 24);
/// Most bytes of `input` (API_StartExecution).
const MAX_INPUT: usize = 262_144;
/// Most executions, or events, of one answer.
const MAX_RESULTS: usize = 1000;
/// How many an answer holds where the caller does not say.
const DEFAULT_RESULTS: usize = 100;

impl Sfn {
    /// Makes a state machine and answers its ARN.
    pub fn state_machine(&self, name: &str) -> String {
        let arn = arn("states", &format!("stateMachine:{name}"));
        self.inner.state.locked().machines.insert(arn.clone());
        arn
    }

    /// Starts so many executions of a state machine that are called `other-0`, `other-1`, …
    ///
    /// # Panics
    /// When they were started before, or there is no such state machine.
    pub fn others_start(&self, state_machine: &str, count: usize) {
        for number in 0..count {
            let name = format!("other-{number}");
            let request = json!({"stateMachineArn": state_machine, "name": name});
            self.start_execution(&request).expect("the name is free");
        }
    }

    /// All executions, in the order of their start.
    pub fn executions(&self) -> Vec<ExecutionView> {
        let state = self.inner.state.locked();
        let mut executions: Vec<_> = state.executions.iter().collect();
        executions.sort_by_key(|(_, execution)| execution.number);
        let view = |(arn, execution): (&String, &Execution)| ExecutionView {
            arn: arn.clone(),
            name: execution.name.clone(),
            input: execution.input.clone(),
            started_at: execution.started_at,
            ended: execution.ended.clone(),
        };
        executions.into_iter().map(view).collect()
    }

    /// The execution of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn execution(&self, name: &str) -> ExecutionView {
        self.executions()
            .into_iter()
            .find(|execution| execution.name == name)
            .unwrap_or_else(|| panic!("there is no execution {name}"))
    }

    /// Whether there is such an execution, and it has ended.
    pub(super) fn has_ended(&self, arn: &str) -> bool {
        self.inner
            .state
            .locked()
            .executions
            .get(arn)
            .is_some_and(|execution| execution.ended.is_some())
    }

    /// Ends an execution, if it runs.
    pub fn end_execution(&self, arn: &str, end: ExecutionEnd) {
        let now = self.inner.clock.now();
        let ended = {
            let mut state = self.inner.state.locked();
            let execution = state
                .executions
                .get_mut(arn)
                .filter(|execution| execution.ended.is_none());
            let event = end.event();
            execution
                .map(|execution| execution.ended = Some((now, end)))
                .map(|()| event)
        };
        if let Some(event) = ended {
            self.history_event(arn, event);
            self.execution_stopped(arn);
            self.inner.ended.send_modify(|ended| *ended += 1);
        }
    }

    /// Waits until the execution has ended, whoever ends it.
    pub async fn execution_ended(&self, arn: &str) {
        let mut ended = self.inner.ended.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        while !self.has_ended(arn) && ended.changed().await.is_ok() {}
    }

    pub(super) fn start_execution(&self, body: &Value) -> Result<Value, AwsError> {
        let state_machine = required(body, "stateMachineArn")?;
        check_bytes(body, "input", MAX_INPUT)?;
        let input = string(body, "input").unwrap_or("{}");
        if let Err(error) = serde_json::from_str::<Value>(input) {
            let message = format!("Invalid State Machine Execution Input: '{error}'");
            return Err(AwsError::new("InvalidExecutionInput", message));
        }
        let name =
            string(body, "name").map_or_else(|| self.inner.identifiers.uuid(), str::to_owned);
        check_name(&name)?;
        let now = self.inner.clock.now();
        let arn = {
            let mut state = self.inner.state.locked();
            if !state.machines.contains(state_machine) {
                return Err(no_state_machine(state_machine));
            }
            let arn = state_machine.replace(":stateMachine:", ":execution:") + ":" + &name;
            if let Some(taken) = state.executions.get(&arn) {
                match &taken.ended {
                    None if taken.input == input => {
                        return Ok(
                            json!({"executionArn": arn, "startDate": self.inner.clock.epoch_seconds(taken.started_at)}),
                        );
                    }
                    Some((at, _)) if now >= *at + NAMES_STAY_TAKEN => {}
                    None | Some(_) => {
                        let message = format!("Execution Already Exists: '{arn}'");
                        return Err(AwsError::new("ExecutionAlreadyExists", message));
                    }
                }
            }
            let execution = Execution {
                number: state.next_execution,
                state_machine: state_machine.to_owned(),
                name,
                input: input.to_owned(),
                started_at: now,
                ended: None,
                redrives: 0,
                events: Vec::new(),
            };
            state.next_execution += 1;
            state.executions.insert(arn.clone(), execution);
            arn
        };
        self.history_event(
            &arn,
            json!({"type": "ExecutionStarted", "executionStartedEventDetails": {"input": input}}),
        );
        Ok(json!({"executionArn": arn, "startDate": self.inner.clock.epoch_seconds(now)}))
    }

    pub(super) fn describe_execution(&self, body: &Value) -> Result<Value, AwsError> {
        let arn = required(body, "executionArn")?;
        let state = self.inner.state.locked();
        let execution = state.executions.get(arn).ok_or_else(|| no_execution(arn))?;
        let mut shown = execution.clone();
        let shown_from = |(at, _): &(Duration, ExecutionEnd)| *at + state.lag.descriptions;
        if shown.ended.as_ref().map(shown_from) > Some(self.inner.clock.now()) {
            shown.ended = None;
        }
        Ok(shown.describe(arn, &self.inner.clock))
    }

    pub(super) fn stop_execution(&self, body: &Value) -> Result<Value, AwsError> {
        let arn = required(body, "executionArn")?;
        check_length(body, "error", 256)?;
        check_length(body, "cause", 32_768)?;
        if !self.inner.state.locked().executions.contains_key(arn) {
            return Err(no_execution(arn));
        }
        let text = |member| string(body, member).map(str::to_owned);
        self.end_execution(
            arn,
            ExecutionEnd::Aborted {
                error: text("error"),
                cause: text("cause"),
            },
        );
        let stop_date = self.inner.clock.epoch_seconds(self.inner.clock.now());
        Ok(json!({"stopDate": stop_date}))
    }

    /// The newest executions first.
    pub(super) fn list_executions(&self, body: &Value) -> Result<Value, AwsError> {
        let state_machine = required(body, "stateMachineArn")?;
        let status = string(body, "statusFilter");
        let state = self.inner.state.locked();
        if !state.machines.contains(state_machine) {
            return Err(no_state_machine(state_machine));
        }
        let mut executions: Vec<_> = state
            .executions
            .iter()
            .filter(|(_, execution)| execution.state_machine == state_machine)
            .filter(|(_, execution)| status.is_none_or(|status| status == execution.status()))
            .collect();
        executions.sort_by_key(|(_, execution)| std::cmp::Reverse(execution.number));
        let show =
            |(arn, execution): (&String, &Execution)| execution.summary(arn, &self.inner.clock);
        page(executions, show, "executions", body)
    }
}

/// One page of a list, with `nextToken` where more follows.
pub(super) fn page<T>(
    all: Vec<T>,
    show: impl Fn(T) -> Value,
    member: &str,
    body: &Value,
) -> Result<Value, AwsError> {
    let most = match body["maxResults"].as_u64() {
        None | Some(0) => DEFAULT_RESULTS,
        Some(most) => usize::try_from(most).unwrap_or(usize::MAX).min(MAX_RESULTS),
    };
    let from = match string(body, "nextToken") {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| AwsError::new("InvalidToken", "Invalid Token: 'Invalid token'"))?,
    };
    let more = all.len() > from + most;
    let shown: Vec<_> = all.into_iter().skip(from).take(most).map(show).collect();
    let mut answer = json!({member: shown});
    if more {
        answer["nextToken"] = (from + most).to_string().into();
    }
    Ok(answer)
}

fn no_state_machine(arn: &str) -> AwsError {
    AwsError::new(
        "StateMachineDoesNotExist",
        format!("State Machine Does Not Exist: '{arn}'"),
    )
}

pub(super) fn no_execution(arn: &str) -> AwsError {
    AwsError::new(
        "ExecutionDoesNotExist",
        format!("Execution Does Not Exist: '{arn}'"),
    )
}
