//! `rescue`: executions that ended without an answer, and those that no worker takes.

use std::time::Duration;

use ecs_task_runner::clock::{Clock, after};
use ecs_task_runner::functions::{NOT_CLAIMED, Rescued};
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::response_url::Reaction;
use stand_ins::sfn::ExecutionEnd;

use super::world::{CLAIM_TIMEOUT, FAMILY, World, assert_all_outputs, identity, properties, with};

/// An execution that a request has started, with the history that a test writes for it.
struct Execution<'w> {
    world: &'w World,
    arn: String,
    name: String,
    input: Value,
}

impl<'w> Execution<'w> {
    async fn of(world: &'w World, request_type: &str) -> Self {
        let event = world.event(request_type, &properties());
        world.start(&event).await.unwrap();
        let name = identity(&event).name;
        let execution = world.aws.sfn().executions().into_iter().find(|execution| execution.name == name).unwrap();
        Self { world, arn: execution.arn, name, input: serde_json::from_str(&execution.input).unwrap() }
    }

    fn happened(&self, event: Value) -> &Self {
        self.world.aws.sfn().history_event(&self.arn, event);
        self
    }

    fn entered(&self, state: &str, changes: &Value) -> &Self {
        let input = with(self.input.clone(), changes).to_string();
        self.happened(json!({"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state, "input": input}}))
    }

    /// An activity's event, so long after now.
    fn activity(&self, kind: &str, later: Duration) -> &Self {
        let at = after(Clock::system().now(), later).as_second();
        let mut event = json!({"type": format!("Activity{kind}"), "timestamp": at});
        if kind == "Scheduled" {
            event["activityScheduledEventDetails"] = json!({"resource": "arn:aws:states:us-east-1:123456789012:activity:ecs-task"});
        }
        if kind == "Started" {
            event["activityStartedEventDetails"] = json!({"workerName": "i-0abc"});
        }
        self.happened(event)
    }

    fn invoked(&self, kind: &str) -> &Self {
        let details = json!({"resourceType": "lambda", "resource": "invoke"});
        let mut event = json!({"type": format!("Task{kind}")});
        event[format!("task{kind}EventDetails")] = match kind {
            "Scheduled" => with(details, &json!({"region": "us-east-1", "parameters": "{}"})),
            _ => details,
        };
        self.happened(event)
    }

    /// Ends the execution and answers the event that EventBridge sends.
    fn ends(&self, end: ExecutionEnd) -> Value {
        let status = match end {
            ExecutionEnd::Succeeded(_) => "SUCCEEDED",
            ExecutionEnd::Failed { .. } => "FAILED",
            ExecutionEnd::TimedOut => "TIMED_OUT",
            ExecutionEnd::Aborted { .. } => "ABORTED",
        };
        self.world.aws.sfn().end_execution(&self.arn, end);
        self.event(status)
    }

    fn event(&self, status: &str) -> Value {
        json!({
            "version": "0",
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "detail": {
                "executionArn": self.arn,
                "stateMachineArn": self.world.state_machine,
                "name": self.name,
                "status": status,
                "input": null,
                "inputDetails": {"included": false}
            }
        })
    }
}

fn aborted() -> ExecutionEnd {
    ExecutionEnd::Aborted { error: None, cause: Some("wrong release".to_owned()) }
}

fn not_sent() -> ExecutionEnd {
    ExecutionEnd::Failed { error: "CustomResource.AnswerNotSent".to_owned(), cause: "it could not be reached".to_owned() }
}

fn schedule() -> Value {
    json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}})
}

const NOW: Duration = Duration::ZERO;
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_execution_that_somebody_stopped_is_answered_with_what_they_said() {
    let world = World::sealing().await;
    world.aws.ecs().script(FAMILY, Script::runs_forever());
    let execution = Execution::of(&world, "Create").await;
    execution.entered("RunTask", &json!({})).activity("Scheduled", NOW).activity("Started", NOW);
    let ours = world.launch(FAMILY, &execution.name).await;
    world.launch(FAMILY, "somebody-else").await;
    let event = execution.ends(aborted());
    assert_eq!(world.rescue(&event).await.unwrap(), Rescued::Answered);
    let answer = world.answer();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.starts_with("EcsTask.Interrupted: ") && reason.contains("wrong release") && reason.contains("'i-0abc'"), "{reason}");
    assert_eq!(world.told_to_stop(), [ours]);
    assert_eq!(answer["PhysicalResourceId"], execution.input["request"]["PhysicalResourceId"]);
}

