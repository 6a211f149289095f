//! Escape sequences, with which programs colour their output, move a terminal's cursor and set its
//! title (ECMA-48, and xterm's control sequences).
//!
//! ```text
//! ESC [ or U+009B   parameters 0–?   intermediates SP–/   final byte @–~     CSI
//! ESC ] or U+009D   any text         BEL, ESC \ or U+009C                    OSC; P X ^ _ likewise
//! ESC               intermediates SP–/   final byte 0–~                      the others
//! ```

const ESC: char = '\u{1b}';
/// What ends a control string: BEL, and String Terminator in both of its forms.
const STRING_ENDS: [&str; 3] = ["\u{7}", "\u{9c}", "\u{1b}\\"];

/// Number of bytes of the escape sequence at the beginning of `text`; `None` when none begins
/// there. Of a sequence that is cut off or broken, the part that surely belongs to it counts.
pub(super) fn length(text: &str) -> Option<usize> {
    let mut characters = text.chars();
    match characters.next()? {
        '\u{9b}' => Some(2 + control_length(characters.as_str())),
        '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => Some(2 + string_length(characters.as_str())),
        ESC => {
            let after_esc = characters.as_str();
            Some(match characters.next() {
                Some('[') => 2 + control_length(characters.as_str()),
                Some(']' | 'P' | 'X' | '^' | '_') => 2 + string_length(characters.as_str()),
                Some(_) => {
                    let intermediates = length_of(after_esc, |c| (' '..='/').contains(&c));
                    let end = after_esc[intermediates..].chars().next();
                    1 + intermediates + usize::from(end.is_some_and(|c| ('0'..='~').contains(&c)))
                }
                None => 1,
            })
        }
        _ => None,
    }
}

/// Bytes of the parameters, intermediates and final byte of a control sequence.
fn control_length(text: &str) -> usize {
    let parameters = length_of(text, |c| ('0'..='?').contains(&c));
    let intermediates = length_of(&text[parameters..], |c| (' '..='/').contains(&c));
    let before_end = parameters + intermediates;
    let end = text[before_end..].chars().next();
    before_end + usize::from(end.is_some_and(|c| ('@'..='~').contains(&c)))
}

/// Bytes of a control string with its end. 0 when the string has no end before the next control
/// character: what follows may then be the text that people look for, and is kept. To look no
/// further also means that no text is looked through twice, however many strings begin in it.
fn string_length(text: &str) -> usize {
    let length = length_of(text, |c| !c.is_control());
    let rest = &text[length..];
    STRING_ENDS
        .iter()
        .find(|end| rest.starts_with(**end))
        .map_or(0, |end| length + end.len())
}

/// Bytes at the beginning of `text` whose characters belong to `set`.
fn length_of(text: &str, set: impl Fn(char) -> bool) -> usize {
    text.find(|c| !set(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_counts_as_a_whole() {
        for (sequence, rest) in [
            ("\u{1b}[31m", "red"),
            ("\u{1b}[1;38;5;196m", "red"),
            ("\u{1b}[?25l", "hidden"),
            ("\u{1b}[0 q", "bar"),
            ("\u{9b}2K", "line"),
            ("\u{1b}[", ""),
            ("\u{1b}[31", ""),
            ("\u{1b}[31", "ü"),
            ("\u{1b}[31", "\n"),
            ("\u{1b}]0;a title ü\u{7}", "text"),
            ("\u{1b}]8;;https://x/\u{1b}\\", "link"),
            ("\u{9d}0;a title\u{9c}", "text"),
            ("\u{1b}P1$r0m\u{1b}\\", "text"),
            ("\u{1b}_private\u{9c}", "text"),
            ("\u{1b}]", "0;no end"),
            ("\u{1b}]", "0;no end in its line\n\u{7}"),
            ("\u{1b}]", "0;another begins\u{1b}[m\u{7}"),
            ("\u{1b}(B", "text"),
            ("\u{1b}7", "text"),
            ("\u{1b}c", "text"),
            ("\u{1b}(", ""),
            ("\u{1b}", ""),
            ("\u{1b}", "ü"),
            ("\u{1b}", "\u{1b}[m"),
        ] {
            let text = format!("{sequence}{rest}");
            assert_eq!(length(&text), Some(sequence.len()), "{text:?}");
        }
        for text in ["", "text", "[31m", "\u{7}", "\u{9c}"] {
            assert_eq!(length(text), None, "{text:?}");
        }
    }
}
