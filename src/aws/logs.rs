//! Amazon CloudWatch Logs: the last lines of a container's log, with `GetLogEvents`.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Region;
use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
use futures_util::FutureExt as _;

use super::budget::{ApiBudget, CallPermit};
use super::{ApiError, CallRates, Connection, api_error};
use crate::text::printable;

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

    /// The last `limit` lines of a stream that are not blank, oldest first and fit to print
    /// (`API_GetLogEvents`).
    ///
    /// The caller holds the permit, so that it can wait longer for one than for the answer.
    ///
    /// # Errors
    /// When the call fails, as it does while the stream does not exist yet; see [`ApiError`].
    pub async fn last_lines(
        &self,
        permit: CallPermit,
        region: Option<&str>,
        group: &str,
        stream: &str,
        limit: u32,
    ) -> Result<Vec<String>, ApiError> {
        let call = self
            .client
            .get_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .start_from_head(false);
        // Boxed: the SDK's future is several KB and would enlarge every waiting run.
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
                    format!("log stream '{stream}' of '{group}'"),
                    &error,
                )
            })
        });
        let events = answer.await?;
        let mut lines: Vec<String> = events
            .events()
            .iter()
            .flat_map(|event| printable::written_lines(event.message().unwrap_or_default()))
            .collect();
        // One event holds several lines where a program rewrites its line, as for a progress bar.
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(lines.split_off(lines.len().saturating_sub(limit)))
    }
}
