//! The stand-ins through real SDK clients: in this process under a paused clock, and over sockets
//! where those matter.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![allow(clippy::doc_markdown, reason = "the names of AWS services are words")]

mod activities;
mod deployments;
mod executions;
mod faults;
mod front;
mod front_callbacks;
mod front_histories;
mod front_of_ecs;
mod launches;
mod logs;
mod lookups;
mod others;
mod processes;
mod response_urls;
mod sockets;
mod stopped_tasks;
mod task_tokens;
mod tasks;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_smithy_http_client::Builder;
use stand_ins::{StandIns, sdk_config};

/// For clients without retries, whose calls go to the stand-ins in this process.
fn config(aws: &StandIns, access_key: &str) -> SdkConfig {
    sdk_config(access_key, aws.http_client())
        .into_builder()
        .retry_config(RetryConfig::disabled())
        .build()
}

/// For clients without retries, whose calls go over sockets to what is served at `url`.
fn config_at(url: &str, access_key: &str) -> SdkConfig {
    sdk_config(access_key, Builder::new().build_http())
        .into_builder()
        .retry_config(RetryConfig::disabled())
        .endpoint_url(url)
        .build()
}

fn ecs(aws: &StandIns) -> aws_sdk_ecs::Client {
    aws_sdk_ecs::Client::new(&config(aws, "AKIDECS"))
}

fn sfn(aws: &StandIns) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::new(&config(aws, "AKIDSFN"))
}

fn logs(aws: &StandIns) -> aws_sdk_cloudwatchlogs::Client {
    aws_sdk_cloudwatchlogs::Client::new(&config(aws, "AKIDLOGS"))
}

fn kms(aws: &StandIns) -> aws_sdk_kms::Client {
    aws_sdk_kms::Client::new(&config(aws, "AKIDKMS"))
}

fn cloudformation(aws: &StandIns) -> aws_sdk_cloudformation::Client {
    aws_sdk_cloudformation::Client::new(&config(aws, "AKIDCFN"))
}

fn ecs_at(url: &str) -> aws_sdk_ecs::Client {
    aws_sdk_ecs::Client::new(&config_at(url, "AKIDECS"))
}

fn sfn_at(url: &str) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::new(&config_at(url, "AKIDSFN"))
}
