//! The parts, one by one: today's worker and functions with the documents of earlier releases.

use std::time::Duration;

use serde_json::{Map, Value, json};
use stand_ins::ecs::Script;
use stand_ins::sdk_config;

use super::begins::{begin, name, task_runner};
use super::releases::{Release, difference};
use super::runs::{answers, begun_and_performed, readdress, run_activity, run_on_lambda, signals};
use crate::worlds::events::identity;
use crate::worlds::functions::{FAMILY, World};
use crate::worlds::outputs::assert_all_outputs;
use crate::worlds::task_runner::TaskRunner;

/// Has today's worker, or today's function `work`, take what the definition gave to an earlier one.
async fn work(task_runner: &TaskRunner, recorded: &Value) -> Value {
    match recorded.get("work") {
        Some(event) => run_on_lambda(task_runner, event).await,
        None => run_activity(task_runner, &recorded["activityInput"]).await,
    }
}

/// The runs of a release that have succeeded.
fn succeeded(release: &Release) -> Vec<(&String, &Value)> {
    let runs = release.runs.iter();
    let succeeded: Vec<_> = runs
        .filter(|(_, recorded)| recorded["activityOutput"].is_object())
        .collect();
    assert!(succeeded.len() > 2, "{}", release.version);
    succeeded
}

#[tokio::test(start_paused = true)]
async fn todays_worker_runs_an_earlier_activity_input() {
    for release in Release::all() {
        for (kind, recorded) in succeeded(&release) {
            let output = work(&task_runner(recorded), recorded).await;
            let lost = difference(&recorded["activityOutput"], &output);
            let context = format!("{kind} of {}", release.version);
            assert!(lost.is_empty(), "{context}: the output {lost:?}");
        }
    }
}

/// A worker hands its runs over when it is replaced. The next one finds their tasks by the names that the
/// input gives them, even if it would ask ECS for other tasks than the worker before it.
#[tokio::test(start_paused = true)]
async fn todays_worker_goes_on_with_the_tasks_of_an_earlier_one() {
    for release in Release::all() {
        for (kind, recorded) in succeeded(&release) {
            let task_runner = task_runner(recorded);
            let world = &task_runner.world;
            world.script(Script::exits(0).running(Duration::from_secs(180)));
            let given = recorded.get("work").unwrap_or(&recorded["activityInput"]);
            launch(world, &given["task"]).await;
            let launched = world.aws.ecs().tasks().len();
            let output = work(&task_runner, recorded).await;
            let context = format!("{kind} of {}", release.version);
            assert_eq!(world.aws.ecs().tasks().len(), launched, "{context}");
            assert_eq!(output["ExitCode"], "0", "{context}");
        }
    }
}

/// Launches a task as every worker does, as far as its names go.
async fn launch(world: &World, task: &Value) {
    let ecs = aws_sdk_ecs::Client::new(&sdk_config("TESTS", world.aws.http_client()));
    let text = |member: &str| task[member].as_str().unwrap();
    if let Some(instances) = task["instances"].as_array() {
        let instances = instances.iter().map(|id| id.as_str().unwrap().to_owned());
        ecs.start_task()
            .cluster(text("cluster"))
            .task_definition(text("taskDefinition"))
            .started_by(text("startedBy"))
            .set_container_instances(Some(instances.collect()))
            .send()
            .await
            .unwrap();
    } else {
        ecs.run_task()
            .cluster(text("cluster"))
            .task_definition(text("taskDefinition"))
            .started_by(text("startedBy"))
            .client_token(text("clientToken"))
            .count(task["count"].as_i64().unwrap().try_into().unwrap())
            .send()
            .await
            .unwrap();
    }
}

