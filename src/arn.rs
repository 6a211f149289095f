//! Amazon Resource Names, split into their parts (IAM user guide, "Amazon Resource Names").

/// The parts of `arn:partition:service:region:account:resource`, as they stand in the text. They
/// are not checked, but for their number: only the service knows what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The service's namespace, such as `ecs`.
    pub service: &'a str,
    /// The region; empty for services without regions, such as `iam`.
    pub region: &'a str,
    /// The account's twelve digits; empty where a service leaves them out, such as `s3`.
    pub account: &'a str,
    /// The rest, which may contain further colons, as in `task/cluster/id` and `activity:name`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN; `None` when the text does not begin with `arn:` or has fewer than six parts.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// What follows `resource_type` in the resource of an ARN of `service`, as in
    /// `arn.resource_of("states", "activity:")`. `None` for other services and types, and when
    /// nothing follows.
    #[must_use]
    pub fn resource_of(&self, service: &str, resource_type: &str) -> Option<&'a str> {
        let name = self.resource.strip_prefix(resource_type)?;
        (self.service == service && !name.is_empty()).then_some(name)
    }

    /// Whether partition, region, account and these `names`, which are parts of the resource, hold
    /// only what the parts of an ARN may hold. Ask this before any of them becomes part of a request
    /// or of a command that people copy: the region becomes part of the name of the host to which
    /// signed requests are sent, so it must not contain a dot or a slash.
    #[must_use]
    pub fn is_sound(&self, names: &[&str]) -> bool {
        let may_stand = |c: char| !(c.is_whitespace() || c.is_control() || "'\":/".contains(c));
        let may_stand_in_region =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        [self.partition, self.region, self.account]
            .iter()
            .chain(names)
            .all(|part| !part.is_empty() && part.chars().all(may_stand))
            && self.region.chars().all(may_stand_in_region)
    }
}

/// What follows the last `/`: the id or name at the end of an ARN. A text without `/` is returned
/// whole, since ECS takes names where it takes ARNs.
#[must_use]
pub(crate) fn last_part(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts_of_which_the_last_may_hold_colons() {
        assert_eq!(
            Arn::parse("arn:aws:states:eu-west-1:123456789012:execution:ecs-task:name"),
            Some(Arn {
                partition: "aws",
                service: "states",
                region: "eu-west-1",
                account: "123456789012",
                resource: "execution:ecs-task:name",
            })
        );
        for text in [
            "",
            "arn",
            "arn:aws:ecs:eu-west-1:123456789012",
            "urn:a:b:c:d:e",
        ] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_resource_is_found_by_its_service_and_type() {
        for (text, expected) in [
            (
                "arn:aws:states:eu-west-1:123456789012:activity:ecs-task",
                Some("ecs-task"),
            ),
            ("arn:aws:states:eu-west-1:123456789012:activity:", None),
            (
                "arn:aws:states:eu-west-1:123456789012:stateMachine:ecs-task",
                None,
            ),
            ("arn:aws:ecs:eu-west-1:123456789012:activity:ecs-task", None),
        ] {
            let arn = Arn::parse(text).unwrap();
            assert_eq!(arn.resource_of("states", "activity:"), expected, "{text}");
        }
    }

    #[test]
    fn the_parts_of_an_arn_hold_nothing_that_leads_a_request_or_a_command_elsewhere() {
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:name";
        for (from, to, expected) in [
            ("", "", true),
            ("eu-west-1", "evil.example", false),
            ("eu-west-1", "evil.example/x", false),
            ("eu-west-1", "", false),
            ("eu-west-1", "EU", false),
            ("123456789012", "", false),
            ("aws", "a ws", false),
            ("name", "na/me", false),
            ("name", "na'me", false),
            ("name", "na:me", false),
            ("name", "na\u{1b}me", false),
        ] {
            let text = arn.replacen(from, to, 1);
            let arn = Arn::parse(&text).unwrap();
            let name = arn.resource_of("states", "execution:ecs-task:").unwrap();
            assert_eq!(arn.is_sound(&["ecs-task", name]), expected, "{text}");
        }
    }

    #[test]
    fn the_last_part_of_an_arn_is_its_id_and_of_a_name_the_name() {
        for (text, expected) in [
            (
                "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c",
                "0f1e2d3c",
            ),
            (
                "arn:aws:ecs:eu-west-1:123456789012:task/0f1e2d3c",
                "0f1e2d3c",
            ),
            ("web", "web"),
            ("", ""),
        ] {
            assert_eq!(last_part(text), expected, "{text}");
        }
    }
}
