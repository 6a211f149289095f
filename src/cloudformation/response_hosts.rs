//! Where an answer may be sent. A response URL comes from outside: without a check, whoever can
//! invoke `start` could have the functions send a request, with a stack's outputs in it, to any
//! address they reach.

use url::Url;

use crate::cloudformation::event::ResponseUrl;

/// CloudFormation's bucket for answers is called this, followed by the region without its dashes
/// ("Setting up VPC endpoints for CloudFormation"). The whole name is compared: anybody can make a
/// bucket whose name only begins like this.
const BUCKET_PREFIX: &str = "cloudformation-custom-resource-response-";

/// The hosts that answers may go to.
#[derive(Debug, Clone)]
pub struct ResponseHosts {
    bucket: String,
    /// The S3 endpoints of the region (`Amazon S3 endpoints and quotas`).
    endpoints: Vec<String>,
    /// Origins that were allowed by name.
    further: Vec<Url>,
}

/// The URL leads elsewhere; nothing was sent. The text shows no more of the URL than its host,
/// since the rest is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no URL.
    #[error("the response URL of the request is no valid URL; nothing was sent")]
    NotAUrl,
    /// It carries a name or password, which CloudFormation's never do.
    #[error("the response URL of the request carries a user name or a password; nothing was sent")]
    UserInfo,
    /// It leads to a host that is not CloudFormation's.
    #[error(
        "the response URL of the request leads to {origin}, which is not CloudFormation's bucket {bucket} in S3; nothing was sent"
    )]
    Elsewhere {
        /// Scheme, host and port.
        origin: String,
        /// The bucket it should lead to.
        bucket: String,
    },
}

/// A further origin that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no origin: expected http://host:port or https://host:port and nothing behind it, several separated by commas"
)]
pub struct BadOrigin(String);

impl ResponseHosts {
    /// CloudFormation's bucket in `region`, under each of S3's endpoints there. A custom resource's
    /// function is always in the region of the stack (`crpg-ref-requesttypes`).
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        let suffix = dns_suffix(region);
        let endpoints = [
            format!("s3.{suffix}"),
            format!("s3.{region}.{suffix}"),
            format!("s3-{region}.{suffix}"),
            format!("s3.dualstack.{region}.{suffix}"),
            format!("s3-fips.{region}.{suffix}"),
            format!("s3-fips.dualstack.{region}.{suffix}"),
        ];
        Self {
            bucket: format!("{BUCKET_PREFIX}{}", region.replace('-', "")),
            endpoints: endpoints.into(),
            further: Vec::new(),
        }
    }

    /// Allows further origins: `http(s)://host:port`, separated by commas. For stacks that are not
    /// CloudFormation's, such as those of an emulator.
    ///
    /// # Errors
    /// When one of them is not an origin.
    pub fn allow_origins(mut self, origins: &str) -> Result<Self, BadOrigin> {
        for origin in origins
            .split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
        {
            let url = Url::parse(origin).ok().filter(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.path() == "/"
                    && url.query().is_none()
                    && url.fragment().is_none()
                    && !has_user_info(url)
            });
            self.further
                .push(url.ok_or_else(|| BadOrigin(origin.to_owned()))?);
        }
        Ok(self)
    }

    /// The URL as it may be called. What was checked is what is called: both are this one parsed
    /// form.
    ///
    /// # Errors
    /// When the URL leads anywhere else.
    pub fn check(&self, url: &ResponseUrl) -> Result<Url, Refused> {
        let url = Url::parse(url.expose()).map_err(|_| Refused::NotAUrl)?;
        if has_user_info(&url) {
            return Err(Refused::UserInfo);
        }
        let is_allowed = self.is_cloudformations(&url)
            || self
                .further
                .iter()
                .any(|origin| origin.origin() == url.origin());
        if is_allowed {
            Ok(url)
        } else {
            Err(Refused::Elsewhere {
                origin: origin(&url),
                bucket: self.bucket.clone(),
            })
        }
    }

    fn is_cloudformations(&self, url: &Url) -> bool {
        // A port that is the scheme's own is no port to the parser.
        if url.scheme() != "https" || url.port().is_some() {
            return false;
        }
        let host = url.host_str().unwrap_or_default();
        let is_endpoint = |host: &str| self.endpoints.iter().any(|endpoint| endpoint == host);
        match host
            .strip_prefix(self.bucket.as_str())
            .and_then(|rest| rest.strip_prefix('.'))
        {
            Some(rest) => is_endpoint(rest),
            None => {
                is_endpoint(host)
                    && url.path_segments().and_then(|mut segments| segments.next())
                        == Some(self.bucket.as_str())
            }
        }
    }
}

