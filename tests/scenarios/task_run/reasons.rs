//! The words a failed run leaves: log lines, what stands in their way, and what never shows.

mod logs;

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::ecs::{Container, OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::{AwsError, Service};

use crate::worlds::worker::{World, failure};

const MILLISECOND: Duration = Duration::from_millis(1);

/// A migration that fails as Django's do.
fn failing_migration() -> Script {
    Script::exits(1).container(
        "migrate",
        Container::exits(1)
            .log(MILLISECOND, "Running migrations:")
            .log(2 * MILLISECOND, "Traceback (most recent call last):")
            .log(
                3 * MILLISECOND,
                "django.db.utils.OperationalError: no such table: todo_item",
            ),
    )
}

async fn cause_of(world: &World, task: &Value) -> String {
    failure(world.run(task).await).1
}

#[tokio::test(start_paused = true)]
async fn a_failure_shows_the_last_lines_of_the_failed_containers_log() {
    let world = World::new();
    let _worker = world.worker();
    world.script(failing_migration());
    let cause = cause_of(&world, &world.task()).await;
    let order = [
        "Container 'migrate' exited with code 1",
        "ECS says: Essential container in task exited\n",
        "Last log lines of 'migrate':",
        "OperationalError: no such table",
        "https://",
    ];
    let places: Vec<_> = order
        .iter()
        .map(|part| {
            cause
                .find(part)
                .unwrap_or_else(|| panic!("{part:?} is not in {cause:?}"))
        })
        .collect();
    assert!(places.is_sorted(), "{cause}");
}

/// The task's id is random, and the front page cuts it. `respond` adds the last line.
#[tokio::test(start_paused = true)]
async fn the_front_page_shows_the_reason_of_a_failed_migration() {
    let world = World::new();
    let _worker = world.worker();
    let denied = "django.db.utils.OperationalError: (1045, \"Access denied for user 'todobackend'@'10.0.1.7'\")";
    world.script(
        Script::exits(1).container("migrate", Container::exits(1).log(MILLISECOND, denied)),
    );
    let mut task = world.task();
    task["taskDefinition"] = json!("migrate:1");
    let (error, cause) = failure(world.run(&task).await);
    let id = &world.aws.ecs().tasks()[0].arn;
    let id = id.rsplit('/').next().unwrap();
    let reason = format!("{error}: {cause}\nMore: ecs-task-runner explain ").replace(id, "4f1c…");
    assert!(
        include_str!("../../../README.md").contains(&reason),
        "not in README.md:\n{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn values_of_environment_overrides_never_show() {
    let world = World::new();
    let _worker = world.worker();
    let leak = Container::exits(1)
        .log(MILLISECOND, "connecting with hunter2-hunter2 as todo")
        .reason("could not use hunter2-hunter2");
    world.script(
        Script::exits(1)
            .container("migrate", leak)
            .stopped_reason("Essential container hunter2-hunter2 exited"),
    );
    let mut task = world.task();
    task["overrides"]["containerOverrides"] = json!([{"name": "migrate", "environment": [{"name": "PASSWORD", "value": "hunter2-hunter2"}]}]);
    let cause = cause_of(&world, &task).await;
    assert!(!cause.contains("hunter2"), "{cause}");
    assert!(cause.contains("connecting with *** as todo"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_cause_holds_printable_characters_and_line_ends_only() {
    let world = World::new();
    let _worker = world.worker();
    let colourful = Container::exits(1)
        .log(
            MILLISECOND,
            "\u{1b}]0;migrating\u{7}\u{1b}[1mstep\u{1b}[0m 5%\rstep 10%\rstep 100%\r\n",
        )
        .log(
            2 * MILLISECOND,
            "\u{1b}[31mError:\u{1b}[0m P3009 failed\0 for hun\u{1b}[1mter2-hunter2",
        )
        .log(3 * MILLISECOND, "\u{fffe}")
        .reason("\u{9b}31mcould not\u{202e} start\u{9b}0m");
    world.script(
        Script::exits(1)
            .container("migrate", colourful)
            .stopped_reason("Essential\u{8} container\tin\u{7f} task exited"),
    );
    let mut task = world.task();
    task["logLines"] = json!(3);
    task["overrides"]["containerOverrides"] = json!([{"name": "migrate", "environment": [{"name": "PASSWORD", "value": "hunter2-hunter2"}]}]);
    let cause = cause_of(&world, &task).await;
    for part in [
        "ECS says: Essential container in task exited; container 'migrate': could not start\n",
        "Last log lines of 'migrate':\n  step 10%\n  step 100%\n  Error: P3009 failed for ***\n",
    ] {
        assert!(cause.contains(part), "{cause}");
    }
    assert!(
        !cause.contains(|c: char| c.is_control() && c != '\n'),
        "{cause:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_error_of_a_service_says_is_made_printable() {
    let world = World::new();
    let _worker = world.worker();
    world.inject(
        Service::Ecs,
        "RunTask",
        Span::Forever,
        Fault::Error(AwsError::new(
            "InvalidParameterException",
            "\u{1b}[31mno such\u{1b}[0m subnet\rid\u{b}",
        )),
    );
    let cause = cause_of(&world, &world.task()).await;
    assert!(cause.contains("no such subnet\nid"), "{cause:?}");
    assert!(
        !cause.contains(|c: char| c.is_control() && c != '\n'),
        "{cause:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn words_that_happen_to_be_values_are_shown() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(1));
    let mut task = world.task();
    task["overrides"]["containerOverrides"] =
        json!([{"name": "migrate", "environment": [{"name": "ROLE", "value": "task"}]}]);
    let cause = cause_of(&world, &task).await;
    assert!(
        cause.contains("Essential container in task exited"),
        "{cause}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_shows_what_the_task_said_last() {
    let world = World::new();
    let _worker = world.worker();
    let waiting = Container::runs_forever()
        .log(MILLISECOND, "waiting for a lock")
        .on_sigterm(OnSigterm::Exits {
            after: MILLISECOND,
            code: 143,
        });
    world.script(Script::runs_forever().container("migrate", waiting));
    let mut task = world.task();
    let deadline: jiff::Timestamp = serde_json::from_value(world.deadline_in(300)).unwrap();
    task["deadline"] = json!(deadline + Duration::from_nanos(123_456_789));
    let cause = cause_of(&world, &task).await;
    assert!(
        cause.contains("The deadline") && cause.contains("waiting for a lock"),
        "{cause}"
    );
    let deadline = cause.split("The deadline ").nth(1).unwrap();
    assert!(
        deadline
            .split(' ')
            .next()
            .is_some_and(|time| !time.contains('.') && time.ends_with('Z')),
        "a deadline to the second: {cause}"
    );
}
