//! Runs the ECS tasks of one request: launches or adopts them, waits for their end, judges it, and
//! reports it.
//!
//! ```text
//!     activity's input
//!            |
//!            v
//!     +-------------+  a task ended before any of its containers started
//!     |   launch    | <------------------------------------------+
//!     |  or adopt   |                                            |
//!     +------+------+                                            |
//!            | every task of the run exists                      |
//!            v                                                   |
//!     +-------------+  a task has stopped   +-------------+      |
//!     |    wait     | --------------------> |    judge    | -----+
//!     | (watcher)   | <-------------------- |             |
//!     +------+------+   others still run    +--+-------+--+
//!            |                                 |       |
//!            | the deadline has passed         |       | all have succeeded
//!            v                                 |       |
//!     +-------------+     a task has failed    |       |
//!     |    stop     | <------------------------+       |
//!     +------+------+                                  |
//!            v                                         v
//!     +-------------------------------------------------------+
//!     |     report: the activity's output, or its error       |
//!     +-------------------------------------------------------+
//! ```
//!
//! `run` calls the steps in this order. `launch`, `stop` and `report` do one step each over the
//! run's `tasks`, which learn from the one `watcher` of the process what becomes of them; none of
//! them calls `run`. The deadline can come in every step before the report, and a launch can fail:
//! then what runs is stopped as well. Nothing here calls Step Functions.

mod definitions;
mod launch;
mod report;
mod run;
mod stop;
mod tasks;
mod watcher;

use std::sync::Arc;

use tracing::Instrument;

use crate::activity::{ActivityTask, TaskFailure};
use crate::aws::ecs::Ecs;
use crate::aws::logs::Logs;
use crate::clock::Clock;
use crate::cloudformation::identity::NameParts;
use crate::execution::input::ActivityInput;
use crate::task::error::ErrorName;
use crate::task::outcome::{Failure, Output};
use crate::task::redaction::Redaction;
use crate::text::byte_limit;

use definitions::TaskDefinitions;
use launch::LaunchCalls;
pub use report::TaskReporter;
use run::Run;
use watcher::{Pace, Watcher};

/// Longest cause of the failure for an input that cannot be read, in bytes.
const MAX_UNREADABLE_CAUSE: usize = 500;

/// Runs the inputs of activity tasks, any number at once.
#[derive(Debug)]
pub struct TaskRunner {
    ecs: Ecs,
    logs: Logs,
    clock: Clock,
    watcher: Watcher,
    launch_calls: LaunchCalls,
    task_definitions: TaskDefinitions,
}

impl TaskRunner {
    /// A runner with its watcher, which runs as a tokio task of the current runtime until the
    /// runner is dropped.
    #[must_use]
    pub fn start(ecs: &Ecs, logs: Logs, clock: Clock) -> Self {
        Self::with_pace(ecs, logs, clock, Pace::AllRuns)
    }

    /// The same for the one run of a function, beside many other functions that call ECS as well: it
    /// looks at the run's tasks less often when ECS throttles, and when they run for long.
    #[must_use]
    pub fn for_one_run(ecs: &Ecs, logs: Logs, clock: Clock) -> Self {
        let pace = Pace::OneRun(clock.clone());
        Self::with_pace(ecs, logs, clock, pace)
    }

    fn with_pace(ecs: &Ecs, logs: Logs, clock: Clock, pace: Pace) -> Self {
        Self {
            ecs: ecs.clone(),
            logs,
            clock,
            watcher: Watcher::start(ecs.clone(), pace),
            launch_calls: LaunchCalls::default(),
            task_definitions: TaskDefinitions::new(ecs.clone()),
        }
    }

    /// Ends the watcher and the calls that are under way, and waits until nothing of the runner is
    /// left. ECS tasks run on.
    pub async fn end(self) {
        self.watcher.end().await;
        self.launch_calls.end().await;
    }

    /// Runs what an activity task asks for, and gives the activity's output or its error.
    ///
    /// Dropping the future leaves the ECS task running: the next worker that runs the same input
    /// adopts it.
    ///
    /// # Errors
    /// The failure of the run under a name of [`ErrorName`].
    ///
    /// # Panics
    /// Never: outputs are strings, which always serialize.
    pub async fn handle(self: Arc<Self>, task: ActivityTask) -> Result<String, TaskFailure> {
        let result = match serde_json::from_str::<ActivityInput>(&task.input) {
            Ok(input) => {
                // The input as text is not needed any more, and a run may wait for an hour.
                drop(task);
                let span = tracing::info_span!(
                    "ecs_task",
                    logical_id = logical_id(&input.task.started_by),
                    task = tracing::field::Empty
                );
                self.run(&input).instrument(span).await
            }
            Err(error) => Err(unreadable(&error)),
        };
        match result {
            Ok(output) => Ok(serde_json::to_string(&output).expect("an output is strings only")),
            Err(failure) => Err(TaskFailure {
                error: failure.error.to_string(),
                cause: failure.cause,
            }),
        }
    }

    /// Runs the tasks of one request to their end.
    ///
    /// # Errors
    /// The failure of the run, with the name and cause that the execution ends with.
    pub async fn run(&self, input: &ActivityInput) -> Result<Output, Failure> {
        let redaction = Redaction::of(&input.task.overrides);
        Run::new(self, &input.task, &redaction).execute().await
    }
}

fn unreadable(error: &serde_json::Error) -> Failure {
    // An error of serde can repeat a piece of the input, and the input holds environment values.
    let place = format!("line {}, column {}", error.line(), error.column());
    let category = match error.classify() {
        serde_json::error::Category::Data => "a field is missing or of the wrong type",
        _ => "it is no JSON",
    };
    let text = format!(
        "The activity's input cannot be read ({category}, at {place}). The state machine must pass \"execution\", \"heartbeatSeconds\" and \"task\" as the documentation of the activity's input describes them."
    );
    Failure::new(
        ErrorName::InvalidRequest,
        byte_limit::cut_end(&text, MAX_UNREADABLE_CAUSE),
    )
}

/// The resource's name in the template, for the log, from the name that tasks are started under.
fn logical_id(started_by: &str) -> &str {
    NameParts::of(started_by).map_or(started_by, |parts| parts.logical_id)
}
