//! The state machine's definition, held against the code and the limits it must keep to.

use std::collections::BTreeSet;
use std::time::Duration;

use ecs_task_runner::activity;
use ecs_task_runner::execution::history::{AFTER_ANSWER, RESPOND_FAILURE, RESPOND_SUCCESS};
use ecs_task_runner::task::error::ErrorName;
use ecs_task_runner::times;
use serde_json::{Map, Value, json};
use stand_ins::sfn::interpreter::definition;

use super::templates::Template;
use super::values;

/// Errors that Step Functions itself raises (`concepts-error-handling`).
const STATES_ERRORS: [&str; 3] = ["States.ALL", "States.HeartbeatTimeout", "States.Timeout"];
/// Faults of Lambda that pass (Step Functions guide, `bp-lambda-serviceexception`).
const LAMBDA_ERRORS: [&str; 5] = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
];
/// The states in which somebody works on the run: a worker of the fleet, or the function `work`.
const RUN_STATES: [&str; 2] = ["RunTask", "RunTaskOnLambda"];

fn states() -> Map<String, Value> {
    definition()["States"].as_object().unwrap().clone()
}

/// The states that a state may lead to.
fn targets(state: &Value) -> Vec<&str> {
    let next = values(state, "Next");
    next.into_iter()
        .chain(values(state, "Default"))
        .map(|target| target.as_str().unwrap())
        .collect()
}

fn seconds(value: &Value) -> Duration {
    Duration::from_secs(value.as_u64().unwrap())
}

#[test]
fn every_error_it_matches_on_exists() {
    let known: BTreeSet<&str> = ErrorName::ALL
        .iter()
        .map(|name| name.as_str())
        .chain([activity::HANDED_OVER])
        .chain(STATES_ERRORS)
        .chain(LAMBDA_ERRORS)
        .collect();
    let definition = definition();
    let matched = values(&definition, "ErrorEquals");
    assert!(!matched.is_empty());
    for name in matched.iter().flat_map(|list| list.as_array().unwrap()) {
        assert!(
            known.contains(name.as_str().unwrap()),
            "no code raises {name}"
        );
    }
}

#[test]
fn a_run_is_retried_for_lost_workers_and_for_nothing_else() {
    let states = states();
    let missed = ["States.HeartbeatTimeout", "States.Timeout"];
    for (name, further) in RUN_STATES.into_iter().zip([&missed[..], &LAMBDA_ERRORS]) {
        let retried: BTreeSet<&str> = states[name]["Retry"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|retry| retry["ErrorEquals"].as_array().unwrap())
            .map(|name| name.as_str().unwrap())
            .collect();
        let handed_over = [activity::HANDED_OVER];
        let expected = handed_over.iter().chain(further).copied().collect();
        assert_eq!(retried, expected, "{name}");
    }
}

#[test]
fn a_run_is_the_same_for_a_fleet_and_for_a_function() {
    let states = states();
    let [fleet, lambda] = RUN_STATES.map(|name| &states[name]);
    for member in ["HeartbeatSeconds", "TimeoutSeconds", "ResultPath", "Next"] {
        assert_eq!(fleet[member], lambda[member], "{member}");
    }
    assert_eq!(fleet["Retry"][0], lambda["Retry"][0]);
    let everything = |state: &Value| state["Catch"].as_array().unwrap().last().cloned();
    assert_eq!(everything(fleet), everything(lambda));
    let mut payload = lambda["Parameters"]["Payload"].clone();
    let token = payload.as_object_mut().unwrap().remove("taskToken.$");
    assert_eq!(token.unwrap(), "$$.Task.Token");
    assert_eq!(payload, fleet["Parameters"]);
    // What becomes of a token while a call waits for its function is not documented.
    assert_eq!(lambda["Parameters"]["InvocationType"], "Event");
    assert!(
        lambda["Resource"]
            .as_str()
            .unwrap()
            .ends_with(":lambda:invoke.waitForTaskToken")
    );
}

