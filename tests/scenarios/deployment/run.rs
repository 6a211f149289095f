//! `ecs-task-runner run` with the deployed programs on the emulator.

use std::process::Output;
use std::time::Duration;

use stand_ins::ecs::Script;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::account::{Account, PATIENCE, eventually};

/// Begins to run the task.
fn begin(account: &Account, arguments: &[&str]) -> JoinHandle<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-task-runner"));
    command
        .args([
            "run",
            "--cluster",
            "production",
            "--task-definition",
            "migrate",
        ])
        .args(arguments)
        .env_clear()
        .envs(account.aws.endpoints().variables());
    tokio::spawn(async move { command.output().await.unwrap() })
}

/// Exit code, standard output and standard error.
async fn ended(run: JoinHandle<Output>) -> (Option<i32>, String, String) {
    let ended = timeout(PATIENCE, run).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_started_on_the_deployed_task_runner_and_ends_as_its_container_does() {
    let account = Account::with_worker("run", 1.0).await;
    let ecs = account.aws.stand_ins().ecs();
    ecs.script(
        "migrate",
        Script::exits(0)
            .running(Duration::from_secs(1))
            .log(Duration::ZERO, "Applying todo.0001_initial... OK"),
    );
    let (code, stdout, stderr) =
        ended(begin(&account, &["--", "python3", "manage.py", "migrate"])).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(
        stdout.contains("\n  | Applying todo.0001_initial... OK\n"),
        "{stdout}"
    );
    assert!(stdout.contains("\n\nSucceeded, "), "{stdout}");
    ecs.script("migrate", Script::exits(3));
    let (code, stdout, stderr) = ended(begin(&account, &[])).await;
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    assert!(stderr.contains("EcsTask.Failed: "), "{stderr}");
}

/// Heartbeats count a twentieth here, so that the loss of the worker is noticed after 3 s.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_worker_is_killed_is_followed_to_its_success() {
    let mut account = Account::with_worker("run-killed", 0.05).await;
    let script = Script::exits(0)
        .running(Duration::from_secs(9))
        .log(Duration::from_secs(8), "the last line");
    account.aws.stand_ins().ecs().script("migrate", script);
    let run = begin(&account, &[]);
    eventually(async || (account.launched() == 1).then_some(())).await;
    account.workers[0].kill().unwrap();
    account.start_worker();
    let (code, stdout, stderr) = ended(run).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    for part in [
        "scheduled for another worker, attempt 2",
        "\n  | the last line\n",
        "\n\nSucceeded, ",
    ] {
        assert!(stdout.contains(part), "{part:?} is not in\n{stdout}");
    }
    assert_eq!(account.launched(), 1);
}
