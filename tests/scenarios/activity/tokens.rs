//! Tokens that are lost, by the service's word or by the worker's own clock: the worker lets go and
//! leaves everything as it is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::Outcome;
use stand_ins::{AwsError, Service, StandIns};
use tokio::time::sleep;

use super::INPUT;
use crate::worlds::worker::{HEARTBEAT, LONGEST, World, outcome, within};

/// When handlers were dropped, by the clock of the stand-ins.
#[derive(Clone)]
struct Drops {
    aws: StandIns,
    at: Arc<Mutex<Vec<Duration>>>,
}

struct NotedWhenDropped(Drops);

impl Drops {
    fn new(world: &World) -> Self {
        Self {
            aws: world.aws.clone(),
            at: Arc::default(),
        }
    }

    fn note(&self) -> NotedWhenDropped {
        NotedWhenDropped(self.clone())
    }

    fn all(&self) -> Vec<Duration> {
        self.at.lock().unwrap().clone()
    }
}

impl Drop for NotedWhenDropped {
    fn drop(&mut self) {
        self.0.at.lock().unwrap().push(self.0.aws.clock().now());
    }
}

/// Answers that arrived, whatever they said.
fn answers(world: &World) -> u64 {
    let calls = world.aws.calls();
    calls.count("SendTaskSuccess").arrived + calls.count("SendTaskFailure").arrived
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_service_no_longer_takes_ends_the_run_and_leaves_its_task_alone() {
    for code in ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"] {
        let world = World::new();
        world.script(Script::runs_forever());
        let (runner, drops) = (world.runner(), Drops::new(&world));
        let noted = drops.clone();
        let _worker = world.worker_with(1, move |task| {
            let (noted, run) = (noted.note(), Arc::clone(&runner).handle(task));
            async move {
                let _noted = noted;
                run.await
            }
        });
        let input = json!({INPUT: 60, "task": world.task()});
        let _scheduled = world.schedule_input(&input);
        within(LONGEST, world.aws.calls().ended("RunTask", 1)).await;
        let lost = world.inject(
            Service::Sfn,
            "SendTaskHeartbeat",
            Span::Forever,
            Fault::Error(AwsError::new(code, "It is over.")),
        );
        sleep(HEARTBEAT / 3).await;
        assert_eq!((drops.all().len(), lost.struck()), (1, 1), "{code}");
        sleep(10 * HEARTBEAT).await;
        assert_eq!(answers(&world), 0, "{code}");
        assert_eq!(world.aws.calls().count("StopTask").arrived, 0, "{code}");
        assert_eq!(world.aws.ecs().tasks()[0].last_status, "RUNNING", "{code}");
        // The worker's place for a task is free again.
        let next = world.schedule_input(&input);
        within(LONGEST, next.started(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_execution_is_stopped_lets_go_without_an_answer() {
    let world = World::new();
    let drops = Drops::new(&world);
    let noted = drops.clone();
    let _worker = world.worker_with(1, move |_| {
        let noted = noted.note();
        async move {
            let _noted = noted;
            std::future::pending().await
        }
    });
    let scheduled = world.schedule_once();
    within(LONGEST, scheduled.started(1)).await;
    world.aws.sfn().abort(&scheduled);
    sleep(HEARTBEAT / 3).await;
    assert_eq!((drops.all().len(), answers(&world)), (1, 0));
    let next = world.schedule_input(&json!({INPUT: 60}));
    within(LONGEST, next.started(1)).await;
}

/// Without news of the service, the worker's clock decides: at the end of the period, neither
/// before, when the service would still take a heartbeat, nor after, when another worker may have
/// the task.
#[tokio::test(start_paused = true)]
async fn a_worker_cut_off_from_the_service_lets_go_when_the_service_gives_up() {
    const TIMER: Duration = Duration::from_millis(5);
    for fault in [
        Fault::Refuse,
        Fault::CutBefore,
        Fault::InternalError,
        Fault::Throttle,
        Fault::Delay(LONGEST),
    ] {
        let world = World::new();
        let drops = Drops::new(&world);
        let noted = drops.clone();
        let _worker = world.worker_with(1, move |_| {
            let noted = noted.note();
            async move {
                let _noted = noted;
                sleep(Duration::from_secs(600)).await;
                Ok("{}".to_owned())
            }
        });
        let scheduled = world.schedule_once();
        within(LONGEST, scheduled.started(1)).await;
        sleep(Duration::from_secs(90)).await;
        world.inject(
            Service::Sfn,
            "SendTaskHeartbeat",
            Span::Forever,
            fault.clone(),
        );
        assert_eq!(
            outcome(&scheduled).await,
            Outcome::HeartbeatTimedOut,
            "{fault:?}"
        );
        sleep(TIMER).await;
        let heard = *scheduled.heartbeats().last().unwrap();
        let [dropped] = drops.all()[..] else {
            panic!("{fault:?}: {:?}", drops.all())
        };
        let kept = dropped.checked_sub(heard).unwrap();
        assert!(
            kept >= HEARTBEAT && kept <= HEARTBEAT + TIMER,
            "{fault:?}: dropped after {kept:?}"
        );
        sleep(Duration::from_secs(700)).await;
        assert_eq!(
            answers(&world),
            0,
            "a task that another worker may have was answered after {fault:?}"
        );
    }
}
