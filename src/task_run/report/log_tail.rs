//! The last lines of the log of the container that failed. When they cannot be read, the reason
//! becomes a note in the cause, never an error of its own.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::Sources;
use crate::aws::ApiError;
use crate::aws::logs::LogStream;
use crate::task::redaction::Redaction;
use crate::task::status::TaskStatus;
use crate::text::byte_limit;
use crate::times::LOOKUP_TIMEOUT;

/// How long a failure waits for its turn among the worker's log look-ups. When many runs fail
/// together, their answers must not be late for their logs' sake.
const LOG_CALL_WAIT: Duration = Duration::from_secs(15);
/// A container's lines reach the log in batches. A stream that is missing, or showed no line, is read
/// once more after this, and a call that failed for what may pass is made twice more.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(1_500);
/// How long a read that has some lines waits for its turn to look for more of them. A worker whose
/// runs do not fail together has a turn each 0.2 s.
const NEXT_CALL_WAIT: Duration = Duration::from_secs(1);
/// Events asked for in one call after a first page that was not enough.
const LARGE_PAGE: usize = 100;
/// Longest log line shown, bytes.
const MAX_LINE: usize = 1_000;

/// The log of the container that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogTail {
    /// Nobody asked for one, or no container ran.
    NotAsked,
    /// The last lines, oldest first, as they may be shown.
    Lines {
        container: String,
        lines: Vec<String>,
    },
    /// Why there are none.
    Unavailable(String),
}

/// What one read of a stream brought.
#[derive(Debug)]
enum Read {
    /// The last lines, oldest first. None when the stream has none.
    Lines(Vec<String>),
    /// The last `pages` pages of the stream had no lines, and the time ran out before an older page
    /// was read.
    NoLinesYet { pages: u32 },
    /// The service refused the call, or could not be reached.
    Failed(ApiError),
    /// The call got no answer in time.
    Unanswered,
    /// There was no permit for a call in time.
    NoTurn,
}

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
            "container '{container}' does not log through awslogs, so it has no log stream to show."
        ));
    };
    let Some(stream) = place.stream(status, container) else {
        return LogTail::Unavailable(format!(
            "container '{container}' logs through awslogs without a stream prefix, and ECS does not show the container's runtime id, which its stream is named by."
        ));
    };
    let stream = LogStream {
        region: place.region.as_deref(),
        group: &place.group,
        name: &stream,
    };
    let why = match read(sources, stream).await {
        Read::Lines(lines) => {
            let container = container.to_owned();
            return LogTail::Lines { container, lines };
        }
        Read::NoLinesYet { pages } => format!(
            "the last {pages} page(s) of log stream '{}' of '{}' have no lines, and there was no time to read those before them.",
            stream.name, stream.group
        ),
        Read::Failed(error) => format!("{error}."),
        Read::Unanswered => format!(
            "CloudWatch Logs did not answer within {} s.",
            LOOKUP_TIMEOUT.as_secs()
        ),
        Read::NoTurn => format!(
            "so many runs of this worker failed together that it had no call for stream '{}' of log group '{}' within {} s.",
            stream.name,
            stream.group,
            LOG_CALL_WAIT.as_secs()
        ),
    };
    LogTail::Unavailable(why)
}

/// Reads the stream, and reads it again when that may bring more.
async fn read(sources: &Sources<'_>, stream: LogStream<'_>) -> Read {
    let turns_end = Instant::now() + LOG_CALL_WAIT;
    let mut reads = 1;
    let mut last = read_backwards(sources, stream, turns_end).await;
    loop {
        let again = match &last {
            Read::Lines(lines) => lines.is_empty() && reads == 1,
            Read::Failed(_) | Read::NoLinesYet { .. } if reads == 1 => true,
            Read::Failed(error) => error.may_pass() && reads == 2 && Instant::now() < turns_end,
            Read::NoLinesYet { .. } | Read::Unanswered | Read::NoTurn => false,
        };
        if !again {
            return last;
        }
        sleep(READ_AGAIN_AFTER).await;
        match read_backwards(sources, stream, turns_end).await {
            // The read before says more.
            Read::NoTurn => return last,
            read => last = read,
        }
        reads += 1;
    }
}

/// Reads page after page, from the stream's end towards its beginning, until there are as many
/// lines as asked for. What was read counts, whatever stands in the way of the rest.
async fn read_backwards(sources: &Sources<'_>, stream: LogStream<'_>, turns_end: Instant) -> Read {
    let (logs, wanted) = (sources.logs, sources.spec.log_lines as usize);
    let mut lines: Vec<String> = Vec::new();
    let mut before = None;
    let mut pages = 0;
    // The time limit of a look-up is for its calls: the permit of the first one may take longer.
    let mut permit = timeout_at(turns_end, logs.budget().acquire()).await.ok();
    let end = Instant::now() + LOOKUP_TIMEOUT;
    let obstacle = loop {
        let Some(permitted) = permit else {
            break Read::NoTurn;
        };
        // What follows a page that was not enough is asked for in large pages: events may be blank.
        let limit = match pages {
            0 => wanted,
            _ => wanted.max(LARGE_PAGE),
        };
        let call = logs.page(permitted, stream, limit, before.as_deref());
        let page = match timeout_at(end, call).await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => break Read::Failed(error),
            Err(_) => break Read::Unanswered,
        };
        pages += 1;
        let mut earlier = lines_of(&page.events, sources.redaction);
        earlier.append(&mut lines);
        lines = earlier;
        before = page.before;
        if lines.len() >= wanted || before.is_none() {
            let surplus = lines.len().saturating_sub(wanted);
            return Read::Lines(lines.split_off(surplus));
        }
        // With some lines at hand, this run does not stand long in the way of runs that have none.
        let turn_ends = if lines.is_empty() {
            end
        } else {
            end.min(Instant::now() + NEXT_CALL_WAIT)
        };
        permit = timeout_at(turn_ends, logs.budget().acquire()).await.ok();
    };
    match obstacle {
        _ if !lines.is_empty() => Read::Lines(lines),
        Read::Unanswered | Read::NoTurn if pages > 0 => Read::NoLinesYet { pages },
        obstacle => obstacle,
    }
}

/// The lines of log events that are not blank, without values of environment overrides. There may be
/// more lines than events. Each is cut at once: an event may have 256 KB, and many runs may fail together.
fn lines_of(events: &[String], redaction: &Redaction) -> Vec<String> {
    events
        .iter()
        .flat_map(|event| redaction.lines_of(event))
        .map(|line| byte_limit::cut_end(&line, MAX_LINE))
        .collect()
}
