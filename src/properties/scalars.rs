//! Text, numbers and booleans. CloudFormation sends all of them as text; a direct invocation sends
//! them as they are. Both are brought to the type that the ECS API has, and a value that cannot be
//! is described in a message, unless it may be a secret.

use serde_json::Value;

use super::hints;
use super::problems::{kind, shown};
use super::schema::{Shape, Text};

/// The canonical value, or the rest of a sentence that begins with the property's path.
pub(super) fn coerce(value: &Value, shape: &Shape) -> Result<Value, String> {
    match shape {
        Shape::Text(text) => coerce_text(value, text),
        Shape::Whole(min, max) => match whole_number(value) {
            Some(number) if (*min..=*max).contains(&number) => Ok(Value::from(number)),
            _ => Err(is_not(value, shape)),
        },
        Shape::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            Value::String(text) if text == "true" => Ok(Value::Bool(true)),
            Value::String(text) if text == "false" => Ok(Value::Bool(false)),
            _ => Err(is_not(value, shape)),
        },
        Shape::Choice(words) | Shape::ChoiceOrStructure(words, _) => match value {
            Value::String(text) if words.contains(&text.as_str()) => Ok(value.clone()),
            Value::String(text) => Err(is_not(value, shape) + &hints::for_word(text, words)),
            Value::Bool(boolean) => {
                let text = boolean.to_string();
                Err(is_not(value, shape) + &hints::for_word(&text, words))
            }
            _ => Err(is_not(value, shape)),
        },
        Shape::Anything => Ok(value.clone()),
        Shape::ByDoor(resource, _) => coerce(value, resource),
        Shape::List(_) | Shape::Structure(_) => Err(is_not(value, shape)),
    }
}

/// What is expected, for messages.
pub(super) fn expectation(shape: &Shape) -> String {
    match shape {
        Shape::Text(text) => text.what.to_owned(),
        Shape::Whole(min, max) if *max == i64::from(i32::MAX) && *min < 0 => {
            "a whole number".to_owned()
        }
        Shape::Whole(min, max) if *max == i64::from(i32::MAX) => {
            format!("a whole number, at least {min}")
        }
        Shape::Whole(min, max) => format!("a whole number from {min} to {max}"),
        Shape::Boolean => "true or false".to_owned(),
        Shape::Choice(words) => match words {
            [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
            words => words.concat(),
        },
        Shape::ChoiceOrStructure(words, structure) => {
            format!("{} or {}", words.join(", "), structure.what)
        }
        Shape::List(list) => list.what.to_owned(),
        Shape::Structure(structure) => structure.what.to_owned(),
        Shape::ByDoor(resource, _) => expectation(resource),
        Shape::Anything => "any value".to_owned(),
    }
}

fn is_not(value: &Value, shape: &Shape) -> String {
    format!("is {}; expected {}", shown(value), expectation(shape))
}

fn coerce_text(value: &Value, text: &Text) -> Result<Value, String> {
    let found = match value {
        Value::String(found) => found.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err(format!("is {}; expected {}", kind(value), text.what));
        }
    };
    let characters = found.chars().count();
    let is_wrong = characters < text.min || !(text.is_valid)(&found);
    if characters > text.max {
        Err(format!(
            "has {characters} characters; expected at most {}",
            text.max
        ))
    } else if is_wrong && text.is_secret {
        Err(format!("is {}; expected {}", kind(value), text.what))
    } else if is_wrong {
        Err(format!("is {}; expected {}", shown(value), text.what))
    } else {
        Ok(Value::String(found))
    }
}

/// Digits, perhaps after a minus sign. CloudFormation writes no number with blanks, a fraction, an
/// exponent or a plus sign.
fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text)
            if text
                .strip_prefix('-')
                .unwrap_or(text)
                .bytes()
                .all(|byte| byte.is_ascii_digit()) =>
        {
            text.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::{any_text, whole};
    use super::*;

    #[test]
    fn scalars_get_the_type_of_the_api() {
        let (number, boolean, name) = (whole((-5, 4096)), Shape::Boolean, any_text("a name"));
        for (value, shape, canonical) in [
            (json!("512"), &number, json!(512)),
            (json!(512), &number, json!(512)),
            (json!("-3"), &number, json!(-3)),
            (json!("007"), &number, json!(7)),
            (json!("true"), &boolean, json!(true)),
            (json!("false"), &boolean, json!(false)),
            (json!(true), &boolean, json!(true)),
            (json!("text"), &name, json!("text")),
            (json!(256), &name, json!("256")),
            (json!(1.5), &name, json!("1.5")),
            (json!(false), &name, json!("false")),
        ] {
            assert_eq!(coerce(&value, shape), Ok(canonical), "{value}");
        }
    }

    #[test]
    fn what_is_expected_is_said_as_people_say_it() {
        let greatest = i64::from(i32::MAX);
        for (shape, expected) in [
            (whole((1, 10)), "a whole number from 1 to 10"),
            (whole((-5, 10)), "a whole number from -5 to 10"),
            (whole((0, greatest)), "a whole number, at least 0"),
            (whole((-1, greatest)), "a whole number"),
            (Shape::Choice(&["s3"]), "s3"),
            (Shape::Choice(&["gp2", "gp3", "io1"]), "gp2, gp3 or io1"),
        ] {
            assert_eq!(expectation(&shape), expected);
        }
    }

    #[test]
    fn what_is_no_such_scalar_is_said_with_what_was_expected() {
        let (number, boolean, name) = (whole((0, 10)), Shape::Boolean, any_text("a name"));
        let launch_type = Shape::Choice(&["EC2", "FARGATE"]);
        for (value, shape, message) in [
            (
                json!("abc"),
                &number,
                "is \"abc\"; expected a whole number from 0 to 10",
            ),
            (
                json!("11"),
                &number,
                "is \"11\"; expected a whole number from 0 to 10",
            ),
            (
                json!(""),
                &number,
                "is empty; expected a whole number from 0 to 10",
            ),
            (
                json!("-"),
                &number,
                "is \"-\"; expected a whole number from 0 to 10",
            ),
            (
                json!("+3"),
                &number,
                "is \"+3\"; expected a whole number from 0 to 10",
            ),
            (
                json!(" 3"),
                &number,
                "is \" 3\"; expected a whole number from 0 to 10",
            ),
            (
                json!(1.5),
                &number,
                "is 1.5; expected a whole number from 0 to 10",
            ),
            (
                json!(u64::MAX),
                &number,
                "is 18446744073709551615; expected a whole number from 0 to 10",
            ),
            (
                json!([1]),
                &number,
                "is a list; expected a whole number from 0 to 10",
            ),
            (json!("yes"), &boolean, "is \"yes\"; expected true or false"),
            (
                json!("True"),
                &boolean,
                "is \"True\"; expected true or false",
            ),
            (json!(1), &boolean, "is 1; expected true or false"),
            (json!(""), &name, "is empty; expected a name"),
            (json!({"a": 1}), &name, "is an object; expected a name"),
            (
                json!("fargate"),
                &launch_type,
                "is \"fargate\"; expected EC2 or FARGATE; did you mean FARGATE?",
            ),
            (
                json!("ON_DEMAND"),
                &launch_type,
                "is \"ON_DEMAND\"; expected EC2 or FARGATE",
            ),
        ] {
            assert_eq!(coerce(&value, shape), Err(message.to_owned()), "{value}");
        }
    }
}