/// What a function of today gives for this payload.
async fn call(task_runner: &TaskRunner, function: &str, payload: &Value) -> Value {
    let called = task_runner.invoke(function.to_owned(), payload.clone());
    Box::pin(called).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn todays_functions_take_an_earlier_definitions_payloads() {
    for release in Release::all() {
        for (kind, recorded) in &release.runs {
            let context = format!("{kind} of {}", release.version);
            assert_responds(recorded, &context).await;
            if let Some(stop) = recorded.get("stop") {
                let stopped = call(&task_runner(recorded), "StopFunctionArn", stop).await;
                let (running, checks) = (&stopped["running"], &stopped["checks"]);
                assert_eq!((running, checks), (&json!(0), &json!(1)), "{context}");
                let lost = difference(&recorded["stopped"], &stopped);
                assert!(lost.is_empty(), "{context}: stopped {lost:?}");
            }
            if let Some(prepare) = recorded.get("prepare") {
                let prepared = call(&task_runner(recorded), "PrepareFunctionArn", prepare).await;
                let lost = difference(&recorded["prepared"], &prepared);
                assert!(lost.is_empty(), "{context}: prepared {lost:?}");
            }
        }
    }
}

/// `respond` tells those who wait what it told them in the record, and nobody else.
async fn assert_responds(recorded: &Value, context: &str) {
    let (answer, signal) = (recorded.get("answer"), recorded.get("signal"));
    // A wait condition is told the end of a run, and CloudFormation its begin.
    let at_end = if signal.is_some() { None } else { answer };
    for (payload, answer, signal) in [("begun", answer, None), ("respond", at_end, signal)] {
        let Some(given) = recorded.get(payload) else {
            assert!(
                payload == "begun" && recorded.get("signal").is_none(),
                "{context}"
            );
            continue;
        };
        let mut given = given.clone();
        let task_runner = task_runner(recorded);
        let world = &task_runner.world;
        readdress(world, &mut given["state"]).await;
        call(&task_runner, "RespondFunctionArn", &given).await;
        for (expected, told) in [(answer, answers(world)), (signal, signals(world))] {
            assert_eq!(
                told.len(),
                usize::from(expected.is_some()),
                "{context}: {told:?}"
            );
            if let Some(expected) = expected {
                assert_eq!(told[0]["Status"], expected["Status"], "{context}");
                let lost = difference(expected, &told[0]);
                assert!(lost.is_empty(), "{context}: {lost:?}");
                let told = outputs(&told[0]);
                for (output, value) in outputs(expected) {
                    assert_eq!(told[&output], value, "{context}: {output}");
                }
            }
        }
        for answer in answers(world)
            .iter()
            .filter(|answer| answer["Status"] == "SUCCESS")
        {
            // A template may ask for an output that the worker did not know yet.
            assert_all_outputs(answer);
        }
        // Where nobody waits, all that `respond` does is to count the run.
        if recorded.get("output").is_some() {
            assert_eq!(world.metrics.counted().len(), 1, "{context}");
        }
    }
}

/// The outputs in an answer, or in a signal, which has them as text.
fn outputs(reply: &Value) -> Map<String, Value> {
    match &reply["Data"] {
        Value::Object(outputs) => outputs.clone(),
        Value::String(outputs) => serde_json::from_str(outputs).unwrap(),
        _ => Map::new(),
    }
}

/// The same event again, or the Delete of a resource that an earlier release created: only equal
/// names find what there is.
#[tokio::test(start_paused = true)]
async fn the_names_of_executions_and_tasks_stay_what_they_were() {
    for release in Release::all() {
        for (kind, recorded) in &release.runs {
            let context = format!("{kind} of {}", release.version);
            let task_runner = task_runner(recorded);
            let begun = begin(&task_runner, recorded).await;
            assert_eq!(begun.name, name(recorded), "{context}");
            let (earlier, today) = if let Some(prepare) = recorded.get("prepare") {
                // Whoever starts a direct run gives it the name, and `prepare` those of its tasks.
                let prepared = call(&task_runner, "PrepareFunctionArn", prepare).await;
                (&recorded["prepared"], prepared)
            } else {
                let input = begun.documents["executionInput"].clone();
                (&recorded["executionInput"], input)
            };
            for named in ["startedBy", "clientToken"] {
                assert!(earlier["task"][named].is_string(), "{context}: {named}");
                assert_eq!(
                    earlier["task"][named], today["task"][named],
                    "{context}: {named}"
                );
            }
            if recorded["event"]["RequestType"] == "Create" {
                assert_eq!(
                    recorded["answer"]["PhysicalResourceId"],
                    json!(identity(&recorded["event"]).physical_resource_id),
                    "{context}"
                );
            }
        }
        let task_runner = task_runner(release.run("delete"));
        let world = &task_runner.world;
        let task = world.launch(FAMILY, name(release.run("create"))).await;
        call(
            &task_runner,
            "StopFunctionArn",
            &release.run("delete")["stop"],
        )
        .await;
        assert_eq!(
            world.told_to_stop(),
            [task],
            "the Delete of {} does not find the resource's task",
            release.version
        );
    }
}

/// What an earlier worker and an earlier function need is still there, and still of the same type.
#[tokio::test(start_paused = true)]
async fn todays_documents_have_every_member_of_earlier_ones() {
    for release in Release::all() {
        for (kind, recorded) in &release.runs {
            let today = Value::Object(begun_and_performed(recorded).await.documents);
            let lost = difference(recorded, &today);
            assert!(lost.is_empty(), "{kind} of {}: {lost:?}", release.version);
        }
    }
}
