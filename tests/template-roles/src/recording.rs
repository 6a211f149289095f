//! What programs were seen to call: written by every test program, read by the comparison, which
//! the same `cargo test` runs last.
//!
//! Recordings of another run must not count: a call that no program makes any more would still be
//! found.
//! A run is the cargo process that started the test programs.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use stand_ins::Authorization;

/// Where recordings are kept: one place for every program of a run, whatever its working directory,
/// which cargo sets to the package's, and whoever made the target directory.
const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tmp/calls");

/// Recordings of runs that did not come to their comparison are removed after this time.
const KEPT_FOR: Duration = Duration::from_hours(24);

/// One kind of call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// The access key id.
    pub program: String,
    /// As in `ecs:RunTask`.
    pub action: String,
    /// An ARN, with `*` for the identifiers that differ from call to call.
    pub resource: String,
    /// The condition keys with their values.
    pub context: String,
    /// What of the role's policies allowed it; nothing if it was refused.
    pub parts: Vec<String>,
    /// The test that was the first to make it.
    pub test: String,
}

/// What a call is known by: the same for calls that differ in nothing but identifiers.
pub(crate) fn kind(program: &str, asked: &Authorization) -> String {
    let mut kind = [program, &asked.action, &general(&asked.resource), ""].join("\t");
    for (index, (key, value)) in asked.context.iter().enumerate() {
        if index > 0 {
            kind.push(' ');
        }
        kind.extend([key, "=", value]);
    }
    kind
}

/// Notes a kind of call, once.
pub(crate) fn note(kind: &str, parts: &[String], test: &str) {
    static NOTED: OnceLock<Mutex<HashSet<String>>> = OnceLock::new();
    let line = [kind, &parts.join("|")].join("\t");
    let mut noted = NOTED
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if noted.contains(&line) {
        return;
    }
    let directory = directory_of_this_run();
    let written = fs::create_dir_all(&directory).and_then(|()| {
        let file = directory.join(format!("{}.tsv", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)?;
        file.write_all(format!("{line}\t{test}\n").as_bytes())
    });
    written.unwrap_or_else(|error| {
        panic!(
            "The recording of calls in {} could not be written: {error}",
            directory.display()
        )
    });
    noted.insert(line);
}

/// All that was seen in this run, in order, each kind once.
///
/// # Panics
/// When a recording cannot be read.
#[must_use]
pub fn of_this_run() -> Vec<Seen> {
    let directory = directory_of_this_run();
    remove_old(&directory);
    let mut seen = Vec::new();
    for file in fs::read_dir(&directory).into_iter().flatten() {
        let text = file
            .and_then(|file| fs::read_to_string(file.path()))
            .expect("a recording can be read");
        seen.extend(text.lines().map(read));
    }
    seen.sort();
    seen.dedup_by(|one, other| {
        one.parts == other.parts
            && (&one.program, &one.action, &one.resource, &one.context)
                == (
                    &other.program,
                    &other.action,
                    &other.resource,
                    &other.context,
                )
    });
    seen
}

fn read(line: &str) -> Seen {
    let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
    let [program, action, resource, context, parts, test] =
        fields.try_into().expect("a line has six fields");
    let parts = parts
        .split('|')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    Seen {
        program,
        action,
        resource,
        context,
        parts,
        test,
    }
}

/// Task ids, executions, log streams and stack ids are other ones in every test.
fn general(resource: &str) -> String {
    let kept = if [
        ":task/",
        ":stack/",
        ":service-deployment/",
        ":service-revision/",
    ]
    .iter()
    .any(|kind| resource.contains(kind))
    {
        resource.rfind('/')
    } else if resource.contains(":execution:") {
        resource.rfind(':')
    } else {
        resource
            .find(":log-stream:")
            .map(|at| at + ":log-stream".len())
    };
    kept.map_or_else(
        || resource.to_owned(),
        |at| format!("{}*", &resource[..=at]),
    )
}

fn directory_of_this_run() -> PathBuf {
    let parent = std::os::unix::process::parent_id();
    Path::new(RECORDINGS).join(format!("{parent}-{}", started(parent).unwrap_or_default()))
}

/// When a process was started, in the kernel's ticks (the manual page `proc_pid_stat`): process ids
/// come again, in containers soon. Where there is no `/proc`, the process id has to do.
fn started(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything; the start is
    // the 22nd.
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(19).map(str::to_owned)
}

/// What cannot be removed is left for the next time.
fn remove_old(kept: &Path) {
    for entry in fs::read_dir(RECORDINGS)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path() != kept)
    {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        if modified.is_ok_and(|at| {
            SystemTime::now()
                .duration_since(at)
                .is_ok_and(|age| age > KEPT_FOR)
        }) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
