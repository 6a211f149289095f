//! Names of executions: those that people choose, and those that are made where nobody chooses.

use jiff::Timestamp;

use crate::arn::last_part;

/// Longest name of an execution in characters (`API_StartExecution`).
const MAX_NAME: usize = 80;
/// Characters that no name of an execution may have (`API_StartExecution`), besides white space and
/// control characters.
const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
/// Characters of the name that are left to the task definition's family.
const MAX_FAMILY: usize = 50;

/// A name that no other execution has: the task definition's family, the time, and a random number.
#[must_use]
pub fn new_name(task_definition: &str, now: Timestamp, random: u32) -> String {
    let name = last_part(task_definition);
    let family = name.split(':').next().unwrap_or(name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let family: String = family
        .chars()
        .filter(|c| is_plain(*c))
        .take(MAX_FAMILY)
        .collect();
    format!("{family}-{}-{random:08x}", now.strftime("%Y%m%dT%H%M%SZ"))
}

/// What is wrong with a name that a person has chosen, as a sentence without its full stop.
pub(super) fn problem(name: &str) -> Option<String> {
    let length = name.chars().count();
    if !(1..=MAX_NAME).contains(&length) {
        return Some(format!(
            "--name has {length} characters; expected 1 to {MAX_NAME}"
        ));
    }
    let is_forbidden = |c: &char| c.is_whitespace() || c.is_control() || FORBIDDEN.contains(*c);
    let forbidden = name.chars().find(is_forbidden)?;
    Some(format!(
        "--name has the character '{}', which no name of an execution may have",
        forbidden.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_is_one_that_step_functions_takes_whatever_the_task_definition_is_called() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        let arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/todobackend-migrate:7";
        for (task_definition, expected) in [
            ("migrate:7", "migrate-20261123T060000Z-0000002a"),
            (arn, "todobackend-migrate-20261123T060000Z-0000002a"),
        ] {
            assert_eq!(new_name(task_definition, now, 42), expected);
        }
        let long = new_name(&"m".repeat(255), now, u32::MAX);
        assert_eq!(problem(&long), None, "{long}");
    }

    #[test]
    fn a_chosen_name_is_checked_before_anything_is_started() {
        for name in ["release-42", "v1.2_3 ".trim(), &"n".repeat(80)] {
            assert_eq!(problem(name), None, "{name}");
        }
        for (name, part) in [
            ("", "has 0 characters"),
            (&*"n".repeat(81), "has 81 characters; expected 1 to 80"),
            ("release 42", "the character ' '"),
            ("release/42", "the character '/'"),
            ("release\n", "the character '\\n'"),
        ] {
            assert!(problem(name).unwrap().contains(part), "{name}");
        }
    }
}
