//! Runs of up to 23 hours. ECS keeps a client token for 24 hours, and shows a stopped task for one.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::Rescued;
use ecs_task_runner::task::error::ErrorName;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::{OnSigterm, Placement, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::direct::properties;
use crate::worlds::functions::FAMILY;
use crate::worlds::task_runner::{Run, TaskRunner};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// The longest that a run may take.
const LONGEST: u64 = 82_800;
/// The most events of a history (`service-quotas`).
const MOST_EVENTS: usize = 25_000;

async fn begin(task_runner: &TaskRunner) -> Run {
    let mut input = properties();
    input["Timeout"] = json!(LONGEST);
    task_runner.begin_directly("backfill", &input).await
}

async fn ended(run: &mut Run) -> ExecutionEnd {
    timeout(25 * HOUR, run.playing()).await.unwrap().unwrap()
}

fn assert_one_task(task_runner: &TaskRunner, run: &Run) {
    let aws = &task_runner.world.aws;
    assert_eq!(aws.ecs().tasks().len(), 1, "another task was launched");
    let events = aws.sfn().history(&run.arn).len();
    assert!(events < MOST_EVENTS / 10, "{events} events");
}

#[tokio::test(start_paused = true)]
async fn a_worker_an_hour_for_23_hours_works_on_one_task() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let nearly = Duration::from_secs(LONGEST).saturating_sub(10 * MINUTE);
    task_runner.world.script(Script::exits(0).running(nearly));
    let mut worker = task_runner.worker();
    let mut run = begin(&task_runner).await;
    let began = Instant::now();
    for hour in 1..=22 {
        sleep_until(began + hour * HOUR).await;
        // The next one polls before the first has let go.
        let next = task_runner.worker();
        worker.request_shutdown();
        worker.ended().await;
        worker = next;
    }
    let ExecutionEnd::Succeeded(output) = ended(&mut run).await else {
        panic!("it was to succeed")
    };
    assert_eq!(output["ExitCode"], "0");
    assert_one_task(&task_runner, &run);
}

#[tokio::test(start_paused = true)]
async fn the_function_hands_over_every_14_minutes_for_23_hours() {
    let task_runner = TaskRunner::new(Workers::Lambda, 10);
    let nearly = Duration::from_secs(LONGEST).saturating_sub(10 * MINUTE);
    task_runner.world.script(Script::exits(0).running(nearly));
    let mut run = begin(&task_runner).await;
    assert!(matches!(ended(&mut run).await, ExecutionEnd::Succeeded(_)));
    assert_one_task(&task_runner, &run);
}

#[tokio::test(start_paused = true)]
async fn a_run_beyond_an_hour_is_stopped_at_its_deadline() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner
        .world
        .script(Script::runs_forever().on_sigterm(OnSigterm::Ignored));
    let _worker = task_runner.worker();
    let mut input = properties();
    input["Timeout"] = json!(3 * 3_600);
    let began = Instant::now();
    let mut run = task_runner.begin_directly("backfill", &input).await;
    let ExecutionEnd::Failed { error, .. } = ended(&mut run).await else {
        panic!("it was to fail")
    };
    assert_eq!(error, ErrorName::DeadlineExceeded.as_str());
    let late = began.elapsed().saturating_sub(3 * HOUR);
    assert!(late < 80 * MINUTE / 60, "{late:?} after the deadline");
    assert_one_task(&task_runner, &run);
}

/// The task ended while no worker was there. ECS shows it, and knows its client token, for an hour.
#[tokio::test(start_paused = true)]
async fn a_task_that_ended_while_nobody_watched_is_judged_within_the_hour() {
    for (away, shown) in [(50 * MINUTE, true), (90 * MINUTE, false)] {
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        task_runner.world.script(Script::exits(0).running(HOUR));
        let worker = task_runner.worker();
        let mut run = begin(&task_runner).await;
        sleep(59 * MINUTE).await;
        worker.request_shutdown();
        worker.ended().await;
        sleep(away).await;
        let _worker = task_runner.worker();
        let end = ended(&mut run).await;
        if shown {
            assert!(matches!(end, ExecutionEnd::Succeeded(_)), "{end:?}");
        } else {
            assert_may_have_run(&end, "found 0 of its 1 tasks");
        }
        assert_one_task(&task_runner, &run);
    }
}

fn assert_may_have_run(end: &ExecutionEnd, found: &str) {
    let ExecutionEnd::Failed { error, cause } = end else {
        panic!("it was to fail, and ended {end:?}")
    };
    assert_eq!(error, ErrorName::Failed.as_str());
    assert!(cause.contains(found), "{cause}");
    assert!(cause.contains("launches nothing"), "{cause}");
}

