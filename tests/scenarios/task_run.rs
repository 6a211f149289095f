//! Runs of ECS tasks by a worker, in this process and under a paused clock.

mod adoption;
mod containers;
mod deadlines;
mod endings;
mod instances;
mod launches;
mod load;
mod outcomes;
mod parameters;
mod rates;
mod reasons;
mod relaunches;
mod suspension;
mod uncertainty;
mod what_ran;
