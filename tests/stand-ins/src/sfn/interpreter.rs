//! Plays the state machine's definition: the states, retries and catches that it uses, on the
//! stand-in's activities and with functions given by the test. It panics at what it does not know.
//! It writes the execution's history, and ends with the execution.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a definition that this cannot play fails the test that plays it"
)]

mod function;
mod paths;
mod retries;

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

pub use self::paths::{Context, resolve};

use self::paths::{catch_of, choose, heartbeat, put, shown, text_of, time_limit};
use super::recorder::Recorder;
use super::{ExecutionEnd, ExecutionView, Outcome, Schedule};
use crate::StandIns;

/// An error with its cause, as states pass them on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its name, which `Retry` and `Catch` match on.
    pub error: String,
    /// Its description.
    pub cause: String,
}

/// An execution being played.
#[derive(Clone, Copy)]
struct Execution<'a> {
    aws: &'a StandIns,
    activity: &'a str,
    arn: &'a str,
}

/// The definition as it stands.
pub fn definition() -> Value {
    serde_json::from_str(include_str!("../../../../statemachine/ecs-task.asl.json")).unwrap()
}

/// Plays one execution of `definition` to its end, or until somebody ends it: from then on nothing
/// of it runs, and nothing is written into its history. One that was redriven goes on in the state in
/// which it ended, with the state's input and with no retry used up; a `Fail` state fails it again
/// (Step Functions guide, `redrive-executions`).
///
/// `invoke` is called with a substitution's name, such as `StopFunctionArn`, and the payload. What
/// it gives is dropped when the state's time is over or the execution ends. On AWS a function runs
/// on then: a test in which that matters spawns it. For the function that gets a task token in its
/// payload (`WorkFunctionArn`), `invoke` returns once it has taken the event, as Lambda's queue does
/// ([`Lambda::take`](crate::lambda::Lambda::take)).
pub async fn execute<I, F>(
    definition: &Value,
    aws: &StandIns,
    activity: &str,
    execution: &ExecutionView,
    invoke: I,
) -> ExecutionEnd
where
    I: Fn(String, Value) -> F,
    F: Future<Output = Result<Value, Failed>>,
{
    let limit = Duration::from_secs(definition["TimeoutSeconds"].as_u64().unwrap());
    let playing = Execution {
        aws,
        activity,
        arn: &execution.arn,
    };
    let input = serde_json::from_str(&execution.input).unwrap();
    let played = async {
        timeout(limit, playing.play(definition, input, &invoke))
            .await
            .unwrap_or(ExecutionEnd::TimedOut)
    };
    tokio::select! {
        biased;
        () = aws.sfn().execution_ended(&execution.arn) => {}
        end = played => aws.sfn().end_execution(&execution.arn, end),
    }
    playing.end().unwrap()
}

impl Failed {
    /// What a Catch gives to the next state. `Error` is always there, `Cause` as a rule
    /// (`concepts-error-handling`).
    fn caught(&self) -> Value {
        let mut caught = json!({"Error": self.error});
        if !self.cause.is_empty() {
            caught["Cause"] = self.cause.as_str().into();
        }
        caught
    }
}

