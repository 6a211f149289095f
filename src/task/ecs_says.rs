//! What ECS says of the end of a task, each thing once: its stop code, the task's reason and the
//! reasons of its containers. ECS repeats itself. On Fargate the task and the container that could
//! not be started have the same reason, and some stop codes only name what the reason says.

use crate::task::status::{StopCode, TaskStatus};

/// The reason of a task on an EC2 instance of which no container started. The container's own reason
/// says why.
const SAYS_NOTHING: &str = "Task failed to start";
/// Older agents cut the reason of a container to this many characters, and that of the task to 1,024
/// (amazon-ecs-agent, `ecsMaxContainerReasonLength`). Later ones cut both to 1,024.
const CUT_AT: usize = 255;

/// All that ECS says of a task's end, for the Reason; empty when it says nothing. `our_reason` is the
/// reason with which this program has stopped the task, if it has: of a task that ended by that call
/// it is no news.
pub(crate) fn ecs_says(task: &TaskStatus, our_reason: Option<&str>) -> String {
    let (mut of_task, of_containers) = reasons(task);
    let mut code = task.stop_code.as_ref().map(StopCode::as_str);
    if our_reason.is_some() && task.stopped_reason.as_deref() == our_reason {
        (code, of_task) = (None, None);
    }
    let code = code.filter(|code| !of_task.is_some_and(|reason| repeats(reason, code)));
    let of_task: Vec<_> = code.into_iter().chain(of_task).collect();
    let of_task = (!of_task.is_empty()).then(|| of_task.join(", "));
    joined(of_task, of_containers).unwrap_or_default()
}

/// Why a task failed to start, in ECS's words; `None` when ECS gives no reason.
#[must_use]
pub fn in_words_of_ecs(task: &TaskStatus) -> Option<String> {
    let (of_task, of_containers) = reasons(task);
    joined(of_task.map(str::to_owned), of_containers)
}

/// What ECS says of the task and then of its containers; `None` when it says nothing.
fn joined(of_task: Option<String>, of_containers: Vec<String>) -> Option<String> {
    let said: Vec<_> = of_task.into_iter().chain(of_containers).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// The reason of the task, where no container's says it as well, and those of its containers.
fn reasons(task: &TaskStatus) -> (Option<&str>, Vec<String>) {
    // Each reason with the names of the containers that have it.
    let mut of_containers: Vec<(&str, Vec<String>)> = Vec::new();
    for container in &task.containers {
        let Some(mut reason) = container.reason.as_deref() else {
            continue;
        };
        if let Some(whole) = task.stopped_reason.as_deref()
            && whole.starts_with(reason)
            && reason.chars().count() >= CUT_AT
        {
            reason = whole;
        }
        let name = format!("'{}'", container.name);
        match of_containers.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, names)) => names.push(name),
            None => of_containers.push((reason, vec![name])),
        }
    }
    let of_task = task.stopped_reason.as_deref().filter(|reason| {
        let reason = reason.trim_end_matches('.');
        !of_containers
            .iter()
            .any(|(of_container, _)| reason == SAYS_NOTHING || of_container.contains(reason))
    });
    let of_containers = of_containers.into_iter().map(|(reason, names)| {
        let containers = if names.len() == 1 {
            "container"
        } else {
            "containers"
        };
        format!("{containers} {}: {reason}", names.join(", "))
    });
    (of_task, of_containers.collect())
}

/// Whether the reason has all words of the stop code, as "Essential container in task exited" has
/// those of `EssentialContainerExited`.
fn repeats(reason: &str, code: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    let mut words: Vec<String> = Vec::new();
    for character in code.chars() {
        match words.last_mut() {
            Some(word) if !character.is_ascii_uppercase() => word.push(character),
            _ => words.push(character.to_ascii_lowercase().to_string()),
        }
    }
    words.iter().all(|word| reason.contains(word.as_str()))
}

#[cfg(test)]
mod tests;
