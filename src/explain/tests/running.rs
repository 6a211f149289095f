//! Executions that run, or whose description says so.

use serde_json::json;

use super::histories::{DEADLINE, History, NAME};
use super::{caught_error, claimed};
use crate::execution::status::ExecutionStatus;
use crate::explain::RunResult;

#[test]
fn a_running_execution_says_what_it_waits_for() {
    let mut history = History::of("Create");
    let mut at = |now: i64, step: &dyn Fn(&mut History)| {
        step(&mut history);
        let conclusion = history.explain_at(ExecutionStatus::Running, now).conclusion;
        assert_eq!(conclusion.result, RunResult::Running);
        (conclusion.sentence, conclusion.advice.unwrap_or_default())
    };
    assert_eq!(at(50, &|_| ()).0, "Running. It has just begun.");
    let scheduled =
        |history: &mut History| _ = history.entered(100, "RunTask", &json!({})).scheduled(200);
    assert_eq!(
        at(3_200, &scheduled).0,
        "Running. No worker has claimed the run yet, for 3.0 s."
    );
    let (sentence, advice) = at(250_200, &|_| ());
    assert_eq!(
        sentence,
        "Running. No worker has claimed the run for 4 min 10 s: is the fleet running?"
    );
    assert!(
        advice.starts_with("see whether the fleet is running. Rescue gives up"),
        "{advice}"
    );
    let (sentence, advice) = at(312_000, &|history| _ = history.claimed(252_000, "i-0abc"));
    assert_eq!(
        sentence,
        "Running. Worker 'i-0abc' has had the run for 1 min 0 s; its deadline is in 49 min 48 s."
    );
    assert!(
        advice.ends_with(&format!(
            "--region eu-west-1 --cluster production --started-by {NAME}"
        )),
        "{advice}"
    );
    let (sentence, _) = at(3_400_000, &|_| ());
    assert!(sentence.ends_with("its deadline has passed."), "{sentence}");
    let (sentence, _) = at(3_400_500, &|history| {
        _ = history.failed(3_400_100, "Worker.HandedOver", "");
    });
    assert!(
        sentence.contains("waits to be scheduled for another worker"),
        "{sentence}"
    );
    let stopping = |history: &mut History| {
        _ = history.entered(3_401_000, "StopTasks", &json!({"error": caught_error()}));
    };
    assert_eq!(
        at(3_402_000, &stopping).0,
        "Running. It looks for and waits for leftover tasks, for 1.0 s."
    );
    let still = |history: &mut History| {
        _ = history.entered(
            3_403_000,
            "WaitForTasksToStop",
            &json!({"leftovers": {"running": 2}}),
        );
    };
    assert_eq!(
        at(3_405_000, &still).0,
        "Running. It looks for and waits for 2 leftover task(s) to stop, for 2.0 s."
    );
    let answering = |history: &mut History| {
        _ = history.entered(
            3_406_000,
            "RespondFailure",
            &json!({"error": caught_error()}),
        );
    };
    assert_eq!(
        at(3_409_000, &answering).0,
        "Running. CloudFormation is being answered FAILED, for 3.0 s."
    );
    let answered = |history: &mut History| _ = history.invoked(3_410_000, "Succeeded");
    assert_eq!(
        at(3_410_000, &answered).0,
        "Running. CloudFormation has its answer, and the execution is about to end."
    );
    assert_eq!(DEADLINE, "2026-11-23T06:55:00Z");

    let mut emulated = History::of("Create");
    emulated
        .entered(100, "RunTask", &json!({}))
        .emulated(200, "Scheduled", None);
    let conclusion = emulated
        .explain_at(ExecutionStatus::Running, 60_200)
        .conclusion;
    assert!(
        conclusion
            .sentence
            .contains("was scheduled 1 min 0 s ago, and this history does not tell"),
        "{conclusion:?}"
    );
}

#[test]
fn an_end_that_the_description_does_not_tell_yet_counts() {
    let mut history = History::of("Create");
    claimed(&mut history)
        .succeeded(10_000)
        .entered(10_100, "RespondSuccess", &json!({}))
        .invoked(10_400, "Succeeded")
        .ended(10_500, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Running);
    assert_eq!(
        (explanation.conclusion.result, explanation.status),
        (RunResult::Succeeded, "SUCCEEDED")
    );
    assert!(explanation.ended.is_some());
}
