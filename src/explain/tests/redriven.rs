//! Executions that somebody redrove after their end.

use super::histories::History;
use super::*;

/// Ends before an answer, and is redriven 94 s later.
fn redriven() -> History {
    let mut history = History::of("Create");
    failed_run(&mut history)
        .ended(43_000, "Failed", "EcsTask.Failed", "")
        .redriven(137_000)
        .scheduled(138_000);
    history
}

fn told(explanation: &Explanation) -> Vec<String> {
    let steps = explanation.steps.iter();
    steps.map(|step| step.event.to_string()).collect()
}

#[test]
fn a_redriven_execution_runs_on() {
    // The description may be from before the redrive, or from after it.
    for status in [ExecutionStatus::Failed, ExecutionStatus::Running] {
        let mut history = redriven();
        if status == ExecutionStatus::Failed {
            history.described_end(43_000, "EcsTask.Failed");
        }
        let explanation = history.explain_at(status, 200_000);
        assert_eq!(explanation.status, "RUNNING");
        assert_eq!(explanation.ended, None);
        assert_eq!(explanation.conclusion.result, RunResult::Running);
        assert_eq!(explanation.conclusion.error, None);
        let sentence = &explanation.conclusion.sentence;
        assert!(
            sentence.starts_with("Running. No worker has claimed the run for 1 min 2 s")
                && sentence.contains("CloudFormation ignores every later reply"),
            "{sentence}"
        );
        assert_eq!(
            told(&explanation)[3..],
            [
                "worker reported EcsTask.Failed, 41 s after the claim",
                "execution failed without a reply: EcsTask.Failed",
                "execution redriven: it goes on",
                "scheduled for another worker, attempt 2",
            ]
        );
        let times: Vec<_> = explanation.steps.iter().map(|step| step.at).collect();
        assert!(times.is_sorted(), "{times:?}");
    }
}

#[test]
fn an_end_after_a_redrive_is_the_end() {
    let mut history = redriven();
    history
        .claimed(139_000, "i-0def")
        .ended(150_000, "Aborted", "Mine", "enough");
    let explanation = history.explain(ExecutionStatus::Running);
    assert_eq!(explanation.status, "ABORTED");
    assert_eq!(explanation.conclusion.result, RunResult::Failed);
    assert_eq!(
        told(&explanation).last().unwrap(),
        "execution stopped: Mine: enough"
    );
}

#[test]
fn a_redrive_after_the_answer_changes_nothing_of_it() {
    let mut history = History::of("Create");
    failed_run(&mut history)
        .entered(42_750, "RespondFailure", &json!({"error": caught_error()}))
        .invoked(42_800, "Succeeded")
        .entered(43_000, "Failed", &json!({}))
        .ended(43_000, "Failed", "EcsTask.Failed", "")
        .redriven(137_000);
    let explanation = history.explain(ExecutionStatus::Running);
    assert_eq!(
        explanation.conclusion.sentence,
        "Running. CloudFormation has its answer, and the execution is about to end."
    );
    assert!(!told(&explanation).concat().contains("without an answer"));
}

#[test]
fn the_time_in_a_state_counts_from_the_redrive() {
    let mut history = History::of("Create");
    failed_run(&mut history)
        .entered(
            42_100,
            "StopTasks",
            &json!({"error": caught_error(), "leftovers": {"running": 2, "executions": 0}}),
        )
        .ended(43_000, "TimedOut", "", "")
        .redriven(137_000);
    assert!(
        history
            .explain_at(ExecutionStatus::Running, 140_000)
            .conclusion
            .sentence
            .starts_with("Running. It looks for and waits for leftover tasks, for 3.0 s."),
    );
}
