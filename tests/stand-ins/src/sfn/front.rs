//! In front of another Step Functions endpoint that interprets state machines but keeps no clocks of
//! heartbeats: tasks of activities are fetched from there while workers wait here, every clock is
//! kept here, and every call that is not about a held task is passed on.

mod callbacks;
mod history;

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use self::callbacks::Callbacks;
use self::history::Starts;
use super::Sfn;
use super::activities::{ActivityTask, Origin};
use super::request::{required, string};
use super::schedule::Outcome;
use crate::aws_error::AwsError;
use crate::dispatch::{Answer, Request};
use crate::lock::Lock;
use crate::protocol::Service;
use crate::upstream::Upstream;

/// Pause after a poll that the endpoint behind could not answer.
const POLL_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often the end of a task's clock is reported, a second apart, to an endpoint that cannot be
/// reached.
const REPORT_ATTEMPTS: u32 = 30;

/// The endpoint behind.
#[derive(Debug)]
pub(super) struct Front {
    upstream: Upstream,
    /// What heartbeats are multiplied with, to shorten tests.
    scale: f64,
    /// Activities for which a poll is out.
    fetching: Mutex<HashSet<String>>,
    callbacks: Callbacks,
    starts: Starts,
}

/// A task's place at the endpoint behind.
#[derive(Clone, Debug)]
pub(super) struct UpstreamTask {
    token: String,
    /// The execution's ARN, where the input names it.
    pub(super) execution: Option<String>,
    /// Headers of a call from here, for its credentials.
    headers: HeaderMap,
}

impl Sfn {
    /// Serves what is behind `url` from now on: activity tasks come from there, and go back there.
    /// The heartbeat of a task is `heartbeatSeconds` in its input, times `scale` (1 outside of
    /// tests); a miss is reported as a failure of the name `States.HeartbeatTimeout`. All other
    /// operations are passed on; of those about the tokens of functions, the heartbeats are counted
    /// as well.
    ///
    /// # Panics
    /// When it was called before.
    pub fn in_front_of(&self, url: &str, scale: f64) {
        let front = Front {
            upstream: Upstream::new(url),
            scale,
            fetching: Mutex::default(),
            callbacks: Callbacks::with_scale(scale),
            starts: Starts::default(),
        };
        self.inner
            .front
            .set(front)
            .expect("a stand-in is put in front of one endpoint");
    }

    /// Answers a call in front mode.
    pub(super) async fn serve_in_front(
        &self,
        front: &Front,
        operation: &str,
        body: &Value,
        request: &Request,
    ) -> Result<Answer, AwsError> {
        match operation {
            "GetActivityTask" => {
                let arn = required(body, "activityArn")?;
                self.know_activity(front, arn, &request.headers).await?;
                self.get_activity_task(body, &request.headers)
                    .await
                    .map(Answer::from)
            }
            "SendTaskHeartbeat" | "SendTaskSuccess" | "SendTaskFailure"
                if self.knows_token(body) =>
            {
                match operation {
                    "SendTaskHeartbeat" => self.send_task_heartbeat(body),
                    "SendTaskSuccess" => self.send_task_success(body).await,
                    _ => self.send_task_failure(body).await,
                }
                .map(Answer::from)
            }
            _ => {
                let reply = front
                    .upstream
                    .pass(&request.headers, request.body.clone())
                    .await?;
                if reply.status >= 400 {
                    return Ok(Answer::Passed(reply));
                }
                self.follow(front, operation, body, &request.headers);
                let reply = if operation == "GetExecutionHistory" {
                    front.history(body, reply)
                } else {
                    reply
                };
                Ok(Answer::Passed(reply))
            }
        }
    }

    /// Keeps up with what a call that was passed on has changed.
    fn follow(&self, front: &Front, operation: &str, body: &Value, headers: &HeaderMap) {
        let token = || string(body, "taskToken").unwrap_or_default();
        match operation {
            "SendTaskHeartbeat" => self.callback_is_alive(front, token(), headers),
            "SendTaskSuccess" | "SendTaskFailure" => front.callbacks.stop(token()),
            "StopExecution" => {
                self.execution_stopped(string(body, "executionArn").unwrap_or_default());
            }
            "DeleteActivity" => {
                let arn = string(body, "activityArn").unwrap_or_default();
                self.inner.state.locked().activities.remove(arn);
            }
            _ => {}
        }
    }

