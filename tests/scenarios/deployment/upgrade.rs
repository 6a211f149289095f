//! Parts of different releases meet: an execution keeps the definition it was started with, the
//! functions are replaced in an instant, and a fleet of workers takes minutes. So what the parts
//! hand each other may gain members, and nothing else may change.
//!
//! `releases/` has one directory for each release with the documents of five runs (`*.json`), the
//! release's definition, and its error names. These tests hold today's code against every one of
//! them. A release adds its own directory with
//!
//! ```text
//! cargo test --test scenarios -- --ignored upgrade::record_this_release
//! ```

mod cases;
mod releases;
mod runs;

use std::collections::BTreeSet;

use ecs_task_runner::activity::{HANDED_OVER, PANICKED};
use ecs_task_runner::execution::error::NOT_CLAIMED;
use ecs_task_runner::execution::history::{AFTER_ANSWER, RESPOND_FAILURE, RESPOND_SUCCESS};
use ecs_task_runner::functions::Stopped;
use ecs_task_runner::task::error::ErrorName;
use serde_json::{Value, json};
use stand_ins::sfn::interpreter::definition;

use crate::worlds::events::identity;
use crate::worlds::functions::FAMILY;
use crate::worlds::outputs::assert_all_outputs;
use cases::CASES;
use releases::{Release, difference, references, with_strangers};
use runs::{Run, perform, run_activity, started_and_performed, world};

/// Every error that a Reason, an execution or an alarm can name.
fn error_names() -> BTreeSet<String> {
    ErrorName::ALL
        .iter()
        .map(|name| name.as_str())
        .chain([HANDED_OVER, PANICKED, NOT_CLAIMED])
        .map(str::to_owned)
        .collect()
}

#[test]
fn this_release_is_recorded() {
    let versions: Vec<_> = Release::all()
        .into_iter()
        .map(|release| release.version)
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        versions.iter().any(|recorded| recorded == version),
        "{version} is not among {versions:?}; record it as this file says"
    );
}

/// The definition of an execution that was begun before the update, with today's functions and
/// workers; and today's definition with an input of an earlier `start`.
#[tokio::test(start_paused = true)]
async fn an_execution_of_an_earlier_release_ends_as_it_would_have() {
    for release in Release::all() {
        for (definition, of) in [(&release.definition, "its own"), (&definition(), "today's")] {
            for (name, recorded) in &release.runs {
                let world = world();
                let run = perform(&world, definition, &recorded["executionInput"]).await;
                let context = format!("{name} of {} with {of} definition", release.version);
                assert_eq!(run.end, recorded["end"], "{context}");
                assert_eq!(
                    run.documents["answer"]["Status"], recorded["answer"]["Status"],
                    "{context}"
                );
                let lost = difference(&recorded["answer"], &run.documents["answer"]);
                assert!(lost.is_empty(), "{context}: the answer {lost:?}");
            }
        }
    }
}

