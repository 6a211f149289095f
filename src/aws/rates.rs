//! How often a process makes each kind of call.

/// The most calls a second that this process makes of each kind. The defaults lie below the
/// account's quotas (`request-throttling`), so that its other users keep their share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallRates {
    /// `DescribeTasks`. The account's quota is 20 calls a second, together with `ListTasks`.
    pub describe_tasks: f64,
    /// `RunTask` and `StartTask`. The account's quota is 40 calls a second, together with
    /// `StopTask`. The default of 20 is all that Fargate takes: 20 calls of `RunTask` and 20 new
    /// tasks a second (`throttling`). If others launch on Fargate too, the process lowers its rate
    /// when a call is throttled.
    pub run_task: f64,
    /// `StopTask`, which shares the quota of `RunTask`.
    pub stop_task: f64,
    /// `GetLogEvents`. The account's quota is 25 calls a second or more, depending on the region.
    pub get_log_events: f64,
    /// `ListTasks`, which shares the quota of `DescribeTasks`.
    pub list_tasks: f64,
}

impl Default for CallRates {
    fn default() -> Self {
        Self {
            describe_tasks: 10.0,
            run_task: 20.0,
            stop_task: 10.0,
            get_log_events: 5.0,
            list_tasks: 2.0,
        }
    }
}

impl CallRates {
    /// The rates of a Lambda function. It lists tasks more often than a worker: `rescue` looks for
    /// the tasks of eight executions at once and may have only 5 s for it.
    #[must_use]
    pub(crate) fn of_function() -> Self {
        Self {
            list_tasks: 8.0,
            ..Self::default()
        }
    }
}
