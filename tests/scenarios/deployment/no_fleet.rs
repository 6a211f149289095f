//! Task runners without a fleet, and those that change from one kind of workers to the other: the
//! real definition and the real functions, on the stand-ins.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::Rescued;
use ecs_task_runner::times::ANSWER_MARGIN;
use jiff::Timestamp;
use serde_json::Value;
use stand_ins::ecs::Script;
use stand_ins::sfn::ExecutionEnd;
use tokio::time::sleep;

use crate::worlds::task_runner::{Run, TaskRunner};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn account(workers: Workers, concurrency: usize, runs_for: Duration) -> TaskRunner {
    let account = TaskRunner::new(workers, concurrency);
    account.world.script(Script::exits(0).running(runs_for));
    account
}

fn launched(account: &TaskRunner) -> usize {
    account.world.aws.ecs().tasks().len()
}

/// The run's execution has succeeded, and CloudFormation was answered SUCCESS, once.
async fn succeeded(account: &TaskRunner, run: &mut Run) {
    let end = run.ended().await;
    let explained = account.explained(run).await;
    assert!(matches!(end, ExecutionEnd::Succeeded(_)), "{explained}");
    assert_eq!(
        account.answers(run),
        [Value::from("SUCCESS")],
        "{explained}"
    );
}

/// How often each type of event stands in a run's history.
fn count(account: &TaskRunner, run: &Run, event_type: &str) -> usize {
    let history = account.world.aws.sfn().history(&run.arn);
    let of_type = history.iter().filter(|event| event["type"] == event_type);
    of_type.count()
}