/// What a later definition and a later `start` say beyond today's is ignored.
#[tokio::test(start_paused = true)]
async fn members_of_a_later_release_are_ignored() {
    let mut later = definition();
    for parameters in [
        "/States/RunTask/Parameters",
        "/States/StopTasks/Parameters/Payload",
    ] {
        *later.pointer_mut(parameters).unwrap() =
            with_strangers(later.pointer(parameters).unwrap());
    }
    for state in [RESPOND_SUCCESS, RESPOND_FAILURE] {
        let payload = &mut later["States"][state]["Parameters"]["Payload"];
        *payload = with_strangers(payload);
    }
    for release in Release::all() {
        for (name, recorded) in &release.runs {
            let world = world();
            let run = perform(&world, &later, &with_strangers(&recorded["executionInput"])).await;
            assert_eq!(run.end, recorded["end"], "{name} of {}", release.version);
            if let Some(input) = run.documents.get("activityInput") {
                assert!(
                    input.to_string().contains(releases::STRANGER),
                    "the worker has met none: {input}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn todays_worker_runs_an_earlier_activity_input() {
    for release in Release::all() {
        for (name, recorded) in release
            .runs
            .iter()
            .filter(|(_, recorded)| recorded["activityOutput"].is_object())
        {
            let world = world();
            let output = run_activity(&world, &recorded["activityInput"]).await;
            let lost = difference(&recorded["activityOutput"], &output);
            assert!(
                lost.is_empty(),
                "{name} of {}: the output {lost:?}",
                release.version
            );
        }
        assert!(release.run("create")["activityOutput"].is_object());
    }
}

#[tokio::test(start_paused = true)]
async fn todays_functions_take_an_earlier_definitions_payloads() {
    for release in Release::all() {
        for (name, recorded) in &release.runs {
            let world = world();
            let mut respond = recorded["respond"].clone();
            runs::readdress(&world, &mut respond["state"]["request"]).await;
            world.respond(&respond).await.unwrap();
            let answer = world.answer();
            assert_eq!(
                answer["Status"], recorded["answer"]["Status"],
                "{name} of {}",
                release.version
            );
            if answer["Status"] == "SUCCESS" {
                // A template may ask for an output that the worker did not know yet.
                assert_all_outputs(&answer);
            }
            if let Some(stop) = recorded.get("stop") {
                let Stopped {
                    running, checks, ..
                } = world
                    .stopper()
                    .stop(serde_json::from_value(stop.clone()).unwrap())
                    .await
                    .unwrap();
                assert_eq!((running, checks), (0, 1), "{name} of {}", release.version);
            }
        }
    }
}

/// The same event again, or the Delete of a resource that an earlier release created: only equal
/// names find what there is.
#[tokio::test(start_paused = true)]
async fn the_names_of_executions_and_tasks_stay_what_they_were() {
    for release in Release::all() {
        for (name, recorded) in &release.runs {
            let identity = identity(&recorded["event"]);
            let task = &recorded["executionInput"]["task"];
            assert_eq!(
                task["startedBy"],
                json!(identity.name),
                "{name} of {}",
                release.version
            );
            assert_eq!(
                task["clientToken"],
                json!(identity.client_token),
                "{name} of {}",
                release.version
            );
            if recorded["event"]["RequestType"] == "Create" {
                assert_eq!(
                    recorded["answer"]["PhysicalResourceId"],
                    json!(identity.physical_resource_id),
                    "{name} of {}",
                    release.version
                );
            }
        }
        let world = world();
        let task = world
            .launch(
                FAMILY,
                release.run("create")["executionInput"]["task"]["startedBy"]
                    .as_str()
                    .unwrap(),
            )
            .await;
        world
            .stopper()
            .stop(serde_json::from_value(release.run("delete")["stop"].clone()).unwrap())
            .await
            .unwrap();
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
        for (name, recorded) in &release.runs {
            let Run { documents, .. } = started_and_performed(&recorded["event"]).await;
            let lost = difference(recorded, &Value::Object(documents));
            assert!(lost.is_empty(), "{name} of {}: {lost:?}", release.version);
        }
    }
}

/// After a release was taken back, its executions in flight go on with the functions and workers
/// before it.
#[test]
fn todays_definition_reads_nothing_that_an_earlier_function_does_not_answer() {
    for release in Release::all() {
        let stopped = &release.run("delete")["stopped"];
        for path in references(&definition()["States"]["StopTasks"]["ResultSelector"]) {
            let member = path.strip_prefix("$.Payload.").unwrap();
            assert!(
                stopped.get(member).is_some(),
                "stop of {} does not answer {member}",
                release.version
            );
        }
    }
}

#[test]
fn rescue_knows_the_answers_of_earlier_definitions() {
    for release in Release::all() {
        for state in [RESPOND_SUCCESS, RESPOND_FAILURE] {
            let next = release.definition["States"][state]["Next"]
                .as_str()
                .unwrap();
            assert!(
                AFTER_ANSWER.contains(&next),
                "{state} of {} leads to {next}",
                release.version
            );
        }
    }
}

/// Definitions in flight, alarms and people match on them.
#[test]
fn no_error_name_of_an_earlier_release_is_gone() {
    for release in Release::all() {
        let lost: Vec<_> = release
            .error_names
            .difference(&error_names())
            .cloned()
            .collect();
        assert!(lost.is_empty(), "{} had {lost:?}", release.version);
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "writes files: run it once, for a release"]
async fn record_this_release() {
    let directory = Release::directory(env!("CARGO_PKG_VERSION"));
    std::fs::create_dir_all(&directory).unwrap();
    let write = |name: &str, document: &Value| {
        std::fs::write(
            directory.join(name),
            serde_json::to_string_pretty(document).unwrap() + "\n",
        )
        .unwrap();
    };
    write(releases::DEFINITION, &definition());
    write(releases::ERROR_NAMES, &json!(error_names()));
    for case in CASES {
        write(
            &format!("{}.json", case.name),
            &Value::Object(started_and_performed(&case.event()).await.documents),
        );
    }
}
