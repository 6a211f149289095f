//! Direct runs that somebody redrives: the execution goes on in the state in which it ended, under the
//! names that it had.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::Rescued;
use ecs_task_runner::task::error::ErrorName;
use serde_json::json;
use stand_ins::ecs::Script;
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{Instant, sleep};

use super::direct::{ended, failure, properties};
use crate::worlds::functions::CLAIM_TIMEOUT;
use crate::worlds::task_runner::{Run, TaskRunner};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const NAME: &str = "release-42";

async fn redrive(task_runner: &TaskRunner, run: &Run) -> Run {
    let http = task_runner.world.aws.http_client();
    aws_sdk_sfn::Client::new(&stand_ins::sdk_config("PERSON", http))
        .redrive_execution()
        .execution_arn(&run.arn)
        .send()
        .await
        .unwrap();
    task_runner.play(NAME, "https://nobody/waits")
}

fn stop(task_runner: &TaskRunner, run: &Run) {
    let stopped = ExecutionEnd::Aborted {
        error: None,
        cause: Some("too early".to_owned()),
    };
    task_runner.world.aws.sfn().end_execution(&run.arn, stopped);
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_fails_again_at_once_and_nothing_is_run() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.script(Script::exits(3));
    let _worker = task_runner.worker();
    let mut run = task_runner.begin_directly(NAME, &properties()).await;
    let first = failure(run.ended().await);
    // What is run anew would succeed.
    task_runner.world.script(Script::exits(0));
    let began = Instant::now();
    let mut again = redrive(&task_runner, &run).await;
    assert_eq!(failure(again.ended().await), first);
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
    assert_eq!(task_runner.world.aws.ecs().tasks().len(), 1);
    let explained = task_runner.explained(&again).await;
    assert!(explained.contains("execution redriven"), "{explained}");
    assert!(explained.contains("\nFailed, "), "{explained}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_stopped_a_moment_ago_goes_on_with_its_task() {
    for workers in [Workers::Fleet, Workers::Lambda] {
        let task_runner = TaskRunner::new(workers, 10);
        task_runner
            .world
            .script(Script::exits(0).running(5 * MINUTE));
        let _worker = (workers == Workers::Fleet).then(|| task_runner.worker());
        let mut run = task_runner.begin_directly(NAME, &properties()).await;
        sleep(2 * MINUTE).await;
        stop(&task_runner, &run);
        run.ended().await;
        let mut again = redrive(&task_runner, &run).await;
        let ExecutionEnd::Succeeded(output) = again.ended().await else {
            panic!("{workers:?}: it was to succeed")
        };
        let tasks = task_runner.world.aws.ecs().tasks();
        assert_eq!(tasks.len(), 1, "{workers:?}: another task was launched");
        assert_eq!(output["TaskArn"], tasks[0].arn, "{workers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_task_was_stopped_is_reported_as_interrupted() {
    for workers in [Workers::Fleet, Workers::Lambda] {
        let task_runner = TaskRunner::new(workers, 10);
        task_runner.world.script(Script::runs_forever());
        let _worker = (workers == Workers::Fleet).then(|| task_runner.worker());
        let mut run = task_runner.begin_directly(NAME, &properties()).await;
        sleep(2 * MINUTE).await;
        stop(&task_runner, &run);
        run.ended().await;
        let event = ended(&task_runner, &run.arn, "ABORTED");
        let rescued = task_runner.world.rescue(&event).await.unwrap();
        assert_eq!(rescued, Rescued::LeftoversStopped);
        let mut again = redrive(&task_runner, &run).await;
        let (error, cause) = failure(again.ended().await);
        assert_eq!(error, ErrorName::Interrupted.as_str(), "{cause}");
        assert_eq!(task_runner.world.aws.ecs().tasks().len(), 1, "{cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_that_of_the_execution_s_start() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let mut input = properties();
    input["Timeout"] = json!(1_200);
    let mut run = task_runner.begin_directly(NAME, &input).await;
    sleep(CLAIM_TIMEOUT + MINUTE).await;
    task_runner.look().await;
    run.ended().await;
    let _worker = task_runner.worker();

    sleep(20 * MINUTE).await;
    let mut late = redrive(&task_runner, &run).await;
    let (error, cause) = failure(late.ended().await);
    assert_eq!(error, ErrorName::DeadlineExceeded.as_str(), "{cause}");
    assert!(task_runner.world.aws.ecs().tasks().is_empty(), "{cause}");
}

/// The one case in which a redrive runs something: nothing had been launched, and there is time.
#[tokio::test(start_paused = true)]
async fn a_run_that_no_worker_had_taken_is_run_where_its_deadline_allows_it() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let mut run = task_runner.begin_directly(NAME, &properties()).await;
    sleep(CLAIM_TIMEOUT + MINUTE).await;
    task_runner.look().await;
    run.ended().await;
    let _worker = task_runner.worker();
    let mut again = redrive(&task_runner, &run).await;
    let end = again.ended().await;
    assert!(matches!(end, ExecutionEnd::Succeeded(_)), "{end:?}");
    assert_eq!(task_runner.world.aws.ecs().tasks().len(), 1);
}
