//! The start and the stop of the ECS task, which no event of a history tells: they are taken from
//! the run's outputs.

use jiff::Timestamp;

use super::Timeline;
use crate::explain::conceal::one_line;
use crate::explain::event::{SinceTaken, TimelineEntry, TimelineEvent};
use crate::explain::span::Span;

impl Timeline {
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
        let since = self
            .steps
            .iter()
            .rev()
            .filter(|step| step.at <= started)
            .find_map(|step| {
                let span = Some(Span::between(step.at, started));
                match step.event {
                    TimelineEvent::Claimed { .. } => Some(SinceTaken {
                        claimed: span,
                        scheduled: None,
                    }),
                    TimelineEvent::Scheduled { .. } => Some(SinceTaken {
                        claimed: None,
                        scheduled: span,
                    }),
                    _ => None,
                }
            });
        let since = since.unwrap_or(SinceTaken {
            claimed: None,
            scheduled: None,
        });
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

    /// Puts in what ECS tells, by ECS's clock, before what the worker told of it. The history's own
    /// order is kept.
    fn insert_in_order(&mut self, at: Timestamp, event: TimelineEvent) {
        let told_index = self
            .steps
            .iter()
            .rposition(|step| matches!(step.event, TimelineEvent::Told { .. }))
            .unwrap_or(self.steps.len());
        // Nothing comes before the request, which is the first.
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
