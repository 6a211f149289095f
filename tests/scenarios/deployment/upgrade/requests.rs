//! Runs of earlier releases that are under way when today's functions get a request that concerns them,
//! or find that they have ended unanswered.

use std::time::Duration;

use ecs_task_runner::times::answer_by::ANSWER_BY_SPAN;
use serde_json::{Value, json};
use stand_ins::ecs::Script;
use stand_ins::sfn::ExecutionEnd;
use tokio::time::sleep;

use super::begins::{
    first_call, is_of_a_hook, name, rolls_back, start, start_execution, task_runner,
};
use super::cases::request;
use super::releases::Release;
use super::runs::{answers, next_reply, readdress, signals};
use crate::worlds::events::stopped;
use crate::worlds::functions::FAMILY;
use crate::worlds::running::Worker;
use crate::worlds::task_runner::TaskRunner;

const MINUTE: Duration = Duration::from_secs(60);

/// An earlier release has begun a run, whose task takes long, and a minute later the functions and the
/// workers are today's.
async fn under_way(release: &Release, recorded: &Value) -> (TaskRunner, Worker) {
    let task_runner = task_runner(recorded);
    let world = &task_runner.world;
    world.script(Script::exits(0).running(10 * MINUTE));
    world.stack_turns("UPDATE_IN_PROGRESS");
    let mut input = recorded["executionInput"].clone();
    readdress(world, &mut input).await;
    start_execution(world, name(recorded), &input).await;
    let worker = task_runner.worker();
    let definition = release.definition.clone();
    task_runner.play_by(definition, name(recorded), "https://nobody/waits");
    sleep(MINUTE).await;
    assert_eq!(world.aws.ecs().tasks().len(), 1);
    (task_runner, worker)
}

/// Sends today's `start` a request, plays what it starts to its end, and gives its input.
async fn play_request(task_runner: &TaskRunner, event: &Value) -> Value {
    let world = &task_runner.world;
    let execution = world.aws.sfn().execution(&start(world, event).await);
    let mut run = task_runner.play(&execution.name, "https://nobody/waits");
    let end = run.ended().await;
    assert!(matches!(end, ExecutionEnd::Succeeded(_)), "{end:?}");
    serde_json::from_str(&execution.input).unwrap()
}

fn assert_is_aborted(task_runner: &TaskRunner, recorded: &Value, context: &str) {
    let execution = task_runner.world.aws.sfn().execution(name(recorded));
    let (_, end) = execution.ended.unwrap();
    assert!(
        matches!(end, ExecutionEnd::Aborted { .. }),
        "{context}: {end:?}"
    );
}

