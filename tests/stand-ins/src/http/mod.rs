//! The two ways in: real sockets, and a client of the AWS SDKs that needs none.

mod in_process;
mod sockets;

pub(crate) use self::in_process::in_process_answer;
pub use self::sockets::Served;
pub(crate) use self::sockets::{over_sockets, serve};
