//! Text on its way to people and services: cut to the sizes that they take (`byte_limit`), and
//! without the characters that must not be printed (`printable`). Knows nothing of what the text
//! says.

pub mod byte_limit;
pub(crate) mod printable;
