use serde_json::json;

use super::*;

fn event(event_type: &str) -> RecordedEvent {
    RecordedEvent {
        at: Timestamp::UNIX_EPOCH,
        event_type: event_type.to_owned(),
        state: None,
        input: None,
        resource: None,
        worker: None,
        error: None,
        cause: None,
        time_limit: None,
        heartbeat_limit: None,
    }
}

fn input() -> ExecutionInput {
    let task = json!({"cluster": "c", "taskDefinition": "t", "startedBy": "n", "clientToken": "x",
        "deadline": "2026-11-23T07:00:00Z"});
    serde_json::from_value(json!({"task": task})).unwrap()
}

fn ended(status: ExecutionStatus, error: &str, cause: &str) -> Execution {
    Execution {
        status,
        started: Timestamp::UNIX_EPOCH,
        stopped: Some(Timestamp::UNIX_EPOCH),
        input: String::new(),
        error: Some(error.to_owned()),
        cause: Some(cause.to_owned()),
    }
}

#[test]
fn only_a_whole_history_without_a_worker_shows_that_none_took_the_run() {
    for (history, shows) in [
        (
            &["ExecutionStarted", "ActivityScheduled", "ExecutionAborted"][..],
            true,
        ),
        (&["ExecutionStarted", "ExecutionTimedOut"], true),
        (&["ExecutionStarted", "ActivityScheduled"], false),
        (&["ActivityScheduled", "ExecutionAborted"], false),
        (
            &[
                "ExecutionStarted",
                "ActivityScheduled",
                "ActivityStarted",
                "ActivityFailed",
                "ActivityScheduled",
                "ExecutionAborted",
            ],
            false,
        ),
        (&[], false),
    ] {
        let events: Vec<_> = history.iter().copied().map(event).collect();
        let execution = ended(ExecutionStatus::Aborted, "Worker.NotClaimed", "");
        let why = why_nothing_started(&execution, Some(&input()), Some(&events));
        assert_eq!(why.is_some(), shows, "{history:?}");
    }
}

#[test]
fn an_error_shows_it_only_before_a_launch_and_of_one_task() {
    let several = ExecutionInput {
        task: crate::task::spec::TaskSpec {
            count: 2,
            ..input().task
        },
        ..input()
    };
    let one_worker: Vec<_> = ["ExecutionStarted", "ActivityStarted", "ActivityFailed"]
        .map(event)
        .into();
    for (error, cause, of, shows) in [
        ("EcsTask.NotStarted", "no capacity", &input(), true),
        ("EcsTask.NotStarted", "no capacity", &several, false),
        (
            "EcsTask.InvalidRequest",
            "no such task definition",
            &input(),
            true,
        ),
        (
            "EcsTask.AccessDenied",
            "not allowed: ecs:RunTask",
            &input(),
            true,
        ),
        (
            "EcsTask.AccessDenied",
            "The task was launched, but its end cannot be watched",
            &input(),
            false,
        ),
        ("EcsTask.Failed", "", &input(), false),
        ("EcsTask.Interrupted", "", &input(), false),
        ("EcsTask.DeadlineExceeded", "", &input(), false),
        ("Worker.Panicked", "", &input(), false),
        ("States.Runtime", "", &input(), false),
    ] {
        let why =
            |status| why_nothing_started(&ended(status, error, cause), Some(of), Some(&one_worker));
        assert_eq!(why(ExecutionStatus::Failed).is_some(), shows, "{error}");
        // The error of an execution that somebody stopped is that person's word.
        assert_eq!(why(ExecutionStatus::Aborted), None, "{error}");
        assert_eq!(why(ExecutionStatus::Succeeded), None, "{error}");
    }
}

/// The first worker may have launched the task and died. The second one is refused and cannot look.
#[test]
fn a_refused_launch_of_a_second_worker_shows_nothing() {
    let given = |event_type| RecordedEvent {
        resource: Some("invoke.waitForTaskToken".to_owned()),
        ..event(event_type)
    };
    let twice = [
        vec![
            event("ExecutionStarted"),
            event("ActivityStarted"),
            event("ActivityTimedOut"),
            event("ActivityStarted"),
            event("ActivityFailed"),
        ],
        vec![
            event("ExecutionStarted"),
            given("TaskScheduled"),
            given("TaskTimedOut"),
            given("TaskScheduled"),
            given("TaskFailed"),
        ],
        // The beginning is missing.
        vec![event("ActivityStarted"), event("ActivityFailed")],
    ];
    for error in ["EcsTask.InvalidRequest", "EcsTask.AccessDenied"] {
        let execution = ended(ExecutionStatus::Failed, error, "not allowed: ecs:RunTask");
        for events in &twice {
            let why = why_nothing_started(&execution, Some(&input()), Some(events));
            assert_eq!(why, None, "{error}: {events:?}");
        }
        assert_eq!(why_nothing_started(&execution, Some(&input()), None), None);
    }
}

#[test]
fn a_worker_may_launch_tasks_of_a_run_that_has_ended_without_its_answer() {
    let now = Timestamp::from_second(1_000).unwrap();
    for (status, error, ended_at, may_launch) in [
        (ExecutionStatus::Aborted, "", Some(990), true),
        (ExecutionStatus::TimedOut, "", Some(990), true),
        // The description may be older than the stop.
        (ExecutionStatus::Running, "", None, true),
        (ExecutionStatus::Aborted, "", Some(900), false),
        (ExecutionStatus::Failed, "EcsTask.Failed", Some(990), false),
        (ExecutionStatus::Failed, "States.Runtime", Some(990), true),
        (ExecutionStatus::Failed, "States.Runtime", Some(900), false),
        (ExecutionStatus::Succeeded, "", Some(990), false),
    ] {
        let execution = Execution {
            stopped: ended_at.map(|second| Timestamp::from_second(second).unwrap()),
            ..ended(status, error, "")
        };
        let run = EarlierRun::of(&execution, Some(&input()), now).unwrap();
        assert_eq!(run.may_launch_until.is_some(), may_launch, "{execution:?}");
        assert_eq!(EarlierRun::of(&execution, None, now), None);
    }
}
