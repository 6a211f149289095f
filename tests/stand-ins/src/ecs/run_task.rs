//! RunTask and StartTask.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::plan::Plan;
use super::request::{
    MAX_COUNT, check_launch, client_exception, cluster_name, invalid_parameter, last_segment, list,
    string,
};
use super::scripted_plan::PlannedLaunch;
use super::scripts::Launch;
use super::task::{Course, Life, Task};
use super::task_definitions::TaskDefinition;
use super::{Ecs, State, processes};
use crate::aws_error::AwsError;
use crate::identifiers::arn;
use crate::lock::Lock;
use crate::protocol::Service;

/// Most container instances of one StartTask (API_StartTask).
const MAX_INSTANCES: usize = 10;

/// How long Fargate takes to detach a task's network interface, at least.
const DEPROVISIONING: Duration = Duration::from_secs(13);

/// What a launch came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launched {
    pub(crate) tasks: Vec<Arc<Task>>,
    pub(crate) failures: Vec<Value>,
}

impl Ecs {
    pub(super) async fn run_task(
        &self,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        check_launch(body)?;
        let count = match body.get("count").filter(|count| !count.is_null()) {
            None => 1,
            Some(count) => count
                .as_u64()
                .filter(|count| (1..=MAX_COUNT).contains(count))
                .ok_or_else(|| {
                    invalid_parameter(format!("count must be from 1 to {MAX_COUNT}."))
                })?,
        };
        let cluster = cluster_name(body);
        let definition = self.definition_to_run(body, headers).await?;
        check_against(body, &definition)?;

        let now = self.inner.clock.now();
        let mut state = self.inner.state.locked();
        let launched = if let Some(replayed) = state.client_tokens.replay(cluster, body, now)? {
            replayed
        } else {
            self.launch_bucket(body, count, now)?;
            let (placed, failures) = state.placements.place(&definition.family, count);
            let request = Arc::new(body.clone());
            let tasks = (0..placed)
                .map(|_| self.launch(&mut state, cluster, &definition, &request, None, now))
                .collect();
            let launched = Launched { tasks, failures };
            state.client_tokens.keep(cluster, body, now, &launched);
            launched
        };
        drop(state);
        Ok(self.answer(&launched, now))
    }

    pub(super) async fn start_task(
        &self,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        check_launch(body)?;
        let instances = list(body, "containerInstances");
        if instances.is_empty() || instances.len() > MAX_INSTANCES {
            return Err(invalid_parameter(format!(
                "Container instances must be from 1 to {MAX_INSTANCES}."
            )));
        }
        let cluster = cluster_name(body);
        let definition = self.definition_to_run(body, headers).await?;
        check_against(body, &definition)?;

        let now = self.inner.clock.now();
        let request = Arc::new(body.clone());
        let mut state = self.inner.state.locked();
        let mut launched = Launched::default();
        for instance in instances.iter().filter_map(Value::as_str) {
            let id = last_segment(instance);
            let instance = arn("ecs", &format!("container-instance/{cluster}/{id}"));
            match state.instance_failures.get(id) {
                Some(reason) if reason.is_empty() => {}
                Some(reason) => launched
                    .failures
                    .push(json!({"arn": instance, "reason": reason})),
                None => launched.tasks.push(self.launch(
                    &mut state,
                    cluster,
                    &definition,
                    &request,
                    Some(instance),
                    now,
                )),
            }
        }
        drop(state);
        Ok(self.answer(&launched, now))
    }

    async fn definition_to_run(
        &self,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Arc<TaskDefinition>, AwsError> {
        let name = string(body, "taskDefinition").unwrap_or_default();
        let mut definition = self
            .find_task_definition(name, headers)
            .await?
            .ok_or_else(|| client_exception("TaskDefinition not found."))?;
        if !definition.is_active() {
            return Err(client_exception("TaskDefinition is inactive"));
        }
        let secrets = self.secrets_behind(&definition, headers).await?;
        if !secrets.is_empty() {
            Arc::make_mut(&mut definition).secrets = secrets;
        }
        Ok(definition)
    }

    /// Fargate launches have a bucket of their own, by tasks.
    fn launch_bucket(&self, body: &Value, count: u64, now: Duration) -> Result<(), AwsError> {
        let on_fargate = body["launchType"] == "FARGATE"
            || list(body, "capacityProviderStrategy").iter().any(|item| {
                string(item, "capacityProvider").is_some_and(|name| name.starts_with("FARGATE"))
            });
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if on_fargate && !self.inner.buckets.fargate_launches.take(count, now) {
            return Err(AwsError::throttled(Service::Ecs));
        }
        Ok(())
    }

    fn launch(
        &self,
        state: &mut State,
        cluster: &str,
        definition: &Arc<TaskDefinition>,
        request: &Arc<Value>,
        container_instance: Option<String>,
        now: Duration,
    ) -> Arc<Task> {
        let id = self.inner.identifiers.hex(16);
        let number = state.tasks.len() as u64;
        let options = state
            .supervised
            .options
            .clone()
            .filter(|_| !state.scripts.has(&definition.family));
        let has_interface = request
            .get("networkConfiguration")
            .is_some_and(Value::is_object);
        let mut deprovisioning = if has_interface {
            state.deprovisioning.unwrap_or(DEPROVISIONING)
        } else {
            Duration::ZERO
        };
        let (life, plan) = if options.is_some() {
            processes::begin(definition, now)
        } else {
            let script = state.scripts.next(&Launch {
                number: 0,
                family: &definition.family,
                request,
            });
            let launch = PlannedLaunch {
                script: &script,
                definition,
                launched_at: now,
                deprovisioning: script.deprovisioning.unwrap_or(deprovisioning),
            };
            let plan = Plan::of(&launch, None);
            deprovisioning = launch.deprovisioning;
            (Life::Scripted(script), plan)
        };
        let task = Arc::new(Task {
            number,
            arn: arn("ecs", &format!("task/{cluster}/{id}")),
            cluster: cluster.to_owned(),
            definition: Arc::clone(definition),
            container_instance,
            request: Arc::clone(request),
            launched_at: now,
            deprovisioning,
            life,
            course: Mutex::new(Course { plan, stop: None }),
            id: id.clone(),
        });
        state.by_id.insert(id, Arc::clone(&task));
        match (&task.life, options) {
            (Life::Processes(orders), Some(options)) => {
                self.supervise(&mut state.supervised, options, &task, orders.subscribe());
            }
            _ => self.attach_logs(&task),
        }
        state.tasks.push(Arc::clone(&task));
        task
    }

    fn answer(&self, launched: &Launched, now: Duration) -> Value {
        let tasks: Vec<_> = launched
            .tasks
            .iter()
            .map(|task| task.describe(&self.inner.clock, now, true))
            .collect();
        json!({"tasks": tasks, "failures": launched.failures})
    }
}

/// Checks the request against the task definition it runs.
fn check_against(body: &Value, definition: &TaskDefinition) -> Result<(), AwsError> {
    let overrides = body.get("overrides").unwrap_or(&Value::Null);
    for entry in list(overrides, "containerOverrides") {
        let name = string(entry, "name").unwrap_or_default();
        if !definition
            .containers
            .iter()
            .any(|container| container.name == name)
        {
            return Err(invalid_parameter(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
    }
    if definition.uses_awsvpc() && !body["networkConfiguration"].is_object() {
        return Err(invalid_parameter(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    Ok(())
}
