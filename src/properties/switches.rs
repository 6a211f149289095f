//! The properties that say whether a request runs its task, read from properties that this release
//! may not understand as a whole.

use serde_json::Value;

use super::{forms, names};

/// The value of `name` (in camelCase), such as `runOnRollback`, if it says so clearly.
///
/// CloudFormation takes an update back with the properties of an earlier deployment, which another
/// release may have written. A request that runs nothing must succeed whatever they hold, or the
/// stack ends in `UPDATE_ROLLBACK_FAILED`.
#[must_use]
pub fn switch(properties: &Value, name: &str) -> Option<bool> {
    match member(properties, name)? {
        Value::Bool(is_on) => Some(*is_on),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether the properties of an update say what is run when the update is rolled back, whatever else
/// stands beside it.
#[must_use]
pub fn has_rollback_overrides(properties: &Value) -> bool {
    member(properties, "rollbackOverrides").is_some_and(|value| !value.is_null())
}

/// Whether the properties of an update say that it does not matter if its rollback fails.
#[must_use]
pub fn ignores_rollback_failure(properties: &Value) -> bool {
    member(properties, "rollbackFailure").and_then(Value::as_str) == Some("ignore")
}

/// The member `name` (in camelCase), in either spelling.
fn member<'v>(properties: &'v Value, name: &str) -> Option<&'v Value> {
    properties
        .get(names::pascal_case(name))
        .or_else(|| properties.get(name))
}

/// The text of `WaitConditionHandle`, if there is one, from properties that may be anything: a handle
/// that was used before is recognised whatever else stands beside it.
#[must_use]
pub fn wait_condition_handle(properties: &Value) -> Option<&str> {
    member(properties, "waitConditionHandle")?
        .as_str()
        .filter(|url| forms::is_web_address(url))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_switch_is_read_from_properties_that_may_be_anything() {
        for (properties, expected) in [
            (
                json!({"RunOnRollback": "true", "Nonsense": [1]}),
                Some(true),
            ),
            (json!({"runOnRollback": "false"}), Some(false)),
            (json!({"RunOnRollback": true}), Some(true)),
            (json!({"RunOnRollback": "yes"}), None),
            (json!({"RunOnRollback": ["true"]}), None),
            (json!({}), None),
            (json!([1]), None),
            (json!(null), None),
        ] {
            assert_eq!(
                switch(&properties, "runOnRollback"),
                expected,
                "{properties}"
            );
        }
    }
}
