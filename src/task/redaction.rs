//! Hides the values of environment overrides, which may be secrets, in texts that people read.
//!
//! A value whose variable's name says that it is a secret is hidden wherever it stands, also inside
//! of other text, as in `mysql -phunter2`. Any other value is hidden where it stands as a word: with
//! `STAGE=production` hidden everywhere, "reproduction" would be unreadable. Short values and
//! numbers are words of any text: with `ROLE=task` hidden, ECS would say "Essential container in
//! ***". They are hidden, as words, only if the variable's name says that they are a secret.

use std::borrow::Cow;

use crate::task::spec::TaskOverride;
use crate::text::printable;

/// Replaces a value.
pub(crate) const HIDDEN: &str = "***";
/// A value of fewer characters is hidden only as a word, and only if its variable's name says that
/// it is a secret.
const SHORT: usize = 6;
/// No value of fewer characters is hidden: a text of which single letters were hidden could not be
/// read.
pub(crate) const SHORTEST: usize = 2;
/// What the name of a variable with a secret contains.
const SECRET_NAMES: [&str; 9] = [
    "PASSWORD",
    "PASSPHRASE",
    "PASSCODE",
    "TOKEN",
    "KEY",
    "SECRET",
    "URL",
    "DSN",
    "CREDENTIAL",
];
/// How a word ends in the name of a variable with a secret, as in `PGPASS`.
const SECRET_ENDINGS: [&str; 3] = ["PASS", "PASSWD", "PWD"];
/// Words of the name of a variable with a secret. Inside of other words they would also be found in
/// `AUTHOR` and `PINGED`.
const SECRET_WORDS: [&str; 6] = ["AUTH", "CRED", "CREDS", "OTP", "PIN", "PW"];

/// The values to hide. The longest come first, so that a short value does not replace a part of a
/// long one and leave the rest of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redaction {
    values: Vec<HiddenValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct HiddenValue {
    text: String,
    /// Hidden only where it is a word of its own.
    only_as_word: bool,
}

impl Redaction {
    /// Collects the values of the environment overrides of all containers.
    pub(crate) fn of(overrides: &TaskOverride) -> Self {
        let mut values: Vec<HiddenValue> = overrides
            .container_overrides
            .iter()
            .flat_map(|container| &container.environment)
            .flat_map(|pair| values_to_hide(&pair.name, pair.value.expose()))
            .collect();
        values.sort_unstable_by(|a, b| b.text.len().cmp(&a.text.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    /// The text with every value replaced, and [fit to print](printable::clean). A value is found
    /// both as it stands in the text and where escape sequences interrupt it: of a text that was
    /// cleaned before, a sequence may have taken the value's first letter.
    pub(crate) fn apply(&self, text: &str) -> String {
        let hidden = self.hide(Cow::Borrowed(text));
        self.hide(printable::clean(&hidden)).into_owned()
    }

    /// The lines of a log event that are not blank, with every value replaced. An event has several
    /// lines when a program rewrites its line, as for a progress bar.
    pub(crate) fn lines_of(&self, event: &str) -> Vec<String> {
        printable::written_lines(&self.apply(event))
    }

    fn hide<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        self.values.iter().fold(text, |text, value| {
            if !text.contains(value.text.as_str()) {
                text
            } else if value.only_as_word {
                Cow::Owned(replace_words(&text, &value.text))
            } else {
                Cow::Owned(text.replace(value.text.as_str(), HIDDEN))
            }
        })
    }
}

/// What is to be hidden of a variable's value: each of its lines by itself, since a log event holds
/// one line, and each line both as it is and as it looks when it is made fit to print.
fn values_to_hide(name: &str, value: &str) -> Vec<HiddenValue> {
    let is_secret = says_secret(name);
    value
        .lines()
        .chain(printable::clean(value).lines())
        .map(str::trim)
        .filter(|line| line.chars().any(char::is_alphanumeric))
        .filter_map(|line| {
            let length = line.chars().count();
            let is_short = length < SHORT;
            let is_telling = if is_secret {
                length >= SHORTEST
            } else {
                !is_short && !line.chars().all(|digit| digit.is_ascii_digit())
            };
            is_telling.then(|| HiddenValue {
                text: line.to_owned(),
                only_as_word: is_short || !is_secret,
            })
        })
        .collect()
}

/// Whether the name of a variable says that its value is a secret.
pub(crate) fn says_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    SECRET_NAMES.iter().any(|part| upper.contains(part))
        || words_of(name).iter().any(|word| {
            SECRET_WORDS.contains(&word.as_str())
                || SECRET_ENDINGS.iter().any(|end| word.ends_with(end))
        })
}

/// The words of a variable's name in capitals: `DB_PASS`, `db-pass` and `dbPass` have the same.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_after_small = false;
    for character in name.chars() {
        let begins =
            !character.is_ascii_alphabetic() || is_after_small && character.is_ascii_uppercase();
        if begins {
            words.push(String::new());
        }
        if character.is_ascii_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.push(character.to_ascii_uppercase());
        }
        is_after_small = character.is_ascii_lowercase();
    }
    words
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
    let mut next = 0;
    while let Some(found) = text[next..].find(word) {
        let (start, end) = (next + found, next + found + word.len());
        let continues = are_joined(text[..start].chars().next_back(), word.chars().next())
            || are_joined(word.chars().next_back(), text[end..].chars().next());
        if continues {
            // The word may begin once more inside of what was found.
            next = start + text[start..].chars().next().map_or(1, char::len_utf8);
        } else {
            replaced.push_str(&text[copied..start]);
            replaced.push_str(HIDDEN);
            (copied, next) = (end, end);
        }
    }
    replaced.push_str(&text[copied..]);
    replaced
}

#[cfg(test)]
mod tests;
