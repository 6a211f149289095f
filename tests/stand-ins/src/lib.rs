//! Local stand-ins for the AWS services that `ecs-task-runner` calls.
//!
//! One [`StandIns`] is one account's worth of state. The same code serves three uses: tests in one process under a paused tokio
//! clock, scenarios over real sockets, and the local run.
//!
//! # A test with real SDK clients and no sockets
//!
//! ```
//! use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region};
//! use stand_ins::StandIns;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let aws = StandIns::new();
//! aws.ecs().register_family("migrate", &["app"]);
//!
//! let config = aws_sdk_ecs::Config::builder()
//!     .behavior_version(BehaviorVersion::latest())
//!     .region(Region::new(stand_ins::REGION))
//!     .credentials_provider(Credentials::new("AKID", "secret", None, None, "tests"))
//!     .http_client(aws.http_client())
//!     .build();
//! let ecs = aws_sdk_ecs::Client::from_conf(config);
//!
//! let answer = ecs.run_task().task_definition("migrate").send().await?;
//! assert_eq!(answer.tasks()[0].last_status(), Some("PROVISIONING"));
//! # Ok(())
//! # }
//! ```
//!

#![allow(clippy::doc_markdown, reason = "the names of AWS operations read as words here, on nearly every line")]
#![allow(clippy::must_use_candidate, reason = "what sets something up also answers its name or a handle, needed or not")]

mod calls;
mod clock;
mod dispatch;
pub mod ecs;
pub mod faults;
mod http;
mod identifiers;
mod lock;
mod protocol;
pub mod sfn;
mod token_bucket;

use std::sync::Arc;

pub use calls::{Call, Calls, Count, Outcome, Recording};
pub use clock::Clock;
pub use identifiers::{ACCOUNT, REGION, arn};
pub use protocol::{AwsError, Service};

use ecs::Ecs;
use faults::Faults;
use identifiers::Identifiers;
use sfn::Sfn;

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
}

impl StandIns {
    /// Fresh stand-ins, whose clock starts now. Make them inside the runtime whose time they are to follow.
    pub fn new() -> Self {
        let clock = Clock::start();
        Self {
            inner: Arc::new(Inner {
                clock,
                identifiers: Identifiers::new(0),
                calls: Calls::new(),
                faults: Faults::new(clock),
                ecs: Ecs::new(clock),
                sfn: Sfn::new(clock),
            }),
        }
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
