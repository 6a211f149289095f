//! The edges to AWS: one file for each service or call, with the request, the call and the mapping
//! of its errors. No type of the SDK leaves this module. What a call is made for, and when, is not
//! known here.
//!
//! `budget` and `backoff` pace calls; `error` sorts their failures by what a caller can do.

pub mod backoff;
pub mod budget;
mod connection;
mod error;
mod rates;
mod timestamp;

pub mod cloudformation;
pub mod ecs;
pub mod kms;
pub mod logs;
pub mod response_url;
pub mod step_functions;

/// Base64 as the SDK has it, so that the programs contain one implementation.
pub(crate) use aws_smithy_types::base64;
pub use connection::Connection;
pub(crate) use error::api_error;
pub use error::{ApiError, ErrorKind};
pub use rates::CallRates;
use timestamp::timestamp;
