//! An activity scheduled by a test, as a state machine would: with heartbeat, timeout and retries,
//! and a history to look at.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::recorder::Recorder;
use crate::clock::Clock;
use crate::lock::Lock;

/// How a Task state schedules an activity.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Schedule {
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Vec<Retry>,
    pub(super) recorder: Option<Recorder>,
}

/// One entry of a Task state's `Retry`.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Error names, as in `ErrorEquals`.
    pub errors: Vec<String>,
    /// `IntervalSeconds`.
    pub interval: Duration,
    /// `MaxAttempts`.
    pub attempts: u32,
}

impl Schedule {
    /// No heartbeat, no timeout, no retries.
    pub fn once() -> Self {
        Self::default()
    }

    /// Retries as a fleet of workers needs them: after `Worker.HandedOver`,
    /// `States.HeartbeatTimeout` and `States.Timeout` the activity is scheduled again a second
    /// later.
    pub fn retrying() -> Self {
        let interval = Duration::from_secs(1);
        Self::default()
            .retry(&["Worker.HandedOver"], interval, 1000)
            .retry(&["States.HeartbeatTimeout", "States.Timeout"], interval, 60)
    }

    /// `HeartbeatSeconds`: counted from the hand-out, and anew from each heartbeat.
    pub fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// `TimeoutSeconds`: counted from the hand-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// One more entry of `Retry`. The first entry that names the error counts; each keeps its own
    /// number of attempts.
    pub fn retry(mut self, errors: &[&str], interval: Duration, attempts: u32) -> Self {
        self.retry.push(Retry {
            errors: errors.iter().map(|&error| error.to_owned()).collect(),
            interval,
            attempts,
        });
        self
    }

    /// Whatever happens is written into the history of an execution.
    pub(super) fn recorded(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }
}

/// Something that happened to a scheduled activity.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Duration,
    /// What.
    pub kind: EventKind,
}

/// What happened to a scheduled activity.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// It was put into the activity's queue.
    Scheduled,
    /// A poll was answered with it: the clocks start.
    Started {
        /// The poll's `workerName`.
        worker: Option<String>,
        /// The task token handed out.
        token: String,
    },
    /// A heartbeat in time.
    Heartbeat,
    /// SendTaskSuccess.
    Succeeded {
        /// The output, parsed.
        output: Value,
    },
    /// SendTaskFailure.
    Failed {
        /// The error's name.
        error: String,
        /// The cause.
        cause: String,
    },
    /// No heartbeat in time.
    HeartbeatTimedOut,
    /// No answer in time.
    TimedOut,
    /// The execution was stopped.
    Aborted,
}

/// How a scheduled activity ended, after all its retries.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// SendTaskSuccess, with the output.
    Succeeded(Value),
    /// SendTaskFailure with an error that is not retried (any more).
    Failed {
        /// The error's name.
        error: String,
        /// The cause.
        cause: String,
    },
    /// `States.HeartbeatTimeout`.
    HeartbeatTimedOut,
    /// `States.Timeout`.
    TimedOut,
    /// The execution was stopped.
    Aborted,
}

impl Outcome {
    fn event(&self) -> EventKind {
        match self.clone() {
            Self::Succeeded(output) => EventKind::Succeeded { output },
            Self::Failed { error, cause } => EventKind::Failed { error, cause },
            Self::HeartbeatTimedOut => EventKind::HeartbeatTimedOut,
            Self::TimedOut => EventKind::TimedOut,
            Self::Aborted => EventKind::Aborted,
        }
    }

    /// The error's name as `ErrorEquals` matches it.
    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Succeeded(_) | Self::Aborted => None,
            Self::Failed { error, .. } => Some(error),
            Self::HeartbeatTimedOut => Some("States.HeartbeatTimeout"),
            Self::TimedOut => Some("States.Timeout"),
        }
    }
}

/// An activity that a test scheduled; clones share it.
#[derive(Clone, Debug)]
pub struct Scheduled(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    history: Mutex<History>,
    recorder: Option<Recorder>,
    /// The number of events so far, for those who wait.
    events: watch::Sender<usize>,
}

