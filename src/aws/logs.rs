//! Amazon CloudWatch Logs: the last lines of a container's log.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Region;

use super::{ApiError, Connection, api_error};

/// Reads log streams.
#[derive(Debug, Clone)]
pub struct Logs {
    client: Client,
}

impl Logs {
    /// Reads in the connection's region, unless a call names another.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self {
            client: Client::new(connection.config()),
        }
    }

    /// The texts of the last `limit` events of a stream, oldest first (`API_GetLogEvents`).
    ///
    /// # Errors
    /// When the call fails, as it does while the stream does not exist yet; see [`ApiError`].
    pub async fn last_lines(
        &self,
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
        let answered = match region {
            Some(region) => {
                let other_region = aws_sdk_cloudwatchlogs::config::Builder::new()
                    .region(Region::new(region.to_owned()));
                Box::pin(call.customize().config_override(other_region).send()).await
            }
            None => Box::pin(call.send()).await,
        };
        let events = answered.map_err(|error| {
            api_error(
                "logs:GetLogEvents",
                format!("log stream '{stream}' of '{group}'"),
                &error,
            )
        })?;
        Ok(events
            .events()
            .iter()
            .map(|event| event.message().unwrap_or_default().trim_end().to_owned())
            .collect())
    }
}
