//! `rescue`: what the Reason of an execution that was stopped or timed out says of its tasks.

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::{Container, OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{advance, sleep};

use super::rescue::aborted;
use crate::worlds::events::{properties, with};
use crate::worlds::execution::Execution;
use crate::worlds::functions::{CLUSTER, FAMILY, World};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// A migration that has begun to work, and waits.
fn waiting() -> Script {
    let migrate = Container::runs_forever()
        .log(SECOND, "connecting with hunter2-hunter2")
        .log(2 * SECOND, "waiting for a lock");
    Script::runs_forever().container("migrate", migrate)
}

/// A run of a Create in a world of its own: a worker took it and launched the task, which lives for so
/// long until somebody stops the execution. Gives the world, the event of the end, and the task.
async fn stopped_after(script: Script, lives: Duration) -> (World, Value, String) {
    let world = World::new();
    world.script(script);
    let overrides = json!({"Overrides": {"ContainerOverrides": [
        {"Name": "migrate", "Environment": [{"Name": "PASSWORD", "Value": "hunter2-hunter2"}]}]}});
    let event = world.event("Create", &with(properties(), &overrides));
    let execution = Execution::of_event(&world, &event).await;
    execution.taken();
    let task = world.launch(FAMILY, &execution.name).await;
    sleep(lives).await;
    let event = execution.ends(aborted());
    (world, event, task)
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_stopped_shows_its_task_with_the_last_lines_and_the_link() {
    let (world, event, task) = stopped_after(waiting(), 60 * SECOND).await;
    world.rescue(&event).await.unwrap();
    let id = task.rsplit('/').next().unwrap();
    assert_eq!(
        world.reason(),
        format!(
            "EcsTask.Interrupted: The execution was stopped before the run was over: wrong release. Worker 'i-0abc' had taken it. \
             Its task was then stopped after a container had started; its work may be half done (task {id} of {FAMILY}:1, cluster {CLUSTER}).\n\
             Last log lines of 'migrate':\n  connecting with ***\n  waiting for a lock\n\
             Task in the console: https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/{CLUSTER}/tasks/{id}?region=us-east-1\n\
             More: ecs-task-runner explain todobackend/MigrateTask"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_is_said_of_the_task_than_ecs_shows() {
    for (script, lives, says) in [
        (
            Script::exits(0).pending(HOUR),
            10 * SECOND,
            &["Its task was then stopped before any of its containers started (task "][..],
        ),
        (
            Script::exits(0).running(5 * SECOND).log(SECOND, "all done"),
            60 * SECOND,
            &[
                "Its task had succeeded all the same: container 'migrate' exited with code 0 (task ",
                "\nECS says: Essential container in task exited\n",
                "\n  all done\n",
            ],
        ),
        (
            Script::exits(3)
                .running(5 * SECOND)
                .log(SECOND, "no such table"),
            60 * SECOND,
            &[
                "Container 'migrate' exited with code 3 (task ",
                "\n  no such table\n",
            ],
        ),
        (
            Script::spot_interruption(10 * SECOND),
            60 * SECOND,
            &[
                "because AWS reclaimed its Spot capacity after a container had started; its work may be half done (task ",
            ],
        ),
        (
            Script::runs_forever().on_sigterm(OnSigterm::Ignored),
            60 * SECOND,
            &[
                "Its task could not be seen to stop; a container of it had started, and its work may be half done (task ",
                "\n1 task of this run was not seen to stop, though ECS was asked to stop it, or could not be asked.",
            ],
        ),
    ] {
        let (world, event, _) = stopped_after(script, lives).await;
        world.rescue(&event).await.unwrap();
        let reason = world.reason();
        assert!(
            reason.starts_with("EcsTask.Interrupted: The execution was stopped"),
            "{reason}"
        );
        for says in says {
            assert!(reason.contains(says), "{says:?} is not in {reason}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_of_which_ecs_shows_no_task_says_so_and_one_that_cannot_be_seen_says_that() {
    for (fault, says) in [
        (None, "ECS showed no task of the run."),
        (
            Some(Fault::AccessDenied),
            "Whether it has run a task could not be seen: ecs:ListTasks on cluster 'todobackend' was denied",
        ),
        (
            Some(Fault::Delay(HOUR)),
            "Whether it has run a task could not be seen: ECS did not answer in time.",
        ),
    ] {
        let world = World::new();
        let execution = Execution::of(&world, "Create").await;
        execution.taken();
        if let Some(fault) = fault {
            world.inject(Service::Ecs, "ListTasks", Span::Forever, fault);
        }
        world.rescue(&execution.ends(aborted())).await.unwrap();
        let reason = world.reason();
        assert!(reason.contains(says), "{reason}");
    }
}

/// Whatever becomes of the look-ups, the answer goes out, and says what it lacks.
#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_delays_the_answer_by_ten_seconds_at_most() {
    for (service, operation) in [
        (Service::Ecs, "DescribeTaskDefinition"),
        (Service::Logs, "GetLogEvents"),
    ] {
        for fault in [
            Fault::AccessDenied,
            Fault::Throttle,
            Fault::Refuse,
            Fault::Delay(HOUR),
        ] {
            let (world, event, task) = stopped_after(waiting(), 60 * SECOND).await;
            world.inject(service, operation, Span::Forever, fault.clone());
            let ended = world.aws.clock().now();
            world.rescue(&event).await.unwrap();
            let answered = world.urls.puts()[0].at.saturating_sub(ended);
            assert!(
                answered <= 14 * SECOND,
                "{operation} {fault:?}: {answered:?}"
            );
            let reason = world.reason();
            assert!(
                reason.contains("its work may be half done")
                    && reason.contains("The log could not be read: ")
                    && reason.contains(task.rsplit('/').next().unwrap()),
                "{operation} {fault:?}: {reason}"
            );
        }
    }
}

/// CloudFormation may be about to give up.
#[tokio::test(start_paused = true)]
async fn long_after_the_deadline_the_look_ups_take_three_seconds_at_most() {
    let world = World::new();
    world.script(waiting());
    let properties = with(properties(), &json!({"Timeout": "60"}));
    let execution = Execution::of_event(&world, &world.event("Create", &properties)).await;
    execution.taken();
    world.launch(FAMILY, &execution.name).await;
    advance(300 * SECOND).await;
    let slow = Fault::Delay(HOUR);
    world.inject(Service::Logs, "GetLogEvents", Span::Forever, slow);
    let event = execution.ends(ExecutionEnd::TimedOut);
    let ended = world.aws.clock().now();
    world.rescue(&event).await.unwrap();
    let answered = world.urls.puts()[0].at.saturating_sub(ended);
    assert!(answered <= 8 * SECOND, "{answered:?}");
    let reason = world.reason();
    assert!(
        reason.starts_with("EcsTask.DeadlineExceeded: ")
            && reason.contains("The log could not be read: there was no time for it."),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn containers_that_are_not_essential_do_not_count() {
    let world = World::new();
    let log = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/migrate",
        "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}});
    world
        .aws
        .ecs()
        .register(&json!({"family": FAMILY, "containerDefinitions": [
        {"name": "proxy", "essential": false, "image": "x", "logConfiguration": log},
        {"name": "migrate", "essential": true, "image": "x", "logConfiguration": log}]}));
    let proxy = Container::exits(9).after(SECOND).log(SECOND / 2, "proxy");
    world.script(
        Script::exits(0)
            .running(20 * SECOND)
            .log(SECOND, "migrated")
            .container("proxy", proxy),
    );
    let execution = Execution::of(&world, "Create").await;
    execution.taken();
    world.launch(FAMILY, &execution.name).await;
    sleep(60 * SECOND).await;
    world.rescue(&execution.ends(aborted())).await.unwrap();
    let reason = world.reason();
    assert!(
        reason.contains("container 'migrate' exited with code 0 (task ")
            && reason.contains("of migrate:2, cluster")
            && reason.contains("Last log lines of 'migrate':\n  migrated\n"),
        "{reason}"
    );
}

/// Nobody reads the Reason.
#[tokio::test(start_paused = true)]
async fn nothing_is_looked_up_for_an_execution_that_cloudformation_has_given_up() {
    for cause in [
        "The CloudFormation stack rolls the update back (x).",
        "The CloudFormation stack takes the update back (x).",
        "The CloudFormation resource is being deleted (x).",
    ] {
        let world = World::new();
        world.script(waiting());
        let execution = Execution::of(&world, "Create").await;
        execution.taken();
        let task = world.launch(FAMILY, &execution.name).await;
        sleep(60 * SECOND).await;
        let event = execution.ends(ExecutionEnd::Aborted {
            error: Some("EcsTask.Interrupted".to_owned()),
            cause: Some(cause.to_owned()),
        });
        world.rescue(&event).await.unwrap();
        assert_eq!(world.told_to_stop(), [task]);
        for operation in ["GetLogEvents", "DescribeTaskDefinition"] {
            assert_eq!(world.aws.calls().count(operation).arrived, 0, "{operation}");
        }
    }
}