impl Execution<'_> {
    fn end(&self) -> Option<ExecutionEnd> {
        let executions = self.aws.sfn().executions();
        executions
            .into_iter()
            .find(|execution| execution.arn == self.arn)
            .unwrap()
            .ended
            .map(|(_, end)| end)
    }

    /// The time that a state is entered, as the context object has it.
    fn now(&self) -> Timestamp {
        let clock = self.aws.clock();
        Timestamp::from_millisecond(clock.epoch_millis(clock.now())).unwrap()
    }

    fn note(&self, kind: &str, details: &Value) {
        let mut name = kind[..1].to_lowercase();
        name += &kind[1..];
        if kind.ends_with("StateEntered") {
            "stateEntered".clone_into(&mut name);
        }
        self.aws.sfn().history_event(
            self.arn,
            json!({"type": kind, format!("{name}EventDetails"): details}),
        );
    }

    async fn play<I, F>(&self, definition: &Value, input: Value, invoke: &I) -> ExecutionEnd
    where
        I: Fn(String, Value) -> F,
        F: Future<Output = Result<Value, Failed>>,
    {
        let redriven = self.aws.sfn().redriven_state(self.arn);
        let mut goes_on = redriven.is_some();
        let start = || (definition["StartAt"].as_str().unwrap().to_owned(), input);
        let (mut name, mut state) = redriven.unwrap_or_else(start);
        loop {
            let step = &definition["States"][&name];
            let kind = step["Type"].as_str().unwrap();
            // A task that goes on is scheduled again, without being entered again.
            if !(std::mem::take(&mut goes_on) && kind == "Task") {
                self.note(
                    &format!("{kind}StateEntered"),
                    &json!({"name": name, "input": state.to_string()}),
                );
            }
            name = match kind {
                "Choice" => choose(step, &state, &self.now()),
                "Pass" => {
                    put(&mut state, step.get("ResultPath"), step["Result"].clone());
                    step["Next"].as_str().unwrap().to_owned()
                }
                "Wait" => {
                    sleep(Duration::from_secs(step["Seconds"].as_u64().unwrap())).await;
                    step["Next"].as_str().unwrap().to_owned()
                }
                "Succeed" => return ExecutionEnd::Succeeded(shown(step, state)),
                "Fail" => {
                    let text = |fixed: &str, path: &str| match step[path].as_str() {
                        Some(path) => text_of(&state, path),
                        None => step[fixed].as_str().unwrap_or_default().to_owned(),
                    };
                    return ExecutionEnd::Failed {
                        error: text("Error", "ErrorPath"),
                        cause: text("Cause", "CausePath"),
                    };
                }
                "Task" => {
                    let parameters = resolve(&step["Parameters"], &state, &self.context());
                    let resource = step["Resource"].as_str().unwrap();
                    let limit = time_limit(step, &state);
                    let result = if resource == "${ActivityArn}" {
                        self.run_activity(step, limit, &parameters).await
                    } else if resource.ends_with(":lambda:invoke.waitForTaskToken") {
                        self.give_to_function(step, limit, &parameters, invoke)
                            .await
                    } else {
                        self.invoke_function(step, &parameters, invoke).await
                    };
                    match result {
                        Ok(result) => {
                            let result = match step.get("ResultSelector") {
                                Some(selector) => resolve(selector, &result, &self.context()),
                                None => result,
                            };
                            put(&mut state, step.get("ResultPath"), result);
                            state = shown(step, state);
                            step["Next"].as_str().unwrap().to_owned()
                        }
                        Err(failed) => {
                            let catch = catch_of(step, &failed.error);
                            put(&mut state, catch.get("ResultPath"), failed.caught());
                            catch["Next"].as_str().unwrap().to_owned()
                        }
                    }
                }
                other => panic!("the interpreter does not know states of type {other}"),
            };
        }
    }

    /// What a state finds in the context object.
    fn context(&self) -> Context<'_> {
        let executions = self.aws.sfn().executions();
        let execution = executions
            .into_iter()
            .find(|execution| execution.arn == self.arn)
            .unwrap();
        let started = self.aws.clock().epoch_millis(execution.started_at);
        Context {
            execution: self.arn,
            started: Timestamp::from_millisecond(started).unwrap(),
        }
    }

    async fn run_activity(
        &self,
        step: &Value,
        limit: Duration,
        input: &Value,
    ) -> Result<Value, Failed> {
        let heartbeat = heartbeat(step);
        assert!(heartbeat < limit, "the language wants a shorter heartbeat");
        let mut schedule = Schedule::once().heartbeat(heartbeat).timeout(limit);
        for retry in step["Retry"].as_array().unwrap() {
            let errors: Vec<&str> = retry["ErrorEquals"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap())
                .collect();
            let attempts = u32::try_from(retry["MaxAttempts"].as_u64().unwrap()).unwrap();
            schedule = schedule.retry(
                &errors,
                Duration::from_secs(retry["IntervalSeconds"].as_u64().unwrap()),
                attempts,
            );
        }
        let sfn = self.aws.sfn();
        let recorder = Recorder::new(sfn, self.arn, self.activity, input);
        let scheduled = sfn.schedule(self.activity, input, schedule.recorded(recorder));
        let ended = |error: &str| Failed {
            error: error.to_owned(),
            cause: String::new(),
        };
        match scheduled.outcome().await {
            Outcome::Succeeded(output) => Ok(output),
            Outcome::Failed { error, cause } => Err(Failed { error, cause }),
            Outcome::HeartbeatTimedOut => Err(ended("States.HeartbeatTimeout")),
            Outcome::TimedOut => Err(ended("States.Timeout")),
            // No Catch sees it: the execution has ended, and whoever plays it goes no further.
            Outcome::Aborted => std::future::pending().await,
        }
    }
}
