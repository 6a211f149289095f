//! What is known of a task that is watched.

use tokio::time::Instant;

use crate::aws::ApiError;
use crate::task::status::TaskStatus;

/// What a subscriber knows of its task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::task_run) enum View {
    /// Nobody has looked yet.
    Unseen,
    /// What the last look showed.
    Seen(TaskStatus),
    /// ECS did not know the task at the last look.
    Missing,
    /// ECS refused the last look.
    Refused(ApiError),
    /// The last look that ECS answered did not show the task, and no look since this time got an
    /// answer.
    Unanswered(Instant),
}
