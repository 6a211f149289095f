//! What the entry of a state shows. Its input holds what the state machine has collected: the error
//! that was caught, the leftover tasks, and the outputs of the run.

use jiff::Timestamp;
use serde_json::Value;

use super::Timeline;
use crate::cloudformation::response::Status;
use crate::execution::history::{DIRECT_ENDS, RESPOND_STARTED, RecordedEvent, status_given_in};
use crate::explain::event::TimelineEvent;

/// The state that calls `stop`.
const STOP_TASKS: &str = "StopTasks";

/// What `stop` found, as the state machine keeps it in the execution's state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::explain) struct Leftovers {
    /// The highest number of leftover tasks that any call found running.
    pub(in crate::explain) most_running: u64,
    /// Number of leftover tasks that the last call found running.
    pub(in crate::explain) running: u64,
    /// Number of earlier executions that were stopped, on Delete.
    executions: u64,
}

/// Whether the tasks of earlier runs have stopped, by the state that is entered after the last check for
/// them.
fn earlier_runs_stopped(state: &str) -> Option<bool> {
    match state {
        "EarlierRunsEnded" => Some(true),
        "EarlierRunsGoOn" => Some(false),
        _ => None,
    }
}

impl Timeline {
    /// Takes the entry of a state into account.
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
        if let Some(have_stopped) = earlier_runs_stopped(&name) {
            // What was counted are not the tasks of this run.
            self.leftovers = None;
            self.add(event.at, TimelineEvent::EarlierRuns { have_stopped });
            return;
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
        if status_given_in(&name).is_some() || DIRECT_ENDS.contains(&name.as_str()) {
            if let Ok(output) = serde_json::from_value(input["output"].clone()) {
                self.output = Some(output);
            }
            // Told once, and not again when a state that answers is entered twice in a row.
            if state_before.is_none_or(|(before, _)| before != name) {
                self.note_leftovers(event.at, &input);
            }
        }
    }

    /// Adds an entry about the leftover tasks.
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
            // The numbers of the calls before may be out of date.
            self.leftovers = None;
            self.add(
                at,
                TimelineEvent::LeftoversUnknown {
                    error: self.secrets.hide_in_caught(&caught).error,
                },
            );
        }
    }

    /// The answer that is being given, if the state that was entered last gives one.
    pub(super) fn status_being_given(&self) -> Option<Status> {
        self.state
            .as_ref()
            .and_then(|(state, _)| status_given_in(state))
    }

    /// Whether CloudFormation is being answered that the run has begun.
    pub(super) fn is_answering_beginning(&self) -> bool {
        self.state
            .as_ref()
            .is_some_and(|(state, _)| state == RESPOND_STARTED)
    }

    /// Whether the execution is looking for leftover tasks or waiting for them to stop.
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
