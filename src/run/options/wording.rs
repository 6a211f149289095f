//! Problems of the merged properties, named as the person at the command line gave them: by the
//! option, where an option gave the value.

use serde_json::{Map, Value};

use super::{RunOptions, duration, member};
use crate::properties::{Problem, Step, is_spelling_of, pascal_case};
use crate::text::printable::echoed;

impl RunOptions {
    /// The problem as a sentence. `properties` are those of the file and the options together.
    pub(super) fn in_words(&self, problem: &Problem, properties: &Map<String, Value>) -> String {
        let mut message = problem.message.clone();
        for (property, option, value) in self.texts() {
            if value.is_some() {
                let (property, option) = (
                    format!("together with {}:", pascal_case(property)),
                    format!("together with {option}:"),
                );
                message = message.replacen(&property, &option, 1);
            }
        }
        let subject = self.subject(problem, properties);
        let subject = subject.as_deref().unwrap_or(&problem.path);
        let stop = if message.ends_with('?') { "" } else { "." };
        format!("{subject} {message}{stop}")
    }

    /// What the problem is about, where an option gave it or would give it.
    fn subject(&self, problem: &Problem, properties: &Map<String, Value>) -> Option<String> {
        let [Step::Key(key), inside @ ..] = problem.steps.as_slice() else {
            return None;
        };
        if is_spelling_of(key, "overrides") {
            return self.of_container(inside);
        }
        let (property, option, value) = self
            .texts()
            .into_iter()
            .find(|(property, ..)| is_spelling_of(key, property))?;
        Some(match (value, &self.file) {
            (Some(time), _) if property == "timeout" && time.parse::<u64>().is_err() => {
                format!("{option} \"{}\", in seconds,", echoed(time))
            }
            (None, _) if member(properties, property).is_some() => return None,
            (None, Some((file, _))) => format!("{option}, or {key} in {},", echoed(file)),
            _ => option.to_owned(),
        })
    }

    /// The options that are one property each.
    fn texts(&self) -> [(&'static str, &'static str, Option<&str>); 4] {
        [
            ("cluster", "--cluster", self.cluster.as_deref()),
            (
                "taskDefinition",
                "--task-definition",
                self.task_definition.as_deref(),
            ),
            (
                "networkFrom",
                "--network-from",
                self.network_from.as_deref(),
            ),
            (
                "timeout",
                "--timeout",
                // One that is no time leaves the file's as it is.
                self.timeout
                    .as_deref()
                    .filter(|time| duration::seconds(time).is_some()),
            ),
        ]
    }

    /// The option that gave the part of the overrides. Of a file that has overrides as well nobody
    /// can say whether the part was its own.
    fn of_container(&self, inside: &[Step]) -> Option<String> {
        if self.file.is_some() {
            return None;
        }
        let Some(Step::Key(part)) = inside.get(2) else {
            let size_of_all = inside.is_empty();
            return size_of_all.then(|| "What --env and COMMAND give".to_owned());
        };
        let is_part = |name| is_spelling_of(part, name);
        if is_part("name") && self.container.is_some() {
            Some("--container".to_owned())
        } else if is_part("command") {
            Some("COMMAND".to_owned())
        } else if is_part("environment") {
            Some("--env".to_owned())
        } else {
            None
        }
    }
}
