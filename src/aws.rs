//! The edges to AWS: one file per service or call, holding the request, the call and the mapping of
//! its errors. No type of the SDK leaves this module.

pub mod backoff;
pub mod budget;
mod connection;
mod error;
mod rates;

pub mod cloudformation;
pub mod ecs;
pub mod kms;
pub mod logs;
pub mod response_url;
pub mod step_functions;

pub use connection::Connection;
pub(crate) use error::api_error;
pub use error::{ApiError, ErrorKind};
pub use rates::CallRates;
