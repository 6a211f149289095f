//! Reading the members of Step Functions requests, and the errors for what the service does not
//! accept.

use serde_json::Value;

use crate::aws_error::AwsError;

/// Longest name of an activity, state machine or execution.
const MAX_NAME: usize = 80;

/// A member that is a string.
pub(super) fn string<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member).and_then(Value::as_str)
}

/// A member that must be there.
pub(super) fn required<'a>(body: &'a Value, member: &str) -> Result<&'a str, AwsError> {
    string(body, member).ok_or_else(|| {
        AwsError::validation(format_args!(
            "Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// Checks a member's length in characters.
pub(super) fn check_length(body: &Value, member: &str, limit: usize) -> Result<(), AwsError> {
    let length = string(body, member).map_or(0, |text| text.chars().count());
    if length > limit {
        return Err(AwsError::too_long(member, limit));
    }
    Ok(())
}

/// Checks a member's length in bytes of UTF-8.
pub(super) fn check_bytes(body: &Value, member: &str, limit: usize) -> Result<(), AwsError> {
    if string(body, member).map_or(0, str::len) > limit {
        return Err(AwsError::too_long(member, limit));
    }
    Ok(())
}

/// Checks a name: 1 to 80 characters, none of those that `API_StartExecution` lists.
pub(super) fn check_name(name: &str) -> Result<(), AwsError> {
    let forbidden =
        |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(forbidden) {
        return Err(AwsError::new(
            "InvalidName",
            format!("Invalid Name: '{name}'"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_80_characters_and_none_that_is_forbidden() {
        for (name, accepted) in [
            ("MigrateTask-1a2b3c4d-create-0123456789ab", true),
            (&"x".repeat(80) as &str, true),
            (&"x".repeat(81), false),
            ("", false),
            ("two words", false),
            ("a/b", false),
            ("a:b", false),
            ("a\u{7f}", false),
            ("grün_1.2+(x)", true),
        ] {
            assert_eq!(check_name(name).is_ok(), accepted, "{name}");
        }
    }
}
