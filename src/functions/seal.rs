//! Encrypts the response URL with a KMS key before it goes into an execution's input, and the URL of a
//! wait condition's handle. Many people
//! may read an input, and anybody who has such a URL can answer CloudFormation in the place of
//! `respond`.

use crate::aws::kms::{EncryptionContext, Kms};
use crate::aws::{ApiError, base64};
use crate::cloudformation::event::{ReplyTo, Request, ResponseUrl, UrlKind, WaitConditionHandle};

/// The beginning of a sealed URL; the ciphertext follows in base64. In an event, `start` refuses
/// such a URL, since it leads to no host of CloudFormation.
const SEALED: &str = "sealed:v1:";
/// The longest ciphertext that `Decrypt` takes (`API_Decrypt`), bytes.
const MAX_CIPHERTEXT: usize = 6_144;

/// Seals response URLs on their way into an execution, and opens them for the answer.
#[derive(Debug, Clone)]
pub struct Seal {
    kms: Kms,
    key: Option<String>,
}

/// A sealed URL that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    /// It is not what `start` has made.
    #[error("the sealed URL is damaged: it is not the base64 of a ciphertext of a URL")]
    Damaged,
    /// KMS did not decrypt it.
    #[error(
        "{kind} cannot be unsealed: {error}. It opens only for the stack and request that it was sealed for"
    )]
    Kms {
        /// What kind of URL it is.
        kind: UrlKind,
        /// The call's error.
        error: ApiError,
    },
}

impl Seal {
    /// Seals with this key (id, ARN or alias). Without a key, URLs stay in clear; those that were
    /// sealed earlier are still opened.
    #[must_use]
    pub fn new(kms: Kms, key: Option<String>) -> Self {
        Self { kms, key }
    }

    /// The request with its URLs sealed. Its names must have been derived before, since
    /// they hash the response URL in clear.
    ///
    /// # Errors
    /// When KMS does not encrypt.
    pub(super) async fn seal(&self, request: &Request) -> Result<Request, ApiError> {
        let Some(key) = &self.key else {
            return Ok(request.clone());
        };
        let mut sealed = request.clone();
        sealed.response_url = self.encrypt(key, ReplyTo::Request(request)).await?;
        if let Some(handle) = &request.wait_condition_handle {
            let url = self
                .encrypt(key, ReplyTo::WaitCondition(request, handle))
                .await?;
            sealed.wait_condition_handle = Some(WaitConditionHandle {
                url,
                ..handle.clone()
            });
        }
        Ok(sealed)
    }

    async fn encrypt(&self, key: &str, to: ReplyTo<'_>) -> Result<ResponseUrl, ApiError> {
        let url = to.url().expose().as_bytes();
        let ciphertext = self.kms.encrypt(key, url, context(to)).await?;
        let ciphertext = base64::encode(ciphertext);
        Ok(ResponseUrl::new(format!("{SEALED}{ciphertext}")))
    }

    /// The URL in clear.
    ///
    /// # Errors
    /// When it is sealed and cannot be opened.
    pub(super) async fn open(&self, to: ReplyTo<'_>) -> Result<ResponseUrl, UnsealError> {
        let Some(ciphertext) = ciphertext_of(to.url())? else {
            return Ok(to.url().clone());
        };
        let decrypted = self.kms.decrypt(ciphertext, context(to)).await;
        let url = decrypted.map_err(|error| UnsealError::Kms {
            kind: to.url_kind(),
            error,
        })?;
        Ok(ResponseUrl::new(
            String::from_utf8(url).map_err(|_| UnsealError::Damaged)?,
        ))
    }
}

/// The ciphertext of a sealed URL; `None` when the URL is not sealed.
///
/// # Errors
/// When it is sealed, and damaged.
pub fn ciphertext_of(url: &ResponseUrl) -> Result<Option<Vec<u8>>, UnsealError> {
    let Some(ciphertext) = url.expose().strip_prefix(SEALED) else {
        return Ok(None);
    };
    let ciphertext = base64::decode(ciphertext)
        .ok()
        .filter(|bytes| (1..=MAX_CIPHERTEXT).contains(&bytes.len()));
    ciphertext.map(Some).ok_or(UnsealError::Damaged)
}

/// Binds the ciphertext to its request: KMS does not decrypt it for another execution's request. That
/// of a handle has a member more, so that neither URL can stand in the place of the other.
fn context(to: ReplyTo<'_>) -> EncryptionContext {
    let request = to.request();
    let mut context = EncryptionContext::from(
        [
            ("StackId", &request.stack_id),
            ("RequestId", &request.request_id),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone())),
    );
    if let ReplyTo::WaitCondition(_, handle) = to {
        let unique_id = handle.unique_id.clone();
        context.insert("WaitConditionHandle".to_owned(), unique_id);
    }
    context
}
