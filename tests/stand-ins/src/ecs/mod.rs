//! Amazon ECS: task definitions, tasks with idempotent launches, their states, and the limits and
//! throttles of the API.

mod behind;
mod client_tokens;
mod container;
mod container_logs;
mod deployments;
mod describe_tasks;
mod placement;
mod plan;
mod processes;
mod request;
mod run_task;
mod script;
mod scripted_plan;
mod scripts;
mod secrets;
mod services;
mod shown_task;
mod stop_task;
mod task;
mod task_definitions;
mod view;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use self::client_tokens::ClientTokens;
use self::placement::Placements;
use self::processes::Supervised;
use self::scripts::Scripts;
use self::task::Task;
use self::task_definitions::TaskDefinition;
use crate::aws_error::AwsError;
use crate::clock::Clock;
use crate::identifiers::Identifiers;
use crate::lock::Lock;
use crate::logs::Logs;
use crate::protocol::Service;
use crate::token_bucket::TokenBucket;
use crate::upstream::Upstream;

pub use self::container::{Container, OnSigterm};
pub use self::deployments::{Deployment, Hook, HookCall, PayloadForm};
pub use self::placement::Placement;
pub use self::processes::{ContainerLine, Processes};
pub use self::script::{Phase, Script};
pub use self::scripts::Launch;
pub use self::view::TaskView;

/// The ECS stand-in; clones share it.
#[derive(Clone, Debug)]
pub struct Ecs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    identifiers: Identifiers,
    logs: Logs,
    /// Has what is not registered here.
    behind: OnceLock<Upstream>,
    buckets: Buckets,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `None`: every cluster exists, unless an endpoint behind says otherwise.
    clusters: Option<BTreeSet<String>>,
    task_definitions: HashMap<String, Vec<Arc<TaskDefinition>>>,
    scripts: Scripts,
    placements: Placements,
    instance_failures: HashMap<String, String>,
    describe_lag: Duration,
    /// See [`Ecs::deprovisioning`].
    deprovisioning: Option<Duration>,
    client_tokens: ClientTokens,
    tasks: Vec<Arc<Task>>,
    by_id: HashMap<String, Arc<Task>>,
    services: HashMap<(String, String), Value>,
    /// By their ARN.
    service_revisions: HashMap<String, Value>,
    deployments: Vec<Arc<Deployment>>,
    supervised: Supervised,
}

/// The buckets of "Request throttling for the Amazon ECS API" and of Fargate's launches, as
/// (capacity, refill per second).
#[derive(Debug)]
struct Buckets {
    cluster_resource_modify: TokenBucket,
    cluster_resource_read: TokenBucket,
    fargate_launches: TokenBucket,
}

/// A token bucket that can be enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// RunTask, StartTask and StopTask together: 100 calls, 40 more each second.
    Modify,
    /// DescribeTasks, ListTasks, DescribeServices, DescribeServiceRevisions and
    /// DescribeServiceDeployments together: 100 calls, 20 more each second.
    Read,
    /// Tasks launched on Fargate: 100, 20 more each second.
    FargateLaunches,
}

