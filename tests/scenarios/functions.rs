//! The functions around the state machine, each called as Lambda calls it.

mod respond;
mod seal;
mod start;
mod stop;
mod world;
