//! `ecs-task-runner run` for a person who waits: how soon things happen, and what a terminal shows
//! meanwhile.

use std::io::Read;
use std::time::Duration;

use nix::pty::openpty;
use stand_ins::ecs::Script;

use super::run::{Account, SECOND, TASK, assert_parts};
use crate::worlds::program::command;

/// The time that a person waits for nothing: with a task runner that is idle, a task is launched
/// within a second of the command, and the command ends within two of the container's exit.
#[tokio::test]
async fn a_task_is_launched_within_a_second_and_its_exit_reported_within_two() {
    let account = Account::new(Script::exits(0).running(3 * SECOND)).await;
    let clock = account.world().aws.clock();
    let began = clock.now();
    let ended = account.run(&[&TASK[..], &["--no-logs"]].concat()).await;
    let end = clock.now();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let launch = account.world().aws.calls().of("RunTask")[0].at;
    let until_launch = launch.saturating_sub(began);
    assert!(until_launch < SECOND, "launched after {until_launch:?}");
    // 50 ms until the containers start, by the script.
    let exited = launch + 3 * SECOND + Duration::from_millis(50);
    let until_end = end.saturating_sub(exited);
    assert!(until_end < 2 * SECOND, "ended {until_end:?} after the exit");
    println!("launched after {until_launch:?}, ended {until_end:?} after the exit");
}

/// On a terminal the last line says what the run does now; elsewhere nothing does.
#[tokio::test]
async fn a_terminal_shows_phase_and_elapsed_time() {
    for (term, is_shown) in [("xterm", true), ("dumb", false)] {
        let account = Account::new(Script::exits(0).running(4 * SECOND)).await;
        let terminal = openpty(None, None).unwrap();
        let arguments = [&["run", "--region", "us-east-1", "--no-logs"], &TASK[..]].concat();
        let mut command = command(Some(&account.served.url()), &arguments);
        let mut child = command
            .env("TERM", term)
            .env("AWS_ACCESS_KEY_ID", "PERSON")
            .stderr(terminal.slave)
            .spawn()
            .unwrap();
        drop(command);
        let read = tokio::task::spawn_blocking(move || {
            let mut written = Vec::new();
            // Linux ends a terminal that nobody writes to any more with an error.
            let _ = std::fs::File::from(terminal.master).read_to_end(&mut written);
            String::from_utf8(written).unwrap()
        });
        let written = read.await.unwrap();
        child.wait().unwrap();
        assert_eq!(!written.is_empty(), is_shown, "{written:?}");
        if is_shown {
            assert_parts(&written, &["the ECS task runs, ", " s\r\u{1b}[K"]);
            assert!(written.ends_with("\r\u{1b}[K"), "{written:?}");
        }
    }
}
