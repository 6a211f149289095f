//! The runbook, rehearsed: each test plants what an alarm rings for on the emulator, pastes the
//! runbook's own commands into a shell as a person on call does, and sees the cause fixed and the
//! stack replied to.
//!
//! What the emulator cannot play, and what is done instead:
//!
//! | it has no | so |
//! |---|---|
//! | evaluation of alarms | a test plants the cause itself, and begins where the alarm has rung |
//! | commands in [`shell::NOT_PLAYED`] | the AWS CLI checks them against its model, and calls nothing |
//! | instances behind an Auto Scaling group | the group's numbers are looked at, and the test starts the worker |
//! | retries of the events of custom resources | the test puts the event that was lost into the dead-letter queue, as Lambda does |
//! | events that wait for a free function | the next run shows that the function is switched on again |
//! | names of workers in histories, Container Insights, scaling activities | the commands run, and show nothing |
//! | database behind the migration | the SQL is not run |

mod dead_letters;
mod fleet;
mod functions;
mod launches;
mod page;
mod rehearsal;
mod replies;
mod shell;
mod wait_condition;
mod without_fleet;

use page::Section;

/// The sections whose commands the tests in `fleet`, `launches`, `without_fleet` and `wait_condition` run.
const REHEARSED: [&str; 20] = [
    "Set up",
    "The execution",
    "Is it stuck?",
    "DeadLettersAlarm",
    "UnansweredAlarm",
    "NotClaimedAlarm",
    "HeartbeatsAlarm",
    "WorkErrorsAlarm",
    "WorkWaitsAlarm",
    "FunctionErrorsAlarm",
    "HookErrorsAlarm",
    "RescueAlarm",
    "FleetAlarm",
    "ServiceAlarm",
    "The execution runs",
    "The execution has ended",
    "There is no execution",
    "The functions cannot run at all",
    "A wait condition waits",
    "A stack that cannot be rolled back or deleted",
];

#[test]
fn every_section_of_the_runbook_that_has_commands_is_rehearsed() {
    let with_commands: Vec<&str> = page::headings()
        .into_iter()
        .filter(|heading| Section::of(heading).has_commands())
        .collect();
    assert_eq!(with_commands, REHEARSED);
}
