//! AWS Step Functions: activities with queues of their own or in front of another endpoint, task
//! tokens with their clocks, and executions that tests end.

mod activities;
mod callbacks;
mod execution;
mod executions;
mod front;
mod history;
pub mod interpreter;
mod polling;
mod recorder;
mod redrive;
mod request;
mod schedule;
mod task_tokens;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use self::activities::{Activity, ActivityTask};
use self::execution::Execution;
use self::front::Front;
use self::task_tokens::Token;
use crate::aws_error::AwsError;
use crate::clock::Clock;
use crate::dispatch::{Answer, Request, unknown_operation};
use crate::identifiers::Identifiers;
use crate::lock::Lock;
use crate::protocol::Service;
use crate::token_bucket::TokenBucket;

pub use self::execution::{ExecutionEnd, ExecutionView};
pub use self::schedule::{Event, EventKind, Outcome, Retry, Schedule, Scheduled};

/// How long GetActivityTask waits for a task (API_GetActivityTask).
const POLL_TIME: Duration = Duration::from_mins(1);

/// The Step Functions stand-in; clones share it.
#[derive(Clone, Debug)]
pub struct Sfn {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    identifiers: Identifiers,
    /// By operation, in us-east-1 (service quotas).
    buckets: HashMap<&'static str, TokenBucket>,
    /// Set in front mode.
    front: OnceLock<Front>,
    state: Mutex<State>,
    /// The number of executions that have ended, for those who wait.
    ended: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    activities: BTreeMap<String, Activity>,
    tokens: HashMap<String, Token>,
    machines: BTreeSet<String>,
    executions: BTreeMap<String, Execution>,
    next_execution: u64,
    next_poll: u64,
    poll_time: Duration,
    dead_polls_swallow: bool,
    lag: Lag,
}

/// How much older than now that is which reads show.
#[derive(Debug, Default)]
struct Lag {
    descriptions: Duration,
    histories: Duration,
}

impl Sfn {
    pub(crate) fn new(clock: Clock) -> Self {
        let activity = || TokenBucket::new(3000, 500);
        let inner = Inner {
            clock,
            identifiers: Identifiers::new(2),
            buckets: HashMap::from([
                ("GetActivityTask", activity()),
                ("SendTaskHeartbeat", activity()),
                ("SendTaskSuccess", activity()),
                ("SendTaskFailure", activity()),
                ("StartExecution", TokenBucket::new(1300, 300)),
            ]),
            front: OnceLock::new(),
            state: Mutex::new(State {
                activities: BTreeMap::new(),
                tokens: HashMap::new(),
                machines: BTreeSet::new(),
                executions: BTreeMap::new(),
                next_execution: 0,
                next_poll: 0,
                poll_time: POLL_TIME,
                dead_polls_swallow: false,
                lag: Lag::default(),
            }),
            ended: watch::Sender::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Switches the token buckets of all operations on, full, or off. At first none is enforced.
    pub fn enforce_throttles(&self, enforced: bool) {
        let now = self.inner.clock.now();
        for bucket in self.inner.buckets.values() {
            bucket.enforce(enforced, now);
        }
    }

    /// How long polls wait from now on, in place of 60 s: for scenarios in real time.
    pub fn set_poll_time(&self, time: Duration) {
        self.inner.state.locked().poll_time = time;
    }

    /// Whether a poll whose connection dies still takes the next task with it, until its time is
    /// up.
    pub fn set_dead_polls_swallow(&self, swallow: bool) {
        self.inner.state.locked().dead_polls_swallow = swallow;
    }

    /// From now on DescribeExecution does not show ends, and GetExecutionHistory no events, that are
    /// younger than this. What is read is eventually consistent (API_DescribeExecution).
    pub fn read_lag(&self, descriptions: Duration, histories: Duration) {
        self.inner.state.locked().lag = Lag {
            descriptions,
            histories,
        };
    }

    fn poll_time(&self) -> Duration {
        self.inner.state.locked().poll_time
    }

    fn dead_polls_swallow(&self) -> bool {
        self.inner.state.locked().dead_polls_swallow
    }

    /// Puts a task back to the head of its queue: it never left.
    fn requeue(&self, task: ActivityTask) {
        let mut state = self.inner.state.locked();
        if let Some(activity) = state.activities.get_mut(&task.activity) {
            activity.queue.push_front(task);
            activity.match_up();
        }
    }

    pub(crate) async fn serve(
        &self,
        operation: &str,
        body: &Value,
        request: &Request,
    ) -> Result<Answer, AwsError> {
        let bucket = self.inner.buckets.get(operation);
        if bucket.is_some_and(|bucket| !bucket.take(1, self.inner.clock.now())) {
            return Err(AwsError::throttled(Service::Sfn));
        }
        if let Some(front) = self.inner.front.get() {
            return self.serve_in_front(front, operation, body, request).await;
        }
        let answer = match operation {
            "CreateActivity" => self.create_activity(body),
            "DescribeActivity" => self.describe_activity(body),
            "ListActivities" => Ok(self.list_activities()),
            "DeleteActivity" => self.delete_activity(body),
            "GetActivityTask" => self.get_activity_task(body, &request.headers).await,
            "SendTaskHeartbeat" => self.send_task_heartbeat(body),
            "SendTaskSuccess" => self.send_task_success(body).await,
            "SendTaskFailure" => self.send_task_failure(body).await,
            "StartExecution" => self.start_execution(body),
            "DescribeExecution" => self.describe_execution(body),
            "StopExecution" => self.stop_execution(body),
            "RedriveExecution" => self.redrive_execution(body),
            "ListExecutions" => self.list_executions(body),
            "GetExecutionHistory" => self.get_execution_history(body),
            _ => Err(unknown_operation(operation)),
        };
        answer.map(Answer::from)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_operation_has_a_bucket_of_its_own() {
        let sfn = Sfn::new(Clock::start());
        sfn.enforce_throttles(true);
        let request = Request {
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let body = json!({"taskToken": "malformed"});
        let code = async |operation: &str| {
            sfn.serve(operation, &body, &request)
                .await
                .unwrap_err()
                .code
        };
        for _ in 0..3000 {
            assert_eq!(code("SendTaskHeartbeat").await, "InvalidToken");
        }
        assert_eq!(code("SendTaskHeartbeat").await, "ThrottlingException");
        assert_eq!(code("SendTaskSuccess").await, "InvalidToken");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(code("SendTaskHeartbeat").await, "InvalidToken");
    }
}
