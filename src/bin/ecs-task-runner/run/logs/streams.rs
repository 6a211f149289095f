//! The log streams of a run's containers: which there are, what they have, and whose lines these are.

use ecs_task_runner::aws::ApiError;
use ecs_task_runner::aws::ecs::{LogStreamPlace, TaskDefinition};
use ecs_task_runner::aws::logs::LogStream;

use super::{Event, LogFollower, LogLine};

/// Characters of a task's id that stand in front of its lines.
const SHOWN_ID: usize = 8;

/// The log stream of one container.
pub(super) struct Stream {
    task: String,
    container: String,
    place: LogStreamPlace,
    name: String,
    token: Option<String>,
    /// Whether the stream was read; until its container has printed a line there is none.
    exists: bool,
}

impl LogFollower {
    /// Finds the streams of tasks that have none yet.
    pub(super) async fn find_streams(&mut self) {
        for task in self.tasks.clone() {
            let is_known = self.streams.iter().any(|stream| stream.task == task.id());
            if is_known || task.task_definition_arn.is_empty() {
                continue;
            }
            let Some(definition) = self.definition(&task.task_definition_arn).await else {
                self.streams_are_known = false;
                return;
            };
            if definition
                .containers
                .iter()
                .all(|container| container.log.is_none())
            {
                self.note(format!(
                    "no container of {} logs through awslogs, so no log lines are shown",
                    definition.arn.rsplit('/').next().unwrap_or_default()
                ));
            }
            for container in definition.containers {
                let Some(place) = container.log else {
                    continue;
                };
                // A stream without a prefix is named after an id that ECS shows later.
                let Some(name) = place.stream(&task, &container.name) else {
                    continue;
                };
                self.streams.push(Stream {
                    task: task.id().to_owned(),
                    container: container.name,
                    place,
                    name,
                    token: None,
                    exists: false,
                });
            }
        }
    }

    async fn definition(&mut self, arn: &str) -> Option<TaskDefinition> {
        if let Some(definition) = self.definitions.get(arn) {
            return Some(definition.clone());
        }
        match self.ecs.describe_task_definition(arn).await {
            Ok(definition) => {
                self.definitions.insert(arn.to_owned(), definition.clone());
                Some(definition)
            }
            Err(error) if error.may_pass() => None,
            Err(error) => {
                self.give_up_lines(&error);
                None
            }
        }
    }

    /// Reads what the streams have, and says whether more may come at once: there was something, or a
    /// stream could not be read.
    pub(super) async fn read_lines(&mut self) -> bool {
        let mut may_be_more = false;
        for index in 0..self.streams.len() {
            match self.read_stream(index).await {
                Ok(read) => may_be_more |= read,
                // The container has printed nothing yet.
                Err(error) if error.code.as_deref() == Some("ResourceNotFoundException") => {}
                Err(error) if error.may_pass() => {
                    self.renew_if_expired(&error).await;
                    may_be_more = true;
                }
                Err(error) => {
                    self.give_up_lines(&error);
                    return false;
                }
            }
        }
        may_be_more
    }

    async fn read_stream(&mut self, index: usize) -> Result<bool, ApiError> {
        let mut is_new = false;
        loop {
            let stream = &self.streams[index];
            let place = LogStream {
                region: stream.place.region.as_deref(),
                group: &stream.place.group,
                name: &stream.name,
            };
            let page = self.logs.next_page(place, stream.token.as_deref()).await?;
            let is_last = page.next.is_none() || page.next == stream.token;
            let owner = self.owner_of(stream);
            for event in page.events {
                for line in self.run.lines_of(&event.message) {
                    is_new = true;
                    self.report(Event::Log(LogLine {
                        task: stream.task.clone(),
                        container: stream.container.clone(),
                        at: event.at,
                        line,
                        owner: owner.clone(),
                    }));
                }
            }
            let stream = &mut self.streams[index];
            stream.exists = true;
            stream.token = page.next.or(stream.token.take());
            if is_last {
                return Ok(is_new);
            }
        }
    }

    /// What stands in front of a line: the container where there are several, and the task as well.
    fn owner_of(&self, stream: &Stream) -> Option<String> {
        let other_task = |other: &Stream| other.task != stream.task;
        let has_tasks = self.task.count > 1 || self.streams.iter().any(other_task);
        let other_container = |other: &Stream| other.container != stream.container;
        let has_containers = self.streams.iter().any(other_container);
        let id: String = stream.task.chars().take(SHOWN_ID).collect();
        match (has_tasks, has_containers) {
            (true, true) => Some(format!("{id}/{}", stream.container)),
            (true, false) => Some(id),
            (false, true) => Some(stream.container.clone()),
            (false, false) => None,
        }
    }

    /// Says which streams there never were, although a container ran.
    pub(super) fn note_missing_streams(&mut self) {
        let ran = |stream: &Stream| {
            let mut tasks = self.tasks.iter();
            tasks.any(|task| task.id() == stream.task && task.was_seen_running())
        };
        let missing: Vec<_> = self.streams.iter().filter(|stream| !stream.exists && ran(stream)).map(|stream| {
            format!("there is no log stream '{}' of '{}': container '{}' has printed nothing, or its lines have not arrived", stream.name, stream.place.group, stream.container)
        }).collect();
        for note in missing {
            self.note(note);
        }
    }
}
