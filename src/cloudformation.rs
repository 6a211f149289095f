//! CloudFormation's side of a custom resource: what it asks, how long it waits, and what it is
//! answered.

pub mod event;
pub mod identity;
pub mod patience;
pub mod response;
pub mod response_hosts;
