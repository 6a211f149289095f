//! The line of metrics for each run that has ended: one for each, whichever function sees the end.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::Rescued;
use serde_json::{Value, json};
use stand_ins::ecs::Script;
use stand_ins::response_url::Reaction;
use stand_ins::sfn::ExecutionEnd;
use tokio::time::sleep;

use super::direct::{ended, properties};
use super::handle::create;
use super::rescue::aborted;
use crate::worlds::deployments::{HookRuns, PRE_SCALE_UP, command};
use crate::worlds::execution::Execution;
use crate::worlds::functions::{CLAIM_TIMEOUT, LOGICAL_ID, STACK, World};
use crate::worlds::task_runner::{Run, TaskRunner};

const MINUTE: Duration = Duration::from_secs(60);

/// Waits for the run's end, and tells `rescue` of it as EventBridge does.
async fn end(task_runner: &TaskRunner, mut run: Run) {
    let status = match run.ended().await {
        ExecutionEnd::Succeeded(_) => return,
        ExecutionEnd::Failed { .. } => "FAILED",
        ExecutionEnd::Aborted { .. } => "ABORTED",
        ExecutionEnd::TimedOut => "TIMED_OUT",
    };
    let event = ended(task_runner, &run.arn, status);
    task_runner.world.rescue(&event).await.unwrap();
}

