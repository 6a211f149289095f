//! The last lines of the log of the container that failed. What stands in the way of them becomes a
//! note, never an error of its own.

use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Sources;
use crate::aws::ApiError;
use crate::aws::ecs::LogStreamPlace;
use crate::task::status::{TaskStatus, task_id};
use crate::times::LOOKUP_TIMEOUT;

/// How long a failure waits for its turn among the worker's log look-ups. When many runs fail
/// together, their answers must not be late for their logs' sake.
const LOG_CALL_WAIT: Duration = Duration::from_secs(15);
/// A container's lines reach the log in batches. An empty or missing stream is read once more after
/// this, and a call that failed for what may pass is made twice more.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(1_500);

/// The log of the container that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogTail {
    /// Nobody asked for one, or no container ran.
    NotAsked,
    /// The last lines, oldest first.
    Lines {
        container: String,
        lines: Vec<String>,
    },
    /// Why there are none.
    Unavailable(String),
}

/// What one read of a stream brought, if it was answered in time.
type Read = Result<Result<Vec<String>, ApiError>, Elapsed>;

/// The last lines of one container's log.
pub(super) async fn log_tail(
    sources: &Sources<'_>,
    status: Option<&TaskStatus>,
    container: Option<&str>,
) -> LogTail {
    let (Some(status), Some(container)) = (status, container) else {
        return LogTail::NotAsked;
    };
    if sources.spec.log_lines == 0 {
        return LogTail::NotAsked;
    }
    let definition = sources.definitions.of_task_in_time(sources.spec, status);
    let Some(definition) = definition.await else {
        return LogTail::Unavailable(
            "the task definition, which names the log, could not be read.".to_owned(),
        );
    };
    let Some(place) = definition.log(container) else {
        return LogTail::Unavailable(format!(
            "container '{container}' does not log through awslogs with a stream prefix, so its stream cannot be found."
        ));
    };
    let stream = place.stream(container, task_id(&status.arn));
    match read(sources, place, &stream).await {
        Some(Ok(Ok(lines))) => LogTail::Lines {
            container: container.to_owned(),
            lines,
        },
        Some(Ok(Err(error))) => LogTail::Unavailable(format!("{error}.")),
        Some(Err(_)) => LogTail::Unavailable(format!(
            "CloudWatch Logs did not answer within {} s.",
            LOOKUP_TIMEOUT.as_secs()
        )),
        None => LogTail::Unavailable(format!(
            "so many runs of this worker failed together that it had no call for stream '{stream}' of log group '{}' within {} s.",
            place.group,
            LOG_CALL_WAIT.as_secs()
        )),
    }
}

/// The last read of the stream, or nothing when there was no call for it.
async fn read(sources: &Sources<'_>, place: &LogStreamPlace, stream: &str) -> Option<Read> {
    let (logs, limit) = (sources.logs, sources.spec.log_lines);
    let turns_end = Instant::now() + LOG_CALL_WAIT;
    let mut last = None;
    for reads in 1.. {
        // The time limit of a look-up is for the call alone: its permit may take longer.
        let Ok(permit) = timeout_at(turns_end, logs.budget().acquire()).await else {
            break;
        };
        let call = logs.last_lines(permit, place.region.as_deref(), &place.group, stream, limit);
        let again = match last.insert(timeout(LOOKUP_TIMEOUT, call).await) {
            Ok(Ok(lines)) => lines.is_empty() && reads == 1,
            Ok(Err(_)) if reads == 1 => true,
            Ok(Err(error)) => error.may_pass() && reads == 2 && Instant::now() < turns_end,
            Err(_) => false,
        };
        if !again {
            break;
        }
        sleep(READ_AGAIN_AFTER).await;
    }
    last
}
