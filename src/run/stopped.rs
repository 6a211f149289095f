//! What became of the ECS tasks of a run that its caller has stopped, as far as ECS shows it.

use crate::task::judgement::exit_in_words;
use crate::task::status::TaskStatus;
use crate::text::enumeration;

/// Whether ECS shows the end of every task. It is known of none while there is none: a worker may be
/// about to launch it.
#[must_use]
pub fn has_settled(tasks: &[TaskStatus]) -> bool {
    !tasks.is_empty() && tasks.iter().all(TaskStatus::runs_nothing)
}

/// What ECS shows of the tasks, in sentences. It says no more than was seen: people decide by it
/// whether they run a migration again.
#[must_use]
pub fn what_became_of(tasks: &[TaskStatus]) -> String {
    if tasks.is_empty() {
        return "ECS shows no task of the run.".to_owned();
    }
    let sentences: Vec<_> = tasks.iter().map(sentence).collect();
    sentences.join(" ")
}

fn sentence(task: &TaskStatus) -> String {
    let id = task.id();
    let ran = task.was_seen_running();
    if !task.runs_nothing() {
        let seen = if ran {
            "a container of it has started"
        } else {
            "no container of it was seen to start"
        };
        return format!("ECS task {id} was not seen to stop yet; {seen}.");
    }
    if !ran {
        return format!("ECS task {id} has stopped, and no container of it was seen to start.");
    }
    let exited = task
        .containers
        .iter()
        .filter(|container| container.own_exit_code().is_some());
    let exits: Vec<_> = exited
        .map(|container| {
            format!(
                "container '{}' {}",
                container.name,
                exit_in_words(container)
            )
        })
        .collect();
    let exits = if exits.is_empty() {
        "after a container had started".to_owned()
    } else {
        enumeration::listed(&exits)
    };
    let all_done = task
        .containers
        .iter()
        .all(|container| container.own_exit_code() == Some(0));
    let doubt = if all_done {
        ""
    } else {
        "; its work may be half done"
    };
    format!("ECS task {id} has stopped: {exits}{doubt}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::status::{ContainerStatus, Host, Phase};

    fn task(phase: Phase, exit_code: Option<i32>) -> TaskStatus {
        TaskStatus {
            arn: "arn:aws:ecs:eu-west-1:123456789012:task/production/4f1c".to_owned(),
            task_definition_arn: String::new(),
            last_status: String::new(),
            phase,
            stop_code: None,
            stopped_reason: None,
            pull_began: true,
            host: Host::Fargate,
            started_at: None,
            stopping_at: None,
            execution_stopped_at: None,
            stopped_at: None,
            containers: vec![ContainerStatus {
                name: "migrate".to_owned(),
                exit_code,
                created: true,
                ..ContainerStatus::default()
            }],
        }
    }

    #[test]
    fn no_more_is_said_of_a_stopped_run_than_ecs_shows() {
        for (tasks, settled, expected) in [
            (vec![], false, "ECS shows no task of the run."),
            (
                vec![task(Phase::Starting, None)],
                false,
                "ECS task 4f1c was not seen to stop yet; no container of it was seen to start.",
            ),
            (
                vec![task(Phase::Running, None)],
                false,
                "ECS task 4f1c was not seen to stop yet; a container of it has started.",
            ),
            (
                vec![task(Phase::Stopped, None)],
                true,
                "ECS task 4f1c has stopped, and no container of it was seen to start.",
            ),
            (
                vec![task(Phase::Stopped, Some(143))],
                true,
                "ECS task 4f1c has stopped: container 'migrate' exited with code 143 (ended by SIGTERM); its work may be half done.",
            ),
            (
                vec![task(Phase::Stopped, Some(0))],
                true,
                "ECS task 4f1c has stopped: container 'migrate' exited with code 0.",
            ),
        ] {
            assert_eq!(what_became_of(&tasks), expected);
            assert_eq!(has_settled(&tasks), settled, "{expected}");
        }
    }
}
