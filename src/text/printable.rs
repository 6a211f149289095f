//! Making text from elsewhere fit to print: log lines, the reasons of ECS, messages of services,
//! and what people write in templates.
//!
//! Such text may hold anything. A control character moves a terminal's cursor or rewrites a line;
//! in a Reason, it makes the stack's events unreadable for every client of CloudFormation. So
//! [`clean`] is called where such text enters, and once more where it may come from a worker of
//! another release. Nothing but printable characters and line ends is left.
//!
//! Secrets are not known here: [`crate::task::redaction`] hides them before and after this.

mod escape_sequence;

use std::borrow::Cow;

use super::byte_limit;

/// Characters of a wrong value or an unknown name that a message repeats.
const MAX_ECHOED: usize = 60;

/// `text` with printable characters and line ends (`\n`) only.
///
/// Escape sequences go as a whole. Carriage returns and all other characters that end a line become
/// line ends, a tab becomes a space, and what else is not [printable](is_printable) goes.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let mut length = character.len_utf8();
        match character {
            '\r' => {
                cleaned.push('\n');
                length += usize::from(rest[length..].starts_with('\n'));
            }
            // Vertical tab, form feed, next line, line separator, paragraph separator.
            '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => cleaned.push('\n'),
            '\t' => cleaned.push(' '),
            character if is_kept(character) => cleaned.push(character),
            _ => length = escape_sequence::length(rest).unwrap_or(length),
        }
        rest = &rest[length..];
    }
    Cow::Owned(cleaned)
}

/// A text that a service gives, [clean]; `None` when there is none, or nothing of it is left.
pub(crate) fn given(text: Option<&str>) -> Option<String> {
    let text = clean(text?).into_owned();
    (!text.is_empty()).then_some(text)
}

/// The lines of `text` that are not blank, [clean] and without space at their ends.
pub(crate) fn written_lines(text: &str) -> Vec<String> {
    clean(text)
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The first line of `text` that is not blank, [clean] and in at most `max` bytes.
pub(crate) fn first_line(text: &str, max: usize) -> String {
    let text = clean(text);
    let line = text.trim().lines().next().unwrap_or_default();
    byte_limit::cut_end(line, max)
}

/// `text`, [clean] and in at most `max` bytes; the middle of a longer text is left out.
pub(crate) fn lines(text: &str, max: usize) -> String {
    byte_limit::cut_middle(&clean(text), max)
}

/// The beginning of a value that a message repeats, in one line: at most `MAX_ECHOED` characters,
/// with quotes, backslashes and control characters escaped as in Rust (`\n`, `\u{7}`), so that the
/// reader sees that they are there.
pub(crate) fn echoed(text: &str) -> String {
    let mut characters = text.chars();
    let mut echoed: String = characters
        .by_ref()
        .take(MAX_ECHOED)
        .flat_map(char::escape_debug)
        .collect();
    if characters.next().is_some() {
        echoed.push_str(byte_limit::ELLIPSIS);
    }
    echoed
}

fn is_kept(c: char) -> bool {
    c == '\n' || is_printable(c)
}

/// Whether a terminal shows the character and shows it where it stands, and XML 1.0, in which
/// CloudFormation answers, may hold it.
///
/// Not printable are, besides control characters and separators of lines and paragraphs:
/// - characters that Unicode keeps from text, U+FFFE and U+FFFF among them, which XML refuses;
/// - marks, overrides and isolates of the direction of writing, which make a line read otherwise
///   than it is written;
/// - invisible characters that only hide something in a word: zero-width space, soft hyphen, word
///   joiner and invisible operators, fillers, byte order mark, annotations, tags and the variation
///   selectors of ideographs.
///
/// The joiners U+200C and U+200D stay: words of Persian and Indian scripts and many emoji are
/// written with them.
fn is_printable(c: char) -> bool {
    let is_noncharacter = u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c);
    let turns_or_hides = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e01ef}'
    );
    !(c.is_control() || is_noncharacter || turns_or_hides)
}

#[cfg(test)]
mod tests;
