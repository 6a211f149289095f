//! Where the AWS services of a run are served, as SDK clients and as environment variables.

use aws_config::SdkConfig;
use aws_smithy_http_client::Builder;
use stand_ins::{REGION, sdk_config};

/// What the local servers take as an access key and its secret; they check neither.
const ANY_CREDENTIAL: &str = "local";

/// Is asked without a proxy, also where the user has one for everything.
const LOOPBACK: &str = "127.0.0.1,localhost";

/// The URLs of a run's services: three have a stand-in in front of or in place of the emulator's.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `ministack`: every service without a URL of its own here.
    pub ministack: String,
    /// The stand-in for ECS.
    pub ecs: String,
    /// The stand-in in front of Step Functions, which keeps the clocks of heartbeats.
    pub sfn: String,
    /// The stand-in for CloudWatch Logs, with the output of containers.
    pub logs: String,
}

impl Endpoints {
    /// The variables that lead AWS SDKs and the AWS CLI to these services, with credentials that
    /// suffice there.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.ministack.clone()),
            ("AWS_ENDPOINT_URL_ECS", self.ecs.clone()),
            ("AWS_ENDPOINT_URL_SFN", self.sfn.clone()),
            ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", self.logs.clone()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ANY_CREDENTIAL.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", ANY_CREDENTIAL.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            // What does not know the variables above, or goes its own way, asks a proxy that lets
            // nothing out. The AWS CLI 1 does, for SQS. Some programs read one form, some the other.
            ("HTTPS_PROXY", self.ecs.clone()),
            ("https_proxy", self.ecs.clone()),
            ("NO_PROXY", LOOPBACK.to_owned()),
            ("no_proxy", LOOPBACK.to_owned()),
        ]
    }

    /// A client for CloudFormation.
    #[must_use]
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&config_at(&self.ministack))
    }

    /// A client for Step Functions, through the stand-in.
    #[must_use]
    pub fn sfn(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&config_at(&self.sfn))
    }
}

/// The configuration of SDK clients for what is served at a URL.
#[must_use]
pub fn config_at(url: &str) -> SdkConfig {
    sdk_config(ANY_CREDENTIAL, Builder::new().build_http())
        .into_builder()
        .endpoint_url(url)
        .build()
}

/// Of this process's environment, what programs of a run inherit: enough to find programs and to
/// log as asked, and none of the `AWS_…` settings that would lead them to a real account.
pub(crate) fn inherited_variables() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    [
        "PATH",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "LANG",
        "LC_ALL",
        "TZ",
        "RUST_LOG",
        "RUST_BACKTRACE",
    ]
    .into_iter()
    .filter_map(|name| Some((name, std::env::var_os(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints() -> Endpoints {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        Endpoints {
            ministack: url(1),
            ecs: url(2),
            sfn: url(3),
            logs: url(4),
        }
    }

    #[test]
    fn each_service_is_named_as_the_sdks_name_it() {
        let variables = endpoints().variables();
        for (name, value) in [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_ECS", "http://127.0.0.1:2"),
            ("AWS_ENDPOINT_URL_SFN", "http://127.0.0.1:3"),
            ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:4"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ] {
            assert!(variables.contains(&(name, value.to_owned())), "{name}");
        }
    }

    #[test]
    fn no_aws_setting_is_inherited() {
        assert!(inherited_variables().all(|(name, _)| !name.starts_with("AWS_")));
    }
}
