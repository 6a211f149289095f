//! Which containers of a task count.

use super::{Criteria, Ending};
use crate::task::error::ErrorName;
use crate::task::status::{ContainerStatus, TaskStatus};

/// The containers whose exit codes count, in the order in which ECS lists them. Without
/// `criteria.containers`, all count except those that AWS adds. An [`Ending`] when a container that
/// counts is missing from the task.
pub(super) fn containers_that_count<'t>(
    task: &'t TaskStatus,
    criteria: &Criteria,
) -> Result<Vec<&'t ContainerStatus>, Ending> {
    let Some(names) = &criteria.containers else {
        return Ok(task
            .containers
            .iter()
            .filter(|container| !is_added_by_aws(&container.name))
            .collect());
    };
    let missing: Vec<_> = names
        .iter()
        .filter(|name| {
            !task
                .containers
                .iter()
                .any(|container| container.name == **name)
        })
        .collect();
    if let Some(name) = missing.first() {
        let present: Vec<_> = task
            .containers
            .iter()
            .map(|container| format!("'{}'", container.name))
            .collect();
        return Err(Ending {
            error: ErrorName::Failed,
            what: format!(
                "Container '{name}' counts, but the task has no container of that name (it has {}), so nobody can say whether its work was done",
                if present.is_empty() {
                    "none".to_owned()
                } else {
                    present.join(", ")
                }
            ),
            container: None,
            may_pass: false,
        });
    }
    Ok(task
        .containers
        .iter()
        .filter(|container| names.contains(&container.name))
        .collect())
}

/// Whether it is a sidecar of `GuardDuty` or Service Connect, which ECS adds to tasks although the
/// task definition does not name it.
pub(crate) fn is_added_by_aws(name: &str) -> bool {
    name.starts_with("aws-guardduty-agent") || name.starts_with("ecs-service-connect")
}
