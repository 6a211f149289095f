//! Runs an ECS task as a CloudFormation custom resource, and always tells CloudFormation how it
//! went: whatever fails on the way, something is left that answers.
//!
//! Two programs are made of this library (`src/bin`): `ecs-task-runner`, whose command `worker`
//! polls a Step Functions activity and runs the tasks, and `custom-resource`, the AWS Lambda
//! functions around the state machine. Data goes one way: the function `start` makes a task spec of
//! the event and its properties; the worker, which is the function `work` where there is no fleet, makes an outcome of it, from what ECS says of the task;
//! the function `respond` makes the response of the outcome.
//!
//! # The map
//!
//! Each module of the library is a room. It may import only the rooms in its third column, all of
//! which stand further down. A test reads this table and holds the code against it
//! (`tests/walls.rs`).
//!
//! | room | what is inside | imports |
//! |---|---|---|
//! | `functions` | `start`, `prepare`, `hook`, `work`, `respond`, `stop` and `rescue`, as Lambda invokes them, and how what still runs is stopped (`leftovers`) | `activity` `task_run` `aws` `execution` `properties` `task` `cloudformation` `text` `clock` `times` |
//! | `task_run` | one run: launch or adopt its ECS tasks, watch, judge, stop, report | `activity` `aws` `execution` `task` `cloudformation` `text` `arn` `clock` `times` |
//! | `run` | what the command `run` starts, shows and ends with: its options and file as properties, names of executions, log lines, exit codes | `explain` `check` `properties` `task` `text` `arn` |
//! | `explain` | an execution's history as a timeline with a conclusion, and which execution of a stack matters | `activity` `execution` `task` `cloudformation` `text` `arn` |
//! | `check` | custom resources and their templates, checked before anything is deployed | `properties` `cloudformation` `task` `text` `arn` `times` |
//! | `activity` | a worker for any Step Functions activity, or for one task whose token it is given: it takes a permit, polls, sends heartbeats, answers, lets go of a task whose token is lost (`attend`), and hands over when it shuts down; it knows nothing of ECS | `aws` `text` `times` |
//! | `aws` | the clients of AWS: one file for each service or call, its errors, and the rates of calls; `aws/step_functions` says what each caller does when Step Functions cannot be asked | `execution` `task` `cloudformation` `text` `arn` `times` |
//! | `execution` | an execution of the state machine: input, history, status, errors, and the text of the Reason | `properties` `cloudformation` `task` `text` `arn` `clock` `times` |
//! | `properties` | what people write in templates, checked and brought to the types of ECS | `task` `text` `arn` `times` |
//! | `cloudformation` | what CloudFormation asks, how long it waits, what it is answered, and what it records of its stacks | `task` `text` `arn` `clock` `times` |
//! | `task` | an ECS task: what is run, what ECS says of it, what that means | `text` `arn` |
//! | `command_line` | what the command lines of the programs have in common: how arguments are parsed, and the exit code for wrong ones | |
//! | `logging` | the log output of both programs, and whether output is in colour | `text` |
//! | `text` | byte limits, and what makes foreign text fit to print | |
//! | `arn` | Amazon Resource Names, split | |
//! | `clock` | the wall clock, which tests can replace | |
//! | `times` | how CloudFormation's hour is divided | |
//! | `version` | version and commit of the programs | |
//!
//! Three layers: `functions`, `task_run`, `run`, `explain`, `check` and `activity` orchestrate; `aws` is
//! the edge, and the only room with types of the AWS SDK, but for the client of `activity`; the
//! rooms below it are the core, which calls no service, and knows neither `aws` nor tokio.

pub mod activity;
pub mod arn;
pub mod aws;
pub mod check;
pub mod clock;
pub mod cloudformation;
pub mod command_line;
pub mod execution;
pub mod explain;
pub mod functions;
pub mod logging;
pub mod properties;
pub mod run;
pub mod task;
pub mod task_run;
pub mod text;
pub mod times;
pub mod version;