/// Only an invocation keeps the run's deadline, and there may be none.
#[test]
fn a_run_that_no_function_works_on_ends_after_its_deadline() {
    let states = states();
    let missed = &states["RunTaskOnLambda"]["Catch"][0];
    let errors = missed["ErrorEquals"].as_array().unwrap();
    for error in ["States.HeartbeatTimeout", "States.Timeout"]
        .into_iter()
        .chain(LAMBDA_ERRORS)
    {
        // That Lambda refuses the call for good, as without the right to it, has this name.
        let passes = error != "Lambda.AWSLambdaException";
        assert_eq!(errors.contains(&error.into()), passes, "{error}");
    }
    let check = &states[missed["Next"].as_str().unwrap()];
    assert_eq!(check["Default"], "RunTaskOnLambda");
    assert_eq!(
        check["Choices"],
        json!([{
            "Variable": "$$.State.EnteredTime",
            "TimestampGreaterThanPath": "$.task.deadline",
            "Next": "DeadlinePassed"
        }])
    );
    let passed = &states["DeadlinePassed"];
    assert_eq!(
        passed["Result"]["Error"],
        ErrorName::DeadlineExceeded.as_str()
    );
    assert_eq!(
        (&passed["ResultPath"], &passed["Next"]),
        (&json!("$.error"), &json!("StopTasks"))
    );
}

#[test]
fn the_fleet_works_on_runs_of_which_the_input_does_not_say_otherwise() {
    let workers = &states()["Workers"];
    assert_eq!(workers["Default"], "RunTask");
    let choice = &workers["Choices"][0];
    assert_eq!(choice["Next"], "RunTaskOnLambda");
    // A condition on a value that is not there ends the execution.
    assert_eq!(
        choice["And"],
        json!([
            {"Variable": "$.workers", "IsPresent": true},
            {"Variable": "$.workers", "StringEquals": "Lambda"}
        ])
    );
}

#[test]
fn every_task_state_catches_everything_and_every_branch_answers() {
    let states = states();
    for (name, state) in states.iter().filter(|(_, state)| state["Type"] == "Task") {
        let catches_all = state["Catch"].as_array().is_some_and(|catch| {
            catch
                .iter()
                .any(|one| one["ErrorEquals"][0] == "States.ALL")
        });
        assert!(catches_all, "{name} can fail without being caught");
    }
    // No way leads from a state that runs something to an end without passing an answer.
    for (name, state) in &states {
        for target in targets(state) {
            assert!(
                states.contains_key(target),
                "{name} leads to {target}, which does not exist"
            );
            let is_end = matches!(states[target]["Type"].as_str().unwrap(), "Succeed" | "Fail");
            assert!(
                !is_end || name.starts_with("Respond"),
                "{name} leads to {target} without an answer"
            );
        }
        assert_ne!(
            state["End"], true,
            "{name} ends the execution without an answer"
        );
    }
}

#[test]
fn the_worker_is_told_the_heartbeat_that_the_state_uses() {
    for name in RUN_STATES {
        let run = &states()[name];
        assert_eq!(
            values(&run["Parameters"], "heartbeatSeconds"),
            [&run["HeartbeatSeconds"]],
            "{name}"
        );
    }
}

#[test]
fn a_worker_never_sees_the_response_url() {
    let parameters = &states()["RunTask"]["Parameters"];
    let names: BTreeSet<&str> = parameters
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["execution.$", "heartbeatSeconds", "task.$"])
    );
}

/// The relations between the times hold at compile time (`src/times.rs`), as long as the table says
/// what is deployed.
#[test]
fn the_table_of_times_says_what_the_definition_says() {
    let definition = definition();
    let states = states();
    assert_eq!(
        seconds(&definition["TimeoutSeconds"]),
        times::EXECUTION_TIMEOUT
    );
    for name in RUN_STATES {
        let run = &states[name];
        assert_eq!(seconds(&run["TimeoutSeconds"]), times::RUN_STATE_TIMEOUT);
        assert_eq!(seconds(&run["HeartbeatSeconds"]), times::HEARTBEAT_TIMEOUT);
    }
    let missed = &states["RunTask"]["Retry"][1];
    assert_eq!(missed["ErrorEquals"][1], "States.Timeout");
    assert_eq!(
        seconds(&missed["IntervalSeconds"]),
        times::missed_heartbeats::INTERVAL
    );
    assert_eq!(missed["MaxAttempts"], times::missed_heartbeats::ATTEMPTS);
    assert_eq!(missed["BackoffRate"], 1);
    assert_eq!(
        seconds(&states["WaitForTasksToStop"]["Seconds"]),
        times::CHECK_PAUSE
    );
    let functions = states.iter().filter(|(_, state)| {
        let resource = state["Resource"].as_str().unwrap_or_default();
        resource.ends_with(":lambda:invoke")
    });
    let mut invoked = 0;
    for (name, state) in functions {
        let timeout = seconds(&state["TimeoutSeconds"]);
        assert_eq!(timeout, times::FUNCTION_STATE_TIMEOUT, "{name}");
        invoked += 1;
    }
    assert_eq!(invoked, 3, "StopTasks, RespondSuccess and RespondFailure");
}

