//! What a run does now, in a few words for a line that is written anew each second.

use crate::explain::{Explanation, TimelineEvent};
use crate::task::status::Phase;

/// What the run does, as far as its timeline and its ECS task show it.
#[must_use]
pub fn phase(explanation: &Explanation, task: Option<Phase>) -> &'static str {
    let last = explanation
        .steps
        .iter()
        .rev()
        .find_map(|step| match step.event {
            TimelineEvent::Claimed { .. } | TimelineEvent::GivenToFunction { .. } => {
                Some(in_ecs(task))
            }
            TimelineEvent::Told { .. } => Some("ending"),
            TimelineEvent::Scheduled { .. }
            | TimelineEvent::HandedOver(_)
            | TimelineEvent::WorkerLost { .. } => Some(match task {
                None => "waiting for a worker",
                Some(_) => "the task runs on, waiting for another worker",
            }),
            _ => None,
        });
    last.unwrap_or("starting")
}

fn in_ecs(task: Option<Phase>) -> &'static str {
    match task {
        None => "a worker has the run",
        Some(Phase::Starting) => "the ECS task starts",
        Some(Phase::Running) => "the ECS task runs",
        Some(Phase::Stopping) => "the ECS task stops",
        Some(Phase::Stopped) => "the ECS task has stopped",
    }
}
