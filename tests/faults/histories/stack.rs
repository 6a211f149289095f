//! CloudFormation, and the people who deploy the stack: what is sent, and what follows a reply.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::response_url::{Condition, Handle};
use tokio::time::sleep;

use super::play::FAMILY;
use super::schedule::{Ends, Handle as Handles, History, Release, Rollback, Run};
use crate::deployment::Deployment;

/// How often CloudFormation looks.
const LOOK: Duration = Duration::from_secs(1);
/// How long it waits for a reply.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// How much longer than the run the wait condition waits.
const CONDITION_MARGIN: Duration = Duration::from_secs(900);
/// How long it takes at least from a request to the rollback of its update. Response URLs tell whole
/// seconds.
const UNTIL_ROLLBACK: Duration = Duration::from_secs(1);
const OVERRIDES: &str = "ContainerOverrides";

/// A request that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its number in the deployment.
    pub number: usize,
    pub request_type: &'static str,
    /// For the rollback of an update: the number of the update's request.
    pub rolls_back: Option<usize>,
    /// What a rollback of it would run.
    pub rollback: Rollback,
    pub run: Run,
    /// Seconds.
    pub timeout: u16,
    /// The handle that its properties name, if no release before had it.
    pub new_handle: Option<Handle>,
    pub at: Duration,
    /// When CloudFormation no longer waited for it.
    pub given_up: Option<Duration>,
}

/// The stack.
pub struct Stack {
    pub deployment: Arc<Deployment>,
    pub history: History,
    pub sent: Vec<Sent>,
    handles: Vec<Handle>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Success,
    Failure,
    Nothing,
}

impl Stack {
    pub fn new(deployment: &Arc<Deployment>, history: &History) -> Self {
        Self {
            deployment: Arc::clone(deployment),
            history: history.clone(),
            sent: Vec::new(),
            handles: Vec::new(),
        }
    }

    /// Everything that is done with the stack.
    pub async fn live(mut self) -> Vec<Sent> {
        let mut current = Value::Null;
        for (index, release) in self.history.releases.clone().into_iter().enumerate() {
            let before = self.handles.len();
            let properties = self.properties(&release, index, &current);
            let is_new = self.handles.len() > before;
            let request_type = if index == 0 { "Create" } else { "Update" };
            let status = format!("{}_IN_PROGRESS", request_type.to_uppercase());
            let update = self.send((request_type, &status), &properties, &current, &release);
            if is_new {
                self.sent[update].new_handle = self.handles.last().cloned();
            }
            if self.is_deployed(update, &release).await {
                current = properties;
                self.deployment
                    .stack_is(&format!("{}_COMPLETE", request_type.to_uppercase()));
            } else if index == 0 {
                self.delete("ROLLBACK_IN_PROGRESS", &properties, &release)
                    .await;
                self.deployment.stack_is("ROLLBACK_COMPLETE");
                return self.sent;
            } else if !self
                .is_rolled_back(update, &properties, &current, &release)
                .await
            {
                break;
            }
            pause(release.pause).await;
        }
        if self.history.is_deleted {
            let release = self.history.releases[0].clone();
            self.delete("DELETE_IN_PROGRESS", &current, &release).await;
            self.deployment.stack_is("DELETE_COMPLETE");
        }
        self.sent
    }

    /// The properties of a release.
    fn properties(&mut self, release: &Release, index: usize, current: &Value) -> Value {
        let mut properties = json!({
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:start",
            "Cluster": "production",
            "TaskDefinition": FAMILY,
            "Timeout": release.timeout.to_string(),
            "Triggers": [index.to_string()],
        });
        match release.run {
            Run::Runs => {}
            Run::IsNone => properties["Count"] = "0".into(),
            Run::IsSkippedOnUpdate => properties["RunOnUpdate"] = "false".into(),
            Run::IsInvalid => properties["Count"] = "many".into(),
        }
        match release.rollback {
            Rollback::RunsNothing => {}
            Rollback::RunsTheOldTask => properties["RunOnRollback"] = "true".into(),
            Rollback::RunsItsOwnTask | Rollback::MayFail => {
                properties["RollbackOverrides"] =
                    json!({OVERRIDES: [{"Name": "migrate", "Command": ["back"]}]});
            }
        }
        if release.rollback == Rollback::MayFail {
            properties["RollbackFailure"] = "ignore".into();
        }
        match release.handle {
            Handles::None => {}
            Handles::New => {
                let handle = self.deployment.new_handle(&format!("Handle{index}"));
                properties["WaitConditionHandle"] = handle.url().into();
                self.handles.push(handle);
            }
            Handles::Same => {
                if let Some(url) = current.get("WaitConditionHandle") {
                    properties["WaitConditionHandle"] = url.clone();
                }
            }
        }
        properties
    }

