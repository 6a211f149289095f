//! A state's `Retry`: which error is tried again, how often, and after which pause.

use std::time::Duration;

use serde_json::Value;

/// The entries of a state's `Retry`, each with what is left of its attempts.
pub(super) struct Retries(Vec<Retry>);

struct Retry {
    errors: Vec<String>,
    left: u64,
    pause: Duration,
    rate: f64,
    most: Duration,
}

impl Retries {
    pub(super) fn of(step: &Value) -> Self {
        let entries = step["Retry"].as_array().into_iter().flatten();
        Self(entries.map(Retry::of).collect())
    }

    /// The pause before the next attempt after this error; `None` when it is not tried again. The
    /// first entry that names the error counts.
    pub(super) fn pause_after(&mut self, error: &str) -> Option<Duration> {
        let names = |retry: &&mut Retry| {
            let mut errors = retry.errors.iter();
            errors.any(|name| name == error || name == "States.ALL")
        };
        let retry = self.0.iter_mut().find(names)?;
        retry.left = retry.left.checked_sub(1)?;
        let pause = retry.pause.min(retry.most);
        retry.pause = pause.mul_f64(retry.rate);
        Some(pause)
    }
}

impl Retry {
    fn of(entry: &Value) -> Self {
        let seconds = |name: &str| entry[name].as_u64().map(Duration::from_secs);
        let errors = entry["ErrorEquals"].as_array().unwrap().iter();
        Self {
            errors: errors
                .map(|name| name.as_str().unwrap().to_owned())
                .collect(),
            left: entry["MaxAttempts"].as_u64().unwrap(),
            pause: seconds("IntervalSeconds").unwrap(),
            rate: entry["BackoffRate"].as_f64().unwrap(),
            most: seconds("MaxDelaySeconds").unwrap_or(Duration::MAX),
        }
    }
}
