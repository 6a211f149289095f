//! The executions that the lifecycle hook of a service's deployments has started: which of a state
//! machine's executions they are, and which one a person means who asks about the service.

use std::cmp::Reverse;

use super::choice::{Candidate, Place, chosen};
use super::target::ServiceTarget;
use crate::cloudformation::identity::hash_digits;
use crate::execution::status::ListedExecution;

/// Hex digits of the hash over the service's ARN, which distinguishes services of one name.
const SERVICE_DIGITS: usize = 8;
/// Hex digits of the hash over what distinguishes the runs of a service.
const RUN_DIGITS: usize = 12;
/// What stands between the two.
const WORD: &str = "hook";

/// The runs of a service's deployments, which it recognises by their names:
/// `{service's name, cut}-{hash of the service's ARN}-hook-{hash of the run}`.
#[derive(Debug, Clone)]
pub struct ServiceRuns {
    name: String,
    /// Known where the service's ARN is.
    hash: Option<String>,
}

impl ServiceRuns {
    /// Of this service; without its ARN, of all services of its name.
    #[must_use]
    pub fn of(target: &ServiceTarget) -> Self {
        let arn = target.arn.as_deref();
        Self {
            name: target.name.clone(),
            hash: arn.map(|arn| hash_digits(&[arn], SERVICE_DIGITS)),
        }
    }

    /// Whether an execution is the service's.
    #[must_use]
    pub fn recognise(&self, execution: &ListedExecution) -> bool {
        let Some((name, hash)) = service_of(&execution.name) else {
            return false;
        };
        match &self.hash {
            Some(expected) => hash == expected,
            // A name that is as long as there is room for may have been cut.
            None => name == self.name || (self.name.starts_with(name) && is_full(&execution.name)),
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

/// The service's name, as much of it as the execution's name has room for, and the hash of its ARN.
fn service_of(name: &str) -> Option<(&str, &str)> {
    let (rest, run) = name.rsplit_once('-')?;
    let (rest, word) = rest.rsplit_once('-')?;
    let (service, hash) = rest.rsplit_once('-')?;
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    let is_hook = word == WORD
        && (run.len(), hash.len()) == (RUN_DIGITS, SERVICE_DIGITS)
        && is_hex(run)
        && is_hex(hash);
    is_hook.then_some((service, hash))
}

fn is_full(name: &str) -> bool {
    name.len() == crate::cloudformation::identity::MAX_NAME
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
        let hash = hash_digits(&[SERVICE], SERVICE_DIGITS);
        let full = "w".repeat(53);
        let long = "w".repeat(60);
        for (name, by_arn, by_name) in [
            (format!("web-{hash}-hook-0123456789ab"), true, true),
            ("web-0000aaaa-hook-0123456789ab".to_owned(), false, true),
            ("web2-0000aaaa-hook-0123456789ab".to_owned(), false, false),
            ("we-0000aaaa-hook-0123456789ab".to_owned(), false, false),
            (format!("web-{hash}-hook-short"), false, false),
            (format!("web-{hash}-create-0123456789ab"), false, false),
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
