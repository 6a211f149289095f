//! An explanation as text and as JSON.

use serde_json::json;

use super::claimed;
use super::histories::History;
use crate::execution::status::ExecutionStatus;

#[test]
fn a_long_timeline_is_shown_from_both_ends() {
    let mut history = History::of("Create");
    history.entered(0, "RunTask", &json!({}));
    for attempt in 0..1_000 {
        history
            .scheduled(attempt * 1_000)
            .claimed(attempt * 1_000, "i")
            .failed(attempt * 1_000 + 1, "Worker.HandedOver", "");
    }
    let explanation = history.explain(ExecutionStatus::Running);
    assert_eq!(explanation.steps.len(), 3_001);
    let text = explanation.to_string();
    assert!(
        text.lines().count() < 60 && text.contains("… ") && text.contains("2961 more steps"),
        "{text}"
    );
}

#[test]
fn the_json_form_has_times_and_seconds() {
    let mut history = History::of("Create");
    claimed(&mut history);
    let json = serde_json::to_value(history.explain_at(ExecutionStatus::Running, 61_400)).unwrap();
    assert_eq!(
        json["request"],
        json!({"requestType": "Create", "logicalId": "MigrateTask", "resourceType": "Custom::EcsTask", "stack": "todobackend"})
    );
    assert_eq!(
        json["steps"][2],
        json!({"at": "2026-11-23T06:00:01.4Z", "secondsSinceStart": 1.4, "event": "claimed", "worker": "i-0abc", "afterSeconds": 1.2})
    );
    assert_eq!(json["verdict"]["result"], "running");
    assert_eq!(json["ended"], json!(null));
}

#[test]
fn a_rollback_names_the_execution_that_it_rolls_back() {
    let update = "MigrateTask-1a2b3c4d-update-ba9876543210";
    let mut history = History::of("Update");
    history.roll_back(update);
    claimed(&mut history);
    let explanation = history.explain_at(ExecutionStatus::Running, 61_400);
    let text = explanation.to_string();
    let mut lines = text.lines().skip(1);
    assert!(lines.next().unwrap().starts_with("Execution  MigrateTask-"));
    assert_eq!(lines.next(), Some(&*format!("Rolls back {update}")));
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["rollbackOf"], update);

    // A name that somebody made up stays in its line.
    let mut history = History::of("Update");
    history.roll_back("a\nSucceeded.");
    let text = history.explain(ExecutionStatus::Running).to_string();
    assert!(!text.lines().any(|line| line == "Succeeded."), "{text}");

    let text = History::of("Update")
        .explain(ExecutionStatus::Running)
        .to_string();
    assert!(!text.contains("Rolls back"), "{text}");
}

#[test]
fn the_reference_shows_what_is_printed() {
    let cause =
        "Container 'migrate' exited with code 1 (task 4f1c2d3e of migrate:7, cluster production).
ECS says: Essential container in task exited
Last log lines of 'migrate':
  django.db.utils.OperationalError: (1045, \"Access denied for user 'todobackend'@'10.0.1.7'\")";
    let error = json!({"error": {"Error": "EcsTask.Failed", "Cause": cause}, "leftovers": {"running": 0, "executions": 0}});
    let mut history = History::of("Create");
    claimed(&mut history)
        .timed_out(64_900, "States.HeartbeatTimeout")
        .scheduled(65_900)
        .claimed(66_800, "i-0def")
        .failed(91_300, "EcsTask.Failed", cause)
        .entered(91_400, "StopTasks", &json!({}))
        .entered(92_000, "RespondFailure", &error)
        .invoked(92_400, "Succeeded")
        .ended(92_500, "Failed", "EcsTask.Failed", cause);
    let text = history.explain(ExecutionStatus::Failed).to_string();
    assert!(
        include_str!("../../../infra/properties.md").contains(&text),
        "not in infra/properties.md:\n{text}"
    );
}
