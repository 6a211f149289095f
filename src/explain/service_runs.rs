//! The executions that the lifecycle hook of a service's deployments has started: which of a state
//! machine's executions they are, and which one a person means who asks about the service.

use std::cmp::Reverse;

use super::choice::{Candidate, Place, chosen};
use super::target::ServiceTarget;
use crate::execution::hook::{hook_prefix, is_of_service_named};
use crate::execution::status::ListedExecution;

/// The runs of a service's deployments, which it recognises by their names.
#[derive(Debug, Clone)]
pub enum ServiceRuns {
    /// Of one service: what the names begin with.
    OfOne(String),
    /// Of all services that are called so.
    OfName(String),
}

impl ServiceRuns {
    /// Of this service; without its ARN, of all services of its name.
    #[must_use]
    pub fn of(target: &ServiceTarget) -> Self {
        match &target.arn {
            Some(arn) => Self::OfOne(hook_prefix(arn)),
            None => Self::OfName(target.name.clone()),
        }
    }

    /// Whether an execution is the service's.
    #[must_use]
    pub fn recognise(&self, execution: &ListedExecution) -> bool {
        match self {
            Self::OfOne(prefix) => execution.name.starts_with(prefix),
            Self::OfName(service) => is_of_service_named(service, &execution.name),
        }
    }

    /// Takes the execution that matters most out of the list, and sorts the others, newest first.
    #[must_use]
    pub fn choose(executions: &mut Vec<ListedExecution>) -> Option<ListedExecution> {
        executions.sort_by_key(|execution| Reverse(execution.started));
        let candidates: Vec<_> = executions
            .iter()
            .enumerate()
            .map(|(index, execution)| Candidate::of_execution(index, execution, false))
            .collect();
        match chosen(&candidates)?.place {
            Place::Execution(index) => Some(executions.remove(index)),
            Place::Request(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::execution::status::ExecutionStatus;

    const SERVICE: &str = "arn:aws:ecs:eu-west-1:123456789012:service/production/web";

    fn run(name: &str, started: i64, status: ExecutionStatus) -> ListedExecution {
        let at = |second| Timestamp::from_second(second).unwrap();
        ListedExecution {
            arn: format!("arn:aws:states:eu-west-1:123456789012:execution:task-runner:{name}"),
            name: name.to_owned(),
            status,
            started: at(started),
            stopped: (status != ExecutionStatus::Running).then(|| at(started + 10)),
        }
    }

    fn target(name: &str, arn: Option<&str>) -> ServiceTarget {
        ServiceTarget {
            name: name.to_owned(),
            arn: arn.map(str::to_owned),
            deployment: None,
        }
    }

    #[test]
    fn the_runs_of_a_service_are_recognised_by_their_names() {
        let prefix = hook_prefix(SERVICE);
        let full = "w".repeat(53);
        let long = "w".repeat(60);
        for (name, by_arn, by_name) in [
            (format!("{prefix}0123456789ab"), true, true),
            ("web-0000aaaa-hook-0123456789ab".to_owned(), false, true),
            ("web2-0000aaaa-hook-0123456789ab".to_owned(), false, false),
            ("we-0000aaaa-hook-0123456789ab".to_owned(), false, false),
            ("web-0000aaaa-hook-short".to_owned(), false, false),
            ("web-0000aaaa-create-0123456789ab".to_owned(), false, false),
            ("nightly".to_owned(), false, false),
        ] {
            let run = run(&name, 0, ExecutionStatus::Failed);
            let arn = ServiceRuns::of(&target("web", Some(SERVICE)));
            let named = ServiceRuns::of(&target("web", None));
            assert_eq!(arn.recognise(&run), by_arn, "{name}");
            assert_eq!(named.recognise(&run), by_name, "{name}");
        }
        let cut = run(
            &format!("{full}-0000aaaa-hook-0123456789ab"),
            0,
            ExecutionStatus::Failed,
        );
        assert_eq!(cut.name.len(), 80);
        assert!(ServiceRuns::of(&target(&long, None)).recognise(&cut));
        assert!(!ServiceRuns::of(&target(&"v".repeat(60), None)).recognise(&cut));
    }

    #[test]
    fn what_runs_comes_first_then_what_failed_last_then_the_newest() {
        use ExecutionStatus::{Aborted, Failed, Running, Succeeded};
        for (statuses, expected) in [
            (&[Succeeded, Running, Failed][..], Some(1)),
            (&[Failed, Succeeded, Failed], Some(2)),
            (&[Failed, Aborted], Some(1)),
            (&[Failed, Succeeded], Some(1)),
            (&[Succeeded, Succeeded], Some(1)),
            (&[], None),
        ] {
            let mut runs: Vec<_> = statuses
                .iter()
                .zip(0..)
                .map(|(&status, number)| run(&number.to_string(), number * 100, status))
                .collect();
            let chosen = ServiceRuns::choose(&mut runs).map(|run| run.name);
            assert_eq!(chosen, expected.map(|number: i64| number.to_string()));
            assert!(runs.is_sorted_by_key(|run| Reverse(run.started)));
        }
    }
}
