//! What gives credentials in exchange for others, as a service of its own: STS, and the two of
//! single sign-on.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

/// The access token that the portal takes, and the one that an expired token is renewed to.
pub const ACCESS_TOKEN: &str = "valid";

/// Answers until the test ends, and gives its address. The access keys that it gives away name how
/// they were got: `ROLE-OF-` and the access key that asked for the role, `WEB-` and the web
/// identity's token, `SSO-` and the account.
pub async fn listen() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service_fn(async |request| Ok::<_, Infallible>(answer(request).await));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // The client ends it as it likes.
            tokio::spawn(async move { drop(connection.await) });
        }
    });
    format!("http://{address}")
}

async fn answer(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let header = |name| head.headers.get(name).map_or("", |it| it.to_str().unwrap());
    let parameter = |text: &str, name: &str| {
        let mut pairs = url::form_urlencoded::parse(text.as_bytes());
        pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    let (status, text) = match head.uri.path() {
        "/" => (StatusCode::OK, {
            let action = parameter(&body, "Action");
            let key = match action.as_str() {
                "AssumeRole" => format!("ROLE-OF-{}", signer(header("authorization"))),
                "AssumeRoleWithWebIdentity" => {
                    format!("WEB-{}", parameter(&body, "WebIdentityToken"))
                }
                other => panic!("{other} is not known here"),
            };
            format!(
                "<{action}Response><{action}Result><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
                 <SessionToken>session</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"
            )
        }),
        "/federation/credentials" if header("x-amz-sso_bearer_token") == ACCESS_TOKEN => {
            let account = parameter(head.uri.query().unwrap(), "account_id");
            let credentials = json!({"accessKeyId": format!("SSO-{account}"), "secretAccessKey": "secret", "sessionToken": "session", "expiration": 32_472_144_000_000_i64});
            (
                StatusCode::OK,
                json!({"roleCredentials": credentials}).to_string(),
            )
        }
        "/federation/credentials" => (
            StatusCode::UNAUTHORIZED,
            json!({"__type": "UnauthorizedException", "message": "Session token not found or invalid"}).to_string(),
        ),
        "/token" => (
            StatusCode::OK,
            json!({"accessToken": ACCESS_TOKEN, "expiresIn": 3_600}).to_string(),
        ),
        other => panic!("{other} is not known here"),
    };
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer
}

/// The access key id with which a request was signed.
fn signer(authorization: &str) -> &str {
    let credential = authorization.split("Credential=").nth(1).unwrap();
    credential.split('/').next().unwrap()
}
