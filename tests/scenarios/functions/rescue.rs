//! `rescue`: executions that ended without an answer.

use std::time::Duration;

use ecs_task_runner::execution::unanswered::NOT_CLAIMED;
use ecs_task_runner::functions::Rescued;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::{OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::response_url::Reaction;
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{Instant, advance, sleep};

use crate::worlds::execution::{Execution, NOW};
use crate::worlds::functions::{FAMILY, World, assert_all_outputs, identity, properties, with};

fn aborted() -> ExecutionEnd {
    ExecutionEnd::Aborted {
        error: None,
        cause: Some("wrong release".to_owned()),
    }
}

fn not_sent() -> ExecutionEnd {
    ExecutionEnd::Failed {
        error: "CustomResource.AnswerNotSent".to_owned(),
        cause: "it could not be reached".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_somebody_stopped_is_answered_with_what_they_said() {
    let world = World::sealing();
    world.script(Script::runs_forever());
    let execution = Execution::of(&world, "Create").await;
    execution
        .entered("RunTask", &json!({}))
        .activity("Scheduled", NOW)
        .activity("Started", NOW);
    let ours = world.launch(FAMILY, &execution.name).await;
    world.launch(FAMILY, "somebody-else").await;
    let event = execution.ends(aborted());
    assert_eq!(world.rescue(&event).await.unwrap(), Rescued::Answered);
    let answer = world.answer();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with("EcsTask.Interrupted: ")
            && reason.contains("wrong release")
            && reason.contains("'i-0abc'"),
        "{reason}"
    );
    assert_eq!(world.told_to_stop(), [ours]);
    assert_eq!(
        answer["PhysicalResourceId"],
        execution.input["request"]["PhysicalResourceId"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_timed_out_is_answered_with_who_had_it() {
    for (started, error, says) in [
        (false, NOT_CLAIMED, "is the fleet running?"),
        (true, "EcsTask.DeadlineExceeded", "'i-0abc'"),
    ] {
        let world = World::new();
        let execution = Execution::of(&world, "Update").await;
        execution
            .entered("RunTask", &json!({}))
            .activity("Scheduled", NOW);
        if started {
            execution.activity("Started", NOW);
        }
        world
            .rescue(&execution.ends(ExecutionEnd::TimedOut))
            .await
            .unwrap();
        let reason = world.answer()["Reason"].as_str().unwrap().to_owned();
        assert!(
            reason.starts_with(error) && reason.contains(says),
            "{reason}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_activity_that_was_deleted_is_answered_as_the_runtime_error_it_is() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution.entered("RunTask", &json!({}));
    let end = ExecutionEnd::Failed {
        error: "States.Runtime".to_owned(),
        cause: "Activity Does Not Exist".to_owned(),
    };
    world.rescue(&execution.ends(end)).await.unwrap();
    let reason = world.answer()["Reason"].as_str().unwrap().to_owned();
    assert!(
        reason.starts_with("States.Runtime: ") && reason.contains("Activity Does Not Exist"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_has_answered_is_left_alone() {
    for state in ["RespondFailure", "RespondSuccess"] {
        let world = World::new();
        let execution = Execution::of(&world, "Create").await;
        execution
            .entered("RunTask", &json!({}))
            .entered(state, &json!({}));
        execution
            .invoked("Scheduled")
            .invoked("Failed")
            .invoked("Scheduled")
            .invoked("Succeeded");
        let end = ExecutionEnd::Failed {
            error: "EcsTask.Failed".to_owned(),
            cause: "It failed.".to_owned(),
        };
        assert_eq!(
            world.rescue(&execution.ends(end)).await.unwrap(),
            Rescued::Nothing
        );
        world.assert_no_answer();
        assert_eq!(world.aws.calls().count("ListTasks").arrived, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_not_delivered_is_delivered_as_it_was() {
    let output = json!({"output": {"TaskArn": "arn:task", "ExitCode": "0"}});
    let error = json!({"error": {"Error": "EcsTask.Failed", "Cause": "Container 'migrate' exited with code 1."}});
    for (state, changes, status) in [
        ("RespondSuccess", &output, "SUCCESS"),
        ("RespondFailure", &error, "FAILED"),
    ] {
        let world = World::sealing();
        let execution = Execution::of(&world, "Create").await;
        execution
            .entered(state, changes)
            .invoked("Scheduled")
            .invoked("Failed");
        execution.happened(json!({"type": "FailStateEntered", "stateEnteredEventDetails": {"name": "AnswerNotSent"}}));
        assert_eq!(
            world.rescue(&execution.ends(not_sent())).await.unwrap(),
            Rescued::Answered
        );
        let answer = world.answer();
        assert_eq!(answer["Status"], status);
        if status == "SUCCESS" {
            assert_eq!(
                (&answer["Data"]["TaskArn"], &answer["Data"]["ExitCode"]),
                (&json!("arn:task"), &json!("0"))
            );
        } else {
            assert_eq!(
                answer["Reason"],
                "EcsTask.Failed: Container 'migrate' exited with code 1."
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_stays_one_when_the_execution_is_stopped_while_it_answers() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution
        .entered(
            "RespondSuccess",
            &json!({"output": {"TaskArn": "arn:task"}}),
        )
        .invoked("Scheduled");
    world.rescue(&execution.ends(aborted())).await.unwrap();
    assert_eq!(world.answer()["Status"], "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn a_delete_succeeds_whatever_happened_and_its_tasks_are_stopped() {
    let world = World::new();
    world.script(Script::runs_forever());
    let created = identity(&world.event("Create", &properties())).name;
    let ours = world.launch(FAMILY, &created).await;
    let execution = Execution::of(&world, "Delete").await;
    execution
        .entered("StopTasks", &json!({}))
        .invoked("Scheduled");
    world.rescue(&execution.ends(aborted())).await.unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "SUCCESS");
    assert_all_outputs(&answer);
    assert_eq!(world.told_to_stop(), [ours]);
}

#[tokio::test(start_paused = true)]
async fn two_rescues_say_the_same() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution
        .entered("RunTask", &json!({}))
        .activity("Scheduled", NOW);
    let event = execution.ends(aborted());
    let (first, second) = tokio::join!(world.rescue(&event), world.rescue(&event));
    assert_eq!(
        (first.unwrap(), second.unwrap()),
        (Rescued::Answered, Rescued::Answered)
    );
    let puts = world.urls.puts();
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[0].body, puts[1].body);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_delivered_is_an_error() {
    let world = World::new();
    world.urls.react_always(Reaction::Status(403));
    let execution = Execution::of(&world, "Create").await;
    assert!(
        world
            .rescue(&execution.ends(aborted()))
            .await
            .unwrap_err()
            .to_string()
            .contains("403")
    );
}

#[tokio::test(start_paused = true)]
async fn step_functions_that_cannot_be_asked_is_an_error_and_ecs_is_not() {
    for operation in ["DescribeExecution", "GetExecutionHistory"] {
        let world = World::new();
        let execution = Execution::of(&world, "Create").await;
        world.inject(Service::Sfn, operation, Span::Forever, Fault::AccessDenied);
        assert!(
            world
                .rescue(&execution.ends(aborted()))
                .await
                .unwrap_err()
                .to_string()
                .contains(operation)
        );
        world.assert_no_answer();
    }
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    world
        .aws
        .faults()
        .inject_all(Service::Ecs, Span::Forever, Fault::AccessDenied);
    assert_eq!(
        world.rescue(&execution.ends(aborted())).await.unwrap(),
        Rescued::Answered
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_that_do_not_stop_in_time_do_not_hold_the_answer_up() {
    let world = World::new();
    world.script(Script::runs_forever().on_sigterm(OnSigterm::Ignored));
    let execution = Execution::of(&world, "Create").await;
    world.launch(FAMILY, &execution.name).await;
    world.inject(Service::Ecs, "StopTask", Span::Forever, Fault::AccessDenied);
    let event = execution.ends(aborted());
    world.rescue(&event).await.unwrap();
    assert!(
        world.answer()["Reason"]
            .as_str()
            .unwrap()
            .contains("1 task(s) of this run")
    );
}

/// It launches until its next heartbeat, and then lets go of what it has launched.
#[tokio::test(start_paused = true)]
async fn what_a_worker_launches_that_has_not_heard_of_the_end_is_stopped_as_well() {
    for (later, is_stopped) in [(10, true), (60, true), (120, false)] {
        let world = World::new();
        world.script(Script::runs_forever());
        let execution = Execution::of(&world, "Create").await;
        execution
            .entered("RunTask", &json!({}))
            .activity("Scheduled", NOW)
            .activity("Started", NOW);
        let event = execution.ends(aborted());
        let launch = async {
            sleep(Duration::from_secs(later)).await;
            assert_eq!(world.urls.puts().len(), 1, "the answer does not wait");
            world.launch(FAMILY, &execution.name).await
        };
        let (rescued, launched) = tokio::join!(world.rescue(&event), launch);
        assert_eq!(rescued.unwrap(), Rescued::Answered);
        assert_eq!(
            world.told_to_stop().contains(&launched),
            is_stopped,
            "launched {later} s later"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_watched_for_when_no_worker_had_the_run() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution
        .entered("RunTask", &json!({}))
        .activity("Scheduled", NOW);
    let event = execution.ends(aborted());
    let began = Instant::now();
    world.rescue(&event).await.unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

/// CloudFormation's patience ends little later.
#[tokio::test(start_paused = true)]
async fn an_execution_that_ends_after_its_deadline_is_answered_without_waiting_for_its_tasks() {
    let world = World::new();
    world.script(Script::runs_forever().on_sigterm(OnSigterm::Ignored));
    let execution = Execution::of_event(
        &world,
        &world.event("Create", &with(properties(), &json!({"Timeout": "60"}))),
    )
    .await;
    execution
        .entered("RunTask", &json!({}))
        .activity("Scheduled", NOW)
        .activity("Started", NOW);
    let ours = world.launch(FAMILY, &execution.name).await;
    advance(Duration::from_secs(300)).await;
    let event = execution.ends(ExecutionEnd::TimedOut);
    let ended = world.aws.clock().now();
    world.rescue(&event).await.unwrap();
    let puts = world.urls.puts();
    assert!(
        puts[0].at < ended + Duration::from_secs(6),
        "ended at {ended:?}, answered at {:?}",
        puts[0].at
    );
    assert_eq!(world.told_to_stop(), [ours]);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_runs_is_not_ended_by_an_event_that_says_so() {
    let world = World::new();
    world.script(Script::runs_forever());
    let execution = Execution::of(&world, "Create").await;
    execution
        .entered("RunTask", &json!({}))
        .activity("Scheduled", NOW)
        .activity("Started", NOW);
    world.launch(FAMILY, &execution.name).await;
    let error = world.rescue(&execution.event("ABORTED")).await.unwrap_err();
    assert!(error.to_string().contains("still runs"), "{error}");
    world.assert_no_answer();
    assert!(world.told_to_stop().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_left_alone() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    let mut event = execution.ends(aborted());
    event["detail"]["stateMachineArn"] =
        "arn:aws:states:us-east-1:123456789012:stateMachine:another".into();
    assert_eq!(world.rescue(&event).await.unwrap(), Rescued::Nothing);
    world.assert_no_answer();
}
