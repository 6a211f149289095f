//! Activities and their queues: CreateActivity, DescribeActivity, ListActivities, DeleteActivity,
//! and what is queued where.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Sfn;
use super::front::UpstreamTask;
use super::request::{check_name, required, string};
use super::schedule::{EventKind, Outcome, Schedule, Scheduled};
use crate::aws_error::AwsError;
use crate::identifiers::arn;
use crate::lock::Lock;

/// An activity and those who wait for it on either side.
#[derive(Debug)]
pub(super) struct Activity {
    name: String,
    created_at: Duration,
    /// Tasks that no poll has fetched yet.
    pub(super) queue: VecDeque<ActivityTask>,
    /// Polls that wait for a task, the longest waiting first.
    pub(super) pollers: VecDeque<Poller>,
}

/// A task of an activity, as it stands in the queue.
#[derive(Clone, Debug)]
pub(super) struct ActivityTask {
    pub(super) activity: String,
    pub(super) input: String,
    pub(super) heartbeat: Option<Duration>,
    pub(super) timeout: Option<Duration>,
    pub(super) origin: Origin,
}

impl ActivityTask {
    /// The execution it belongs to, where its input names it.
    pub(super) fn execution(&self) -> Option<String> {
        let input: Value = match &self.origin {
            Origin::Upstream(task) => return task.execution.clone(),
            Origin::Test(_) => serde_json::from_str(&self.input).ok()?,
        };
        string(&input, "execution").map(str::to_owned)
    }
}

/// Who is told what becomes of a task.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// The test that scheduled it.
    Test(Scheduled),
    /// The endpoint behind this one.
    Upstream(UpstreamTask),
}

impl Origin {
    pub(super) fn note(&self, kind: EventKind) {
        match self {
            Self::Test(scheduled) => scheduled.note(kind),
            Self::Upstream(_) => {}
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Test(scheduled) => scheduled.is_over(),
            Self::Upstream(_) => false,
        }
    }
}

/// A poll that waits.
#[derive(Debug)]
pub(super) struct Poller {
    pub(super) number: u64,
    pub(super) task: oneshot::Sender<ActivityTask>,
}

impl Sfn {
    /// Makes an activity, if there is none of this name, and answers its ARN.
    pub fn activity(&self, name: &str) -> String {
        let arn = activity_arn(name);
        self.add_activity(&arn, name);
        arn
    }

    pub(super) fn add_activity(&self, arn: &str, name: &str) {
        let created_at = self.inner.clock.now();
        let mut state = self.inner.state.locked();
        state
            .activities
            .entry(arn.to_owned())
            .or_insert_with(|| Activity {
                name: name.to_owned(),
                created_at,
                queue: VecDeque::new(),
                pollers: VecDeque::new(),
            });
    }

    /// Schedules an activity, as a Task state does.
    ///
    /// # Panics
    /// When there is no such activity.
    pub fn schedule(&self, activity_arn: &str, input: &Value, schedule: Schedule) -> Scheduled {
        let Schedule {
            heartbeat,
            timeout,
            retry,
            recorder,
        } = schedule;
        let scheduled = Scheduled::new(self.inner.clock, retry, recorder);
        let queued = self.enqueue(ActivityTask {
            activity: activity_arn.to_owned(),
            input: input.to_string(),
            heartbeat,
            timeout,
            origin: Origin::Test(scheduled.clone()),
        });
        assert!(queued, "{activity_arn} is no activity of this stand-in");
        scheduled
    }

    /// Stops the execution behind a scheduled activity: calls with its token are answered
    /// `TaskTimedOut` from now on.
    pub fn abort(&self, scheduled: &Scheduled) {
        let _last = scheduled.attempt_ended(Outcome::Aborted);
        for token in scheduled.tokens() {
            self.forget(&token);
        }
    }

    /// The number of polls that wait for a task of the activity.
    pub fn waiting_polls(&self, activity_arn: &str) -> usize {
        let state = self.inner.state.locked();
        state
            .activities
            .get(activity_arn)
            .map_or(0, |activity| activity.pollers.len())
    }

    /// Queues a task and answers polls with it. False when the activity does not exist.
    pub(super) fn enqueue(&self, task: ActivityTask) -> bool {
        task.origin.note(EventKind::Scheduled);
        let mut state = self.inner.state.locked();
        let Some(activity) = state.activities.get_mut(&task.activity) else {
            return false;
        };
        activity.queue.push_back(task);
        activity.match_up();
        true
    }

    pub(super) fn create_activity(&self, body: &Value) -> Result<Value, AwsError> {
        let name = required(body, "name")?;
        check_name(name)?;
        let arn = self.activity(name);
        self.describe(&arn, &["activityArn", "creationDate"])
    }

    pub(super) fn describe_activity(&self, body: &Value) -> Result<Value, AwsError> {
        let arn = required(body, "activityArn")?;
        self.describe(arn, &["activityArn", "name", "creationDate"])
    }

    pub(super) fn list_activities(&self) -> Value {
        let state = self.inner.state.locked();
        let activities: Vec<_> = state
            .activities
            .iter()
            .map(|(arn, activity)| {
                json!({
                    "activityArn": arn,
                    "name": activity.name,
                    "creationDate": self.inner.clock.epoch_seconds(activity.created_at),
                })
            })
            .collect();
        json!({"activities": activities})
    }

    /// Deletes the activity. Executions that wait for it fail as `States.Runtime`.
    pub(super) fn delete_activity(&self, body: &Value) -> Result<Value, AwsError> {
        let arn = required(body, "activityArn")?;
        let deleted = self.inner.state.locked().activities.remove(arn);
        for task in deleted.into_iter().flat_map(|activity| activity.queue) {
            let Origin::Test(scheduled) = task.origin else {
                continue;
            };
            // No Retry matches States.Runtime, not even States.ALL; no test schedules one that
            // names it.
            let _last = scheduled.attempt_ended(Outcome::Failed {
                error: "States.Runtime".to_owned(),
                cause: format!("The activity {arn} does not exist."),
            });
        }
        Ok(json!({}))
    }

    fn describe(&self, arn: &str, members: &[&str]) -> Result<Value, AwsError> {
        let state = self.inner.state.locked();
        let activity = state
            .activities
            .get(arn)
            .ok_or_else(|| does_not_exist(arn))?;
        let mut described = json!({
            "activityArn": arn,
            "name": activity.name,
            "creationDate": self.inner.clock.epoch_seconds(activity.created_at),
        });
        if let Some(described) = described.as_object_mut() {
            described.retain(|member, _| members.contains(&member.as_str()));
        }
        Ok(described)
    }
}

impl Activity {
    /// Gives queued tasks to waiting polls, oldest to longest waiting.
    pub(super) fn match_up(&mut self) {
        while let Some(task) = self.queue.pop_front() {
            let Some(poller) = self.pollers.pop_front() else {
                self.queue.push_front(task);
                return;
            };
            if let Err(task) = poller.task.send(task) {
                // The poll ended at this very moment: the task is the next one's.
                self.queue.push_front(task);
            }
        }
    }
}

fn activity_arn(name: &str) -> String {
    arn("states", &format!("activity:{name}"))
}

pub(super) fn does_not_exist(arn: &str) -> AwsError {
    AwsError::new(
        "ActivityDoesNotExist",
        format!("Activity Does Not Exist: '{arn}'"),
    )
}
