//! The functions around the state machine, each called as Lambda calls it.

mod deliveries;
mod hostile;
mod incidents;
mod missed;
mod rescue;
mod respond;
mod seal;
mod start;
mod stop;
mod waiting;
