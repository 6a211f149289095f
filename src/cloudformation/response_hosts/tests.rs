use proptest::prelude::*;

use super::*;

use crate::cloudformation::event::UrlKind::{Response, WaitConditionHandle};

const BUCKET: &str = "cloudformation-custom-resource-response-euwest1";

fn check(url: &str) -> Result<Url, BadResponseUrl> {
    ResponseHosts::of_region("eu-west-1").check(Response, &ResponseUrl::new(url))
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
        let checked = ResponseHosts::of_region(region).check(Response, &ResponseUrl::new(url));
        assert!(checked.is_ok(), "{url}: {checked:?}");
    }
}

#[test]
fn urls_that_lead_elsewhere_are_refused() {
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
        assert!(check(url).is_err(), "{url} is allowed");
    }
}

#[test]
fn the_host_that_is_checked_is_the_host_that_is_called() {
    // The client's parser reads the backslash as a slash, which ends the host. Other parsers take
    // the text before the @ for a user name and evil.example for the host.
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
            hosts.check(Response, &ResponseUrl::new(url)).is_ok(),
            allowed,
            "{url}"
        );
    }
}

#[test]
fn a_text_that_is_no_origin_is_refused_by_name() {
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
    fn every_allowed_url_leads_to_the_bucket(
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
    fn any_text_is_checked_without_a_panic(text in "\\PC{0,80}") {
        let _ = check(&text);
        let _ = ResponseHosts::of_region(&text).allow_origins(&text);
    }
}

#[test]
fn a_handle_leads_to_the_bucket_for_wait_conditions_whose_region_keeps_its_dashes() {
    for (region, url, allowed) in [
        (
            "eu-west-1",
            "https://cloudformation-waitcondition-eu-west-1.s3.eu-west-1.amazonaws.com/key?X-Amz-Signature=a",
            true,
        ),
        (
            "eu-west-1",
            "https://cloudformation-waitcondition-eu-west-1.s3-eu-west-1.amazonaws.com/key",
            true,
        ),
        (
            "us-east-1",
            "https://cloudformation-waitcondition-us-east-1.s3.amazonaws.com/key",
            true,
        ),
        (
            "cn-north-1",
            "https://cloudformation-waitcondition-cn-north-1.s3.cn-north-1.amazonaws.com.cn/key",
            true,
        ),
        (
            "eu-west-1",
            "https://s3.eu-west-1.amazonaws.com/cloudformation-waitcondition-eu-west-1/key",
            true,
        ),
        (
            "eu-west-1",
            "http://cloudformation-waitcondition-eu-west-1.s3.eu-west-1.amazonaws.com/key",
            false,
        ),
        (
            "eu-west-1",
            "https://cloudformation-waitcondition-euwest1.s3.eu-west-1.amazonaws.com/key",
            false,
        ),
        (
            "eu-west-1",
            "https://cloudformation-waitcondition-us-east-1.s3.us-east-1.amazonaws.com/key",
            false,
        ),
        (
            "eu-west-1",
            "https://cloudformation-waitcondition-eu-west-1-evil.s3.eu-west-1.amazonaws.com/key",
            false,
        ),
        (
            "eu-west-1",
            "https://cloudformation-waitcondition-eu-west-1.s3.eu-west-1.amazonaws.com.evil.example/key",
            false,
        ),
        (
            "eu-west-1",
            "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/key",
            false,
        ),
        ("eu-west-1", "https://evil.example/key", false),
    ] {
        let hosts = ResponseHosts::of_region(region);
        let checked = hosts.check(WaitConditionHandle, &ResponseUrl::new(url));
        assert_eq!(checked.is_ok(), allowed, "{url}: {checked:?}");
    }
    let handle = "https://cloudformation-waitcondition-eu-west-1.s3.eu-west-1.amazonaws.com/key";
    assert!(check(handle).is_err(), "a handle is no response URL");
}

#[test]
fn a_refused_handle_is_called_by_its_property_and_not_shown() {
    let hosts = ResponseHosts::of_region("eu-west-1");
    let url = ResponseUrl::new("https://evil.example/key?X-Amz-Signature=abc");
    let refused = hosts.check(WaitConditionHandle, &url).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "WaitConditionHandle leads to https://evil.example, which is not CloudFormation's bucket cloudformation-waitcondition-eu-west-1 in S3; nothing was sent"
    );
}
