//! One run: from launch or adoption to the end of every task.

use std::time::Duration;

use futures_util::future::select_all;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::TaskRunner;
use super::watcher::View;
use crate::aws::{ApiError, ErrorKind};
use crate::backoff::Backoff;
use crate::deadline::WORKER_PATIENCE;
use crate::error_name::ErrorName;
use crate::judgement::{Criteria, Ending, Verdict, judge};
use crate::outcome::{Failure, Output};
use crate::task_spec::TaskSpec;
use crate::task_status::{Phase, TaskStatus};

/// A task that was launched and is not known to `DescribeTasks` yet: ECS is eventually consistent (`API_RunTask`), and this is
/// far beyond what it takes.
const NOT_KNOWN_YET: Duration = Duration::from_secs(120);
/// A task that was known and is not any more. Stopped tasks stay visible for an hour, so this is no delay of ECS's.
const FORGOTTEN: Duration = Duration::from_secs(60);
/// Pauses before a relaunch.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The tasks launched under one client token.
#[derive(Debug, Default)]
pub(super) struct Launch {
    /// A container of one of them may have started: none of them is ever launched again.
    pub(super) may_have_started: bool,
}

/// A task that this run is responsible for.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) arn: String,
    /// Index into the run's launches.
    pub(super) launch: usize,
    view: watch::Receiver<View>,
    since: Instant,
    last_seen: Option<TaskStatus>,
    missing_since: Option<Instant>,
    pub(super) state: State,
}

/// Where a tracked task is.
#[derive(Debug)]
pub(super) enum State {
    /// Not known to have ended.
    Live,
    /// Ended before any container started; another task takes its place.
    Replaced,
    /// Ended as it should.
    Succeeded { status: Box<TaskStatus>, container: String, exit_code: i32 },
}

/// One run in progress.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) runner: &'a TaskRunner,
    pub(super) spec: &'a TaskSpec,
    pub(super) deadline: Instant,
    pub(super) launches: Vec<Launch>,
    pub(super) tasks: Vec<Tracked>,
    /// Number of the next client token; see [`crate::identity::launch_token`].
    pub(super) next_token: u32,
    /// What the run last waited for before it could launch, for the reason of a deadline.
    pub(super) waiting_for: Option<String>,
}

impl<'a> Run<'a> {
    pub(super) fn new(runner: &'a TaskRunner, spec: &'a TaskSpec) -> Self {
        let deadline = Instant::now() + runner.clock.until(spec.deadline);
        Self { runner, spec, deadline, launches: Vec::new(), tasks: Vec::new(), next_token: 0, waiting_for: None }
    }

    /// Launches or adopts, waits, judges; at the deadline, stops.
    pub(super) async fn finish(mut self) -> Result<Output, Failure> {
        if self.spec.task_count() == 0 {
            return Ok(Output::skipped("Count is 0"));
        }
        match timeout_at(self.deadline, self.until_all_ended()).await {
            Ok(result) => result,
            Err(_) => Err(self.stop_at_deadline().await),
        }
    }

    async fn until_all_ended(&mut self) -> Result<Output, Failure> {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        self.launch_what_is_missing().await?;
        loop {
            if self.live().next().is_none() {
                return Ok(self.output().await);
            }
            let Some((index, ending)) = self.next_ending().await? else { continue };
            if !self.may_relaunch(index, &ending) {
                return Err(self.failure(index, &ending).await);
            }
            self.tasks[index].state = State::Replaced;
            let reason = self.tasks[index].last_seen.as_ref().and_then(|status| status.stopped_reason.clone()).unwrap_or(ending.what);
            let pause = backoff.pause();
            tracing::warn!(
                task = self.tasks[index].arn,
                reason,
                pause_ms = pause.as_millis(),
                "a task ended before any container started; it is launched again"
            );
            self.waiting_for = Some(reason);
            tokio::time::sleep(pause).await;
            self.launch_what_is_missing().await?;
        }
    }

    fn live(&self) -> impl Iterator<Item = &Tracked> {
        self.tasks.iter().filter(|task| matches!(task.state, State::Live))
    }

    /// How many tasks are still to be launched.
    pub(super) fn missing(&self) -> usize {
        let there = self.tasks.iter().filter(|task| !matches!(task.state, State::Replaced)).count();
        self.spec.task_count().saturating_sub(there)
    }

    fn may_relaunch(&self, index: usize, ending: &Ending) -> bool {
        // StartTask has no token under which a relaunch could be found again.
        self.spec.retry_start_failures
            && self.spec.instances.is_empty()
            && ending.may_pass
            && !self.launches[self.tasks[index].launch].may_have_started
    }

    /// Takes responsibility for tasks of a new launch.
    pub(super) fn track(&mut self, arns: impl IntoIterator<Item = String>, may_have_started: bool) {
        let launch = self.launches.len();
        self.launches.push(Launch { may_have_started });
        for arn in arns {
            if self.tasks.iter().any(|task| task.arn == arn) {
                continue;
            }
            if self.tasks.is_empty() {
                tracing::Span::current().record("task", arn.as_str());
            }
            tracing::info!(task = arn, "waiting for the task to end");
            let view = self.runner.watcher.watch(&self.spec.cluster, &arn, self.deadline);
            self.tasks.push(Tracked { arn, launch, view, since: Instant::now(), last_seen: None, missing_since: None, state: State::Live });
        }
    }