/// The token of the first launch is forgotten: a launch under it would be a second task.
#[tokio::test(start_paused = true)]
async fn a_task_in_the_place_of_one_that_did_not_start_is_adopted_hours_later() {
    for workers in [Workers::Fleet, Workers::Lambda] {
        let task_runner = TaskRunner::new(workers, 10);
        let pull = "CannotPullContainerError: i/o timeout";
        task_runner.world.aws.ecs().scripts(
            FAMILY,
            [
                Script::fails_to_start(pull),
                Script::exits(0).running(5 * HOUR),
            ],
        );
        let worker = (workers == Workers::Fleet).then(|| task_runner.worker());
        let mut run = begin(&task_runner).await;
        sleep(3 * HOUR).await;
        let next = (workers == Workers::Fleet).then(|| task_runner.worker());
        if let Some(worker) = worker {
            worker.request_shutdown();
            worker.ended().await;
        }
        let end = ended(&mut run).await;
        assert!(matches!(end, ExecutionEnd::Succeeded(_)), "{end:?}");
        assert_eq!(task_runner.world.aws.ecs().tasks().len(), 2, "{workers:?}");
        drop(next);
    }
}

/// One of two tasks has ended more than an hour ago. Nobody knows any more how.
#[tokio::test(start_paused = true)]
async fn a_run_of_which_a_task_is_forgotten_fails_and_stops_the_others() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.aws.ecs().scripts(
        FAMILY,
        [
            Script::exits(0).running(MINUTE),
            Script::exits(0).running(5 * HOUR),
        ],
    );
    let worker = task_runner.worker();
    let mut input = properties();
    input["Timeout"] = json!(LONGEST);
    input["Count"] = json!(2);
    let mut run = task_runner.begin_directly("backfill", &input).await;
    sleep(3 * HOUR).await;
    let _next = task_runner.worker();
    worker.request_shutdown();
    worker.ended().await;
    assert_may_have_run(&ended(&mut run).await, "found 1 of its 2 tasks");
    let tasks = task_runner.world.aws.ecs().tasks();
    assert_eq!(tasks.len(), 2, "another task was launched");
    assert!(tasks.iter().all(|task| task.stopped_at.is_some()));
}

/// Nothing is known of a task as long as ECS does not list it, so that the worker waits for the list.
#[tokio::test(start_paused = true)]
async fn a_worker_that_is_given_no_list_for_minutes_adopts_the_task_all_the_same() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.script(Script::exits(0).running(5 * HOUR));
    let worker = task_runner.worker();
    let mut run = begin(&task_runner).await;
    sleep(3 * HOUR).await;
    let throttled = Span::For(5 * MINUTE);
    task_runner
        .world
        .inject(Service::Ecs, "ListTasks", throttled, Fault::Throttle);
    let _next = task_runner.worker();
    worker.request_shutdown();
    worker.ended().await;
    let end = ended(&mut run).await;
    assert!(matches!(end, ExecutionEnd::Succeeded(_)), "{end:?}");
    assert_one_task(&task_runner, &run);
}

/// The worker waits for capacity, and no other one has had the run.
#[tokio::test(start_paused = true)]
async fn a_worker_that_waits_for_capacity_launches_hours_later() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let _worker = task_runner.worker();
    let refused = std::iter::repeat_with(|| Placement::fails("RESOURCE:MEMORY"));
    task_runner
        .world
        .aws
        .ecs()
        .placements(FAMILY, refused.take(400));
    let mut run = begin(&task_runner).await;
    let began = Instant::now();
    let end = ended(&mut run).await;
    assert!(matches!(end, ExecutionEnd::Succeeded(_)), "{end:?}");
    assert!(began.elapsed() > 2 * HOUR, "{:?}", began.elapsed());
    assert_one_task(&task_runner, &run);
}

/// The outcome is lost for ever, and the worker keeps its token alive.
#[tokio::test(start_paused = true)]
async fn a_long_run_whose_outcome_is_lost_ends_when_its_time_is_over() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.script(Script::exits(0).running(HOUR));
    let _worker = task_runner.worker();
    for call in ["SendTaskSuccess", "SendTaskFailure"] {
        task_runner
            .world
            .inject(Service::Sfn, call, Span::Forever, Fault::Refuse);
    }
    let mut input = properties();
    input["Timeout"] = json!(3 * 3_600);
    let began = Instant::now();
    let mut run = task_runner.begin_directly("backfill", &input).await;
    sleep_until(began + 3 * HOUR + 30 * MINUTE / 60).await;
    assert!(!run.is_over());
    let looked = task_runner.look().await;
    assert!(
        matches!(looked, Rescued::Swept { overdue: 1, .. }),
        "{looked:?}"
    );
    let ExecutionEnd::Aborted { error, .. } = ended(&mut run).await else {
        panic!("it was to be stopped")
    };
    assert_eq!(error.as_deref(), Some("EcsTask.DeadlineExceeded"));
    let late = began.elapsed().saturating_sub(3 * HOUR);
    // The clocks of the stand-ins and of the functions begin one after the other.
    assert!((79..83).contains(&late.as_secs()), "{late:?}");
}
