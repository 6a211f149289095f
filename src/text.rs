//! Text on its way to people and services: cut to the sizes that they take (`byte_limit`), without
//! the characters that must not be printed (`printable`), and as lists of names (`enumeration`); and
//! members of documents that are read whatever their type is (`lenient`). Knows nothing of what the
//! text says.

pub mod byte_limit;
pub(crate) mod enumeration;
pub(crate) mod lenient;
pub(crate) mod printable;
