//! Why a request runs nothing, when its properties say so.

use crate::aws::ecs::Ecs;
use crate::aws::{ApiError, ErrorKind};
use crate::cloudformation::event::{Event, RequestType};
use crate::properties::{ContainerEnvironments, Properties, switch};

const RUN_ON_UPDATE_IS_FALSE: &str = "RunOnUpdate is false";
const RUN_ON_ROLLBACK_IS_FALSE: &str = "the stack is rolling back, and RunOnRollback is false";

/// Why a Create or an Update runs nothing, whatever has changed. `None` when it may run.
pub(crate) fn never_runs(event: &Event, properties: &Properties) -> Option<&'static str> {
    match event.request.request_type {
        _ if properties.task_count() == 0 => Some("Count is 0"),
        RequestType::Create if !properties.run_on_create => Some("RunOnCreate is false"),
        RequestType::Update if !properties.run_on_update => Some(RUN_ON_UPDATE_IS_FALSE),
        RequestType::Create | RequestType::Update | RequestType::Delete => None,
    }
}

/// Why a Create or an Update runs nothing although its properties cannot be read. `None` when the
/// request must be refused.
pub(crate) fn never_runs_unread(event: &Event) -> Option<&'static str> {
    let is_off = |name| switch(&event.resource_properties, name) == Some(false);
    match event.request.request_type {
        RequestType::Update if is_off("runOnUpdate") => Some(RUN_ON_UPDATE_IS_FALSE),
        RequestType::Create | RequestType::Update | RequestType::Delete => None,
    }
}

/// Why a rollback's Update runs nothing although its properties cannot be read. `None` when the
/// request must be refused.
pub(crate) fn skips_rollback_unread(event: &Event) -> Option<&'static str> {
    let runs = switch(&event.resource_properties, "runOnRollback") == Some(true);
    (!runs).then_some(RUN_ON_ROLLBACK_IS_FALSE)
}

/// Why an Update that [`never_runs`] does not exclude runs nothing. `None` when it runs, and for a
/// Create.
///
/// # Errors
/// When the task definitions that `UpdateCriteria` compare cannot be read.
pub(crate) async fn skip_reason(
    event: &Event,
    properties: &Properties,
    is_rolling_back: bool,
    ecs: &Ecs,
) -> Result<Option<String>, ApiError> {
    if event.request.request_type != RequestType::Update {
        return Ok(None);
    }
    if is_rolling_back && !properties.run_on_rollback {
        return Ok(Some(RUN_ON_ROLLBACK_IS_FALSE.to_owned()));
    }
    let old = Properties::parse(&event.old_resource_properties).ok();
    let (before, after) = if properties.needs_environments(old.as_ref()) {
        let before = match &old {
            Some(old) => environments(ecs, old.task_definition()).await,
            None => Ok(ContainerEnvironments::new()),
        };
        let before = match before {
            Ok(before) => before,
            // The old task definition no longer exists, so nothing can be compared. The update runs
            // the task, since skipping a migration that is due would be worse.
            Err(error) if error.kind == ErrorKind::Rejected => {
                tracing::info!(%error, "the task definition before the update cannot be read; the update runs the task");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        (
            before,
            environments(ecs, properties.task_definition()).await?,
        )
    } else {
        (ContainerEnvironments::new(), ContainerEnvironments::new())
    };
    match properties.reason_to_run_on_update(old.as_ref(), &before, &after) {
        Some(reason) => {
            tracing::info!(%reason, "the update runs the task");
            Ok(None)
        }
        None => Ok(Some(
            "nothing that UpdateCriteria name has changed".to_owned(),
        )),
    }
}

async fn environments(ecs: &Ecs, task_definition: &str) -> Result<ContainerEnvironments, ApiError> {
    let definition = ecs.describe_task_definition(task_definition).await?;
    Ok(definition
        .containers
        .into_iter()
        .map(|container| (container.name, container.environment))
        .collect())
}
