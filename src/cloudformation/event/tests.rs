use serde_json::json;

use super::*;

fn create() -> Value {
    json!({
        "RequestType": "Create",
        "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:start",
        "ResponseURL": "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/key?X-Amz-Signature=abc",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid",
        "RequestId": "2f2b6f2d",
        "LogicalResourceId": "MigrateTask",
        "ResourceType": "Custom::EcsTask",
        "ResourceProperties": {"Cluster": "todobackend", "TaskDefinition": "migrate:3"}
    })
}

#[test]
fn the_envelope_is_read_and_properties_are_left_as_they_are() {
    let event = Event::parse(create()).unwrap();
    assert_eq!(event.request.request_type, RequestType::Create);
    assert_eq!(event.request.logical_resource_id, "MigrateTask");
    assert_eq!(event.request.physical_resource_id, None);
    assert_eq!(event.resource_properties["TaskDefinition"], "migrate:3");
    assert_eq!(event.old_resource_properties, Value::Null);
}

#[test]
fn an_envelope_without_a_response_url_is_refused() {
    let mut event = create();
    event.as_object_mut().unwrap().remove("ResponseURL");
    let refused = Event::parse(event).unwrap_err().to_string();
    assert!(refused.contains("ResponseURL"), "{refused}");
}

#[test]
fn an_unknown_request_type_leaves_what_an_answer_needs() {
    let mut event = create();
    event["RequestType"] = json!("Import");
    let refused = Event::parse(event.clone()).unwrap_err();
    assert!(refused.to_string().contains("\"Import\""), "{refused}");
    let UnusableEvent::UnknownRequestType(_, read) = refused else {
        panic!("{refused}")
    };
    assert_eq!(read.request.logical_resource_id, "MigrateTask");
    event.as_object_mut().unwrap().remove("StackId");
    let refused = Event::parse(event).unwrap_err();
    assert!(matches!(refused, UnusableEvent::NotACustomResourceEvent(_)));
}

#[test]
fn properties_of_any_type_are_no_error() {
    let mut event = create();
    event["ResourceProperties"] = json!([1, 2]);
    assert!(Event::parse(event).is_ok());
}

#[test]
fn a_debug_print_hides_the_response_url() {
    let printed = format!("{:?}", Event::parse(create()).unwrap());
    assert!(!printed.contains("X-Amz-Signature"), "{printed}");
    assert!(printed.contains("ResponseUrl(hidden)"), "{printed}");
}