#[tokio::test]
async fn an_execution_that_timed_out_is_answered_with_who_had_it() {
    for (started, error, says) in [(false, NOT_CLAIMED, "is the fleet running?"), (true, "EcsTask.DeadlineExceeded", "'i-0abc'")] {
        let world = World::new().await;
        let execution = Execution::of(&world, "Update").await;
        execution.entered("RunTask", &json!({})).activity("Scheduled", NOW);
        if started {
            execution.activity("Started", NOW);
        }
        world.rescue(&execution.ends(ExecutionEnd::TimedOut)).await.unwrap();
        let reason = world.answer()["Reason"].as_str().unwrap().to_owned();
        assert!(reason.starts_with(error) && reason.contains(says), "{reason}");
    }
}

#[tokio::test]
async fn an_activity_that_was_deleted_is_answered_as_the_runtime_error_it_is() {
    let world = World::new().await;
    let execution = Execution::of(&world, "Create").await;
    execution.entered("RunTask", &json!({}));
    let end = ExecutionEnd::Failed { error: "States.Runtime".to_owned(), cause: "Activity Does Not Exist".to_owned() };
    world.rescue(&execution.ends(end)).await.unwrap();
    let reason = world.answer()["Reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("States.Runtime: ") && reason.contains("Activity Does Not Exist"), "{reason}");
}

#[tokio::test]
async fn an_execution_that_has_answered_is_left_alone() {
    for state in ["RespondFailure", "RespondSuccess"] {
        let world = World::new().await;
        let execution = Execution::of(&world, "Create").await;
        execution.entered("RunTask", &json!({})).entered(state, &json!({}));
        execution.invoked("Scheduled").invoked("Failed").invoked("Scheduled").invoked("Succeeded");
        let end = ExecutionEnd::Failed { error: "EcsTask.Failed".to_owned(), cause: "It failed.".to_owned() };
        assert_eq!(world.rescue(&execution.ends(end)).await.unwrap(), Rescued::Nothing);
        world.assert_no_answer();
        assert_eq!(world.aws.calls().count("ListTasks").arrived, 0);
    }
}

#[tokio::test]
async fn an_answer_that_was_not_delivered_is_delivered_as_it_was() {
    let output = json!({"output": {"TaskArn": "arn:task", "ExitCode": "0"}});
    let error = json!({"error": {"Error": "EcsTask.Failed", "Cause": "Container 'migrate' exited with code 1."}});
    for (state, changes, status) in [("RespondSuccess", &output, "SUCCESS"), ("RespondFailure", &error, "FAILED")] {
        let world = World::sealing().await;
        let execution = Execution::of(&world, "Create").await;
        execution.entered(state, changes).invoked("Scheduled").invoked("Failed");
        execution.happened(json!({"type": "FailStateEntered", "stateEnteredEventDetails": {"name": "AnswerNotSent"}}));
        assert_eq!(world.rescue(&execution.ends(not_sent())).await.unwrap(), Rescued::Answered);
        let answer = world.answer();
        assert_eq!(answer["Status"], status);
        if status == "SUCCESS" {
            assert_eq!((&answer["Data"]["TaskArn"], &answer["Data"]["ExitCode"]), (&json!("arn:task"), &json!("0")));
        } else {
            assert_eq!(answer["Reason"], "EcsTask.Failed: Container 'migrate' exited with code 1.");
        }
    }
}

#[tokio::test]
async fn a_success_stays_one_when_the_execution_is_stopped_while_it_answers() {
    let world = World::new().await;
    let execution = Execution::of(&world, "Create").await;
    execution.entered("RespondSuccess", &json!({"output": {"TaskArn": "arn:task"}})).invoked("Scheduled");
    world.rescue(&execution.ends(aborted())).await.unwrap();
    assert_eq!(world.answer()["Status"], "SUCCESS");
}

#[tokio::test]
async fn a_delete_succeeds_whatever_happened_and_its_tasks_are_stopped() {
    let world = World::new().await;
    world.aws.ecs().script(FAMILY, Script::runs_forever());
    let created = identity(&world.event("Create", &properties())).name;
    let ours = world.launch(FAMILY, &created).await;
    let execution = Execution::of(&world, "Delete").await;
    execution.entered("StopTasks", &json!({})).invoked("Scheduled");
    world.rescue(&execution.ends(aborted())).await.unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "SUCCESS");
    assert_all_outputs(&answer);
    assert_eq!(world.told_to_stop(), [ours]);
}

