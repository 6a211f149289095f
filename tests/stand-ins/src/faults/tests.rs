//! Which calls each kind of span and fault strikes.

use super::*;

fn struck(faults: &Faults, calls: usize) -> Vec<bool> {
    (0..calls)
        .map(|_| faults.strike(Service::Ecs, "RunTask", None).fault.is_some())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn each_span_strikes_its_calls() {
    for (span, expected) in [
        (Span::Next(2), [true, true, false, false]),
        (Span::Nth(3), [false, false, true, false]),
        (Span::Forever, [true; 4]),
    ] {
        let faults = Faults::new(Clock::start());
        let injected = faults.inject(Service::Ecs, "RunTask", span, Fault::Throttle);
        assert_eq!(struck(&faults, 4), expected, "{span:?}");
        injected.lift();
        assert_eq!(struck(&faults, 1), [false], "{span:?} lifted");
    }
}

#[tokio::test(start_paused = true)]
async fn a_span_of_time_ends() {
    let faults = Faults::new(Clock::start());
    faults.inject_all(
        Service::Ecs,
        Span::For(Duration::from_secs(5)),
        Fault::InternalError,
    );
    assert_eq!(struck(&faults, 2), [true, true]);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(struck(&faults, 2), [false, false]);
}

#[tokio::test(start_paused = true)]
async fn a_span_from_the_first_call_begins_with_it() {
    let faults = Faults::new(Clock::start());
    faults.inject(
        Service::Ecs,
        "RunTask",
        Span::FromFirst(Duration::from_secs(5)),
        Fault::InternalError,
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(struck(&faults, 1), [true]);
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_eq!(struck(&faults, 1), [true]);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(struck(&faults, 1), [false]);
}

#[tokio::test(start_paused = true)]
async fn a_fault_for_one_program_leaves_the_others_alone() {
    let faults = Faults::new(Clock::start());
    let injected = faults.inject_for(
        "stop",
        Service::Ecs,
        "RunTask",
        Span::Next(1),
        Fault::Throttle,
    );
    for (caller, expected) in [
        (None, false),
        (Some("start"), false),
        (Some("stop"), true),
        (Some("stop"), false),
    ] {
        assert_eq!(
            faults
                .strike(Service::Ecs, "RunTask", caller)
                .fault
                .is_some(),
            expected,
            "{caller:?}"
        );
    }
    assert_eq!(injected.struck(), 1);
}

#[tokio::test(start_paused = true)]
async fn other_operations_are_left_alone_and_delays_add_up() {
    let faults = Faults::new(Clock::start());
    let second = Duration::from_secs(1);
    faults.inject(Service::Ecs, "RunTask", Span::Forever, Fault::Delay(second));
    faults.inject(Service::Ecs, "RunTask", Span::Forever, Fault::CutAfter);
    faults.inject_all(Service::Ecs, Span::Forever, Fault::Delay(second));
    assert_eq!(
        faults.strike(Service::Ecs, "RunTask", None),
        Strike {
            delay: 2 * second,
            fault: Some(Fault::CutAfter)
        }
    );
    assert_eq!(
        faults.strike(Service::Ecs, "StopTask", None),
        Strike {
            delay: second,
            fault: None
        }
    );
    assert_eq!(
        faults.strike(Service::Sfn, "RunTask", None),
        Strike::default()
    );
}
