//! `respond`: one PUT, as the presigned URL wants it.

use serde_json::{Value, json};
use stand_ins::response_url::Reaction;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::worlds::events::properties;
use crate::worlds::functions::{LOGICAL_ID, STACK, World};
use crate::worlds::outputs::assert_all_outputs;

/// The event of a `Respond…` state.
fn answer(world: &World, status: &str, state: &Value) -> Value {
    let mut state = state.clone();
    state["request"] = world.event("Update", &properties());
    json!({"status": status, "state": state})
}

fn failed(world: &World, cause: &str) -> Value {
    answer(
        world,
        "FAILED",
        &json!({"error": {"Error": "EcsTask.Failed", "Cause": cause}}),
    )
}

#[tokio::test]
async fn a_success_carries_the_outputs() {
    let world = World::over_sockets().await;
    world
        .respond(&answer(
            &world,
            "SUCCESS",
            &json!({"output": {"TaskArn": "arn:task", "ExitCode": "0"}}),
        ))
        .await
        .unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(
        (&answer["Data"]["TaskArn"], &answer["Data"]["ExitCode"]),
        (&json!("arn:task"), &json!("0"))
    );
    assert_all_outputs(&answer);
    assert_eq!(answer["PhysicalResourceId"], "MigrateTask-1a2b3c4d");
}

#[tokio::test]
async fn a_delete_has_no_output_and_succeeds() {
    let world = World::over_sockets().await;
    let state = json!({"leftovers": {"running": 0, "checks": 1, "wait": false}, "error": {"Error": "States.Timeout"}});
    world
        .respond(&answer(&world, "SUCCESS", &state))
        .await
        .unwrap();
    assert_all_outputs(&world.answer());
}

#[tokio::test]
async fn a_failure_carries_the_reason() {
    let world = World::over_sockets().await;
    world
        .respond(&failed(&world, "Container 'migrate' exited with code 1."))
        .await
        .unwrap();
    let answer = world.answer();
    assert_eq!(answer["Status"], "FAILED");
    assert_eq!(
        answer["Reason"],
        "EcsTask.Failed: Container 'migrate' exited with code 1.\nMore: ecs-task-runner explain todobackend/MigrateTask"
    );
    assert!(answer.get("Data").is_none());
}

#[tokio::test]
async fn members_of_other_types_than_expected_keep_no_answer_back() {
    for (status, state, expected) in [
        (
            "FAILED",
            json!({"error": {"Error": "EcsTask.Failed", "Cause": null}}),
            "EcsTask.Failed: ",
        ),
        (
            "FAILED",
            json!({"error": {"Error": null, "Cause": "why"}}),
            "States.Unknown: why",
        ),
        (
            "FAILED",
            json!({"error": {"Error": "E", "Cause": {"a": 1}}}),
            "E: {\"a\":1}",
        ),
        (
            "FAILED",
            json!({"error": {"Cause": "why"}}),
            "States.Unknown: why",
        ),
        ("FAILED", json!({"error": "boom"}), "States.Unknown: "),
        (
            "FAILED",
            json!({"error": null, "output": [1], "leftovers": null}),
            "States.Unknown: ",
        ),
        (
            "FAILED",
            json!({"error": {"Error": "E", "Cause": "c"}, "leftovers": {"running": "2"}}),
            "E: c",
        ),
        (
            "FAILED",
            json!({"error": {"Error": "E", "Cause": "c"}, "leftovers": {"running": -1}}),
            "E: c",
        ),
        (
            "SUCCESS",
            json!({"output": {"ExitCode": 0, "TaskArn": null}}),
            "",
        ),
        (
            "SUCCESS",
            json!({"output": "done", "leftovers": [], "error": 1}),
            "",
        ),
        (
            "SUCCESS",
            json!({"output": null, "leftovers": {"running": null}}),
            "",
        ),
    ] {
        let world = World::over_sockets().await;
        world
            .respond(&answer(&world, status, &state))
            .await
            .unwrap();
        let answer = world.answer();
        assert_eq!(answer["Status"], status, "{state}");
        let reason = answer["Reason"].as_str().unwrap();
        assert!(reason.starts_with(expected), "{state}: {reason}");
        if status == "SUCCESS" {
            assert_all_outputs(&answer);
        }
    }
}