fn has_user_info(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn origin(url: &Url) -> String {
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!(
        "{}://{}{port}",
        url.scheme(),
        url.host_str().unwrap_or_default()
    )
}

/// What the names of a region's endpoints end with: each partition has its own (`Partitions` in the
/// AWS fault isolation boundaries paper).
fn dns_suffix(region: &str) -> &'static str {
    const OTHERS: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
    ];
    OTHERS
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("amazonaws.com", |(_, suffix)| suffix)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUCKET: &str = "cloudformation-custom-resource-response-euwest1";

    fn check(url: &str) -> Result<Url, Refused> {
        ResponseHosts::of_region("eu-west-1").check(&ResponseUrl::new(url))
    }

    #[test]
    fn the_forms_of_cloudformations_bucket_are_allowed() {
        for (region, url) in [
            (
                "us-east-1",
                "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/key?X-Amz-Signature=a",
            ),
            (
                "us-east-1",
                "https://cloudformation-custom-resource-response-useast1.s3.us-east-1.amazonaws.com/key",
            ),
            (
                "eu-west-1",
                "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/key",
            ),
            (
                "eu-west-1",
                "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com:443/key",
            ),
            (
                "eu-west-1",
                "https://CloudFormation-custom-resource-response-euwest1.S3.eu-west-1.amazonaws.com/key",
            ),
            (
                "eu-west-1",
                "https://cloudformation-custom-resource-response-euwest1.s3.dualstack.eu-west-1.amazonaws.com/key",
            ),
            (
                "eu-west-1",
                "https://s3.eu-west-1.amazonaws.com/cloudformation-custom-resource-response-euwest1/key",
            ),
            (
                "us-gov-west-1",
                "https://cloudformation-custom-resource-response-usgovwest1.s3-fips.us-gov-west-1.amazonaws.com/key",
            ),
            (
                "cn-north-1",
                "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/key",
            ),
        ] {
            let checked = ResponseHosts::of_region(region).check(&ResponseUrl::new(url));
            assert!(checked.is_ok(), "{url}: {checked:?}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for url in [
            "",
            "key",
            "sealed:v1:AAAA",
            "https://",
            "file:///etc/passwd",
            "http://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/key",
            "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com:8443/key",
            "https://user@cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/key",
            "https://:password@cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/key",
            "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com@evil.example/key",
            "https://evil.example#cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/key",
            "https://evil.example/cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/key",
            "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com.evil.example/key",
            "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com./key",
            "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com.cn/key",
            "https://cloudformation-custom-resource-response-euwest1.evil.s3.eu-west-1.amazonaws.com/key",
            "https://cloudformation-custom-resource-response-euwest1-evil.s3.eu-west-1.amazonaws.com/key",
            "https://cloudformation-custom-resource-response-evil.s3.eu-west-1.amazonaws.com/key",
            "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/key",
            "https://my-bucket.s3.eu-west-1.amazonaws.com/cloudformation-custom-resource-response-euwest1/key",
            "https://s3.eu-west-1.amazonaws.com/my-bucket/cloudformation-custom-resource-response-euwest1/key",
            "https://s3.eu-west-1.amazonaws.com/cloudformation-custom-resource-response-euwest1/../my-bucket/key",
            "https://s3.eu-west-1.amazonaws.com/cloudformation-custom-resource-response-euwest1/%2e%2e/my-bucket/key",
            "https://s3.eu-west-1.amazonaws.com/cloudformation-custom-resource-response-euwest1evil/key",
            "https://ec2.eu-west-1.amazonaws.com/cloudformation-custom-resource-response-euwest1/key",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/key",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_checked_is_what_is_called() {
        // To the client a backslash is a slash; to other parsers what stands before the @ is a user
        // name.
        let url = check("https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com\\@evil.example/key").unwrap();
        assert_eq!(
            url.host_str(),
            Some(format!("{BUCKET}.s3.eu-west-1.amazonaws.com").as_str())
        );
    }

    #[test]
    fn a_refusal_names_the_host_and_nothing_secret() {
        let refused = check("https://evil.example:8443/key?X-Amz-Signature=abc")
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("https://evil.example:8443") && refused.contains(BUCKET),
            "{refused}"
        );
        assert!(
            !refused.contains("abc") && !refused.contains("/key"),
            "{refused}"
        );
    }

    #[test]
    fn further_origins_are_allowed_as_they_are_given() {
        let hosts = ResponseHosts::of_region("eu-west-1")
            .allow_origins("http://127.0.0.1:4566, https://emulator.example")
            .unwrap();
        for (url, allowed) in [
            ("http://127.0.0.1:4566/key?a=b", true),
            ("https://emulator.example/key", true),
            ("https://emulator.example:443/key", true),
            ("http://emulator.example/key", false),
            ("https://127.0.0.1:4566/key", false),
            ("http://127.0.0.1:4567/key", false),
            ("http://127.0.0.1/key", false),
            ("http://user@127.0.0.1:4566/key", false),
            ("http://127.0.0.1:4566@evil.example/key", false),
        ] {
            assert_eq!(
                hosts.check(&ResponseUrl::new(url)).is_ok(),
                allowed,
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_origin_is_named() {
        for list in [
            "127.0.0.1:4566",
            "http://a/path",
            "http://a?b",
            "http://u@a",
            "ftp://a",
            "https://ok.example,nonsense",
            "*",
        ] {
            let refused = ResponseHosts::of_region("eu-west-1")
                .allow_origins(list)
                .unwrap_err();
            assert!(refused.to_string().contains("no origin"), "{list}");
        }
        assert!(
            ResponseHosts::of_region("eu-west-1")
                .allow_origins(" , ")
                .is_ok()
        );
    }

    proptest! {
        #[test]
        fn whatever_is_allowed_leads_to_the_bucket(
            scheme in "(https?|ftp|)",
            before in "([a-z]{0,3}[@:/.\\\\#?%]){0,2}",
            host in "(cloudformation-custom-resource-response-euwest1[.]|s3[.-]eu-west-1[.]amazonaws[.]com|evil[.]example|/|[.]|@|:443|:80){0,4}",
            after in "\\PC{0,12}",
        ) {
            if let Ok(url) = check(&format!("{scheme}://{before}{host}{after}")) {
                let host = url.host_str().unwrap();
                prop_assert_eq!(url.scheme(), "https");
                prop_assert_eq!(url.port_or_known_default(), Some(443));
                prop_assert!(host.ends_with(".amazonaws.com"), "{}", host);
                prop_assert!(host.starts_with(&format!("{BUCKET}.s3")) || url.path().starts_with(&format!("/{BUCKET}")), "{}", url);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = check(&text);
            let _ = ResponseHosts::of_region(&text).allow_origins(&text);
        }
    }
}
