//! Pictures with the times of the tasks that ECS still shows.

use super::super::histories::{History, time};
use super::super::{claimed, failed_run};
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

/// The rows of a run that takes 43 s, with these tasks, 60 s after its start.
fn rows_of(tasks: &[ObservedTask]) -> Vec<String> {
    let mut history = History::of("Create");
    failed_run(&mut history).ended(43_000, "Failed", "EcsTask.Failed", "");
    let explanation = history.explain(ExecutionStatus::Failed);
    let picture = Picture::of(&explanation, tasks, time(60_000)).to_string();
    assert_sound(&picture);
    rows(&picture)
}

#[test]
fn a_task_is_drawn_with_what_it_spent_its_time_with() {
    for (moments, exit_codes, expected) in [
        (
            [2_000, 12_000, 22_000, 24_000, 40_000, 42_000].map(Some),
            &[1][..],
            "ECS task | 4f1c | provisioning 5-28 | pulling 28-51 | starting 51-56 | running 56-93 | deprovisioning 93-98 | [containers-end] | exit code 1 | started in 22 s, ran for 16 s",
        ),
        (
            [Some(2_000), Some(12_000), None, None, None, Some(22_000)],
            &[],
            "ECS task | 4f1c | provisioning 5-28 | pulling 28-51 | [containers-end] | ended without an exit code",
        ),
        ([None; 6], &[], "ECS task | 4f1c | pending"),
    ] {
        let rows = rows_of(&[task(moments, exit_codes)]);
        assert_eq!(
            rows[0],
            "execution | execution 0-100 | [failure] | failed | took 43 s"
        );
        assert_eq!(rows[2..], [expected]);
    }
}

/// ECS takes down a task after the run was judged.
#[test]
fn the_execution_ends_before_a_task_that_goes_on() {
    for (moments, exit_codes, execution, attempt, expected) in [
        (
            [2_000, 12_000, 22_000, 24_000, 40_000, 56_000].map(Some),
            &[1][..],
            "0-77",
            "waiting 0-2 | held 2-75",
            "provisioning 4-21 | pulling 21-39 | starting 39-43 | running 43-71 | deprovisioning 71-100 | [containers-end] | exit code 1 | started in 22 s, ran for 16 s",
        ),
        // Its containers have ended, and it is not STOPPED yet.
        (
            [Some(2_000), None, None, Some(22_000), Some(42_000), None],
            &[0, 0],
            "0-72",
            "waiting 0-2 | held 2-70",
            "starting 3-37 | running 37-70 | deprovisioning 70-100 | [containers-end] | exit codes 0, 0 | started in 20 s, ran for 20 s",
        ),
        (
            [Some(2_000), None, None, Some(22_000), None, None],
            &[],
            "0-72",
            "waiting 0-2 | held 2-70",
            "starting 3-37 | running 37-100 | running, started in 20 s | has run for 38 s so far",
        ),
        (
            [Some(2_000), None, None, None, None, None],
            &[],
            "0-72",
            "waiting 0-2 | held 2-70",
            "provisioning 3-100 | pending",
        ),
    ] {
        let mut task = task(moments, exit_codes);
        if task.status.started_at.is_some() {
            task.status.last_status = "RUNNING".to_owned();
        }
        let rows = rows_of(&[task]);
        let parts = format!("execution | execution {execution} | [failure] | failed | took 43 s");
        assert_eq!(rows[0], parts);
        let parts = format!("attempt 1 | worker i-0abc | {attempt} | ");
        assert!(rows[1].starts_with(&parts), "{}", rows[1]);
        assert_eq!(rows[2..], [format!("ECS task | 4f1c | {expected}")]);
    }
}

#[test]
fn an_attempt_that_its_execution_cut_off_ends_with_it() {
    let mut history = History::of("Create");
    claimed(&mut history).ended(30_000, "Failed", "Mine", "");
    let explanation = history.explain(ExecutionStatus::Failed);
    let tasks = [task([Some(2_000), None, None, None, None, None], &[])];
    let picture = Picture::of(&explanation, &tasks, time(60_000)).to_string();
    let attempt = &rows(&picture)[1];
    assert!(attempt.contains(" | held 2-50 | "), "{attempt}");
}

/// What success is, the properties of the run say: `SuccessExitCodes: [0, 3]`, or `Containers`.
#[test]
fn the_end_of_containers_is_neither_success_nor_failure() {
    let mut history = History::of("Create");
    claimed(&mut history)
        .succeeded(42_000)
        .ended(43_000, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Succeeded);
    let moments = [2_000, 12_000, 22_000, 24_000, 40_000, 42_000].map(Some);
    for exit_codes in [&[0][..], &[3], &[0, 137], &[]] {
        let tasks = [task(moments, exit_codes)];
        let picture = Picture::of(&explanation, &tasks, time(60_000)).to_string();
        assert_sound(&picture);
        let rows = rows(&picture);
        assert!(rows[1].contains("[success]"), "{}", rows[1]);
        assert!(rows[2].contains("[containers-end]"), "{}", rows[2]);
        assert!(!picture.contains(r#"class="failure""#), "{exit_codes:?}");
    }
}

#[test]
fn every_task_has_a_row_up_to_twenty() {
    let tasks: Vec<_> = (0..23)
        .map(|number| task([Some(number * 1_000), None, None, None, None, None], &[]))
        .collect();
    let rows = rows_of(&tasks);
    assert_eq!(rows.len(), 23);
    assert_eq!(rows[22], "… 3 more ECS tasks");
}

#[test]
fn clocks_that_disagree_leave_the_picture_sound() {
    rows_of(&[task(
        [50_000, 40_000, 30_000, 20_000, 10_000, -5_000].map(Some),
        &[0],
    )]);
}
