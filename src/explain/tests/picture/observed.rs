//! Pictures with the times of the tasks that ECS still shows.

use jiff::Timestamp;

use super::super::failed_run;
use super::super::histories::{History, time};
use super::{assert_sound, rows};
use crate::execution::status::ExecutionStatus;
use crate::explain::{ObservedTask, Picture};
use crate::task::status::{ContainerStatus, Host, Phase, TaskStatus};

/// A task with the moments of its life in milliseconds since the execution's start: launched, pull begun
/// and over, started, containers ended, STOPPED.
pub(super) fn task(moments: [Option<i64>; 6], exit_codes: &[i32]) -> ObservedTask {
    let at = |index: usize| moments[index].map(time);
    let containers = exit_codes.iter().map(|code| ContainerStatus {
        name: "migrate".to_owned(),
        exit_code: Some(*code),
        reason: None,
        running: false,
        stopped: true,
        created: true,
        runtime_id: None,
    });
    ObservedTask {
        status: TaskStatus {
            arn: "arn:aws:ecs:eu-west-1:123456789012:task/production/4f1c".to_owned(),
            task_definition_arn: String::new(),
            last_status: "PENDING".to_owned(),
            phase: Phase::Stopped,
            stop_code: None,
            stopped_reason: None,
            pull_began: at(1).is_some(),
            host: Host::Fargate,
            started_at: at(3),
            stopping_at: None,
            execution_stopped_at: at(4),
            stopped_at: at(5),
            containers: containers.collect(),
        },
        created: at(0),
        pull_started: at(1),
        pull_stopped: at(2),
    }
}

/// The rows of the tasks of a run that takes 43 s.
fn rows_of(tasks: &[ObservedTask]) -> Vec<String> {
    let mut history = History::of("Create");
    failed_run(&mut history).ended(43_000, "Failed", "EcsTask.Failed", "");
    let explanation = history.explain(ExecutionStatus::Failed);
    let picture = Picture::of(&explanation, tasks, Timestamp::UNIX_EPOCH).to_string();
    assert_sound(&picture);
    let rows = rows(&picture);
    assert!(rows[0].starts_with("execution") && rows[1].starts_with("attempt 1"));
    rows[2..].to_vec()
}

#[test]
fn a_task_is_drawn_with_what_it_spent_its_time_with() {
    for (moments, exit_codes, expected) in [
        (
            [2_000, 12_000, 22_000, 24_000, 40_000, 56_000].map(Some),
            &[1][..],
            "ECS task | 4f1c | provisioning 4-21 | pulling 21-39 | starting 39-43 | running 43-71 | deprovisioning 71-100 | [failure] | exit code 1 | started in 22 s, ran for 16 s",
        ),
        (
            [Some(2_000), None, None, Some(22_000), Some(42_000), None],
            &[0, 0],
            "ECS task | 4f1c | starting 5-51 | running 51-98 | deprovisioning 98-100 | [success] | exit codes 0, 0 | started in 20 s, ran for 20 s",
        ),
        (
            [Some(2_000), Some(12_000), None, None, None, Some(22_000)],
            &[],
            "ECS task | 4f1c | provisioning 5-28 | pulling 28-51 | [failure] | ended without an exit code",
        ),
        (
            [Some(2_000), None, None, None, None, None],
            &[],
            "ECS task | 4f1c | provisioning 5-100 | pending",
        ),
        ([None; 6], &[], "ECS task | 4f1c | pending"),
    ] {
        assert_eq!(rows_of(&[task(moments, exit_codes)]), [expected]);
    }
}

#[test]
fn every_task_has_a_row_up_to_twenty() {
    let tasks: Vec<_> = (0..23)
        .map(|number| task([Some(number * 1_000), None, None, None, None, None], &[]))
        .collect();
    let rows = rows_of(&tasks);
    assert_eq!(rows.len(), 21);
    assert_eq!(rows[20], "… 3 more ECS tasks");
}

#[test]
fn clocks_that_disagree_leave_the_picture_sound() {
    rows_of(&[task(
        [50_000, 40_000, 30_000, 20_000, 10_000, -5_000].map(Some),
        &[0],
    )]);
}
