//! What a run may conclude from what it sees, and what it may not: silence of ECS, tasks that other
//! workers replaced, answers with something missing.

use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::execution::input::ActivityInput;
use futures_util::future::join_all;
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use tokio::time::{Instant, sleep, sleep_until};

use crate::worlds::worker::{CLUSTER, World, failure, success, with};

const SECOND: Duration = Duration::from_secs(1);
/// The first of three tasks cannot pull its image while the others wait for theirs; what takes its
/// place runs, as they do.
fn one_of_three_is_replaced(world: &World) {
    let slow = || Script::exits(0).pending(20 * SECOND).running(300 * SECOND);
    let pull = Script::fails_to_start("CannotPullContainerError: i/o timeout");
    world.scripts([pull, slow(), slow(), Script::exits(0).running(300 * SECOND)]);
}

#[tokio::test(start_paused = true)]
async fn a_second_worker_finds_what_replaced_one_of_several_tasks_though_the_others_run() {
    let world = World::new();
    one_of_three_is_replaced(&world);
    let first = world.worker();
    let scheduled = world.schedule_with(&json!({"count": 3}));
    sleep(60 * SECOND).await;
    assert_eq!(world.launched(), 4);
    first.request_shutdown();
    let _second = world.worker();
    let output = success(scheduled.outcome().await);
    assert_eq!(
        world.launched(),
        4,
        "a second worker launched what the first had launched"
    );
    assert_eq!(output["TaskArns"].as_str().unwrap().split(',').count(), 3);
}