#[tokio::test(start_paused = true)]
async fn without_a_fleet_a_run_is_given_to_a_function_and_answered() {
    let account = account(Workers::Lambda, 10, MINUTE);
    let mut run = account.begin().await;
    assert_eq!(account.world.execution_input()["workers"], "Lambda");
    succeeded(&account, &mut run).await;
    assert_eq!(launched(&account), 1);
    let history = account.world.aws.sfn().history(&run.arn);
    let types: Vec<_> = history
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .skip_while(|event_type| *event_type != "TaskScheduled")
        .take(4)
        .collect();
    assert_eq!(
        types,
        [
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded"
        ]
    );
    let explained = account.explained(&run).await;
    for told in [
        "given to a function",
        "function reported success",
        "replied SUCCESS to CloudFormation",
    ] {
        assert!(explained.contains(told), "{told} in: {explained}");
    }
    // The token stands in the history and nowhere else.
    let token = history
        .iter()
        .find_map(|event| event["taskScheduledEventDetails"]["parameters"].as_str())
        .and_then(|parameters| serde_json::from_str::<Value>(parameters).ok())
        .unwrap()["Payload"]["taskToken"]
        .take();
    assert!(!explained.contains(token.as_str().unwrap()), "{explained}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_of_a_function_is_answered_with_its_reason() {
    let account = TaskRunner::new(Workers::Lambda, 10);
    account.world.script(Script::exits(3));
    let mut run = account.begin().await;
    let end = run.ended().await;
    assert!(
        matches!(end, ExecutionEnd::Failed { ref error, .. } if error == "EcsTask.Failed"),
        "{end:?}"
    );
    assert_eq!(account.answers(&run), ["FAILED"]);
    let explained = account.explained(&run).await;
    assert!(
        explained.contains("function reported EcsTask.Failed"),
        "{explained}"
    );
}

/// A fleet goes on with the runs that it has, through the change of one of its workers; so does the
/// function on the way back. In between both work, each on its own.
#[tokio::test(start_paused = true)]
async fn a_change_of_workers_with_runs_in_flight_loses_none() {
    let fleet = account(Workers::Fleet, 10, 5 * MINUTE);
    let worker = fleet.worker();
    let mut before = fleet.begin().await;
    let waiting_worker = fleet.worker();
    sleep(MINUTE).await;

    let lambda = fleet.switched_to(Workers::Lambda);
    let mut after = lambda.begin().await;
    sleep(MINUTE).await;
    worker.request_shutdown();
    assert!(!before.is_over() && !after.is_over());
    for run in [&mut before, &mut after] {
        succeeded(&lambda, run).await;
    }
    assert_eq!(count(&lambda, &before, "ActivityFailed"), 1, "handed over");
    assert_eq!(count(&lambda, &after, "ActivityScheduled"), 0);
    // The fleet has no run any more, and is deleted.
    waiting_worker.request_shutdown();
    worker.ended().await;
    waiting_worker.ended().await;

    let mut last = lambda.begin().await;
    sleep(SECOND).await;
    let fleet = lambda.switched_to(Workers::Fleet);
    let _worker = fleet.worker();
    let mut next = fleet.begin().await;
    for run in [&mut last, &mut next] {
        succeeded(&fleet, run).await;
    }
    assert_eq!(count(&fleet, &last, "ActivityScheduled"), 0);
    assert_eq!(count(&fleet, &next, "ActivityStarted"), 1);
    assert_eq!(launched(&fleet), 4, "one task for each of four runs");
}

/// The first run's answer is due while the second one has all that the account has.
#[tokio::test(start_paused = true)]
async fn an_answer_that_finds_no_free_function_is_sent_again_and_arrives() {
    let account = account(Workers::Lambda, 1, 15 * SECOND);
    let mut first = account.begin().await;
    sleep(5 * SECOND).await;
    let mut second = account.begin().await;
    succeeded(&account, &mut first).await;
    assert!(
        count(&account, &first, "TaskFailed") > 0,
        "no answer was throttled"
    );
    succeeded(&account, &mut second).await;
    assert_eq!(launched(&account), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_finds_no_free_function_waits_is_told_as_waiting_and_ends_right() {
    let account = account(Workers::Lambda, 1, 4 * MINUTE);
    let mut first = account.begin().await;
    sleep(5 * SECOND).await;
    let mut second = account.begin().await;
    sleep(40 * SECOND).await;
    let explained = account.explained(&second).await;
    assert!(
        explained.contains("The run was given to the function work 40 s ago, and this history does not tell whether it works on the run or the run waits for a free function"),
        "{explained}"
    );
    sleep(MINUTE).await;
    let waited = "waited for a free function, or its function ended in its first seconds, 1 min 0 s after it was given";
    let explained = account.explained(&second).await;
    assert!(explained.contains(waited), "{explained}");
    // Nothing claims such a run, and so it is not given up for want of a worker.
    sleep(MINUTE).await;
    assert_eq!(
        account.look().await,
        Rescued::Swept {
            checked: 2,
            overdue: 0,
            stopped: 0,
            answered: 0
        }
    );
    for run in [&mut first, &mut second] {
        succeeded(&account, run).await;
    }
    assert_eq!(launched(&account), 2, "events that came late have launched");
    assert!(account.lambda.throttles() > 0 && account.lambda.dropped() > 0);
    assert_eq!(count(&account, &first, "TaskTimedOut"), 0);
    assert!(count(&account, &second, "TaskTimedOut") >= 3);
}

/// Only an invocation keeps the deadline of a run, and here each one dies.
#[tokio::test(start_paused = true)]
async fn a_run_whose_functions_all_die_is_ended_soon_after_its_deadline() {
    let account = TaskRunner::new(Workers::Lambda, 10);
    account.world.script(Script::runs_forever());
    for _ in 0..100 {
        account.next_work_dies_after(2 * SECOND);
    }
    let mut run = account.begin().await;
    let input = account.world.execution_input();
    let deadline: Timestamp = input["task"]["deadline"].as_str().unwrap().parse().unwrap();
    let end = run.ended().await;
    assert!(
        matches!(end, ExecutionEnd::Failed { ref error, .. } if error == "EcsTask.DeadlineExceeded"),
        "{end:?}"
    );
    let late = account.world.clock.now().duration_since(deadline);
    assert!(
        !late.is_negative() && late.unsigned_abs() < ANSWER_MARGIN,
        "{late} after the deadline"
    );
    assert_eq!(account.answers(&run), ["FAILED"]);
    let tasks = account.world.aws.ecs().tasks();
    assert!(tasks.len() == 1 && tasks[0].stop_requested.is_some());
}

/// Out of memory, a crash and the function's own timeout look alike from outside: nothing is heard
/// of it any more.
#[tokio::test(start_paused = true)]
async fn an_invocation_that_dies_is_followed_by_one_that_adopts_its_task() {
    let account = account(Workers::Lambda, 10, 6 * MINUTE);
    account.next_work_dies_after(2 * SECOND);
    account.next_work_dies_after(2 * MINUTE);
    let mut run = account.begin().await;
    succeeded(&account, &mut run).await;
    assert_eq!(launched(&account), 1);
    assert_eq!(count(&account, &run, "TaskTimedOut"), 2);
    let explained = account.explained(&run).await;
    for told in [
        "waited for a free function, or its function ended in its first seconds",
        "given to another function, attempt 2",
        "taken from its function, which sent no heartbeat any more",
        "given to another function, attempt 3",
    ] {
        assert!(explained.contains(told), "{told} in: {explained}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_longer_than_an_invocation_goes_from_one_to_the_next() {
    let account = account(Workers::Lambda, 10, 40 * MINUTE);
    let mut run = account.begin().await;
    succeeded(&account, &mut run).await;
    assert_eq!(launched(&account), 1);
    let explained = account.explained(&run).await;
    assert_eq!(
        explained
            .matches(
                "handed over by its function, whose time was up, 14 min 0 s after it was given"
            )
            .count(),
        2,
        "{explained}"
    );
}
