//! Where the reply for an execution goes that ended without one, and whether it still can.

use serde_json::Value;

use super::Rescuer;
use crate::cloudformation::event::{Request, RequestType};
use crate::execution::status::Execution;
use crate::functions::respond::RespondError;
use crate::task::outcome::Output;
use crate::times::handle::HANDLE_URL_LIFE;
use crate::times::{RESCUE_ANSWER_TIMEOUT, RESPONSE_URL_LIFE, SERVICE_TIMEOUT};

impl Rescuer {
    /// Whether the URL takes no answer any more, and CloudFormation has long given
    /// up. So late ends only an execution that could not be ended when its time was over.
    pub(super) fn is_given_up(&self, execution: &Execution, input: &Value) -> bool {
        let life = if input["request"]["WaitConditionHandle"].is_null() {
            RESPONSE_URL_LIFE
        } else {
            HANDLE_URL_LIFE
        };
        self.clock.since(execution.started) > life
    }

    /// A Delete succeeds whatever happened: a leftover task must not keep a stack from being
    /// deleted.
    ///
    /// An execution whose run's end goes to a wait condition may have ended before it answered that the
    /// run had begun. This is repeated within the time that CloudFormation waits at most. CloudFormation may
    /// no longer wait, as for a run that `start` stopped: that is not asked, so that every request is replied to.
    pub(super) async fn answer(
        &self,
        request: &Request,
        reason: &str,
        execution: &Execution,
    ) -> Result<(), RespondError> {
        let within = RESCUE_ANSWER_TIMEOUT;
        match request.request_type {
            RequestType::Delete => {
                let output = Output::default();
                self.responder.succeed(request, output, within).await
            }
            RequestType::Create | RequestType::Update
                if self.clock.since(execution.started) > SERVICE_TIMEOUT =>
            {
                Box::pin(self.responder.fail_run(request, reason, within)).await
            }
            RequestType::Create | RequestType::Update => {
                // Boxed: the futures would enlarge that of every execution that is looked after.
                let (replied, repeated) = tokio::join!(
                    Box::pin(self.responder.fail_run(request, reason, within)),
                    Box::pin(self.responder.repeat_that_it_began(request, within))
                );
                replied.and(repeated)
            }
        }
    }
}
