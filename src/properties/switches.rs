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
    let value = properties
        .get(names::pascal_case(name))
        .or_else(|| properties.get(name))?;
    match value {
        Value::Bool(is_on) => Some(*is_on),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The text of `WaitConditionHandle`, if there is one, from properties that may be anything: a handle
/// that was used before is recognised whatever else stands beside it.
#[must_use]
pub fn wait_condition_handle(properties: &Value) -> Option<&str> {
    const NAME: &str = "waitConditionHandle";
    properties
        .get(names::pascal_case(NAME))
        .or_else(|| properties.get(NAME))?
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
