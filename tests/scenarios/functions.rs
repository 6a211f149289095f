//! The functions around the state machine, each called as Lambda calls it.

mod deliveries;
mod direct;
mod hook;
mod hook_ends;
mod hook_given_up;
mod hook_trouble;
mod hostile;
mod incidents;
mod long_runs;
mod lost_events;
mod redriven;
mod rescue;
mod rescue_leftovers;
mod rescue_reports;
mod respond;
mod rollbacks;
mod seal;
mod start;
mod start_without_fleet;
mod stop;
mod stop_on_delete;
mod unclaimed;
mod updates;
mod work;
