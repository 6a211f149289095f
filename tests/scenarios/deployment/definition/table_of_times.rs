//! The table of times says what is deployed, so that its relations hold there too.

use std::time::Duration;

use ecs_task_runner::{activity, times};
use serde_json::Value;
use stand_ins::sfn::interpreter::definition;

use super::super::templates::Template;
use super::{RUN_STATES, states};

fn seconds(value: &Value) -> Duration {
    Duration::from_secs(value.as_u64().unwrap())
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
        assert_eq!(run["TimeoutSecondsPath"], "$.timeoutSeconds");
        assert_eq!(seconds(&run["HeartbeatSeconds"]), times::HEARTBEAT_TIMEOUT);
    }
    assert_eq!(
        seconds(&states["UsualTimeLimit"]["Result"]),
        times::RUN_STATE_TIMEOUT
    );
    for name in RUN_STATES {
        let handed_over = &states[name]["Retry"][0];
        assert_eq!(handed_over["ErrorEquals"][0], activity::HANDED_OVER);
        let most = times::missed_heartbeats::HAND_OVERS;
        assert_eq!(handed_over["MaxAttempts"], most, "{name}");
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
    assert_eq!(
        states["TasksStillRunning"]["Choices"][0]["And"][1]["NumericLessThan"],
        times::rollback::MOST_CHECKS
    );
    assert_eq!(
        states["TasksStillRunning"]["Choices"][2]["And"][3]["NumericLessThan"],
        times::rollback::MOST_CHECKS_BEFORE_TASK
    );
    let functions = states.iter().filter(|(_, state)| {
        let resource = state["Resource"].as_str().unwrap_or_default();
        resource.ends_with(":lambda:invoke")
    });
    let mut invoked = 0;
    for (name, state) in functions {
        let expected = if name.starts_with("Count") {
            times::COUNT_STATE_TIMEOUT
        } else {
            times::FUNCTION_STATE_TIMEOUT
        };
        assert_eq!(seconds(&state["TimeoutSeconds"]), expected, "{name}");
        invoked += 1;
    }
    assert_eq!(
        invoked, 7,
        "Prepare, RespondStarted, StopTasks, RespondSuccess, RespondFailure, CountSuccess and CountFailure"
    );
}

#[test]
fn the_table_of_times_says_what_the_template_says() {
    let template = Template::task_runner();
    let functions = template.of_type("AWS::Lambda::Function");
    for (handler, timeout) in [
        ("start", times::START_TIMEOUT),
        ("prepare", times::PREPARE_TIMEOUT),
        ("hook", times::hook::HOOK_TIMEOUT),
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
        include_str!("../../../../infra/ecs-task-runner.service"),
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
