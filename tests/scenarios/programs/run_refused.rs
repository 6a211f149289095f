//! `ecs-task-runner run` where calls are refused: nothing is left running that nobody knows of.

use stand_ins::AwsError;
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};

use super::run::{Account, SECOND, TASK, assert_parts};

#[tokio::test]
async fn without_the_rights_to_start_or_follow_a_run_nothing_is_started() {
    let account = Account::new(Script::exits(0)).await;
    for (service, operation, action) in [
        (
            Service::CloudFormation,
            "DescribeStacks",
            "cloudformation:DescribeStacks",
        ),
        (Service::Sfn, "StartExecution", "states:StartExecution"),
        (
            Service::Sfn,
            "DescribeExecution",
            "states:DescribeExecution",
        ),
        (
            Service::Sfn,
            "GetExecutionHistory",
            "states:GetExecutionHistory",
        ),
    ] {
        let faults = account.world().aws.faults();
        let denied = faults.inject_for(
            "PERSON",
            service,
            operation,
            Span::Forever,
            Fault::AccessDenied,
        );
        let ended = account.run(&TASK).await;
        assert_eq!(
            (ended.status.code(), ended.stdout.as_str()),
            (Some(1), ""),
            "{ended:?}"
        );
        let missing = format!("use credentials that are allowed {action}");
        assert_parts(
            &ended.stderr,
            &[&format!("{action} on "), " was denied", &missing],
        );
        denied.lift();
    }
    assert!(account.world().aws.sfn().executions().is_empty());
}

#[tokio::test]
async fn expired_credentials_end_the_following_and_not_the_run() {
    let account = Account::new(Script::exits(0).running(4 * SECOND)).await;
    let program = account.begin(&TASK);
    program.logs("claimed by worker").await;
    let expired = AwsError::new(
        "ExpiredTokenException",
        "The security token included in the request is expired",
    );
    let faults = account.world().aws.faults();
    let fault = Fault::Error(expired);
    let _expired = faults.inject_for(
        "PERSON",
        Service::Sfn,
        "GetExecutionHistory",
        Span::Forever,
        fault,
    );
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(75), "{ended:?}");
    let arn = account.execution();
    assert_parts(
        &ended.stderr,
        &[
            "states:GetExecutionHistory on ",
            "ExpiredTokenException",
            &format!(
                "The run goes on: {arn}. To follow it: ecs-task-runner explain --follow {arn}\n"
            ),
        ],
    );
    let execution = &account.world().aws.sfn().executions()[0];
    assert!(execution.ended.is_none(), "{execution:?}");
}

#[tokio::test]
async fn credentials_that_were_renewed_meanwhile_are_taken() {
    let account = Account::new(Script::exits(0).running(4 * SECOND)).await;
    let program = account.begin(&TASK);
    program.logs("claimed by worker").await;
    let expired = AwsError::new(
        "ExpiredTokenException",
        "The security token included in the request is expired",
    );
    let faults = account.world().aws.faults();
    let fault = Fault::Error(expired);
    faults.inject_for(
        "PERSON",
        Service::Sfn,
        "GetExecutionHistory",
        Span::Next(1),
        fault,
    );
    let ended = program.ended().await;
    assert_eq!(
        (ended.status.code(), ended.stderr.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
}

/// The name is the same, so that a start whose answer was lost is repeated without a second run.
#[tokio::test]
async fn a_start_whose_answer_is_lost_is_one_run() {
    let account = Account::new(Script::exits(0)).await;
    let faults = account.world().aws.faults();
    faults.inject_for(
        "PERSON",
        Service::Sfn,
        "StartExecution",
        Span::Next(1),
        Fault::CutAfter,
    );
    let ended = account.run(&TASK).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(account.launched(), 1);
}
