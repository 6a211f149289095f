//! The ECS tasks of a run, for its picture.

use ecs_task_runner::aws::ecs::{Ecs, ListedTask, WhichTasks};
use ecs_task_runner::aws::{CallRates, Connection};
use ecs_task_runner::explain::{Explanation, ObservedTask};

use crate::output::complain;

/// The tasks that ECS still shows. Who may not see them gets the picture without.
pub(super) async fn observed(
    connection: &Connection,
    explanation: &Explanation,
) -> Vec<ObservedTask> {
    let Some(task) = &explanation.task else {
        return Vec::new();
    };
    let which = WhichTasks::StartedBy {
        name: &task.started_by,
        family: task.family(),
    };
    let ecs = Ecs::without_retries(connection, CallRates::default());
    match ecs.list_tasks(&task.cluster, which).await {
        Ok(tasks) => tasks.into_iter().map(observed_task).collect(),
        Err(error) => {
            complain(&format!(
                "the picture has no more of the ECS tasks than the execution's history: {error}"
            ));
            Vec::new()
        }
    }
}

fn observed_task(task: ListedTask) -> ObservedTask {
    ObservedTask {
        status: task.status,
        created: task.created,
        pull_started: task.pull_started,
        pull_stopped: task.pull_stopped,
    }
}
