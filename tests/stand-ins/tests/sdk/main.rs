//! The stand-ins through the real SDK clients, under a paused clock.

mod activities;
mod faults;
mod tasks;

use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use stand_ins::{REGION, StandIns};

fn ecs(aws: &StandIns) -> aws_sdk_ecs::Client {
    let config = aws_sdk_ecs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("AKIDECS", "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws.http_client())
        .build();
    aws_sdk_ecs::Client::from_conf(config)
}

fn sfn(aws: &StandIns) -> aws_sdk_sfn::Client {
    let config = aws_sdk_sfn::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("AKIDSFN", "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws.http_client())
        .build();
    aws_sdk_sfn::Client::from_conf(config)
}
