//! How many calls a second reach AWS: each kind of call keeps to a rate of its own, halves it when
//! it is throttled, and recovers.

use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::aws::CallRates;
use ecs_task_runner::aws::ecs::{Ecs, RunTaskError, WhichTasks};
use ecs_task_runner::aws::logs::{LogStream, Logs};
use ecs_task_runner::execution::input::ActivityInput;
use ecs_task_runner::task::spec::TaskSpec;
use ecs_task_runner::task_run::TaskRunner;
use serde_json::json;
use stand_ins::ecs::{OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{AwsError, Service};
use tokio::time::{sleep, timeout};

use crate::worlds::execution::Execution;
use crate::worlds::functions::World as FunctionWorld;
use crate::worlds::worker::{CLUSTER, FAMILY, NAME, World};

const SECOND: Duration = Duration::from_secs(1);
const STREAM: &str = "migrate/migrate/0f1e2d3c";

/// Everything that a worker's calls are made with.
struct Caller {
    ecs: Ecs,
    logs: Logs,
    spec: TaskSpec,
    task: String,
}

impl Caller {
    async fn call(&self, what: &str) -> bool {
        let Self {
            ecs,
            logs,
            spec,
            task,
        } = self;
        let budgets = ecs.budgets();
        match what {
            "DescribeTasks" => {
                let permit = budgets.describe_tasks.acquire().await;
                let arns = std::slice::from_ref(task);
                ecs.describe_tasks(permit, CLUSTER, arns).await.is_ok()
            }
            "ListTasks" | "DescribeTasks of a list" => {
                let (name, family) = (NAME, FAMILY);
                let which = WhichTasks::StartedBy { name, family };
                ecs.list_tasks(CLUSTER, which).await.is_ok()
            }
            "RunTask" => {
                let permit = budgets.run_task.acquire().await;
                ecs.run_task(permit, spec, 1, "token").await.is_ok()
            }
            "StartTask" => {
                let permit = budgets.run_task.acquire().await;
                let instances = ["0f1e2d3c".to_owned()];
                ecs.start_task(permit, spec, &instances).await.is_ok()
            }
            "StopTask" => ecs.stop_task(CLUSTER, task, "no reason").await.is_ok(),
            "GetLogEvents" => {
                let permit = logs.budget().acquire().await;
                let stream = LogStream {
                    region: None,
                    group: "/todobackend",
                    name: STREAM,
                };
                logs.page(permit, stream, 10, None).await.is_ok()
            }
            other => panic!("nobody makes a call {other}"),
        }
    }
}

/// A running task, a log, and a caller with these rates.
async fn caller(world: &World, rates: CallRates) -> Caller {
    world.script(Script::runs_forever().on_sigterm(OnSigterm::Ignored));
    world
        .aws
        .logs()
        .put("/todobackend", STREAM, "no such table");
    let ecs = Ecs::without_retries(&world.connection(), rates);
    let spec: TaskSpec = serde_json::from_value(world.task()).unwrap();
    let permit = ecs.budgets().run_task.acquire().await;
    let placed = ecs.run_task(permit, &spec, 1, "first").await.unwrap();
    Caller {
        ecs,
        logs: Logs::new(&world.connection(), rates),
        spec,
        task: placed.tasks[0].arn.clone(),
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_call_halves_its_own_rate_when_throttled_and_recovers() {
    const FAST: CallRates = CallRates {
        describe_tasks: 1_000.0,
        run_task: 1_000.0,
        stop_task: 1_000.0,
        get_log_events: 1_000.0,
        list_tasks: 1_000.0,
    };
    let (describe_tasks, list_tasks, run_task) = (10.0, 10.0, 10.0);
    let (stop_task, get_log_events) = (10.0, 10.0);
    for (what, service, rates) in [
        (
            "DescribeTasks",
            Service::Ecs,
            CallRates {
                describe_tasks,
                ..FAST
            },
        ),
        (
            "DescribeTasks of a list",
            Service::Ecs,
            CallRates {
                describe_tasks,
                ..FAST
            },
        ),
        ("ListTasks", Service::Ecs, CallRates { list_tasks, ..FAST }),
        ("RunTask", Service::Ecs, CallRates { run_task, ..FAST }),
        ("StartTask", Service::Ecs, CallRates { run_task, ..FAST }),
        ("StopTask", Service::Ecs, CallRates { stop_task, ..FAST }),
        (
            "GetLogEvents",
            Service::Logs,
            CallRates {
                get_log_events,
                ..FAST
            },
        ),
    ] {
        let world = World::new();
        let caller = caller(&world, rates).await;
        let operation = what.split(' ').next().unwrap();
        // As many calls as the rate allows, for this time.
        let calls_in = async |time: Duration| {
            let before = world.aws.calls().count(operation).arrived;
            let calls = async {
                loop {
                    caller.call(what).await;
                }
            };
            let _ = timeout(time, calls).await;
            world.aws.calls().count(operation).arrived - before
        };
        calls_in(2 * SECOND).await;
        let full = calls_in(5 * SECOND).await;
        assert!(
            (48..=52).contains(&full),
            "{what}: {full} calls in 5 s at 10 a second"
        );

        let throttle = world.inject(service, operation, Span::Next(1), Fault::Throttle);
        calls_in(SECOND / 5).await;
        assert_eq!(throttle.struck(), 1, "{what}");
        let cut = calls_in(2 * SECOND).await;
        assert!(
            (9..=13).contains(&cut),
            "{what}: {cut} calls in 2 s after a cut to 5 a second"
        );

        calls_in(20 * SECOND).await;
        let recovered = calls_in(5 * SECOND).await;
        assert!(
            (48..=52).contains(&recovered),
            "{what}: {recovered} calls in 5 s after recovery"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_launch_for_which_there_is_no_room_does_not_cut_the_rate() {
    let world = World::new();
    let caller = caller(&world, CallRates::default()).await;
    let launches = &caller.ecs.budgets().run_task;
    for (message, is_throttling) in [
        (
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
            false,
        ),
        ("Rate exceeded", true),
    ] {
        let fault = Fault::Error(AwsError::new("ThrottlingException", message));
        world.inject(Service::Ecs, "RunTask", Span::Next(1), fault);
        let permit = launches.acquire().await;
        let error = caller
            .ecs
            .run_task(permit, &caller.spec, 1, "token")
            .await
            .unwrap_err();
        assert_eq!(
            matches!(error, RunTaskError::NoCapacity(_)),
            !is_throttling,
            "{error}"
        );
        let full = CallRates::default().run_task;
        assert_eq!(launches.rate() < full, is_throttling, "{message}");
    }
}

/// Tasks of different clusters share no call, so that these keep the watcher asking without a pause.
#[tokio::test(start_paused = true)]
async fn a_watcher_with_too_much_to_watch_leaves_lists_their_calls() {
    let world = World::new();
    world.aws.ecs().script(FAMILY, Script::runs_forever());
    let rates = CallRates::default();
    let ecs = Ecs::without_retries(&world.connection(), rates);
    let logs = Logs::new(&world.connection(), rates);
    let runner = Arc::new(TaskRunner::start(&ecs, logs, world.clock.clone()));
    for number in 0..60 {
        let mut task = world.task();
        task["cluster"] = json!(format!("cluster-{number}"));
        task["clientToken"] = json!(format!("token-{number}"));
        let input = json!({"execution": "x", "heartbeatSeconds": 60, "task": task});
        let input: ActivityInput = serde_json::from_value(input).unwrap();
        let runner = Arc::clone(&runner);
        tokio::spawn(async move { runner.run(&input).await });
    }
    sleep(30 * SECOND).await;
    let looks = world.aws.calls().count("DescribeTasks").arrived;
    sleep(10 * SECOND).await;
    let looks = world.aws.calls().count("DescribeTasks").arrived - looks;
    assert!(
        (98..=101).contains(&looks),
        "{looks} looks in 10 s at 10 a second"
    );
    let which = WhichTasks::StartedBy {
        name: NAME,
        family: FAMILY,
    };
    for _ in 0..5 {
        let listed = timeout(2 * SECOND, ecs.list_tasks("cluster-0", which)).await;
        assert_eq!(listed.unwrap().unwrap().len(), 1);
    }
}

/// How many calls of an operation came in the first second, and in the two seconds after it.
fn first_seconds(world: &FunctionWorld, operation: &str) -> (usize, usize) {
    let calls = world.aws.calls().of(operation);
    let since = |call: &stand_ins::Call| call.at.saturating_sub(calls[0].at);
    let count = |from, to| {
        calls
            .iter()
            .filter(|call| (from..to).contains(&since(call)))
            .count()
    };
    (count(Duration::ZERO, SECOND), count(SECOND, 3 * SECOND))
}

#[tokio::test(start_paused = true)]
async fn the_functions_keep_to_the_rates_and_halve_them_when_throttled() {
    for function in ["stop", "rescue"] {
        for throttled in [false, true] {
            let world = FunctionWorld::new();
            world.script(Script::runs_forever().on_sigterm(OnSigterm::Ignored));
            let execution = Execution::of(&world, "Create").await;
            execution.taken();
            for _ in 0..80 {
                world.launch(FAMILY, &execution.name).await;
            }
            sleep(60 * SECOND).await;
            if throttled {
                world.inject(Service::Ecs, "StopTask", Span::Next(1), Fault::Throttle);
            }
            if function == "stop" {
                world.stop(&execution.input).await;
            } else {
                let end = ExecutionEnd::Aborted {
                    error: None,
                    cause: None,
                };
                world.rescue(&execution.ends(end)).await.unwrap();
            }
            let case = format!("{function}, throttled: {throttled}");
            let (first, next) = first_seconds(&world, "StopTask");
            if throttled {
                // Five a second, and a fiftieth of the whole rate more with each success: some 5 in
                // the first second and 15 in the two after it, less the pause before the repetition.
                assert!(
                    first <= 6 && (8..=16).contains(&next),
                    "{case}: {first}, then {next}"
                );
            } else {
                // What a second allows comes at once, and then the rate.
                assert!(
                    (18..=21).contains(&first) && (19..=21).contains(&next),
                    "{case}: {first}, then {next}"
                );
            }
            assert_eq!(world.told_to_stop().len(), 80, "{case}");
        }
    }
}
