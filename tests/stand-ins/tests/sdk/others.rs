//! The small ones: CloudFormation, KMS.

use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::StackStatus;
use aws_sdk_kms::primitives::Blob;
use stand_ins::Service;
use stand_ins::StandIns;
use stand_ins::faults::{Fault, Span};

#[tokio::test(start_paused = true)]
async fn stacks_have_the_status_that_was_set() {
    let aws = StandIns::new();
    let arn = aws
        .cloudformation()
        .stack("todo", "UPDATE_ROLLBACK_IN_PROGRESS");
    let client = super::cloudformation(&aws);
    for name in ["todo", &arn] {
        let described = client
            .describe_stacks()
            .stack_name(name)
            .send()
            .await
            .unwrap();
        assert_eq!(
            described.stacks()[0].stack_status(),
            Some(&StackStatus::UpdateRollbackInProgress)
        );
        assert_eq!(described.stacks()[0].stack_id(), Some(&*arn));
    }
    let unknown = client
        .describe_stacks()
        .stack_name("none")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (unknown.code(), unknown.message()),
        (
            Some("ValidationError"),
            Some("Stack with id none does not exist")
        )
    );
    aws.faults().inject(
        Service::CloudFormation,
        "DescribeStacks",
        Span::Next(1),
        Fault::AccessDenied,
    );
    let denied = client
        .describe_stacks()
        .stack_name("todo")
        .send()
        .await
        .unwrap_err();
    assert_eq!(denied.code(), Some("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn stacks_are_listed_by_their_status() {
    let aws = StandIns::new();
    let client = super::cloudformation(&aws);
    for (name, status) in [
        ("created", StackStatus::CreateComplete),
        ("deleted", StackStatus::DeleteComplete),
        ("failed", StackStatus::RollbackComplete),
    ] {
        aws.cloudformation().stack(name, status.as_str());
    }
    for (filter, expected) in [
        (&[][..], &["created", "deleted", "failed"][..]),
        (&[StackStatus::DeleteComplete], &["deleted"]),
        (
            &[StackStatus::CreateComplete, StackStatus::RollbackComplete],
            &["created", "failed"],
        ),
        (&[StackStatus::DeleteFailed], &[]),
    ] {
        let mut list = client.list_stacks();
        for status in filter {
            list = list.stack_status_filter(status.clone());
        }
        let listed = list.send().await.unwrap();
        let names = listed.stack_summaries().iter();
        let names: Vec<_> = names.filter_map(|stack| stack.stack_name()).collect();
        assert_eq!(names, expected, "{filter:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn ciphertexts_open_under_their_context_only() {
    let aws = StandIns::new();
    let key = aws.kms().key();
    let client = super::kms(&aws);
    let plaintext = Blob::new("https://example.com/?X-Amz-Signature=0123456789");
    let sealed = client
        .encrypt()
        .key_id(&key)
        .plaintext(plaintext.clone())
        .encryption_context("StackId", "s")
        .send()
        .await
        .unwrap();
    let ciphertext = sealed.ciphertext_blob().unwrap();
    assert!(ciphertext.as_ref().len() > plaintext.as_ref().len());
    let open = |context: &str| {
        client
            .decrypt()
            .ciphertext_blob(ciphertext.clone())
            .encryption_context("StackId", context)
            .send()
    };
    assert_eq!(open("s").await.unwrap().plaintext(), Some(&plaintext));
    assert_eq!(
        open("t").await.unwrap_err().code(),
        Some("InvalidCiphertextException")
    );
    let unknown = client
        .encrypt()
        .key_id("none")
        .plaintext(plaintext)
        .send()
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Some("NotFoundException"));
    let data_key = client
        .generate_data_key()
        .key_id(&key)
        .number_of_bytes(32)
        .send()
        .await
        .unwrap();
    assert_eq!(data_key.plaintext().unwrap().as_ref().len(), 32);
}
