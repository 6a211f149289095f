//! Credentials, region, endpoints, timeouts and the HTTPS client, which all SDK clients share.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::{Builder, tls};

use crate::times::CALL_TIMEOUT;

/// Time for one attempt to connect, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The configuration that every SDK client is made from.
#[derive(Debug, Clone)]
pub struct Connection {
    config: SdkConfig,
}

/// The environment lacks what every call to AWS needs.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// Neither the environment nor the configuration file names a region.
    #[error(
        "no AWS region is configured: set AWS_REGION, or `region` in the AWS configuration file"
    )]
    NoRegion,
    /// No credentials were found; why, in the SDK's words.
    #[error(
        "no AWS credentials were found ({0}): attach an instance profile or a task role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials(String),
}

impl Connection {
    /// Reads the environment, the AWS configuration files and the metadata of the instance or task,
    /// as every AWS SDK does. A `region` given here wins over what they say.
    pub async fn from_environment(region: Option<&str>) -> Self {
        let https = Builder::new()
            .tls_provider(tls::Provider::Rustls(
                tls::rustls_provider::CryptoMode::Ring,
            ))
            .build_https();
        let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(https);
        let loader = match region {
            Some(region) => loader.region(Region::new(region.to_owned())),
            None => loader,
        };
        Self::from_config(loader.load().await)
    }

    /// Uses the given configuration, such as one with the HTTP client of a test, but with the
    /// timeouts of [`from_environment`](Self::from_environment).
    #[must_use]
    pub fn from_config(config: SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(CALL_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build();
        Self {
            config: config.into_builder().timeout_config(timeouts).build(),
        }
    }

    /// Looks for region and credentials once, so that a program without them ends at its start with
    /// a sentence that says so.
    ///
    /// # Errors
    /// When either is missing.
    pub async fn check(&self) -> Result<(), ConnectionError> {
        if self.config.region().is_none() {
            return Err(ConnectionError::NoRegion);
        }
        let provider = self
            .config
            .credentials_provider()
            .ok_or_else(|| ConnectionError::NoCredentials("no provider".to_owned()))?;
        match provider.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(error) => Err(ConnectionError::NoCredentials(error.to_string())),
        }
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }
}
