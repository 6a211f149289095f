//! The time axis: where a moment is, and which moments are named on it.

use std::iter;

use jiff::{SignedDuration, Timestamp};

use super::text::{cells, float};

/// Distances of the axis' lines, in milliseconds. Those that follow are each twice the one before.
const STEPS: [i64; 25] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    10 * DAY,
    30 * DAY,
];
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The most lines besides the one at the start.
const MAX_LINES: i64 = 6;
/// The least room between the labels of two lines, in cells.
const GAP: f64 = 1.0;

/// From when to when the picture goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    start: Timestamp,
    length: SignedDuration,
}

impl Scale {
    pub(super) fn new(start: Timestamp, end: Timestamp) -> Self {
        let length = end.duration_since(start).max(SignedDuration::ZERO);
        Self { start, length }
    }

    /// Where the moment is, from 0 at the start to 1 at the end. Moments outside, as by clocks that
    /// disagree, count as the nearest one inside.
    pub(super) fn place(&self, at: Timestamp) -> f64 {
        self.share(at.duration_since(self.start))
    }

    fn share(&self, since_start: SignedDuration) -> f64 {
        if self.length.is_zero() {
            return 0.0;
        }
        since_start.div_duration_f64(self.length).clamp(0.0, 1.0)
    }

    /// The lines of an axis that is so many cells long: where each is, and the time since the start that
    /// it stands for. They are as close as their number and their labels allow.
    pub(super) fn lines(&self, cells: f64) -> Vec<(f64, String)> {
        let whole = i64::try_from(self.length.as_millis()).unwrap_or(i64::MAX);
        let further = iter::successors(Some(60 * DAY), |step| step.checked_mul(2));
        STEPS
            .into_iter()
            .chain(further)
            .filter(|step| whole / step <= MAX_LINES)
            .map(|step| self.lines_every(step, whole))
            .find(|lines| have_room(lines, cells))
            .unwrap_or_default()
    }

    fn lines_every(&self, step: i64, whole: i64) -> Vec<(f64, String)> {
        (0..=whole / step)
            .map(|line| {
                let at = line * step;
                (self.share(SignedDuration::from_millis(at)), label(at))
            })
            .collect()
    }
}

/// Whether no label touches the next one. A label is centred below its line.
fn have_room(lines: &[(f64, String)], axis: f64) -> bool {
    let half = |label: &str| float(cells(label)) / 2.0;
    lines.windows(2).all(|pair| {
        let [(left, first), (right, second)] = pair else {
            return true;
        };
        (right - left) * axis >= half(first) + half(second) + GAP
    })
}

/// A time since the start that is a multiple of a step.
fn label(millis: i64) -> String {
    let (seconds, tenths) = (millis / 1_000, millis % 1_000 / 100);
    // As on a clock where the unit does not come out even: +1:15 min.
    let clock = |unit: i64, part: i64, name: &str| match millis % unit / part {
        0 => format!("+{} {name}", millis / unit),
        rest => format!("+{}:{rest:02} {name}", millis / unit),
    };
    match millis {
        0 => "start".to_owned(),
        _ if millis < MINUTE && tenths > 0 => format!("+{seconds}.{tenths} s"),
        _ if millis < MINUTE => format!("+{seconds} s"),
        _ if millis < HOUR => clock(MINUTE, 1_000, "min"),
        _ if millis < 2 * DAY => clock(HOUR, MINUTE, "h"),
        _ => format!("+{} d", millis / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(millis: i64) -> Vec<String> {
        let end = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis);
        let lines = Scale::new(Timestamp::UNIX_EPOCH, end).lines(57.0);
        lines.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn the_axis_has_few_lines_with_even_times_that_do_not_touch() {
        for (millis, expected) in [
            (0, "start"),
            (7, "start"),
            (450, "start +0.1 s +0.2 s +0.3 s +0.4 s"),
            (3_000, "start +0.5 s +1 s +1.5 s +2 s +2.5 s +3 s"),
            (92_500, "start +30 s +1 min +1:30 min"),
            (
                3_600_000,
                "start +10 min +20 min +30 min +40 min +50 min +1 h",
            ),
            (7_500_000, "start +30 min +1 h +1:30 h +2 h"),
            (39_600_000, "start +2 h +4 h +6 h +8 h +10 h"),
            (86_400_000 * 8, "start +2 d +4 d +6 d +8 d"),
            (
                86_400_000 * 3_000,
                "start +480 d +960 d +1440 d +1920 d +2400 d +2880 d",
            ),
        ] {
            assert_eq!(labels(millis).join(" "), expected, "{millis} ms");
        }
    }

    #[test]
    fn moments_outside_count_as_the_nearest_inside() {
        let at = |millis| Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis);
        let scale = Scale::new(at(1_000), at(3_000));
        for (millis, expected) in [
            (0, 0.0),
            (1_000, 0.0),
            (1_500, 0.25),
            (3_000, 1.0),
            (9_000, 1.0),
        ] {
            assert!(
                (scale.place(at(millis)) - expected).abs() < 1e-9,
                "{millis} ms"
            );
        }
        assert!(Scale::new(at(1_000), at(0)).place(at(500)).abs() < 1e-9);
    }
}
