//! Local stand-ins for the AWS services that `ecs-task-runner` calls.
//!
//! One [`StandIns`] is one account's worth of state. The same code serves three uses: tests in one
//! process under a paused tokio clock, scenarios over real sockets, and the local run.
//!
//! # A test with real SDK clients and no sockets
//!
//! ```
//! use stand_ins::{StandIns, sdk_config};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let aws = StandIns::new();
//! aws.ecs().register_family("migrate", &["app"]);
//!
//! let ecs = aws_sdk_ecs::Client::new(&sdk_config("AKID", aws.http_client()));
//! let answer = ecs.run_task().task_definition("migrate").send().await?;
//! assert_eq!(answer.tasks()[0].last_status(), Some("PROVISIONING"));
//! # Ok(())
//! # }
//! ```
//!
//!
//! # Over sockets
//!
//! [`StandIns::listen`] serves all services at one URL, for `AWS_ENDPOINT_URL` and its like;
//! [`StandIns::response_urls`] is where CloudFormation's answers go.
//!
//! # What happens there
//!
//! Tasks follow [scripts](ecs::Script), or run as [processes](ecs::Processes) of this machine.
//! Activities have [queues of their own](sfn::Sfn::schedule), or [stand in
//! front](sfn::Sfn::in_front_of) of an emulator. Every call is [recorded](Calls), any call can be
//! struck by a [fault](faults::Faults), and a test may decide [who is allowed
//! what](StandIns::authorize_with).

#![allow(
    clippy::doc_markdown,
    reason = "the names of AWS operations read as words here, on nearly every line"
)]
#![allow(
    clippy::must_use_candidate,
    reason = "what sets something up also answers its name or a handle, needed or not"
)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "in a test, a panic is the report")
)]

mod authorization;
mod aws_error;
mod calls;
mod clock;
mod cloudformation;
mod dispatch;
pub mod ecs;
pub mod faults;
mod http;
mod identifiers;
pub mod jitter;
mod kms;
pub mod lambda;
mod lock;
pub mod log_capture;
mod logs;
mod protocol;
pub mod response_url;
mod sdk_config;
pub mod sfn;
mod token_bucket;
mod upstream;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;

pub use authorization::Authorization;
pub use aws_error::AwsError;
pub use calls::{Call, Calls, Count, Outcome, Recording};
pub use clock::{Clock, WallClock};
pub use cloudformation::{CloudFormation, ResourceEvent};
pub use http::Served;
pub use identifiers::{ACCOUNT, REGION, arn};
pub use kms::Kms;
pub use logs::{LogEvent, Logs};
pub use protocol::Service;
pub use sdk_config::{own_region, sdk_config};

use authorization::Authorizer;
use ecs::Ecs;
use faults::Faults;
use identifiers::Identifiers;
use sfn::Sfn;
use upstream::Upstream;

/// All stand-ins of one account; clones share everything.
#[derive(Clone, Debug)]
pub struct StandIns {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    identifiers: Identifiers,
    calls: Calls,
    faults: Faults,
    ecs: Ecs,
    sfn: Sfn,
    logs: Logs,
    cloudformation: CloudFormation,
    kms: Kms,
    authorizer: Mutex<Option<Authorizer>>,
    /// Serves what is asked of services without state here.
    behind: OnceLock<Upstream>,
}

impl StandIns {
    /// Fresh stand-ins, whose clock starts now. Make them inside the runtime whose time they are to
    /// follow.
    pub fn new() -> Self {
        Self::at(SystemTime::now())
    }

    /// The same at another time, as where the times in what they write are compared.
    pub fn at(wall: SystemTime) -> Self {
        let clock = Clock::at(wall);
        let logs = Logs::new(clock);
        Self {
            inner: Arc::new(Inner {
                clock,
                identifiers: Identifiers::new(0),
                calls: Calls::new(),
                faults: Faults::new(clock),
                ecs: Ecs::new(clock, logs.clone()),
                sfn: Sfn::new(clock),
                logs,
                cloudformation: CloudFormation::default(),
                kms: Kms::new(),
                authorizer: Mutex::default(),
                behind: OnceLock::new(),
            }),
        }
    }

    /// Passes the calls of KMS and CloudFormation on to the endpoint at `url`, so that they are
    /// recorded here and answered there. [`Sfn::in_front_of`](sfn::Sfn::in_front_of) does the same
    /// for Step Functions.
    ///
    /// # Panics
    /// When it was called before.
    pub fn in_front_of(&self, url: &str) {
        self.inner
            .behind
            .set(Upstream::new(url))
            .expect("stand-ins are put in front of one endpoint");
    }

    /// The clock of all stand-ins.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// The record of all calls.
    pub fn calls(&self) -> &Calls {
        &self.inner.calls
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Amazon ECS.
    pub fn ecs(&self) -> &Ecs {
        &self.inner.ecs
    }

    /// AWS Step Functions.
    pub fn sfn(&self) -> &Sfn {
        &self.inner.sfn
    }

    /// Amazon CloudWatch Logs.
    pub fn logs(&self) -> &Logs {
        &self.inner.logs
    }

    /// AWS CloudFormation.
    pub fn cloudformation(&self) -> &CloudFormation {
        &self.inner.cloudformation
    }

    /// AWS KMS.
    pub fn kms(&self) -> &Kms {
        &self.inner.kms
    }

    /// A value for the `x-amzn-requestid` header.
    pub(crate) fn request_id(&self) -> String {
        self.inner.identifiers.uuid()
    }
}

impl Default for StandIns {
    fn default() -> Self {
        Self::new()
    }
}
