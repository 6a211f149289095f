//! `stop` before the task of a rollback: the runs of the update that is rolled back.

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use tokio::time::{advance, sleep};

use super::stop::{name, runs_on, state};
use crate::worlds::functions::{CLUSTER, FAMILY, World};

const SECOND: Duration = Duration::from_secs(1);
const EARLIER: &str = "MigrateTask-6298dceb-update-0123456789ab";

/// The state of a rollback's execution, before its task, with a task of the earlier run.
async fn rollback(world: &World) -> Value {
    runs_on(world, FAMILY);
    let mut state = state(world, "Update").await;
    state["earlierRuns"] =
        json!([{"startedBy": EARLIER, "cluster": CLUSTER, "taskDefinition": FAMILY}]);
    world.launch(FAMILY, EARLIER).await;
    while world.aws.ecs().tasks()[0].started_at.is_none() {
        sleep(Duration::from_millis(10)).await;
    }
    state
}

#[tokio::test(start_paused = true)]
async fn a_container_that_ignores_the_request_to_stop_is_waited_for() {
    let world = World::new();
    let mut state = rollback(&world).await;
    let own = world.launch(FAMILY, &name(&state)).await;
    let mut waited = Duration::ZERO;
    loop {
        let stopped = world.stop(&state).await;
        if !stopped.wait {
            assert_eq!(stopped.running, 0);
            break;
        }
        assert_eq!(stopped.running, 1);
        state["leftovers"] = serde_json::to_value(&stopped).unwrap();
        waited += 5 * SECOND;
        sleep(5 * SECOND).await;
    }
    assert!(waited >= 30 * SECOND, "{waited:?}");
    let told = world.told_to_stop();
    assert!(told.len() == 1 && !told.contains(&own), "{told:?}");
    let reason = world.aws.ecs().tasks()[0].stop_requested.clone().unwrap().1;
    assert!(reason.contains("rolls the update back"), "{reason}");
    // After a failure it is asked again, for the tasks of the rollback's own run.
    state["error"] = json!({"Error": "EcsTask.Failed"});
    state["leftovers"] = json!({});
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.checks), (1, 1));
    assert!(world.told_to_stop().contains(&own));
}

/// Its worker may not know that the execution was stopped.
#[tokio::test(start_paused = true)]
async fn a_run_of_which_a_task_may_yet_be_launched_is_waited_for() {
    let world = World::new();
    let mut state = state(&world, "Update").await;
    let until = (world.clock.now() + jiff::SignedDuration::from_secs(75)).to_string();
    state["earlierRuns"] = json!([{"startedBy": EARLIER, "cluster": CLUSTER, "taskDefinition": FAMILY, "mayLaunchUntil": until}]);
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.wait), (0, true));
    advance(76 * SECOND).await;
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.wait), (0, false));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_seen_may_run() {
    let world = World::new();
    let mut state = state(&world, "Update").await;
    state["earlierRuns"] =
        json!([{"startedBy": EARLIER, "cluster": CLUSTER, "taskDefinition": FAMILY}]);
    let cut = world.inject(Service::Ecs, "ListTasks", Span::Forever, Fault::Throttle);
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.wait), (1, true));
    state["task"]["deadline"] = "2020-01-01T00:00:00Z".into();
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.wait), (1, false));
    cut.lift();
    let stopped = world.stop(&state).await;
    assert_eq!((stopped.running, stopped.wait), (0, false));
}
