//! RunTask's idempotency by client token (`ECS_Idempotency`).

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use super::run_task::Launched;
use crate::aws_error::AwsError;

/// A token is kept this long at most.
const LONGEST: Duration = Duration::from_hours(24);
/// A token is kept this long after its task stopped, if that is sooner.
const AFTER_THE_TASK: Duration = Duration::from_hours(1);

/// The client tokens of all clusters.
#[derive(Debug, Default)]
pub(crate) struct ClientTokens(HashMap<(String, String), Used>);

#[derive(Debug)]
struct Used {
    at: Duration,
    /// The request without its token.
    parameters: Value,
    launched: Launched,
}

impl Used {
    fn is_kept(&self, now: Duration) -> bool {
        let tasks_end = self
            .launched
            .tasks
            .iter()
            .map(|task| task.stopped_at())
            .try_fold(Duration::ZERO, |latest, stopped| Some(latest.max(stopped?)));
        let end = tasks_end.map_or(Duration::MAX, |end| end + AFTER_THE_TASK);
        now < end.min(self.at + LONGEST)
    }
}

impl ClientTokens {
    /// What an earlier request under this token made; `None` when the token is free.
    ///
    /// # Errors
    /// `ConflictException` with the tasks' ARNs when the earlier request had other parameters.
    pub(crate) fn replay(
        &self,
        cluster: &str,
        body: &Value,
        now: Duration,
    ) -> Result<Option<Launched>, AwsError> {
        let Some(used) = token(body)
            .and_then(|token| self.0.get(&(cluster.to_owned(), token)))
            .filter(|used| used.is_kept(now))
        else {
            return Ok(None);
        };
        if used.parameters == parameters(body) {
            return Ok(Some(used.launched.clone()));
        }
        let arns: Vec<_> = used
            .launched
            .tasks
            .iter()
            .map(|task| task.arn.as_str())
            .collect();
        Err(AwsError::new(
            "ConflictException",
            "The provided client token was already used with different parameters.",
        )
        .with_member("resourceIds", arns.into()))
    }

    /// Keeps what a request made. An answer of failures only leaves the token free: nothing was
    /// created.
    pub(crate) fn keep(&mut self, cluster: &str, body: &Value, now: Duration, launched: &Launched) {
        if let Some(token) = token(body).filter(|_| !launched.tasks.is_empty()) {
            let used = Used {
                at: now,
                parameters: parameters(body),
                launched: launched.clone(),
            };
            self.0.insert((cluster.to_owned(), token), used);
        }
    }
}

fn token(body: &Value) -> Option<String> {
    body["clientToken"].as_str().map(str::to_owned)
}

fn parameters(body: &Value) -> Value {
    let mut parameters = body.clone();
    if let Some(members) = parameters.as_object_mut() {
        members.remove("clientToken");
    }
    parameters
}
