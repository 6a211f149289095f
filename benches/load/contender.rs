//! Who is put under load.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::account::Account;
use crate::process::Process;
use crate::subject;

/// Names a directory of commands that start other people's workers; `tests/load.md` says what they
/// are given.
const PEERS: &str = "LOAD_PEERS";

/// A program that serves the account's activity.
#[derive(Debug, Clone)]
pub(crate) enum Contender {
    /// The program as it ships.
    Worker { arguments: Vec<String> },
    /// A role of this program; see [`subject`].
    Subject(&'static str),
    /// Somebody else's.
    Peer(PathBuf),
}

impl Contender {
    /// The program as it ships, with flags beside the activity and the number of tasks.
    pub(crate) fn worker(arguments: &[&str]) -> Self {
        Self::Worker {
            arguments: arguments
                .iter()
                .map(|&argument| argument.to_owned())
                .collect(),
        }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Worker { .. } => "ecs-task-runner".to_owned(),
            Self::Subject(role) => (*role).to_owned(),
            Self::Peer(path) => path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        }
    }

    /// Starts it for `at_once` tasks at once.
    pub(crate) fn start(&self, account: &Account, at_once: u32, noop: bool) -> Process {
        let mut command = match self {
            Self::Worker { arguments } => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-task-runner"));
                command
                    .args(["worker", "--max-tasks", &at_once.to_string()])
                    .args(arguments);
                command
            }
            Self::Subject(role) => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args([subject::ROLE, role]);
                command
            }
            Self::Peer(path) => Command::new(path),
        };
        command
            .env("AWS_ENDPOINT_URL", account.url())
            .env("AWS_ACCESS_KEY_ID", "AKID")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", stand_ins::REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("ACTIVITY_ARN", &account.activity)
            .env("CONC", at_once.to_string())
            .env("POLL_MS", "1000")
            .env("HB", "20");
        if noop {
            command.env("NOOP", "1");
        }
        Process::start(command)
    }
}

/// The peers that are installed, by name.
pub(crate) fn peers() -> Vec<Contender> {
    let Some(directory) = std::env::var_os(PEERS) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{PEERS} names {}: {error}", directory.display()));
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.metadata().is_ok_and(|metadata| {
                metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
            })
        })
        .collect();
    paths.sort();
    paths.into_iter().map(Contender::Peer).collect()
}
