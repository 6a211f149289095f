//! Hides the values of environment overrides, which may be secrets, in texts that people read.
//!
//! A value is hidden where it stands as a word. Short values and numbers are words of any text:
//! with `ROLE=task` hidden, ECS would say "Essential container in ***". They are hidden only if the
//! variable's name says that they are a secret.

use std::borrow::Cow;

use crate::task::spec::TaskOverride;
use crate::text::printable;

/// Replaces a value.
const HIDDEN: &str = "***";
/// A value of fewer characters is hidden only if its variable's name says that it is a secret.
const SHORT: usize = 6;
/// What the name of a variable with a secret contains.
const SECRET_NAMES: [&str; 7] = [
    "PASSWORD",
    "TOKEN",
    "KEY",
    "SECRET",
    "URL",
    "DSN",
    "CREDENTIAL",
];
/// Words of which the name of a variable with a secret is made. Inside of other words they would
/// also be found in `BYPASS` and `AUTHOR`.
const SECRET_WORDS: [&str; 7] = [
    "PASS",
    "PASSWD",
    "PASSPHRASE",
    "PWD",
    "AUTH",
    "CRED",
    "CREDS",
];

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
            .flat_map(|pair| values_to_hide(&pair.name, pair.value.expose()))
            .collect();
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    /// The text with every value replaced, and [fit to print](printable::clean). A value is found
    /// both as it stands in the text and where escape sequences interrupt it.
    pub(crate) fn apply(&self, text: &str) -> String {
        let hidden = self.hide(Cow::Borrowed(text));
        self.hide(printable::clean(&hidden)).into_owned()
    }

    fn hide<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        self.values.iter().fold(text, |text, value| {
            if text.contains(value.as_str()) {
                Cow::Owned(replace_words(&text, value))
            } else {
                text
            }
        })
    }
}

/// What is to be hidden of a variable's value: each of its lines by itself, since a log event holds
/// one line, and each line both as it is and as it looks when it is made fit to print.
fn values_to_hide(name: &str, value: &str) -> Vec<String> {
    let is_secret = says_secret(name);
    let is_telling = |line: &&str| {
        is_secret
            || line.chars().count() >= SHORT && !line.chars().all(|digit| digit.is_ascii_digit())
    };
    value
        .lines()
        .chain(printable::clean(value).lines())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .filter(is_telling)
        .map(str::to_owned)
        .collect()
}

fn says_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphabetic());
    SECRET_NAMES.iter().any(|part| name.contains(part))
        || words.any(|word| SECRET_WORDS.contains(&word))
}

/// Replaces `word` where it does not continue in another letter, digit or underscore. An end of it
/// that is none of these, such as the `=` of a key in base64, needs nothing beside it.
fn replace_words(text: &str, word: &str) -> String {
    let is_word_character = |c: char| c.is_alphanumeric() || c == '_';
    let are_joined = |before: Option<char>, after: Option<char>| {
        before.is_some_and(is_word_character) && after.is_some_and(is_word_character)
    };
    let mut replaced = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, _) in text.match_indices(word) {
        let end = start + word.len();
        let continues = are_joined(text[..start].chars().next_back(), word.chars().next())
            || are_joined(word.chars().next_back(), text[end..].chars().next());
        if !continues {
            replaced.push_str(&text[copied..start]);
            replaced.push_str(HIDDEN);
            copied = end;
        }
    }
    replaced.push_str(&text[copied..]);
    replaced
}

#[cfg(test)]
mod tests;
