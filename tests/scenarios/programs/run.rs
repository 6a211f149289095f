//! `ecs-task-runner run`, as people and pipelines run it: a process, its output and exit codes, and a
//! task runner at the other end of its sockets.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use serde_json::Value;
use stand_ins::Served;
use stand_ins::ecs::Script;

use crate::worlds::functions::{CLUSTER, FAMILY, World};
use crate::worlds::program::{Ended, Program, listen};
use crate::worlds::running::Worker;
use crate::worlds::task_runner::TaskRunner;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const TASK: [&str; 4] = ["--cluster", CLUSTER, "--task-definition", FAMILY];

/// A task runner whose executions take their course, and whose stack has the usual name.
pub(super) struct Account {
    task_runner: TaskRunner,
    pub(super) served: Served,
    /// The worker of its fleet.
    _worker: Option<Worker>,
}

impl Account {
    /// With one worker, and tasks of this course.
    pub(super) async fn new(script: Script) -> Self {
        let account = Self::without_worker(script).await;
        let worker = account.task_runner.worker();
        Self {
            _worker: Some(worker),
            ..account
        }
    }

    pub(super) async fn without_worker(script: Script) -> Self {
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        let world = &task_runner.world;
        world.script(script);
        let stacks = world.aws.cloudformation();
        stacks.stack("ecs-task-runner", "CREATE_COMPLETE");
        stacks.output("ecs-task-runner", "StateMachineArn", &world.state_machine);
        task_runner.plays_what_is_started();
        let served = listen(&world.aws).await;
        Self {
            task_runner,
            served,
            _worker: None,
        }
    }

    pub(super) fn world(&self) -> &World {
        &self.task_runner.world
    }

