//! The worker's configuration. clap reads it as text only; it is validated afterwards as a whole,
//! so that every problem is reported at once.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;

use clap::Args;
use ecs_task_runner::arn::Arn;
use ecs_task_runner::aws::CallRates;
use ecs_task_runner::logging::LogFormat;

/// Longest worker name in characters (`API_GetActivityTask`).
const MAX_WORKER_NAME: usize = 80;
/// Most pollers of one activity, over all of its workers (`service-quotas`).
const MAX_POLLERS: u32 = 1_000;
/// Most calls a second, against typing errors. No quota for these calls is higher.
const MAX_RATE: u32 = 3_000;
/// Most tasks at once, against typing errors. A task takes a few KB of memory, which sets the real
/// limit.
const MAX_TASKS: u32 = 100_000;

#[derive(Debug, Clone, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help that --help prints, where backticks would show"
)]
pub(crate) struct WorkerArguments {
    /// ARN of the activity to poll
    #[arg(long, env = "ACTIVITY_ARN", value_name = "ARN")]
    activity_arn: Option<String>,
    /// Tasks at once, polls in flight included (1 to 100000)
    #[arg(long, env = "MAX_TASKS", value_name = "N", default_value = "1000")]
    max_tasks: String,
    /// Polls at once when tasks arrive quickly; two when idle (1 to 1000, which is what an activity
    /// takes from all its workers)
    #[arg(long, env = "POLLERS", value_name = "N", default_value = "100")]
    pollers: String,
    /// GetActivityTask calls a second; an account has 500, or 300 in smaller regions
    #[arg(long, env = "POLL_RATE", value_name = "N", default_value = "250")]
    poll_rate: String,
    /// DescribeTasks calls a second, for up to 100 tasks each; an account has 20, together with
    /// ListTasks
    #[arg(
        long,
        env = "DESCRIBE_TASKS_RATE",
        value_name = "N",
        default_value = "10"
    )]
    describe_tasks_rate: String,
    /// RunTask and StartTask calls a second; an account has 40, together with StopTask, and 20
    /// launches on Fargate
    #[arg(long, env = "RUN_TASK_RATE", value_name = "N", default_value = "20")]
    run_task_rate: String,
    /// StopTask calls a second
    #[arg(long, env = "STOP_TASK_RATE", value_name = "N", default_value = "10")]
    stop_task_rate: String,
    /// ListTasks calls a second
    #[arg(long, env = "LIST_TASKS_RATE", value_name = "N", default_value = "2")]
    list_tasks_rate: String,
    /// GetLogEvents calls a second
    #[arg(long, env = "LOG_EVENTS_RATE", value_name = "N", default_value = "5")]
    log_events_rate: String,
    /// Name of this worker in execution histories, up to 80 characters [default: the host's name]
    #[arg(long, env = "WORKER_NAME", value_name = "NAME")]
    worker_name: Option<String>,
    /// Log lines as JSON, as text for people, or as JSON unless standard output is a terminal
    /// (auto, json, text)
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "auto"
    )]
    log_format: String,
    /// Address and port, such as 127.0.0.1:8080, to answer liveness probes at: 200 while polls and
    /// heartbeats succeed in time, 503 otherwise, with their ages as JSON [default: off]
    #[arg(long, env = "HEALTH_ADDR", value_name = "ADDRESS")]
    health_addr: Option<String>,
}

/// A valid configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WorkerConfiguration {
    pub(crate) activity_arn: String,
    /// The activity's region, in which all calls are made.
    pub(crate) region: String,
    pub(crate) max_tasks: NonZeroU32,
    pub(crate) pollers: NonZeroU32,
    pub(crate) poll_rate: NonZeroU32,
    pub(crate) call_rates: CallRates,
    pub(crate) worker_name: String,
    pub(crate) log_format: LogFormat,
    pub(crate) health_addr: Option<SocketAddr>,
}

/// All problems of a configuration, each a sentence that names the option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the worker cannot start with this configuration:")?;
        for problem in &self.0 {
            write!(f, "\n  - {problem}")?;
        }
        write!(f, "\nSee ecs-task-runner worker --help.")
    }
}

