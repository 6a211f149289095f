//! One watcher for all ECS tasks of the process: it asks ECS for their state and passes changes on
//! to the runs that have subscribed.
//!
//! A call of `DescribeTasks` takes 100 tasks of a cluster, and an account has 20 calls a second: a
//! loop per task would use that up with twenty tasks. Here every task has a time at which its next
//! look is due, one call asks for all tasks of a cluster that are due, and every call waits for a
//! permit of the budget for `DescribeTasks`.
//!
//! It does not know what a task's state means: it reports changes and judges nothing.

mod pace;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::aws::ApiError;
use crate::aws::budget::CallPermit;
use crate::aws::ecs::{Ecs, MAX_TASKS_PER_CALL};
use crate::task::status::TaskStatus;

pub(super) use pace::Pace;
pub(super) use view::View;

/// `DescribeTasks` calls under way at once. Ten calls a second that take a second each need no
/// more.
const MAX_CALLS: usize = 16;
/// A new task is first looked at after this time. No task ends sooner, and tasks that start
/// together share a call.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// The handle through which runs subscribe to their tasks.
#[derive(Debug)]
pub(super) struct Watcher {
    subscribe: mpsc::UnboundedSender<Subscription>,
    watching: JoinHandle<()>,
}

#[derive(Debug)]
struct Subscription {
    cluster: Arc<str>,
    arn: Arc<str>,
    since: Instant,
    deadline: Instant,
    view: watch::Sender<View>,
}

impl Watcher {
    /// Starts watching, in a tokio task that ends when the watcher is dropped.
    pub(super) fn start(ecs: Ecs, pace: Pace) -> Self {
        let (subscribe, subscriptions) = mpsc::unbounded_channel();
        let watching = tokio::spawn(Schedule::new(ecs, pace).run(subscriptions));
        Self {
            subscribe,
            watching,
        }
    }

    /// Ends the watcher's tokio task and its calls, and waits until they have ended.
    pub(super) async fn end(self) {
        // The tokio task ends when no run can subscribe any more.
        drop(self.subscribe);
        if let Err(error) = self.watching.await {
            tracing::error!(%error, "the watching of tasks ended early");
        }
    }

    /// Watches an ECS task until the receiver is dropped. The receiver is notified of changes only.
    pub(super) fn watch(
        &self,
        cluster: &str,
        arn: &str,
        deadline: Instant,
    ) -> watch::Receiver<View> {
        let (view, receiver) = watch::channel(View::Unseen);
        let subscription = Subscription {
            cluster: cluster.into(),
            arn: arn.into(),
            since: Instant::now(),
            deadline,
            view,
        };
        // Cannot fail: the watcher's tokio task receives until this sender is dropped.
        let _ = self.subscribe.send(subscription);
        receiver
    }
}

/// The ECS tasks that one call asked for, and the answer.
struct Looked {
    batch: Vec<Subscription>,
    /// When the call began.
    at: Instant,
    statuses: Result<HashMap<String, TaskStatus>, ApiError>,
}

/// What the watcher's tokio task keeps: which ECS tasks are to be looked at, and when.
struct Schedule {
    ecs: Ecs,
    pace: Pace,
    /// Per cluster, by due time; the number distinguishes subscriptions of the same instant.
    clusters: HashMap<Arc<str>, BTreeMap<(Instant, u64), Subscription>>,
    calls: JoinSet<Looked>,
    /// Subscriptions in `clusters` and in `calls`.
    watched: usize,
    next_number: u64,
}

impl Schedule {
    fn new(ecs: Ecs, pace: Pace) -> Self {
        Self {
            ecs,
            pace,
            clusters: HashMap::new(),
            calls: JoinSet::new(),
            watched: 0,
            next_number: 0,
        }
    }

    async fn run(mut self, mut subscriptions: mpsc::UnboundedReceiver<Subscription>) {
        loop {
            let due = self.next_due();
            let permit = self.permit_at(due);
            tokio::select! {
                // New subscriptions come first, so that they go into the next call. Answers of ECS
                // come before new calls, so that runs learn of them at once.
                biased;
                subscription = subscriptions.recv() => {
                    // The runner has been dropped. Calls under way are aborted, since nobody waits
                    // for their answers, and this tokio task ends after them.
                    let Some(subscription) = subscription else {
                        return self.calls.shutdown().await;
                    };
                    self.watched += 1;
                    self.insert(Instant::now() + FIRST_LOOK, subscription);
                }
                Some(looked) = self.calls.join_next(), if !self.calls.is_empty() => match looked {
                    Ok(looked) => self.tell(looked),
                    Err(error) => tracing::error!(%error, "a look at tasks was lost"),
                },
                // When another branch is ready, the wait for a permit is dropped. No permit is
                // lost: it is either taken or not.
                permit = permit, if due.is_some() && self.calls.len() < MAX_CALLS => {
                    self.look(permit);
                }
            }
        }
    }