impl Ecs {
    pub(crate) fn new(clock: Clock, logs: Logs) -> Self {
        let inner = Inner {
            clock,
            identifiers: Identifiers::new(1),
            logs,
            behind: OnceLock::new(),
            buckets: Buckets {
                cluster_resource_modify: TokenBucket::new(100, 40),
                cluster_resource_read: TokenBucket::new(100, 20),
                fargate_launches: TokenBucket::new(100, 20),
            },
            state: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Switches a token bucket on, full, or off. At first none is enforced.
    pub fn enforce(&self, throttle: Throttle, enforced: bool) {
        let buckets = &self.inner.buckets;
        let bucket = match throttle {
            Throttle::Modify => &buckets.cluster_resource_modify,
            Throttle::Read => &buckets.cluster_resource_read,
            Throttle::FargateLaunches => &buckets.fargate_launches,
        };
        bucket.enforce(enforced, self.inner.clock.now());
    }

    /// Names a cluster that exists. Until the first is named, every cluster exists, or those of the
    /// endpoint [behind](Self::in_front_of).
    pub fn cluster(&self, name: &str) {
        let mut state = self.inner.state.locked();
        state
            .clusters
            .get_or_insert_default()
            .insert(name.to_owned());
    }

    /// Every launch of the family follows this script. Without one, a task runs for 100 ms and
    /// exits with 0.
    pub fn script(&self, family: &str, script: Script) {
        self.script_with(family, move |_| script.clone());
    }

    /// The family's launches follow these scripts one after the other; the last one stays.
    ///
    /// # Panics
    /// When there is no script.
    pub fn scripts(&self, family: &str, scripts: impl IntoIterator<Item = Script>) {
        let scripts: Vec<_> = scripts.into_iter().collect();
        assert!(!scripts.is_empty(), "a sequence of scripts has a last one");
        self.script_with(family, move |launch| {
            let index = usize::try_from(launch.number).unwrap_or(usize::MAX);
            scripts[index.min(scripts.len() - 1)].clone()
        });
    }

    /// The family's launches from now on follow the scripts that this function writes. It must not
    /// call the stand-in.
    pub fn script_with(
        &self,
        family: &str,
        script: impl Fn(&Launch<'_>) -> Script + Send + Sync + 'static,
    ) {
        self.inner.state.locked().scripts.set(family, script);
    }

    /// What the family's next RunTask calls find, one each; the calls after them find room.
    pub fn placements(&self, family: &str, next: impl IntoIterator<Item = Placement>) {
        let next = next.into_iter().collect();
        let mut state = self.inner.state.locked();
        state.placements.set(family, next, Placement::All);
    }

    /// What every RunTask call of the family finds from now on.
    pub fn placement(&self, family: &str, always: Placement) {
        let mut state = self.inner.state.locked();
        state.placements.set(family, Vec::new(), always);
    }

    /// StartTask on this container instance (id) fails with this reason, as `AGENT` or `MISSING`.
    /// With an empty one it answers neither a task nor a failure for it.
    pub fn instance_fails(&self, id: &str, reason: &str) {
        let mut state = self.inner.state.locked();
        state
            .instance_failures
            .insert(id.to_owned(), reason.to_owned());
    }

    /// For this long after its launch, DescribeTasks reports a task as MISSING and ListTasks leaves
    /// it out.
    pub fn describe_lag(&self, lag: Duration) {
        self.inner.state.locked().describe_lag = lag;
    }

    /// How long tasks with a network interface of their own, which those on Fargate always have, are
    /// DEPROVISIONING after their containers have ended, where their script says nothing of it:
    /// 13 s at first. From 13 to 24 s were recorded on AWS. Without such an interface a task is
    /// STOPPED when its containers have ended.
    pub fn deprovisioning(&self, time: Duration) {
        self.inner.state.locked().deprovisioning = Some(time);
    }

    pub(crate) async fn serve(
        &self,
        operation: &str,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        let buckets = &self.inner.buckets;
        let bucket = match operation {
            "RunTask" | "StartTask" | "StopTask" => Some(&buckets.cluster_resource_modify),
            "DescribeTasks"
            | "ListTasks"
            | "DescribeServices"
            | "DescribeServiceRevisions"
            | "DescribeServiceDeployments" => Some(&buckets.cluster_resource_read),
            _ => None,
        };
        if bucket.is_some_and(|bucket| !bucket.take(1, self.inner.clock.now())) {
            return Err(AwsError::throttled(Service::Ecs));
        }
        self.check_cluster(operation, body, headers).await?;
        match operation {
            "RunTask" => self.run_task(body, headers).await,
            "StartTask" => self.start_task(body, headers).await,
            "StopTask" => self.stop_task(body),
            "DescribeTasks" => self.describe_tasks(body),
            "ListTasks" => self.list_tasks(body),
            "DescribeServices" if self.has_services(body) => self.describe_services(body),
            "DescribeServiceRevisions" => self.describe_service_revisions(body),
            "DescribeServiceDeployments" => self.describe_service_deployments(body),
            "ListServiceDeployments" => Ok(self.list_service_deployments(body)),
            "StopServiceDeployment" => self.stop_service_deployment(body),
            "CreateService" | "UpdateService" => {
                self.deploy_service(operation, body, headers).await
            }
            "DescribeTaskDefinition" => self.describe_task_definition(body, headers).await,
            "RegisterTaskDefinition" if self.inner.behind.get().is_none() => {
                self.register_task_definition(body)
            }
            "DeregisterTaskDefinition" if self.inner.behind.get().is_none() => {
                self.deregister_task_definition(body)
            }
            _ => self.pass_on(operation, body, headers).await,
        }
    }
}
