//! Executions: the definition of one release and an input of another.

use ecs_task_runner::execution::history::{
    AFTER_ANSWER, DIRECT_ENDS, RESPOND_FAILURE, RESPOND_SUCCESS,
};
use serde_json::Value;
use stand_ins::sfn::interpreter::definition;

use super::begins::{begin, name, task_runner};
use super::cases::CASES;
use super::releases::{Release, STRANGER, difference, references, with_strangers};
use super::runs::{Run, next_reply, perform};

/// Where the definition gives something to a function or a worker.
const GIVEN: [&str; 9] = [
    "/States/Prepare/Parameters/Payload",
    "/States/RespondStarted/Parameters/Payload",
    "/States/RunTask/Parameters",
    "/States/RunTaskOnLambda/Parameters/Payload",
    "/States/StopTasks/Parameters/Payload",
    "/States/RespondSuccess/Parameters/Payload",
    "/States/RespondFailure/Parameters/Payload",
    "/States/CountSuccess/Parameters/Payload",
    "/States/CountFailure/Parameters/Payload",
];

/// The run ended as the recorded one, and whoever waited for it was told the same.
fn assert_ended_as(recorded: &Value, run: &Run, context: &str) {
    assert_eq!(run.end, recorded["end"], "{context}");
    for told in ["answer", "signal", "output"] {
        let (earlier, today) = (recorded.get(told), run.documents.get(told));
        assert_eq!(
            earlier.is_some(),
            today.is_some(),
            "{context}: {told} {today:?}"
        );
        if let (Some(earlier), Some(today)) = (earlier, today) {
            assert_eq!(earlier["Status"], today["Status"], "{context}: {told}");
            let lost = difference(earlier, today);
            assert!(lost.is_empty(), "{context}: {told} {lost:?}");
        }
    }
}

/// The definition of an execution that was begun before the update, with today's functions and
/// workers; and today's definition with an input of an earlier `start` or `hook`.
#[tokio::test(start_paused = true)]
async fn an_execution_of_an_earlier_release_ends_as_it_would_have() {
    for release in Release::all() {
        for (definition, of) in [(&release.definition, "its own"), (&definition(), "today's")] {
            for (kind, recorded) in &release.runs {
                let task_runner = task_runner(recorded);
                let input = &recorded["executionInput"];
                let run = perform(&task_runner, definition, name(recorded), input).await;
                let context = format!("{kind} of {} with {of} definition", release.version);
                assert_ended_as(recorded, &run, &context);
                if let Some(end) = recorded.get("hookEnd") {
                    let recorded = recorded.as_object().unwrap();
                    let reply = next_reply(&task_runner.world, recorded).await;
                    assert_eq!(reply["hookStatus"], end["hookStatus"], "{context}");
                }
            }
        }
    }
}

/// In the first seconds after an update, Step Functions may start an execution by the definition
/// before it (`API_UpdateStateMachine`). What that definition knows is done.
#[tokio::test(start_paused = true)]
async fn an_input_of_today_with_an_earlier_definition_is_run_and_answered() {
    for release in Release::all() {
        for case in &CASES {
            let beginning = case.beginning();
            let begun = begin(&task_runner(&beginning), &beginning).await;
            let input = &begun.documents["executionInput"];
            let knows = |state: &str| release.definition["States"].get(state).is_some();
            if input.get("request").is_none() && !knows("Prepare") {
                // Its first state reads the request, and the execution fails: nothing is run.
                assert_eq!(release.definition["StartAt"], "RequestType");
                continue;
            }
            let run = |definition| {
                let (begun, beginning) = (&begun, &beginning);
                async move {
                    let task_runner = task_runner(beginning);
                    let input = &begun.documents["executionInput"];
                    perform(&task_runner, &definition, &begun.name, input).await
                }
            };
            let expected = run(definition()).await;
            let run = run(release.definition.clone()).await;
            let context = format!("{} with the definition of {}", case.name, release.version);
            assert_ended_as(&Value::Object(expected.documents), &run, &context);
        }
    }
}

/// What a later definition and a later `start` say beyond today's is ignored.
#[tokio::test(start_paused = true)]
async fn members_of_a_later_release_are_ignored() {
    let mut later = definition();
    for parameters in GIVEN {
        let given = later.pointer_mut(parameters).unwrap();
        *given = with_strangers(given);
    }
    for release in Release::all() {
        for (kind, recorded) in &release.runs {
            let mut input = recorded["executionInput"].clone();
            // Of a direct run the input is no document of a release: a person writes it, and errors in
            // it are reported.
            if input.get("task").is_some() {
                input = with_strangers(&input);
            }
            let run = perform(&task_runner(recorded), &later, name(recorded), &input).await;
            assert_ended_as(recorded, &run, &format!("{kind} of {}", release.version));
            for given in [
                "prepare",
                "begun",
                "activityInput",
                "work",
                "stop",
                "respond",
            ] {
                if let Some(document) = run.documents.get(given) {
                    let document = document.to_string();
                    assert!(document.contains(STRANGER), "{given} has none: {document}");
                }
            }
        }
    }
}

/// After a release was taken back, its executions in flight go on with the functions and workers
/// before it.
#[tokio::test(start_paused = true)]
async fn todays_definition_reads_nothing_that_an_earlier_function_does_not_answer() {
    let today = definition();
    for release in Release::all() {
        let mut answers = 0;
        for (kind, recorded) in &release.runs {
            let context = format!("{kind} of {}", release.version);
            if let Some(stopped) = recorded.get("stopped") {
                answers += 1;
                for path in references(&today["States"]["StopTasks"]["ResultSelector"]) {
                    let member = path.strip_prefix("$.Payload.").unwrap();
                    assert!(
                        stopped.get(member).is_some(),
                        "{context}: stop does not answer {member}"
                    );
                }
            }
            // What `prepare` answers takes the place of the input, and is what `start` would give.
            if let Some(prepared) = recorded.get("prepared") {
                assert_eq!(today["States"]["Prepare"]["OutputPath"], "$.Payload");
                let run = perform(&task_runner(recorded), &today, name(recorded), prepared).await;
                assert_ended_as(recorded, &run, &context);
            }
        }
        assert!(answers > 0, "{} has no answer of stop", release.version);
    }
}

#[test]
fn rescue_knows_the_answers_of_earlier_definitions() {
    for release in Release::all() {
        let states = &release.definition["States"];
        for (state, after) in [
            (RESPOND_SUCCESS, &AFTER_ANSWER[..]),
            (RESPOND_FAILURE, &AFTER_ANSWER),
            ("CountSuccess", &DIRECT_ENDS),
            ("CountFailure", &DIRECT_ENDS),
        ] {
            // 0.1.0 knew no direct runs.
            let Some(described) = states.get(state) else {
                assert!(states.get("Prepare").is_none(), "{}", release.version);
                continue;
            };
            let next = described["Next"].as_str().unwrap();
            assert!(
                after.contains(&next),
                "{state} of {} leads to {next}",
                release.version
            );
        }
    }
}
