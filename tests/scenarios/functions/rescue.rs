//! `rescue`: executions that ended without an answer.

use ecs_task_runner::execution::error::NOT_CLAIMED;
use ecs_task_runner::functions::Rescued;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::response_url::Reaction;
use stand_ins::sfn::ExecutionEnd;

use crate::worlds::execution::{Execution, NOW};
use crate::worlds::functions::{FAMILY, World};

pub(super) fn aborted() -> ExecutionEnd {
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
    execution.taken();
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
        execution.scheduled();
        if started {
            execution.activity("Started", NOW);
        }
        world
            .rescue(&execution.ends(ExecutionEnd::TimedOut))
            .await
            .unwrap();
        let reason = world.reason();
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
    let reason = world.reason();
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
async fn an_answer_that_was_begun_is_delivered_whatever_its_members_are() {
    for changes in [
        json!({"error": {"Error": "EcsTask.Failed", "Cause": null}}),
        json!({"error": 1, "output": "x", "leftovers": "y", "task": null}),
    ] {
        let world = World::sealing();
        let execution = Execution::of(&world, "Create").await;
        execution.entered("RespondFailure", &changes);
        let rescued = world.rescue(&execution.ends(not_sent())).await.unwrap();
        assert_eq!(rescued, Rescued::Answered);
        assert_eq!(world.answer()["Status"], "FAILED", "{changes}");
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
                "EcsTask.Failed: Container 'migrate' exited with code 1.\nMore: ecs-task-runner explain todobackend/MigrateTask"
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
async fn two_rescues_say_the_same() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution.scheduled();
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
async fn an_execution_that_runs_is_not_ended_by_an_event_that_says_so() {
    let world = World::new();
    world.script(Script::runs_forever());
    let execution = Execution::of(&world, "Create").await;
    execution.taken();
    world.launch(FAMILY, &execution.name).await;
    let error = world.rescue(&execution.event("ABORTED")).await.unwrap_err();
    assert!(error.to_string().contains("still runs"), "{error}");
    world.assert_no_answer();
    assert!(world.told_to_stop().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_execution_of_another_state_machine_is_left_alone() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    let mut event = execution.ends(aborted());
    event["detail"]["stateMachineArn"] =
        "arn:aws:states:us-east-1:123456789012:stateMachine:another".into();
    assert_eq!(world.rescue(&event).await.unwrap(), Rescued::Nothing);
    world.assert_no_answer();
}
