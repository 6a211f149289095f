use super::*;
use crate::task::judgement::Criteria;
use crate::task::status::{ContainerStatus, Host, Phase, StopCode};

const OURS: &str = "The execution has ended (name)";

/// A task with one container: its last status, whether it started, why it was stopped, and its exit
/// code.
fn task(
    last_status: &str,
    started: bool,
    stopped: Option<(&str, &str)>,
    exit_code: Option<i32>,
) -> TaskStatus {
    TaskStatus {
        arn: "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c".to_owned(),
        task_definition_arn: String::new(),
        last_status: last_status.to_owned(),
        phase: Phase::from(last_status),
        stop_code: stopped.map(|(code, _)| StopCode::from(code)),
        stopped_reason: stopped.map(|(_, reason)| reason.to_owned()),
        pull_began: started,
        host: Host::Fargate,
        started_at: started.then(|| "2026-11-23T07:00:00Z".parse().unwrap()),
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
        containers: vec![ContainerStatus {
            name: "migrate".to_owned(),
            exit_code,
            running: last_status == "RUNNING",
            stopped: last_status == "STOPPED",
            created: started,
            ..ContainerStatus::default()
        }],
    }
}

fn seen(status: &TaskStatus) -> Seen<'_> {
    let criteria = Criteria {
        containers: None,
        containers_are_chosen: false,
        success_exit_codes: vec![0],
    };
    Seen {
        status,
        verdict: is_decided(status, &criteria).then(|| judge(status, &criteria)),
    }
}

fn running() -> TaskStatus {
    task("RUNNING", true, None, None)
}

fn starting() -> TaskStatus {
    task("PENDING", false, None, None)
}

fn stopped_while_it_ran() -> TaskStatus {
    task("STOPPED", true, Some(("UserInitiated", OURS)), Some(143))
}

fn stopped_before_it_started() -> TaskStatus {
    task("STOPPED", false, Some(("UserInitiated", OURS)), None)
}

fn exited(code: i32) -> TaskStatus {
    let why = (
        "EssentialContainerExited",
        "Essential container in task exited",
    );
    task("STOPPED", true, Some(why), Some(code))
}

fn lost() -> TaskStatus {
    let why = (
        "TerminationNotice",
        "Host EC2 (instance i-0abc) terminated.",
    );
    task("STOPPED", false, Some(why), None)
}

#[test]
fn no_more_is_said_of_a_task_than_ecs_has_shown() {
    let by_hand = task(
        "STOPPED",
        true,
        Some(("UserInitiated", "by hand")),
        Some(143),
    );
    for (task, expected) in [
        (
            running(),
            "Its task could not be seen to stop; a container of it had started, and its work may be half done",
        ),
        (
            starting(),
            "Its task could not be seen to stop; no container of it was seen to start",
        ),
        (
            stopped_while_it_ran(),
            "Its task was then stopped after a container had started; its work may be half done",
        ),
        (
            stopped_before_it_started(),
            "Its task was then stopped before any of its containers started",
        ),
        (
            exited(0),
            "Its task had succeeded all the same: container 'migrate' exited with code 0",
        ),
        (exited(3), "Container 'migrate' exited with code 3"),
        (
            by_hand,
            "The task was stopped by a StopTask call after a container had started; its work may be half done",
        ),
        (
            lost(),
            "The task was stopped because its host is being terminated, and nobody can say whether a container of it had started. Its work may be half done: look at what it did, then run it again",
        ),
    ] {
        assert_eq!(what_became_of(&seen(&task), OURS), expected);
    }
}

#[test]
fn of_several_tasks_the_reason_names_the_one_that_people_must_know_of() {
    let in_this_order = [
        starting(),
        stopped_while_it_ran(),
        lost(),
        exited(0),
        stopped_before_it_started(),
    ];
    for first in 0..in_this_order.len() {
        let rest: Vec<_> = in_this_order[first..].iter().rev().map(seen).collect();
        let told = most_telling(&rest).unwrap().status;
        assert_eq!(told, &in_this_order[first]);
    }
    assert!(most_telling(&[]).is_none());
}
