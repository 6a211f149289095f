//! `ecs-task-runner run`: log lines, which come with the caller's own rights and decide nothing.

use std::time::Duration;

use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::{Container, Script};
use stand_ins::faults::{Fault, Span};

use super::run::{Account, SECOND, TASK, assert_parts};

#[tokio::test]
async fn a_missing_right_is_said_once_and_the_run_is_the_same() {
    for (service, operation, action) in [
        (Service::Logs, "GetLogEvents", "logs:GetLogEvents"),
        (Service::Ecs, "ListTasks", "ecs:ListTasks"),
        (Service::Ecs, "DescribeTasks", "ecs:DescribeTasks"),
        (
            Service::Ecs,
            "DescribeTaskDefinition",
            "ecs:DescribeTaskDefinition",
        ),
    ] {
        let account = Account::new(
            Script::exits(0)
                .running(2 * SECOND)
                .log(Duration::ZERO, "hello"),
        )
        .await;
        let faults = account.world().aws.faults();
        let _denied = faults.inject_for(
            "PERSON",
            service,
            operation,
            Span::Forever,
            Fault::AccessDenied,
        );
        let ended = account.run(&TASK).await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_parts(&ended.stdout, &["worker reported success", "Succeeded, "]);
        assert!(!ended.stdout.contains("hello"), "{}", ended.stdout);
        let note = format!("log lines cannot be read: {action} on ");
        assert_eq!(ended.stderr.matches(&note).count(), 1, "{}", ended.stderr);
        assert_parts(
            &ended.stderr,
            &[&format!("use credentials that are allowed {action}\n")],
        );
    }
}

#[tokio::test]
async fn calls_that_fail_for_a_while_lose_no_line() {
    let account = Account::new(
        Script::exits(0)
            .running(4 * SECOND)
            .log(SECOND, "one")
            .log(3 * SECOND, "two"),
    )
    .await;
    let faults = account.world().aws.faults();
    for (service, operation) in [
        (Service::Logs, "GetLogEvents"),
        (Service::Ecs, "ListTasks"),
        (Service::Ecs, "DescribeTaskDefinition"),
        (Service::Sfn, "GetExecutionHistory"),
    ] {
        faults.inject_for(
            "PERSON",
            service,
            operation,
            Span::Next(2),
            Fault::InternalError,
        );
    }
    let ended = account.run(&TASK).await;
    assert_eq!(
        (ended.status.code(), ended.stderr.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
    assert_parts(&ended.stdout, &["\n  | one\n", "\n  | two\n"]);
}

#[tokio::test]
async fn lines_have_their_owner_in_front_where_there_are_several() {
    let account = Account::new(Script::exits(0)).await;
    let ecs = account.world().aws.ecs();
    ecs.register_family("pair", &["web", "proxy"]);
    let container = |line: &str| Container::exits(0).log(Duration::ZERO, line);
    ecs.script(
        "pair",
        Script::exits(0)
            .container("web", container("from web"))
            .container("proxy", container("from proxy")),
    );
    let pair = ["--cluster", "todobackend", "--task-definition", "pair"];
    let ended = account.run(&pair).await;
    assert_parts(
        &ended.stdout,
        &["\n  web | from web\n", "\n  proxy | from proxy\n"],
    );

    account
        .world()
        .script(Script::exits(0).log(Duration::ZERO, "from one of two"));
    let directory = local_run::directories::RunDirectory::create("run-logs").unwrap();
    let file = directory.file("run.json");
    let properties = json!({"Cluster": "todobackend", "TaskDefinition": "migrate", "Count": 2});
    std::fs::write(&file, properties.to_string()).unwrap();
    let ended = account.run(&["--file", file.to_str().unwrap()]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let tasks = account.world().aws.ecs().tasks();
    for task in tasks.iter().rev().take(2) {
        let (_, id) = task.arn.rsplit_once('/').unwrap();
        assert_parts(
            &ended.stdout,
            &[&format!("\n  {} | from one of two\n", &id[..8])],
        );
    }
}

#[tokio::test]
async fn a_task_that_logs_elsewhere_or_not_at_all_is_followed_without_lines() {
    let account = Account::new(Script::exits(0)).await;
    let container = json!({"name": "migrate", "image": "migrate:latest", "logConfiguration": {"logDriver": "awsfirelens"}});
    account
        .world()
        .aws
        .ecs()
        .register(&json!({"family": "firelens", "containerDefinitions": [container]}));
    let ended = account
        .run(&["--cluster", "todobackend", "--task-definition", "firelens"])
        .await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_parts(
        &ended.stderr,
        &["no container of firelens:1 logs through awslogs, so no log lines are shown\n"],
    );

    account
        .world()
        .script(Script::exits(0).log(Duration::ZERO, "secret of the customer"));
    let ended = account.run(&[&TASK[..], &["--no-logs"]].concat()).await;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    assert!(!ended.stdout.contains("secret of"), "{}", ended.stdout);
    let read = account.world().aws.calls().matching(|call| {
        &*call.operation == "GetLogEvents" && call.access_key.as_deref() == Some("PERSON")
    });
    assert!(read.is_empty());
}

#[tokio::test]
async fn without_log_lines_the_reason_of_a_failed_run_has_none_either() {
    let script = Script::exits(3).log(Duration::ZERO, "secret of the customer");
    let account = Account::new(script).await;
    let ended = account.run(&[&TASK[..], &["--no-logs"]].concat()).await;
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(ended.stderr.contains("EcsTask.Failed"), "{ended:?}");
    for shown in [&ended.stdout, &ended.stderr] {
        assert!(!shown.contains("secret of"), "{shown}");
    }
}

/// Lines reach the log in batches, the last ones after the container has exited.
#[tokio::test]
async fn lines_that_arrive_after_the_end_are_shown_before_it() {
    let script = Script::exits(7)
        .running(SECOND)
        .log(SECOND, "the line with the error");
    let account = Account::new(script).await;
    account.world().aws.logs().lag(3 * SECOND);
    let ended = account.run(&TASK).await;
    assert_eq!(ended.status.code(), Some(7), "{ended:?}");
    let (before, after) = ended
        .stdout
        .split_once("\n  | the line with the error\n")
        .unwrap();
    assert!(!before.contains("reported"), "{before}");
    assert!(
        after.contains("worker reported EcsTask.Failed") && after.contains("\n\nFailed, "),
        "{after}"
    );
}
