//! What a Lambda function finds in its environment.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::EnvConfigValue;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::Env;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Lambda sets it to the function's region.
const AWS_REGION: &str = "AWS_REGION";
/// Another endpoint than that of AWS, for all services. An emulator needs it.
const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

/// The region and the keys that Lambda gives a function, and the endpoints that its environment
/// names, for all services or for one, as in `AWS_ENDPOINT_URL_ECS`.
pub(super) fn config(http_client: SharedHttpClient) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client)
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .identity_cache(IdentityCache::lazy().build())
        .retry_config(RetryConfig::standard())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .service_config(ServiceEndpoints);
    config.set_region(std::env::var(AWS_REGION).ok().map(Region::new));
    config.set_endpoint_url(std::env::var(AWS_ENDPOINT_URL).ok());
    config.build()
}

/// Settings of single services.
#[derive(Debug)]
struct ServiceEndpoints;

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        EnvConfigValue::new()
            .env(key.env())
            .service_id(key.service_id())
            .load(&Env::real(), None)
            .map(|(value, _)| value.into_owned())
    }
}
