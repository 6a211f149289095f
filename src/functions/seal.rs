//! Sealing the response URL: whoever can read an execution's input could otherwise answer
//! CloudFormation in our place.

use crate::aws::kms::{EncryptionContext, Kms};
use crate::aws::{ApiError, base64};
use crate::cloudformation::event::{Request, ResponseUrl};

/// Begins a sealed URL; the ciphertext follows in base64. No URL begins like this, so `start` takes
/// none from outside.
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
    /// It is not what [`Seal`] makes.
    #[error("the sealed response URL is damaged: it is not the base64 of a ciphertext of a URL")]
    Damaged,
    /// KMS would not.
    #[error(
        "the response URL cannot be unsealed: {0}. It opens only for the stack and request that it was sealed for"
    )]
    Kms(#[from] ApiError),
}

impl Seal {
    /// Seals with this key (id, ARN or alias). Without one, URLs are left in clear; those sealed
    /// earlier are still opened.
    #[must_use]
    pub fn new(kms: Kms, key: Option<String>) -> Self {
        Self { kms, key }
    }

    /// The request as it may be shown: with its response URL sealed. Names must have been derived
    /// before; they hash the URL in clear.
    ///
    /// # Errors
    /// When KMS does not encrypt.
    pub(super) async fn seal(&self, request: &Request) -> Result<Request, ApiError> {
        let Some(key) = &self.key else {
            return Ok(request.clone());
        };
        let ciphertext = self
            .kms
            .encrypt(
                key,
                request.response_url.expose().as_bytes(),
                context(request),
            )
            .await?;
        Ok(Request {
            response_url: ResponseUrl::new(format!("{SEALED}{}", base64::encode(ciphertext))),
            ..request.clone()
        })
    }

    /// The response URL in clear.
    ///
    /// # Errors
    /// When it is sealed and cannot be opened.
    pub(super) async fn open(&self, request: &Request) -> Result<ResponseUrl, UnsealError> {
        let Some(ciphertext) = ciphertext_of(&request.response_url)? else {
            return Ok(request.response_url.clone());
        };
        let url = self.kms.decrypt(ciphertext, context(request)).await?;
        Ok(ResponseUrl::new(
            String::from_utf8(url).map_err(|_| UnsealError::Damaged)?,
        ))
    }
}

/// What a sealed URL holds; `None` when the URL is not sealed.
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

/// Binds the ciphertext to its request: copied into another execution's input it opens no more.
fn context(request: &Request) -> EncryptionContext {
    [
        ("StackId", &request.stack_id),
        ("RequestId", &request.request_id),
    ]
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .into()
}
