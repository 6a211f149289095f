//! AWS KMS: Encrypt, Decrypt and GenerateDataKey with their encryption context. A ciphertext says
//! nothing about its plaintext: the stand-in keeps a table of both.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use aws_smithy_types::base64;
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::dispatch::unknown_operation;
use crate::identifiers::{Identifiers, arn};
use crate::lock::Lock;

/// Most bytes that Encrypt takes (API_Encrypt, symmetric keys).
const MAX_PLAINTEXT: usize = 4096;
/// How much longer a ciphertext is than its plaintext, about.
const OVERHEAD: usize = 152;

/// The KMS stand-in; clones share it.
#[derive(Clone, Debug)]
pub struct Kms {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    identifiers: Identifiers,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: BTreeSet<String>,
    /// By ciphertext, in base64.
    sealed: HashMap<String, Sealed>,
}

#[derive(Clone, Debug)]
struct Sealed {
    key: String,
    context: Value,
    /// In base64.
    plaintext: String,
}

impl Kms {
    pub(crate) fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                identifiers: Identifiers::new(3),
                state: Mutex::default(),
            }),
        }
    }

    /// Makes a key and answers its ARN.
    pub fn key(&self) -> String {
        let arn = arn("kms", &format!("key/{}", self.inner.identifiers.uuid()));
        self.inner.state.locked().keys.insert(arn.clone());
        arn
    }

    pub(crate) fn serve(&self, operation: &str, body: &Value) -> Result<Value, AwsError> {
        match operation {
            "Encrypt" => self.encrypt(body),
            "Decrypt" => self.decrypt(body),
            "GenerateDataKey" => self.generate_data_key(body),
            _ => Err(unknown_operation(operation)),
        }
    }

    fn encrypt(&self, body: &Value) -> Result<Value, AwsError> {
        let key = self.find_key(body)?;
        let plaintext = body["Plaintext"].as_str().unwrap_or_default();
        let length = base64::decode(plaintext).map_or(usize::MAX, |bytes| bytes.len());
        if !(1..=MAX_PLAINTEXT).contains(&length) {
            return Err(AwsError::validation(format_args!(
                "Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to {MAX_PLAINTEXT}"
            )));
        }
        let ciphertext = self.seal(&key, body, plaintext, length);
        Ok(
            json!({"KeyId": key, "CiphertextBlob": ciphertext, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        )
    }

    fn generate_data_key(&self, body: &Value) -> Result<Value, AwsError> {
        let key = self.find_key(body)?;
        let length = match body["KeySpec"].as_str() {
            Some("AES_128") => 16,
            _ => 32,
        };
        let plaintext = base64::encode(&self.inner.identifiers.hex(length).as_bytes()[..length]);
        let ciphertext = self.seal(&key, body, &plaintext, length);
        Ok(json!({"KeyId": key, "CiphertextBlob": ciphertext, "Plaintext": plaintext}))
    }

    fn decrypt(&self, body: &Value) -> Result<Value, AwsError> {
        let ciphertext = body["CiphertextBlob"].as_str().unwrap_or_default();
        let sealed = self.inner.state.locked().sealed.get(ciphertext).cloned();
        let sealed = sealed
            .filter(|sealed| sealed.context == context(body))
            .ok_or_else(|| {
                AwsError::new(
                    "InvalidCiphertextException",
                    "The ciphertext or its encryption context is not valid.",
                )
            })?;
        if body["KeyId"]
            .as_str()
            .is_some_and(|key| !is_named(&sealed.key, key))
        {
            return Err(AwsError::new(
                "IncorrectKeyException",
                "The key ID in the request does not identify the key of the ciphertext.",
            ));
        }
        Ok(
            json!({"KeyId": sealed.key, "Plaintext": sealed.plaintext, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        )
    }

    fn seal(&self, key: &str, body: &Value, plaintext: &str, length: usize) -> String {
        let random = self.inner.identifiers.hex(length + OVERHEAD);
        let ciphertext = base64::encode(&random.as_bytes()[..length + OVERHEAD]);
        let sealed = Sealed {
            key: key.to_owned(),
            context: context(body),
            plaintext: plaintext.to_owned(),
        };
        self.inner
            .state
            .locked()
            .sealed
            .insert(ciphertext.clone(), sealed);
        ciphertext
    }

    fn find_key(&self, body: &Value) -> Result<String, AwsError> {
        let name = body["KeyId"].as_str().unwrap_or_default();
        let state = self.inner.state.locked();
        let key = state.keys.iter().find(|key| is_named(key, name));
        key.cloned().ok_or_else(|| {
            AwsError::new("NotFoundException", format!("Key '{name}' does not exist"))
        })
    }
}

/// Whether an ARN or id names this key.
fn is_named(key: &str, name: &str) -> bool {
    key == name || key.rsplit('/').next() == Some(name)
}

/// An absent encryption context and an empty one are the same.
fn context(body: &Value) -> Value {
    match &body["EncryptionContext"] {
        Value::Null => json!({}),
        context => context.clone(),
    }
}
