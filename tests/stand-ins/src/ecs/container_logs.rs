//! The log streams of a task's containers, where awslogs keeps them:
//! `{prefix}/{container}/{task id}`, or the container's runtime id.

use std::sync::Arc;

use super::Ecs;
use super::plan::reached;
use super::task::Task;
use crate::logs::LogEvent;

impl Ecs {
    /// Makes the log streams of a scripted task: what they hold at any moment follows from its
    /// course.
    pub(super) fn attach_logs(&self, task: &Arc<Task>) {
        for (index, container) in task.definition.containers.iter().enumerate() {
            let Some((group, prefix)) = &container.awslogs else {
                continue;
            };
            let stream = stream_name(prefix, &container.name, &task.id);
            let task = Arc::clone(task);
            let lines = move |now| {
                let plan = task.plan();
                let container = plan.containers.get(index)?;
                let started_at = container.started_at.filter(|at| reached(Some(*at), now))?;
                let end = container.ended_at.map_or(now, |end| end.min(now));
                let lines = task.script()?.of_container(&container.name).log.iter();
                let printed = lines.map(|(after, line)| LogEvent {
                    at: started_at + *after,
                    message: line.clone(),
                });
                let mut printed: Vec<_> = printed.filter(|event| event.at <= end).collect();
                printed.sort_by_key(|event| event.at);
                Some(printed)
            };
            self.inner.logs.derive(group, &stream, lines);
        }
    }
}

/// The stream's name ("using_awslogs"). Without a prefix it is the container's runtime id.
pub(super) fn stream_name(prefix: &str, container: &str, task_id: &str) -> String {
    if prefix.is_empty() {
        return runtime_id(task_id, container);
    }
    format!("{prefix}/{container}/{task_id}")
}

/// The id of a container at the container runtime.
pub(super) fn runtime_id(task_id: &str, container: &str) -> String {
    format!("{task_id}-{container}")
}
