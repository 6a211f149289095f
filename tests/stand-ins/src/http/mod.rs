//! The two ways in: real sockets, and a client of the AWS SDKs that needs none.

mod in_process;
