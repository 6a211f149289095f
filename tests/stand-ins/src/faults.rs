//! Faults on demand, for any call of any service: errors, throttles, delays, cut connections,
//! repeats.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crate::aws_error::AwsError;
use crate::clock::Clock;
use crate::lock::Lock;
use crate::protocol::Service;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// HTTP 500 in the service's own words; the call takes no effect.
    InternalError,
    /// The service's throttling error; the call takes no effect.
    Throttle,
    /// IAM refuses; the call takes no effect.
    AccessDenied,
    /// This error; the call takes no effect.
    Error(AwsError),
    /// The call takes effect, and is answered, after this time. It takes effect also when its
    /// caller has given up by then; only a poll for an activity's task, which is its caller's, ends
    /// with it.
    Delay(Duration),
    /// The connection cannot be made. Over sockets, where it has been made already, it is closed at
    /// once.
    Refuse,
    /// The connection is closed before the call takes effect.
    CutBefore,
    /// The call takes effect, then the connection is closed without the answer.
    CutAfter,
    /// The call arrives twice at once and takes effect twice; the answer to the second arrival is
    /// the one sent back.
    Duplicate,
}

/// Which of the matching calls a fault strikes, counted from when it was injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The next so many calls.
    Next(u64),
    /// Only the call of this number, counted from 1.
    Nth(u64),
    /// All calls that arrive within this time.
    For(Duration),
    /// All calls that arrive within this time of the first one, that one included.
    FromFirst(Duration),
    /// All calls until the fault is lifted.
    Forever,
}

/// The faults in force; clones share them.
#[derive(Clone, Debug)]
pub struct Faults {
    clock: Clock,
    rules: Arc<Mutex<Vec<Arc<Rule>>>>,
}

#[derive(Debug)]
struct Rule {
    service: Service,
    /// `None`: every operation of the service.
    operation: Option<String>,
    /// The access key id that the calls are signed with; `None`: any.
    caller: Option<String>,
    span: Span,
    fault: Fault,
    since: Duration,
    first: OnceLock<Duration>,
    seen: AtomicU64,
    struck: AtomicU64,
}

/// A fault that was injected.
#[derive(Clone, Debug)]
pub struct Injected {
    rule: Arc<Rule>,
    rules: Arc<Mutex<Vec<Arc<Rule>>>>,
}

impl Injected {
    /// How many calls the fault struck.
    pub fn struck(&self) -> u64 {
        self.rule.struck.load(Ordering::Relaxed)
    }

    /// Ends the fault.
    pub fn lift(&self) {
        self.rules
            .locked()
            .retain(|rule| !Arc::ptr_eq(rule, &self.rule));
    }
}

impl Faults {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            rules: Arc::default(),
        }
    }

    /// Lets `fault` strike the calls of one operation. Several faults on the same call: delays add
    /// up, and of the rest the first one injected strikes.
    pub fn inject(&self, service: Service, operation: &str, span: Span, fault: Fault) -> Injected {
        self.add(service, Some(operation.to_owned()), None, span, fault)
    }

    /// Lets `fault` strike the calls of one operation that one program makes: those signed with its
    /// access key id.
    pub fn inject_for(
        &self,
        caller: &str,
        service: Service,
        operation: &str,
        span: Span,
        fault: Fault,
    ) -> Injected {
        self.add(
            service,
            Some(operation.to_owned()),
            Some(caller.to_owned()),
            span,
            fault,
        )
    }

    /// Lets `fault` strike the calls of every operation of the service.
    pub fn inject_all(&self, service: Service, span: Span, fault: Fault) -> Injected {
        self.add(service, None, None, span, fault)
    }

    /// Ends all faults.
    pub fn lift_all(&self) {
        self.rules.locked().clear();
    }

    fn add(
        &self,
        service: Service,
        operation: Option<String>,
        caller: Option<String>,
        span: Span,
        fault: Fault,
    ) -> Injected {
        let (since, first) = (self.clock.now(), OnceLock::new());
        let (seen, struck) = (AtomicU64::new(0), AtomicU64::new(0));
        let rule = Arc::new(Rule {
            service,
            operation,
            caller,
            span,
            fault,
            since,
            first,
            seen,
            struck,
        });
        self.rules.locked().push(Arc::clone(&rule));
        Injected {
            rule,
            rules: Arc::clone(&self.rules),
        }
    }

    /// What strikes a call that arrives now, signed with this access key id.
    pub(crate) fn strike(&self, service: Service, operation: &str, caller: Option<&str>) -> Strike {
        let mut strike = Strike::default();
        let rules = self.rules.locked();
        if rules.is_empty() {
            return strike;
        }
        let now = self.clock.now();
        for rule in rules
            .iter()
            .filter(|rule| rule.matches(service, operation, caller))
        {
            // A fault that cannot strike because an earlier one did keeps its count for the calls
            // to come.
            let is_delay = matches!(rule.fault, Fault::Delay(_));
            if (!is_delay && strike.fault.is_some()) || !rule.strikes(now) {
                continue;
            }
            rule.struck.fetch_add(1, Ordering::Relaxed);
            match &rule.fault {
                Fault::Delay(delay) => strike.delay += *delay,
                fault => strike.fault = Some(fault.clone()),
            }
        }
        strike
    }
}

/// Runs `effect` to its end also when whoever waits for it here is dropped: a call takes effect
/// although its caller has gone away.
pub(crate) async fn run_detached<T: Send + 'static>(
    effect: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(effect).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down, and drops the caller of this function as well.
            Err(_) => std::future::pending().await,
        },
    }
}

/// What strikes one call.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Strike {
    pub(crate) delay: Duration,
    pub(crate) fault: Option<Fault>,
}

impl Rule {
    fn matches(&self, service: Service, operation: &str, caller: Option<&str>) -> bool {
        self.service == service
            && self
                .operation
                .as_deref()
                .is_none_or(|name| name == operation)
            && (self.caller.is_none() || self.caller.as_deref() == caller)
    }

    fn strikes(&self, now: Duration) -> bool {
        let number = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        match self.span {
            Span::Next(n) => number <= n,
            Span::Nth(n) => number == n,
            Span::For(time) => now < self.since + time,
            Span::FromFirst(time) => now < *self.first.get_or_init(|| now) + time,
            Span::Forever => true,
        }
    }
}

#[cfg(test)]
mod tests;
