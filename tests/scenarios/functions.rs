//! The functions around the state machine, each called as Lambda calls it.

mod deliveries;
mod hostile;
mod incidents;
mod missed;
mod rescue;
mod rescue_tasks;
mod respond;
mod rollbacks;
mod seal;
mod start;
mod stop;
mod stop_on_delete;
mod updates;
mod waiting;
