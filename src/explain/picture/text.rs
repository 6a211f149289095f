//! Text in the picture: how wide it is, cut and wrapped to a width, and written as XML.

use std::fmt;

use crate::text::byte_limit::ELLIPSIS;

/// Room that the text takes, in characters of the width of a Latin letter.
pub(super) fn cells(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// A number of cells, lines or rows for the reckoning of a place.
#[allow(
    clippy::cast_precision_loss,
    reason = "a number of lines, rows or characters"
)]
pub(super) const fn float(number: usize) -> f64 {
    number as f64
}

/// Letters of Latin, Greek and Cyrillic have one cell, everything from Hangul on at most two.
fn width(c: char) -> usize {
    if c < '\u{1100}' || ('\u{2010}'..='\u{2027}').contains(&c) {
        1
    } else {
        2
    }
}

/// `text` in at most `max` cells; the end of a longer text is left out.
pub(super) fn cut(text: &str, max: usize) -> String {
    if cells(text) <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(1);
    format!("{}{ELLIPSIS}", &text[..fitting(text, room)])
}

/// Number of bytes of the longest beginning in at most `max` cells.
fn fitting(text: &str, max: usize) -> usize {
    let mut room = max;
    for (index, c) in text.char_indices() {
        match room.checked_sub(width(c)) {
            Some(left) => room = left,
            None => return index,
        }
    }
    text.len()
}

/// The line in lines of at most `max` cells, broken at spaces where there are any. The lines that
/// follow the first are as far from the margin as it is.
pub(super) fn wrap(line: &str, max: usize) -> Vec<String> {
    let unindented = line.trim_start_matches(' ');
    let indent = &line[..(line.len() - unindented.len()).min(max / 2)];
    let room = max - indent.len();
    let mut rest = unindented.trim_end();
    let mut lines = Vec::new();
    while cells(rest) > room {
        // At least one character, though it be wider than the line.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = fitting(rest, room).max(first);
        let (line, after) = match rest[..end].rfind(' ').filter(|space| *space > 0) {
            Some(_) if rest[end..].starts_with(' ') => rest.split_at(end),
            Some(space) => rest.split_at(space),
            None => rest.split_at(end),
        };
        lines.push(format!("{indent}{}", line.trim_end()));
        rest = after.trim_start();
    }
    lines.push(format!("{indent}{rest}"));
    lines
}

/// The text as character data and attribute values have it. Characters that XML 1.0 does not know
/// (production `Char`) are left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'t>(pub(super) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\t' | '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'.. => f.write_char(c),
            _ => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_at_spaces_and_keep_their_indent() {
        for (line, expected) in [
            ("", vec![""]),
            ("short", vec!["short"]),
            ("one two three", vec!["one two", "three"]),
            ("one two3 four", vec!["one two3", "four"]),
            ("  indented text", vec!["  indented", "  text"]),
            ("abcdefghijklmn", vec!["abcdefghij", "klmn"]),
            ("日本語日本語", vec!["日本語日本", "語"]),
        ] {
            assert_eq!(wrap(line, 10), expected, "{line:?}");
        }
    }

    #[test]
    fn what_xml_does_not_know_is_left_out() {
        assert_eq!(
            Escaped("a<b> & \"c\"\u{1}\u{b}\u{fffe}\u{85} ü 🙂").to_string(),
            "a&lt;b&gt; &amp; &quot;c&quot; ü 🙂"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(line in "\\PC{0,60}", max in 2_usize..40) {
            prop_assert!(cells(&cut(&line, max)) <= max);
            for part in wrap(&line, max) {
                prop_assert!(cells(&part) <= max.max(4), "{:?}", part);
            }
        }
    }
}
