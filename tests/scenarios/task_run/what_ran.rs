//! What a failed run says of what ran: how far a task was seen to come, which of the tasks it tells
//! of, and which container was never started.

use std::time::Duration;

use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::{Container, Placement, Script};
use stand_ins::faults::{Fault, Span};

use crate::worlds::worker::{World, failure, with};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_deadline_says_how_far_the_task_was_seen_to_come() {
    let hour = 3_600 * SECOND;
    let starting = || Script::exits(0).running(hour);
    for (script, says) in [
        (
            starting().provisioning(hour),
            "passed while the task was still PROVISIONING; no container was seen to start, and the task was stopped (task ",
        ),
        (
            starting().pending(hour),
            "passed while the task was still PENDING; no container was seen to start, and the task was stopped (task ",
        ),
        (
            starting().activating(hour),
            "passed while the task was still ACTIVATING; no container was seen to start, and the task was stopped (task ",
        ),
        (
            starting(),
            "passed while the task ran, and the task was stopped; its work may be half done (task ",
        ),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.script(script);
        let changes = json!({"deadline": world.deadline_in(30), "logLines": 0});
        let (error, cause) = failure(world.run(&with(world.task(), &changes)).await);
        assert_eq!(error, "EcsTask.DeadlineExceeded");
        assert!(cause.contains(says), "{cause}");
    }
}

/// People must know which limit to raise. Inputs of release 0.1.0 do not say what set the deadline.
#[tokio::test(start_paused = true)]
async fn a_deadline_says_what_set_it_as_far_as_the_input_says_that() {
    for (set_by, says) in [
        (json!("Timeout of 30 s"), "Z (Timeout of 30 s) passed while"),
        (
            json!("ServiceTimeout of 60 s, less 30 s to stop the task and reply"),
            "Z (ServiceTimeout of 60 s, less 30 s to stop the task and reply) passed while",
        ),
        (json!(null), "Z passed while"),
    ] {
        let world = World::new();
        let _worker = world.worker();
        world.script(Script::runs_forever());
        let changes =
            json!({"deadline": world.deadline_in(30), "deadlineSetBy": set_by, "logLines": 0});
        let (_, cause) = failure(world.run(&with(world.task(), &changes)).await);
        assert!(
            cause.starts_with("The deadline 2") && cause.contains(says),
            "{cause}"
        );
    }
}

/// The task was stopped because the deadline passed, as the first sentence says.
#[tokio::test(start_paused = true)]
async fn a_deadline_does_not_repeat_with_what_reason_the_task_was_stopped() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::runs_forever());
    let changes = json!({"deadline": world.deadline_in(30), "logLines": 0});
    let (_, cause) = failure(world.run(&with(world.task(), &changes)).await);
    assert!(!cause.contains("ECS says"), "{cause}");
    let stopped = &world.aws.ecs().tasks()[0].stop_requested;
    assert!(stopped.is_some(), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_reason_names_task_definition_and_cluster_as_people_know_them() {
    let arn = "arn:aws:ecs:us-east-1:000000000000:";
    let named = json!({
        "cluster": format!("{arn}cluster/todobackend"),
        "taskDefinition": format!("{arn}task-definition/migrate:1"),
    });
    for (script, placement) in [
        (Script::exits(1), None),
        (Script::exits(1), Some(Placement::only(0, "ATTRIBUTE"))),
    ] {
        for changes in [&named, &json!({})] {
            let world = World::new();
            let _worker = world.worker();
            world.script(script.clone());
            world.placements(placement.clone());
            let (_, cause) = failure(world.run(&with(world.task(), changes)).await);
            let first = cause.lines().next().unwrap();
            assert!(
                first.contains("migrate")
                    && first.contains("todobackend")
                    && ![":task-definition/", ":cluster/"]
                        .iter()
                        .any(|part| cause.contains(part)),
                "{cause}"
            );
            assert!(placement.is_some() || first.contains("of migrate:1, cluster todobackend)"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_tells_of_the_task_that_ran_rather_than_of_one_that_did_not() {
    let world = World::new();
    let _worker = world.worker();
    let hour = 3_600 * SECOND;
    world.scripts([
        Script::exits(0).provisioning(hour),
        Script::exits(0).running(hour),
    ]);
    let changes = json!({"deadline": world.deadline_in(30), "count": 2, "logLines": 0});
    let (_, cause) = failure(world.run(&with(world.task(), &changes)).await);
    assert!(
        cause.contains(
            "passed while the task ran, and the task was stopped; its work may be half done (one of 2 tasks) (task "
        ),
        "{cause}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passed_while_nothing_could_be_stopped_says_what_was_seen() {
    let world = World::new();
    let _worker = world.worker();
    world.script(Script::exits(0).provisioning(3_600 * SECOND));
    world.inject(Service::Ecs, "StopTask", Span::Forever, Fault::AccessDenied);
    let changes = json!({"deadline": world.deadline_in(30), "logLines": 0});
    let (_, cause) = failure(world.run(&with(world.task(), &changes)).await);
    assert!(
        cause.contains("while the task was still PROVISIONING; no container was seen to start, and the task could not be seen to stop; if a container started unseen, its work may be half done (task "),
        "{cause}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_replaced_is_none_of_the_runs_tasks() {
    let world = World::new();
    let _worker = world.worker();
    let pull = Script::fails_to_start("CannotPullContainerError: i/o timeout");
    world.scripts([pull, Script::exits(1)]);
    let (_, cause) = failure(world.run(&world.task()).await);
    assert_eq!(world.launched(), 2);
    assert!(!cause.contains("one of"), "{cause}");

    let world = World::new();
    let _worker = world.worker();
    let pull = Script::fails_to_start("CannotPullContainerError: i/o timeout");
    world.scripts([
        pull,
        Script::exits(0).running(60 * SECOND),
        Script::exits(1),
    ]);
    let (_, cause) = failure(world.run_with(&json!({"count": 2})).await);
    assert!(cause.contains("(one of 2 tasks)"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_waited_in_vain_is_told_with_the_log_of_the_one_that_failed() {
    let world = World::new();
    let _worker = world.worker();
    let log = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/todobackend",
        "awslogs-region": "us-east-1", "awslogs-stream-prefix": "two"}});
    world
        .aws
        .ecs()
        .register(&json!({"family": "waits", "containerDefinitions": [
        {"name": "wait-for-db", "essential": false, "image": "x", "logConfiguration": log},
        {"name": "migrate", "essential": true, "image": "x", "logConfiguration": log,
            "dependsOn": [{"containerName": "wait-for-db", "condition": "SUCCESS"}]}]}));
    let waiting = Container::exits(1)
        .after(60 * SECOND)
        .log(SECOND, "waiting for db.internal:5432")
        .log(59 * SECOND, "not reachable after 60 s");
    world.aws.ecs().script(
        "waits",
        Script::exits(0)
            .container("wait-for-db", waiting)
            .container("migrate", Container::waits_in_vain_for("wait-for-db")),
    );
    let (error, cause) = failure(
        world
            .run(&with(world.task(), &json!({"taskDefinition": "waits"})))
            .await,
    );
    assert_eq!(error, "EcsTask.Failed");
    assert!(
        cause.starts_with(
            "Container 'migrate' was never started because 'wait-for-db' exited with code 1 (task "
        ),
        "{cause}"
    );
    assert!(
        cause.contains("Last log lines of 'wait-for-db':")
            && cause.contains("not reachable after 60 s"),
        "{cause}"
    );
}
