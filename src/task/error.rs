//! The names of the errors that a run can end with. They are a contract: the documentation lists
//! them, and users' alarms match on them. Errors of workers stand in [`crate::activity`],
//! those of Step Functions in [`crate::execution::error`].

use std::fmt;

/// The beginning of the cause of a run whose end could not be watched after its launch, whatever the
/// name of the error.
pub(crate) const LAUNCHED: &str = "The task was launched";

/// Why a run did not succeed. The worker sends the name to Step Functions, and `respond` sends it
/// to CloudFormation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorName {
    /// The properties or the input cannot be run as given.
    InvalidRequest,
    /// AWS denied a call; the cause names the action and the resource.
    AccessDenied,
    /// No container started, for example for lack of capacity, or because of the image pull, the
    /// network interface, secrets or a command that does not exist.
    NotStarted,
    /// A container that counts exited with a code that is not success, or ECS does not show whether
    /// its work was done.
    Failed,
    /// The task was stopped from outside (Spot, host, `StopTask`) after a container had started or
    /// may have started.
    Interrupted,
    /// The deadline passed, and the worker stopped the task.
    DeadlineExceeded,
}

impl ErrorName {
    /// Every error name, in the order of the documentation's table.
    pub const ALL: [Self; 6] = [
        Self::InvalidRequest,
        Self::AccessDenied,
        Self::NotStarted,
        Self::Failed,
        Self::Interrupted,
        Self::DeadlineExceeded,
    ];

    /// What the people on call can do about the error. A test compares it with the table in
    /// `infra/properties.md`.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::InvalidRequest => "correct the property that the Reason names",
            Self::AccessDenied => "allow the role the action that the Reason names",
            Self::NotStarted => {
                "check what the Reason says to check; where it does not say, see what ECS says. Capacity, rate limits and timeouts were retried before"
            }
            Self::Failed => "read the log lines",
            Self::Interrupted => "the work may be half done: look, then run it again",
            Self::DeadlineExceeded => {
                "find out what the task waits for, or raise the limit that the Reason names. Where it says that the work may be half done, look before you run it again"
            }
        }
    }

    /// The error of this name; `None` when no run ends with it.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.as_str() == name)
    }

    /// The name as the worker sends it in `SendTaskFailure`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "EcsTask.InvalidRequest",
            Self::AccessDenied => "EcsTask.AccessDenied",
            Self::NotStarted => "EcsTask.NotStarted",
            Self::Failed => "EcsTask.Failed",
            Self::Interrupted => "EcsTask.Interrupted",
            Self::DeadlineExceeded => "EcsTask.DeadlineExceeded",
        }
    }
}

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_found_by_its_name() {
        for error in ErrorName::ALL {
            assert_eq!(ErrorName::find(error.as_str()), Some(error));
            assert_eq!(error.to_string(), error.as_str());
        }
        assert_eq!(ErrorName::find("EcsTask.Unheard"), None);
    }

    #[test]
    fn the_documentation_lists_every_error_with_its_advice() {
        let documentation = include_str!("../../infra/properties.md").replace('`', "");
        for error in ErrorName::ALL {
            let row = documentation
                .lines()
                .find(|line| line.starts_with(&format!("| {error} |")));
            assert!(
                row.is_some_and(|row| row.ends_with(&format!("| {} |", error.advice()))),
                "{error}: {row:?}"
            );
        }
    }
}
