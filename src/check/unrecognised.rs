//! What to say of a document that is none of those that can be checked: what it is instead, and what
//! was probably meant.

use serde_json::{Map, Value};

use super::DocumentError;
use crate::properties::{is_like_a_property, kind, may_add_members};
use crate::text::printable::echoed;

/// Keys of an unknown document that are named.
const MAX_KEYS: usize = 3;

/// The error on a document that is no object.
pub(super) fn no_object(value: &Value) -> DocumentError {
    let is_resources = value
        .as_array()
        .is_some_and(|items| items.iter().any(is_resource));
    DocumentError::Unrecognised {
        found: kind(value).to_owned(),
        hint: if is_resources {
            "; its items look like resources: put them under Resources, each under a name of its own"
                .to_owned()
        } else {
            String::new()
        },
    }
}

/// The error on an object that is neither event nor template, unless it may be the properties by
/// themselves: one member at least is one of them, or nearly, or is known after deployment only.
pub(super) fn no_properties(object: &Map<String, Value>) -> Option<DocumentError> {
    let mut keys = object.keys();
    if object.is_empty() || keys.any(|key| is_like_a_property(key) || may_add_members(key)) {
        return None;
    }
    let mut keys = object.keys().map(|key| echoed(key)).collect::<Vec<_>>();
    let hidden = keys.len().saturating_sub(MAX_KEYS);
    keys.truncate(MAX_KEYS);
    if hidden > 0 {
        keys.push(format!("{hidden} more keys"));
    }
    let resource = object.iter().find(|(_, value)| is_resource(value));
    let hint = match (object.get("Resources"), resource) {
        (Some(resources), _) => format!(
            "; its Resources is {}, and not an object with a name for each resource",
            kind(resources)
        ),
        (None, Some((name, _))) => format!(
            "; {} looks like a resource: put it under Resources",
            echoed(name)
        ),
        (None, None) => String::new(),
    };
    Some(DocumentError::Unrecognised {
        found: format!("an object with {}", keys.join(", ")),
        hint,
    })
}

/// Whether the value looks like a resource of a template.
fn is_resource(value: &Value) -> bool {
    let resource_type = value.get("Type").and_then(Value::as_str);
    resource_type.is_some_and(|resource_type| resource_type.contains("::"))
}
