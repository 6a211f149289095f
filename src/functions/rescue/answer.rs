//! Answering for an execution that ended.
//!
//! What it did not answer is answered with what it would have said. Two rescues at once, or one
//! event delivered twice, send the same answer twice: a second PUT to the URL overwrites the first
//! until CloudFormation has read it, and says the same. A respond function that was still sending
//! when its execution was stopped sends the same as well, since the answer it had begun is the one
//! that is repeated. The schedule's look may repeat an answer that another instance of the function
//! gave; its own it remembers. What remains: an execution may be stopped between an answer's
//! delivery and its record in the history, and then CloudFormation sees the same answer twice, too.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{INCIDENT_UNANSWERED, RescueError, Rescued, Rescuer};
use crate::clock::after;
use crate::cloudformation::event::{Request, RequestType};
use crate::cloudformation::response::Status;
use crate::execution::history::{Activity, Answer, Progress, RecordedEvent};
use crate::execution::reason::reason;
use crate::execution::status::{Execution, ExecutionStatus};
use crate::execution::unanswered::error_of;
use crate::functions::leftovers::executions::was_superseded;
use crate::functions::leftovers::tasks::{Leftovers, Owner};
use crate::functions::respond::{ExecutionState, RespondEvent};
use crate::task::outcome::Output;
use crate::task::spec::TaskSpec;
use crate::times::{
    DEFINITION_STOP_PATIENCE, RESCUE_ANSWER_TIMEOUT, RESCUE_BUDGET, RESCUE_FINAL_ATTEMPT,
    WORKERS_INFORMED_AT_LAST,
};

/// Events read from a history's end. The states behind the run leave at most some 600 (30 checks of
/// leftovers of three attempts each, and six attempts to answer), so that its last attempt is among
/// them.
const HISTORY_TAIL: usize = 1_000;
/// The last event of an execution that ended without success (`API_HistoryEvent`).
const END_EVENTS: [&str; 3] = ["ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"];
/// Tasks of a deleted resource that were launched so long after the end of its Delete belong to a
/// run that came later.
const LATER_RUN: Duration = Duration::from_secs(30);
const CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// The executions that this instance of the function has answered for, or has found answered.
/// Nothing else tells of the first: an execution's history ends with the execution.
#[derive(Debug, Clone, Default)]
pub(super) struct Answered(Arc<Mutex<HashSet<String>>>);

impl Answered {
    /// More than end in the time for which the schedule looks for them. Forgetting costs another
    /// look.
    const REMEMBERED: usize = 10_000;

    pub(super) fn contains(&self, execution_arn: &str) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(execution_arn)
    }

    pub(super) fn remember(&self, execution_arn: &str) {
        let mut arns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if arns.len() >= Self::REMEMBERED {
            arns.clear();
        }
        arns.insert(execution_arn.to_owned());
    }
}

impl Rescuer {
    /// Answers, unless the execution's history says that it was done.
    ///
    /// `status` is how the execution has ended by the word of who saw it end.
    pub(super) async fn answer_for(
        &self,
        execution_arn: &str,
        status: ExecutionStatus,
    ) -> Result<Rescued, RescueError> {
        let rescued = self.answer_unless_answered(execution_arn, status).await?;
        self.answered.remember(execution_arn);
        Ok(rescued)
    }

    async fn answer_unless_answered(
        &self,
        execution_arn: &str,
        status: ExecutionStatus,
    ) -> Result<Rescued, RescueError> {
        let end = Instant::now() + RESCUE_BUDGET;
        let execution = self.state_machine.describe(execution_arn).await?;
        let events = self
            .state_machine
            .last_events(execution_arn, HISTORY_TAIL)
            .await?;
        // A description may lag behind. Whoever makes up an event must not be able to end a run.
        let status = match execution.status {
            ExecutionStatus::Running
                if events
                    .last()
                    .is_some_and(|last| END_EVENTS.contains(&last.name.as_str())) =>
            {
                status
            }
            ExecutionStatus::Running => {
                return Err(RescueError::StillRuns(execution_arn.to_owned()));
            }
            status => status,
        };
        let progress = Progress::of(&events);
        let begun = match progress.answer {
            Answer::Given => return Ok(Rescued::Nothing),
            Answer::Begun { status, state } => begun(status, &state),
            Answer::NotBegun => None,
        };
        // Whatever an answer that was begun says is final; leftovers were stopped before it.
        if let Some(answer) = begun {
            tell_of(execution_arn, status, &execution);
            self.responder.respond(answer).await?;
            return Ok(Rescued::Answered);
        }
        let input: Value = serde_json::from_str(&execution.input).unwrap_or_default();
        let Ok(request) = serde_json::from_value::<Request>(input["request"].clone()) else {
            tracing::warn!(
                execution = execution_arn,
                "the execution was not started for CloudFormation; there is nobody to answer"
            );
            return Ok(Rescued::Nothing);
        };
        tell_of(execution_arn, status, &execution);
        let is_delete = request.request_type == RequestType::Delete;
        let owner = if is_delete {
            Owner::Resource {
                launched_until: None,
            }
        } else {
            Owner::Execution
        };
        let task = serde_json::from_value::<TaskSpec>(input["task"].clone()).ok();
        let leftovers = task
            .as_ref()
            .map(|task| self.leftovers_of(owner, task, &execution));
        let still_running = match &leftovers {
            Some(leftovers) => leftovers.stop_before_the_answer().await,
            None => 0,
        };
        if is_delete {
            self.responder
                .succeed(&request, Output::default(), RESCUE_ANSWER_TIMEOUT)
                .await?;
        } else {
            let caught = error_of(status, &execution, &progress.activity);
            self.responder
                .fail(
                    &request,
                    &reason(&caught, still_running),
                    RESCUE_ANSWER_TIMEOUT,
                )
                .await?;
        }
        if let Some(leftovers) = leftovers.filter(|_| was_taken(&events)) {
            leftovers.stop_until_workers_are_informed(end).await;
        }
        Ok(Rescued::Answered)
    }

