//! Answering for executions whose end nobody told: EventBridge gets the status changes of executions as best effort ("AWS Step
//! Functions events", Amazon EventBridge Events Reference).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{RescueError, Rescued, Rescuer};
use crate::aws::step_functions::EndedExecution;
use crate::execution_history::{Answer, Course};

/// After its end an event has this long to bring the rescue that answers; leftover tasks are waited for in it.
const EVENT_HAS: SignedDuration = SignedDuration::from_mins(3);
/// For this long an execution is looked for, which is three looks, a minute apart.
const LOOKED_FOR: SignedDuration = SignedDuration::from_mins(3);
/// The definition ends an execution after this long (its `TimeoutSeconds` is 3,585 s), so those that ended lately began since.
const LONGEST_EXECUTION: SignedDuration = SignedDuration::from_hours(1);
/// How long one look may begin answers; what is left has two more looks. With the look at what waits and one last answer it stays
/// within the function's four minutes.
const TIME: Duration = Duration::from_secs(45);
/// Events read of each history: an answer that was given is followed by the execution's last state.
const EVENTS: usize = 5;

impl Rescuer {
    /// Answers how many executions were answered for.
    pub(super) async fn answer_missed(&self) -> Result<usize, RescueError> {
        let end = Instant::now() + TIME;
        let now = self.clock.now();
        let earliest = before(now, EVENT_HAS + LOOKED_FOR);
        let latest = before(now, EVENT_HAS);
        let mut ended = self.state_machine.ended_without_success(before(earliest, LONGEST_EXECUTION)).await?;
        ended.retain(|execution| execution.ended > earliest && execution.ended <= latest && !self.answered.contains(&execution.arn));
        let (mut answered, mut failure) = (0, None);
        for execution in &ended {
            if Instant::now() >= end {
                break;
            }
            match self.answer_if_missed(execution).await {
                Ok(was_answered) => answered += usize::from(was_answered),
                Err(error) => {
                    tracing::warn!(%error, execution = execution.arn, "the execution may have ended without an answer, and cannot be answered for");
                    failure = Some(error);
                }
            }
        }
        // Each of them stands for a stack that waits: the dead-letter queue's alarm tells people.
        failure.map_or(Ok(answered), Err)
    }

    async fn answer_if_missed(&self, execution: &EndedExecution) -> Result<bool, RescueError> {
        let events = self.state_machine.last_events(&execution.arn, EVENTS).await?;
        if Course::of(&events).answer == Answer::Given {
            return Ok(false);
        }
        tracing::warn!(execution = execution.arn, "the event of an execution's end did not bring its answer; the schedule does");
        Ok(self.answer_for(&execution.arn, execution.status).await? == Rescued::Answered)
    }
}

fn before(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.checked_sub(duration).unwrap_or(Timestamp::MIN)
}
