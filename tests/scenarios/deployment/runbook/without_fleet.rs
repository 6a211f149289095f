//! Without a fleet: the function `work` fails, and is switched off.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::page::Section;
use super::rehearsal::{Rehearsal, SHORT};
use crate::deployment::account::Account;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_call_without_a_fleet_fixes_what_each_alarm_rings_for() {
    // 60 s of heartbeat period become 24 s, and heartbeats come every 20 s.
    let account = Account::without_fleet("runbook-no-fleet", 0.4).await;
    let mut rehearsal = Rehearsal::begin(account, "runbook-no-fleet-shell").await;
    an_invocation_that_is_killed(&mut rehearsal).await;
    a_function_that_is_switched_off(&mut rehearsal).await;
    rehearsal.ends().await;
}

async fn an_invocation_that_is_killed(rehearsal: &mut Rehearsal) {
    let waiting = rehearsal.waits("adopted").await;
    rehearsal.turn_to(&waiting).await;
    rehearsal.launched(1).await;
    let ministack = rehearsal.account.aws.ministack();
    let process = ministack.function_process("work").unwrap();
    kill(Pid::from_raw(process), Signal::SIGKILL).unwrap();

    let mut section = Section::of("WorkErrorsAlarm");
    rehearsal.run(&section.next()).await;
    let adopted = "given to another function, attempt 2";
    rehearsal.run_until(&section.next(), adopted).await;
    let history = rehearsal.run(&section.next()).await;
    assert!(history.matches("TaskScheduled").count() > 1, "{history}");
    section.ends();
    assert_eq!(rehearsal.account.launched(), 1);

    let stops = Section::of("The execution runs").next();
    rehearsal.run(&stops).await;
    rehearsal
        .is_sent_failed(waiting.operation, "stopped by hand")
        .await;
}

async fn a_function_that_is_switched_off(rehearsal: &mut Rehearsal) {
    rehearsal
        .aws(r#"lambda put-function-concurrency --function-name "$(id WorkFunction)" --reserved-concurrent-executions 0"#)
        .await;
    let waiting = rehearsal.waits("waits").await;

    let mut section = Section::of("WorkWaitsAlarm");
    let shown = rehearsal.run(&section.next()).await;
    let switched_off = r#""ReservedConcurrentExecutions": 0"#;
    assert!(shown.contains(switched_off), "{shown}");
    // It waits, and the Delete of the stack before may still be under way.
    assert!(!shown.ends_with("\n0"), "no run waits: {shown}");
    rehearsal.run(&section.next()).await;
    section.ends();

    // The emulator has dropped the event that waits on AWS. The next run shows that the function is
    // switched on.
    let next = rehearsal.create("next", SHORT).await;
    rehearsal.is_complete(next).await;
    rehearsal.turn_to(&waiting).await;
    let stops = Section::of("The execution runs").next();
    rehearsal.run(&stops).await;
    rehearsal
        .is_sent_failed(waiting.operation, "stopped by hand")
        .await;
}
