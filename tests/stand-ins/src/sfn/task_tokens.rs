//! Task tokens: handed out once, kept alive by heartbeats, ended by an answer or by their clocks;
//! SendTaskHeartbeat, SendTaskSuccess and SendTaskFailure.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::AbortHandle;

use super::Sfn;
use super::activities::{ActivityTask, Origin};
use super::request::{check_bytes, check_length, required, string};
use super::schedule::{EventKind, Outcome};
use crate::aws_error::AwsError;
use crate::lock::Lock;

/// Longest `taskToken` (API_SendTaskHeartbeat).
const MAX_TOKEN: usize = 2048;
/// Longest `error` (API_SendTaskFailure).
const MAX_ERROR: usize = 256;
/// Longest `cause` (API_SendTaskFailure).
const MAX_CAUSE: usize = 32_768;
/// Most bytes of `output` (API_SendTaskSuccess).
const MAX_OUTPUT: usize = 262_144;
/// What every token of the stand-in begins with: anything else is malformed.
const TOKEN_PREFIX: &str = "AAAAKgAAAAIAAAAAAAAAAe";

/// What a token stands for.
#[derive(Debug)]
pub(super) enum Token {
    /// A task that a worker holds.
    InFlight(Arc<InFlight>),
    /// Answered, timed out, or its execution is over.
    Over,
}

/// A task that was handed out.
#[derive(Debug)]
pub(super) struct InFlight {
    task: ActivityTask,
    handed_out_at: Duration,
    /// The hand-out, or the last heartbeat since.
    alive_at: Mutex<Duration>,
    clocks: Mutex<Option<AbortHandle>>,
}

impl InFlight {
    /// The next moment at which the task ends by its clocks, and how.
    fn deadline(&self) -> Option<(Duration, Outcome)> {
        let heartbeat = self
            .task
            .heartbeat
            .map(|time| *self.alive_at.locked() + time);
        let timeout = self.task.timeout.map(|time| self.handed_out_at + time);
        let heartbeat = heartbeat.map(|at| (at, Outcome::HeartbeatTimedOut));
        let timeout = timeout.map(|at| (at, Outcome::TimedOut));
        heartbeat
            .into_iter()
            .chain(timeout)
            .min_by_key(|(at, _)| *at)
    }

    fn stop_clocks(&self) {
        if let Some(clocks) = self.clocks.locked().take() {
            clocks.abort();
        }
    }
}

impl Sfn {
    /// Makes the task the holder's: its token, and its clocks from now on.
    pub(super) fn hand_out(&self, task: ActivityTask, worker: Option<&str>) -> String {
        let token = format!("{TOKEN_PREFIX}{}", self.inner.identifiers.hex(32));
        let now = self.inner.clock.now();
        let over = task.origin.is_over();
        self.note_start(&task, worker);
        task.origin.note(EventKind::Started {
            worker: worker.map(str::to_owned),
            token: token.clone(),
        });
        let in_flight = Arc::new(InFlight {
            task,
            handed_out_at: now,
            alive_at: Mutex::new(now),
            clocks: Mutex::new(None),
        });
        let kept = if over {
            Token::Over
        } else {
            Token::InFlight(Arc::clone(&in_flight))
        };
        self.inner.state.locked().tokens.insert(token.clone(), kept);
        if !over && in_flight.deadline().is_some() {
            let clocks = tokio::spawn(
                self.clone()
                    .keep_clocks(token.clone(), Arc::clone(&in_flight)),
            );
            *in_flight.clocks.locked() = Some(clocks.abort_handle());
        }
        token
    }

    /// Ends the task when a clock of it runs out. One timer per task, which a heartbeat does not
    /// touch: it is looked at again when it fires.
    async fn keep_clocks(self, token: String, in_flight: Arc<InFlight>) {
        while let Some((deadline, outcome)) = in_flight.deadline() {
            if deadline <= self.inner.clock.now() {
                if self.take(&token).is_some() {
                    self.settle(&in_flight, outcome);
                }
                return;
            }
            self.inner.clock.sleep_until(deadline).await;
        }
    }

    pub(super) fn send_task_heartbeat(&self, body: &Value) -> Result<Value, AwsError> {
        let in_flight = self.in_flight(task_token(body)?)?;
        let now = self.inner.clock.now();
        *in_flight.alive_at.locked() = now;
        in_flight.task.origin.note(EventKind::Heartbeat);
        Ok(json!({}))
    }

    pub(super) async fn send_task_success(&self, body: &Value) -> Result<Value, AwsError> {
        let token = task_token(body)?;
        check_bytes(body, "output", MAX_OUTPUT)?;
        let output = required(body, "output")?;
        let output = serde_json::from_str(output).map_err(|error| {
            AwsError::new("InvalidOutput", format!("Invalid Output: '{error}'"))
        })?;
        self.answer(token, Outcome::Succeeded(output)).await
    }

