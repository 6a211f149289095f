//! CloudFormation's side of a custom resource: what it asks, how long it waits, and what it is
//! answered; and its stacks (`stack`), for people who ask what happened in them.
//!
//! ```text
//! event ──┬─▶ request ──▶ identity: the names of the execution, the task and the resource
//!         ├─▶ deadline: whether the event is late, and the deadline of the run
//!         └─▶ response_hosts: whether its URL may be answered ──▶ response, signal: the body; size cuts it
//!
//! the properties' WaitConditionHandle ──▶ handle: how long a run may take whose end goes there
//! ```
//!
//! It calls nothing: [`crate::aws::response_url`] sends the answer.

pub mod deadline;
pub mod event;
pub mod handle;
pub mod identity;
pub mod response;
pub mod response_hosts;
pub mod signal;
mod size;
pub mod stack;
