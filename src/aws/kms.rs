//! AWS KMS: encrypts and decrypts a few bytes under an encryption context.

use std::collections::HashMap;

use aws_sdk_kms::Client;
use aws_smithy_types::Blob;

use super::{ApiError, Connection, api_error};

/// Encrypts and decrypts in KMS, which never gives its keys out.
#[derive(Debug, Clone)]
pub struct Kms {
    client: Client,
}

/// Names and values that a ciphertext is bound to: KMS decrypts it only when they are given again.
/// `CloudTrail` records them in clear, so they must not be secrets.
pub type EncryptionContext = HashMap<String, String>;

impl Kms {
    /// Calls KMS in the connection's region. The SDK retries failed calls.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self {
            client: Client::new(connection.config()),
        }
    }

    /// Encrypts up to 4,096 bytes with a symmetric key, given by id, alias or ARN (`API_Encrypt`).
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

    /// Decrypts a ciphertext of [`encrypt`](Self::encrypt). The ciphertext itself names its key
    /// (`API_Decrypt`), and the role's permissions decide which keys may be used. The call names
    /// none, so that a ciphertext made before the key was replaced can still be read.
    ///
    /// # Errors
    /// When the call fails, for example because the context differs; see [`ApiError`].
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
            .map_err(|error| api_error("kms:Decrypt", "a sealed URL", &error))?;
        Ok(decrypted
            .plaintext
            .map(Blob::into_inner)
            .unwrap_or_default())
    }
}
