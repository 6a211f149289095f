//! Making text from elsewhere fit to print: log lines, the reasons of ECS, messages of services,
//! and what people write in templates.
//!
//! Such text may hold anything. Printed as it is, a control character moves a terminal's cursor or
//! breaks a line in two. `is_control` decides which characters are not printed as they are; each
//! function says what stands in their place, and how much of the text is left. Secrets are not
//! known here: the caller takes them out before.

use super::byte_limit;

/// Characters of a wrong value or an unknown name that a message repeats.
const MAX_ECHOED: usize = 60;

/// The first line of `text` that is not blank, in at most `max` bytes; a space stands for each
/// control character.
pub(crate) fn first_line(text: &str, max: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    byte_limit::cut_end(&spaced(line, is_control), max)
}

/// `text` in at most `max` bytes, its middle left out where it is longer; a space stands for each
/// control character that does not end a line.
pub(crate) fn lines(text: &str, max: usize) -> String {
    byte_limit::cut_middle(&spaced(text, |c| is_control(c) && c != '\n'), max)
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

fn is_control(c: char) -> bool {
    c.is_control()
}

fn spaced(text: &str, is_replaced: impl Fn(char) -> bool) -> String {
    text.replace(is_replaced, " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_the_first_that_is_not_blank() {
        for (text, line) in [
            ("worker-1", "worker-1"),
            ("\n  \n first\nsecond", "first"),
            ("first\r\nsecond", "first"),
            ("a\tb\u{1b}[31mc", "a b [31mc"),
            ("", ""),
        ] {
            assert_eq!(first_line(text, 100), line, "{text:?}");
        }
        assert_eq!(first_line("a long name", 9), "a long…");
    }

    #[test]
    fn lines_keep_their_ends_and_lose_other_control_characters() {
        assert_eq!(lines("a\tb\r\nc\u{7}", 100), "a b \nc ");
        assert_eq!(lines("a long cause", 11), "a l…use");
    }

    #[test]
    fn what_is_repeated_of_the_input_is_short_and_in_one_line() {
        assert_eq!(echoed("a\nb\u{7}\"c\""), "a\\nb\\u{7}\\\"c\\\"");
        assert_eq!(echoed(&"ü".repeat(MAX_ECHOED)), "ü".repeat(MAX_ECHOED));
        assert_eq!(
            echoed(&"ü".repeat(MAX_ECHOED + 1)),
            "ü".repeat(MAX_ECHOED) + "…"
        );
    }

    proptest! {
        #[test]
        fn no_control_character_comes_through(text in any::<String>(), max in 0_usize..100) {
            let line = first_line(&text, max);
            prop_assert!(line.len() <= max && !line.contains(is_control));
            let lines = lines(&text, max);
            prop_assert!(lines.len() <= max && !lines.contains(|c| is_control(c) && c != '\n'));
            prop_assert!(!echoed(&text).contains(is_control));
        }
    }
}
