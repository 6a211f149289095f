//! Amazon CloudWatch Logs: the lines of a container's log, with `GetLogEvents`: the last ones for
//! a Reason, or all as they come.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Region;
use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsOutput;
use aws_sdk_cloudwatchlogs::operation::get_log_events::builders::GetLogEventsFluentBuilder;
use aws_sdk_cloudwatchlogs::types::OutputLogEvent;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::budget::{ApiBudget, CallPermit};
use super::{ApiError, CallRates, Connection, api_error};

/// Where a log stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogStream<'a> {
    /// `None` for the connection's own.
    pub region: Option<&'a str>,
    /// Its log group.
    pub group: &'a str,
    /// Its name in the group.
    pub name: &'a str,
}

/// A piece of a log stream. The service may give a page that is not full, or empty, though there
/// are events before it (`API_GetLogEvents`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// Texts of its events as the container wrote them, oldest first. They may hold anything.
    pub events: Vec<String>,
    /// Asks for the page before this one; `None` when there is nothing before it.
    pub before: Option<String>,
}

/// What a log stream has after a place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextLogPage {
    /// Its events, oldest first.
    pub events: Vec<LogEvent>,
    /// Asks for what follows this page, also when nothing follows yet; `None` when the service gives
    /// no token.
    pub next: Option<String>,
}

/// One event of a log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// When the container wrote it, by its host's clock.
    pub at: Option<Timestamp>,
    /// Its text as the container wrote it. It may hold anything.
    pub message: String,
}

/// Reads log streams. Clones share their budget.
#[derive(Debug, Clone)]
pub struct Logs {
    client: Client,
    budget: ApiBudget,
}

impl Logs {
    /// Reads in the connection's region, unless a call names another.
    #[must_use]
    pub fn new(connection: &Connection, rates: CallRates) -> Self {
        let config = aws_sdk_cloudwatchlogs::config::Builder::from(connection.config())
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            budget: ApiBudget::new(rates.get_log_events),
        }
    }

    /// What `GetLogEvents` calls are paced by, in all regions together.
    #[must_use]
    pub fn budget(&self) -> &ApiBudget {
        &self.budget
    }

    /// A page of at most `limit` events of a stream: the last ones, or those before an earlier page
    /// (`API_GetLogEvents`).
    ///
    /// The caller passes the permit, so that it can wait longer for one than for the answer.
    ///
    /// # Errors
    /// When the call fails, as it does while the stream does not exist yet; see [`ApiError`].
    pub async fn page(
        &self,
        permit: CallPermit,
        stream: LogStream<'_>,
        limit: usize,
        before: Option<&str>,
    ) -> Result<LogPage, ApiError> {
        let call = self
            .client
            .get_log_events()
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_next_token(before.map(str::to_owned))
            .start_from_head(false);
        let events = send(permit, stream, call).await?;
        Ok(LogPage {
            events: events
                .events()
                .iter()
                .map(|event| event.message().unwrap_or_default().to_owned())
                .collect(),
            before: events
                .next_backward_token()
                .map(str::to_owned)
                // The service returns the token it was given when there are no earlier events.
                .filter(|token| before != Some(token.as_str())),
        })
    }

    /// What a stream has from its beginning, or after an earlier page (`API_GetLogEvents`). A page may
    /// be empty though others follow: only a token that is returned as it was given says that nothing
    /// follows yet.
    ///
    /// # Errors
    /// When the call fails, as it does while the stream does not exist yet; see [`ApiError`].
    pub async fn next_page(
        &self,
        stream: LogStream<'_>,
        after: Option<&str>,
    ) -> Result<NextLogPage, ApiError> {
        let permit = self.budget.acquire().await;
        let call = self
            .client
            .get_log_events()
            .set_next_token(after.map(str::to_owned))
            .start_from_head(true);
        let events = send(permit, stream, call).await?;
        let event = |event: &OutputLogEvent| LogEvent {
            at: event
                .timestamp()
                .and_then(|at| Timestamp::from_millisecond(at).ok()),
            message: event.message().unwrap_or_default().to_owned(),
        };
        Ok(NextLogPage {
            events: events.events().iter().map(event).collect(),
            next: events.next_forward_token().map(str::to_owned),
        })
    }
}

/// Makes the call on a stream, in the stream's region.
async fn send(
    permit: CallPermit,
    stream: LogStream<'_>,
    call: GetLogEventsFluentBuilder,
) -> Result<GetLogEventsOutput, ApiError> {
    let LogStream {
        region,
        group,
        name,
    } = stream;
    let call = call.log_group_name(group).log_stream_name(name);
    // Boxed: the SDK's future is several KB, which every waiting run would otherwise reserve.
    let sent = match region {
        Some(region) => {
            let other_region = aws_sdk_cloudwatchlogs::config::Builder::new()
                .region(Region::new(region.to_owned()));
            Box::pin(call.customize().config_override(other_region).send()).left_future()
        }
        None => Box::pin(call.send()).right_future(),
    };
    let answer = permit.call(async move {
        sent.await.map_err(|error| {
            api_error(
                "logs:GetLogEvents",
                format!("log stream '{name}' of '{group}'"),
                &error,
            )
        })
    });
    answer.await
}
