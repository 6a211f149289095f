//! Reading the members of ECS requests, and the errors for what ECS does not accept.

use serde_json::Value;

use crate::aws_error::AwsError;

/// Longest `startedBy` (API_RunTask).
pub(super) const MAX_STARTED_BY: usize = 128;
/// Longest `clientToken` (API_RunTask).
pub(super) const MAX_CLIENT_TOKEN: usize = 64;
/// Most tasks of one RunTask (API_RunTask).
pub(super) const MAX_COUNT: u64 = 10;
/// Most characters of `overrides`, JSON formatting included (API_TaskOverride).
pub(super) const MAX_OVERRIDES: usize = 8192;
/// Most tasks of one DescribeTasks or page of ListTasks.
pub(super) const MAX_DESCRIBED: usize = 100;

/// A member that is a string.
pub(super) fn string<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member).and_then(Value::as_str)
}

/// A member that is a list.
pub(super) fn list<'a>(body: &'a Value, member: &str) -> &'a [Value] {
    body.get(member)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The name of a cluster given by name or ARN; the default cluster where none is given.
pub(super) fn cluster_name(body: &Value) -> &str {
    let cluster = string(body, "cluster").unwrap_or("default");
    last_segment(cluster)
}

/// What stands behind the last slash of an ARN; a plain name or id stays as it is.
pub(super) fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

pub(super) fn client_exception(message: impl Into<String>) -> AwsError {
    AwsError::new("ClientException", message)
}

/// Checks what RunTask and StartTask have in common.
pub(super) fn check_launch(body: &Value) -> Result<(), AwsError> {
    if string(body, "taskDefinition").is_none_or(str::is_empty) {
        return Err(invalid_parameter("TaskDefinition can not be blank."));
    }
    if let Some(started_by) = string(body, "startedBy") {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
        if started_by.chars().count() > MAX_STARTED_BY || !started_by.chars().all(allowed) {
            return Err(invalid_parameter(format!(
                "startedBy must be at most {MAX_STARTED_BY} letters, digits, hyphens, underscores and slashes."
            )));
        }
    }
    if let Some(token) = string(body, "clientToken") {
        let allowed = |c: char| ('!'..='~').contains(&c);
        if token.chars().count() > MAX_CLIENT_TOKEN || !token.chars().all(allowed) {
            return Err(invalid_parameter(format!(
                "clientToken must be at most {MAX_CLIENT_TOKEN} characters in the range of 33-126."
            )));
        }
    }
    if let Some(overrides) = body.get("overrides")
        && overrides.to_string().chars().count() > MAX_OVERRIDES
    {
        return Err(invalid_parameter(format!(
            "Overrides length must be at most {MAX_OVERRIDES}."
        )));
    }
    if body.get("launchType").is_some() && !list(body, "capacityProviderStrategy").is_empty() {
        return Err(invalid_parameter(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    Ok(())
}
