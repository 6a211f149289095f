//! The conclusion of an execution that runs: what it waits for, for how long, and what to do.

use std::time::Duration;

use super::{Conclusion, Facts, RunResult};
use crate::execution::error::NOT_CLAIMED;
use crate::execution::history::{Activity, Answer};
use crate::explain::advice::advice;
use crate::explain::conceal::one_line;
use crate::explain::span::Span;

/// A run that waits longer for a worker is worth a hint. A fleet that polls takes a run within a
/// second or two.
const USUAL_CLAIM_TIME: Duration = Duration::from_secs(30);

impl Facts<'_> {
    pub(super) fn running(&self) -> Conclusion {
        let (sentence, advice) = match &self.progress.answer {
            Answer::Given => (
                format!(
                    "{} has its answer, and the execution is about to end.",
                    self.who_waits()
                ),
                None,
            ),
            Answer::NobodyWaits => (
                "The run is over, and the execution is about to end.".to_owned(),
                None,
            ),
            Answer::Begun { status, .. } => (
                format!(
                    "{} is being answered {status}{}.",
                    self.who_waits(),
                    self.time_in_state()
                ),
                None,
            ),
            // Before the activity: leftover tasks are stopped when the run is over.
            Answer::NotBegun if self.timeline.is_stopping() => {
                let running = self.timeline.leftovers.unwrap_or_default().running;
                let what = if running == 0 {
                    "leftover tasks".to_owned()
                } else {
                    format!("{running} leftover task(s) to stop")
                };
                (
                    format!("It looks for and waits for {what}{}.", self.time_in_state()),
                    None,
                )
            }
            Answer::NotBegun => self.running_activity(),
        };
        Conclusion {
            result: RunResult::Running,
            sentence: format!("Running. {sentence}"),
            error: None,
            reason: None,
            advice,
        }
    }

    /// What the run waits for, and what to do.
    fn running_activity(&self) -> (String, Option<String>) {
        match &self.progress.activity {
            Activity::Waiting { since } => {
                let waited = Span::between(*since, self.now);
                if waited.0 < USUAL_CLAIM_TIME {
                    return (
                        format!("No worker has claimed the run yet, for {waited}."),
                        None,
                    );
                }
                let fleet = advice(NOT_CLAIMED).unwrap_or_default();
                (
                    format!("No worker has claimed the run for {waited}: is the fleet running?"),
                    Some(format!(
                        "{fleet}. Rescue gives up what no worker claims within ClaimTimeout, 300 s unless the stack says otherwise"
                    )),
                )
            }
            Activity::Taken { worker } => (
                self.taken_in_words(worker.as_deref()),
                self.how_to_see_tasks(),
            ),
            Activity::GivenToFunction { since } => (
                format!(
                    "The run was given to the function work {} ago, and this history does not tell whether it works on the run or the run waits for a free function; its deadline {}.",
                    Span::between(*since, self.now),
                    self.deadline_in_words()
                ),
                self.how_to_see_tasks(),
            ),
            Activity::Ended => (
                format!(
                    "The run waits to be scheduled for another worker; its deadline {}.",
                    self.deadline_in_words()
                ),
                None,
            ),
            Activity::Unknown => ("It has just begun.".to_owned(), None),
        }
    }

    /// Which worker has had the run for how long. An emulator's history does not show when a worker
    /// takes it.
    fn taken_in_words(&self, worker: Option<&str>) -> String {
        let deadline = self.deadline_in_words();
        if let Some(claimed) = self.timeline.claimed_at {
            let worker =
                worker.map_or_else(|| "A worker".to_owned(), |name| format!("Worker '{name}'"));
            return format!(
                "{worker} has had the run for {}; its deadline {deadline}.",
                Span::between(claimed, self.now)
            );
        }
        let scheduled = Span::between(self.timeline.scheduled_at.unwrap_or(self.now), self.now);
        format!(
            "The run was scheduled {scheduled} ago, and this history does not tell when a worker claims it; its deadline {deadline}."
        )
    }

    /// How far away the deadline is, in words that follow "its deadline".
    fn deadline_in_words(&self) -> String {
        let left = self.task.map(|task| Span::between(self.now, task.deadline));
        match left {
            Some(Span(Duration::ZERO)) => "has passed".to_owned(),
            Some(left) => format!("is in {left}"),
            None => "is not known".to_owned(),
        }
    }

    fn how_to_see_tasks(&self) -> Option<String> {
        let task = self.task?;
        Some(format!(
            "to see its ECS task: aws ecs list-tasks --region {} --cluster {} --started-by {}",
            self.arn.region(),
            one_line(&task.cluster),
            one_line(&task.started_by)
        ))
    }

    /// For how long the execution has been in its state, in words that end a sentence.
    fn time_in_state(&self) -> String {
        self.timeline
            .state
            .as_ref()
            .map_or_else(String::new, |(_, since)| {
                format!(", for {}", Span::between(*since, self.now))
            })
    }
}
