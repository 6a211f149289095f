//! Task tokens of states that call a function and wait (`….waitForTaskToken`). The endpoint behind
//! makes these tokens and invokes the function itself, so the front learns of a token with the
//! function's first heartbeat. It passes every call about one on, and keeps the clock of its
//! heartbeats, which the emulator has not.
//!
//! Where the emulator differs from AWS, and the front cannot make up for it:
//!
//! | AWS | the emulator |
//! |---|---|
//! | With `InvocationType` `Event`, Lambda queues the event. The state goes on with the answer. | It does not look at `InvocationType`. The state goes on with the answer once the function has returned as well, so no attempt begins beside a function that hangs. |
//! | Lambda holds events back while no function is free, drops those that are too old, and may deliver one twice. | Every event is delivered once, at once. |
//! | The heartbeat's clock starts with the call. | It starts with the first heartbeat: of a function that dies before it, nothing is noticed until the state's `TimeoutSeconds`. |
//! | Each attempt has a token of its own, and calls with an earlier one are refused. | All attempts of a state share one token, and what comes late counts for the next one. |
//! | Calls with the token of an execution that was stopped are refused. | They are taken. |

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use http::HeaderMap;
use tokio::task::AbortHandle;

use super::{Front, UpstreamTask};
use crate::lock::Lock;
use crate::sfn::Sfn;
use crate::sfn::interpreter::definition;
use crate::sfn::schedule::Outcome;

/// The clocks of the tokens that the endpoint behind has made.
#[derive(Debug)]
pub(super) struct Callbacks {
    /// How long each waits for the next heartbeat.
    heartbeat: Duration,
    clocks: Mutex<HashMap<String, AbortHandle>>,
}

impl Callbacks {
    /// No call about a token tells its state's `HeartbeatSeconds`. The definition has one state that
    /// makes such tokens.
    pub(super) fn with_scale(scale: f64) -> Self {
        let state = &definition()["States"]["RunTaskOnLambda"];
        let seconds = state["HeartbeatSeconds"].as_f64();
        let seconds = seconds.expect("the state that waits for a token has a heartbeat");
        Self {
            heartbeat: Duration::from_secs_f64(seconds * scale),
            clocks: Mutex::default(),
        }
    }

    fn keep(&self, token: &str, clock: AbortHandle) {
        let earlier = self.clocks.locked().insert(token.to_owned(), clock);
        if let Some(earlier) = earlier {
            earlier.abort();
        }
    }

    /// An answer has ended the token.
    pub(super) fn stop(&self, token: &str) {
        if let Some(clock) = self.clocks.locked().remove(token) {
            clock.abort();
        }
    }
}

impl Sfn {
    /// The endpoint behind has taken a heartbeat: the next one is due. A miss is reported as the
    /// failure by which Step Functions tells it to Retry and Catch.
    pub(super) fn callback_is_alive(&self, front: &Front, token: &str, headers: &HeaderMap) {
        let task = UpstreamTask {
            token: token.to_owned(),
            execution: None,
            headers: headers.clone(),
        };
        let heartbeat = front.callbacks.heartbeat;
        let sfn = self.clone();
        let clock = tokio::spawn(async move {
            tokio::time::sleep(heartbeat).await;
            sfn.report_upstream(&task, Outcome::HeartbeatTimedOut);
        });
        front.callbacks.keep(token, clock.abort_handle());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_last_heartbeats_clock_runs() {
        let callbacks = Callbacks::with_scale(1.0);
        let clock = || tokio::spawn(std::future::pending::<()>());
        let (first, second) = (clock(), clock());
        callbacks.keep("token", first.abort_handle());
        callbacks.keep("token", second.abort_handle());
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(!second.is_finished());
        callbacks.stop("token");
        assert!(second.await.unwrap_err().is_cancelled());
    }
}
