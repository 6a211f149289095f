//! Times as the services give them.

use aws_smithy_types::DateTime;
use jiff::{Timestamp, Unit};

/// A time of the SDK; `None` if it is out of range, which no time of a service is.
///
/// To the millisecond, which is what the services give: their protocols write times as floating
/// point numbers, and the rest is noise.
pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?)
        .ok()?
        .round(Unit::Millisecond)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_to_the_millisecond() {
        let time = DateTime::from_secs_and_nanos(1, 122_999_907);
        assert_eq!(
            timestamp(&time),
            Some(Timestamp::from_millisecond(1_123).unwrap())
        );
        assert_eq!(timestamp(&DateTime::from_secs(i64::MAX)), None);
    }
}
