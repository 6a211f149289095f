//! `rescue` on its schedule: executions whose end EventBridge did not tell.

use std::time::Duration;

use ecs_task_runner::functions::Rescued;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::response_url::Reaction;
use stand_ins::sfn::ExecutionEnd;
use tokio::time::advance;

use crate::worlds::events::every_minute;
use crate::worlds::execution::Execution;
use crate::worlds::functions::{FAMILY, World};

const MINUTE: Duration = Duration::from_secs(60);

fn looked(answered: usize) -> Rescued {
    Rescued::Swept {
        checked: 0,
        overdue: 0,
        stopped: 0,
        answered,
    }
}

async fn stopped_by_hand(world: &World) -> Execution<'_> {
    let execution = Execution::of(world, "Create").await;
    execution.taken();
    execution.ends(ExecutionEnd::Aborted {
        error: None,
        cause: Some("wrong release".to_owned()),
    });
    execution
}

#[tokio::test(start_paused = true)]
async fn an_end_of_which_no_event_came_is_found_and_answered_once() {
    for (end, says) in [
        (
            ExecutionEnd::Aborted {
                error: None,
                cause: Some("wrong release".to_owned()),
            },
            "wrong release",
        ),
        (ExecutionEnd::TimedOut, "EcsTask.DeadlineExceeded"),
        (
            ExecutionEnd::Failed {
                error: "States.Runtime".to_owned(),
                cause: "Activity Does Not Exist".to_owned(),
            },
            "States.Runtime",
        ),
    ] {
        let world = World::new();
        let rescuer = world.rescuer();
        let execution = Execution::of(&world, "Create").await;
        execution.taken();
        execution.ends(end);
        for minute in 1..=8 {
            // A little more: the clocks of the stand-ins and of the functions begin one after the other.
            advance(MINUTE + MINUTE / 60).await;
            let answered = usize::from(minute == 3);
            assert_eq!(
                rescuer.rescue(every_minute()).await.unwrap(),
                looked(answered),
                "in minute {minute}"
            );
        }
        let reason = world.reason();
        assert!(reason.contains(says), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_of_which_an_event_came_is_not_answered_again() {
    let world = World::new();
    let rescuer = world.rescuer();
    let execution = stopped_by_hand(&world).await;
    assert_eq!(
        rescuer.rescue(execution.event("ABORTED")).await.unwrap(),
        Rescued::Answered
    );
    for _ in 0..8 {
        advance(MINUTE).await;
        assert_eq!(rescuer.rescue(every_minute()).await.unwrap(), looked(0));
    }
    world.answer();
}

/// A new instance of the function does not know of the first answer and repeats it, word for word.
/// CloudFormation reads the first.
#[tokio::test(start_paused = true)]
async fn an_answer_of_another_instance_is_repeated_as_it_was() {
    let world = World::new();
    let execution = stopped_by_hand(&world).await;
    world.rescue(&execution.event("ABORTED")).await.unwrap();
    assert_eq!(world.look_after(4 * MINUTE).await.unwrap(), looked(1));
    let puts = world.urls.puts();
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[0].body, puts[1].body);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_answered_is_left_alone() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution
        .entered("RunTask", &json!({}))
        .entered("RespondFailure", &json!({}));
    execution.invoked("Scheduled").invoked("Succeeded");
    execution.happened(json!({"type": "TaskStateExited"}));
    execution.happened(
        json!({"type": "FailStateEntered", "stateEnteredEventDetails": {"name": "Failed"}}),
    );
    execution.ends(ExecutionEnd::Failed {
        error: "EcsTask.Failed".to_owned(),
        cause: "It failed.".to_owned(),
    });
    assert_eq!(world.look_after(4 * MINUTE).await.unwrap(), looked(0));
    world.assert_no_answer();
    assert_eq!(world.aws.calls().count("DescribeExecution").arrived, 0);
}

/// If `rescue` failed for it, Lambda would repeat each invocation of a quarter of an hour twice,
/// and each would end in the dead-letter queue.
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_given_fails_no_invocation_and_the_others_are_given() {
    let world = World::new();
    stopped_by_hand(&world).await;
    stopped_by_hand(&world).await;
    world.inject(
        Service::Sfn,
        "DescribeExecution",
        Span::Next(1),
        Fault::AccessDenied,
    );
    assert_eq!(world.look_after(4 * MINUTE).await.unwrap(), looked(1));
    world.answer();

    let world = World::new();
    stopped_by_hand(&world).await;
    world.urls.react_always(Reaction::Status(403));
    assert_eq!(world.look_after(4 * MINUTE).await.unwrap(), looked(0));
    assert_eq!(world.look_after(16 * MINUTE).await.unwrap(), looked(0));
    assert!(
        world.look_after(17 * MINUTE + MINUTE / 2).await.is_err(),
        "the last look that finds it"
    );
    assert_eq!(world.look_after(19 * MINUTE).await.unwrap(), looked(0));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_can_read_no_execution_is_an_error() {
    let world = World::new();
    stopped_by_hand(&world).await;
    world.inject(
        Service::Sfn,
        "GetExecutionHistory",
        Span::Forever,
        Fault::AccessDenied,
    );
    let error = world.look_after(4 * MINUTE).await.unwrap_err();
    assert!(
        error.to_string().contains("states:GetExecutionHistory"),
        "{error}"
    );
}

/// The executions of earlier days are not paged through every minute. The longest run takes one.
#[tokio::test(start_paused = true)]
async fn executions_that_ended_long_ago_are_not_asked_for() {
    let world = World::new();
    for _ in 0..1_200 {
        stopped_by_hand(&world).await;
    }
    advance(25 * 60 * MINUTE).await;
    let recent = stopped_by_hand(&world).await;
    let before = world.aws.calls().count("ListExecutions").arrived;
    advance(4 * MINUTE).await;
    let rescuer = world.rescuer();
    assert_eq!(rescuer.rescue(every_minute()).await.unwrap(), looked(1));
    assert_eq!(
        world.aws.calls().count("ListExecutions").arrived - before,
        4,
        "one page of each status"
    );
    assert!(String::from_utf8_lossy(&world.urls.puts()[0].body).contains("wrong release"));
    drop(recent);
}

/// When `rescue` comes late, or again, the resource may have been created anew.
#[tokio::test(start_paused = true)]
async fn a_delete_that_is_rescued_late_leaves_the_tasks_of_a_later_run_alone() {
    let world = World::new();
    world.script(Script::runs_forever());
    let earlier = Execution::of(&world, "Create").await;
    let before = world.launch(FAMILY, &earlier.name).await;
    let deleted = Execution::of(&world, "Delete").await;
    deleted
        .entered("StopTasks", &json!({}))
        .invoked("Scheduled");
    deleted.ends(ExecutionEnd::Aborted {
        error: None,
        cause: None,
    });
    advance(2 * MINUTE).await;
    let again = Execution::of(&world, "Create").await;
    world.launch(FAMILY, &again.name).await;
    let rescuer = world.rescuer();
    advance(2 * MINUTE).await;
    assert!(matches!(
        rescuer.rescue(every_minute()).await.unwrap(),
        Rescued::Swept { answered: 1, .. }
    ));
    assert_eq!(world.told_to_stop(), [before]);
}

#[tokio::test(start_paused = true)]
async fn executions_beyond_what_one_invocation_can_read_are_answered_by_the_next_ones() {
    let world = World::new();
    for _ in 0..350 {
        stopped_by_hand(&world).await;
    }
    let rescuer = world.rescuer();
    advance(4 * MINUTE).await;
    assert_eq!(rescuer.rescue(every_minute()).await.unwrap(), looked(300));
    advance(MINUTE).await;
    assert_eq!(rescuer.rescue(every_minute()).await.unwrap(), looked(50));
    assert_eq!(world.urls.puts().len(), 350);
}
