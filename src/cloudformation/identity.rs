//! The one name that an execution and its ECS tasks share, and the other names that are derived
//! from a request.
//!
//! `{LogicalResourceId}-{resource}-{create|update|delete}-{attempt}` is the execution's name and
//! the tasks' `startedBy`, so the Step Functions and the ECS console lead to each other. An event
//! that Lambda delivers twice gets one name twice and starts one execution. A stack operation that
//! a person retries carries a fresh `ResponseURL` and gets a new name.

use sha2::{Digest, Sha256};

use crate::cloudformation::event::{Request, RequestType};

/// Longest name of an execution in characters (`API_StartExecution`). It fits `startedBy` of ECS,
/// which takes 128 (`API_RunTask`).
pub const MAX_NAME: usize = 80;
/// Hex digits of the hash over `StackId` and `LogicalResourceId`, which distinguishes resources.
const RESOURCE_DIGITS: usize = 8;
/// Hex digits of the hash over `RequestId` and `ResponseURL`, which distinguishes the requests of a
/// resource.
const ATTEMPT_DIGITS: usize = 12;
/// Length of `create`, `update` and `delete`. They are equally long, so a logical id is cut at the
/// same place in all names of a resource, and they share one prefix.
const WORD_LENGTH: usize = 6;
/// Characters of the logical id that a name has room for.
const MAX_LOGICAL_ID: usize =
    MAX_NAME - (1 + RESOURCE_DIGITS) - (1 + WORD_LENGTH) - (1 + ATTEMPT_DIGITS);
/// Hex digits of a client token. `RunTask` takes 64 characters (`ECS_Idempotency`);
/// [`launch_token`] adds `-1`, `-2`, … for the further tokens of a run.
pub(crate) const CLIENT_TOKEN_DIGITS: usize = 48;

/// The names that belong to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the execution, and `startedBy` of its tasks; at most [`MAX_NAME`] characters.
    pub name: String,
    /// The beginning of the names of all requests of this resource, up to and including the `-`
    /// before the request type.
    pub resource_prefix: String,
    /// `clientToken` of the run's first launch; `launch_token` makes the further ones from it.
    pub client_token: String,
    /// The physical resource id that `start` chooses on Create.
    pub physical_resource_id: String,
}

impl Identity {
    /// Derives the names from a request. Equal requests have equal names, so a repeated delivery
    /// finds the execution of the first.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let resource = resource_hash(&request.stack_id, &request.logical_resource_id);
        let attempt = hash_digits(
            &[&request.request_id, request.response_url.expose()],
            ATTEMPT_DIGITS,
        );
        let resource_prefix = prefix_of_resource(&request.stack_id, &request.logical_resource_id);
        let name = format!(
            "{resource_prefix}{}-{attempt}",
            request.request_type.in_lower_case()
        );
        let client_token = hash_digits(&[&name], CLIENT_TOKEN_DIGITS);
        let physical_resource_id = format!("{}-{resource}", request.logical_resource_id);
        Self {
            name,
            resource_prefix,
            client_token,
            physical_resource_id,
        }
    }
}

/// The name of the execution that rolls back the run of the execution `failed`, and its client token.
/// It is made of that name, and not of the request for the rollback: however often CloudFormation asks,
/// the run is rolled back once. `attempt` counts from 0 the executions that were to do it. `None` when
/// `failed` is no name of a request.
#[must_use]
pub(crate) fn of_rollback(failed: &str, attempt: u32) -> Option<(String, String)> {
    let prefix = NameParts::of(failed)?.resource_prefix;
    let digits = hash_digits(&["rollback", failed, &attempt.to_string()], ATTEMPT_DIGITS);
    let word = RequestType::Update.in_lower_case();
    let name = format!("{prefix}{word}-{digits}");
    let client_token = hash_digits(&[&name], CLIENT_TOKEN_DIGITS);
    Some((name, client_token))
}

/// The parts of an execution's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameParts<'n> {
    /// What the names of all executions of the resource begin with; see
    /// [`Identity::resource_prefix`].
    pub resource_prefix: &'n str,
    /// The resource's logical id, or as much of it as the name has room for.
    pub logical_id: &'n str,
    /// What CloudFormation asked for.
    pub request_type: RequestType,
}

impl<'n> NameParts<'n> {
    /// `None` when `name` does not have the shape that [`Identity::of`] gives it.
    #[must_use]
    pub fn of(name: &'n str) -> Option<Self> {
        let (rest, attempt) = name.rsplit_once('-')?;
        let (prefix, word) = rest.rsplit_once('-')?;
        let request_type = RequestType::ALL
            .into_iter()
            .find(|request_type| request_type.in_lower_case() == word)?;
        let (logical_id, _) = prefix.rsplit_once('-')?;
        (attempt.len() == ATTEMPT_DIGITS).then(|| Self {
            resource_prefix: &name[..=prefix.len()],
            logical_id,
            request_type,
        })
    }
}

/// What the names of all executions of this resource begin with; see [`Identity::resource_prefix`].
pub(crate) fn prefix_of_resource(stack_id: &str, logical_id: &str) -> String {
    let resource = resource_hash(stack_id, logical_id);
    let logical_id: String = logical_id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(MAX_LOGICAL_ID)
        .collect();
    format!("{logical_id}-{resource}-")
}

fn resource_hash(stack_id: &str, logical_id: &str) -> String {
    hash_digits(&[stack_id, logical_id], RESOURCE_DIGITS)
}

