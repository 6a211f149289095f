//! What a template declares by name: parameters with their types, resources, mappings. References
//! to them have a type that is known before the deployment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::intrinsics::{has_variable, is_function, refers_to_secure_parameter};

/// Values of a mapping that are looked at for their types. CloudFormation takes more (200 keys of
/// 200 attributes), but hostile input would make many references to one large mapping; of a larger
/// one the type counts as unknown.
const MAX_MAPPED_VALUES: usize = 1_000;

/// A type that a reference or a function can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Text. Numbers and booleans too, since CloudFormation sends them as text.
    Text,
    /// A list of text.
    List,
}

/// The names that a template declares.
#[derive(Debug, Default)]
pub(crate) struct Declarations<'t> {
    /// The types of the parameters, as the template writes them.
    parameters: BTreeMap<&'t str, &'t str>,
    /// The parameters whose default is a reference to a secure parameter of Systems Manager.
    secure: BTreeSet<&'t str>,
    resources: BTreeSet<&'t str>,
    mappings: BTreeMap<&'t str, &'t Value>,
}

impl<'t> Declarations<'t> {
    /// Adds what `template` declares. The templates in a `serverless.yml` become one, so that each
    /// adds to the names of the others.
    pub(crate) fn add(&mut self, template: &'t Map<String, Value>) {
        let section = |name: &str| template.get(name).and_then(Value::as_object);
        for (name, parameter) in section("Parameters").into_iter().flatten() {
            if let Some(text) = parameter.get("Type").and_then(Value::as_str) {
                self.parameters.insert(name, text);
            }
            let default = parameter.get("Default").and_then(Value::as_str);
            if default.is_some_and(refers_to_secure_parameter) {
                self.secure.insert(name);
            }
        }
        for (name, _) in section("Resources").into_iter().flatten() {
            self.resources.insert(name);
        }
        for (name, mapping) in section("Mappings").into_iter().flatten() {
            self.mappings.insert(name, mapping);
        }
    }

    /// The type of a parameter, as the template writes it.
    pub(super) fn parameter(&self, name: &str) -> Option<&'t str> {
        self.parameters.get(name).copied()
    }

    /// Whether CloudFormation replaces the parameter by a reference to a secure parameter of
    /// Systems Manager, unless the deployment gives another value.
    pub(super) fn is_secure(&self, name: &str) -> bool {
        self.secure.contains(name)
    }

    pub(super) fn has_resource(&self, name: &str) -> bool {
        self.resources.contains(name)
    }

    /// The type that a mapping has under two keys, if all values that the keys may lead to have the
    /// same. A key that only the deployment knows (`None`) may lead to every value, and a macro in
    /// the mapping may add any.
    pub(super) fn mapped(&self, mapping: &str, keys: [Option<&str>; 2]) -> Option<Type> {
        let top = self.mappings.get(mapping)?.as_object()?;
        let mut types = Vec::new();
        for (name, attributes) in top {
            if is_function(name) {
                return None;
            }
            if keys[0].is_some_and(|key| key != name) {
                continue;
            }
            for (name, value) in attributes.as_object()? {
                if is_function(name) {
                    return None;
                }
                if keys[1].is_some_and(|key| key != name) {
                    continue;
                }
                if types.len() == MAX_MAPPED_VALUES {
                    return None;
                }
                types.push(type_of_mapped(value)?);
            }
        }
        let first = *types.first()?;
        types.iter().all(|other| *other == first).then_some(first)
    }
}

/// A mapping holds text and lists of text. An object can only be a macro.
fn type_of_mapped(value: &Value) -> Option<Type> {
    match value {
        Value::String(text) if has_variable(text) => None,
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(Type::Text),
        Value::Array(_) => Some(Type::List),
        Value::Null | Value::Object(_) => None,
    }
}

/// The type of a parameter's value, from what the template writes as its `Type`. Unknown types stay
/// unknown (user guide, "Parameters": AWS-specific and Systems Manager parameter types).
pub(super) fn type_of_parameter(written: &str) -> Option<Type> {
    let inside = |text: &'_ str, around: &str| {
        text.strip_prefix(around)
            .and_then(|text| text.strip_suffix('>'))
            .map(str::to_owned)
    };
    let stored = inside(written, "AWS::SSM::Parameter::Value<");
    let written = stored.as_deref().unwrap_or(written);
    if written == "CommaDelimitedList" || inside(written, "List<").is_some() {
        return Some(Type::List);
    }
    let is_single = matches!(written, "String" | "Number")
        || written.starts_with("AWS::") && !written.contains('<');
    is_single.then_some(Type::Text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_parameter_s_type_is_that_of_its_value() {
        for (written, known) in [
            ("String", Some(Type::Text)),
            ("Number", Some(Type::Text)),
            ("CommaDelimitedList", Some(Type::List)),
            ("List<Number>", Some(Type::List)),
            ("List<AWS::EC2::Subnet::Id>", Some(Type::List)),
            ("AWS::EC2::Subnet::Id", Some(Type::Text)),
            ("AWS::SSM::Parameter::Name", Some(Type::Text)),
            ("AWS::SSM::Parameter::Value<String>", Some(Type::Text)),
            (
                "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
                Some(Type::Text),
            ),
            ("AWS::SSM::Parameter::Value<List<String>>", Some(Type::List)),
            (
                "AWS::SSM::Parameter::Value<CommaDelimitedList>",
                Some(Type::List),
            ),
            (
                "AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>",
                Some(Type::List),
            ),
            ("AWS::New::Kind<String>", None),
            ("${self:custom.type}", None),
            ("Json", None),
            ("", None),
        ] {
            assert_eq!(type_of_parameter(written), known, "{written}");
        }
    }

    #[test]
    fn a_mapping_has_a_type_where_all_it_may_give_have_one() {
        let template = json!({"Mappings": {
            "Stages": {
                "test": {"Subnets": ["subnet-1"], "Group": "sg-1", "Mixed": "a"},
                "live": {"Subnets": ["subnet-2"], "Group": "sg-2", "Mixed": ["a"]}
            },
            "Included": {"Fn::Transform": {"Name": "AWS::Include"}},
            "Variable": {"a": {"b": "${self:custom.subnets}"}}
        }});
        let mut declarations = Declarations::default();
        declarations.add(template.as_object().unwrap());
        for (mapping, keys, known) in [
            ("Stages", [None, Some("Subnets")], Some(Type::List)),
            ("Stages", [None, Some("Group")], Some(Type::Text)),
            ("Stages", [None, Some("Mixed")], None),
            ("Stages", [Some("test"), Some("Mixed")], Some(Type::Text)),
            ("Stages", [Some("test"), None], None),
            ("Stages", [Some("other"), Some("Group")], None),
            ("Included", [None, None], None),
            ("Variable", [None, None], None),
            ("Missing", [None, None], None),
        ] {
            assert_eq!(
                declarations.mapped(mapping, keys),
                known,
                "{mapping} {keys:?}"
            );
        }
    }
}