#[derive(Debug)]
struct History {
    events: Vec<Event>,
    retry: Vec<Retry>,
    outcome: Option<Outcome>,
}

impl Scheduled {
    pub(super) fn new(clock: Clock, retry: Vec<Retry>, recorder: Option<Recorder>) -> Self {
        let history = History {
            events: Vec::new(),
            retry,
            outcome: None,
        };
        Self(Arc::new(Inner {
            clock,
            history: Mutex::new(history),
            recorder,
            events: watch::Sender::new(0),
        }))
    }

    /// Waits for the end, after all retries.
    pub async fn outcome(&self) -> Outcome {
        let mut events = self.0.events.subscribe();
        loop {
            if let Some(outcome) = self.outcome_so_far() {
                return outcome;
            }
            // The sender lives as long as `self`, so waiting cannot fail.
            let _changed = events.changed().await;
        }
    }

    /// The end, if it has come.
    pub fn outcome_so_far(&self) -> Option<Outcome> {
        self.0.history.locked().outcome.clone()
    }

    /// Waits until a poll was answered with the activity `n` times in all. Answers the last token
    /// handed out.
    pub async fn started(&self, n: usize) -> String {
        let mut events = self.0.events.subscribe();
        loop {
            let tokens = self.tokens();
            if tokens.len() >= n
                && let Some(last) = tokens.into_iter().next_back()
            {
                return last;
            }
            let _changed = events.changed().await;
        }
    }

    /// Everything that happened so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.history.locked().events.clone()
    }

    /// The moments of the heartbeats that came in time.
    pub fn heartbeats(&self) -> Vec<Duration> {
        let history = self.0.history.locked();
        let heartbeats = history
            .events
            .iter()
            .filter(|event| event.kind == EventKind::Heartbeat);
        heartbeats.map(|event| event.at).collect()
    }

    /// The task tokens handed out, in order.
    pub fn tokens(&self) -> Vec<String> {
        let history = self.0.history.locked();
        let token = |event: &Event| match &event.kind {
            EventKind::Started { token, .. } => Some(token.clone()),
            _ => None,
        };
        history.events.iter().filter_map(token).collect()
    }

    /// Whether the execution has ended, by whatever way.
    pub(crate) fn is_over(&self) -> bool {
        self.0.history.locked().outcome.is_some()
    }

    pub(crate) fn note(&self, kind: EventKind) {
        self.record(&kind);
        let at = self.0.clock.now();
        self.0.history.locked().events.push(Event { at, kind });
        self.0.events.send_modify(|events| *events += 1);
    }

    /// Notes how an attempt ended. Answers after which time it is to be scheduled again; `None`:
    /// this was the last one.
    pub(crate) fn attempt_ended(&self, outcome: Outcome) -> Option<Duration> {
        let kind = outcome.event();
        let interval = {
            let mut history = self.0.history.locked();
            if history.outcome.is_some() {
                return None;
            }
            let (at, kind) = (self.0.clock.now(), kind.clone());
            history.events.push(Event { at, kind });
            let interval = history.interval(&outcome);
            if interval.is_none() {
                history.outcome = Some(outcome);
            }
            interval
        };
        self.record(&kind);
        self.0.events.send_modify(|events| *events += 1);
        interval
    }

    /// In the moment in which it happens: whoever is told of it next may read the history at once.
    fn record(&self, kind: &EventKind) {
        if let Some(recorder) = &self.0.recorder {
            recorder.record(kind);
        }
    }
}

impl History {
    /// The interval of the retry that the outcome calls for, if one is left.
    fn interval(&mut self, outcome: &Outcome) -> Option<Duration> {
        let error = outcome.error()?;
        let names = |retry: &&mut Retry| {
            retry
                .errors
                .iter()
                .any(|name| name == error || name == "States.ALL")
        };
        let retry = self.retry.iter_mut().find(names)?;
        retry.attempts = retry.attempts.checked_sub(1)?;
        Some(retry.interval)
    }
}
