//! Deployments of services that call the function of a lifecycle hook, and the revisions that they
//! deploy: DescribeServiceRevisions, DescribeServiceDeployments, ListServiceDeployments,
//! StopServiceDeployment.
//!
//! Played is a blue/green deployment as its documentation describes it (lambda-lifecycle-hooks,
//! blue-green-deployment-how-it-works), without tasks and traffic.

mod course;
mod describe;
mod hook;
mod services;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use self::course::Stop;
use super::Ecs;
use super::request::{last_segment, string};
use crate::aws_error::AwsError;
use crate::clock::Clock;
use crate::identifiers::{Identifiers, arn};
use crate::lock::Lock;

pub use self::hook::{Hook, PayloadForm};

/// A deployment of a service. It goes on by itself.
#[derive(Debug)]
pub struct Deployment {
    arn: String,
    service: String,
    cluster: String,
    /// The revision that it deploys.
    target: String,
    /// The revision that it replaces. A service's first deployment has none.
    source: Option<String>,
    hook: Hook,
    clock: Clock,
    identifiers: Arc<Identifiers>,
    created_at: Duration,
    stop: watch::Sender<Option<Stop>>,
    /// Whether it has ended.
    end: watch::Sender<bool>,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    status: &'static str,
    reason: Option<&'static str>,
    stage: Option<&'static str>,
    /// The hook's status with the moment at which its time is over.
    hook: Option<(&'static str, Duration)>,
    calls: Vec<HookCall>,
    rolled_back_at: Option<Duration>,
    ended_at: Option<Duration>,
}

/// A call of a hook's function.
#[derive(Clone, Debug, PartialEq)]
pub struct HookCall {
    /// When it began.
    pub at: Duration,
    /// What the function was sent.
    pub payload: Value,
    /// What it replied, or how it failed; `None` while it runs.
    pub reply: Option<Result<Value, String>>,
}

impl Ecs {
    /// Registers a revision of a service, and answers its ARN. `members` are what
    /// DescribeServiceRevisions shall show beside the names, as `taskDefinition`,
    /// `networkConfiguration`, `launchType`, `capacityProviderStrategy` and `platformVersion`.
    pub fn service_revision(&self, cluster: &str, service: &str, members: &Value) -> String {
        let cluster = last_segment(cluster);
        let id = self.inner.identifiers.hex(10);
        let revision = arn("ecs", &format!("service-revision/{cluster}/{service}/{id}"));
        let mut shown = json!({
            "serviceRevisionArn": revision,
            "serviceArn": arn("ecs", &format!("service/{cluster}/{service}")),
            "clusterArn": arn("ecs", &format!("cluster/{cluster}")),
            "guardDutyEnabled": false,
            "createdAt": self.inner.clock.epoch_seconds(self.inner.clock.now()),
        });
        for (member, value) in members.as_object().into_iter().flatten() {
            shown[member] = value.clone();
        }
        let mut state = self.inner.state.locked();
        state.service_revisions.insert(revision.clone(), shown);
        revision
    }

    /// Starts to deploy a [revision](Self::service_revision), in place of `source` where the service
    /// has been deployed before. Must be called inside a tokio runtime, whose time it follows.
    ///
    /// # Panics
    /// When the revision is not registered.
    pub fn deploy(&self, target: &str, source: Option<&str>, hook: Hook) -> Arc<Deployment> {
        let inner = &self.inner;
        let id = inner.identifiers.hex(11);
        let mut state = inner.state.locked();
        let revision = state
            .service_revisions
            .get(target)
            .expect("a revision that is deployed is registered");
        let member = |name| string(revision, name).unwrap_or_default().to_owned();
        let (service, cluster) = (member("serviceArn"), member("clusterArn"));
        let deployment = Arc::new(Deployment {
            arn: format!(
                "{}/{id}",
                service.replacen(":service/", ":service-deployment/", 1)
            ),
            service,
            cluster,
            target: target.to_owned(),
            source: source.map(str::to_owned),
            hook,
            clock: inner.clock,
            identifiers: Arc::new(Identifiers::new(state.deployments.len() as u64 + 2)),
            created_at: inner.clock.now(),
            stop: watch::Sender::new(None),
            end: watch::Sender::new(false),
            progress: Mutex::new(Progress {
                status: "PENDING",
                reason: None,
                stage: None,
                hook: None,
                calls: Vec::new(),
                rolled_back_at: None,
                ended_at: None,
            }),
        });
        state.deployments.push(Arc::clone(&deployment));
        drop(state);
        tokio::spawn(course::play(Arc::clone(&deployment)));
        deployment
    }

