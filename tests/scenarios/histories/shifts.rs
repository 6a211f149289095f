//! Workers of a history that come and go.

use proptest::prelude::*;

/// The time that a worker works, and how it ends.
#[derive(Debug, Clone, Copy)]
pub struct Shift {
    /// Seconds.
    pub lasts: u16,
    pub ends: Leaves,
    /// Seconds until the next worker comes; without a fleet, until Lambda has a place again for
    /// another invocation.
    pub gap: u8,
}

/// How a worker ends.
#[derive(Debug, Clone, Copy)]
pub enum Leaves {
    /// It is told to stop, or its invocation's time is almost over, and it hands over.
    HandsOver,
    /// It is gone from one moment to the next.
    IsKilled,
    /// It has no network for so many seconds, works on after that, and stays.
    IsCutOff(u8),
}

/// Any shift of less than `longest` seconds.
pub fn shift(longest: u16) -> impl Strategy<Value = Shift> {
    let ends = prop_oneof![
        3 => Just(Leaves::HandsOver),
        3 => Just(Leaves::IsKilled),
        2 => (1_u8..150).prop_map(Leaves::IsCutOff),
    ];
    let gap = prop_oneof![2 => Just(0_u8), 1 => 0_u8..120];
    (1..longest, ends, gap).prop_map(|(lasts, ends, gap)| Shift { lasts, ends, gap })
}
