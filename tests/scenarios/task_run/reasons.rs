//! The words a failed run leaves: log lines, what stands in their way, and what never shows.

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::ecs::{Container, OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::{AwsError, Service};

use crate::worlds::worker::{World, failure, success, with};

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
        "ECS says: EssentialContainerExited",
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

#[tokio::test(start_paused = true)]
async fn a_log_in_another_region_is_read_there() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().register(&json!({"family": "elsewhere", "containerDefinitions": [{
        "name": "migrate", "image": "todobackend", "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": "/todobackend", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "migrate"
        }}
    }]}));
    world.aws.ecs().script("elsewhere", failing_migration());
    let cause = cause_of(
        &world,
        &with(world.task(), &json!({"taskDefinition": "elsewhere"})),
    )
    .await;
    assert!(cause.contains("no such table"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_log_without_a_stream_prefix_is_found_by_the_containers_runtime_id() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().register(&json!({"family": "on-ec2", "containerDefinitions": [{
        "name": "migrate", "image": "todobackend", "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": "/todobackend", "awslogs-region": "us-east-1"
        }}
    }]}));
    let task = with(world.task(), &json!({"taskDefinition": "on-ec2"}));
    world.aws.ecs().script("on-ec2", failing_migration());
    let cause = cause_of(&world, &task).await;
    assert!(cause.contains("no such table"), "{cause}");
    world.aws.ecs().script("on-ec2", Script::exits(0));
    let task = with(task, &json!({"clientToken": "another"}));
    let output = success(world.run(&task).await);
    let id = output["TaskArn"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    assert_eq!(output["LogStream"], format!("{id}-migrate"));
}

#[tokio::test(start_paused = true)]
async fn as_many_lines_are_shown_as_asked_for() {
    for (lines, shown, hidden) in [
        (1, vec!["OperationalError"], vec!["Traceback"]),
        (
            0,
            vec!["exited with code 1"],
            vec!["OperationalError", "log"],
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.script(failing_migration());
        let mut task = world.task();
        task["logLines"] = json!(lines);
        let cause = cause_of(&world, &task).await;
        for part in shown {
            assert!(cause.contains(part), "{cause}");
        }
        for part in hidden {
            assert!(!cause.contains(part), "{cause}");
        }
    }
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
        "EssentialContainerExited, Essential container in task exited; container 'migrate': could not start\n",
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
async fn a_log_that_cannot_be_read_is_a_note_and_no_error() {
    for (service, operation, fault, says) in [
        (
            Service::Logs,
            "GetLogEvents",
            Fault::AccessDenied,
            "logs:GetLogEvents",
        ),
        (
            Service::Logs,
            "GetLogEvents",
            Fault::Error(AwsError::new(
                "ResourceNotFoundException",
                "The specified log stream does not exist.",
            )),
            "does not exist",
        ),
        (
            Service::Logs,
            "GetLogEvents",
            Fault::Delay(Duration::from_secs(60)),
            "did not answer",
        ),
        (
            Service::Ecs,
            "DescribeTaskDefinition",
            Fault::AccessDenied,
            "task definition",
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.script(failing_migration());
        world.inject(service, operation, Span::Forever, fault);
        let cause = cause_of(&world, &world.task()).await;
        assert!(
            cause.starts_with("Container 'migrate' exited with code 1"),
            "{cause}"
        );
        assert!(
            cause.contains("The log could not be read") && cause.contains(says),
            "{cause}"
        );
    }
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

#[tokio::test(start_paused = true)]
async fn a_flood_of_log_lines_keeps_the_head_and_the_last_line() {
    let world = World::new();
    let _worker = world.worker();
    let flood = (0..100).fold(
        Container::exits(1).after(MILLISECOND * 200),
        |container, n| container.log(MILLISECOND * n, format!("{n} {}", "ü".repeat(2_000))),
    );
    world.script(
        Script::exits(1).container("migrate", flood.log(MILLISECOND * 101, "the last line")),
    );
    let mut task = world.task();
    task["logLines"] = json!(100);
    let cause = cause_of(&world, &task).await;
    assert!(cause.len() <= 32_768);
    assert!(
        cause.starts_with("Container 'migrate' exited with code 1")
            && cause.contains("the last line"),
        "{cause}"
    );
}

/// The service may give pages that are empty, or not full, before those that hold the lines.
#[tokio::test(start_paused = true)]
async fn a_log_is_read_page_after_page_until_there_are_enough_lines() {
    for (largest, empty, lines) in [(10_000, 1, 20), (1, 0, 20), (1, 2, 3), (2, 1, 2)] {
        let world = World::new();
        let _worker = world.worker();
        world.aws.logs().pages(largest, empty);
        world.script(failing_migration());
        let cause = cause_of(&world, &with(world.task(), &json!({"logLines": lines}))).await;
        let expected = if lines == 2 {
            ""
        } else {
            "\n  Running migrations:"
        };
        let expected = format!(
            "Last log lines of 'migrate':{expected}\n  Traceback (most recent call last):\n  django.db.utils.OperationalError"
        );
        assert!(cause.contains(&expected), "{cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_is_called_empty_only_when_its_beginning_was_reached() {
    for (empty, slow, says) in [
        (3, None, "The log of 'migrate' is empty."),
        (100_000, None, "have no lines, and there was no time"),
        (3, Some(2), "have no lines, and there was no time"),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.aws.logs().pages(1, empty);
        world.script(Script::exits(1));
        if let Some(seconds) = slow {
            let delay = Fault::Delay(Duration::from_secs(seconds));
            world.inject(Service::Logs, "GetLogEvents", Span::Forever, delay);
        }
        let cause = cause_of(&world, &world.task()).await;
        assert!(cause.contains(says), "{cause}");
        assert_eq!(
            cause.contains("is empty"),
            says.contains("is empty"),
            "{cause}"
        );
    }
}
