//! Lengths of time, written as people read them.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A length of time. As text in a fitting unit; as JSON in seconds, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// The time from one moment to a later one. Zero when `to` is earlier, as when clocks disagree.
    #[must_use]
    pub fn between(from: Timestamp, to: Timestamp) -> Self {
        Self(Duration::try_from(to.duration_since(from)).unwrap_or_default())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded before the unit is chosen: 9.96 s become 10 s and not 10.0 s, and 59.7 s become a
        // minute.
        let tenths = self.0.as_millis().saturating_add(50) / 100;
        let seconds = self.0.as_millis().saturating_add(500) / 1_000;
        let text = match seconds {
            _ if self.0.as_millis() < 100 => format!("{} ms", self.0.as_millis()),
            _ if tenths < 100 => format!("{}.{} s", tenths / 10, tenths % 10),
            0..60 => format!("{seconds} s"),
            60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
            _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        };
        f.pad(&text)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Milliseconds are divided once, so that 1.2 s is written 1.2 and not 1.2000000001.
        #[allow(clippy::cast_precision_loss, reason = "exact below 2^53 ms")]
        serializer.serialize_f64(self.0.as_millis() as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lengths_are_written_finely_and_long_ones_coarsely() {
        for (millis, expected) in [
            (0, "0 ms"),
            (42, "42 ms"),
            (100, "0.1 s"),
            (1_249, "1.2 s"),
            (9_949, "9.9 s"),
            (9_950, "10 s"),
            (59_499, "59 s"),
            (59_500, "1 min 0 s"),
            (133_000, "2 min 13 s"),
            (3_599_499, "59 min 59 s"),
            (3_599_500, "1 h 0 min"),
            (7_384_000, "2 h 3 min"),
        ] {
            assert_eq!(
                Span(Duration::from_millis(millis)).to_string(),
                expected,
                "{millis} ms"
            );
        }
    }

    #[test]
    fn a_span_is_zero_when_clocks_disagree_about_the_order() {
        let (earlier, later) = (
            Timestamp::from_second(10).unwrap(),
            Timestamp::from_second(12).unwrap(),
        );
        assert_eq!(Span::between(earlier, later), Span(Duration::from_secs(2)));
        assert_eq!(Span::between(later, earlier), Span(Duration::ZERO));
    }

    #[test]
    fn json_has_seconds_to_the_millisecond() {
        for (micros, expected) in [
            (1_234_567, "1.234"),
            (2_829_000, "2.829"),
            (0, "0.0"),
            (131_200_000, "131.2"),
        ] {
            assert_eq!(
                serde_json::to_string(&Span(Duration::from_micros(micros))).unwrap(),
                expected
            );
        }
    }
}
