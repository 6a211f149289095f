//! Where CloudFormation's answers go.

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use stand_ins::StandIns;
use stand_ins::response_url::Reaction;

async fn put(url: &str, body: &'static str) -> Option<u16> {
    let request = http::Request::put(url)
        .header("content-type", "")
        .body(Full::new(Bytes::from_static(body.as_bytes())));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request.unwrap()).await.ok()?;
    Some(answer.status().as_u16())
}

#[tokio::test]
async fn what_is_put_is_recorded_and_answered_as_asked() {
    let urls = StandIns::new().response_urls("127.0.0.1:0").await.unwrap();
    let url = urls.url("todo", "MigrateTask");
    assert_ne!(url, urls.url("todo", "MigrateTask"));
    urls.react([Reaction::Status(403), Reaction::Cut]);
    assert_eq!(put(&url, "one").await, Some(403));
    assert_eq!(put(&url, "two").await, None);
    assert_eq!(put(&url, "three").await, Some(200));

    let first = urls.put(1).await;
    assert_eq!(&*first.body, b"one");
    assert_eq!(first.method, "PUT");
    assert_eq!(first.headers["content-length"], "3");
    assert_eq!(first.headers["content-type"], "");
    assert!(url.ends_with(&first.path), "{url} {}", first.path);
    assert!(
        first.path.contains("%7CMigrateTask%7C") && first.path.contains("X-Amz-Expires=7200"),
        "{}",
        first.path
    );
    assert_eq!(urls.puts().len(), 3, "also those that were not accepted");
}
