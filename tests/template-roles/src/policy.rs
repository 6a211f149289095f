//! IAM policies, as far as the template's roles use them: statements that allow, wildcards, and
//! conditions on text and ARNs. Everything else is not understood, which is an error and never a
//! yes or no.

use serde_json::Value;
use stand_ins::Authorization;

/// One thing that a policy says: an action, a resource, or a value of a condition, of one of its
/// statements.
pub type Part = String;

/// A statement that allows.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What reports call it: its `Sid`, or its policy's name and its place in it.
    pub name: String,
    /// Patterns.
    pub actions: Vec<String>,
    /// Patterns.
    pub resources: Vec<String>,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

/// A condition key that must have one of some values.
#[derive(Clone, Debug)]
pub struct Condition {
    /// As in `ecs:cluster`.
    pub key: String,
    /// Texts, or patterns.
    pub values: Vec<String>,
    like: bool,
}

impl Statement {
    /// Reads a resolved policy document.
    ///
    /// # Errors
    /// When something in it is not understood.
    pub fn read(policy: &str, document: &Value) -> Result<Vec<Self>, String> {
        let statements = document["Statement"]
            .as_array()
            .ok_or_else(|| format!("{policy} has no list of statements"))?;
        statements
            .iter()
            .enumerate()
            .map(|(number, statement)| Self::read_one(policy, number + 1, statement))
            .collect()
    }

    fn read_one(policy: &str, number: usize, statement: &Value) -> Result<Self, String> {
        let name = statement["Sid"].as_str().map_or_else(
            || format!("{policy}, statement {number}"),
            |sid| format!("{policy}, {sid}"),
        );
        let members = statement
            .as_object()
            .ok_or_else(|| format!("{name} is no map"))?;
        if let Some(member) = members
            .keys()
            .find(|name| !["Sid", "Effect", "Action", "Resource", "Condition"].contains(&&***name))
        {
            return Err(format!("{name}: {member} is not understood"));
        }
        if statement["Effect"] != "Allow" {
            return Err(format!(
                "{name}: the effect {} is not understood",
                statement["Effect"]
            ));
        }
        let mut conditions = Vec::new();
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            let like = match &**operator {
                "StringEquals" => false,
                "StringLike" | "ArnLike" => true,
                other => {
                    return Err(format!(
                        "{name}: the condition operator {other} is not understood"
                    ));
                }
            };
            for (key, values) in keys.as_object().into_iter().flatten() {
                conditions.push(Condition {
                    key: key.clone(),
                    values: texts(values),
                    like,
                });
            }
        }
        let statement = Self {
            name,
            actions: texts(&statement["Action"]),
            resources: texts(&statement["Resource"]),
            conditions,
        };
        if statement.actions.is_empty() || statement.resources.is_empty() {
            return Err(format!("{} has no actions or no resources", statement.name));
        }
        Ok(statement)
    }

    /// Everything it says.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let actions = self
            .actions
            .iter()
            .map(|action| self.part("action", action));
        let resources = (0..self.resources.len()).map(|index| self.part("resource", index + 1));
        let conditions = self.conditions.iter().flat_map(|condition| {
            (0..condition.values.len()).map(move |index| self.part(&condition.key, index + 1))
        });
        actions.chain(resources).chain(conditions).collect()
    }

    /// What of it allows this, or nothing where it does not.
    #[must_use]
    pub fn allowing(&self, asked: &Authorization) -> Vec<Part> {
        // Names of actions have no case.
        let action = asked.action.to_ascii_lowercase();
        let actions: Vec<_> = self
            .actions
            .iter()
            .filter(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
            .collect();
        let resources: Vec<_> = (0..self.resources.len())
            .filter(|index| matches(&self.resources[*index], &asked.resource))
            .collect();
        if actions.is_empty() || resources.is_empty() {
            return Vec::new();
        }
        let mut parts: Vec<_> = actions
            .into_iter()
            .map(|action| self.part("action", action))
            .collect();
        parts.extend(
            resources
                .into_iter()
                .map(|index| self.part("resource", index + 1)),
        );
        for condition in &self.conditions {
            // A key that the call does not have matches nothing.
            let value = asked
                .context
                .iter()
                .find(|(key, _)| *key == condition.key)
                .map(|(_, value)| value);
            let held: Vec<_> = (0..condition.values.len())
                .filter(|index| value.is_some_and(|value| condition.holds(*index, value)))
                .collect();
            if held.is_empty() {
                return Vec::new();
            }
            parts.extend(
                held.into_iter()
                    .map(|index| self.part(&condition.key, index + 1)),
            );
        }
        parts
    }

    /// Resources and values are told by their place: what they resolve to differs between
    /// deployments.
    fn part(&self, kind: &str, what: impl std::fmt::Display) -> Part {
        format!("{}: {kind} {what}", self.name)
    }
}

