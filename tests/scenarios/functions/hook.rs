//! `hook`: a deployment of a service waits for a task, and goes on or is rolled back by its end.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use serde_json::{Value, json};
use stand_ins::ecs::{Deployment, PayloadForm, Script};
use stand_ins::log_capture::{capture_log, logged};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::sleep;

use crate::worlds::deployments::{HookRuns, PRE_SCALE_UP, SERVICE, command, hook_event};
use crate::worlds::functions::FAMILY;
use crate::worlds::task_runner::TaskRunner;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn replies(deployment: &Deployment) -> Vec<Value> {
    let calls = deployment.calls().into_iter();
    calls.map(|call| call.reply.unwrap().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_deployment_goes_on_once_the_task_has_succeeded_where_the_service_s_tasks_run() {
    for workers in [Workers::Fleet, Workers::Lambda] {
        let task_runner = TaskRunner::new(workers, 10);
        let _worker = (workers == Workers::Fleet).then(|| task_runner.worker());
        let runs = HookRuns::default();
        let deployment =
            task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command()));
        assert_eq!(deployment.end().await, "SUCCESSFUL");
        let tasks = task_runner.world.aws.ecs().tasks();
        assert_eq!(tasks.len(), 1);
        let name = tasks[0].started_by.clone().unwrap();
        assert!(
            name.starts_with("todobackend-") && name.contains("-hook-"),
            "{name}"
        );
        let calls = task_runner.world.aws.calls().of("RunTask");
        let launch = &calls[0].body;
        assert_eq!(
            launch["networkConfiguration"]["awsvpcConfiguration"]["subnets"],
            json!(["subnet-1"])
        );
        assert_eq!(
            (&launch["launchType"], &launch["platformVersion"]),
            (&json!("FARGATE"), &json!("1.4.0"))
        );
        assert!(
            launch["taskDefinition"]
                .as_str()
                .unwrap()
                .ends_with(&format!("/{FAMILY}:1"))
        );
        let ExecutionEnd::Succeeded(output) = runs.only().ended().await else {
            panic!("it was to succeed")
        };
        assert_eq!(output["ExitCode"], "0");
        task_runner.world.assert_no_answer();
        for reply in replies(&deployment) {
            assert!(reply.to_string().len() < 1_024, "{reply}");
            if reply["hookStatus"] == "IN_PROGRESS" {
                let details = reply["hookDetails"].as_object().unwrap();
                assert!(details.values().all(Value::is_string), "{reply}");
                let delay = reply["callBackDelay"].as_u64().unwrap();
                assert!((5..=30).contains(&delay), "{reply}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_rolls_the_deployment_back_and_the_log_says_why_in_one_line() {
    capture_log();
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.script(Script::exits(3));
    let _worker = task_runner.worker();
    let runs = HookRuns::default();
    let mut details = command();
    details["Overrides"]["ContainerOverrides"][0]["Environment"] =
        json!([{"Name": "PASSWORD", "Value": "hunter2hunter2"}]);
    let deployment = task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, details));
    assert_eq!(deployment.end().await, "ROLLBACK_SUCCESSFUL");
    let arn = runs.only().arn;
    let log = logged();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["incident"] == "HookFailed")
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert_eq!(lines[0]["level"], "ERROR");
    let message = lines[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with(&format!("{SERVICE}: EcsTask.Failed: ")),
        "{message}"
    );
    assert!(message.contains("exited with code 3"), "{message}");
    assert!(
        message.ends_with(&format!("\nMore: ecs-task-runner explain {arn}")),
        "{message}"
    );
    assert!(!log.contains("hunter2hunter2"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn one_run_however_often_and_in_whatever_form_ecs_asks() {
    for form in [PayloadForm::Nested, PayloadForm::Flat, PayloadForm::Bare] {
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        task_runner
            .world
            .script(Script::exits(0).running(5 * MINUTE));
        let _worker = task_runner.worker();
        let runs = HookRuns::default();
        let hook = task_runner
            .lifecycle_hook(&runs, PRE_SCALE_UP, command())
            .payload(form)
            .renamed_at_each_call();
        let deployment = task_runner.deploy(hook);
        assert_eq!(deployment.end().await, "SUCCESSFUL", "{form:?}");
        assert!(deployment.calls().len() > 10, "{form:?}");
        assert_eq!(
            task_runner.world.aws.sfn().executions().len(),
            1,
            "{form:?}"
        );
        assert_eq!(task_runner.world.aws.ecs().tasks().len(), 1, "{form:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_calls_at_once_and_one_whose_reply_was_lost_find_the_same_run() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    let event = hook_event(&world.revision(), &command());
    let (one, other) = tokio::join!(world.call_hook(&event), world.call_hook(&event));
    sleep(10 * SECOND).await;
    let again = world.call_hook(&event).await;
    for reply in [&one, &other, &again] {
        assert_eq!(reply["hookStatus"], "IN_PROGRESS");
        assert_eq!(
            reply["hookDetails"]["ExecutionArn"],
            one["hookDetails"]["ExecutionArn"]
        );
    }
    assert_eq!(world.aws.sfn().executions().len(), 1);
}

/// ECS calls the hooks of these two stages once more when it rolls back.
#[tokio::test(start_paused = true)]
async fn nothing_is_run_and_nothing_fails_on_the_way_back() {
    for form in [PayloadForm::Nested, PayloadForm::Bare] {
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        task_runner.world.script(Script::exits(1));
        let _worker = task_runner.worker();
        let runs = HookRuns::default();
        let stages = ["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"];
        let hook = task_runner
            .lifecycle_hook(&runs, &stages, command())
            .payload(form);
        let deployment = task_runner.deploy(hook);
        assert_eq!(deployment.end().await, "ROLLBACK_SUCCESSFUL");
        assert_eq!(task_runner.world.aws.sfn().executions().len(), 1);
        assert_eq!(task_runner.world.aws.ecs().tasks().len(), 1);
        assert_eq!(
            replies(&deployment).last().unwrap()["hookStatus"],
            "SUCCEEDED"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_is_given_up_before_its_first_call_runs_nothing() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    let runs = HookRuns::default();
    let deployment = task_runner.deploy(task_runner.lifecycle_hook(&runs, &[], json!({})));
    assert_eq!(deployment.end().await, "SUCCESSFUL");
    let failing = task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, json!(7)));
    assert_eq!(failing.end().await, "ROLLBACK_SUCCESSFUL");
    let mut event = hook_event(&world.revision(), &command());
    event["resourceArn"] = json!(failing.arn());
    assert_eq!(world.call_hook(&event).await["hookStatus"], "SUCCEEDED");
    assert!(world.aws.sfn().executions().is_empty());
    event["resourceArn"] = json!(deployment.arn());
    assert_eq!(world.call_hook(&event).await["hookStatus"], "IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn details_may_be_text_and_an_execution_that_is_named_in_them_is_believed_only_if_it_is_the_hook_s()
 {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    let others = task_runner
        .begin_directly("others", &json!({"Cluster": "c", "TaskDefinition": "t"}))
        .await;
    let mut details = command();
    details["ExecutionArn"] = json!(others.arn);
    let event = hook_event(&world.revision(), &json!(details.to_string()));
    let reply = world.call_hook(&event).await;
    let arn = reply["hookDetails"]["ExecutionArn"].as_str().unwrap();
    assert!(arn.contains(":todobackend-"), "{arn}");
    assert_eq!(world.aws.sfn().executions().len(), 2);
    // Once it is passed on, nothing else of the details counts any more.
    let next = hook_event(&world.revision(), &reply["hookDetails"]);
    let next = world.call_hook(&next).await;
    assert_eq!(next["hookDetails"]["ExecutionArn"], arn);
    assert_eq!(world.aws.sfn().executions().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_may_come_again_is_warned_of() {
    for (stage, warns) in [("PRE_SCALE_UP", false), ("PRODUCTION_TRAFFIC_SHIFT", true)] {
        capture_log();
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        let world = &task_runner.world;
        let mut event = hook_event(&world.revision(), &command());
        event["lifecycleStage"] = json!(stage);
        assert_eq!(world.call_hook(&event).await["hookStatus"], "IN_PROGRESS");
        let log = logged();
        assert_eq!(
            log.contains("PRE_SCALE_UP is the stage for migrations"),
            warns,
            "{stage}: {log}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_run_where_count_is_0_and_the_deployment_goes_on() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let runs = HookRuns::default();
    let deployment =
        task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, json!({"Count": 0})));
    assert_eq!(deployment.end().await, "SUCCESSFUL");
    assert!(task_runner.world.aws.sfn().executions().is_empty());
}
