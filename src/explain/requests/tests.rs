use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn event(second: i64, logical_id: &str, resource_type: &str, status: &str) -> StackEvent {
    StackEvent {
        at: at(second),
        is_of_stack: false,
        logical_id: logical_id.to_owned(),
        resource_type: resource_type.to_owned(),
        status: status.to_owned(),
        reason: status.ends_with("FAILED").then(|| "why".to_owned()),
    }
}

#[test]
fn requests_are_read_from_the_events_of_custom_resources() {
    let events = [
        event(
            1,
            "todobackend",
            "AWS::CloudFormation::Stack",
            "UPDATE_IN_PROGRESS",
        ),
        event(2, "A", "Custom::EcsTask", "UPDATE_IN_PROGRESS"),
        event(3, "Service", "AWS::ECS::Service", "UPDATE_IN_PROGRESS"),
        event(4, "A", "Custom::EcsTask", "UPDATE_FAILED"),
        event(5, "A", "Custom::EcsTask", "UPDATE_IN_PROGRESS"),
        event(6, "A", "Custom::EcsTask", "UPDATE_COMPLETE"),
        event(
            7,
            "B",
            "AWS::CloudFormation::CustomResource",
            "CREATE_IN_PROGRESS",
        ),
        event(
            8,
            "B",
            "AWS::CloudFormation::CustomResource",
            "CREATE_IN_PROGRESS",
        ),
        event(9, "C", "Custom::EcsTask", "CREATE_FAILED"),
        event(10, "C", "Custom::EcsTask", "DELETE_IN_PROGRESS"),
    ];
    let read: Vec<_> = requests(&events)
        .into_iter()
        .map(|request| {
            let end = request.end.map(|end| (end.at.as_second(), end.is_failure));
            let began = request.began.as_second();
            (request.logical_id, request.request_type, began, end)
        })
        .collect();
    let expected = [
        ("A", RequestType::Update, 2, Some((4, true))),
        ("A", RequestType::Update, 5, Some((6, false))),
        ("B", RequestType::Create, 7, None),
        ("C", RequestType::Create, 9, Some((9, true))),
        ("C", RequestType::Delete, 10, None),
    ];
    let expected = expected.map(|(id, kind, began, end)| (id.to_owned(), kind, began, end));
    assert_eq!(read, expected);
}

#[test]
fn a_request_without_an_execution_is_explained_with_what_to_do() {
    let request = |last: &str| {
        let events = [
            event(60, "A", "Custom::EcsTask", "CREATE_IN_PROGRESS"),
            event(102, "A", "Custom::EcsTask", last),
        ];
        let request = requests(&events).swap_remove(0);
        request.explain("todobackend", at(102))
    };
    let waiting = request("CREATE_IN_PROGRESS");
    assert_eq!(waiting.conclusion.result, RunResult::Running);
    let text = waiting.to_string();
    for part in [
        "Create of A (Custom::EcsTask) in stack todobackend\nTime       1970-01-01 00:01:00 UTC until now\n\n",
        "Running. CloudFormation has waited for 42 s, and no execution is to be seen yet",
        "dead-letter queue",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let refused = request("CREATE_FAILED");
    assert_eq!(refused.conclusion.result, RunResult::Failed);
    for part in [
        "Failed, and among the executions looked at none is to be seen",
        "another task runner's",
        "\n  why\nWhat to do: correct",
        "--task-runner",
    ] {
        assert!(
            refused.to_string().contains(part),
            "{part:?} is not in\n{refused}"
        );
    }
    let skipped = request("CREATE_COMPLETE");
    assert_eq!(skipped.conclusion.result, RunResult::Succeeded);
    let json = serde_json::to_value(&refused).unwrap();
    assert_eq!(json["verdict"]["reason"], "why");
    assert_eq!(json["request"]["logicalId"], "A");
}
