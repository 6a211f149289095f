//! The options of the command line, merged with the properties of a file.

mod wording;

use serde_json::{Map, Value, json};

use super::{DirectRun, duration, name};
use crate::check::read_document;
use crate::properties::{Properties, Source, is_spelling_of, pascal_case, problems_of};
use crate::text::printable::echoed;

/// What the command line says of a run. An option wins over the file's property.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// The text of the file of properties, with its name.
    pub file: Option<(String, String)>,
    /// Name or ARN of the cluster.
    pub cluster: Option<String>,
    /// Family, `family:revision` or ARN of the task definition.
    pub task_definition: Option<String>,
    /// The container that command and environment are for.
    pub container: Option<String>,
    /// Variables of the container's environment, as `NAME=VALUE`.
    pub environment: Vec<String>,
    /// The service whose network the task gets.
    pub network_from: Option<String>,
    /// How long the run may take: seconds, or a time with units.
    pub timeout: Option<String>,
    /// The command of the container, in place of its own.
    pub command: Vec<String>,
    /// The name of the execution.
    pub name: Option<String>,
    /// Whether nobody is to see lines of the containers' logs, in the Reason of a failed run neither.
    pub hides_log_lines: bool,
}

impl RunOptions {
    /// The task definition whose only container is meant, where command or environment are given
    /// and nothing says for which container.
    #[must_use]
    pub fn lacks_container_of(&self) -> Option<String> {
        let (properties, _) = self.read_file();
        let is_needed = self.is_about_container() && self.container_of(&properties).is_none();
        let task_definition = self.task_definition.clone().or_else(|| {
            let (_, value) = member(&properties, "taskDefinition")?;
            Some(value.as_str()?.to_owned())
        });
        task_definition.filter(|_| is_needed)
    }

    /// The run that is asked for. `container` is the one that command and environment are for, where
    /// nothing else says it.
    ///
    /// # Errors
    /// Everything that is wrong, as sentences.
    pub fn run(&self, container: Option<&str>) -> Result<DirectRun, Vec<String>> {
        let (mut properties, mut problems) = self.read_file();
        let is_unread = !problems.is_empty();
        let environment = self.environment(&mut problems);
        for (property, option) in [
            ("cluster", &self.cluster),
            ("taskDefinition", &self.task_definition),
            ("networkFrom", &self.network_from),
        ] {
            if let Some(value) = option {
                set(&mut properties, property, Value::from(value.as_str()));
            }
        }
        if self.hides_log_lines {
            set(&mut properties, "logLines", Value::from(0));
        }
        if let Some(timeout) = &self.timeout {
            match duration::seconds(timeout) {
                Some(seconds) => set(&mut properties, "timeout", Value::from(seconds)),
                None => problems.push(format!(
                    "--timeout is \"{}\"; expected seconds, or a time such as 30m or 2h.",
                    echoed(timeout)
                )),
            }
        }
        problems.extend(
            self.name
                .as_deref()
                .and_then(name::problem)
                .map(|problem| problem + "."),
        );
        if self.is_about_container() {
            let named = self.container_of(&properties);
            if let Some(container) = named.as_deref().or(container) {
                let changes = Changes {
                    command: &self.command,
                    environment,
                };
                changes.apply(&mut properties, container);
            }
        } else if self.container.is_some() {
            problems.push(
                "--container names the container of a command or of --env, and neither is given."
                    .to_owned(),
            );
        }
        let merged = Value::Object(properties.clone());
        // Of a file that cannot be read, every property would be missing.
        if !is_unread {
            let wrong = problems_of(&merged, Source::Direct);
            problems.extend(wrong.sentences_with(|problem| self.in_words(problem, &properties)));
        }
        match Properties::parse_direct(&merged) {
            Ok(parsed) if problems.is_empty() => Ok(DirectRun::new(merged, &parsed)),
            _ => Err(problems),
        }
    }

    fn is_about_container(&self) -> bool {
        !self.command.is_empty() || !self.environment.is_empty()
    }

    /// The container that `--container` names; else the only one for which the file has overrides.
    fn container_of(&self, properties: &Map<String, Value>) -> Option<String> {
        if self.container.is_some() {
            return self.container.clone();
        }
        let (_, overrides) = member(properties, "overrides")?;
        let (_, containers) = member(overrides.as_object()?, "containerOverrides")?;
        match containers.as_array()?.as_slice() {
            [only] => member(only.as_object()?, "name")?
                .1
                .as_str()
                .map(str::to_owned),
            _ => None,
        }
    }