    pub(super) fn begin(&self, arguments: &[&str]) -> Program {
        let arguments = [&["run", "--region", "us-east-1"], arguments].concat();
        Program::of_person(&self.served, &arguments)
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Ended {
        self.begin(arguments).ended().await
    }

    /// The input of the only execution.
    pub(super) fn input(&self) -> Value {
        self.world().execution_input()
    }

    /// ARN of the only execution.
    pub(super) fn execution(&self) -> String {
        self.world().aws.sfn().executions()[0].arn.clone()
    }

    /// Waits until a container of the run has started.
    pub(super) async fn container_started(&self) {
        let has_started = || {
            let tasks = self.world().aws.ecs().tasks();
            tasks.iter().any(|task| task.started_at.is_some())
        };
        while !has_started() {
            tokio::time::sleep(SECOND / 100).await;
        }
    }

    pub(super) fn launched(&self) -> usize {
        self.world().aws.ecs().tasks().len()
    }
}

pub(super) fn assert_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_run_is_followed_with_its_log_lines_to_its_success() {
    let script = Script::exits(0)
        .running(2 * SECOND)
        .log(Duration::ZERO, "connecting with hunter2-of-production")
        .log(SECOND, "Applying todo.0001_initial... OK");
    let account = Account::new(script).await;
    let task = [
        "--timeout",
        "30m",
        "--env",
        "DB_PASSWORD=hunter2-of-production",
    ];
    let command = ["--", "python3", "manage.py", "migrate", "--no-input"];
    let ended = account.run(&[&TASK[..], &task, &command].concat()).await;
    assert_eq!(
        (ended.status.code(), ended.stderr.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
    assert_parts(
        &ended.stdout,
        &[
            "Direct run\nExecution  migrate-",
            "Task       migrate on cluster todobackend\n",
            "started as a direct run\n",
            "claimed by worker 'worker-1'",
            "\n  | connecting with ***\n",
            "\n  | Applying todo.0001_initial... OK\n",
            "worker reported success",
            "\n\nSucceeded, ",
        ],
    );
    // Each once, and the last line of the log before the conclusion.
    for line in ["started as", "claimed by", "Applying", "Succeeded, "] {
        assert_eq!(ended.stdout.matches(line).count(), 1, "{}", ended.stdout);
    }
    let (before, _) = ended.stdout.split_once("\n\nSucceeded, ").unwrap();
    assert!(before.contains("Applying"), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
    let input = account.input();
    assert_eq!(input["Timeout"], 1800);
    let container = &input["Overrides"]["ContainerOverrides"][0];
    assert_eq!(container["Name"], "migrate");
    assert_eq!(container["Command"][1], "manage.py");
    assert_eq!(
        container["Environment"][0]["Value"],
        "hunter2-of-production"
    );
}

#[tokio::test]
async fn a_failure_ends_with_the_container_s_exit_code_and_its_reason_on_standard_error() {
    let account = Account::new(Script::exits(3).log(Duration::ZERO, "no such table: todo")).await;
    for (code, expected, words) in [
        (3, 3, "exited with code 3"),
        (
            125,
            125,
            "exited with code 125 (the container runtime failed)",
        ),
        (
            126,
            1,
            "exited with code 126 (the command was found but could not be executed)",
        ),
        (137, 1, "exited with code 137 (killed by SIGKILL"),
    ] {
        account
            .world()
            .script(Script::exits(code).log(Duration::ZERO, "no such table: todo"));
        let ended = account.run(&TASK).await;
        assert_eq!(ended.status.code(), Some(expected), "{ended:?}");
        assert_parts(
            &ended.stderr,
            &[
                "ecs-task-runner: EcsTask.Failed: ",
                words,
                "no such table: todo",
                "More: ecs-task-runner explain arn:aws:states:",
            ],
        );
        assert_parts(
            &ended.stdout,
            &["worker reported EcsTask.Failed", "\n\nFailed, "],
        );
        assert!(!ended.stdout.contains("Last log lines"), "{}", ended.stdout);
    }
    let reason =
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found";
    account.world().script(Script::fails_to_start(reason));
    let ended = account.run(&TASK).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_parts(&ended.stderr, &["EcsTask.NotStarted: ", reason]);
    assert!(!ended.stderr.contains("log stream"), "{}", ended.stderr);
}

#[tokio::test]
async fn machines_get_one_json_object_a_line() {
    let account = Account::new(
        Script::exits(4)
            .running(SECOND)
            .log(Duration::ZERO, "one\rtwo"),
    )
    .await;
    let ended = account.run(&[&TASK[..], &["--json"]].concat()).await;
    assert_eq!(ended.status.code(), Some(4), "{ended:?}");
    let lines: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["execution"], account.execution());
    let events: Vec<_> = lines
        .iter()
        .filter_map(|line| line["event"]["event"].as_str())
        .collect();
    assert_eq!(
        events[..3],
        ["startedDirectly", "scheduled", "claimed"],
        "{events:?}"
    );
    let logs: Vec<_> = lines
        .iter()
        .map(|line| &line["log"])
        .filter(|log| log.is_object())
        .collect();
    assert_eq!(logs.len(), 2, "{logs:?}");
    assert_eq!(
        (&logs[0]["line"], &logs[1]["line"]),
        (&"one".into(), &"two".into())
    );
    assert_eq!(logs[0]["container"], "migrate");
    let task = account.world().aws.ecs().tasks()[0].arn.clone();
    assert!(task.ends_with(logs[0]["task"].as_str().unwrap()));
    let result = &lines.last().unwrap()["result"];
    assert_eq!(result["execution"], account.execution());
    assert_eq!(
        (&result["status"], &result["exitCode"]),
        (&"FAILED".into(), &4.into())
    );
    assert_eq!(result["verdict"]["error"], "EcsTask.Failed");
}

/// What is started under the name of a run that goes on, with the same properties, is that run
/// (`API_StartExecution`).
#[tokio::test]
async fn the_same_name_twice_is_one_run_and_a_name_that_was_used_is_refused() {
    let account = Account::new(Script::exits(0).running(3 * SECOND)).await;
    let named = [&TASK[..], &["--name", "release-42"]].concat();
    let first = account.begin(&named);
    first.logs("claimed by worker").await;
    let second = account.begin(&named);
    let other = account
        .run(&[&named[..], &["--timeout", "60"]].concat())
        .await;
    for ended in [first.ended().await, second.ended().await] {
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_parts(
            &ended.stdout,
            &[
                "Execution  release-42\n",
                "claimed by worker",
                "Succeeded, ",
            ],
        );
    }
    assert_eq!(account.launched(), 1);
    let later = account.run(&named).await;
    for ended in [other, later] {
        assert_eq!(
            (ended.status.code(), ended.stdout.as_str()),
            (Some(1), ""),
            "{ended:?}"
        );
        let arn = account.execution();
        assert_parts(
            &ended.stderr,
            &[
                "there is an execution release-42 already",
                "Choose another --name",
                &format!("ecs-task-runner explain {arn}"),
            ],
        );
    }
    assert_eq!(account.world().aws.sfn().executions().len(), 1);
}

#[tokio::test]
async fn a_detached_run_is_started_and_its_arn_printed_alone() {
    let account = Account::new(Script::exits(0)).await;
    let ended = account.run(&[&TASK[..], &["--detach"]].concat()).await;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(ended.stdout, format!("{}\n", account.execution()));
}
