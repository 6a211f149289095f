//! Lengths of time as people give them on a command line.

use jiff::SignedDuration;

/// Seconds of a time such as `90`, `90s`, `30m` or `1h30m`; `None` for any other text, and for a
/// time that is not a whole number of seconds from 0 on.
pub(super) fn seconds(text: &str) -> Option<u64> {
    if text.chars().all(|digit| digit.is_ascii_digit()) {
        return text.parse().ok();
    }
    let duration: SignedDuration = text.parse().ok()?;
    let is_whole = duration.subsec_nanos() == 0;
    u64::try_from(duration.as_secs()).ok().filter(|_| is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_of_seconds_or_has_units() {
        for (text, expected) in [
            ("1800", Some(1_800)),
            ("90s", Some(90)),
            ("30m", Some(1_800)),
            ("2h", Some(7_200)),
            ("1h30m", Some(5_400)),
            ("1h 30m", Some(5_400)),
            ("PT30M", Some(1_800)),
            ("0", Some(0)),
            ("", None),
            ("soon", None),
            ("30 parsecs", None),
            ("-30m", None),
            ("1500ms", None),
            ("1.5", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
