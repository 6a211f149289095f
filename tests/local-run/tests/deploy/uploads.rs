//! What is uploaded, and what the functions are made from, on the emulator.

use std::fs;

use local_run::directories::RunDirectory;

use crate::account::Account;
use crate::call::{BUCKET, NO_STACK, Package, Programs, X86_64, ended, script};

const NO_FLEET: [&str; 1] = ["--no-workers"];

impl Account {
    async fn object(&self, key: &str) -> Vec<u8> {
        let copy = self.directory.file("copy");
        let copy = copy.to_str().unwrap();
        self.ask(&[
            "s3api",
            "get-object",
            "--bucket",
            BUCKET,
            "--key",
            key,
            copy,
        ])
        .await;
        fs::read(copy).unwrap()
    }

    async fn put(&self, key: &str, content: &str) {
        let file = self.directory.file("other");
        fs::write(&file, content).unwrap();
        let file = file.to_str().unwrap();
        self.ask(&[
            "s3api",
            "put-object",
            "--bucket",
            BUCKET,
            "--key",
            key,
            "--body",
            file,
        ])
        .await;
    }
}

/// A key names a content, and anybody who may write to the bucket can put another one under it.
#[tokio::test]
async fn what_is_there_under_the_key_with_another_content_is_not_deployed() {
    let account = Account::open().await;
    let package = Package::write(&account.directory.directory("package").unwrap(), X86_64);
    let key = format!("ecs-task-runner/{}/custom-resource.zip", package.code);
    account.put(&key, "planted").await;

    let (status, told, errors) = account.deploy_with("runner", &package, &NO_FLEET).await;
    assert_eq!(status, Some(0), "{told}{errors}");
    let uploaded = format!("Uploading s3://{BUCKET}/{key}");
    assert!(told.contains(&uploaded), "{told}");
    let program = fs::read(package.directory.join("custom-resource.zip")).unwrap();
    assert_eq!(account.object(&key).await, program);
    // No versions, none to deploy by.
    let deployed = account
        .stack("runner", &["CodeObjectVersion", "DefinitionObjectVersion"])
        .await;
    assert_eq!(deployed[2..], ["", ""]);

    let (status, told, errors) = account.deploy_with("runner", &package, &NO_FLEET).await;
    assert_eq!(status, Some(0), "{told}{errors}");
    assert!(!told.contains("Uploading"), "{told}");
}

/// What is put there later changes nothing for what is deployed, nor for a rollback.
#[tokio::test]
async fn in_a_bucket_with_versions_functions_and_definition_are_deployed_by_theirs() {
    let account = Account::open().await;
    let versions = ["s3api", "put-bucket-versioning", "--bucket", BUCKET];
    let enabled = ["--versioning-configuration", "Status=Enabled"];
    account.ask(&[&versions[..], &enabled].concat()).await;
    let package = Package::write(&account.directory.directory("package").unwrap(), X86_64);

    let (status, told, errors) = account.deploy_with("runner", &package, &NO_FLEET).await;
    assert_eq!(status, Some(0), "{told}{errors}");
    let parameters = ["CodeObjectVersion", "DefinitionObjectVersion", "CodeKey"];
    let deployed = account.stack("runner", &parameters).await;
    let newest = |key: String| {
        let account = &account;
        async move {
            let head = ["s3api", "head-object", "--bucket", BUCKET, "--key", &key];
            let query = ["--query", "VersionId", "--output", "text"];
            account.ask(&[&head[..], &query].concat()).await
        }
    };
    assert!(
        deployed[2].len() > 8 && deployed[3].len() > 8,
        "{deployed:?}"
    );
    assert_eq!(newest(deployed[4].clone()).await, deployed[2]);

    // Once more, and nothing is new.
    let (status, told, errors) = account.deploy_with("runner", &package, &NO_FLEET).await;
    assert_eq!(status, Some(0), "{told}{errors}");
    assert!(told.contains("is up to date"), "{told}");
    assert_eq!(account.stack("runner", &parameters).await, deployed);

    // Overwritten, it is put there again, and the new version is what is deployed.
    account.put(&deployed[4], "planted").await;
    let (status, told, errors) = account.deploy_with("runner", &package, &NO_FLEET).await;
    assert_eq!(status, Some(0), "{told}{errors}");
    let again = account.stack("runner", &parameters).await;
    assert_ne!(again[2], deployed[2]);
    assert_eq!(newest(again[4].clone()).await, again[2]);
}

/// As with a bucket whose KMS key may not be used.
#[tokio::test]
async fn what_s3_refuses_to_show_is_not_taken_for_absent() {
    for (code, warnings) in [("403", 1), ("404", 0)] {
        let directory = RunDirectory::create("deploy-test").unwrap();
        let package = Package::write(directory.path(), X86_64);
        let aws = format!(
            r#"case "$*" in
*head-object*) echo 'An error occurred ({code}) when calling the HeadObject operation' >&2; exit 254 ;;
*put-object*) echo refused >&2; exit 254 ;;
{NO_STACK}
*) ;;
esac"#
        );
        let programs = Programs::new(&directory).script("aws", &aws).tools();
        let options = ["--no-workers", "--allow-all", "--region", "eu-west-1"];
        let arguments = ["--bucket", BUCKET, "--package", package.path()];
        let command = script(&programs.0, &[&options[..], &arguments].concat());
        let (status, told, errors) = ended(command).await;
        assert_eq!(status, Some(1), "{told}{errors}");
        assert_eq!(
            told.matches("kms:Decrypt").count(),
            warnings,
            "{told}{errors}"
        );
        assert!(told.contains("Uploading s3://"), "{told}{errors}");
    }
}
