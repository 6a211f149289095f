//! The start and the stop of the ECS task. No event of a history records them; their times are in
//! the run's outputs, by ECS's clock.

use jiff::Timestamp;

use super::Timeline;
use crate::explain::conceal::one_line;
use crate::explain::event::{SinceTaken, TimelineEntry, TimelineEvent};
use crate::explain::span::Span;

impl Timeline {
    /// Adds the start and the stop, if the run's outputs have their times.
    pub(super) fn insert_ecs_task(&mut self) {
        let Some(output) = self.output.take() else {
            return;
        };
        let (Ok(started), Ok(stopped)) = (
            output.started_at.parse::<Timestamp>(),
            output.stopped_at.parse::<Timestamp>(),
        ) else {
            return;
        };
        let tasks = output
            .task_arns
            .split(',')
            .filter(|arn| !arn.is_empty())
            .count()
            .max(1);
        // The claim, scheduling or giving that came last before the start belongs to the worker or
        // function that launched the task.
        let since = self
            .steps
            .iter()
            .rev()
            .filter(|step| step.at <= started)
            .find_map(|step| {
                let span = Span::between(step.at, started);
                match step.event {
                    TimelineEvent::Claimed { .. } => Some(SinceTaken::Claimed(span)),
                    TimelineEvent::Scheduled { .. } => Some(SinceTaken::Scheduled(span)),
                    TimelineEvent::GivenToFunction { .. } => Some(SinceTaken::Given(span)),
                    _ => None,
                }
            });
        let since = since.unwrap_or(SinceTaken::Unknown);
        let ran_for = Span::between(started, stopped);
        let task = one_line(&output.task_arn);
        self.insert_in_order(started, TimelineEvent::TaskStarted { task, tasks, since });
        self.insert_in_order(
            stopped,
            TimelineEvent::TaskStopped {
                tasks,
                exit_code: one_line(&output.exit_code),
                ran_for,
            },
        );
    }

    /// Inserts an event of the ECS task by its time, but never after the worker's answer (`Told`).
    /// The worker knew of the event when it answered, so a later time only shows that clocks
    /// disagree. The history's own events keep their order.
    fn insert_in_order(&mut self, at: Timestamp, event: TimelineEvent) {
        let told_index = self
            .steps
            .iter()
            .rposition(|step| matches!(step.event, TimelineEvent::Told { .. }))
            .unwrap_or(self.steps.len());
        // From 1: the first entry is the request, and nothing comes before it.
        let index = (1..told_index)
            .find(|&index| self.steps[index].at > at)
            .unwrap_or(told_index);
        self.steps.insert(
            index,
            TimelineEntry {
                at,
                since_start: Span::between(self.started, at),
                event,
            },
        );
    }
}