    /// The statuses in which a deployment takes it, and the error for others, are those of
    /// stop-service-deployment and API_StopServiceDeployment.
    pub(super) fn stop_service_deployment(&self, body: &Value) -> Result<Value, AwsError> {
        let arn = string(body, "serviceDeploymentArn").unwrap_or_default();
        let deployment = self.deployment(arn).ok_or_else(|| {
            AwsError::new(
                "ServiceDeploymentNotFoundException",
                "The service deployment ARN that you specified in the StopServiceDeployment doesn't exist.",
            )
        })?;
        let stop = match string(body, "stopType") {
            Some("ABORT") => Stop::Abort,
            _ => Stop::Rollback,
        };
        if deployment.progress.locked().ended_at.is_some() {
            return Err(AwsError::new(
                "ConflictException",
                "The service deployment has already ended.",
            ));
        }
        deployment.stop.send_if_modified(|wanted| {
            let is_first = wanted.is_none();
            wanted.get_or_insert(stop);
            is_first
        });
        Ok(json!({"serviceDeploymentArn": arn}))
    }

    fn deployment(&self, arn: &str) -> Option<Arc<Deployment>> {
        let state = self.inner.state.locked();
        let deployments = state.deployments.iter();
        deployments.into_iter().find(|it| it.arn == arn).cloned()
    }
}

impl Deployment {
    /// Its ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Its status, as in `ROLLBACK_SUCCESSFUL`.
    pub fn status(&self) -> &'static str {
        self.progress.locked().status
    }

    /// The calls of the hook's function so far.
    pub fn calls(&self) -> Vec<HookCall> {
        self.progress.locked().calls.clone()
    }

    /// When it was created.
    pub fn created_at(&self) -> Duration {
        self.created_at
    }

    /// When it ended, if it has.
    pub fn ended_at(&self) -> Option<Duration> {
        self.progress.locked().ended_at
    }

    /// Waits until it has ended; answers its status.
    pub async fn end(&self) -> &'static str {
        let mut end = self.end.subscribe();
        // The sender is this deployment's own, so that it cannot go first.
        let _ended = end.wait_for(|ended| *ended).await.is_ok();
        self.status()
    }

    fn to(&self, status: &'static str) {
        self.progress.locked().status = status;
    }

    fn enter(&self, stage: &'static str) {
        self.progress.locked().stage = Some(stage);
    }

    fn roll_back(&self, reason: &'static str) {
        let mut progress = self.progress.locked();
        progress.status = "ROLLBACK_REQUESTED";
        progress.reason = Some(reason);
        progress.rolled_back_at = Some(self.clock.now());
    }

    fn ended(&self, status: &'static str) {
        let mut progress = self.progress.locked();
        progress.status = status;
        progress.ended_at = Some(self.clock.now());
        drop(progress);
        self.end.send_replace(true);
    }

    fn hook_begins(&self) {
        let until = self.clock.now() + self.hook.timeout;
        self.progress.locked().hook = Some(("IN_PROGRESS", until));
    }

    fn hook_is(&self, status: &'static str) {
        if let Some((shown, _)) = &mut self.progress.locked().hook {
            *shown = status;
        }
    }

    /// Records a call, and answers its number.
    fn hook_called(&self, payload: Value) -> usize {
        let mut progress = self.progress.locked();
        progress.calls.push(HookCall {
            at: self.clock.now(),
            payload,
            reply: None,
        });
        progress.calls.len() - 1
    }

    fn hook_replied(&self, call: usize, reply: &Result<Value, String>) {
        self.progress.locked().calls[call].reply = Some(reply.clone());
    }
}
