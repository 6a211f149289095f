//! What is run for a hook: its properties, with what they leave open taken from the service revision
//! that is deployed.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{HookCall, HookProgress};
use crate::execution::deployment::ServiceRevision;
use crate::execution::direct::{DirectExecution, Prepared};
use crate::execution::input::{Workers, run_timeout};
use crate::properties::is_spelling_of;
use crate::task::error::ErrorName;
use crate::task::outcome::Failure;
use crate::task::spec::TaskSpec;

impl HookCall {
    /// The input of the execution `execution_arn`, whose name is [`HookCall::execution_name`].
    ///
    /// # Errors
    /// [`ErrorName::InvalidRequest`] with everything that is wrong with the properties.
    pub fn prepare(
        &self,
        execution_arn: &str,
        progress: &HookProgress,
        now: Timestamp,
        revision: &ServiceRevision,
        workers: Workers,
    ) -> Result<Prepared, Failure> {
        let refused =
            |why: &str| Failure::new(ErrorName::InvalidRequest, format!("{why} Nothing was run."));
        let configured = self.configured.as_ref().map_err(|why| refused(why))?;
        let execution = DirectExecution {
            arn: execution_arn,
            started: progress.first_call,
        };
        let properties = with_defaults(configured, revision);
        let mut input = match execution.prepare(&properties, workers)? {
            Prepared::Run(input) => input,
            nothing @ Prepared::Nothing(_) => return Ok(nothing),
        };
        if !is_given(configured, "overrides") && !is_given(configured, "taskDefinition") {
            return Err(refused(
                "HookDetails has neither Overrides nor TaskDefinition, so that the service itself would be run, which does not end by itself. Give Overrides with the command to run.",
            ));
        }
        input.task.started_by = self.execution_name();
        input.timeout_seconds = Some(run_timeout(now, input.task.deadline));
        place(&mut input.task, revision);
        input.deployment = Some(self.deployment.clone());
        Ok(Prepared::Run(input))
    }
}

/// The properties, with the cluster and the task definition of the revision where they name none.
fn with_defaults(configured: &Map<String, Value>, revision: &ServiceRevision) -> Value {
    let mut properties = configured.clone();
    for (name, spelled, value) in [
        ("cluster", "Cluster", &revision.cluster),
        (
            "taskDefinition",
            "TaskDefinition",
            &revision.task_definition,
        ),
    ] {
        if !is_given(configured, name) {
            // A null in the other spelling would make the property stand there twice.
            properties.retain(|key, _| !is_spelling_of(key, name));
            properties.insert(spelled.to_owned(), Value::from(value.as_str()));
        }
    }
    Value::Object(properties)
}

fn is_given(properties: &Map<String, Value>, name: &str) -> bool {
    let mut members = properties.iter();
    members.any(|(key, value)| is_spelling_of(key, name) && !value.is_null())
}

/// Has the task run where the revision's tasks do, as far as the properties do not say where.
fn place(task: &mut TaskSpec, revision: &ServiceRevision) {
    // The worker takes all of it from that service.
    if task.network_from.is_some() {
        return;
    }
    if task.network_configuration.is_none() {
        task.network_configuration
            .clone_from(&revision.network_configuration);
    }
    // A platform version belongs to the capacity: EC2 takes none. Named instances are capacity too.
    let names_capacity = task.launch_type.is_some()
        || !task.capacity_provider_strategy.is_empty()
        || !task.instances.is_empty();
    if names_capacity {
        return;
    }
    task.launch_type.clone_from(&revision.launch_type);
    task.capacity_provider_strategy
        .clone_from(&revision.capacity_provider_strategy);
    if task.platform_version.is_none() {
        task.platform_version.clone_from(&revision.platform_version);
    }
}