#[test]
fn the_table_of_times_says_what_the_template_says() {
    let template = Template::task_runner();
    let functions = template.of_type("AWS::Lambda::Function");
    for (handler, timeout) in [
        ("start", times::START_TIMEOUT),
        ("stop", times::STOP_TIMEOUT),
        ("respond", times::RESPOND_TIMEOUT),
        ("rescue", times::RESCUE_TIMEOUT),
        ("work", times::work::WORK_TIMEOUT),
    ] {
        let of_handler = functions
            .iter()
            .find(|(_, function)| function["Handler"] == handler);
        let (name, function) = of_handler.unwrap();
        assert_eq!(function["Timeout"], timeout.as_secs().to_string(), "{name}");
    }
    let age = &template.properties("WorkRetries")["MaximumEventAgeInSeconds"];
    assert_eq!(*age, times::work::WORK_EVENT_AGE.as_secs().to_string());
    let interval = times::SWEEP_INTERVAL.as_secs() / 60;
    assert_eq!(interval, 1, "EventBridge counts in minutes");
    assert_eq!(
        template.properties("EveryMinute")["ScheduleExpression"],
        "rate(1 minute)"
    );
    let stop_timeout = times::UNIT_STOP_TIMEOUT.as_secs();
    let said = format!("TimeoutStopSec={stop_timeout}\n");
    for unit in [
        include_str!("../../../infra/ecs-task-runner.service"),
        Template::worker().text(),
    ] {
        assert!(unit.contains(&said), "no unit says {said}");
    }
    let service = Template::worker_service();
    let container = &service.properties("TaskDefinition")["ContainerDefinitions"][0];
    assert_eq!(container["StopTimeout"], stop_timeout.to_string());
}

#[test]
fn waiting_for_tasks_to_stop_is_bounded() {
    let states = states();
    let bound = states["TasksStillRunning"]["Choices"][0]["And"]
        .as_array()
        .unwrap()
        .iter()
        .find(|condition| condition["Variable"] == "$.leftovers.checks")
        .map(|condition| condition["NumericLessThan"].as_u64().unwrap())
        .unwrap();
    let wait = states["WaitForTasksToStop"]["Seconds"].as_u64().unwrap();
    // ECS lets a container have up to 120 s after SIGTERM (stopTimeout on Fargate).
    assert!((120..=180).contains(&(bound * wait)));
}

#[test]
fn the_states_by_which_rescue_tells_an_answer_are_there() {
    let states = states();
    for name in [RESPOND_SUCCESS, RESPOND_FAILURE] {
        assert_eq!(
            states[name]["Parameters"]["FunctionName"],
            "${RespondFunctionArn}"
        );
        assert_eq!(
            states[name]["Parameters"]["Payload"]["state.$"], "$",
            "the state's input is what the answer is made from"
        );
    }
    // What follows an answer follows nothing else, so that having been there proves the answer.
    for (name, state) in &states {
        let ends = targets(state)
            .iter()
            .any(|target| AFTER_ANSWER.contains(target));
        assert_eq!(
            ends,
            [RESPOND_SUCCESS, RESPOND_FAILURE].contains(&name.as_str()),
            "{name}"
        );
        let caught: Vec<_> = state["Catch"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|catch| catch["Next"].as_str().unwrap())
            .collect();
        assert!(
            caught.iter().all(|target| !AFTER_ANSWER.contains(target)),
            "{name}"
        );
    }
}

#[test]
fn the_template_gives_every_substitution_and_a_function_for_every_role() {
    let text = include_str!("../../../statemachine/ecs-task.asl.json");
    let template = Template::task_runner();
    let used: BTreeSet<&str> = text
        .split("${")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    let given: BTreeSet<&str> = template.properties("StateMachine")["DefinitionSubstitutions"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(given, used);
    let handlers: BTreeSet<&str> = template
        .of_type("AWS::Lambda::Function")
        .into_iter()
        .map(|(_, function)| function["Handler"].as_str().unwrap())
        .collect();
    assert_eq!(
        handlers,
        BTreeSet::from(["start", "respond", "stop", "rescue", "work"])
    );
}