/// Lambda delivers an event twice, or ECS calls the hook again: in between the functions were replaced.
#[tokio::test(start_paused = true)]
async fn an_event_that_comes_again_finds_the_execution_of_an_earlier_release() {
    for release in Release::all() {
        for (kind, recorded) in &release.runs {
            let Some(event) = recorded.get("event") else {
                continue;
            };
            let context = format!("{kind} of {}", release.version);
            let task_runner = task_runner(recorded);
            let world = &task_runner.world;
            start_execution(world, name(recorded), &recorded["executionInput"]).await;
            if recorded.get("before").is_some() {
                rolls_back(world).await;
            }
            if is_of_a_hook(recorded) {
                let passed_on = &recorded["hookReply"]["hookDetails"];
                let reply = world.call_hook(&first_call(world, recorded)).await;
                assert_eq!(
                    reply["hookDetails"]["ExecutionArn"], passed_on["ExecutionArn"],
                    "{context}"
                );
                // ECS calls with what the earlier release has passed on: how long it has waited counts on.
                sleep(MINUTE).await;
                let reply = next_reply(world, recorded.as_object().unwrap()).await;
                assert_eq!(reply["hookDetails"], *passed_on, "{context}");
            } else {
                assert_eq!(start(world, event).await, name(recorded), "{context}");
            }
            assert_eq!(world.aws.sfn().executions().len(), 1, "{context}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_begins_after_the_containers_of_an_update_that_an_earlier_release_ran() {
    for release in Release::all() {
        let recorded = release.run("update");
        let (task_runner, _worker) = under_way(&release, recorded).await;
        let world = &task_runner.world;
        rolls_back(world).await;
        let properties = json!({"RunOnRollback": "true"});
        let event = request("Update", &properties, "rollback", "20260101T000111Z");
        let input = play_request(&task_runner, &event).await;
        let context = &release.version;
        assert_eq!(
            input["earlierRuns"][0]["startedBy"],
            name(recorded),
            "{context}"
        );
        assert_is_aborted(&task_runner, recorded, context);
        let tasks = world.aws.ecs().tasks();
        assert_eq!(tasks.len(), 2, "{context}");
        let (of_update, of_rollback) = match tasks[0].started_by.as_deref() {
            Some(started_by) if started_by == name(recorded) => (&tasks[0], &tasks[1]),
            _ => (&tasks[1], &tasks[0]),
        };
        assert!(
            of_update.last_container_end().unwrap() <= of_rollback.launched_at,
            "{context}: {tasks:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_stops_the_runs_and_tasks_of_earlier_releases() {
    for release in Release::all() {
        for kind in ["update", "without-fleet"] {
            let Some(recorded) = release.runs.get(kind) else {
                continue;
            };
            let context = format!("{kind} of {}", release.version);
            let (task_runner, _worker) = under_way(&release, recorded).await;
            let event = request("Delete", &json!({}), "delete", "20260101T000111Z");
            play_request(&task_runner, &event).await;
            assert_is_aborted(&task_runner, recorded, &context);
            let tasks = task_runner.world.aws.ecs().tasks();
            assert!(tasks[0].stop_requested.is_some(), "{context}: {tasks:?}");
            assert_eq!(tasks[0].family, FAMILY);
        }
    }
}

/// Somebody stops the execution, or `rescue` does once the time is over in which its end can have been
/// reported. Those who wait are told.
#[tokio::test(start_paused = true)]
async fn todays_rescue_answers_for_executions_of_earlier_releases() {
    for release in Release::all() {
        for (kind, recorded) in &release.runs {
            let context = format!("{kind} of {}", release.version);
            for is_stopped in [true, false] {
                let task_runner = task_runner(recorded);
                let world = &task_runner.world;
                let mut input = recorded["executionInput"].clone();
                readdress(world, &mut input).await;
                start_execution(world, name(recorded), &input).await;
                let arn = world.aws.sfn().execution(name(recorded)).arn;
                if is_stopped {
                    let (error, cause) = (None, None);
                    let end = ExecutionEnd::Aborted { error, cause };
                    world.aws.sfn().end_execution(&arn, end);
                } else {
                    let input = recorded.get("prepared").unwrap_or(&input);
                    let deadline = input["task"]["deadline"].as_str().unwrap();
                    let left = world.clock.until(deadline.parse().unwrap());
                    let answer_by = left + ANSWER_BY_SPAN;
                    // A look ends what is over by the next one, a minute later.
                    world.look_after(left).await.unwrap();
                    let execution = world.aws.sfn().execution(name(recorded));
                    assert!(execution.ended.is_none(), "{context}");
                    world.look_after(answer_by).await.unwrap();
                    assert_is_aborted(&task_runner, recorded, &context);
                }
                // EventBridge reports it, whoever has stopped the execution.
                let event = stopped(&arn, &world.state_machine);
                world.rescue(&event).await.unwrap();
                let (answer, signal) = (recorded.get("answer"), recorded.get("signal"));
                // After hours only the condition still waits: the response URL has expired.
                let answer = answer.filter(|_| is_stopped || signal.is_none());
                for (waits, told) in [(answer, answers(world)), (signal, signals(world))] {
                    let expected = usize::from(waits.is_some());
                    assert_eq!(told.len(), expected, "{context}: {told:?}");
                }
                if signal.is_some() {
                    assert_eq!(signals(world)[0]["Status"], "FAILURE", "{context}");
                } else if answer.is_some() {
                    // A Delete is never kept from succeeding.
                    let is_delete = recorded["event"]["RequestType"] == "Delete";
                    let status = if is_delete { "SUCCESS" } else { "FAILED" };
                    assert_eq!(answers(world)[0]["Status"], status, "{context}");
                }
            }
        }
    }
}
