//! The stand-ins through real SDK clients: in this process under a paused clock, and over sockets
//! where those matter.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![allow(clippy::doc_markdown, reason = "the names of AWS services are words")]

mod activities;
mod executions;
mod faults;
mod front;
mod launches;
mod logs;
mod lookups;
mod others;
mod processes;
mod response_urls;
mod sockets;
mod tasks;

use aws_sdk_ecs::config::{
    BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig,
};
use aws_smithy_http_client::Builder;
use stand_ins::{REGION, StandIns};

/// Makes the client of a service: of its SDK, its access key, its HTTP client and its endpoint.
macro_rules! client {
    ($sdk:ident, $key:literal, $http:expr, $url:expr) => {{
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new($key, "secret", None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url($url)
            .http_client($http)
            .build();
        $sdk::Client::from_conf(config)
    }};
}

/// Nobody listens there: the in-process client needs no endpoint.
const NOWHERE: &str = "http://stand-ins.invalid";

fn ecs(aws: &StandIns) -> aws_sdk_ecs::Client {
    client!(aws_sdk_ecs, "AKIDECS", aws.http_client(), NOWHERE)
}

fn sfn(aws: &StandIns) -> aws_sdk_sfn::Client {
    client!(aws_sdk_sfn, "AKIDSFN", aws.http_client(), NOWHERE)
}

fn logs(aws: &StandIns) -> aws_sdk_cloudwatchlogs::Client {
    client!(
        aws_sdk_cloudwatchlogs,
        "AKIDLOGS",
        aws.http_client(),
        NOWHERE
    )
}

fn kms(aws: &StandIns) -> aws_sdk_kms::Client {
    client!(aws_sdk_kms, "AKIDKMS", aws.http_client(), NOWHERE)
}

fn cloudformation(aws: &StandIns) -> aws_sdk_cloudformation::Client {
    client!(
        aws_sdk_cloudformation,
        "AKIDCFN",
        aws.http_client(),
        NOWHERE
    )
}

fn over_sockets() -> SharedHttpClient {
    Builder::new().build_http()
}

fn ecs_at(url: &str) -> aws_sdk_ecs::Client {
    client!(aws_sdk_ecs, "AKIDECS", over_sockets(), url)
}

fn sfn_at(url: &str) -> aws_sdk_sfn::Client {
    client!(aws_sdk_sfn, "AKIDSFN", over_sockets(), url)
}