impl Condition {
    fn holds(&self, index: usize, value: &str) -> bool {
        if self.like {
            matches(&self.values[index], value)
        } else {
            self.values[index] == value
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::Array(items) => items.iter().filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    }
}

/// Whether a text has the form of a pattern, in which `*` stands for any text and `?` for any
/// character.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    let Some(first) = pattern_rest.next() else {
        return text.is_empty();
    };
    let pattern_rest = pattern_rest.as_str();
    let mut text_rest = text.chars();
    match (first, text_rest.next()) {
        ('*', None) => matches(pattern_rest, text),
        ('*', Some(_)) => matches(pattern_rest, text) || matches(pattern, text_rest.as_str()),
        ('?', Some(_)) => matches(pattern_rest, text_rest.as_str()),
        (first, Some(character)) => first == character && matches(pattern_rest, text_rest.as_str()),
        (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(action: &str, resource: &str, context: &[(&'static str, &str)]) -> Authorization {
        let context = context
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect();
        Authorization {
            action: action.to_owned(),
            resource: resource.to_owned(),
            context,
        }
    }

    fn statement(statement: &Value) -> Statement {
        Statement::read("Policy", &json!({"Statement": [statement]}))
            .unwrap()
            .remove(0)
    }

    #[test]
    fn wildcards_stand_for_any_text() {
        for (pattern, text, expected) in [
            ("*", "anything", true),
            ("*", "", true),
            ("task/*", "task/main/1", true),
            ("task/*", "tasks/main/1", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("fa?e", "face", true),
            ("fa?e", "fae", false),
            ("exact", "exactly", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn action_resource_and_every_condition_must_hold() {
        let statement = statement(&json!({
            "Effect": "Allow", "Action": ["ecs:StopTask", "ecs:Describe*"], "Resource": "arn:task/*",
            "Condition": {"StringLike": {"ecs:cluster": "arn:cluster/web-*"}}
        }));
        let web = ("ecs:cluster", "arn:cluster/web-1");
        assert_eq!(
            statement
                .allowing(&asked("ecs:describetasks", "arn:task/1", &[web]))
                .len(),
            3
        );
        for refused in [
            asked("ecs:RunTask", "arn:task/1", &[web]),
            asked("ecs:StopTask", "arn:service/1", &[web]),
            asked(
                "ecs:StopTask",
                "arn:task/1",
                &[("ecs:cluster", "arn:cluster/data")],
            ),
            asked("ecs:StopTask", "arn:task/1", &[]),
        ] {
            assert!(statement.allowing(&refused).is_empty(), "{refused:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for statement in [
            json!({"Effect": "Deny", "Action": "ecs:*", "Resource": "*"}),
            json!({"Effect": "Allow", "NotAction": "ecs:*", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "ecs:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            json!({"Effect": "Allow", "Action": "ecs:*"}),
        ] {
            assert!(
                Statement::read("Policy", &json!({"Statement": [statement]})).is_err(),
                "{statement}"
            );
        }
    }
}