    /// Waits until something becomes known of a live task. `None` when it was no end, or one in success.
    async fn next_ending(&mut self) -> Result<Option<(usize, Ending)>, Failure> {
        let index = self.next_change().await;
        let view = self.tasks[index].view.borrow_and_update().clone();
        let task = &mut self.tasks[index];
        match view {
            View::Unseen => Ok(None),
            View::Refused(error) => Err(refused(&error, &task.arn)),
            View::Missing => {
                let since = *task.missing_since.get_or_insert_with(Instant::now);
                Ok(task.is_given_up(since).then(|| (index, forgotten(task))))
            }
            View::Seen(status) => {
                task.missing_since = None;
                let launch = task.launch;
                self.launches[launch].may_have_started |= status.may_have_started();
                let is_over = status.phase == Phase::Stopped;
                self.tasks[index].last_seen = Some(status.clone());
                if !is_over {
                    return Ok(None);
                }
                match judge(&status, &self.criteria(&status).await) {
                    Verdict::Succeeded { container, exit_code } => {
                        self.tasks[index].state = State::Succeeded { status: Box::new(status), container, exit_code };
                        Ok(None)
                    }
                    Verdict::Ended(ending) => Ok(Some((index, ending))),
                }
            }
        }
    }

    /// Index of a live task of which there is news, or whose absence has lasted too long.
    async fn next_change(&mut self) -> usize {
        let given_up = self.live().filter_map(|task| Some(task.missing_since? + task.patience())).min();
        let changes = self.tasks.iter_mut().enumerate().filter(|(_, task)| matches!(task.state, State::Live)).map(|(index, task)| {
            Box::pin(async move {
                // An error would mean that the watcher is gone, which lives as long as the runner.
                let _ = task.view.changed().await;
                index
            })
        });
        let change = select_all(changes);
        let index = tokio::select! {
            (index, _, _) = change => Some(index),
            () = sleep_until(given_up.unwrap_or(self.deadline)), if given_up.is_some() => None,
        };
        index.unwrap_or_else(|| {
            let longest = self.tasks.iter().enumerate().filter(|(_, task)| matches!(task.state, State::Live));
            longest
                .min_by_key(|(_, task)| task.missing_since.map_or(self.deadline, |since| since + task.patience()))
                .map_or(0, |(index, _)| index)
        })
    }

    async fn criteria(&self, status: &TaskStatus) -> Criteria {
        let containers = if !self.spec.containers.is_empty() {
            Some(self.spec.containers.clone())
        } else if status.containers.len() > 1 {
            // Only the definition tells essential containers from sidecars.
            self.task_definition(status).await.map(|definition| definition.essential())
        } else {
            None
        };
        Criteria { containers, success_exit_codes: self.spec.success_exit_codes.clone() }
    }

    /// Stops what runs, waits for it to end, and gives the failure.
    async fn stop_at_deadline(&mut self) -> Failure {
        let reason = format!("Deadline of {} passed", self.spec.deadline);
        let live: Vec<String> = self.live().map(|task| task.arn.clone()).collect();
        tracing::warn!(deadline = %self.spec.deadline, tasks = live.len(), "the deadline has passed; stopping what runs");
        for arn in &live {
            self.runner.stop_task.acquire().await;
            if let Err(error) = self.runner.ecs.stop_task(&self.spec.cluster, arn, &reason).await {
                tracing::warn!(%error, "a task could not be stopped at the deadline; it is left to the definition");
            }
        }
        let patience = Instant::now() + WORKER_PATIENCE;
        while self.live().next().is_some() {
            let Ok(index) = timeout_at(patience, self.next_change()).await else { break };
            let view = self.tasks[index].view.borrow_and_update().clone();
            match view {
                View::Seen(status) => {
                    let is_over = status.phase == Phase::Stopped;
                    self.tasks[index].last_seen = Some(status);
                    if is_over {
                        self.tasks[index].state = State::Replaced;
                    }
                }
                View::Refused(_) => break,
                View::Missing | View::Unseen => {}
            }
        }
        self.deadline_failure(live.first().map(String::as_str)).await
    }
}

impl Tracked {
    pub(super) fn last_seen(&self) -> Option<&TaskStatus> {
        self.last_seen.as_ref()
    }

    fn patience(&self) -> Duration {
        if self.last_seen.is_some() { FORGOTTEN } else { NOT_KNOWN_YET }
    }

    fn is_given_up(&self, missing_since: Instant) -> bool {
        let since = if self.last_seen.is_some() { missing_since } else { self.since.min(missing_since) };
        since.elapsed() >= self.patience()
    }
}

fn forgotten(task: &Tracked) -> Ending {
    let what = if task.last_seen.is_some() {
        "ECS no longer knows the task, so nobody can say whether its work was done"
    } else {
        "ECS accepted the launch but has not known the task since, so nobody can say whether its work was done"
    };
    Ending { error: ErrorName::Failed, what: what.to_owned(), container: None, may_pass: false }
}

fn refused(error: &ApiError, arn: &str) -> Failure {
    let name = if error.kind == ErrorKind::AccessDenied { ErrorName::AccessDenied } else { ErrorName::Failed };
    Failure::new(name, format!("The task {arn} was launched, but its end cannot be watched: {error}."))
}
