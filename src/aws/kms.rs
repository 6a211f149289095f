//! AWS KMS: encrypting and decrypting a few bytes under an encryption context.

use std::collections::HashMap;

use aws_sdk_kms::Client;
use aws_smithy_types::Blob;

use super::{ApiError, Connection, api_error};

/// Encrypts and decrypts with keys that never leave the service.
#[derive(Debug, Clone)]
pub struct Kms {
    client: Client,
}

/// What a ciphertext is bound to: it can only be decrypted under the same names and values. They
/// show in `CloudTrail`.
pub type EncryptionContext = HashMap<String, String>;

impl Kms {
    /// In the connection's region, with the SDK's own retries.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self {
            client: Client::new(connection.config()),
        }
    }

    /// Encrypts up to 4,096 bytes with a symmetric key (`API_Encrypt`).
    ///
    /// # Errors
    /// When the call fails; see [`ApiError`].
    pub async fn encrypt(
        &self,
        key: &str,
        plaintext: &[u8],
        context: EncryptionContext,
    ) -> Result<Vec<u8>, ApiError> {
        let encrypted = self
            .client
            .encrypt()
            .key_id(key)
            .plaintext(Blob::new(plaintext))
            .set_encryption_context(Some(context))
            .send()
            .await
            .map_err(|error| api_error("kms:Encrypt", format!("key {key}"), &error))?;
        Ok(encrypted
            .ciphertext_blob
            .map(Blob::into_inner)
            .unwrap_or_default())
    }

    /// Decrypts what [`encrypt`](Self::encrypt) made; the ciphertext itself names its key
    /// (`API_Decrypt`). Which keys may be used is for the role to say: a key pinned here would make
    /// what was sealed before the key was replaced unreadable.
    ///
    /// # Errors
    /// When the call fails, as it does under another context; see [`ApiError`].
    pub async fn decrypt(
        &self,
        ciphertext: Vec<u8>,
        context: EncryptionContext,
    ) -> Result<Vec<u8>, ApiError> {
        let decrypted = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(ciphertext))
            .set_encryption_context(Some(context))
            .send()
            .await
            .map_err(|error| api_error("kms:Decrypt", "a sealed response URL", &error))?;
        Ok(decrypted
            .plaintext
            .map(Blob::into_inner)
            .unwrap_or_default())
    }
}
