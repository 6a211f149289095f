//! Keeps the values of environment overrides out of what people read.

use crate::task::spec::TaskOverride;

/// Stands where a value stood.
const HIDDEN: &str = "***";
/// A value shorter than this is hidden only where it stands as a word of its own: hiding every "1"
/// or "on" inside other words would leave no log readable, and would show the value's length and
/// places besides.
const SHORT: usize = 4;

/// The values to hide, longest first so that no value hides a part of another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redaction {
    values: Vec<String>,
}

impl Redaction {
    pub(crate) fn of(overrides: &TaskOverride) -> Self {
        let mut values: Vec<String> = overrides
            .container_overrides
            .iter()
            .flat_map(|container| &container.environment)
            // A log shows a value of several lines as several lines.
            .flat_map(|pair| pair.value.expose().lines())
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    pub(crate) fn apply(&self, text: &str) -> String {
        self.values.iter().fold(text.to_owned(), |text, value| {
            if value.len() >= SHORT {
                text.replace(value.as_str(), HIDDEN)
            } else {
                replace_words(&text, value)
            }
        })
    }
}

fn replace_words(text: &str, word: &str) -> String {
    let is_word_character = |c: char| c.is_alphanumeric() || c == '_';
    let mut replaced = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, _) in text.match_indices(word) {
        let end = start + word.len();
        let stands_alone = !text[..start]
            .chars()
            .next_back()
            .is_some_and(is_word_character)
            && !text[end..].chars().next().is_some_and(is_word_character);
        if start >= copied && stands_alone {
            replaced.push_str(&text[copied..start]);
            replaced.push_str(HIDDEN);
            copied = end;
        }
    }
    replaced.push_str(&text[copied..]);
    replaced
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::task::spec::{ContainerOverride, KeyValuePair};

    fn redaction(values: &[&str]) -> Redaction {
        let environment = values
            .iter()
            .map(|&value| KeyValuePair {
                name: "NAME".to_owned(),
                value: value.into(),
            })
            .collect();
        let container = ContainerOverride {
            name: "migrate".to_owned(),
            environment,
            ..ContainerOverride::default()
        };
        Redaction::of(&TaskOverride {
            container_overrides: vec![container],
            ..TaskOverride::default()
        })
    }

    #[test]
    fn values_are_hidden() {
        for (values, text, expected) in [
            (
                &["hunter2"][..],
                "password hunter2 refused",
                "password *** refused",
            ),
            (
                &["pass", "password1"][..],
                "password1 and pass",
                "*** and ***",
            ),
            (
                &["1"][..],
                "exit 1, line 11, x=1",
                "exit ***, line 11, x=***",
            ),
            (
                &["first line\nsecond line"][..],
                "a first line\nb second line",
                "a ***\nb ***",
            ),
            (&[""][..], "nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(redaction(values).apply(text), expected);
        }
    }

    proptest! {
        #[test]
        fn a_value_of_some_length_is_never_left(value in "[a-zA-Z0-9/+=-]{4,20}", before in ".{0,20}", after in ".{0,20}") {
            let hidden = redaction(&[&value]).apply(&format!("{before}{value}{after}"));
            prop_assert!(!hidden.contains(&value), "{hidden}");
        }
    }
}