    /// Time between two looks at a task that nothing else delays.
    fn period(&self) -> Duration {
        self.pace
            .period(self.watched, &self.ecs.budgets().describe_tasks)
    }

    /// When the next task is to be looked at.
    fn next_due(&self) -> Option<Instant> {
        self.clusters
            .values()
            .filter_map(|tasks| tasks.first_key_value())
            .map(|(&(due, _), _)| due)
            .min()
    }

    /// Waits until a task is due, and then for a permit. Tasks that become due meanwhile go into
    /// the same call.
    fn permit_at(&self, due: Option<Instant>) -> impl Future<Output = CallPermit> + use<> {
        let budget = self.ecs.budgets().describe_tasks.clone();
        async move {
            sleep_until(due.unwrap_or_else(Instant::now)).await;
            budget.acquire().await
        }
    }

    fn insert(&mut self, due: Instant, subscription: Subscription) {
        self.next_number += 1;
        self.clusters
            .entry(Arc::clone(&subscription.cluster))
            .or_default()
            .insert((due, self.next_number), subscription);
    }

    /// Begins a call for the cluster whose task has been due longest: for all tasks that are due,
    /// and those that soon will be, so that tasks launched at different times share calls.
    fn look(&mut self, permit: CallPermit) {
        let Some(cluster) = self
            .clusters
            .iter()
            .filter_map(|(name, tasks)| Some((tasks.first_key_value()?.0.0, name)))
            .min()
        else {
            return;
        };
        let cluster = Arc::clone(cluster.1);
        let now = Instant::now();
        let soon = now + self.period() / 2;
        let mut batch = Vec::new();
        if let Some(tasks) = self.clusters.get_mut(&cluster) {
            while batch.len() < MAX_TASKS_PER_CALL
                && let Some(entry) = tasks.first_entry()
                && entry.key().0 <= soon
            {
                let subscription = entry.remove();
                // No run waits for the task any more.
                if subscription.view.is_closed() {
                    self.watched -= 1;
                } else {
                    batch.push(subscription);
                }
            }
            if tasks.is_empty() {
                self.clusters.remove(&cluster);
            }
        }
        if batch.is_empty() {
            // The permit goes back to the budget.
            return;
        }
        let ecs = self.ecs.clone();
        self.calls.spawn(async move {
            let arns: Vec<String> = batch
                .iter()
                .map(|subscription| subscription.arn.to_string())
                .collect();
            let statuses = ecs.describe_tasks(permit, &cluster, &arns).await;
            Looked {
                batch,
                at: now,
                statuses,
            }
        });
    }

    /// Notifies the subscribers of changes, and plans the next look at each task.
    fn tell(
        &mut self,
        Looked {
            batch,
            at,
            statuses,
        }: Looked,
    ) {
        let now = Instant::now();
        let period = self.period();
        let mut statuses = match statuses {
            Ok(statuses) => statuses,
            Err(error) if error.may_pass() => {
                tracing::warn!(%error, tasks = batch.len(), "tasks could not be looked at; they are looked at again");
                let again = now + self.pace.after_failure();
                for subscription in batch {
                    // A view of what was seen stays. But if ECS did not show the task, its run must
                    // learn of the outage, in which the time until it gives the task up stops.
                    subscription.view.send_if_modified(|last| {
                        let was_answered = matches!(last, View::Missing | View::Refused(_));
                        if was_answered {
                            *last = View::Unanswered(at);
                        }
                        was_answered
                    });
                    self.insert(again, subscription);
                }
                return;
            }
            Err(error) => {
                for subscription in batch {
                    subscription.view.send_replace(View::Refused(error.clone()));
                    self.insert(at + period, subscription);
                }
                return;
            }
        };
        let part = self.pace.part();
        for subscription in batch {
            let view = statuses
                .remove(&*subscription.arn)
                .map_or(View::Missing, View::Seen);
            let status = match &view {
                View::Seen(status) => Some(status),
                _ => None,
            };
            let (since, deadline) = (subscription.since, subscription.deadline);
            let next = self.pace.until_next(period, status, since, deadline);
            subscription.view.send_if_modified(|last| {
                let changed = *last != view;
                *last = view;
                changed
            });
            // From the call's beginning, so that its duration does not add to the period.
            self.insert(at + next.mul_f64(part), subscription);
        }
    }
}
