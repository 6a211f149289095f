//! `ecs-task-runner run` that a signal ends: a cancelled job, Ctrl-C, a terminal that is closed.

use nix::sys::signal::Signal;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;

use super::run::{Account, SECOND, TASK, assert_parts};

#[tokio::test]
async fn every_signal_stops_the_run_and_it_is_said_what_became_of_the_task() {
    for (signal, name, code) in [
        (Signal::SIGINT, "SIGINT", 130),
        (Signal::SIGTERM, "SIGTERM", 143),
        (Signal::SIGHUP, "SIGHUP", 129),
    ] {
        let account = Account::new(Script::runs_forever()).await;
        let program = account.begin(&TASK);
        program.logs("claimed by worker").await;
        account.container_started().await;
        let clock = account.world().aws.clock();
        let signalled = clock.now();
        program.signal(signal);
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        let stopped = &account.world().aws.calls().of("StopExecution")[0];
        let until_stopped = stopped.at.saturating_sub(signalled);
        assert!(until_stopped < SECOND, "{until_stopped:?}");
        let execution = &account.world().aws.sfn().executions()[0];
        let Some((_, ExecutionEnd::Aborted { error, cause })) = &execution.ended else {
            panic!("{execution:?}")
        };
        assert_eq!(error.as_deref(), Some("EcsTask.Interrupted"));
        assert!(cause.as_ref().unwrap().contains(name), "{cause:?}");
        assert_parts(&ended.stdout, &["execution stopped: EcsTask.Interrupted"]);
        assert_parts(
            &ended.stderr,
            &[
                &format!("received {name}: the run was stopped"),
                " has stopped: container 'migrate' exited with code 143 (ended by SIGTERM); its work may be half done.\n",
                "More: ecs-task-runner explain arn:",
            ],
        );
    }
}

/// Its last log lines are still read.
#[tokio::test]
async fn a_signal_after_the_run_has_succeeded_changes_nothing() {
    let account = Account::new(Script::exits(0)).await;
    let program = account.begin(&TASK);
    program.logs("worker reported success").await;
    // The program looks twice a second, and sees the execution's end half a second later at the latest.
    // It reads the log for two seconds after that.
    tokio::time::sleep(SECOND).await;
    program.signal(Signal::SIGINT);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
    assert!(account.world().aws.calls().of("StopExecution").is_empty());
}

#[tokio::test]
async fn a_run_that_no_worker_has_taken_leaves_nothing() {
    let account = Account::without_worker(Script::exits(0)).await;
    let program = account.begin(&TASK);
    program.logs("scheduled for a worker").await;
    program.signal(Signal::SIGINT);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert_parts(&ended.stderr, &["ECS shows no task of the run.\n"]);
    assert_eq!(account.launched(), 0);
}

/// Step Functions has begun the execution, and its answer is slow.
#[tokio::test]
async fn a_signal_before_the_start_is_answered_stops_the_run_by_its_name() {
    let account = Account::new(Script::runs_forever()).await;
    let faults = account.world().aws.faults();
    // Each try begins the execution, and none is answered.
    let unanswered = faults.inject_for(
        "PERSON",
        Service::Sfn,
        "StartExecution",
        Span::Forever,
        Fault::CutAfter,
    );
    let program = account.begin(&TASK);
    account.container_started().await;
    let signalled = account.world().aws.clock().now();
    program.signal(Signal::SIGTERM);
    let ended = program.ended().await;
    assert!(unanswered.struck() > 0);
    assert_eq!(ended.status.code(), Some(143), "{ended:?}");
    let stopped = &account.world().aws.calls().of("StopExecution")[0];
    assert!(stopped.at.saturating_sub(signalled) < SECOND, "{stopped:?}");
    assert_parts(
        &ended.stderr,
        &["received SIGTERM: the run was stopped", " has stopped: "],
    );
}

#[tokio::test]
async fn a_signal_before_a_start_that_does_not_arrive_says_that_nothing_runs() {
    let account = Account::new(Script::runs_forever()).await;
    let faults = account.world().aws.faults();
    faults.inject_for(
        "PERSON",
        Service::Sfn,
        "StartExecution",
        Span::Forever,
        Fault::CutBefore,
    );
    let program = account.begin(&TASK);
    account.world().aws.calls().ended("StartExecution", 1).await;
    program.signal(Signal::SIGINT);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert_parts(
        &ended.stderr,
        &[
            "received SIGINT before Step Functions had answered the start. It knows no execution of that name",
            "More: ecs-task-runner explain arn:",
        ],
    );
    assert_eq!(account.launched(), 0);
}

#[tokio::test]
async fn a_second_signal_leaves_at_once() {
    let account = Account::new(Script::runs_forever()).await;
    let program = account.begin(&TASK);
    program.logs("claimed by worker").await;
    let faults = account.world().aws.faults();
    // What would be waited for never comes.
    faults.inject_for(
        "PERSON",
        Service::Ecs,
        "ListTasks",
        Span::Forever,
        Fault::Throttle,
    );
    program.signal(Signal::SIGINT);
    account.world().aws.calls().ended("StopExecution", 1).await;
    program.signal(Signal::SIGTERM);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(143), "{ended:?}");
}

#[tokio::test]
async fn a_run_that_cannot_be_stopped_is_said_to_go_on() {
    let account = Account::new(Script::runs_forever()).await;
    let program = account.begin(&TASK);
    program.logs("claimed by worker").await;
    let faults = account.world().aws.faults();
    faults.inject_for(
        "PERSON",
        Service::Sfn,
        "StopExecution",
        Span::Forever,
        Fault::AccessDenied,
    );
    program.signal(Signal::SIGTERM);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(143), "{ended:?}");
    assert_parts(
        &ended.stderr,
        &[
            "the run could not be stopped: states:StopExecution on ",
            "The run goes on: arn:",
        ],
    );
}

#[tokio::test]
async fn without_rights_to_ecs_it_is_said_who_stops_the_task() {
    let account = Account::new(Script::runs_forever()).await;
    let faults = account.world().aws.faults();
    faults.inject_for(
        "PERSON",
        Service::Ecs,
        "ListTasks",
        Span::Forever,
        Fault::AccessDenied,
    );
    let program = account.begin(&TASK);
    program.logs("claimed by worker").await;
    account.world().aws.calls().ended("RunTask", 1).await;
    program.signal(Signal::SIGINT);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert_parts(
        &ended.stderr,
        &["The function rescue stops it within two minutes."],
    );
}
