//! Cuts text to a size in bytes of UTF-8, never within a character.
//!
//! AWS counts most of its limits in bytes, and refuses text that is one byte longer.

/// Stands where text was left out.
pub(crate) const ELLIPSIS: &str = "…";

/// The longest prefix of `text` of at most `max` bytes that ends on a character boundary.
pub(crate) fn prefix(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// The longest suffix of `text` of at most `max` bytes that starts on a character boundary.
fn suffix(text: &str, max: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(max))..]
}

/// `text` itself when it has at most `max` bytes, else its beginning and an ellipsis within `max`
/// bytes.
pub(crate) fn cut_end(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    match max.checked_sub(ELLIPSIS.len()) {
        Some(room) => format!("{}{ELLIPSIS}", prefix(text, room)),
        None => String::new(),
    }
}

/// `text` itself when it has at most `max` bytes, else its beginning and its end with an ellipsis
/// between them. Each cut is moved to the end of a line if that leaves at least half of the part,
/// so that people read whole lines.
#[must_use]
pub fn cut_middle(text: &str, max: usize) -> String {
    /// Stands between the two parts when both cuts are at the end of a line.
    const BETWEEN: &str = "\n…\n";
    if text.len() <= max {
        return text.to_owned();
    }
    let Some(room) = max.checked_sub(BETWEEN.len()) else {
        return cut_end(text, max);
    };
    let head = prefix(text, room / 2);
    let tail = suffix(text, room - head.len());
    let head_line = head
        .rfind('\n')
        .filter(|&end| end >= head.len() / 2)
        .map(|end| &head[..end]);
    let tail_line = tail
        .find('\n')
        .filter(|&start| start <= tail.len() / 2)
        .map(|start| &tail[start + 1..]);
    match (head_line, tail_line) {
        (Some(head), Some(tail)) => format!("{head}{BETWEEN}{tail}"),
        (Some(head), None) => format!("{head}\n{ELLIPSIS}{tail}"),
        (None, Some(tail)) => format!("{head}{ELLIPSIS}\n{tail}"),
        (None, None) => format!("{head}{ELLIPSIS}{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_text_is_left_alone() {
        assert_eq!(cut_end("exit code 1", 11), "exit code 1");
    }

    #[test]
    fn a_cut_falls_on_a_character_boundary() {
        // "ü" has two bytes: six bytes less the ellipsis' three leave room for one of them.
        assert_eq!(cut_end("üüüü", 6), "ü…");
        assert_eq!(prefix("aü", 2), "a");
        assert_eq!(suffix("üa", 2), "a");
    }

    #[test]
    fn a_limit_below_the_ellipsis_leaves_nothing() {
        assert_eq!(cut_end("abcd", 2), "");
    }

    #[test]
    fn a_cut_in_the_middle_moves_to_the_end_of_a_line_in_the_half_beside_it() {
        // 25 bytes less five for what stands between leave ten for each part.
        let cut =
            |head: &str, tail: &str| cut_middle(&format!("{head}{}{tail}", "-".repeat(50)), 25);
        for (head, tail, expected) in [
            ("abcdefghij", "ABCDEFGHIJ", "abcdefghij…ABCDEFGHIJ"),
            ("abcde\nghij", "ABCDE\nGHIJ", "abcde\n…\nGHIJ"),
            ("abcde\nghij", "ABCDEF\nHIJ", "abcde\n…ABCDEF\nHIJ"),
            ("abcd\nfghij", "ABCDE\nGHIJ", "abcd\nfghij…\nGHIJ"),
            ("abcd\nfghij", "ABCDEF\nHIJ", "abcd\nfghij…ABCDEF\nHIJ"),
        ] {
            assert_eq!(cut(head, tail), expected);
        }
        assert_eq!(
            cut_middle("as long as it may be", 20),
            "as long as it may be"
        );
    }

    #[test]
    fn a_cut_in_the_middle_keeps_whole_lines_at_both_ends() {
        let text = format!("what failed\n{}\nlast line", "a log line\n".repeat(20));
        let cut = cut_middle(&text, 60);
        assert!(cut.starts_with("what failed\n"), "{cut}");
        assert!(cut.ends_with("\nlast line"), "{cut}");
        assert!(cut.contains("\n…\n"), "{cut}");
    }

    proptest! {
        #[test]
        fn never_longer_than_asked(text in ".{0,40}", max in 0_usize..60) {
            prop_assert!(cut_end(&text, max).len() <= max);
            prop_assert!(cut_middle(&text, max).len() <= max);
            prop_assert!(prefix(&text, max).len() <= max);
            prop_assert!(suffix(&text, max).len() <= max);
            prop_assert!(text.starts_with(prefix(&text, max)));
            prop_assert!(text.ends_with(suffix(&text, max)));
        }
    }
}
