//! The words for a run that failed, in the order a person needs them: what failed, what ECS says,
//! the last log lines, where to look.

use super::log_tail::LogTail;
use crate::arn::last_part;
use crate::task::console;
use crate::task::ecs_says::ecs_says;
use crate::task::redaction::Redaction;
use crate::task::spec::TaskSpec;
use crate::task::status::{TaskStatus, task_id};
use crate::text::byte_limit;

/// Longest sentence of ECS shown, bytes.
const MAX_ECS_REASON: usize = 1_000;

/// What a cause is made of.
#[derive(Debug)]
pub(super) struct CauseParts<'a> {
    /// What failed, a sentence without its full stop.
    pub(super) what: &'a str,
    /// The task, as far as it is known.
    pub(super) task_arn: Option<&'a str>,
    pub(super) status: Option<&'a TaskStatus>,
    pub(super) spec: &'a TaskSpec,
    /// The reason with which this program has asked ECS to stop the task, if it has.
    pub(super) our_reason: Option<&'a str>,
    pub(super) log: &'a LogTail,
}

/// Puts the parts together. Values of environment overrides are hidden in what ECS wrote; the log's
/// lines come without them.
pub(super) fn compose(parts: &CauseParts<'_>, redaction: &Redaction) -> String {
    let mut text = parts.what.to_owned();
    let cluster = parts.spec.cluster_name();
    // The revision that ran, where the properties name only the family.
    let definition = parts
        .status
        .map(|status| last_part(&status.task_definition_arn))
        .filter(|name| !name.is_empty())
        .unwrap_or(parts.spec.task_definition_name());
    text += &match parts.task_arn {
        Some(arn) => {
            let task = task_id(arn);
            format!(" (task {task} of {definition}, cluster {cluster}).")
        }
        None => format!(" ({definition}, cluster {cluster})."),
    };
    if let Some(status) = parts.status {
        let said = ecs_says(status, parts.our_reason);
        if !said.is_empty() {
            text += &format!(
                "\nECS says: {}",
                byte_limit::cut_end(&redaction.apply(&said), MAX_ECS_REASON)
            );
        }
    }
    match parts.log {
        LogTail::NotAsked => {}
        LogTail::Lines { container, lines } if lines.is_empty() => {
            text += &format!("\nThe log of '{container}' is empty.");
        }
        LogTail::Lines { container, lines } => {
            text += &format!("\nLast log lines of '{container}':");
            for line in lines {
                text += &format!("\n  {line}");
            }
        }
        LogTail::Unavailable(why) => text += &format!("\nThe log could not be read: {why}"),
    }
    let url = parts.task_arn.map_or_else(String::new, |arn| {
        console::task_url(arn, &parts.spec.cluster)
    });
    if !url.is_empty() {
        text += &format!("\nTask in the console: {url}");
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::task::spec::TaskOverride;
    use crate::task::status::{ContainerStatus, Host, Phase, StopCode};

    #[test]
    fn a_cause_says_what_failed_first_and_where_to_look_last() {
        let status = TaskStatus {
            arn: "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c".to_owned(),
            task_definition_arn: "arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:3"
                .to_owned(),
            last_status: "STOPPED".to_owned(),
            phase: Phase::Stopped,
            stop_code: Some(StopCode::EssentialContainerExited),
            stopped_reason: Some("Essential container in task exited".to_owned()),
            pull_began: true,
            host: Host::Fargate,
            started_at: None,
            stopping_at: None,
            execution_stopped_at: None,
            stopped_at: None,
            containers: vec![ContainerStatus {
                name: "migrate".to_owned(),
                exit_code: Some(1),
                reason: Some("Error".to_owned()),
                running: false,
                stopped: true,
                created: true,
                runtime_id: None,
            }],
        };
        let spec = TaskSpec::new(
            "arn:aws:ecs:eu-west-1:123456789012:cluster/todobackend",
            "migrate",
            "name",
            "token",
            Timestamp::UNIX_EPOCH,
        );
        let parts = CauseParts {
            what: "Container 'migrate' exited with code 1",
            task_arn: Some(&status.arn),
            status: Some(&status),
            spec: &spec,
            our_reason: None,
            log: &LogTail::Lines {
                container: "migrate".to_owned(),
                lines: vec![
                    "Traceback".to_owned(),
                    "OperationalError: no such table".to_owned(),
                ],
            },
        };
        assert_eq!(
            compose(&parts, &Redaction::of(&TaskOverride::default())),
            "Container 'migrate' exited with code 1 (task 0f1e2d3c of migrate:3, cluster todobackend).\n\
             ECS says: Essential container in task exited; container 'migrate': Error\n\
             Last log lines of 'migrate':\n  Traceback\n  OperationalError: no such table\n\
             Task in the console: https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/todobackend/tasks/0f1e2d3c?region=eu-west-1"
        );
    }
}