/// Token number `number` of a run, from 0, which is `client_token` itself. Under each further one
/// the worker launches what the tokens before it left missing, or the task that replaces another.
#[must_use]
pub(crate) fn launch_token(client_token: &str, number: u32) -> String {
    if number == 0 {
        client_token.to_owned()
    } else {
        format!("{client_token}-{number}")
    }
}

/// The first `digits` hex digits of SHA-256 over the parts. Each part is preceded by its length, so
/// that `ab`, `c` and `a`, `bc` differ.
pub(crate) fn hash_digits(parts: &[&str], digits: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut digest = hex::encode(hash.finalize());
    digest.truncate(digits);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudformation::event::{RequestType, ResponseUrl};

    fn request(logical_id: &str, request_type: RequestType, url: &str) -> Request {
        Request {
            request_type,
            stack_id: "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid"
                .to_owned(),
            request_id: "r-1".to_owned(),
            logical_resource_id: logical_id.to_owned(),
            resource_type: "Custom::EcsTask".to_owned(),
            physical_resource_id: None,
            response_url: ResponseUrl::new(url),
            wait_condition_handle: None,
            ignores_failure: false,
        }
    }

    #[test]
    fn a_name_has_the_documented_shape() {
        let identity = Identity::of(&request("MigrateTask", RequestType::Create, "https://a"));
        let parts: Vec<_> = identity.name.split('-').collect();
        assert_eq!(parts.len(), 4);
        assert_eq!(
            (parts[0], parts[1].len(), parts[2], parts[3].len()),
            ("MigrateTask", 8, "create", 12)
        );
        assert_eq!(
            identity.physical_resource_id,
            format!("MigrateTask-{}", parts[1])
        );
    }

    #[test]
    fn a_repeated_event_keeps_its_name_and_a_retried_operation_gets_another() {
        let first = Identity::of(&request("MigrateTask", RequestType::Create, "https://a"));
        assert_eq!(
            first,
            Identity::of(&request("MigrateTask", RequestType::Create, "https://a"))
        );
        let again = Identity::of(&request("MigrateTask", RequestType::Create, "https://b"));
        assert_ne!(first.name, again.name);
        assert_ne!(first.client_token, again.client_token);
        assert_eq!(first.resource_prefix, again.resource_prefix);
        assert_eq!(first.physical_resource_id, again.physical_resource_id);
    }

    #[test]
    fn a_long_logical_id_is_cut_and_keeps_one_prefix_for_all_requests() {
        let long = "L".repeat(255);
        let create = Identity::of(&request(&long, RequestType::Create, "https://a"));
        let delete = Identity::of(&request(&long, RequestType::Delete, "https://b"));
        assert_eq!(create.name.len(), MAX_NAME);
        assert_eq!(delete.name.len(), MAX_NAME);
        assert!(delete.name.starts_with(&create.resource_prefix));
    }

    #[test]
    fn the_prefix_is_found_again_in_a_name() {
        for logical_id in ["MigrateTask", "my-own-task", "L"] {
            let identity = Identity::of(&request(logical_id, RequestType::Update, "https://a"));
            assert_eq!(
                NameParts::of(&identity.name),
                Some(NameParts {
                    resource_prefix: &identity.resource_prefix,
                    logical_id,
                    request_type: RequestType::Update,
                })
            );
        }
        assert_eq!(NameParts::of("somebody-elses"), None);
        assert_eq!(NameParts::of(""), None);
    }

    #[test]
    fn characters_that_a_name_may_not_have_are_replaced() {
        let identity = Identity::of(&request("Mögrate Task*", RequestType::Create, "https://a"));
        assert!(
            identity.name.starts_with("M-grate-Task--"),
            "{}",
            identity.name
        );
    }

    #[test]
    fn each_relaunch_has_another_token_within_the_limit() {
        let token =
            Identity::of(&request("MigrateTask", RequestType::Create, "https://a")).client_token;
        assert_eq!(launch_token(&token, 0), token);
        assert_eq!(launch_token(&token, 2), format!("{token}-2"));
        assert!(launch_token(&token, u32::MAX).len() <= 64);
    }

    /// A name that changes with a release would start an execution anew for an event that is
    /// delivered again during the update.
    #[test]
    fn the_names_of_a_request_stay_the_same_over_releases() {
        let identity = Identity::of(&request("MigrateTask", RequestType::Create, "https://a"));
        assert_eq!(identity.name, "MigrateTask-5609247e-create-0dde2d72c7ec");
        assert_eq!(
            identity.client_token,
            "f62896d6f16ab7dc892556a81825d8673d2a99630f20999b"
        );
    }

    /// It hangs on the run that is rolled back, so that no second request rolls it back once more.
    #[test]
    fn a_rollback_is_called_after_the_run_that_it_rolls_back() {
        let update = Identity::of(&request("MigrateTask", RequestType::Update, "https://a"));
        let (name, token) = of_rollback(&update.name, 0).unwrap();
        assert_eq!(of_rollback(&update.name, 0), Some((name.clone(), token)));
        assert_ne!(of_rollback(&update.name, 1).unwrap().0, name);
        let parts = NameParts::of(&name).unwrap();
        assert_eq!(parts.resource_prefix, update.resource_prefix);
        assert_eq!(parts.request_type, RequestType::Update);
        assert_eq!(name.len(), update.name.len());
        assert_eq!(of_rollback("somebody-elses", 0), None);
    }

    #[test]
    fn a_name_with_another_word_or_another_ending_is_nobody_s() {
        for name in [
            "MigrateTask-5609247e-create-short",
            "MigrateTask-5609247e-nightly-0dde2d72c7ec",
        ] {
            assert_eq!(NameParts::of(name), None, "{name}");
        }
    }
}
