use jiff::Timestamp;

use super::super::requests::RequestEnd;
use super::*;
use crate::execution::status::ExecutionStatus;

const STACK: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An execution from one second to another, of a resource in a stack.
fn listed(
    stack: &str,
    logical_id: &str,
    word: &str,
    (from, to): (i64, i64),
    status: ExecutionStatus,
) -> ListedExecution {
    let name = format!("{}{word}-{from:012}", prefix_of_resource(stack, logical_id));
    ListedExecution {
        arn: format!("arn:aws:states:eu-west-1:123456789012:execution:ecs-task:{name}"),
        name,
        status,
        started: at(from),
        stopped: (status != ExecutionStatus::Running).then(|| at(to)),
    }
}

/// A request of an `Custom::EcsTask` called `A`.
fn request(from: i64, end: Option<(i64, bool)>) -> ResourceRequest {
    ResourceRequest {
        request_type: RequestType::Create,
        logical_id: "A".to_owned(),
        resource_type: RESOURCE_TYPE.to_owned(),
        began: at(from),
        end: end.map(|(to, is_failure)| RequestEnd {
            at: at(to),
            is_failure,
            reason: None,
        }),
    }
}

/// One execution in a table: resource, word, from and to, status.
type Row = (&'static str, &'static str, (i64, i64), ExecutionStatus);

fn chosen_of(
    logical_id: Option<&str>,
    rows: &[Row],
    requests: Vec<ResourceRequest>,
) -> (Choice, Vec<StackExecution>) {
    let runs = StackRuns::new(STACK, logical_id, &requests);
    let mut executions: Vec<_> = rows
        .iter()
        .filter_map(|&(id, word, time, status)| {
            runs.recognise(listed(STACK, id, word, time, status))
        })
        .collect();
    let choice = runs.choose(requests, &mut executions);
    (choice, executions)
}

/// The resource and the start of the execution that is chosen.
fn execution_of(logical_id: Option<&str>, rows: &[Row]) -> (String, i64) {
    let (choice, others) = chosen_of(logical_id, rows, Vec::new());
    let Choice::Execution(run) = choice else {
        panic!("{choice:?}")
    };
    assert!(!others.contains(&run));
    (run.logical_id, run.execution.started.as_second())
}

#[test]
fn the_executions_of_a_stack_are_known_by_their_names() {
    let long = "L".repeat(60);
    let runs = StackRuns::new(STACK, Some(&long), &[]);
    let status = ExecutionStatus::Succeeded;
    for (stack, logical_id, expected) in [
        (STACK, "MigrateTask", Some("MigrateTask")),
        (STACK, long.as_str(), Some(long.as_str())),
        // As long, and nobody has named it.
        (STACK, &"M".repeat(60), None),
        (
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/other/guid",
            "MigrateTask",
            None,
        ),
    ] {
        let run = runs.recognise(listed(stack, logical_id, "update", (1, 2), status));
        assert_eq!(run.as_ref().map(|run| run.logical_id.as_str()), expected);
        assert!(run.is_none_or(|run| run.request_type == RequestType::Update));
    }
    let mut foreign = listed(STACK, "MigrateTask", "create", (1, 2), status);
    foreign.name = "nightly".to_owned();
    assert_eq!(runs.recognise(foreign), None);
}

