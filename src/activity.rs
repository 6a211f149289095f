//! A worker for a Step Functions activity ([`serve`]): it polls, runs a handler for every task, sends
//! heartbeats while the handler runs, and answers. A process that is given one task's token, as a
//! function that Step Functions invokes with `waitForTaskToken` is, does the same for this task
//! without a poll ([`attend_one`]).
//!
//! ```text
//! poll ── permit, GetActivityTask ──▶ attend ─┬─ handler ──────────▶ answer: SendTaskSuccess,
//!  ▲                                          ├─ heartbeat: lost ──▶ let go  SendTaskFailure
//!  └─ one poller more when a task arrives     └─ shutdown ─────────▶ answer: Worker.HandedOver
//!
//! token ── heartbeat: taken ──▶ attend, as above
//!    └──── heartbeat: lost ───▶ nothing is begun
//! ```
//!
//! It knows nothing of what a handler does, nor of ECS, and can serve any activity. Of a task's
//! input it reads two top-level fields, both optional: `heartbeatSeconds`, since Step Functions
//! does not give a worker the state's `HeartbeatSeconds`, and `execution`, which names the
//! execution in the log.
//!
//! What it holds to:
//! - A permit is held before each poll, so a task that is fetched always has a place: its clocks
//!   run from the hand-out on.
//! - A poll in flight is never dropped. Step Functions goes on to hand out tasks on the poll of a client
//!   that is gone, for the rest of its minute (seen in aws/aws-sdk-go#1465), and a task handed out so
//!   waits for its heartbeats to be missed. There is no call to end a poll. So a worker waits for its
//!   polls when it shuts down, also one that is idle; pollers that are between two polls end at once.
//! - When the service says that a token is no longer valid, or no heartbeat got through for as long
//!   as the service waits for one, the handler is dropped and nothing is answered: another worker
//!   may have the task.
//! - A token that the process was given may be dead: the handler begins after the first heartbeat
//!   that the service has taken.
//! - On shutdown, running tasks are handed over: their handlers are dropped, and they are answered
//!   with [`HANDED_OVER`].

mod attend;
mod client;
mod heartbeat;
mod poll;
mod shutdown;
mod token;
mod vitals;
mod watchdog;

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use client::{ActivityClient, ActivityError, TaskClient};
pub use shutdown::{Shutdown, ShutdownTrigger, shutdown};
pub use token::TaskToken;
pub use vitals::{Signs, Vitals};

use crate::times::DRAIN_TIMEOUT;

/// The error name with which a worker that shuts down, or whose invocation is about to end, gives a
/// task back. The state machine then schedules the task again at once.
pub const HANDED_OVER: &str = "Worker.HandedOver";
/// The error name for a handler that panicked.
pub const PANICKED: &str = "Worker.Panicked";

/// The heartbeat period of a task whose input does not say it.
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(60);

/// A task to be done.
#[derive(Debug, Clone)]
pub struct ActivityTask {
    /// The input as the state passed it, JSON.
    pub input: String,
}

/// A task that the process was given, and did not poll for.
#[derive(Debug, Clone)]
pub struct GivenTask {
    /// The token under which Step Functions waits for the answer.
    pub token: TaskToken,
    /// The input, JSON.
    pub input: String,
}

/// A handler's failure, as `SendTaskFailure` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// Name of the error, which the state machine can match on; cut to 256 bytes.
    pub error: String,
    /// What happened; cut to 32,768 bytes.
    pub cause: String,
}

/// Nothing was begun for a given task, since Step Functions could not be asked whether its token is
/// valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing is begun for the task: {0}. See whether the function may call states:SendTaskHeartbeat, and reaches Step Functions"
)]
pub struct NotBegun(String);

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Options {
    /// Tasks at once, polls in flight included.
    pub max_tasks: NonZeroU32,
    /// Polls at once. An activity takes 1,000 from all its workers together.
    pub pollers: NonZeroU32,
    /// Polls begun in a second. An account has 500 or 300 a second, depending on the region
    /// (`service-quotas`).
    pub polls_per_second: NonZeroU32,
    /// The heartbeat period of a task whose input does not say it.
    pub default_heartbeat: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).expect("these are not zero");
        Self {
            max_tasks: number(1_000),
            pollers: number(100),
            polls_per_second: number(250),
            default_heartbeat: DEFAULT_HEARTBEAT,
        }
    }
}

/// Serves the activity until `shutdown` is requested, all polls in flight have ended and all tasks
/// are answered or handed over.
///
/// Nothing ends it earlier: polls that fail are repeated for as long as it takes.
pub async fn serve<H, F>(client: ActivityClient, options: &Options, handler: H, shutdown: Shutdown)
where
    H: Fn(ActivityTask) -> F + Send + Sync + 'static,
    F: Future<Output = Result<String, TaskFailure>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(options.max_tasks.get() as usize));
    let attendance = Arc::new(attend::Attendance {
        client: client.tasks().clone(),
        handler,
        shutdown: shutdown.clone(),
        how_it_ends: "is shutting down",
        default_heartbeat: options.default_heartbeat,
        pace: heartbeat::Pace::default(),
    });
    let vitals = client.vitals().clone();
    poll::Pollers::start(client, &attendance, &permits, options);
    shutdown.requested().await;
    let in_hand = options.max_tasks.get() as usize - permits.available_permits();
    let tasks = vitals.signs().in_hand;
    tracing::info!(
        polls = in_hand.saturating_sub(tasks),
        tasks,
        "shutting down, in at most {} s: waiting for polls in flight, on which Step Functions may still hand out a task, and handing over running tasks",
        DRAIN_TIMEOUT.as_secs()
    );
    // Every poll and every task holds a permit, so all of them are over when all permits are back.
    drop(permits.acquire_many(options.max_tasks.get()).await);
}

/// Attends to one task until it is answered, handed over or lost. `hand_over` is requested when the
/// process is about to lose its time; an answer is then tried for less than a minute.
///
/// The first act is a heartbeat, which is repeated for as long as its period while nobody can say
/// whether it was taken. A token that is not valid, since the event that brought it came late or again,
/// begins nothing. Dropping the future leaves everything as it is, for the next worker.
///
/// # Errors
/// When no heartbeat got through, so that nothing was begun. That the token is not valid any more is
/// no error.
pub async fn attend_one<H, F>(
    client: TaskClient,
    task: GivenTask,
    handler: H,
    hand_over: Shutdown,
) -> Result<(), NotBegun>
where
    H: Fn(ActivityTask) -> F,
    F: Future<Output = Result<String, TaskFailure>> + Send,
{
    let attendance = attend::Attendance {
        client,
        handler,
        shutdown: hand_over,
        how_it_ends: "is at the end of its invocation",
        default_heartbeat: DEFAULT_HEARTBEAT,
        pace: heartbeat::Pace::default(),
    };
    attendance.attend_given(task.token, task.input).await
}
