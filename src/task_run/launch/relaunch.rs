//! Launching again in the place of a task that ended before any container of it started: how long
//! the run waits before that, and when it gives up.
//!
//! After a failure that passes by itself (capacity, rate limits, hosts) the worker launches again
//! until the deadline. After one that usually is a mistake (a closed route in the network) it
//! launches again a few times. It counts the failures by the tasks themselves. A later worker finds
//! these under the run's tokens, so the count does not begin anew when a run is handed over.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::{LIST_PATIENCE, Launcher};
use crate::aws::backoff::Backoff;
use crate::task::console;
use crate::task::ecs_says::in_words_of_ecs;
use crate::task::judgement::what_to_check;
use crate::task::redaction::Redaction;
use crate::task::status::task_id;
use crate::task_run::tasks::{TaskState, Tasks, Tracked};
use crate::text::byte_limit;

/// Pauses before a relaunch.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How many launches for each task of the run may fail in a way that usually is a mistake
/// ([`what_to_check`]). Five take some four minutes on Fargate, pauses included: by then a
/// connection that broke, or a route that the same stack is making, should work.
const LAUNCHES: usize = 5;
/// For how long after the first of these failures the worker launches again. ECS itself tries
/// several times to pull an image or to read a secret, so one launch may take minutes to fail.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
/// Longest reason in an obstacle, bytes.
const MAX_REASON: usize = 1_000;

/// The relaunches of one run by this worker.
#[derive(Debug)]
pub(super) struct Relaunches {
    backoff: Backoff,
    /// Listed tasks of the run that this worker does not track yet: an earlier worker launched them
    /// in the place of others. Each spares one pause. `None` until ECS is asked, before the first
    /// relaunch.
    ahead: Option<usize>,
    /// When this worker first saw a launch fail in a way that usually is a mistake.
    first_failure: Option<Instant>,
}

impl Relaunches {
    pub(super) fn new() -> Self {
        Self {
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            ahead: None,
            first_failure: None,
        }
    }
}

impl Launcher<'_> {
    /// Prepares the launch of another task in the place of one that ended: marks that one as
    /// replaced and makes the pause. `false` when no further launch is due: the task's end then
    /// fails the run.
    ///
    /// The caller has made sure that no container of the task started, and cancels this at the
    /// deadline.
    pub(in crate::task_run) async fn prepare_relaunch(
        &mut self,
        tasks: &mut Tasks<'_>,
        index: usize,
    ) -> bool {
        let began = Instant::now();
        let check = what_to_check_of(&tasks.all()[index]);
        if let Some(check) = check {
            let since = *self.relaunches.first_failure.get_or_insert(began);
            let failures = tasks.all().iter().filter(|task| failed_by_mistake(task));
            let count = failures.clone().count();
            // Each span is measured by one clock, ECS's or this machine's, since the two may
            // differ.
            let spent = span_of(failures).max(began.duration_since(since));
            if count >= LAUNCHES * self.spec.task_count() || spent >= PATIENCE {
                return self
                    .goes_on_with_others(tasks, index, count, spent, check)
                    .await;
            }
        }
        let task = tasks.replace(index);
        let arn = task.arn().to_owned();
        let obstacle = obstacle(task, &self.spec.cluster, self.redaction);
        let pause = self.relaunches.backoff.pause();
        tracing::warn!(
            task = arn,
            reason = obstacle,
            pause_ms = pause.as_millis(),
            "a task ended before any container started; it is launched again"
        );
        self.waits_for(obstacle);
        self.pause(tasks, began + pause).await;
        true
    }

    /// Waits until `end`, unless an earlier worker has made the next launch: that worker has
    /// waited, and repeating its token launches nothing.
    ///
    /// The pause does not depend on times that ECS gives: if this machine's clock differed from
    /// ECS's, it would be too long or too short.
    async fn pause(&mut self, tasks: &Tasks<'_>, end: Instant) {
        if self.relaunches.ahead.is_none() {
            let ahead = match timeout_at(end, self.list()).await {
                Ok(Ok(listed)) => listed
                    .iter()
                    .filter(|task| !tasks.has(&task.status.arn))
                    .count(),
                // Without a list, pause: a needless pause costs only time.
                Ok(Err(_)) | Err(_) => 0,
            };
            self.relaunches.ahead = Some(ahead);
        }
        // Counted down, so that listed tasks which no token returns cannot spare every pause.
        match &mut self.relaunches.ahead {
            Some(ahead) if *ahead > 0 => *ahead -= 1,
            _ => sleep_until(end).await,
        }
    }

    /// Called when no further launch is due. `true` when an earlier worker launched another task in
    /// the place of this one: that task then decides.
    async fn goes_on_with_others(
        &mut self,
        tasks: &mut Tasks<'_>,
        index: usize,
        count: usize,
        spent: Duration,
        check: &str,
    ) -> bool {
        let found = self.look_for_tasks(Instant::now() + LIST_PATIENCE).await;
        tasks.track(found.into_iter().map(|task| task.status.arn), true);
        if tasks.placed_count() > self.spec.task_count() {
            tasks.replace(index);
            return true;
        }
        let seconds = spent.as_secs();
        tasks.explain_end(
            index,
            &format!("; {count} launches failed like this within {seconds} s, so {check}"),
        );
        false
    }
}

/// What stood in the way of a task's start, and which task it was.
fn obstacle(task: &Tracked, cluster: &str, redaction: &Redaction) -> String {
    let reason = task.last_seen().and_then(in_words_of_ecs);
    let reason = reason
        .as_deref()
        .unwrap_or("it stopped before any container started");
    let reason = redaction.apply(reason);
    let reason = byte_limit::cut_end(reason.trim_end_matches('.'), MAX_REASON);
    let mut text = format!("{reason} (task {}", task_id(task.arn()));
    let url = console::task_url(task.arn(), cluster);
    if !url.is_empty() {
        text += &format!(", {url}");
    }
    text.push(')');
    if let Some(check) = what_to_check_of(task) {
        text += &format!("; {check}");
    }
    text
}

fn what_to_check_of(task: &Tracked) -> Option<&'static str> {
    task.last_seen().and_then(what_to_check)
}

/// Whether the task ended without a start, in a way that usually is a mistake.
fn failed_by_mistake(task: &Tracked) -> bool {
    let might_pass = match task.state() {
        TaskState::Replaced => true,
        TaskState::Ended(ending) => ending.may_pass,
        TaskState::Live | TaskState::Succeeded { .. } => false,
    };
    might_pass && what_to_check_of(task).is_some()
}

/// From the first of these tasks' ends to the last, by ECS's own clock.
fn span_of<'t>(tasks: impl Iterator<Item = &'t Tracked>) -> Duration {
    let ends: Vec<_> = tasks
        .filter_map(|task| task.last_seen()?.stopped_at)
        .collect();
    let (Some(first), Some(last)) = (ends.iter().min(), ends.iter().max()) else {
        return Duration::ZERO;
    };
    Duration::try_from(last.duration_since(*first)).unwrap_or(Duration::ZERO)
}