#[test]
fn what_runs_comes_before_what_failed_and_what_failed_before_what_is_over() {
    use ExecutionStatus::{Aborted, Failed, Running, Succeeded, TimedOut};
    for (why, rows, expected) in [
        (
            "the last one",
            &[
                ("A", "create", (1, 2), Succeeded),
                ("A", "update", (11, 12), Succeeded),
            ][..],
            ("A", 11),
        ),
        (
            "a Delete after a creation that failed only cleans up",
            &[
                ("A", "create", (1, 2), Failed),
                ("A", "delete", (5, 6), Succeeded),
            ],
            ("A", 1),
        ),
        (
            "a Delete of what had succeeded is the last one",
            &[
                ("A", "create", (1, 2), Succeeded),
                ("A", "delete", (5, 6), Succeeded),
            ],
            ("A", 5),
        ),
        (
            "what runs, also a Delete",
            &[
                ("A", "create", (1, 2), Failed),
                ("A", "delete", (5, 0), Running),
            ],
            ("A", 5),
        ),
        (
            "a failure is over when something succeeded later",
            &[
                ("A", "update", (1, 2), Failed),
                ("A", "update", (11, 12), Succeeded),
            ],
            ("A", 11),
        ),
        (
            "what began before the failure does not make it good",
            &[
                ("A", "update", (1, 9), TimedOut),
                ("B", "update", (2, 12), Succeeded),
            ],
            ("A", 1),
        ),
        (
            "the newest failure of several resources",
            &[
                ("A", "create", (1, 2), Failed),
                ("B", "create", (3, 4), Failed),
            ],
            ("B", 3),
        ),
        (
            "what was stopped since another one failed",
            &[
                ("A", "create", (1, 8), Failed),
                ("B", "create", (2, 9), Aborted),
                ("B", "delete", (9, 10), Succeeded),
            ],
            ("A", 1),
        ),
        (
            "what was stopped by itself",
            &[
                ("A", "create", (1, 2), Failed),
                ("B", "create", (5, 9), Aborted),
            ],
            ("B", 5),
        ),
    ] {
        let (logical_id, start) = execution_of(None, rows);
        assert_eq!((logical_id.as_str(), start), expected, "{why}");
    }
}

#[test]
fn only_the_resource_that_was_asked_for_is_looked_at() {
    use ExecutionStatus::{Failed, Succeeded};
    let rows = [
        ("A", "create", (1, 2), Succeeded),
        ("B", "create", (3, 4), Failed),
    ];
    assert_eq!(execution_of(Some("A"), &rows), ("A".to_owned(), 1));
    let (choice, others) = chosen_of(Some("C"), &rows, Vec::new());
    let resources = vec!["A".to_owned(), "B".to_owned()];
    assert_eq!(choice, Choice::Nothing { resources });
    assert!(others.is_empty());
}

#[test]
fn a_request_without_an_execution_is_chosen_while_cloudformation_waits_or_after_it_failed() {
    use ExecutionStatus::{Failed, Succeeded};
    let earlier = [("A", "create", (1, 2), Failed)];
    for (end, expects_request) in [
        (None, true),
        (Some((101, true)), true),
        (Some((101, false)), false),
    ] {
        let (choice, others) = chosen_of(None, &earlier, vec![request(100, end)]);
        assert_eq!(
            matches!(choice, Choice::Request(_)),
            expects_request,
            "{end:?}"
        );
        assert_eq!(others.len(), usize::from(expects_request));
    }
    // It was started for the request.
    let rows = [("A", "create", (100, 130), Succeeded)];
    for end in [None, Some((131, false))] {
        let (choice, _) = chosen_of(None, &rows, vec![request(100, end)]);
        assert!(matches!(choice, Choice::Execution(_)), "{choice:?}");
    }
    // The Delete that follows at once is another request, which nobody has handled.
    let delete = ResourceRequest {
        request_type: RequestType::Delete,
        ..request(102, None)
    };
    let rows = [("A", "create", (100, 101), Failed)];
    let requests = vec![request(100, Some((101, true))), delete.clone()];
    let (choice, _) = chosen_of(None, &rows, requests);
    assert_eq!(choice, Choice::Request(delete));
    // Nothing else is known of the resource.
    let (choice, _) = chosen_of(None, &[], vec![request(100, Some((101, false)))]);
    assert!(matches!(choice, Choice::Request(_)), "{choice:?}");
}

#[test]
fn other_custom_resources_have_no_executions_and_are_not_waited_for() {
    let other = || ResourceRequest {
        logical_id: "Certificate".to_owned(),
        resource_type: "Custom::Certificate".to_owned(),
        ..request(100, None)
    };
    let (choice, _) = chosen_of(None, &[], vec![other()]);
    let resources = Vec::new();
    assert_eq!(choice, Choice::Nothing { resources });
    let (choice, _) = chosen_of(Some("Certificate"), &[], vec![other()]);
    assert_eq!(choice, Choice::Request(other()));
}
