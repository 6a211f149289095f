//! Credentials as people have them: the profiles of an AWS configuration file, and what the
//! environment says in their place.

use std::path::Path;

use local_run::directories::RunDirectory;
use serde_json::json;

use crate::worlds::execution::Execution;
use crate::worlds::functions::World;
use crate::worlds::program::{Ended, Program, command, listen};
use crate::worlds::sign_in;

/// The files in which the AWS CLI keeps access tokens: the hash (SHA-1) of the session's name, and of
/// the start address where there is no session.
const TOKEN_OF_SESSION: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
const TOKEN_OF_START_URL: &str = "a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json";

const CONFIGURATION: &str = "
[default]
aws_access_key_id = DEFAULT
aws_secret_access_key = secret

[profile keys]
aws_access_key_id = KEYS
aws_secret_access_key = secret

[profile process]
credential_process = \"HOME/credentials\" PROCESS

[profile failing-process]
credential_process = echo 'no key is plugged in' >&2; exit 1

[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = keys

[profile role-of-environment]
role_arn = arn:aws:iam::123456789012:role/deploy
credential_source = Environment

[profile web]
role_arn = arn:aws:iam::123456789012:role/deploy
web_identity_token_file = HOME/web-token

[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start

[profile sso]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Developer

[profile legacy-sso]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
sso_account_id = 222222222222
sso_role_name = Developer

[profile role-of-sso]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = sso

[profile console]
login_session = arn:aws:iam::123456789012:user/somebody
";

/// A home directory with this configuration, and with what its profiles lead to.
struct Home {
    directory: RunDirectory,
    sign_in: String,
}

impl Home {
    async fn new() -> Self {
        let directory = RunDirectory::create("credentials").unwrap();
        let home = Self {
            directory,
            sign_in: sign_in::listen().await,
        };
        let path = home.path().display().to_string();
        home.write(".aws/config", &CONFIGURATION.replace("HOME", &path));
        home.write("web-token", "TOKEN");
        home.write("credentials", "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"'$1'\", \"SecretAccessKey\": \"secret\"}'\n");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(home.path().join("credentials"), mode).unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, file: &str, content: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// What `aws sso login` leaves behind, for as long as until `expires_at`.
    fn signed_in(&self, access_token: &str, expires_at: &str, can_be_renewed: bool) {
        let mut token = json!({"accessToken": access_token, "expiresAt": expires_at, "region": "us-east-1", "startUrl": "https://corp.awsapps.com/start"});
        if can_be_renewed {
            token["refreshToken"] = json!("refresh");
            token["clientId"] = json!("client");
            token["clientSecret"] = json!("secret");
            token["registrationExpiresAt"] = json!("2999-01-01T00:00:00Z");
        }
        for file in [TOKEN_OF_SESSION, TOKEN_OF_START_URL] {
            self.write(&format!(".aws/sso/cache/{file}"), &token.to_string());
        }
    }

    /// Explains the execution with this environment, and the files of this home directory.
    async fn explain(&self, aws: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        let mut child = command(None, &[&["explain"], arguments].concat());
        child
            .env("HOME", self.path())
            .env("AWS_CONFIG_FILE", self.path().join(".aws/config"))
            .env("AWS_ENDPOINT_URL", aws)
            .env("AWS_ENDPOINT_URL_STS", &self.sign_in)
            .env("AWS_ENDPOINT_URL_SSO", &self.sign_in)
            .env("AWS_ENDPOINT_URL_SSO_OIDC", &self.sign_in)
            .envs(environment.iter().copied());
        Program::of(child.spawn().unwrap()).ended().await
    }
}

#[tokio::test]
async fn credentials_of_every_kind_of_profile_are_taken() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    let aws = listen(&world.aws).await;
    let home = Home::new().await;
    home.signed_in(sign_in::ACCESS_TOKEN, "2999-01-01T00:00:00Z", false);
    let web_token = home.path().join("web-token").display().to_string();
    let keys = [
        ("AWS_ACCESS_KEY_ID", "ENVIRONMENT"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let role = ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deploy");
    let no_files = ("AWS_CONFIG_FILE", "/dev/null");
    for (arguments, environment, expected) in [
        (&[][..], &[][..], "DEFAULT"),
        (&[], &[("AWS_PROFILE", "keys")], "KEYS"),
        (&["--profile", "keys"], &[], "KEYS"),
        (&["--profile", "keys"], &[("AWS_PROFILE", "sso")], "KEYS"),
        (&[], &keys, "ENVIRONMENT"),
        (&["--profile", "keys"], &keys, "KEYS"),
        (
            &["--profile", "role-of-environment"],
            &keys,
            "ROLE-OF-ENVIRONMENT",
        ),
        (&["--profile", "process"], &[], "PROCESS"),
        (&["--profile", "role"], &[], "ROLE-OF-KEYS"),
        (&["--profile", "web"], &[], "WEB-TOKEN"),
        (
            &[],
            &[no_files, role, ("AWS_WEB_IDENTITY_TOKEN_FILE", &web_token)],
            "WEB-TOKEN",
        ),
        (&["--profile", "sso"], &[], "SSO-111111111111"),
        (&["--profile", "legacy-sso"], &[], "SSO-222222222222"),
        (
            &["--profile", "role-of-sso"],
            &[],
            "ROLE-OF-SSO-111111111111",
        ),
    ] {
        world.aws.calls().clear();
        let arguments = [&[execution.arn.as_str()], arguments].concat();
        let ended = home.explain(&aws.url(), &arguments, environment).await;
        // The execution runs.
        assert_eq!(ended.status.code(), Some(3), "{arguments:?}: {ended:?}");
        let call = &world.aws.calls().of("DescribeExecution")[0];
        assert_eq!(call.access_key.as_deref(), Some(expected), "{arguments:?}");
    }
}

#[tokio::test]
async fn an_expired_session_of_single_sign_on_is_renewed_where_it_can_be() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    let aws = listen(&world.aws).await;
    let home = Home::new().await;
    home.signed_in("expired", "2020-01-01T00:00:00Z", true);
    let arguments = [execution.arn.as_str(), "--profile", "sso"];
    let ended = home.explain(&aws.url(), &arguments, &[]).await;
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_profile_is_said_in_a_sentence_with_what_to_do() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    let aws = listen(&world.aws).await;
    let (never, expired) = (Home::new().await, Home::new().await);
    expired.signed_in("expired", "2020-01-01T00:00:00Z", false);
    for (home, profile, says) in [
        (
            &never,
            "sso",
            &[
                "the profile 'sso' is not signed in",
                "aws sso login --profile sso",
            ][..],
        ),
        (
            &never,
            "legacy-sso",
            &["not signed in", "aws sso login --profile legacy-sso"],
        ),
        (
            &expired,
            "sso",
            &["the SSO token has expired", "aws sso login --profile sso"],
        ),
        (
            &expired,
            "legacy-sso",
            &[
                "Session token not found or invalid",
                "aws sso login --profile legacy-sso",
            ],
        ),
        (
            &expired,
            "role-of-sso",
            &["not signed in", "source_profile"],
        ),
        (
            &never,
            "failing-process",
            &[
                "AWS credentials cannot be had",
                "no key is plugged in",
                "profile 'failing-process'",
            ],
        ),
        (
            &never,
            "nobody",
            &[
                "AWS credentials cannot be had",
                "profile `nobody` was not defined",
            ],
        ),
        (
            &never,
            "console",
            &[
                "aws login",
                "aws configure export-credentials --profile console",
            ],
        ),
    ] {
        let arguments = [execution.arn.as_str(), "--profile", profile];
        let ended = home.explain(&aws.url(), &arguments, &[]).await;
        assert_eq!(ended.status.code(), Some(2), "{profile}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        for part in says {
            assert!(
                ended.stderr.contains(part),
                "{part:?} is not in {}",
                ended.stderr
            );
        }
    }
}
