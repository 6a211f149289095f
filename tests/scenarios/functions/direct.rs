//! Direct runs: executions whose input is the properties, for which no stack waits.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::Rescued;
use ecs_task_runner::task::error::ErrorName;
use serde_json::{Value, json};
use stand_ins::ecs::Script;
use stand_ins::log_capture::{capture_log, logged};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{Instant, sleep};

use crate::worlds::events::every_minute;
use crate::worlds::execution::Execution;
use crate::worlds::functions::{CLAIM_TIMEOUT, CLUSTER, FAMILY};
use crate::worlds::task_runner::TaskRunner;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

pub fn properties() -> Value {
    json!({"Cluster": CLUSTER, "TaskDefinition": FAMILY})
}

pub fn failure(end: ExecutionEnd) -> (String, String) {
    match end {
        ExecutionEnd::Failed { error, cause } => (error, cause),
        other => panic!("it was to fail, and ended {other:?}"),
    }
}

/// The event of an execution's end.
pub fn ended(task_runner: &TaskRunner, arn: &str, status: &str) -> Value {
    json!({"detail-type": "Step Functions Execution Status Change",
        "detail": {"executionArn": arn, "stateMachineArn": task_runner.world.state_machine, "status": status}})
}

#[tokio::test(start_paused = true)]
async fn the_output_of_the_execution_is_the_run_s_and_nobody_is_answered() {
    for workers in [Workers::Fleet, Workers::Lambda] {
        let task_runner = TaskRunner::new(workers, 10);
        let _worker = (workers == Workers::Fleet).then(|| task_runner.worker());
        let mut run = task_runner
            .begin_directly("release-42", &properties())
            .await;
        let ExecutionEnd::Succeeded(output) = run.ended().await else {
            panic!("it was to succeed")
        };
        let tasks = task_runner.world.aws.ecs().tasks();
        assert_eq!(tasks.len(), 1);
        assert_eq!(output["TaskArn"], tasks[0].arn);
        assert_eq!(output["ExitCode"], "0");
        assert!(output.get("task").is_none(), "{output}");
        let started_by = tasks[0].started_by.clone().unwrap();
        assert!(started_by.starts_with("release-42/"), "{started_by}");
        task_runner.world.assert_no_answer();
        let explained = task_runner.explained(&run).await;
        for part in [
            "Direct run\nExecution  release-42\n",
            "started as a direct run",
            "exit code 0, ran for",
            "\nSucceeded, ",
            " after its start.\n",
        ] {
            assert!(explained.contains(part), "{part:?} in {explained}");
        }
        assert!(!explained.contains("CloudFormation"), "{explained}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_the_execution_s_and_leaves_nothing_running() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.script(Script::exits(3));
    let _worker = task_runner.worker();
    let mut run = task_runner
        .begin_directly("release-42", &properties())
        .await;
    let (error, cause) = failure(run.ended().await);
    assert_eq!(error, ErrorName::Failed.as_str());
    assert!(cause.contains("exited with code 3"), "{cause}");
    task_runner.world.assert_no_answer();
    let explained = task_runner.explained(&run).await;
    for part in ["no tasks were left running", "\nFailed, ", "What to do: "] {
        assert!(explained.contains(part), "{part:?} in {explained}");
    }
    // The end needs nothing more of `rescue`.
    let event = ended(&task_runner, &run.arn, "FAILED");
    let rescued = task_runner.world.rescue(&event).await.unwrap();
    assert_eq!(rescued, Rescued::Nothing);
}

#[tokio::test(start_paused = true)]
async fn properties_that_cannot_be_run_fail_at_once_with_every_problem() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    for (name, input, problems) in [
        (
            "typos",
            json!({"Cluster": CLUSTER, "TaskDefinitions": FAMILY, "Timeout": "82801"}),
            &["TaskDefinitions", "TaskDefinition is missing", "82800"][..],
        ),
        ("a-list", json!([1]), &["The input is a list"]),
        ("a-text", json!("todobackend"), &["The input is text"]),
    ] {
        let began = Instant::now();
        let mut run = task_runner.begin_directly(name, &input).await;
        let (error, cause) = failure(run.ended().await);
        assert_eq!(error, ErrorName::InvalidRequest.as_str());
        for problem in problems {
            assert!(cause.contains(problem), "{problem:?} in {cause}");
        }
        assert!(cause.ends_with("Nothing was run."), "{cause}");
        assert!(began.elapsed() < 2 * SECOND, "{:?}", began.elapsed());
        let explained = task_runner.explained(&run).await;
        assert!(
            explained.contains("EcsTask.InvalidRequest"),
            "{name}: {explained}"
        );
    }
    assert!(task_runner.world.aws.ecs().tasks().is_empty());
}

/// What Step Functions catches need not have a cause.
#[tokio::test(start_paused = true)]
async fn a_run_that_no_function_can_prepare_fails_with_what_was_caught() {
    let task_runner = TaskRunner::new(Workers::Fleet, 0);
    let mut run = task_runner
        .begin_directly("release-42", &properties())
        .await;
    let (error, cause) = failure(run.ended().await);
    assert_eq!(error, "Lambda.TooManyRequestsException");
    assert_eq!(
        cause,
        r#"The function prepare could not be invoked, and nothing was run: {"Error":"Lambda.TooManyRequestsException"}"#
    );
    assert!(task_runner.world.aws.ecs().tasks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_run_where_count_is_0() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let mut input = properties();
    input["Count"] = json!(0);
    let mut run = task_runner.begin_directly("none", &input).await;
    let ExecutionEnd::Succeeded(output) = run.ended().await else {
        panic!("it was to succeed")
    };
    assert_eq!(output["Skipped"], "Count is 0");
    assert_eq!(output["TaskArn"], "");
    let explained = task_runner.explained(&run).await;
    assert!(explained.contains("since Count is 0"), "{explained}");
}

#[tokio::test(start_paused = true)]
async fn what_an_aborted_run_left_is_stopped_and_no_alarm_is_raised() {
    capture_log();
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.script(Script::runs_forever());
    let _worker = task_runner.worker();
    let mut run = task_runner
        .begin_directly("release-42", &properties())
        .await;
    sleep(2 * MINUTE).await;
    let stopped = ExecutionEnd::Aborted {
        error: None,
        cause: Some("wrong release".to_owned()),
    };
    task_runner.world.aws.sfn().end_execution(&run.arn, stopped);
    run.ended().await;
    let event = ended(&task_runner, &run.arn, "ABORTED");
    let rescued = task_runner.world.rescue(&event).await.unwrap();
    assert_eq!(rescued, Rescued::LeftoversStopped);
    assert_eq!(task_runner.world.told_to_stop().len(), 1);
    task_runner.world.assert_no_answer();
    // Nor do the looks for lost events take it for one.
    sleep(4 * MINUTE).await;
    task_runner.look().await;
    task_runner.world.assert_no_answer();
    let log = logged();
    assert!(log.contains("a direct run ended"), "{log}");
    assert!(!log.contains("Unanswered"), "{log}");
    let explained = task_runner.explained(&run).await;
    assert!(explained.contains("wrong release"), "{explained}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_no_worker_takes_is_given_up() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let mut run = task_runner
        .begin_directly("release-42", &properties())
        .await;
    sleep(CLAIM_TIMEOUT + MINUTE).await;
    task_runner.look().await;
    let ExecutionEnd::Aborted { error, cause } = run.ended().await else {
        panic!("it was to be stopped")
    };
    assert_eq!(error.as_deref(), Some("Worker.NotClaimed"));
    assert!(cause.unwrap().contains("is the fleet running?"));
}

/// The names of requests can be guessed: they are shown in the console.
#[tokio::test(start_paused = true)]
async fn a_direct_run_that_is_called_like_a_request_is_never_taken_for_the_resource_s() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    world.script(Script::runs_forever());
    let _worker = task_runner.worker();
    let deleted = Execution::of(world, "Delete").await;
    let name = deleted.name.replace("-delete-", "-create-");
    let run = task_runner.begin_directly(&name, &properties()).await;
    sleep(2 * MINUTE).await;
    assert_eq!(world.aws.ecs().tasks().len(), 1);
    let stopped = world.stop(&deleted.input).await;
    assert_eq!((stopped.running, stopped.executions), (0, 0), "{stopped:?}");
    assert!(!run.is_over(), "the direct run was stopped");
    assert!(world.told_to_stop().is_empty(), "its task was stopped");
}

/// Step Functions answers a second start of the same name and input with the execution that runs.
#[tokio::test(start_paused = true)]
async fn the_same_name_twice_is_one_run() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let _worker = task_runner.worker();
    let mut run = task_runner
        .begin_directly("release-42", &properties())
        .await;
    let again = aws_sdk_sfn::Client::new(&stand_ins::sdk_config(
        "PIPELINE",
        task_runner.world.aws.http_client(),
    ))
    .start_execution()
    .state_machine_arn(&task_runner.world.state_machine)
    .name("release-42")
    .input(properties().to_string())
    .send()
    .await
    .unwrap();
    assert_eq!(again.execution_arn, run.arn);
    run.ended().await;
    assert_eq!(task_runner.world.aws.ecs().tasks().len(), 1);
}

/// Each execution's input is read once by an instance of the function, and no look reads more than its
/// share.
#[tokio::test(start_paused = true)]
async fn many_executions_that_run_cost_one_description_each() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    for number in 0..350 {
        task_runner
            .begin_directly(
                &format!("long-{number}"),
                &json!({"Cluster": CLUSTER, "TaskDefinition": FAMILY, "Timeout": 82_800}),
            )
            .await;
    }
    let rescuer = world.rescuer();
    let mut described = Vec::new();
    for _ in 0..3 {
        rescuer.rescue(every_minute()).await.unwrap();
        described.push(world.aws.calls().count("DescribeExecution").arrived);
        sleep(10 * SECOND).await;
    }
    assert_eq!(described, [300, 350, 350]);
}
