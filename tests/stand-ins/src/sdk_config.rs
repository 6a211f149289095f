//! The configuration of SDK clients that call the stand-ins.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::REGION;

/// The configuration of SDK clients that sign with `access_key` and call through `client`:
/// [`StandIns::http_client`](crate::StandIns::http_client), or one with sockets, which needs an
/// `endpoint_url` as well.
pub fn sdk_config(access_key: &str, client: SharedHttpClient) -> SdkConfig {
    let credentials = Credentials::new(access_key, "secret", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(client)
        .build()
}

/// A region that nothing else of this process has. The SDKs share the tokens for their retries among
/// all clients of a process that call the same service in the same region.
pub fn own_region() -> Region {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Region::new(format!("{REGION}-{number}"))
}