/// Waits until the looks for lost events have had the execution.
async fn all_looks(task_runner: &TaskRunner) {
    for _ in 0..6 {
        sleep(MINUTE).await;
        task_runner.look().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_s_run_is_counted_when_its_end_is_replied() {
    for workers in [Workers::Fleet, Workers::Lambda] {
        for (script, expected) in [
            (Script::exits(0), "resource: Succeeded"),
            (Script::exits(3), "resource: EcsTask.Failed"),
        ] {
            let task_runner = TaskRunner::new(workers, 10);
            task_runner.world.script(script);
            let _worker = (workers == Workers::Fleet).then(|| task_runner.worker());
            let run = task_runner.begin().await;
            let arn = run.arn.clone();
            end(&task_runner, run).await;
            all_looks(&task_runner).await;
            assert_eq!(task_runner.world.metrics.counted(), [expected]);
            let line = &task_runner.world.metrics.written()[0];
            assert_eq!(line["execution"], arn);
            assert_eq!(line["logical_id"], LOGICAL_ID);
            let stack = line["stack"].as_str().unwrap();
            assert!(stack.contains(&format!(":stack/{STACK}/")), "{stack}");
            let seconds = |name: &str| line[name].as_f64();
            assert!(seconds("Duration").is_some_and(|time| time > 0.0), "{line}");
            let succeeded = expected.ends_with("Succeeded");
            for name in ["UntilStarted", "ExitToReply"] {
                assert_eq!(
                    seconds(name).is_some_and(|time| time < 60.0),
                    succeeded,
                    "{name}: {line}"
                );
            }
            assert!(!line.to_string().contains("X-Amz-Signature"), "{line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_direct_run_is_counted_and_its_end_stays_its_own() {
    for (script, expected) in [
        (Script::exits(0), "direct run: Succeeded"),
        (Script::exits(3), "direct run: EcsTask.Failed"),
    ] {
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        task_runner.world.script(script);
        let _worker = task_runner.worker();
        let run = task_runner
            .begin_directly("release-42", &properties())
            .await;
        end(&task_runner, run).await;
        all_looks(&task_runner).await;
        assert_eq!(task_runner.world.metrics.counted(), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_run_of_a_deployment_s_hook_is_counted_with_its_service() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let _worker = task_runner.worker();
    let runs = HookRuns::default();
    let hook = task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command());
    assert_eq!(task_runner.deploy(hook).end().await, "SUCCESSFUL");
    let metrics = &task_runner.world.metrics;
    assert_eq!(metrics.counted(), ["deployment hook: Succeeded"]);
    assert_eq!(metrics.written()[0]["service"], "todobackend");
}

/// Its beginning is answered too, and is no end.
#[tokio::test(start_paused = true)]
async fn a_run_for_which_a_condition_waits_is_counted_at_its_end() {
    for (status, end, expected) in [
        ("SUCCESS", json!({"output": {}}), "Succeeded"),
        (
            "FAILED",
            json!({"error": {"Error": "EcsTask.Interrupted"}}),
            "EcsTask.Interrupted",
        ),
    ] {
        let world = World::sealing();
        let handle = world.urls.handle(STACK, "Handle");
        let execution = create(&world, &handle).await;
        let mut state = execution.input.clone();
        world
            .respond(&json!({"status": "SUCCESS", "hasOnlyBegun": true, "state": state}))
            .await
            .unwrap();
        assert!(world.metrics.written().is_empty());
        let members = state.as_object_mut().unwrap();
        members.extend(end.as_object().unwrap().clone());
        world
            .respond(&json!({"status": status, "execution": execution.arn, "state": state}))
            .await
            .unwrap();
        let expected = format!("wait condition: {expected}");
        assert_eq!(world.metrics.counted(), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_stopped_is_counted_by_the_event_of_its_end_and_by_no_look() {
    for is_direct in [false, true] {
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        task_runner.world.script(Script::runs_forever());
        let _worker = task_runner.worker();
        let run = if is_direct {
            task_runner
                .begin_directly("release-42", &properties())
                .await
        } else {
            task_runner.begin().await
        };
        sleep(2 * MINUTE).await;
        task_runner
            .world
            .aws
            .sfn()
            .end_execution(&run.arn, aborted());
        let event = ended(&task_runner, &run.arn, "ABORTED");
        end(&task_runner, run).await;
        // Each look is that of another instance, which does not know what this one has done.
        all_looks(&task_runner).await;
        // EventBridge may deliver an event twice.
        task_runner.world.rescue(&event).await.unwrap();
        let kind = if is_direct { "direct run" } else { "resource" };
        let expected = format!("{kind}: EcsTask.Interrupted");
        assert_eq!(task_runner.world.metrics.counted(), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_no_worker_takes_is_counted_once() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let run = task_runner.begin().await;
    sleep(CLAIM_TIMEOUT + MINUTE).await;
    task_runner.look().await;
    end(&task_runner, run).await;
    all_looks(&task_runner).await;
    assert_eq!(
        task_runner.world.metrics.counted(),
        ["resource: Worker.NotClaimed"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_reply_could_not_be_delivered_is_counted_by_rescue_when_it_was() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    let _worker = task_runner.worker();
    world.urls.react_always(Reaction::Status(500));
    let mut run = task_runner.begin().await;
    let ExecutionEnd::Failed { error, .. } = run.ended().await else {
        panic!("it was to fail")
    };
    assert_eq!(error, "CustomResource.AnswerNotSent");
    assert!(world.metrics.written().is_empty());
    let event = ended(&task_runner, &run.arn, "FAILED");
    assert!(world.rescue(&event).await.is_err());
    assert!(world.metrics.written().is_empty());
    world.urls.react_always(Reaction::Accept);
    assert_eq!(world.rescue(&event).await.unwrap(), Rescued::Answered);
    // The answer is the one that was begun: the run's own.
    assert_eq!(world.metrics.counted(), ["resource: Succeeded"]);
}

/// Step Functions repeats a call whose return was lost.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_repeated_counts_again_in_another_instance_alone() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    let event = json!({"status": "SUCCESS", "execution": execution.arn, "started": "2026-11-23T06:00:00Z",
        "state": execution.input});
    world.respond(&event).await.unwrap();
    world.respond(&event).await.unwrap();
    assert_eq!(world.metrics.counted(), ["resource: Succeeded"]);
    let another = world
        .responder("respond")
        .with_metrics(Some(world.metrics.of_another_instance(&world.clock)));
    let event = serde_json::from_value(event).unwrap();
    another.respond(event).await.unwrap();
    assert_eq!(world.metrics.counted().len(), 2);
}

/// As the definition of 0.1.0 calls the function, for executions that began before the update.
#[tokio::test(start_paused = true)]
async fn an_execution_of_an_earlier_definition_is_counted_without_its_duration() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    let event = json!({"status": "SUCCESS", "state": execution.input});
    world.respond(&event).await.unwrap();
    assert_eq!(world.metrics.counted(), ["resource: Succeeded"]);
    let line = &world.metrics.written()[0];
    assert!(line.get("Duration").is_none() && line.get("execution").is_none());
}

#[tokio::test(start_paused = true)]
async fn what_runs_nothing_is_not_counted() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    let refused = json!({"Cluster": 1});
    let nothing = json!({"Cluster": "c", "TaskDefinition": "t", "Count": 0});
    for (name, input) in [("refused", &refused), ("nothing", &nothing)] {
        let run = task_runner.begin_directly(name, input).await;
        end(&task_runner, run).await;
    }
    let deleted = Execution::of(world, "Delete").await;
    let event = json!({"status": "SUCCESS", "execution": deleted.arn, "state": deleted.input});
    world.respond(&event).await.unwrap();
    let event = deleted.ends(aborted());
    world.rescue(&event).await.unwrap();
    assert_eq!(world.metrics.counted(), Vec::<String>::new());
}

/// A direct run's end does not depend on it.
#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_waits_for_is_answered_to_nobody_and_one_without_a_request_is_refused() {
    let world = World::new();
    let state = json!({"task": {}, "output": {"ExitCode": "0"}});
    let event = json!({"status": "SUCCESS", "nobodyWaits": true, "state": state});
    world.respond(&event).await.unwrap();
    let error = world
        .respond(&json!({"status": "SUCCESS", "state": state}))
        .await
        .unwrap_err();
    assert!(error.contains("has no request"), "{error}");
    world.assert_no_answer();
    assert_eq!(world.metrics.counted(), ["direct run: Succeeded"]);
    let exit_code: Vec<Value> = world
        .metrics
        .written()
        .into_iter()
        .map(|mut line| line["exit_code"].take())
        .collect();
    assert_eq!(exit_code, ["0"]);
}
