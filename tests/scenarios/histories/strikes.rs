//! Calls of a history that go wrong.

use std::time::Duration;

use proptest::prelude::*;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};

/// A call that goes wrong.
#[derive(Debug, Clone)]
pub struct Strike {
    /// Seconds after the start from which it counts.
    pub from: u16,
    pub service: Service,
    pub operation: &'static str,
    pub span: Span,
    pub fault: Fault,
}

/// Any strike on one of `calls` with a fault that may pass, for at most `longest` seconds.
pub fn strike(
    from: impl Strategy<Value = u16>,
    calls: &[(Service, &'static str)],
    longest: u64,
) -> impl Strategy<Value = Strike> {
    let span = prop_oneof![
        3 => Just(Span::Nth(1)),
        2 => (2_u64..8).prop_map(Span::Nth),
        1 => (1_u64..5).prop_map(Span::Next),
        2 => (1..longest).prop_map(|seconds| Span::For(Duration::from_secs(seconds))),
    ];
    let fault = prop_oneof![
        Just(Fault::InternalError),
        Just(Fault::Throttle),
        Just(Fault::Refuse),
        Just(Fault::CutBefore),
        Just(Fault::CutAfter),
        Just(Fault::Duplicate),
        (1_u64..12).prop_map(|seconds| Fault::Delay(Duration::from_secs(seconds))),
    ];
    (from, prop::sample::select(calls.to_vec()), span, fault).prop_map(
        |(from, (service, operation), span, fault)| Strike {
            from,
            service,
            operation,
            span,
            fault,
        },
    )
}