#[tokio::test]
async fn a_failure_without_an_error_is_still_a_failure() {
    let world = World::over_sockets().await;
    world
        .respond(&answer(&world, "FAILED", &json!({})))
        .await
        .unwrap();
    assert_eq!(world.answer()["Status"], "FAILED");
}

#[tokio::test]
async fn the_request_is_the_one_that_was_signed() {
    let world = World::over_sockets().await;
    world.respond(&failed(&world, "It failed.")).await.unwrap();
    let put = &world.urls.puts()[0];
    assert_eq!(put.method, "PUT");
    assert!(put.path.contains("X-Amz-Signature="), "{}", put.path);
    assert_eq!(
        put.headers["content-length"],
        put.body.len().to_string().as_str()
    );
    assert_eq!(
        put.headers
            .get("content-type")
            .map_or("", |value| value.to_str().unwrap()),
        ""
    );
    assert!(put.headers.get("transfer-encoding").is_none());
    assert!(put.headers.get("authorization").is_none());
}

#[tokio::test]
async fn an_answer_never_exceeds_what_cloudformation_takes() {
    let world = World::over_sockets().await;
    world
        .respond(&failed(
            &world,
            &format!("{}\nlast line", "ü\"\n".repeat(8_000)),
        ))
        .await
        .unwrap();
    let put = &world.urls.puts()[0];
    assert!(put.body.len() <= 4_096, "{} bytes", put.body.len());
    let end = "last line\nMore: ecs-task-runner explain todobackend/MigrateTask";
    assert!(world.reason().ends_with(end));
}

#[tokio::test]
async fn an_answer_that_did_not_get_through_is_sent_again() {
    let world = World::over_sockets().await;
    world.urls.react([
        Reaction::Status(500),
        Reaction::Cut,
        Reaction::Status(503),
        Reaction::Status(429),
    ]);
    world.respond(&failed(&world, "It failed.")).await.unwrap();
    let puts = world.urls.puts();
    assert_eq!(puts.len(), 5);
    assert!(puts.iter().all(|put| put.body == puts[0].body));
}

#[tokio::test]
async fn an_answer_that_is_refused_is_not_sent_again() {
    for status in [400, 403, 404, 301, 307] {
        let world = World::over_sockets().await;
        world.urls.react_always(Reaction::Status(status));
        let error = world
            .respond(&failed(&world, "It failed."))
            .await
            .unwrap_err();
        assert!(error.contains(&status.to_string()), "{error}");
        assert!(!error.contains("X-Amz"), "{error}");
        assert_eq!(world.urls.puts().len(), 1, "after {status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::over_sockets().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let sink = world.urls.url(STACK, LOGICAL_ID);
    let reply = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {sink}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
        let mut received = vec![0; 16_384];
        while stream.read(&mut received).await.unwrap() == received.len() {}
        stream.write_all(reply.as_bytes()).await.unwrap();
    });
    let mut event = failed(&world, "It failed.");
    event["state"]["request"]["ResponseURL"] = format!("{origin}/key").into();
    // Even an allowed origin must not send the answer on, to another one or to the same.
    let (sink_origin, _) = sink.split_once("/arn").unwrap();
    let responder = world.responder_to("respond", &format!("{origin},{sink_origin}"));
    let error = responder
        .respond(serde_json::from_value(event).unwrap())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("307"), "{error}");
    world.assert_no_answer();
}

#[tokio::test]
async fn an_error_on_the_way_does_not_show_the_url() {
    let world = World::over_sockets().await;
    let mut event = failed(&world, "It failed.");
    event["state"]["request"]["ResponseURL"] =
        "https://evil.example/key?X-Amz-Signature=abc".into();
    let error = world.respond(&event).await.unwrap_err();
    assert!(
        error.contains("evil.example") && !error.contains("X-Amz"),
        "{error}"
    );
}
