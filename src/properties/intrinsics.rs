//! CloudFormation's intrinsic functions, in their long form (`{"Fn::Sub": …}`). They are
//! recognised, not evaluated: their values are known at deployment only. `types` says what is known
//! of their types.

use serde_json::Value;

/// The one function whose possible results are written in the template.
pub(super) const IF: &str = "Fn::If";

/// The pseudo parameter that takes a property away.
const NO_VALUE: &str = "AWS::NoValue";

/// Begins a dynamic reference (`{{resolve:ssm:…}}`), which CloudFormation replaces at deployment.
pub(crate) const DYNAMIC_REFERENCE: &str = "{{resolve:";

/// Begins a dynamic reference to a secure parameter of Systems Manager.
const SECURE_REFERENCE: &str = "{{resolve:ssm-secure:";

/// A value of a template that only the deployment knows.
pub(super) enum Intrinsic<'v> {
    /// The property is not given.
    NoValue,
    /// One of two values; a condition decides at deployment.
    If([&'v Value; 2]),
    /// A parameter, a pseudo parameter or a resource.
    Ref(&'v str),
    /// Another function, with its argument.
    Function(&'v str, &'v Value),
    /// Text with a dynamic reference in it.
    DynamicReference,
    /// Text with a variable of the Serverless Framework, which may become any value.
    Variable,
}

/// The function that `value` is, if it is one.
pub(super) fn of(value: &Value) -> Option<Intrinsic<'_>> {
    let (function, argument) = match value {
        Value::Object(object) if object.len() == 1 => object.iter().next()?,
        Value::String(text) if has_variable(text) => return Some(Intrinsic::Variable),
        Value::String(text) if text.contains(DYNAMIC_REFERENCE) => {
            return Some(Intrinsic::DynamicReference);
        }
        _ => return None,
    };
    match (function.as_str(), argument) {
        ("Ref", Value::String(name)) if name == NO_VALUE => Some(Intrinsic::NoValue),
        ("Ref", Value::String(name)) => Some(Intrinsic::Ref(name)),
        (IF, Value::Array(arguments)) if arguments.len() == 3 => {
            Some(Intrinsic::If([&arguments[1], &arguments[2]]))
        }
        ("Condition", Value::String(_)) => Some(Intrinsic::Function(function, argument)),
        (name, _) if is_function(name) => Some(Intrinsic::Function(function, argument)),
        _ => None,
    }
}

/// Whether the value takes away the property whose value it is.
pub(crate) fn is_no_value(value: &Value) -> bool {
    matches!(of(value), Some(Intrinsic::NoValue))
}

/// Text that stands in the template as the deployment has it.
pub(crate) fn literal_text(value: &Value) -> Option<&str> {
    value.as_str().filter(|_| of(value).is_none())
}

/// What stands between the braces in the text of `Fn::Sub`: names of parameters, resources and
/// variables, and `Name.Attribute`.
pub(crate) fn names_in_sub(text: &str) -> impl Iterator<Item = &str> {
    let begun = text.split("${").skip(1);
    begun.filter_map(|begun| begun.split_once('}').map(|(name, _)| name.trim()))
}

/// Whether a key is the name of a function. Beside other keys of an object it is a macro that may
/// add any members (`Fn::Transform`, `Fn::ForEach::…`).
pub(crate) fn is_function(key: &str) -> bool {
    key.starts_with("Fn::")
}

/// Whether a key shows that not all members of its object stand in the template: it is a function's
/// or a reference's.
pub(crate) fn may_add_members(key: &str) -> bool {
    key == "Ref" || is_function(key)
}

/// Whether the text has a dynamic reference to a secure parameter of Systems Manager.
/// CloudFormation takes these in a few properties of a few AWS resources, and refuses them in
/// custom resources.
pub(super) fn refers_to_secure_parameter(text: &str) -> bool {
    text.contains(SECURE_REFERENCE)
}

/// Whether the Serverless Framework replaces something in the text before CloudFormation sees it:
/// `${self:…}`, `${opt:…}`, `${file(…):…}`. `${AWS::Region}` and `${Name}` are no variables of it.
pub(super) fn has_variable(text: &str) -> bool {
    text.split("${").skip(1).any(|begun| {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let rest = begun.trim_start().trim_start_matches(is_of_name);
        rest.starts_with('(') || rest.starts_with(':') && !rest.starts_with("::")
    })
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
            (json!("${self:custom.cluster}"), true),
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

    #[test]
    fn variables_of_the_serverless_framework_are_told_from_others() {
        for (text, has_one) in [
            ("${self:custom.subnets}", true),
            ("prefix-${opt:stage, 'dev'}", true),
            ("${file(./subnets.yml):ids}", true),
            ("${ssm(eu-west-1):/cluster}", true),
            ("${strToBool(${self:custom.on})}", true),
            ("${cf.eu-west-1:stack.output}", true),
            ("${AWS::Region}", false),
            ("${Cluster}", false),
            ("${Cluster.Arn}", false),
            ("$HOME:x", false),
            ("${", false),
        ] {
            assert_eq!(has_variable(text), has_one, "{text}");
        }
    }
}
