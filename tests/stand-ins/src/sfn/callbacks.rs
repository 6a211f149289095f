//! Task tokens of states that wait for one (`….waitForTaskToken`): whoever the state called answers
//! with SendTaskSuccess or SendTaskFailure.

use super::Sfn;
use super::activities::{ActivityTask, Origin};
use super::schedule::{EventKind, Schedule, Scheduled};
use serde_json::json;

impl Sfn {
    /// Makes a task token as a state does that calls a service and waits. Its clocks run from now
    /// on, not from the moment at which somebody takes up the work (recorded histories of
    /// callbacks). The token stands for the state machine, and ends with the execution.
    ///
    /// # Panics
    /// When `execution` is no execution's ARN.
    pub fn callback(&self, execution: &str, schedule: Schedule) -> (String, Scheduled) {
        let Schedule {
            heartbeat,
            timeout,
            retry,
            recorder,
        } = schedule;
        let (state_machine, _) = execution
            .rsplit_once(':')
            .expect("an execution's ARN ends with its name");
        let scheduled = Scheduled::new(self.inner.clock, retry, recorder);
        scheduled.note(EventKind::Scheduled);
        let task = ActivityTask {
            activity: state_machine.replace(":execution:", ":stateMachine:"),
            input: json!({"execution": execution}).to_string(),
            heartbeat,
            timeout,
            origin: Origin::Test(scheduled.clone()),
        };
        (self.hand_out(task, None), scheduled)
    }
}
