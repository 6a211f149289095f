//! Hides the values of environment overrides, which may be secrets, in texts that people read.

use crate::task::spec::TaskOverride;

/// Replaces a value.
const HIDDEN: &str = "***";
/// A value of fewer bytes is hidden only where it is a whole word. Replacing every "1" or "on"
/// inside of other words would make logs unreadable, and would even show the value by the places
/// where it was replaced.
const SHORT: usize = 4;

/// The values to hide. The longest come first, so that a short value does not replace a part of a
/// long one and leave the rest of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redaction {
    values: Vec<String>,
}

impl Redaction {
    /// Collects the values of the environment overrides of all containers.
    pub(crate) fn of(overrides: &TaskOverride) -> Self {
        let mut values: Vec<String> = overrides
            .container_overrides
            .iter()
            .flat_map(|container| &container.environment)
            // A log event holds one line, so each line of a value is looked for by itself.
            .flat_map(|pair| pair.value.expose().lines())
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    /// The text with every value replaced.
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

/// Replaces `word` where neither a letter, a digit nor an underscore stands next to it.
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
    fn values_are_hidden_and_short_ones_only_where_they_are_whole_words() {
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
            (&["1"][..], "a_1, 1_b, 1", "a_1, 1_b, ***"),
            (
                &["first line\nsecond line"][..],
                "a first line\nb second line",
                "a ***\nb ***",
            ),
            (&[""][..], "nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(redaction(values).apply(text), expected, "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn a_value_of_four_bytes_or_more_is_hidden_wherever_it_stands(value in "[a-zA-Z0-9/+=-]{4,20}", before in ".{0,20}", after in ".{0,20}") {
            let hidden = redaction(&[&value]).apply(&format!("{before}{value}{after}"));
            prop_assert!(!hidden.contains(&value), "{hidden}");
        }
    }
}
