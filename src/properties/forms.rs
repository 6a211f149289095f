//! The forms of names, ids and ARNs.
//!
//! They refuse what can only be a mistake (the id of an EC2 instance where ECS takes that of a
//! container instance, a subnet where it takes a security group). Whether the thing exists, and in
//! which partition and account, is left to ECS. Lengths and emptiness are checked by `scalars`.

use crate::arn::Arn;

/// At most 255 letters, digits, `-` and `_`: the names of clusters, families, containers and
/// services (API reference, `CreateCluster`, `RegisterTaskDefinition`, `ContainerDefinition`,
/// `CreateService`).
pub(super) fn is_name(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && text.len() <= super::limits::MAX_NAME
}

pub(super) fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && !text.contains(char::is_whitespace)
}

/// An ARN of `service` in whose resource something follows `resource_type`.
fn is_arn_of(text: &str, service: &str, resource_type: &str) -> bool {
    let named = Arn::parse(text).and_then(|arn| arn.resource_of(service, resource_type));
    is_arn(text) && named.is_some()
}

pub(super) fn is_cluster(text: &str) -> bool {
    is_name(text) || is_arn_of(text, "ecs", "cluster/")
}

pub(super) fn is_service(text: &str) -> bool {
    is_name(text) || is_arn_of(text, "ecs", "service/")
}

pub(super) fn is_task_definition(text: &str) -> bool {
    let is_short = |text: &str| match text.split_once(':') {
        Some((family, revision)) => {
            !family.is_empty()
                && is_name(family)
                && !revision.is_empty()
                && revision.bytes().all(|b| b.is_ascii_digit())
        }
        None => is_name(text),
    };
    is_short(text) || is_arn_of(text, "ecs", "task-definition/")
}

/// An ARN, or the id at its end: hex digits, and dashes in ids of the older format,
/// which are UUIDs.
pub(super) fn is_container_instance(text: &str) -> bool {
    is_arn_of(text, "ecs", "container-instance/")
        || text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

pub(super) fn is_role_arn(text: &str) -> bool {
    is_arn_of(text, "iam", "role/")
}

/// Where it leads is checked when it is called: an emulator's address is none of AWS.
pub(super) fn is_web_address(text: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty()) && !text.contains(char::is_whitespace)
}

pub(super) fn is_subnet(text: &str) -> bool {
    is_id(text, "subnet-")
}

pub(super) fn is_security_group(text: &str) -> bool {
    is_id(text, "sg-")
}

fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|id| !id.is_empty() && is_name(id))
}

/// `aws:` in any case is reserved at the beginning of a tag's key and value (API reference, `Tag`).
pub(super) fn is_tag_text(text: &str) -> bool {
    !text
        .get(..4)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_accept_and_refuse() {
        type Form = fn(&str) -> bool;
        let table: &[(Form, &[&str], &[&str])] = &[
            (
                is_cluster,
                &[
                    "production",
                    "todo_backend-1",
                    "arn:aws:ecs:eu-west-1:123456789012:cluster/production",
                    "arn:aws-cn:ecs:cn-north-1:1:cluster/c",
                ],
                &[
                    "my cluster",
                    "arn:aws:ecs:eu-west-1:123456789012:service/production/web",
                    "arn:aws:ecs:eu-west-1:123456789012:cluster/",
                    "arn:aws:ecs:eu-west-1:123456789012:cluster/my cluster",
                    "a/b",
                ],
            ),
            (
                is_task_definition,
                &[
                    "migrate",
                    "migrate:3",
                    "arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:3",
                ],
                &[
                    "migrate:",
                    ":3",
                    "migrate:latest",
                    "migrate:3:4",
                    "my task:3",
                    "arn:aws:iam::123456789012:role/migrate",
                ],
            ),
            (
                is_service,
                &[
                    "web",
                    "arn:aws:ecs:eu-west-1:123456789012:service/production/web",
                ],
                &["web!"],
            ),
            (
                is_container_instance,
                &[
                    "0123456789abcdef0123456789abcdef",
                    "01234567-89ab-cdef-0123-456789abcdef",
                    "arn:aws:ecs:eu-west-1:123456789012:container-instance/production/0123",
                ],
                &[
                    "i-0123456789abcdef0",
                    "web",
                    "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123",
                ],
            ),
            (
                is_arn,
                &["arn:aws:s3:::bucket/.env"],
                &["s3://bucket/.env", "arn:aws:s3:::bucket/my file"],
            ),
            (
                is_role_arn,
                &["arn:aws:iam::123456789012:role/path/task"],
                &["task", "arn:aws:iam::123456789012:user/me"],
            ),
            (
                is_subnet,
                &["subnet-0123"],
                &["subnet-", "sg-1", "subnet-1,subnet-2"],
            ),
            (is_security_group, &["sg-0123"], &["sg-", "subnet-1"]),
            (
                is_tag_text,
                &["team", "", "awsome", "ü"],
                &["aws:cloudformation", "AWS:x"],
            ),
        ];
        for (form, accepted, refused) in table {
            for text in *accepted {
                assert!(form(text), "{text} should be accepted");
            }
            for text in *refused {
                assert!(!form(text), "{text} should be refused");
            }
        }
    }
}
