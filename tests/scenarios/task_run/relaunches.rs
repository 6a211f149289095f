//! Tasks that end before any of their containers starts: how often they are launched again, how
//! long the worker waits before that, and what it says when it gives up.

use std::time::Duration;

use ecs_task_runner::aws::CallRates;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::task::spec::TaskSpec;
use serde_json::json;
use stand_ins::ecs::{Container, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::{AwsError, Service};
use tokio::time::{Instant, sleep};

use crate::worlds::worker::{TOKEN, World, failure, outcome, success};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const SECRETS_TIME_OUT: &str = "ResourceInitializationError: unable to pull secrets or registry auth: service call has been retried 3 time(s): dial tcp 203.0.113.94:443: i/o timeout";

/// A volume that cannot be mounted, as ECS shows it on EC2: only the container says why.
fn mount_times_out() -> Script {
    Script::fails_to_start("Task failed to start").container(
        "migrate",
        Container::exits(0)
            .reason("CannotCreateVolumeError: Post VolumeDriver.Create: context deadline exceeded"),
    )
}

#[tokio::test(start_paused = true)]
async fn a_closed_network_is_tried_five_times_and_then_told_with_what_to_check() {
    for (script, checks) in [
        (
            Script::fails_to_start(SECRETS_TIME_OUT),
            [
                "route",
                "security groups",
                "VPC endpoints",
                "execution role",
            ],
        ),
        (
            mount_times_out(),
            [
                "mount target",
                "security group",
                "task role",
                "CannotCreateVolumeError",
            ],
        ),
        (
            Script::fails_to_start("CannotPullContainerError: i/o timeout"),
            ["route", "ecr.dkr", "container 'migrate'", "5 launches"],
        ),
        (
            Script::fails_to_start(
                "Timeout waiting for network interface provisioning to complete.",
            ),
            ["subnets", "quota", "security groups", "5 launches"],
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.script(script);
        let began = Instant::now();
        let (error, cause) = failure(world.run(&world.task()).await);
        assert_eq!(error, "EcsTask.NotStarted", "{cause}");
        assert_eq!(world.launched(), 5, "{cause}");
        assert!(began.elapsed() < 5 * MINUTE, "{:?}", began.elapsed());
        for check in checks {
            assert!(cause.contains(check), "{check} is not in: {cause}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn launches_that_take_minutes_to_fail_are_given_up_after_some_minutes() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::fails_to_start(SECRETS_TIME_OUT).pending(3 * MINUTE));
    let began = Instant::now();
    let (error, cause) = failure(world.run(&world.task()).await);
    assert_eq!(error, "EcsTask.NotStarted", "{cause}");
    assert_eq!(world.launched(), 3);
    assert!(began.elapsed() < 11 * MINUTE, "{:?}", began.elapsed());
    assert!(cause.contains("3 launches"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn each_task_of_a_run_has_its_launches() {
    let world = World::new();
    let _worker = world.worker();
    // All tasks of the first launch fail with the network that the stack is just making.
    let fails = || Script::fails_to_start(SECRETS_TIME_OUT);
    world.scripts((0..6).map(|_| fails()).chain([Script::exits(0)]));
    success(world.run_with(&json!({"count": 6})).await);
    assert_eq!(world.launched(), 12);
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_launched_again_until_the_deadline() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::fails_to_start(
        "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit",
    ));
    // The same pauses in every run: the deadline comes within one of them.
    stand_ins::jitter::seed(42);
    let deadline = world.deadline_in(20 * 60);
    let (error, cause) = failure(world.run_with(&json!({"deadline": deadline})).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded");
    assert!(world.launched() > 10, "{}", world.launched());
    assert!(cause.contains("toomanyrequests"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn the_obstacle_is_the_containers_own_reason_with_the_task_and_its_link() {
    let world = World::new();
    let _worker = world.worker();
    world.script(mount_times_out());
    // The same pauses in every run: the deadline comes within one of them.
    stand_ins::jitter::seed(42);
    let deadline = world.deadline_in(9);
    let (error, cause) = failure(world.run_with(&json!({"deadline": deadline})).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded");
    let tasks = world.aws.ecs().tasks();
    let named = |task: &stand_ins::ecs::TaskView| {
        let id = task.arn.rsplit('/').next().unwrap();
        cause.contains(&format!("(task {id}, https://"))
    };
    assert!(
        cause.contains("container 'migrate': CannotCreateVolumeError") && tasks.iter().any(named),
        "{cause}"
    );
}

#[tokio::test(start_paused = true)]
async fn workers_that_hand_over_do_not_launch_more_often() {
    let world = World::new();
    world.script(Script::fails_to_start(SECRETS_TIME_OUT).pending(20 * SECOND));
    let mut worker = world.worker();
    let scheduled = world.schedule(&world.task());
    for _ in 0..6 {
        sleep(25 * SECOND).await;
        worker.request_shutdown();
        worker = world.worker();
    }
    let (error, cause) = failure(outcome(&scheduled).await);
    assert_eq!(error, "EcsTask.NotStarted", "{cause}");
    assert_eq!(world.launched(), 5, "{cause}");
}

/// A worker of another release had more patience, and the last of its tasks runs.
#[tokio::test(start_paused = true)]
async fn a_run_of_which_another_task_exists_is_not_given_up() {
    let world = World::new();
    let fails = || Script::fails_to_start(SECRETS_TIME_OUT);
    world.scripts(
        (0..7)
            .map(|_| fails())
            .chain([Script::exits(0).running(5 * MINUTE)]),
    );
    let spec: TaskSpec = serde_json::from_value(world.task()).unwrap();
    let ecs = Ecs::without_retries(&world.connection(), CallRates::default());
    for token in std::iter::once(TOKEN.to_owned()).chain((1..8).map(|n| format!("{TOKEN}-{n}"))) {
        let permit = ecs.budgets().run_task.acquire().await;
        ecs.run_task(permit, &spec, 1, &token).await.unwrap();
        sleep(SECOND).await;
    }
    let _worker = world.worker();
    success(world.run(&world.task()).await);
    assert_eq!(world.launched(), 8);
}

#[tokio::test(start_paused = true)]
async fn pauses_hold_however_far_the_clocks_of_worker_and_ecs_are_apart() {
    for ahead in [0, 90, 3_600] {
        let world = World::new();
        world.wall.suspend(ahead);
        let _worker = world.worker();
        world.script(Script::fails_to_start(
            "CannotPullContainerError: toomanyrequests: rate limit",
        ));
        let deadline = world.deadline_in(20);
        failure(world.run_with(&json!({"deadline": deadline})).await);
        // After pauses of at least one second, two, four and eight.
        assert!(
            (3..=5).contains(&world.launched()),
            "{} launches",
            world.launched()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_takes_over_comes_to_the_last_launch_without_the_pauses() {
    let world = World::new();
    let fails = || Script::fails_to_start("CannotPullContainerError: toomanyrequests: rate limit");
    world.scripts(
        (0..6)
            .map(|_| fails())
            .chain([Script::exits(0).running(10 * MINUTE)]),
    );
    let first = world.worker();
    let scheduled = world.schedule(&world.task());
    sleep(5 * MINUTE).await;
    assert_eq!(world.launched(), 7);
    first.request_shutdown();
    first.ended().await;
    let before = world.aws.calls().count("RunTask").arrived;
    let _second = world.worker();
    sleep(20 * SECOND).await;
    assert_eq!(world.aws.calls().count("RunTask").arrived, before + 7);
    success(outcome(&scheduled).await);
    assert_eq!(world.launched(), 7);
}

fn no_instances() -> Fault {
    Fault::Error(AwsError::new(
        "InvalidParameterException",
        "No Container Instances were found in your cluster.",
    ))
}

#[tokio::test(start_paused = true)]
async fn a_cluster_without_instances_is_not_waited_for_long_when_no_launch_type_was_asked_for() {
    let world = World::new();
    let _worker = world.worker();
    world.inject(Service::Ecs, "RunTask", Span::Forever, no_instances());
    let began = Instant::now();
    let (error, cause) = failure(world.run(&world.task()).await);
    assert_eq!(error, "EcsTask.NotStarted");
    assert!(began.elapsed() < 6 * MINUTE, "{:?}", began.elapsed());
    for says in [
        "No Container Instances",
        "LaunchType",
        "default capacity provider strategy",
    ] {
        assert!(cause.contains(says), "{cause}");
    }
    // The deadline may come first.
    let deadline = world.deadline_in(20);
    let (error, cause) = failure(world.run_with(&json!({"deadline": deadline})).await);
    assert_eq!(error, "EcsTask.DeadlineExceeded");
    assert!(cause.contains("LaunchType"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn instances_that_join_the_cluster_are_waited_for() {
    for (changes, minutes) in [(json!({}), 4), (json!({"launchType": "EC2"}), 40)] {
        let world = World::new();
        let _worker = world.worker();
        let span = Span::For(minutes * MINUTE);
        world.inject(Service::Ecs, "RunTask", span, no_instances());
        success(world.run_with(&changes).await);
        assert_eq!(world.launched(), 1);
    }
}
