//! What is deployed: the definition and the templates held against the code, stacks with the
//! deployed programs on the emulator, and parts of different releases that meet.

mod definition;
mod example;
mod lifecycle;
mod rescue;
pub mod templates;
mod upgrade;
