//! In front of another Step Functions endpoint whose histories name an activity's events as those of
//! other tasks, and do not say which worker was given the task.

use std::time::Duration;

use serde_json::json;
use stand_ins::sfn::Schedule;

use super::front::{NEVER, Setup};

#[tokio::test]
async fn a_history_says_which_worker_was_given_the_task_and_names_events_as_step_functions_does() {
    let setup = Setup::new().await;
    let machine = setup.behind.sfn().state_machine("run");
    let started = setup.client.start_execution();
    let started = started.state_machine_arn(machine).input("{}");
    let execution = started.send().await.unwrap().execution_arn;
    let activity = &setup.activity;
    let scheduled = json!({"resource": activity, "resourceType": "activity", "parameters": "{}", "timeoutInSeconds": 60});
    let event = json!({"type": "TaskScheduled", "taskScheduledEventDetails": scheduled});
    setup.behind.sfn().history_event(&execution, event);
    let input = json!({"execution": execution, "heartbeatSeconds": NEVER});
    let schedule = Schedule::once();
    setup.behind.sfn().schedule(activity, &input, schedule);
    let poll = setup.client.get_activity_task();
    let poll = poll.activity_arn(activity).worker_name("i-0abc").send();
    assert!(poll.await.unwrap().task_token().is_some());
    tokio::time::sleep(Duration::from_millis(5)).await;
    let lost = json!({"resource": activity, "error": "States.HeartbeatTimeout"});
    let event = json!({"type": "TaskFailed", "taskFailedEventDetails": lost});
    setup.behind.sfn().history_event(&execution, event);

    let history = setup.client.get_execution_history();
    let history = history.execution_arn(&execution).send().await.unwrap();
    let events = history.events();
    let kinds: Vec<_> = events.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "ExecutionStarted",
            "ActivityScheduled",
            "ActivityStarted",
            "ActivityTimedOut"
        ]
    );
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    let scheduled = events[1].activity_scheduled_event_details().unwrap();
    assert_eq!(scheduled.input(), Some("{}"));
    let started = events[2].activity_started_event_details().unwrap();
    assert_eq!(started.worker_name(), Some("i-0abc"));
    let lost = events[3].activity_timed_out_event_details().unwrap();
    assert_eq!(lost.error(), Some("States.HeartbeatTimeout"));
}
