//! Requests whose properties name the handle of a wait condition. The condition waits for hours where
//! nothing is signalled, so that a request which runs nothing signals that.
//!
//! CloudFormation counts signals when it creates a condition, and never again: a run with a handle that
//! an earlier run had would have nobody to report to, while CloudFormation takes the resource's update
//! for done. Such an update is refused.

use std::time::Duration;

use super::arrival::Arrival;
use super::{StartError, Starter};
use crate::aws::response_url::PutError;
use crate::cloudformation::deadline::Deadline;
use crate::cloudformation::event::{ReplyTo, RequestType, WaitConditionHandle};
use crate::cloudformation::handle;
use crate::cloudformation::signal::unique_id;
use crate::functions::respond::RespondError;
use crate::functions::start::plan::Plan;
use crate::properties::wait_condition_handle;
use crate::task::error::ErrorName;
use crate::task::outcome::Output;
use crate::times::START_ANSWER_TIMEOUT;

const WAS_USED: &str = "WaitConditionHandle is the one that this resource had before, and its wait condition does not wait again: CloudFormation waits for a condition when it creates it. Give the handle and its condition new logical ids whenever the task is to run again";

impl Arrival {
    /// The handle that the properties name, with the id under which this request's run signals.
    pub(super) fn handle(&self) -> Option<WaitConditionHandle> {
        let url = wait_condition_handle(&self.event.resource_properties)?;
        Some(WaitConditionHandle {
            url: url.into(),
            unique_id: unique_id(&self.identity.name).to_owned(),
        })
    }

    /// Whether the resource had the same handle before this Update.
    fn had_handle_before(&self) -> bool {
        let of = wait_condition_handle;
        self.request.request_type == RequestType::Update
            && of(&self.event.resource_properties) == of(&self.event.old_resource_properties)
    }
}

impl Starter {
    /// The plan for a request that runs nothing. A condition is waiting if its handle is new to the
    /// resource. A rollback brings the handle of an earlier run, for which nothing
    /// waits.
    pub(super) fn plan_skip(
        &self,
        arrival: &Arrival,
        reason: impl Into<String>,
        is_rollback: bool,
    ) -> Plan {
        let output = Box::new(Output::skipped(reason));
        let handle = arrival.handle();
        let handle = handle.filter(|_| !is_rollback && !arrival.had_handle_before());
        match handle.map(|handle| self.usable(arrival, handle)) {
            None => Plan::Succeed(output, None),
            Some(Ok(handle)) => Plan::Succeed(output, Some(handle)),
            Some(Err(plan)) => plan,
        }
    }

    /// The handle, if signals may be sent to it.
    fn usable(
        &self,
        arrival: &Arrival,
        handle: WaitConditionHandle,
    ) -> Result<WaitConditionHandle, Plan> {
        let to = ReplyTo::WaitCondition(&arrival.request, &handle);
        match self.responder.check_url(to) {
            Ok(()) => Ok(handle),
            Err(error) => Err(Plan::Fail(format!(
                "{}: {error}. Expected the URL that !Ref of an AWS::CloudFormation::WaitConditionHandle gives. Nothing was run.",
                ErrorName::InvalidRequest
            ))),
        }
    }

    /// The handle to which the end of the request's run goes, and the run's deadline. Otherwise the plan
    /// for a request that cannot run with its handle.
    pub(super) async fn handle_of_run(
        &self,
        arrival: &Arrival,
        handle: WaitConditionHandle,
        limit: Duration,
    ) -> Result<(WaitConditionHandle, Deadline), Plan> {
        let handle = self.usable(arrival, handle)?;
        let invalid = ErrorName::InvalidRequest;
        if arrival.had_handle_before() {
            let why = format!("{invalid}: {WAS_USED}.");
            return Err(self.refuse(arrival, &why).await);
        }
        // The run may take hours, and nobody would stop it: CloudFormation goes on without the resource.
        let patience = self.age(arrival).deadline(limit);
        if patience.at <= self.clock.now() {
            let why = format!(
                "{}: the event came too late for a run to begin: {}.",
                ErrorName::DeadlineExceeded,
                patience.set_by
            );
            return Err(self.refuse(arrival, &why).await);
        }
        match handle::deadline(&handle.url, self.clock.now(), limit) {
            Ok(deadline) => Ok((handle, deadline)),
            Err(error) => Err(self.refuse(arrival, &format!("{invalid}: {error}.")).await),
        }
    }

    /// Answers SUCCESS to a request that runs nothing. The condition comes first: where its handle does
    /// not take the signal, the request fails, since the stack would wait for hours. A handle that cannot
    /// be reached is tried again with the next delivery of the event, as long as there is one.
    pub(super) async fn skip(&self, arrival: &Arrival, output: Output) -> Result<(), StartError> {
        let within = START_ANSWER_TIMEOUT;
        let request = &arrival.request;
        if request.wait_condition_handle.is_some() {
            let signalled = self.responder.succeed_run(request, output.clone(), within);
            if let Err(error) = signalled.await {
                let is_final = matches!(error, RespondError::Put(PutError::Refused { .. }));
                if !is_final && self.age(arrival).has_delivery_ahead() {
                    return Err(error.into());
                }
                let reason = format!(
                    "{}: nothing was to be run ({}), and WaitConditionHandle does not take the signal that says so: {error}. Give the handle and its condition new logical ids.",
                    ErrorName::InvalidRequest,
                    output.skipped
                );
                return Ok(self.responder.fail(request, &reason, within).await?);
            }
        }
        Ok(self.responder.succeed(request, output, within).await?)
    }
}