    fn leftovers_of<'a>(
        &'a self,
        owner: Owner,
        task: &'a TaskSpec,
        execution: &Execution,
    ) -> LeftoversOfEnded<'a> {
        let now = Instant::now();
        let since_end = execution
            .stopped
            .map_or(Duration::ZERO, |stopped| self.clock.since(stopped));
        let owner = match (owner, execution.stopped) {
            // The resource may be back by the time of a late rescue: what was launched since is
            // another run's.
            (Owner::Resource { .. }, Some(ended)) => Owner::Resource {
                launched_until: Some(after(ended, LATER_RUN)),
            },
            (owner, _) => owner,
        };
        let until_answer = self
            .clock
            .until(after(task.deadline, DEFINITION_STOP_PATIENCE))
            .min(self.patience.leftovers)
            .max(RESCUE_FINAL_ATTEMPT);
        LeftoversOfEnded {
            leftovers: &self.leftovers,
            owner,
            task,
            reason: format!("The execution has ended ({})", task.started_by),
            answer_at: now + until_answer,
            workers_informed_at: now + WORKERS_INFORMED_AT_LAST.saturating_sub(since_end),
        }
    }
}

/// What an execution that has ended may have left, with the times that count.
struct LeftoversOfEnded<'a> {
    leftovers: &'a Leftovers,
    owner: Owner,
    task: &'a TaskSpec,
    reason: String,
    /// Until then it is waited, before CloudFormation is answered: it waits no longer than it had
    /// been told.
    answer_at: Instant,
    /// From then on no worker launches anything for the execution.
    workers_informed_at: Instant,
}

impl LeftoversOfEnded<'_> {
    /// Stops them and waits, bounded, until they have stopped; answers how many still run. The
    /// answer does not depend on it.
    async fn stop_before_the_answer(&self) -> u32 {
        let mut left = 0;
        loop {
            match timeout_at(
                self.answer_at,
                self.leftovers.stop(self.owner, self.task, &self.reason),
            )
            .await
            {
                Ok(Ok(0)) => return 0,
                Ok(Ok(running)) => left = u32::try_from(running).unwrap_or(u32::MAX),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "leftover tasks cannot be looked for; the request is answered all the same");
                    return 0;
                }
                Err(_) => return left,
            }
            if Instant::now() + CHECK_INTERVAL >= self.answer_at {
                return left;
            }
            sleep(CHECK_INTERVAL).await;
        }
    }

    /// Goes on stopping what a worker launches that does not know yet that its execution has ended.
    /// Nobody else would: the worker lets go of the task when it hears of it.
    async fn stop_until_workers_are_informed(&self, end: Instant) {
        while Instant::now() < self.workers_informed_at.min(end) {
            sleep(CHECK_INTERVAL).await;
            match timeout(
                RESCUE_FINAL_ATTEMPT,
                self.leftovers.stop(self.owner, self.task, &self.reason),
            )
            .await
            {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "tasks launched after the execution's end cannot be looked for")
                }
                Err(_) => tracing::warn!(
                    "tasks launched after the execution's end could not be looked for in time"
                ),
            }
        }
    }
}

/// Whether any worker had the run, so that one may launch something. A Delete has none.
fn was_taken(events: &[RecordedEvent]) -> bool {
    let mut progress = Progress::unread();
    events.iter().any(|event| {
        progress.note(event);
        matches!(progress.activity, Activity::Taken { .. })
    })
}

/// Says that the execution ended without an answer, which is an incident. It is none when
/// CloudFormation has given it up: nobody waits for that answer.
fn tell_of(execution_arn: &str, status: ExecutionStatus, execution: &Execution) {
    if was_superseded(execution) {
        tracing::info!(
            execution = execution_arn,
            "the execution was stopped since CloudFormation had given it up; it is answered now"
        );
    } else {
        tracing::error!(
            incident = INCIDENT_UNANSWERED,
            execution = execution_arn,
            ?status,
            "the execution ended without an answer; it is answered now"
        );
    }
}

/// The event that the state had invoked `respond` with. `None` when its input is no state of ours.
fn begun(status: Status, state: &str) -> Option<RespondEvent> {
    let state: ExecutionState = serde_json::from_str(state).ok()?;
    Some(RespondEvent { status, state })
}
