//! The stack of the resource: its operations, and the events of its requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ecs_task_runner::cloudformation::event::Event;
use ecs_task_runner::cloudformation::identity::Identity;
use serde_json::Value;
use stand_ins::ResourceEvent;
use stand_ins::response_url::Handle;
use tokio::time::sleep;

use super::{Deployment, Request};

const STACK: &str = "todobackend";

impl Deployment {
    /// An operation of the stack begins.
    pub(super) fn operation_begins(&self, status: &str) {
        let cloudformation = self.aws.cloudformation();
        cloudformation.stack(STACK, status);
        let of_stack = ResourceEvent {
            logical_id: STACK,
            resource_type: "AWS::CloudFormation::Stack",
            status,
            reason: "User Initiated",
        };
        let now = self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
        cloudformation.event(STACK, &now.to_string(), of_stack);
    }

    /// A response URL. By its signature `start` knows which runs began before the request.
    pub(super) fn url_signed_now(&self) -> String {
        let url = self.urls.url(STACK, "MigrateTask");
        let (before, rest) = url.split_once("X-Amz-Date=").unwrap();
        let (_, after) = rest.split_once('&').unwrap();
        let now = self.clock.now().strftime("%Y%m%dT%H%M%SZ");
        format!("{before}X-Amz-Date={now}&{after}")
    }

    /// The stack has this status from now on.
    pub fn stack_is(&self, status: &str) {
        self.aws.cloudformation().stack(STACK, status);
    }

    /// CloudFormation sends a request in an operation of this status, which has begun just now. Its events
    /// are delivered so long after now. Gives the request's number.
    pub fn request_in(
        self: &Arc<Self>,
        (request_type, status): (&str, &str),
        properties: &Value,
        before: &Value,
        (first, again): (Duration, Option<Duration>),
    ) -> usize {
        self.operation_begins(status);
        let stack = self.aws.cloudformation().stack(STACK, status);
        let url = self.url_signed_now();
        let now = self.aws.clock().now();
        let request = Request::new(request_type, now, &stack, &url, properties, before);
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        self.deliver(number, first);
        if let Some(again) = again {
            let this = Arc::clone(self);
            self.begin(async move {
                sleep(first + again).await;
                if !this.is_answered_without_execution(number) {
                    this.deliver(number, Duration::ZERO);
                }
            });
        }
        number
    }

    /// Whether a request was replied to, and no execution of its name has it: `start` itself replied, or an
    /// execution that rolls back. `start` does not know the event then when it comes again, and
    /// replies FAILED to it, which nobody reads any more.
    fn is_answered_without_execution(&self, number: usize) -> bool {
        let event = self.request(number).event;
        let name = Identity::of(&Event::parse(event).unwrap().request).name;
        let executions = self.aws.sfn().executions();
        let has_it = executions.iter().any(|execution| execution.name == name);
        !has_it && !self.answers(number).is_empty()
    }

    /// Invokes `start` with the event of a request after a while.
    pub(super) fn deliver(self: &Arc<Self>, number: usize, after: Duration) {
        let this = Arc::clone(self);
        let event = self.request(number).event;
        self.begin(async move {
            if !after.is_zero() {
                sleep(after).await;
            }
            let is_attempted = AtomicBool::new(false);
            this.asynchronously(|| async {
                // Another delivery beside this one may have replied since the attempt before.
                if is_attempted.swap(true, Ordering::Relaxed)
                    && this.is_answered_without_execution(number)
                {
                    return Ok(());
                }
                let started = this.starter.start(event.clone()).await;
                started.map(drop).map_err(|error| error.to_string())
            })
            .await;
        });
    }

    /// The handle of a wait condition that the stack creates now.
    pub fn new_handle(&self, logical_id: &str) -> Handle {
        let now = self.clock.now().strftime("%Y%m%dT%H%M%SZ");
        self.urls.handle_signed(STACK, logical_id, &now.to_string())
    }

    /// How far the clock is into its second.
    pub fn time_in_second(&self) -> Duration {
        Duration::from_nanos(self.clock.now().subsec_nanosecond().unsigned_abs().into())
    }
}