#[tokio::test]
async fn two_rescues_say_the_same() {
    let world = World::new().await;
    let execution = Execution::of(&world, "Create").await;
    execution.entered("RunTask", &json!({})).activity("Scheduled", NOW);
    let event = execution.ends(aborted());
    let (first, second) = tokio::join!(world.rescue(&event), world.rescue(&event));
    assert_eq!((first.unwrap(), second.unwrap()), (Rescued::Answered, Rescued::Answered));
    let puts = world.urls.puts();
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[0].body, puts[1].body);
}

#[tokio::test]
async fn an_answer_that_cannot_be_delivered_is_an_error() {
    let world = World::new().await;
    world.urls.react_always(Reaction::Status(403));
    let execution = Execution::of(&world, "Create").await;
    assert!(world.rescue(&execution.ends(aborted())).await.unwrap_err().to_string().contains("403"));
}

#[tokio::test]
async fn step_functions_that_cannot_be_asked_is_an_error_and_ecs_is_not() {
    for operation in ["DescribeExecution", "GetExecutionHistory"] {
        let world = World::new().await;
        let execution = Execution::of(&world, "Create").await;
        world.aws.faults().inject(Service::Sfn, operation, Span::Forever, Fault::AccessDenied);
        assert!(world.rescue(&execution.ends(aborted())).await.unwrap_err().to_string().contains(operation));
        world.assert_no_answer();
    }
    let world = World::new().await;
    let execution = Execution::of(&world, "Create").await;
    world.aws.faults().inject_all(Service::Ecs, Span::Forever, Fault::AccessDenied);
    assert_eq!(world.rescue(&execution.ends(aborted())).await.unwrap(), Rescued::Answered);
}