impl WorkerArguments {
    /// Validates every option, and reports every problem.
    pub(crate) fn validate(self) -> Result<WorkerConfiguration, Problems> {
        let mut problems = Vec::new();
        let activity_arn = self.activity_arn.unwrap_or_default();
        let region = region_of_activity(&activity_arn).unwrap_or_else(|problem| {
            problems.push(problem);
            String::new()
        });
        let max_tasks = number("--max-tasks", &self.max_tasks, MAX_TASKS, &mut problems);
        let pollers = number("--pollers", &self.pollers, MAX_POLLERS, &mut problems);
        let mut rate = |flag, text: &str| number(flag, text, MAX_RATE, &mut problems);
        let poll_rate = rate("--poll-rate", &self.poll_rate);
        let call_rates = CallRates {
            describe_tasks: rate("--describe-tasks-rate", &self.describe_tasks_rate)
                .get()
                .into(),
            run_task: rate("--run-task-rate", &self.run_task_rate).get().into(),
            stop_task: rate("--stop-task-rate", &self.stop_task_rate).get().into(),
            list_tasks: rate("--list-tasks-rate", &self.list_tasks_rate)
                .get()
                .into(),
            get_log_events: rate("--log-events-rate", &self.log_events_rate)
                .get()
                .into(),
        };
        let worker_name = self
            .worker_name
            .filter(|name| !name.is_empty())
            .unwrap_or_else(host_name);
        if worker_name.chars().count() > MAX_WORKER_NAME
            || worker_name.chars().any(char::is_control)
        {
            problems.push(format!(
                "--worker-name must have 1 to {MAX_WORKER_NAME} printable characters"
            ));
        }
        let log_format = match self.log_format.as_str() {
            "auto" => LogFormat::Auto,
            "json" => LogFormat::Json,
            "text" => LogFormat::Text,
            other => {
                problems.push(format!(
                    "--log-format must be auto, json or text, and is '{other}'"
                ));
                LogFormat::Auto
            }
        };
        let health_addr = self.health_addr.filter(|address| !address.is_empty()).and_then(|address| {
            let parsed = address.parse().ok();
            if parsed.is_none() {
                problems.push(format!("--health-addr must be an address and a port, such as 127.0.0.1:8080, and is '{address}'"));
            }
            parsed
        });
        if problems.is_empty() {
            Ok(WorkerConfiguration {
                activity_arn,
                region,
                max_tasks,
                pollers,
                poll_rate,
                call_rates,
                worker_name,
                log_format,
                health_addr,
            })
        } else {
            Err(Problems(problems))
        }
    }
}

/// The region in the ARN of an activity, or the problem with the ARN.
fn region_of_activity(arn: &str) -> Result<String, String> {
    if arn.is_empty() {
        return Err("--activity-arn (or ACTIVITY_ARN) is missing; it is the ARN that the task runner's stack exports".to_owned());
    }
    let activity = Arn::parse(arn).filter(|arn| {
        let name = arn.resource_of("states", "activity:");
        name.is_some_and(|name| arn.is_sound(&[name]))
    });
    match activity {
        Some(activity) => Ok(activity.region.to_owned()),
        None => Err(format!(
            "--activity-arn must be the ARN of a Step Functions activity (arn:aws:states:REGION:ACCOUNT:activity:NAME), and is '{arn}'"
        )),
    }
}

/// Reads a whole number from 1 to `max`. Notes a problem and returns 1 if it is none, so that the
/// other options are read too.
fn number(flag: &str, text: &str, max: u32, problems: &mut Vec<String>) -> NonZeroU32 {
    match text.trim().parse::<NonZeroU32>() {
        Ok(number) if number.get() <= max => number,
        _ => {
            problems.push(format!(
                "{flag} must be a whole number from 1 to {max}, and is '{text}'"
            ));
            NonZeroU32::MIN
        }
    }
}

/// The host's name, cut to the length of a worker's.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().take(MAX_WORKER_NAME).collect();
    if name.is_empty() {
        "ecs-task-runner".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests;
