//! What to do about an error, for all errors that a task runner gives.

use crate::activity::{HANDED_OVER, PANICKED};
use crate::execution::error::{NOT_CLAIMED, is_timeout};
use crate::task::error::ErrorName;

/// What the people on call can do about an error. A test compares it with the table in
/// `infra/properties.md`. `None` for errors that others give.
pub(super) fn advice(error: &str) -> Option<&'static str> {
    match error {
        HANDED_OVER => Some("nothing: another worker takes over. No Reason has this error"),
        PANICKED => Some("read the worker's log, which has the details under the execution's name"),
        NOT_CLAIMED => Some("see whether the fleet is running"),
        _ if is_timeout(error) => Some(
            "see whether the fleet is running; without a fleet, whether the function work is throttled, and what its log says",
        ),
        _ => ErrorName::find(error).map(ErrorName::advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_references_table_gives_the_same_advice() {
        let table = include_str!("../../infra/properties.md")
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
                "{name} is not in infra/properties.md"
            );
        }
    }

    #[test]
    fn an_error_that_others_give_has_no_advice() {
        assert_eq!(advice("Lambda.Unknown"), None);
    }
}