    async fn know_activity(
        &self,
        front: &Front,
        arn: &str,
        headers: &HeaderMap,
    ) -> Result<(), AwsError> {
        if self.inner.state.locked().activities.contains_key(arn) {
            return Ok(());
        }
        front
            .upstream
            .call(
                Service::Sfn,
                "DescribeActivity",
                &json!({"activityArn": arn}),
                headers,
            )
            .await?;
        let name = arn.rsplit(':').next().unwrap_or(arn);
        self.add_activity(arn, name);
        Ok(())
    }

    /// Sees to it that a poll is out for the activity, now that a worker waits here. Polls are
    /// never given up: the endpoint behind would still hand its next task to a poll that is gone.
    pub(super) fn fetch(&self, activity: &str, headers: &HeaderMap) {
        let Some(front) = self.inner.front.get() else {
            return;
        };
        if !front.fetching.locked().insert(activity.to_owned()) {
            return;
        }
        let sfn = self.clone();
        let activity = activity.to_owned();
        let headers = headers.clone();
        tokio::spawn(async move {
            let Some(front) = sfn.inner.front.get() else {
                return;
            };
            while sfn.goes_on_fetching(front, &activity) {
                sfn.fetch_one(front, &activity, &headers).await;
            }
        });
    }

    /// Whether somebody waits; if not, the next who does starts fetching anew. Both are decided
    /// under one lock, so that no waiting worker is overlooked.
    fn goes_on_fetching(&self, front: &Front, activity: &str) -> bool {
        let mut fetching = front.fetching.locked();
        let waiting = self.waiting_polls(activity) > 0;
        if !waiting {
            fetching.remove(activity);
        }
        waiting
    }

    async fn fetch_one(&self, front: &Front, activity: &str, headers: &HeaderMap) {
        let poll = json!({"activityArn": activity, "workerName": "stand-in"});
        let Ok(answer) = front
            .upstream
            .call(Service::Sfn, "GetActivityTask", &poll, headers)
            .await
        else {
            tokio::time::sleep(POLL_AGAIN_AFTER).await;
            return;
        };
        let (Some(token), Some(input)) = (string(&answer, "taskToken"), string(&answer, "input"))
        else {
            return;
        };
        let parsed: Value = serde_json::from_str(input).unwrap_or_default();
        let clock = |member: &str| {
            let seconds = parsed[member].as_f64()? * front.scale;
            Duration::try_from_secs_f64(seconds).ok()
        };
        self.enqueue(ActivityTask {
            activity: activity.to_owned(),
            input: input.to_owned(),
            heartbeat: clock("heartbeatSeconds"),
            timeout: clock("timeoutSeconds"),
            origin: Origin::Upstream(UpstreamTask {
                token: token.to_owned(),
                execution: string(&parsed, "execution").map(str::to_owned),
                headers: headers.clone(),
            }),
        });
    }

    /// Passes an answer on to the endpoint behind.
    pub(super) async fn answer_upstream(
        &self,
        task: &UpstreamTask,
        outcome: &Outcome,
    ) -> Result<(), AwsError> {
        let Some(front) = self.inner.front.get() else {
            return Ok(());
        };
        let token = &task.token;
        let (operation, body) = match outcome {
            Outcome::Succeeded(output) => (
                "SendTaskSuccess",
                json!({"taskToken": token, "output": output.to_string()}),
            ),
            Outcome::Failed { error, cause } => (
                "SendTaskFailure",
                json!({"taskToken": token, "error": error, "cause": cause}),
            ),
            Outcome::HeartbeatTimedOut => (
                "SendTaskFailure",
                json!({"taskToken": token, "error": "States.HeartbeatTimeout", "cause": ""}),
            ),
            Outcome::TimedOut => (
                "SendTaskFailure",
                json!({"taskToken": token, "error": "States.Timeout", "cause": ""}),
            ),
            Outcome::Aborted => return Ok(()),
        };
        front
            .upstream
            .call(Service::Sfn, operation, &body, &task.headers)
            .await
            .map(drop)
    }

    /// Reports the end of a task's clocks, however long the endpoint behind cannot be reached.
    pub(super) fn report_upstream(&self, task: &UpstreamTask, outcome: Outcome) {
        let sfn = self.clone();
        let task = task.clone();
        tokio::spawn(async move {
            for _ in 0..REPORT_ATTEMPTS {
                match sfn.answer_upstream(&task, &outcome).await {
                    Err(error) if error.status >= 500 => tokio::time::sleep(POLL_AGAIN_AFTER).await,
                    Ok(()) | Err(_) => return,
                }
            }
        });
    }
}
