//! `infra/verify` on the emulator: every check holds, a fault is named with its cause, and nothing is
//! left behind.

mod account;
mod checkout;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};

use account::{VerifiedAccount, ended};

#[tokio::test(flavor = "multi_thread")]
async fn every_check_holds_and_the_report_names_nothing_of_the_account() {
    let verified = VerifiedAccount::open("verify", 2).await;
    let report = verified.directory.file("report");
    let options = ["--replace-worker", "--report", report.to_str().unwrap()];
    let (status, said) = verified.verify(&options).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("All 9 checks hold."), "{said}");
    for seen in [
        "the same task to its end",
        "an update once more",
        "executionId of a hook that is called again: stays the same",
        "Lambda hooks of ROLLING deployments: are called, and the stack is in CREATE_COMPLETE",
        "how a worker was given up that had been cut off: ActivityTimedOut States.HeartbeatTimeout",
    ] {
        assert!(said.contains(seen), "{seen:?} is not in\n{said}");
    }
    verified.is_left_as_it_was().await;

    let report = std::fs::read_to_string(report).unwrap();
    for named in [
        "000000000000",
        "arn:",
        "http",
        "vpc-0",
        "subnet-0",
        "i-0",
        "verify-",
    ] {
        assert!(!report.contains(named), "{named} is in\n{report}");
    }
    assert!(report.contains("ok      replace-worker"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fleet_a_long_run_goes_from_one_invocation_to_the_next() {
    let verified = VerifiedAccount::without_fleet("verify-long").await;
    let (status, said) = verified.verify(&["--long", "--only", "long,success"]).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("one task, ") && said.contains("All 2 checks hold."),
        "{said}"
    );
    verified.is_left_as_it_was().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_may_not_answer_are_named() {
    let verified = VerifiedAccount::open("verify-answers", 1).await;
    verified.refuse(|action| action.starts_with("states:SendTask"));
    verified.without_patience();
    let (status, said) = verified.verify(&["--only", "success"]).await;
    assert_eq!(status, Some(1), "{said}");
    for part in [
        "FAILED  success",
        "Likely cause: the role of the workers lacks states:SendTask",
        "the statement SendOutcomes of WorkerPolicy in infra/task-runner.yaml",
        "deploy with '--parameter AnyTaskToken=true'",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    verified.is_left_as_it_was().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_not_there_are_named() {
    let verified = VerifiedAccount::open("verify-nobody", 0).await;
    verified.without_patience();
    let (status, said) = verified.verify(&["--only", "success,direct"]).await;
    assert_eq!(status, Some(1), "{said}");
    let cause = "Likely cause: no worker polls the activity of the stack ecs-task-runner. The fleet is the stack ecs-task-runner-workers";
    assert_eq!(said.matches(cause).count(), 2, "{said}");
    verified.is_left_as_it_was().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_may_not_read_logs_are_named() {
    let verified = VerifiedAccount::open("verify-logs", 1).await;
    verified.refuse(|action| action.starts_with("logs:"));
    let (status, said) = verified.verify(&["--only", "success,failure"]).await;
    assert_eq!(status, Some(1), "{said}");
    for part in [
        "ok      success",
        "FAILED  failure",
        "Likely cause: the role of the workers lacks logs:GetLogEvents",
        "TaskLogGroupArns (now '*') must allow the log group of the task",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    verified.is_left_as_it_was().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_it_and_may_not_is_named() {
    let verified = VerifiedAccount::open("verify-caller", 0).await;
    verified.refuse_caller("states:StartExecution");
    let (status, said) = verified.verify(&["--only", "direct"]).await;
    assert_eq!(status, Some(1), "{said}");
    for part in [
        "Likely cause: you lack states:StartExecution on arn:",
        "is in infra/policies/verify.json and infra/policies/use.json",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    assert!(!said.contains("the role of the workers"), "{said}");
    verified.is_left_as_it_was().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_worker_is_not_replaced() {
    let verified = VerifiedAccount::open("verify-only-worker", 1).await;
    let report = verified.directory.file("report");
    std::fs::write(&report, "of an earlier run").unwrap();
    let options = ["--replace-worker", "--report", report.to_str().unwrap()];
    let (status, said) = verified.verify(&options).await;
    assert_eq!(status, Some(69), "{said}");
    let kept = std::fs::read_to_string(report).unwrap();
    assert_eq!(kept, "of an earlier run");
    let problem = "Two instances in service in the group ecs-task-runner-workers-workers, for --replace-worker: it has 1.";
    assert!(said.contains(problem), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_that_ends_the_reader_of_its_output_leaves_nothing_behind() {
    let verified = VerifiedAccount::open("verify-tee", 1).await;
    let piped = r#"trap : INT; bash "$@" 2>&1 | tee; exit "${PIPESTATUS[0]}""#;
    let mut child = verified.begin_in(piped, &["--only", "failure,delete"]);
    let group = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.starts_with("ok ") {
            break;
        }
    }
    killpg(group, Signal::SIGINT).unwrap();
    let (status, said) = ended(child).await;
    assert_eq!(status, Some(130), "{said}");
    verified.is_left_as_it_was().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_before_and_after_the_checks_is_said_and_not_waited_for() {
    let verified = VerifiedAccount::open("verify-refused", 1).await;
    let roles = "arn:aws:iam::000000000000:role/mine-*";
    verified.plant("TaskRoleArns", &format!("echo '{roles}'; exit 0"));
    let (status, said) = verified.verify(&[]).await;
    assert_eq!(status, Some(69), "{said}");
    let own = "arn:aws:iam::000000000000:role/ecs-task-runner-verify-*";
    let lacking = format!(
        "TaskRoleArns is '{roles}' and lacks {own}. Deploy with --parameter 'TaskRoleArns={roles},{own}'."
    );
    assert!(said.contains(&lacking), "{said}");
    assert_eq!(said.matches(" and lacks ").count(), 1, "{said}");

    let report = verified.directory.file("report");
    verified.plant("create-stack", &refusal("CreateStack"));
    let options = ["--report", report.to_str().unwrap()];
    let (status, said) = verified.verify(&options).await;
    assert_eq!(status, Some(1), "{said}");
    let cause = "Likely cause: you lack cloudformation:CreateStack";
    assert!(said.contains("Nothing was made."), "{said}");
    assert!(said.contains(cause), "{said}");
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains(cause), "{report}");
    verified.is_left_as_it_was().await;

    verified.plant("delete-stack", &refusal("DeleteStack"));
    let (status, said) = verified.verify(&["--only", "direct"]).await;
    assert_eq!(status, Some(1), "{said}");
    for part in [
        "The check holds.",
        ": AWS refused: An error occurred (AccessDenied)",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

/// What the AWS CLI prints of a call that IAM refuses.
fn refusal(operation: &str) -> String {
    format!(
        "echo 'An error occurred (AccessDenied) when calling the {operation} operation: User: arn:aws:iam::000000000000:user/me is not authorized to perform: cloudformation:{operation}' >&2; exit 254"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_leaves_nothing_behind() {
    let verified = VerifiedAccount::open("verify-interrupted", 1).await;
    let report = verified.directory.file("report");
    let mut child = verified.begin(&[
        "--only",
        "failure,rollback,delete,direct",
        "--report",
        report.to_str().unwrap(),
    ]);
    let group = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Some checks have tasks that run, some have stacks that are being updated.
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.starts_with("ok ") {
            break;
        }
    }
    killpg(group, Signal::SIGINT).unwrap();
    let rest = tokio::spawn(async move {
        let mut rest = String::new();
        while let Ok(Some(line)) = lines.next_line().await {
            rest += &format!("{line}\n");
        }
        rest
    });
    let (status, errors) = ended(child).await;
    let said = rest.await.unwrap() + &errors;
    assert_eq!(status, Some(130), "{said}");
    assert!(said.contains("Removing the stacks\nRemoved."), "{said}");
    assert!(
        said.contains("Interrupted: deleting what was made"),
        "{said}"
    );
    let report = std::fs::read_to_string(report).unwrap();
    for tables in [said, report] {
        let rollback = tables
            .lines()
            .find(|line| line.starts_with("rollback "))
            .unwrap();
        assert!(rollback.contains(" not ended "), "{tables}");
    }
    verified.is_left_as_it_was().await;
}
