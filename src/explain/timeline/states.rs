//! What the entry of a state tells: the error that was caught, leftover tasks, and the outputs.

use jiff::Timestamp;
use serde_json::Value;

use super::Timeline;
use crate::cloudformation::response::Status;
use crate::execution::history::{RecordedEvent, status_given_in};
use crate::explain::event::TimelineEvent;

/// The state that stops what is left running.
const STOP_TASKS: &str = "StopTasks";

/// What a check for leftovers found, as the definition keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::explain) struct Leftovers {
    /// The most that ran at one time.
    pub(in crate::explain) most_running: u64,
    pub(in crate::explain) running: u64,
    executions: u64,
}

impl Timeline {
    pub(super) fn note_state_entered(&mut self, event: &RecordedEvent) {
        let name = event.state.clone().unwrap_or_default();
        let state_before = self.state.replace((name.clone(), event.at));
        let input: Value = event
            .input
            .as_deref()
            .and_then(|input| serde_json::from_str(input).ok())
            .unwrap_or_default();
        if let Ok(caught) = serde_json::from_value(input["error"].clone()) {
            self.caught = Some(self.secrets.hide_in_caught(&caught));
        }
        if let Some(running) = input["leftovers"]["running"].as_u64() {
            let most_running = self.leftovers.unwrap_or_default().most_running.max(running);
            let executions = input["leftovers"]["executions"]
                .as_u64()
                .unwrap_or_default();
            self.leftovers = Some(Leftovers {
                most_running,
                running,
                executions,
            });
        }
        if status_given_in(&name).is_some() {
            if let Ok(output) = serde_json::from_value(input["output"].clone()) {
                self.output = Some(output);
            }
            if state_before.is_none_or(|(before, _)| before != name) {
                self.note_leftovers(event.at, &input);
            }
        }
    }

    fn note_leftovers(&mut self, at: Timestamp, input: &Value) {
        if let Some(Leftovers {
            most_running,
            running,
            executions,
        }) = self.leftovers
        {
            self.add(
                at,
                TimelineEvent::LeftoversStopped {
                    tasks: most_running,
                    still_running: running,
                    executions,
                },
            );
        }
        if let Ok(caught) = serde_json::from_value(input["stopError"].clone()) {
            self.leftovers = None;
            self.add(
                at,
                TimelineEvent::LeftoversUnknown {
                    error: self.secrets.hide_in_caught(&caught).error,
                },
            );
        }
    }

    /// The answer that the state gives which was entered last.
    pub(super) fn status_being_given(&self) -> Option<Status> {
        self.state
            .as_ref()
            .and_then(|(state, _)| status_given_in(state))
    }

    /// Whether leftovers are being stopped.
    pub(in crate::explain) fn is_stopping(&self) -> bool {
        let state = self.state.as_ref().map_or("", |(state, _)| state.as_str());
        [
            STOP_TASKS,
            "TasksStillRunning",
            "WaitForTasksToStop",
            "ChooseAnswer",
        ]
        .contains(&state)
    }
}
