use proptest::prelude::*;

use super::*;

#[test]
fn only_printable_characters_and_line_ends_are_left() {
    for (text, cleaned) in [
        ("", ""),
        (
            "größer 日本 👩‍💻 می‌خواهم\n  end",
            "größer 日本 👩‍💻 می‌خواهم\n  end",
        ),
        (
            "\u{1b}[31m\u{1b}[1mError:\u{1b}[0m P3009 failed\0\u{7}",
            "Error: P3009 failed",
        ),
        (
            "\u{1b}]0;title\u{7}a \u{1b}]8;;https://x/\u{1b}\\link\u{1b}]8;;\u{1b}\\",
            "a link",
        ),
        ("\u{9b}1mbold\u{9d}0;title\u{9c} text", "bold text"),
        ("\u{1b}(Ba\u{1b}7b\u{1b}=c", "abc"),
        ("a\u{1b}[31", "a"),
        (
            "a \u{1b}]0;kept, since it has no end",
            "a 0;kept, since it has no end",
        ),
        ("step 10%\rstep 100%\r\nend", "step 10%\nstep 100%\nend"),
        ("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f", "a\nb\nc\nd\ne\nf"),
        ("a\tb", "a b"),
        ("a\u{8}b\u{7f}c\u{80}d\u{9c}e\u{1}f", "abcdef"),
        ("a\u{fffe}b\u{ffff}c\u{1fffe}d\u{fdd0}e", "abcde"),
        ("a\u{fffd}b\u{e000}c", "a\u{fffd}b\u{e000}c"),
        (
            "a\u{202e}b\u{2066}c\u{200f}d\u{feff}e\u{200b}\u{ad}\u{3164}f\u{e0041}\u{e0100}g",
            "abcdefg",
        ),
    ] {
        assert_eq!(clean(text), cleaned, "{text:?}");
    }
}

#[test]
fn a_line_is_the_first_that_is_not_blank() {
    for (text, line) in [
        ("worker-1", "worker-1"),
        ("\n  \n first\nsecond", "first"),
        ("first\r\nsecond", "first"),
        ("first\rsecond", "first"),
        ("\u{1b}[K\u{7}\nfirst", "first"),
        ("a\tb\u{1b}[31mc", "a bc"),
        ("", ""),
    ] {
        assert_eq!(first_line(text, 100), line, "{text:?}");
    }
    assert_eq!(first_line("a long name", 9), "a long…");
}

#[test]
fn lines_keep_their_ends_and_lose_other_control_characters() {
    assert_eq!(lines("a\tb\r\nc\u{7}", 100), "a b\nc");
    assert_eq!(lines("a long cause", 11), "a l…use");
    assert_eq!(
        written_lines("\r 10% \r100%\u{1b}[K\r\n\u{fffe}\n\nend\n"),
        [" 10%", "100%", "end"]
    );
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

#[test]
fn the_time_for_a_long_text_grows_with_its_length() {
    let begun = std::time::Instant::now();
    for part in [
        "\u{1b}]0;",
        "\u{9d}",
        "\u{1b}P\t",
        "\u{1b}[1;",
        "\u{1b}",
        "\r",
    ] {
        let cleaned = clean(&part.repeat(100_000)).len();
        assert!(cleaned <= 300_000, "{part:?}");
    }
    // If every beginning of a sequence looked to the
    // end of the text, this would take minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}

/// Any text, with many of the characters that sequences are made of.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\u{1b}\u{9b}\u{9d}\u{9c}\u{7}\r\n\t\u{85}\u{fffe}\u{202e}\\[\\];0-9m\\\\a-cü]{0,40}",
    ]
}

proptest! {
    #[test]
    fn no_control_character_comes_through(text in any_text(), max in 0_usize..100) {
        let is_refused = |c: char| c != '\n' && !is_printable(c);
        let cleaned = clean(&text);
        prop_assert!(!cleaned.contains(is_refused), "{:?}", cleaned);
        prop_assert_eq!(clean(&cleaned), cleaned.as_ref());
        let line = first_line(&text, max);
        prop_assert!(line.len() <= max && !line.contains(|c| is_refused(c) || c == '\n'));
        let lines = lines(&text, max);
        prop_assert!(lines.len() <= max && !lines.contains(is_refused));
        for line in written_lines(&text) {
            prop_assert!(!line.trim().is_empty() && !line.contains(|c| is_refused(c) || c == '\n'));
        }
        prop_assert!(!echoed(&text).contains(char::is_control));
    }

    #[test]
    fn text_that_is_printable_stays_as_it_is(text in "[\n\\PC\u{200c}\u{200d}]{0,40}") {
        let text: String = text.chars().filter(|&c| c == '\n' || is_printable(c)).collect();
        prop_assert_eq!(clean(&text), text.as_str());
    }

    #[test]
    fn a_sequence_leaves_nothing_of_itself(before in "[a-zü ]{0,9}", parameters in "[0-9;?]{0,9}", end in "[A-Za-z]", title in "[a-z0-9;:/ ü]{0,20}", after in "[a-zü ]{0,9}") {
        for sequence in [
            format!("\u{1b}[{parameters}{end}"),
            format!("\u{9b}{parameters}{end}"),
            format!("\u{1b}]{title}\u{7}"),
            format!("\u{1b}]{title}\u{1b}\\"),
            format!("\u{9d}{title}\u{9c}"),
        ] {
let text = format!("{before}{sequence}{after}");
            prop_assert_eq!(clean(&text), format!("{before}{after}"));
        }
    }
}
