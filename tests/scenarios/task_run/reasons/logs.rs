//! The lines of a container's log in a Reason: where they are read, how many, and what stands there
//! when they cannot be read.

use std::time::Duration;

use serde_json::json;
use stand_ins::ecs::{Container, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::{AwsError, Service};

use super::{MILLISECOND, cause_of, failing_migration};
use crate::worlds::worker::{World, success, with};

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
