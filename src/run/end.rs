//! With which exit code the program ends.

use crate::explain::{Conclusion, RunResult};
use crate::task::error::ErrorName;
use crate::task::judgement::exit_code_named_in;

/// The run did not succeed, and no exit code of a container says more.
const FAILED: u8 = 1;
/// Exit codes that programs give themselves. From 126 on, shells and container runtimes say with
/// them that a command could not be run, or which signal ended it (POSIX, `2.8.2 Exit Status`);
/// a caller would take such a code for one about this program.
const OWN_EXIT_CODES: std::ops::RangeInclusive<i32> = 1..=125;

/// The exit code for the end of a run: 0 after success; the container's own, when a container that
/// counts has exited by itself with 1 to 125; 1 otherwise.
#[must_use]
pub fn exit_code(conclusion: &Conclusion) -> u8 {
    if conclusion.result == RunResult::Succeeded {
        return 0;
    }
    let is_exit = conclusion.error.as_deref() == Some(ErrorName::Failed.as_str());
    let reason = conclusion.reason.as_deref().filter(|_| is_exit);
    reason
        .and_then(exit_code_named_in)
        .filter(|code| OWN_EXIT_CODES.contains(code))
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: RunResult, error: &str, reason: &str) -> u8 {
        exit_code(&Conclusion {
            result,
            sentence: String::new(),
            error: Some(error.to_owned()),
            reason: Some(format!("{error}: {reason}")),
            advice: None,
        })
    }

    #[test]
    fn the_container_s_exit_code_is_passed_on_when_it_exited_by_itself() {
        for (error, reason, expected) in [
            (
                "EcsTask.Failed",
                "Container 'migrate' exited with code 3.",
                3,
            ),
            (
                "EcsTask.Failed",
                "Container 'a' exited with code 125 (the container runtime failed).",
                125,
            ),
            (
                "EcsTask.Failed",
                "Container 'a' exited with code 126 (the command was found but could not be executed).",
                1,
            ),
            (
                "EcsTask.Failed",
                "Container 'a' exited with code 137 (killed by SIGKILL).",
                1,
            ),
            ("EcsTask.Failed", "Container 'a' exited with code 255.", 1),
            ("EcsTask.Failed", "Container 'a' exited with code -1.", 1),
            (
                "EcsTask.Failed",
                "Container 'a' exited with code 0 (it ran out of memory and was killed).",
                1,
            ),
            (
                "EcsTask.Failed",
                "Container 'a' has no exit code.\nexited with code 7",
                1,
            ),
            (
                "EcsTask.Interrupted",
                "The task was stopped; container 'a' exited with code 3.",
                1,
            ),
            ("EcsTask.DeadlineExceeded", "The deadline passed.", 1),
            ("EcsTask.InvalidRequest", "Cluster is missing.", 1),
            ("States.Timeout", "", 1),
        ] {
            assert_eq!(code(RunResult::Failed, error, reason), expected, "{reason}");
        }
        assert_eq!(code(RunResult::Succeeded, "", ""), 0);
    }
}
