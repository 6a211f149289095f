//! GetActivityTask: long polls that fetch each task exactly once.

use http::HeaderMap;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Sfn;
use super::activities::{ActivityTask, Poller, does_not_exist};
use super::request::{check_length, required, string};
use crate::aws_error::AwsError;
use crate::lock::Lock;

/// Most polls that may wait on one activity (service quotas).
const MAX_POLLERS: usize = 1000;
/// Longest `workerName` (API_GetActivityTask).
const MAX_WORKER_NAME: usize = 80;

impl Sfn {
    pub(super) async fn get_activity_task(
        &self,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        let arn = required(body, "activityArn")?;
        let worker = string(body, "workerName");
        check_length(body, "workerName", MAX_WORKER_NAME)?;
        let mut poll = self.begin_poll(arn, worker)?;
        self.fetch(arn, headers);
        let task = tokio::time::timeout_at(poll.until, &mut poll.task).await;
        let task = match task {
            Ok(Ok(task)) => task,
            // The activity was deleted while the poll waited.
            Ok(Err(_)) => return Err(does_not_exist(arn)),
            // A task may have been sent at the very moment of the timeout.
            Err(_) => match poll.withdraw() {
                Some(task) => task,
                None => return Ok(json!({"taskToken": null, "input": null})),
            },
        };
        poll.over = true;
        let input = task.input.clone();
        let token = self.hand_out(task, worker);
        Ok(json!({"taskToken": token, "input": input}))
    }

    fn begin_poll(&self, arn: &str, worker: Option<&str>) -> Result<Poll, AwsError> {
        let until = self
            .inner
            .clock
            .instant(self.inner.clock.now() + self.poll_time());
        let mut state = self.inner.state.locked();
        let number = state.next_poll;
        state.next_poll += 1;
        let activity = state
            .activities
            .get_mut(arn)
            .ok_or_else(|| does_not_exist(arn))?;
        if activity.pollers.len() >= MAX_POLLERS {
            return Err(AwsError::new(
                "ActivityWorkerLimitExceeded",
                format!(
                    "Activity Worker Limit Exceeded: '{arn}' has {MAX_POLLERS} pollers already"
                ),
            ));
        }
        let (sender, task) = oneshot::channel();
        activity.pollers.push_back(Poller {
            number,
            task: sender,
        });
        activity.match_up();
        Ok(Poll {
            sfn: self.clone(),
            activity: arn.to_owned(),
            worker: worker.map(str::to_owned),
            number,
            until,
            task,
            over: false,
            orphaned: false,
        })
    }
}

/// A poll in flight. Dropped before its answer, it disappears, or takes the next task with it where
/// that was asked for.
struct Poll {
    sfn: Sfn,
    activity: String,
    worker: Option<String>,
    number: u64,
    until: Instant,
    task: oneshot::Receiver<ActivityTask>,
    over: bool,
    /// Its caller is gone.
    orphaned: bool,
}

impl Poll {
    /// Takes the poll out of the queue. Answers a task that was on its way to it.
    fn withdraw(&mut self) -> Option<ActivityTask> {
        self.over = true;
        let mut state = self.sfn.inner.state.locked();
        if let Some(activity) = state.activities.get_mut(&self.activity) {
            activity
                .pollers
                .retain(|poller| poller.number != self.number);
        }
        self.task.try_recv().ok()
    }

    /// Waits out its time although its caller is gone.
    async fn wait_as_orphan(mut self) {
        let task = tokio::time::timeout_at(self.until, &mut self.task).await;
        let task = task.map_or_else(|_| self.withdraw(), Result::ok);
        self.over = true;
        if let Some(task) = task {
            self.sfn.hand_out(task, self.worker.as_deref());
        }
    }

    /// The same poll in another place, for a runtime to drive.
    fn take(&mut self) -> Self {
        let (_, dead) = oneshot::channel();
        Self {
            sfn: self.sfn.clone(),
            activity: std::mem::take(&mut self.activity),
            worker: self.worker.take(),
            number: self.number,
            until: self.until,
            task: std::mem::replace(&mut self.task, dead),
            over: std::mem::replace(&mut self.over, true),
            orphaned: true,
        }
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        // A runtime that shuts down drops its futures, and at once those that are spawned then. So an
        // orphaned poll that is dropped spawns no further one.
        let runtime = Handle::try_current()
            .ok()
            .filter(|_| self.sfn.dead_polls_swallow() && !self.orphaned);
        if let Some(runtime) = runtime {
            runtime.spawn(self.take().wait_as_orphan());
        } else if let Some(task) = self.withdraw() {
            self.sfn.requeue(task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::sfn::Schedule;

    #[tokio::test(start_paused = true)]
    async fn a_task_on_its_way_to_a_poll_that_is_dropped_goes_to_the_next() {
        let sfn = Sfn::new(Clock::start());
        let activity = sfn.activity("tasks");
        let dropped = sfn.begin_poll(&activity, None).unwrap();
        let scheduled = sfn.schedule(&activity, &json!({}), Schedule::once());
        assert_eq!(sfn.waiting_polls(&activity), 0, "the task is on its way");
        drop(dropped);
        let polled = sfn
            .get_activity_task(&json!({"activityArn": activity}), &HeaderMap::new())
            .await
            .unwrap();
        assert_eq!(scheduled.tokens(), [polled["taskToken"].as_str().unwrap()]);
    }

    #[test]
    fn a_runtime_that_ends_is_not_kept_by_polls_whose_callers_are_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let sfn = Sfn::new(Clock::start());
            sfn.set_dead_polls_swallow(true);
            let activity = sfn.activity("tasks");
            drop(sfn.begin_poll(&activity, None).unwrap());
            tokio::task::yield_now().await;
            assert_eq!(sfn.waiting_polls(&activity), 1, "the orphaned poll waits");
        });
        drop(runtime);
    }
}
