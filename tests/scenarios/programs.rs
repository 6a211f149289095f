//! The programs as people run them: processes, with the stand-ins at the other end of their
//! sockets.

mod check;
mod command_line;
mod credentials;
mod explain;
mod explain_follow;
mod explain_picture;
mod explain_refused;
mod explain_service;
mod explain_stack;
mod function_versions;
mod hook_process;
mod respond_process;
mod run;
mod run_arguments;
mod run_logs;
mod run_refused;
mod run_stopped;
mod run_waiting;
mod start_process;
mod work_process;
mod worker_adoption;
mod worker_health;
mod worker_process;
