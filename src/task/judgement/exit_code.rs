//! Whether a container's exit code means success, and what it means in words.

use super::Criteria;
use crate::task::status::ContainerStatus;

/// An exit code above this means that the signal with the number code − 128 ended the process (a
/// POSIX shell convention that container runtimes keep).
const SIGNAL_BASE: i32 = 128;
/// The highest signal number of Linux.
const HIGHEST_SIGNAL: i32 = 64;

/// Whether the container exited with a code that means success. A container that ran out of memory
/// did not succeed, even with such a code.
pub(super) fn succeeded(container: &ContainerStatus, criteria: &Criteria) -> bool {
    container
        .own_exit_code()
        .is_some_and(|code| criteria.success_exit_codes.contains(&code))
        && !ran_out_of_memory(container)
}

/// Whether ECS's reason says that the container ran out of memory. The exit code does not show it:
/// it can be 0 or 137.
pub(super) fn ran_out_of_memory(container: &ContainerStatus) -> bool {
    container.reason.as_deref().is_some_and(|reason| {
        let reason = reason.to_ascii_lowercase();
        reason.contains("outofmemory")
            || reason.contains("out of memory")
            || reason.contains("oomkilled")
    })
}

/// Whether the code says that a signal ended the container.
pub(super) fn is_signal(code: i32) -> bool {
    (SIGNAL_BASE + 1..=SIGNAL_BASE + HIGHEST_SIGNAL).contains(&code)
}

/// How the container ended, in words that follow its name, as in "exited with code 127 (command not
/// found)".
pub(crate) fn describe(container: &ContainerStatus) -> String {
    let Some(code) = container.exit_code else {
        return if ran_out_of_memory(container) {
            "ran out of memory and was killed; raise the task's or the container's memory"
                .to_owned()
        } else {
            "has no exit code, so nobody can say whether its work was done".to_owned()
        };
    };
    if ran_out_of_memory(container) {
        return format!(
            "exited with code {code} (it ran out of memory and was killed; raise the task's or the container's memory)"
        );
    }
    match meaning(code) {
        Some(meaning) => format!("exited with code {code} ({meaning})"),
        None => format!("exited with code {code}"),
    }
}

/// The exit code that the first line of a Reason names, in the words of [`describe`].
pub(crate) fn named_in(reason: &str) -> Option<i32> {
    let line = reason.lines().next()?;
    let (_, rest) = line.split_once("exited with code ")?;
    let is_part = |c: char| c.is_ascii_digit() || c == '-';
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// What an exit code means by convention; `None` for codes whose meaning is the program's own.
fn meaning(code: i32) -> Option<String> {
    let known = match code {
        125 => "the container runtime failed",
        126 => "the command was found but could not be executed",
        127 => "command not found",
        130 => "interrupted by SIGINT",
        134 => "aborted, SIGABRT",
        137 => "killed by SIGKILL: it did not stop in time, or the host ran out of memory",
        139 => "segmentation fault, SIGSEGV",
        143 => "ended by SIGTERM",
        code if is_signal(code) => return Some(format!("ended by signal {}", code - SIGNAL_BASE)),
        _ => return None,
    };
    Some(known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(code: i32, reason: Option<&str>) -> ContainerStatus {
        ContainerStatus {
            name: "migrate".to_owned(),
            exit_code: Some(code),
            reason: reason.map(str::to_owned),
            running: false,
            stopped: true,
            created: true,
            runtime_id: None,
        }
    }

    #[test]
    fn an_exit_code_is_explained_by_its_convention_or_by_the_reason() {
        for (code, reason, expected) in [
            (1, None, "exited with code 1"),
            (
                125,
                None,
                "exited with code 125 (the container runtime failed)",
            ),
            (
                126,
                None,
                "exited with code 126 (the command was found but could not be executed)",
            ),
            (128, None, "exited with code 128"),
            (130, None, "exited with code 130 (interrupted by SIGINT)"),
            (134, None, "exited with code 134 (aborted, SIGABRT)"),
            (143, None, "exited with code 143 (ended by SIGTERM)"),
            (192, None, "exited with code 192 (ended by signal 64)"),
            (193, None, "exited with code 193"),
            (127, None, "exited with code 127 (command not found)"),
            (
                139,
                None,
                "exited with code 139 (segmentation fault, SIGSEGV)",
            ),
            (
                137,
                None,
                "exited with code 137 (killed by SIGKILL: it did not stop in time, or the host ran out of memory)",
            ),
            (131, None, "exited with code 131 (ended by signal 3)"),
            (-1, None, "exited with code -1"),
            (255, None, "exited with code 255"),
            (
                137,
                Some("OutOfMemoryError: Container killed due to memory usage"),
                "exited with code 137 (it ran out of memory and was killed; raise the task's or the container's memory)",
            ),
        ] {
            assert_eq!(
                describe(&exited(code, reason)),
                expected,
                "{code} {reason:?}"
            );
            let reason = format!("EcsTask.Failed: Container 'migrate' {expected}.\nLog:");
            assert_eq!(named_in(&reason), Some(code), "{reason}");
        }
        let later = "EcsTask.Failed: Container 'a' has no exit code.\nit exited with code 3";
        assert_eq!(named_in(later), None);
    }

    #[test]
    fn ecs_has_several_words_for_running_out_of_memory() {
        for reason in [
            "OutOfMemoryError: Container killed due to memory usage",
            "container ran out of memory",
            "OOMKilled",
        ] {
            let container = ContainerStatus {
                exit_code: None,
                ..exited(0, Some(reason))
            };
            assert_eq!(
                describe(&container),
                "ran out of memory and was killed; raise the task's or the container's memory"
            );
        }
    }
}
