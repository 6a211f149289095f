//! CloudFormation's intrinsic functions, in their long form (`{"Fn::Sub": …}`). They are
//! recognised, not evaluated: their values are known at deployment only.

use serde_json::Value;

/// The one function whose possible results are written in the template.
pub(super) const IF: &str = "Fn::If";

/// The pseudo parameter that takes a property away.
const NO_VALUE: &str = "AWS::NoValue";

/// Begins a dynamic reference (`{{resolve:ssm:…}}`), which CloudFormation replaces at deployment.
const DYNAMIC_REFERENCE: &str = "{{resolve:";

/// A value of a template that only the deployment knows.
pub(super) enum Intrinsic<'v> {
    /// The property is not given.
    NoValue,
    /// One of two values; a condition decides at deployment.
    If([&'v Value; 2]),
    /// Any value.
    Unknown,
}

/// The function that `value` is, if it is one.
pub(super) fn of(value: &Value) -> Option<Intrinsic<'_>> {
    let (function, argument) = match value {
        Value::Object(object) if object.len() == 1 => object.iter().next()?,
        Value::String(text) if text.contains(DYNAMIC_REFERENCE) => return Some(Intrinsic::Unknown),
        _ => return None,
    };
    match (function.as_str(), argument) {
        ("Ref", Value::String(name)) if name == NO_VALUE => Some(Intrinsic::NoValue),
        ("Ref" | "Condition", Value::String(_)) => Some(Intrinsic::Unknown),
        (IF, Value::Array(arguments)) => match arguments.as_slice() {
            [_, then, otherwise] => Some(Intrinsic::If([then, otherwise])),
            _ => Some(Intrinsic::Unknown),
        },
        (name, _) if is_function(name) => Some(Intrinsic::Unknown),
        _ => None,
    }
}

/// Whether a key is the name of a function. Beside other keys of an object it is a macro that may
/// add any members (`Fn::Transform`, `Fn::ForEach::…`).
pub(crate) fn is_function(key: &str) -> bool {
    key.starts_with("Fn::")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn functions_are_told_from_objects() {
        for (value, is_function) in [
            (json!({"Ref": "Cluster"}), true),
            (json!({"Fn::GetAtt": ["A", "Arn"]}), true),
            (json!({"Fn::If": ["C", 1, 2]}), true),
            (json!({"Fn::If": "malformed"}), true),
            (json!("{{resolve:ssm:/cluster}}"), true),
            (json!({"Ref": {"not": "a name"}}), false),
            (json!({"Ref": "Cluster", "Name": "x"}), false),
            (json!({"Fn::Transform": {}, "Name": "x"}), false),
            (json!({"Name": "x"}), false),
            (json!("text"), false),
            (json!({}), false),
        ] {
            assert_eq!(of(&value).is_some(), is_function, "{value}");
        }
        assert!(matches!(
            of(&json!({"Ref": "AWS::NoValue"})),
            Some(Intrinsic::NoValue)
        ));
    }
}