    pub(super) async fn send_task_failure(&self, body: &Value) -> Result<Value, AwsError> {
        let token = task_token(body)?;
        check_length(body, "error", MAX_ERROR)?;
        check_length(body, "cause", MAX_CAUSE)?;
        let text = |member| string(body, member).unwrap_or_default().to_owned();
        self.answer(
            token,
            Outcome::Failed {
                error: text("error"),
                cause: text("cause"),
            },
        )
        .await
    }

    async fn answer(&self, token: &str, outcome: Outcome) -> Result<Value, AwsError> {
        let in_flight = self.in_flight(token)?;
        if let Origin::Upstream(task) = &in_flight.task.origin {
            // The token lives on until the answer has arrived: one that could not be passed on is
            // given again.
            self.answer_upstream(task, &outcome).await?;
            self.forget(token);
            return Ok(json!({}));
        }
        // Of two answers at the same moment one is first.
        if self.take(token).is_none() {
            return Err(timed_out());
        }
        self.settle(&in_flight, outcome);
        Ok(json!({}))
    }

    /// Tells the origin how the task ended, and schedules it again where its retries say so.
    fn settle(&self, in_flight: &InFlight, outcome: Outcome) {
        let scheduled = match &in_flight.task.origin {
            Origin::Test(scheduled) => scheduled,
            Origin::Upstream(task) => return self.report_upstream(task, outcome),
        };
        if let Some(interval) = scheduled.attempt_ended(outcome) {
            let sfn = self.clone();
            let task = in_flight.task.clone();
            tokio::spawn(async move {
                tokio::time::sleep(interval).await;
                // It may have been stopped while it waited.
                let has_ended = task.execution().is_some_and(|arn| sfn.has_ended(&arn));
                if !task.origin.is_over() && !has_ended {
                    sfn.enqueue(task);
                }
            });
        }
    }

    /// Whether the token of a request is one of this stand-in's.
    pub(super) fn knows_token(&self, body: &Value) -> bool {
        string(body, "taskToken")
            .is_some_and(|token| self.inner.state.locked().tokens.contains_key(token))
    }

    /// The activity whose task the token of a call stands for, while it stands for one.
    pub(crate) fn activity_of_token(&self, body: &Value) -> Option<String> {
        match self
            .inner
            .state
            .locked()
            .tokens
            .get(string(body, "taskToken")?)?
        {
            Token::InFlight(in_flight) => Some(in_flight.task.activity.clone()),
            Token::Over => None,
        }
    }

    /// Ends the tasks of an execution that is over: calls with their tokens are answered
    /// `TaskTimedOut` from now on.
    pub(super) fn execution_stopped(&self, execution: &str) {
        let over: Vec<_> = {
            let mut state = self.inner.state.locked();
            for activity in state.activities.values_mut() {
                activity
                    .queue
                    .retain(|task| task.execution().as_deref() != Some(execution));
            }
            let held = state.tokens.iter().filter_map(|(token, kept)| match kept {
                Token::InFlight(in_flight) => Some((token, in_flight)),
                Token::Over => None,
            });
            held.filter(|(_, in_flight)| in_flight.task.execution().as_deref() == Some(execution))
                .map(|(token, in_flight)| (token.clone(), Arc::clone(in_flight)))
                .collect()
        };
        for (token, in_flight) in over {
            self.forget(&token);
            if let Origin::Test(scheduled) = &in_flight.task.origin {
                let _last = scheduled.attempt_ended(Outcome::Aborted);
            }
        }
    }

    /// The task a token stands for.
    fn in_flight(&self, token: &str) -> Result<Arc<InFlight>, AwsError> {
        match self.inner.state.locked().tokens.get(token) {
            Some(Token::InFlight(in_flight)) => Ok(Arc::clone(in_flight)),
            Some(Token::Over) => Err(timed_out()),
            None => Err(AwsError::new(
                "TaskDoesNotExist",
                "Task Does Not Exist: 'The task does not exist'",
            )),
        }
    }

    /// Ends the token. `None` when it was over before.
    fn take(&self, token: &str) -> Option<Arc<InFlight>> {
        let mut state = self.inner.state.locked();
        let kept = state.tokens.get_mut(token)?;
        match std::mem::replace(kept, Token::Over) {
            Token::InFlight(in_flight) => {
                drop(state);
                in_flight.stop_clocks();
                Some(in_flight)
            }
            Token::Over => None,
        }
    }

    /// Ends the token without telling anybody.
    pub(super) fn forget(&self, token: &str) {
        let _over = self.take(token);
    }
}

fn task_token(body: &Value) -> Result<&str, AwsError> {
    check_length(body, "taskToken", MAX_TOKEN)?;
    let token = required(body, "taskToken")?;
    if token.starts_with(TOKEN_PREFIX) {
        Ok(token)
    } else {
        Err(AwsError::new(
            "InvalidToken",
            "Invalid Token: 'Invalid token'",
        ))
    }
}

fn timed_out() -> AwsError {
    AwsError::new(
        "TaskTimedOut",
        "Task Timed Out: 'Provided task does not exist anymore'",
    )
}