    /// Sends a request, and gives its place among those that were sent.
    fn send(
        &mut self,
        request: (&'static str, &str),
        properties: &Value,
        before: &Value,
        release: &Release,
    ) -> usize {
        let deliveries = &self.history.deliveries;
        let delivery = deliveries[self.sent.len() % deliveries.len()];
        let first = Duration::from_secs(delivery.first.into());
        let again = delivery
            .again
            .map(|again| Duration::from_secs(again.into()));
        let deliveries = (first, again);
        let number = self
            .deployment
            .request_in(request, properties, before, deliveries);
        self.sent.push(Sent {
            number,
            request_type: request.0,
            rolls_back: None,
            rollback: release.rollback,
            run: release.run,
            timeout: release.timeout,
            new_handle: None,
            at: self.deployment.request(number).at,
            given_up: None,
        });
        self.sent.len() - 1
    }

    /// Waits for the reply to a request, at most this long.
    async fn reply(&mut self, of: usize, patience: Duration) -> Came {
        let (number, clock) = (self.sent[of].number, self.deployment.aws.clock());
        let end = clock.now() + patience;
        loop {
            if let Some(answer) = self.deployment.answers(number).first() {
                return if answer.status == "SUCCESS" {
                    Came::Success
                } else {
                    Came::Failure
                };
            }
            let left = end.saturating_sub(clock.now());
            if left.is_zero() {
                self.sent[of].given_up = Some(clock.now());
                return Came::Nothing;
            }
            sleep(LOOK.min(left)).await;
        }
    }

    /// Whether the operation of a request succeeds.
    async fn is_deployed(&mut self, of: usize, release: &Release) -> bool {
        let patience = match release.ends {
            Ends::IsCancelled(after) => Duration::from_millis(after.into()),
            Ends::Well | Ends::FailsLater(_) => PATIENCE,
        };
        if self.reply(of, patience).await != Came::Success {
            return false;
        }
        if let Ends::FailsLater(after) = release.ends {
            pause(after).await;
            return false;
        }
        let Some(handle) = self.sent[of].new_handle.clone() else {
            return true;
        };
        let patience = Duration::from_secs(release.timeout.into()) + CONDITION_MARGIN;
        let end = self.deployment.aws.clock().now() + patience;
        while self.deployment.aws.clock().now() < end {
            match handle.condition() {
                Condition::Waiting => sleep(LOOK).await,
                Condition::Complete(_) => return true,
                Condition::Failed(_) | Condition::Unparsable(_) => return false,
            }
        }
        false
    }

    /// Rolls an update back, and gives whether that succeeds in the end.
    async fn is_rolled_back(
        &mut self,
        update: usize,
        failed: &Value,
        current: &Value,
        release: &Release,
    ) -> bool {
        sleep(UNTIL_ROLLBACK).await;
        for _ in 0..=self.history.continued {
            let request = ("Update", "UPDATE_ROLLBACK_IN_PROGRESS");
            let rollback = self.send(request, current, failed, release);
            self.sent[rollback].rolls_back = Some(update);
            if self.reply(rollback, PATIENCE).await == Came::Success {
                self.deployment.stack_is("UPDATE_ROLLBACK_COMPLETE");
                return true;
            }
            self.deployment.stack_is("UPDATE_ROLLBACK_FAILED");
            pause(release.pause).await;
        }
        false
    }

    async fn delete(&mut self, status: &str, properties: &Value, release: &Release) {
        let request = ("Delete", status);
        let delete = self.send(request, properties, &Value::Null, release);
        self.reply(delete, PATIENCE).await;
    }
}

async fn pause(seconds: u16) {
    sleep(Duration::from_secs(seconds.into())).await;
}