#[tokio::test]
async fn tasks_that_do_not_stop_in_time_do_not_hold_the_answer_up() {
    let world = World::new().await;
    world.aws.ecs().script(FAMILY, Script::runs_forever().on_sigterm(stand_ins::ecs::OnSigterm::Ignored));
    let execution = Execution::of(&world, "Create").await;
    world.launch(FAMILY, &execution.name).await;
    world.aws.faults().inject(Service::Ecs, "StopTask", Span::Forever, Fault::AccessDenied);
    let event = execution.ends(aborted());
    world.rescue(&event).await.unwrap();
    assert!(world.answer()["Reason"].as_str().unwrap().contains("1 task(s) of this run"));
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone() {
    let world = World::new().await;
    let execution = Execution::of(&world, "Create").await;
    let mut event = execution.ends(aborted());
    event["detail"]["stateMachineArn"] = "arn:aws:states:us-east-1:123456789012:stateMachine:another".into();
    assert_eq!(world.rescue(&event).await.unwrap(), Rescued::Nothing);
    world.assert_no_answer();
}

#[tokio::test]
async fn a_run_that_no_worker_takes_is_given_up_and_answered() {
    let world = World::sealing().await;
    let execution = Execution::of(&world, "Create").await;
    execution.entered("RunTask", &json!({})).activity("Scheduled", NOW);
    assert_eq!(world.rescue_after(CLAIM_TIMEOUT - MINUTE, &schedule()).await.unwrap(), Rescued::Looked { checked: 0, stopped: 0 });
    assert_eq!(world.rescue_after(CLAIM_TIMEOUT + MINUTE, &schedule()).await.unwrap(), Rescued::Looked { checked: 1, stopped: 1 });
    world.assert_no_answer();
    assert_eq!(world.rescue(&execution.event("ABORTED")).await.unwrap(), Rescued::Answered);
    assert_eq!(world.answer()["Reason"], "Worker.NotClaimed: No worker polled the activity for 300 s: is the fleet running?");
    // It runs no more.
    assert_eq!(world.rescue_after(2 * CLAIM_TIMEOUT, &schedule()).await.unwrap(), Rescued::Looked { checked: 0, stopped: 0 });
}

#[tokio::test]
async fn a_run_that_a_worker_has_is_left_to_it() {
    let world = World::new().await;
    let taken = Execution::of(&world, "Create").await;
    taken.entered("RunTask", &json!({})).activity("Scheduled", NOW).activity("Started", MINUTE);
    let deleting = Execution::of(&world, "Delete").await;
    deleting.entered("StopTasks", &json!({})).invoked("Scheduled");
    let emulated = Execution::of(&world, "Update").await;
    let details = json!({"resourceType": "states", "resource": "arn:aws:states:us-east-1:123456789012:activity:ecs-task"});
    let details = with(details, &json!({"region": "us-east-1", "parameters": "{}"}));
    emulated.entered("RunTask", &json!({})).happened(json!({"type": "TaskScheduled", "taskScheduledEventDetails": details}));
    let looked = world.rescue_after(10 * CLAIM_TIMEOUT, &schedule()).await.unwrap();
    assert_eq!(looked, Rescued::Looked { checked: 3, stopped: 0 });
}

#[tokio::test]
async fn each_attempt_has_its_own_time_to_be_taken() {
    let world = World::new().await;
    let execution = Execution::of(&world, "Create").await;
    execution.entered("RunTask", &json!({})).activity("Scheduled", NOW).activity("Started", NOW);
    execution.activity("Failed", 10 * MINUTE).activity("Scheduled", 10 * MINUTE);
    let looked = world.rescue_after(12 * MINUTE, &schedule()).await.unwrap();
    assert_eq!(looked, Rescued::Looked { checked: 1, stopped: 0 });
    let looked = world.rescue_after(16 * MINUTE, &schedule()).await.unwrap();
    assert_eq!(looked, Rescued::Looked { checked: 1, stopped: 1 });
}

#[tokio::test]
async fn one_execution_that_cannot_be_looked_at_does_not_keep_the_others_waiting() {
    let world = World::new().await;
    for _ in 0..3 {
        Execution::of(&world, "Create").await.entered("RunTask", &json!({})).activity("Scheduled", NOW);
    }
    let cut = world.aws.faults().inject(Service::Sfn, "GetExecutionHistory", Span::Next(1), Fault::AccessDenied);
    let looked = world.rescue_after(2 * CLAIM_TIMEOUT, &schedule()).await.unwrap();
    assert_eq!(looked, Rescued::Looked { checked: 2, stopped: 2 });
    cut.lift();
    world.aws.faults().inject(Service::Sfn, "GetExecutionHistory", Span::Forever, Fault::AccessDenied);
    assert!(world.rescue_after(2 * CLAIM_TIMEOUT, &schedule()).await.is_err(), "nothing could be looked at");
}

#[tokio::test]
async fn a_look_is_bounded_and_the_next_ones_reach_the_rest() {
    let world = World::new().await;
    for _ in 0..400 {
        Execution::of(&world, "Create").await.activity("Scheduled", NOW);
    }
    let looked = world.rescue_after(2 * CLAIM_TIMEOUT, &schedule()).await.unwrap();
    assert_eq!(looked, Rescued::Looked { checked: 300, stopped: 300 });
    let looked = world.rescue_after(2 * CLAIM_TIMEOUT + MINUTE, &schedule()).await.unwrap();
    assert_eq!(looked, Rescued::Looked { checked: 100, stopped: 100 });
}
