//! What to do about an error.

use crate::activity::{HANDED_OVER, PANICKED};
use crate::execution::unanswered::NOT_CLAIMED;
use crate::task::error::ErrorName;

/// What whoever is on call can do about an error; the README's table says the same. `None` for
/// errors of others.
pub(super) fn advice(error: &str) -> Option<&'static str> {
    let advice = match error {
        HANDED_OVER => "nothing: another worker takes over, and it never reaches the Reason",
        PANICKED => "its log has the details under the execution's name",
        NOT_CLAIMED | "States.HeartbeatTimeout" | "States.Timeout" => {
            "see whether the fleet is running"
        }
        _ => match ErrorName::ALL
            .into_iter()
            .find(|name| name.as_str() == error)?
        {
            ErrorName::InvalidRequest => "correct the property that the Reason names",
            ErrorName::AccessDenied => "allow the role the action that the Reason names",
            ErrorName::NotStarted => {
                "see what ECS says. Capacity, rate limits and timeouts were retried before"
            }
            ErrorName::Failed => "read the log lines",
            ErrorName::Interrupted => {
                "the work may be half done: look, then update the stack again"
            }
            ErrorName::DeadlineExceeded => "raise Timeout, or find out what the task waits for",
        },
    };
    Some(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_says_the_same() {
        let table = include_str!("../../README.md")
            .lines()
            .skip_while(|line| !line.starts_with("| error | meaning |"))
            .skip(2);
        let rows: Vec<Vec<&str>> = table
            .take_while(|line| line.starts_with('|'))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let mut told = Vec::new();
        for row in &rows {
            let [errors, _, to_do] = row[..] else {
                panic!("{row:?}")
            };
            for error in errors.split(", ").map(|error| error.trim_matches('`')) {
                assert_eq!(
                    advice(error),
                    Some(to_do.replace('`', "").as_str()),
                    "{error}"
                );
                told.push(error.to_owned());
            }
        }
        for name in ErrorName::ALL {
            assert!(
                told.iter().any(|error| error == name.as_str()),
                "{name} is not in the README"
            );
        }
    }

    #[test]
    fn others_errors_have_no_advice() {
        assert_eq!(advice("Lambda.Unknown"), None);
    }
}
