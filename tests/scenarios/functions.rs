//! The functions around the state machine, each called as Lambda calls it.

mod deployed;
mod execution;
mod hostile;
mod incidents;
mod rescue;
mod respond;
mod seal;
mod start;
mod stop;
mod waiting;
mod world;
