//! Processes under load, and what the kernel says they use.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// `USER_HZ`, in which /proc counts processor time on Linux (`proc_pid_stat`).
const TICKS_PER_SECOND: u32 = 100;

/// A program in a process group of its own. Dropped, the group is killed.
pub(crate) struct Process(Child);

/// What a process and its descendants have used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Processor time, user and system, descendants that ended included.
    pub(crate) cpu: Duration,
    /// Resident memory, bytes. Pages that processes share count once for each.
    pub(crate) rss: u64,
    /// Most resident memory so far, bytes.
    pub(crate) peak_rss: u64,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0);
        if std::env::var_os("LOAD_STDERR").is_none() {
            command.stderr(Stdio::null());
        }
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        Self(child)
    }

    pub(crate) fn usage(&self) -> Usage {
        usage(self.0.id())
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // All of it may have ended by itself.
        let _ = Command::new("kill")
            .args(["-KILL", "--", &format!("-{}", self.0.id())])
            .stderr(Stdio::null())
            .status();
        let _ = self.0.wait();
    }
}

/// Processor time of this process: of the stand-ins and the load's own driver.
pub(crate) fn own_cpu() -> Duration {
    stat(std::process::id())
        .map(|stat| stat.cpu)
        .unwrap_or_default()
}

struct Stat {
    parent: u32,
    cpu: Duration,
}

/// `/proc/PID/stat`: the command's name can hold anything, so the fields are counted from its
/// closing bracket.
fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u32 = fields
        .get(11..15)?
        .iter()
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        cpu: Duration::from_secs(ticks.into()) / TICKS_PER_SECOND,
    })
}

/// A line of `/proc/PID/status` in bytes.
fn status_bytes(status: &str, name: &str) -> u64 {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .unwrap_or_default()
        * 1024
}

fn usage(root: u32) -> Usage {
    let mut family = vec![root];
    let processes: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, stat(pid)?.parent)))
        .collect();
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(
            processes
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    family.into_iter().fold(Usage::default(), |sum, pid| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        Usage {
            cpu: sum.cpu + stat(pid).map(|stat| stat.cpu).unwrap_or_default(),
            rss: sum.rss + status_bytes(&status, "VmRSS"),
            peak_rss: sum.peak_rss + status_bytes(&status, "VmHWM"),
        }
    })
}
