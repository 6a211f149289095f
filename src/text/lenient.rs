//! Reads members whose form must not keep an answer from CloudFormation: a member of an unexpected
//! type gets a value too.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Any value as text: scalars as they are written, `null` as the empty text, the rest as JSON.
///
/// # Errors
/// When the document itself is broken.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    })
}

/// The value if it is of the type, else the type's default.
///
/// # Errors
/// When the document itself is broken.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}
