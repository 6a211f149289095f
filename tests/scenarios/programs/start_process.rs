//! The real `custom-resource` as the function `start`, with a configuration that cannot work.

use std::process::{Command, Stdio};

use stand_ins::arn;

use crate::worlds::program::Program;

/// Runs would be given to nobody, or to others than were meant.
#[tokio::test]
async fn it_does_not_start_with_workers_of_a_kind_that_it_does_not_know() {
    for wrong in ["lambda", "", "Fleet "] {
        let child = Command::new(env!("CARGO_BIN_EXE_custom-resource"))
            .env_clear()
            .env("_HANDLER", "start")
            .env("AWS_REGION", stand_ins::REGION)
            .env("AWS_ACCESS_KEY_ID", "start")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("STATE_MACHINE_ARN", arn("states", "stateMachine:ecs-task"))
            .env("WORKERS", wrong)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let ended = Program::of(child).ended().await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(
            ended.stderr.contains("WORKERS cannot be used")
                && ended
                    .stderr
                    .contains(&format!("workers are Fleet or Lambda, and not '{wrong}'")),
            "{ended:?}"
        );
    }
}
