//! The functions around the state machine, each called as Lambda calls it.

mod respond;
mod start;
mod stop;
mod world;
