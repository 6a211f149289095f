//! A lifecycle hook of a service, as its deployment configuration names it, and what ECS sends to
//! its function.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// How long ECS waits for a hook that says nothing of it (API_DeploymentLifecycleHook).
const DEFAULT_TIMEOUT: Duration = Duration::from_hours(24);
/// How long ECS waits between two calls where the function says nothing of it
/// (lambda-lifecycle-hooks).
const DEFAULT_CALL_BACK_DELAY: Duration = Duration::from_secs(30);

/// A hook with its function.
#[derive(Clone)]
#[must_use]
pub struct Hook {
    pub(super) stages: Vec<String>,
    pub(super) details: Value,
    pub(super) timeout: Duration,
    pub(super) continues_at_timeout: bool,
    /// The strategy of the deployment configuration that the hook stands in.
    pub(super) strategy: String,
    form: PayloadForm,
    pub(super) renamed_at_each_call: bool,
    function: Arc<dyn Fn(Value) -> Invocation + Send + Sync>,
}

/// What an invocation of the function comes to: its reply, or how it failed.
type Invocation = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// How the payload of a hook is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadForm {
    /// As documented since 2026: what is said of the deployment stands in `executionDetails`.
    #[default]
    Nested,
    /// The members of `executionDetails` stand beside the others.
    Flat,
    /// As the pages of 2025 show it: these members alone, without stage and deployment.
    Bare,
}

impl Hook {
    /// A hook of these stages with these details (`hookDetails`), whose function `function` is. It
    /// is called with the payload, and gives its reply, or an error where it ended with an exception.
    pub fn new<F>(
        stages: &[&str],
        details: Value,
        function: impl Fn(Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, String>> + Send + 'static,
    {
        Self {
            stages: stages.iter().map(|&stage| stage.to_owned()).collect(),
            details,
            timeout: DEFAULT_TIMEOUT,
            continues_at_timeout: false,
            strategy: "BLUE_GREEN".to_owned(),
            form: PayloadForm::default(),
            renamed_at_each_call: false,
            function: Arc::new(move |payload| Box::pin(function(payload))),
        }
    }

    /// How long ECS waits for the hook's end (`timeoutInMinutes`).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// A timeout lets the deployment go on (`CONTINUE`) instead of rolling it back.
    pub fn continues_at_timeout(mut self) -> Self {
        self.continues_at_timeout = true;
        self
    }

    /// The strategy of the deployment, where it is not blue/green. Its stages are the same here.
    pub fn strategy(mut self, strategy: &str) -> Self {
        strategy.clone_into(&mut self.strategy);
        self
    }

    /// The payload is written in this form.
    pub fn payload(mut self, form: PayloadForm) -> Self {
        self.form = form;
        self
    }

    /// Each call of one hook has another `executionId`. That it stays the same is documented
    /// nowhere.
    pub fn renamed_at_each_call(mut self) -> Self {
        self.renamed_at_each_call = true;
        self
    }

    pub(super) fn is_of(&self, stage: &str) -> bool {
        self.stages.iter().any(|of| of == stage)
    }

    pub(super) fn invoke(&self, payload: Value) -> Invocation {
        (self.function)(payload)
    }

    /// What the function is sent. `execution_details` has the members that
    /// lambda-lifecycle-hooks names there.
    pub(super) fn payload_of(
        &self,
        execution_id: &str,
        stage: &str,
        deployment: &str,
        execution_details: &Value,
        hook_details: &Value,
    ) -> Value {
        let mut payload = match self.form {
            PayloadForm::Nested => json!({"executionDetails": execution_details}),
            PayloadForm::Flat | PayloadForm::Bare => execution_details.clone(),
        };
        if self.form != PayloadForm::Bare {
            payload["executionId"] = execution_id.into();
            payload["lifecycleStage"] = stage.into();
            payload["resourceArn"] = deployment.into();
        }
        if !hook_details.is_null() {
            payload["hookDetails"] = hook_details.clone();
        }
        payload
    }
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook")
            .field("stages", &self.stages)
            .field("details", &self.details)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What ECS makes of a function's reply.
#[derive(Debug)]
pub(super) enum Reply {
    Succeeded,
    Failed,
    InProgress {
        call_back_delay: Duration,
        details: Map<String, Value>,
    },
}

impl Reply {
    /// A failed invocation, and a reply without a valid `hookStatus`, are failures of the hook.
    pub(super) fn of(reply: Result<Value, String>) -> Self {
        let Ok(reply) = reply else {
            return Self::Failed;
        };
        match reply["hookStatus"].as_str() {
            Some("SUCCEEDED") => Self::Succeeded,
            Some("IN_PROGRESS") => Self::InProgress {
                call_back_delay: reply["callBackDelay"]
                    .as_u64()
                    .map_or(DEFAULT_CALL_BACK_DELAY, Duration::from_secs),
                details: reply["hookDetails"]
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
            },
            _ => Self::Failed,
        }
    }
}

/// The details of the next call: `returned` replaces members of the same name. Whether ECS merges
/// what stands inside them is not documented; here it does not.
pub(super) fn merge(details: &mut Value, returned: Map<String, Value>) {
    if returned.is_empty() {
        return;
    }
    // Details that a template gives as a string reach ECS as the object that the string holds.
    if !details.is_object() {
        *details = json!({});
    }
    for (member, value) in returned {
        details[member] = value;
    }
}