/// The second worker finds the task that did not start under the first token, and has no time to
/// replay the next token, under which another task was launched in its place.
#[tokio::test(start_paused = true)]
async fn a_worker_that_comes_just_before_the_deadline_finds_what_replaced_a_task() {
    for later in [118_000, 119_000, 119_300, 119_600, 119_900, 120_500] {
        let world = World::new();
        let pull = Script::fails_to_start("CannotPullContainerError: i/o timeout");
        world.scripts([pull, Script::exits(0).running(60 * SECOND)]);
        let began = Instant::now();
        let first = world.worker();
        let scheduled = world.schedule_with(&json!({"deadline": world.deadline_in(120)}));
        sleep(30 * SECOND).await;
        assert_eq!(world.launched(), 2);
        first.request_shutdown();
        sleep_until(began + Duration::from_millis(later)).await;
        let _second = world.worker();
        success(scheduled.outcome().await);
        assert_eq!(world.launched(), 2, "{later} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_token_with_other_parameters_are_judged_by_what_is_seen_of_them() {
    let world = World::new();
    one_of_three_is_replaced(&world);
    let service = |subnet: &str| json!({"status": "ACTIVE", "launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet]}}});
    world
        .aws
        .ecs()
        .service(CLUSTER, "web", &service("subnet-1"));
    let first = world.worker();
    let scheduled = world.schedule_with(&json!({"count": 3, "networkFrom": "web"}));
    sleep(60 * SECOND).await;
    world
        .aws
        .ecs()
        .service(CLUSTER, "web", &service("subnet-2"));
    first.request_shutdown();
    let _second = world.worker();
    success(scheduled.outcome().await);
    assert_eq!(world.launched(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_not_given_up_while_describe_tasks_gets_no_answer() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(200 * SECOND));
    world.aws.ecs().describe_lag(2 * SECOND);
    let scheduled = world.schedule(&world.task());
    sleep(Duration::from_millis(1_500)).await;
    assert!(
        world.aws.calls().count("DescribeTasks").arrived > 0,
        "no look has brought MISSING"
    );
    world.inject(
        Service::Ecs,
        "DescribeTasks",
        Span::For(150 * SECOND),
        Fault::InternalError,
    );
    success(scheduled.outcome().await);
    assert!(
        world.aws.ecs().tasks()[0].stop_requested.is_none(),
        "the worker stopped a task that was not its own to stop"
    );
}

#[tokio::test(start_paused = true)]
async fn describe_tasks_failing_now_and_then_does_not_keep_a_task_from_being_given_up() {
    let world = World::new();
    let _worker = world.worker();
    world.aws.ecs().describe_lag(3_600 * SECOND);
    let scheduled = world.schedule(&world.task());
    let faults = async {
        loop {
            world.inject(
                Service::Ecs,
                "DescribeTasks",
                Span::Next(1),
                Fault::InternalError,
            );
            sleep(10 * SECOND).await;
        }
    };
    let start = Instant::now();
    let outcome = tokio::select! {
        outcome = scheduled.outcome() => outcome,
        () = faults => unreachable!("faults go on for ever"),
    };
    let (error, cause) = failure(outcome);
    assert_eq!(error, "EcsTask.Failed");
    assert!(
        cause.contains("has not known the task") && start.elapsed() < 240 * SECOND,
        "after {:?}: {cause}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ended_is_judged_at_the_deadline_though_its_definition_cannot_be_read() {
    for fault in [Fault::InternalError, Fault::Delay(3_600 * SECOND)] {
        let world = World::new();
        world
            .aws
            .ecs()
            .register_family("two", &["migrate", "proxy"]);
        let _worker = world.worker();
        world
            .aws
            .ecs()
            .script("two", Script::exits(0).running(10 * SECOND));
        world.inject(
            Service::Ecs,
            "DescribeTaskDefinition",
            Span::Forever,
            fault.clone(),
        );
        let task = with(
            world.task(),
            &json!({"taskDefinition": "two", "deadline": world.deadline_in(60)}),
        );
        let output = success(world.run(&task).await);
        assert_eq!(output["ExitCode"], "0", "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ended_is_judged_at_the_deadline_though_another_cannot_be_stopped() {
    let world = World::new();
    world
        .aws
        .ecs()
        .register_family("two", &["migrate", "proxy"]);
    let _worker = world.worker();
    world.aws.ecs().scripts(
        "two",
        [
            Script::exits(7).running(10 * SECOND),
            Script::runs_forever(),
        ],
    );
    for operation in ["DescribeTaskDefinition", "StopTask"] {
        world.inject(Service::Ecs, operation, Span::Forever, Fault::InternalError);
    }
    let task = with(
        world.task(),
        &json!({"taskDefinition": "two", "count": 2, "deadline": world.deadline_in(60)}),
    );
    let (error, cause) = failure(world.run(&task).await);
    assert_eq!(error, "EcsTask.Failed", "{cause}");
    assert!(cause.contains("exited with code 7"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn runs_that_fail_together_each_show_their_log() {
    let world = World::new();
    world.script(Script::exits(1).log(Duration::from_millis(1), "no such table"));
    let runner = world.runner();
    let run = |number: usize| {
        let task = with(
            world.task(),
            &json!({"clientToken": format!("token-{number}")}),
        );
        let input: ActivityInput =
            serde_json::from_value(json!({"execution": "x", "heartbeatSeconds": 60, "task": task}))
                .unwrap();
        let runner = Arc::clone(&runner);
        async move { runner.run(&input).await.unwrap_err().cause }
    };
    for cause in join_all((0..40).map(run)).await {
        assert!(cause.contains("no such table"), "{cause}");
    }
    let many = join_all((100..400).map(run)).await;
    assert!(
        many.iter().all(|cause| !cause.contains("did not answer")),
        "CloudWatch Logs answered every call"
    );
    assert!(
        many.iter().any(|cause| cause.contains("failed together")),
        "there were not enough runs to make one wait too long"
    );
}

#[tokio::test(start_paused = true)]
async fn describe_tasks_denied_for_a_while_does_not_end_a_running_task() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).running(60 * SECOND));
    world.inject(
        Service::Ecs,
        "DescribeTasks",
        Span::For(30 * SECOND),
        Fault::AccessDenied,
    );
    success(world.run(&world.task()).await);
}

#[tokio::test(start_paused = true)]
async fn describe_tasks_denied_for_ever_is_told_as_access_denied() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::runs_forever());
    world.inject(
        Service::Ecs,
        "DescribeTasks",
        Span::Forever,
        Fault::AccessDenied,
    );
    let (error, cause) = failure(world.run(&world.task()).await);
    assert_eq!(error, "EcsTask.AccessDenied");
    assert!(cause.contains("ecs:DescribeTasks"), "{cause}");
}
