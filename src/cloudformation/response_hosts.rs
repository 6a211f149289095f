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
    allowed_origins: Vec<Url>,
}

/// The URL leads elsewhere; nothing was sent. The text shows no more of the URL than its host,
/// since the rest is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadResponseUrl {
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
            allowed_origins: Vec::new(),
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
            self.allowed_origins
                .push(url.ok_or_else(|| BadOrigin(origin.to_owned()))?);
        }
        Ok(self)
    }

    /// The URL as it may be called. What was checked is what is called: both are this one parsed
    /// form.
    ///
    /// # Errors
    /// When the URL leads anywhere else.
    pub fn check(&self, url: &ResponseUrl) -> Result<Url, BadResponseUrl> {
        let url = Url::parse(url.expose()).map_err(|_| BadResponseUrl::NotAUrl)?;
        if has_user_info(&url) {
            return Err(BadResponseUrl::UserInfo);
        }
        let is_allowed = self.leads_to_cloudformation(&url)
            || self
                .allowed_origins
                .iter()
                .any(|allowed| allowed.origin() == url.origin());
        if is_allowed {
            Ok(url)
        } else {
            Err(BadResponseUrl::Elsewhere {
                origin: origin_of(&url),
                bucket: self.bucket.clone(),
            })
        }
    }

    fn leads_to_cloudformation(&self, url: &Url) -> bool {
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

fn origin_of(url: &Url) -> String {
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
    const OTHER_PARTITIONS: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
    ];
    OTHER_PARTITIONS
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("amazonaws.com", |(_, suffix)| suffix)
}

#[cfg(test)]
mod tests;
