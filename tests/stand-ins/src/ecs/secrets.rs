//! The secrets of containers, from Secrets Manager and Parameter Store of the endpoint behind.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::{Value, json};

use super::Ecs;
use super::request::{list, string};
use super::task_definitions::TaskDefinition;
use crate::aws_error::AwsError;
use crate::upstream::Upstream;

/// Parts of a secret's ARN; `:json-key:version-stage:version-id` may follow
/// (API_Secret of ECS, "Passing sensitive data").
const ARN_PARTS: usize = 7;

impl Ecs {
    /// The values behind the `valueFrom` of a task definition's secrets. One that cannot be read is
    /// left out.
    pub(super) async fn secrets_behind(
        &self,
        definition: &TaskDefinition,
        headers: &HeaderMap,
    ) -> Result<BTreeMap<String, String>, AwsError> {
        let mut secrets = BTreeMap::new();
        let Some(behind) = self.inner.behind.get() else {
            return Ok(secrets);
        };
        let containers = list(&definition.described, "containerDefinitions").iter();
        for secret in containers.flat_map(|container| list(container, "secrets")) {
            let from = string(secret, "valueFrom").unwrap_or_default();
            match read(behind, from, headers).await {
                Ok(Some(value)) => drop(secrets.insert(from.to_owned(), value)),
                Ok(None) => {}
                Err(error) if error.status < 500 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(secrets)
    }
}

async fn read(
    behind: &Upstream,
    from: &str,
    headers: &HeaderMap,
) -> Result<Option<String>, AwsError> {
    if !from.contains(":secretsmanager:") {
        let target = "AmazonSSM.GetParameter";
        let body = json!({"Name": from, "WithDecryption": true});
        let answer = behind.call_target(target, &body, headers).await?;
        return Ok(string(&answer["Parameter"], "Value").map(str::to_owned));
    }
    let parts: Vec<_> = from.split(':').collect();
    let secret = parts[..parts.len().min(ARN_PARTS)].join(":");
    let target = "secretsmanager.GetSecretValue";
    let body = json!({"SecretId": secret});
    let answer = behind.call_target(target, &body, headers).await?;
    let text = string(&answer, "SecretString").unwrap_or_default();
    let Some(key) = parts.get(ARN_PARTS).filter(|key| !key.is_empty()) else {
        return Ok(Some(text.to_owned()));
    };
    let members: Value = serde_json::from_str(text).unwrap_or_default();
    Ok(string(&members, key).map(str::to_owned))
}
