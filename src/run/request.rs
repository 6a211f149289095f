//! A run that can be started: its properties, and what must be hidden of them.

use serde_json::Value;

use super::options::member;
use crate::properties::Properties;
use crate::task::redaction::{HIDDEN, Redaction};

/// A run whose properties have no problem.
#[derive(Debug, Clone)]
pub struct DirectRun {
    properties: Value,
    redaction: Redaction,
}

impl DirectRun {
    pub(super) fn new(properties: Value, parsed: &Properties) -> Self {
        Self {
            redaction: Redaction::of(parsed.overrides()),
            properties,
        }
    }

    /// The input of the execution.
    #[must_use]
    pub fn input(&self) -> String {
        self.properties.to_string()
    }

    /// Family, `family:revision` or ARN of the task definition.
    #[must_use]
    pub fn task_definition(&self) -> &str {
        let properties = self.properties.as_object();
        let named = properties.and_then(|properties| member(properties, "taskDefinition"));
        named
            .and_then(|(_, name)| name.as_str())
            .unwrap_or_default()
    }

    /// The properties as they may be shown: with `***` for each value of an environment.
    #[must_use]
    pub fn shown(&self) -> Value {
        let mut shown = self.properties.clone();
        hide_values(
            &mut shown,
            &["overrides", "containerOverrides", "environment"],
        );
        shown
    }

    /// The lines of a log event that are not blank, without values of the environment.
    #[must_use]
    pub fn lines_of(&self, message: &str) -> Vec<String> {
        self.redaction.lines_of(message)
    }
}

/// Replaces the values of the variables that lie behind these members, which lists may hold.
fn hide_values(value: &mut Value, way: &[&str]) {
    if let Value::Array(items) = value {
        for item in items {
            hide_values(item, way);
        }
        return;
    }
    let Some(object) = value.as_object_mut() else {
        return;
    };
    let (name, rest) = way
        .split_first()
        .map_or(("value", way), |(name, rest)| (*name, rest));
    let Some(spelling) = member(object, name).map(|(spelling, _)| spelling.to_owned()) else {
        return;
    };
    if way.is_empty() {
        object.insert(spelling, Value::from(HIDDEN));
    } else if let Some(inside) = object.get_mut(&spelling) {
        hide_values(inside, rest);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::RunOptions;

    #[test]
    fn values_of_the_environment_are_neither_shown_nor_in_log_lines() {
        let file = json!({"cluster": "production", "taskDefinition": "migrate", "overrides": {"containerOverrides": [
            {"name": "web", "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "STAGE", "value": "production-eu"}]},
            {"name": "proxy", "environment": [{"name": "API_TOKEN", "value": "t0ken-of-proxy"}]}]}});
        let options = RunOptions {
            file: Some(("run.json".to_owned(), file.to_string())),
            ..RunOptions::default()
        };
        let run = options.run(None).unwrap();
        let shown = run.shown().to_string();
        for value in ["hunter2", "production-eu", "t0ken-of-proxy"] {
            assert!(!shown.contains(value), "{shown}");
            assert!(run.input().contains(value));
            let line = run.lines_of(&format!("connecting with {value}"));
            assert_eq!(line, ["connecting with ***"]);
        }
        assert!(
            shown.contains("DB_PASSWORD") && shown.contains("\"cluster\":\"production\""),
            "{shown}"
        );
    }

    #[test]
    fn a_log_event_becomes_lines_that_are_fit_to_print() {
        let options = RunOptions {
            cluster: Some("production".to_owned()),
            task_definition: Some("migrate".to_owned()),
            ..RunOptions::default()
        };
        let run = options.run(None).unwrap();
        assert_eq!(
            run.lines_of("10 %\r20 %\r\u{1b}[31mdone\u{1b}[0m\n\n"),
            ["10 %", "20 %", "done"]
        );
    }
}
