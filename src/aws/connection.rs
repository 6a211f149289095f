//! Credentials, region, endpoints, timeouts and the HTTPS client, which all SDK clients share.

mod credentials;
mod function;

use std::time::Duration;

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::times::CALL_TIMEOUT;

pub use credentials::CredentialsProblem;

/// Time for one attempt to connect, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The configuration that every SDK client is made from.
#[derive(Debug, Clone)]
pub struct Connection {
    config: SdkConfig,
    /// The profile that was named, in place of the one that the environment names.
    profile: Option<String>,
}

/// The environment lacks what every call to AWS needs.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// Neither the environment nor the configuration file names a region.
    #[error(
        "no AWS region is configured: set AWS_REGION, or `region` in the AWS configuration file"
    )]
    NoRegion,
    /// Credentials cannot be had.
    #[error(transparent)]
    NoCredentials(#[from] CredentialsProblem),
}

impl Connection {
    /// Reads the environment, the AWS configuration files and the metadata of the instance or task,
    /// as every AWS SDK does. A `region` given here wins over what they say.
    pub async fn from_environment(region: Option<&str>) -> Self {
        Self::of_profile(None, region).await
    }

    /// Like [`from_environment`](Self::from_environment). A `profile` given here wins over what the
    /// environment says, as `--profile` of the AWS CLI does.
    pub async fn of_profile(profile: Option<&str>, region: Option<&str>) -> Self {
        let https = https_client();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(https.clone());
        let mut region = region.map(|region| Region::new(region.to_owned()));
        if let Some(profile) = profile {
            if region.is_none() {
                let chain = DefaultRegionChain::builder().profile_name(profile);
                region = chain.build().region().await;
            }
            let of_calls = ProviderConfig::without_region()
                .with_http_client(https)
                .with_region(region.clone());
            let credentials = ProfileFileCredentialsProvider::builder()
                .profile_name(profile)
                .configure(&of_calls);
            loader = loader
                .profile_name(profile)
                .credentials_provider(credentials.build());
        }
        if let Some(region) = region {
            loader = loader.region(region);
        }
        Self {
            profile: profile.map(str::to_owned),
            ..Self::from_config(loader.load().await)
        }
    }

    /// For a Lambda function, which has all of it in its environment.
    ///
    /// Nothing else is read, and the function's program contains no code that could: neither for
    /// profiles and what they can lead to, nor for the metadata of instances and tasks.
    #[must_use]
    pub fn of_function() -> Self {
        Self::from_config(function::config(https_client()))
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
            profile: None,
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
        let found = match self.config.credentials_provider() {
            Some(provider) => provider.provide_credentials().await,
            None => Err(CredentialsError::not_loaded_no_source()),
        };
        match found {
            Ok(_) => Ok(()),
            Err(error) => Err(CredentialsProblem::of(&error, self.profile.as_deref()).into()),
        }
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }
}

fn https_client() -> SharedHttpClient {
    Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https()
}
