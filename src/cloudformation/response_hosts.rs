//! Where an answer may be sent. A response URL comes from outside. Without a check, anybody who can
//! invoke `start` could make the functions send a request, with a stack's outputs in it, to any
//! address that they reach.
//!
//! Only the URL is checked here; [`crate::aws::response_url`] sends the answer to the parsed URL
//! that the check returns.

use url::Url;

use crate::cloudformation::event::{ResponseUrl, UrlKind};

/// The name of CloudFormation's bucket for answers: this, followed by the region without its dashes
/// ("Setting up VPC endpoints for CloudFormation"). The check compares the whole name, since
/// anybody can make a bucket whose name only begins like this.
const RESPONSE_BUCKET_PREFIX: &str = "cloudformation-custom-resource-response-";
/// The same of the bucket for wait conditions. Here the region keeps its dashes.
const WAIT_CONDITION_BUCKET_PREFIX: &str = "cloudformation-waitcondition-";

/// The hosts that answers may go to: those of CloudFormation's two buckets in one region, and origins
/// that the function's configuration allows.
#[derive(Debug, Clone)]
pub struct ResponseHosts {
    response_bucket: String,
    wait_condition_bucket: String,
    /// The S3 endpoints of the region (`Amazon S3 endpoints and quotas`).
    endpoints: Vec<String>,
    /// Scheme, host and port of each further place; the rest of the URL is empty.
    allowed_origins: Vec<Url>,
}

/// The response URL may not be called, and nothing was sent to it. The text shows the URL's scheme,
/// host and port only, since the rest of a genuine one is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadResponseUrl {
    /// The text cannot be parsed as a URL, or the HTTP library cannot call it.
    #[error("{0} is no valid URL; nothing was sent")]
    NotAUrl(UrlKind),
    /// The URL carries a user name or a password, which CloudFormation's never do.
    #[error("{0} carries a user name or a password; nothing was sent")]
    UserInfo(UrlKind),
    /// The URL leads to a host or bucket that is not CloudFormation's.
    #[error(
        "{kind} leads to {origin}, which is not CloudFormation's bucket {bucket} in S3; nothing was sent"
    )]
    Elsewhere {
        /// What kind of URL it should be.
        kind: UrlKind,
        /// Scheme, host and port of the URL.
        origin: String,
        /// The bucket that the URL should lead to.
        bucket: String,
    },
}

/// A text among the allowed origins that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no origin: expected http://host:port or https://host:port and nothing behind it, several separated by commas"
)]
pub struct BadOrigin(String);

impl ResponseHosts {
    /// Allows CloudFormation's buckets in `region`, under each of S3's endpoints there. A custom
    /// resource's function is always in the region of the stack (`crpg-ref-requesttypes`).
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
            response_bucket: format!("{RESPONSE_BUCKET_PREFIX}{}", region.replace('-', "")),
            wait_condition_bucket: format!("{WAIT_CONDITION_BUCKET_PREFIX}{region}"),
            endpoints: endpoints.into(),
            allowed_origins: Vec::new(),
        }
    }

    /// Allows further origins: `http(s)://host:port`, separated by commas. The stacks of an
    /// emulator need it; on AWS there are none.
    ///
    /// # Errors
    /// When one of the texts has no scheme and host, or has more behind the port.
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

    /// Checks the URL and returns its parsed form. Callers send the answer to that form and not to
    /// the text, which another parser may understand differently.
    ///
    /// # Errors
    /// When the URL leads to no allowed place; see [`BadResponseUrl`].
    pub fn check(&self, kind: UrlKind, url: &ResponseUrl) -> Result<Url, BadResponseUrl> {
        let url = Url::parse(url.expose()).map_err(|_| BadResponseUrl::NotAUrl(kind))?;
        if has_user_info(&url) {
            return Err(BadResponseUrl::UserInfo(kind));
        }
        let bucket = match kind {
            UrlKind::Response => &self.response_bucket,
            UrlKind::WaitConditionHandle => &self.wait_condition_bucket,
        };
        let is_allowed = self.leads_to(bucket, &url)
            || self
                .allowed_origins
                .iter()
                .any(|allowed| allowed.origin() == url.origin());
        if is_allowed {
            Ok(url)
        } else {
            Err(BadResponseUrl::Elsewhere {
                kind,
                origin: origin_of(&url),
                bucket: bucket.clone(),
            })
        }
    }

    /// Whether the URL leads to this bucket of CloudFormation. S3 takes the bucket's name as a part of
    /// the host (`bucket.s3.….com/key`) or as the first part of the path (`s3.….com/bucket/key`).
    fn leads_to(&self, bucket: &str, url: &Url) -> bool {
        // The parser drops the port if it is the scheme's default, 443.
        if url.scheme() != "https" || url.port().is_some() {
            return false;
        }
        let host = url.host_str().unwrap_or_default();
        let is_endpoint = |host: &str| self.endpoints.iter().any(|endpoint| endpoint == host);
        match host
            .strip_prefix(bucket)
            .and_then(|rest| rest.strip_prefix('.'))
        {
            Some(rest) => is_endpoint(rest),
            None => {
                is_endpoint(host)
                    && url.path_segments().and_then(|mut segments| segments.next()) == Some(bucket)
            }
        }
    }
}

fn has_user_info(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Scheme, host and port of a URL, for a message.
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

/// The domain of a region's endpoints. Each partition has another (`Partitions` in the AWS fault
/// isolation boundaries paper).
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