    /// The file's properties, and why they cannot be read.
    fn read_file(&self) -> (Map<String, Value>, Vec<String>) {
        let Some((file, text)) = &self.file else {
            return (Map::new(), Vec::new());
        };
        let problem = match read_document(text) {
            Ok(Value::Object(properties)) if !is_template(&properties) => {
                return (properties, Vec::new());
            }
            Ok(Value::Object(_)) => {
                "it is a template or an event; expected the Properties of one resource".to_owned()
            }
            Ok(_) => "expected an object with Cluster and TaskDefinition".to_owned(),
            Err(error) => error.to_string(),
        };
        (
            Map::new(),
            vec![format!("{} cannot be used: {problem}.", echoed(file))],
        )
    }

    fn environment(&self, problems: &mut Vec<String>) -> Vec<(String, String)> {
        let mut environment = Vec::new();
        for pair in &self.environment {
            match pair.split_once('=') {
                Some((name, value)) if !name.is_empty() => {
                    environment.push((name.to_owned(), value.to_owned()));
                }
                Some(_) => problems
                    .push("--env has no name before the '='; expected NAME=VALUE.".to_owned()),
                // What has no '=' may be a value, which is not repeated.
                None => problems.push("--env has no '='; expected NAME=VALUE.".to_owned()),
            }
        }
        environment
    }
}

/// Whether these are not properties, but a document that has some.
fn is_template(document: &Map<String, Value>) -> bool {
    ["Resources", "ResourceProperties"]
        .iter()
        .any(|key| document.contains_key(*key))
}

/// What the options change of one container.
struct Changes<'o> {
    command: &'o [String],
    environment: Vec<(String, String)>,
}

impl Changes<'_> {
    /// Changes the overrides of the container. Overrides that are none are left for the check of the
    /// properties, which says so.
    fn apply(self, properties: &mut Map<String, Value>, container: &str) {
        let overrides = entry(properties, "overrides", json!({}));
        let Some(overrides) = overrides.as_object_mut() else {
            return;
        };
        let containers = entry(overrides, "containerOverrides", json!([]));
        let Some(containers) = containers.as_array_mut() else {
            return;
        };
        let is_it = |one: &Value| {
            let name = one.as_object().and_then(|one| member(one, "name"));
            name.is_some_and(|(_, name)| name == container)
        };
        let index = containers.iter().position(is_it).unwrap_or_else(|| {
            containers.push(json!({"Name": container}));
            containers.len() - 1
        });
        let Some(changed) = containers[index].as_object_mut() else {
            return;
        };
        if !self.command.is_empty() {
            set(changed, "command", json!(self.command));
        }
        if self.environment.is_empty() {
            return;
        }
        let variables = entry(changed, "environment", json!([]));
        let Some(variables) = variables.as_array_mut() else {
            return;
        };
        for (name, value) in self.environment {
            variables.retain(|variable| {
                let named = variable.as_object().and_then(|one| member(one, "name"));
                named.is_none_or(|(_, named)| *named != *name)
            });
            variables.push(json!({"Name": name, "Value": value}));
        }
    }
}

/// The member of this name in either spelling, with its spelling.
pub(super) fn member<'m>(
    object: &'m Map<String, Value>,
    name: &str,
) -> Option<(&'m str, &'m Value)> {
    object
        .iter()
        .find(|(spelling, _)| is_spelling_of(spelling, name))
        .map(|(spelling, value)| (spelling.as_str(), value))
}

/// The spelling that the object has of this name, or else that of templates.
fn spelling(object: &Map<String, Value>, name: &str) -> String {
    member(object, name).map_or_else(|| pascal_case(name), |(spelling, _)| spelling.to_owned())
}

fn set(object: &mut Map<String, Value>, name: &str, value: Value) {
    let spelling = spelling(object, name);
    object.insert(spelling, value);
}

fn entry<'m>(object: &'m mut Map<String, Value>, name: &str, otherwise: Value) -> &'m mut Value {
    let spelling = spelling(object, name);
    object.entry(spelling).or_insert(otherwise)
}

#[cfg(test)]
mod tests;
