//! How stack events, an execution's history, and the answer read as lines.

use std::time::Duration;

use local_run::history::HistoryLine;
use local_run::stacks::StackEvent;
use serde_json::Value;

use super::colour::{Colour, Palette};

/// Widths of columns; longer text moves the rest of its line.
const LOGICAL_ID: usize = 22;
const STATUS: usize = 20;
const EVENT: usize = 20;
const STATE: usize = 19;
const KEY: usize = 16;

/// A stack event: logical id, status, and the reason's first line. The answer shows all of a
/// reason.
pub fn stack_event(event: &StackEvent, palette: Palette) -> String {
    let status = palette.paint(
        colour_of_status(&event.status),
        &format!("{:<STATUS$}", event.status),
    );
    let line = format!("{:<LOGICAL_ID$} {status}", event.logical_id);
    match event
        .reason
        .as_deref()
        .and_then(|reason| reason.split_once('\n').or(Some((reason, ""))))
    {
        Some((reason, "")) => format!("{line} {reason}"),
        Some((first_line, _)) => format!("{line} {first_line} …"),
        None => line.trim_end().to_owned(),
    }
}

/// The colour of a stack's or a resource's status.
pub fn colour_of_status(status: &str) -> Colour {
    if status.contains("FAILED") || status.contains("ROLLBACK") {
        Colour::Red
    } else if status.ends_with("_IN_PROGRESS") {
        Colour::Yellow
    } else {
        Colour::Green
    }
}

/// A line of an execution's history: number, event, state, time since the execution's start, and
/// the error.
pub fn history_line(line: &HistoryLine, palette: Palette) -> String {
    let state = line.state.as_deref().unwrap_or_default();
    let after = palette.paint(Colour::Dim, &format!("+{} s", seconds(line.after)));
    let error = line.error.as_deref().filter(|error| !error.is_empty());
    let event = format!("{:<EVENT$}", line.event);
    let event = if error.is_some() {
        palette.paint(Colour::Red, &event)
    } else {
        event
    };
    let error = error.map_or_else(String::new, |error| {
        format!("  {}", palette.paint(Colour::Red, error))
    });
    format!("{:>3}  {event} {state:<STATE$} {after}{error}", line.id)
}

/// The answer's `Data`, a key a line; what is empty is left out.
pub fn data(data: &Value) -> String {
    let members = data.as_object().into_iter().flatten();
    let told = members.filter_map(|(key, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (!value.is_empty() && value != "null").then(|| format!("{key:<KEY$} {value}"))
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Seconds with two decimals.
pub fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::json;

    use super::*;

    const PLAIN: fn() -> Palette = || Palette::new(false);

    fn event(status: &str, reason: Option<&str>) -> StackEvent {
        StackEvent {
            at: SystemTime::UNIX_EPOCH,
            logical_id: "MigrateTask".to_owned(),
            resource_type: "Custom::EcsTask".to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn a_stack_event_has_columns_and_ends_without_blanks() {
        for (status, reason, expected) in [
            (
                "CREATE_COMPLETE",
                None,
                "MigrateTask            CREATE_COMPLETE",
            ),
            (
                "CREATE_FAILED",
                Some("it failed"),
                "MigrateTask            CREATE_FAILED        it failed",
            ),
            (
                "CREATE_FAILED",
                Some("it failed:\n  why"),
                "MigrateTask            CREATE_FAILED        it failed: …",
            ),
        ] {
            assert_eq!(stack_event(&event(status, reason), PLAIN()), expected);
        }
    }

    #[test]
    fn a_rollback_is_a_failure_even_when_complete() {
        for (status, expected) in [
            ("CREATE_IN_PROGRESS", Colour::Yellow),
            ("CREATE_COMPLETE", Colour::Green),
            ("CREATE_FAILED", Colour::Red),
            ("ROLLBACK_IN_PROGRESS", Colour::Red),
            ("UPDATE_ROLLBACK_COMPLETE", Colour::Red),
        ] {
            assert_eq!(colour_of_status(status), expected, "{status}");
        }
    }

    #[test]
    fn a_history_line_has_the_consoles_columns() {
        let mut line = HistoryLine {
            id: 4,
            event: "ActivityScheduled".to_owned(),
            state: Some("RunTask".to_owned()),
            after: Duration::from_millis(152),
            error: None,
            cause: None,
        };
        assert_eq!(
            history_line(&line, PLAIN()),
            "  4  ActivityScheduled    RunTask             +0.15 s"
        );
        line.event = "ActivityFailed".to_owned();
        line.error = Some("EcsTask.Failed".to_owned());
        assert_eq!(
            history_line(&line, PLAIN()),
            "  4  ActivityFailed       RunTask             +0.15 s  EcsTask.Failed"
        );
    }

    #[test]
    fn empty_outputs_are_left_out_of_the_answer() {
        let output = json!({"ExitCode": "0", "Skipped": "", "TaskArn": "arn:task"});
        assert_eq!(
            data(&output),
            "ExitCode         0\nTaskArn          arn:task"
        );
        assert_eq!(data(&Value::Null), "");
    }

    #[test]
    fn only_a_palette_with_colours_paints() {
        let line = stack_event(&event("CREATE_COMPLETE", None), Palette::new(true));
        assert!(line.contains("\x1b[32mCREATE_COMPLETE"), "{line:?}");
        assert!(!stack_event(&event("CREATE_COMPLETE", None), PLAIN()).contains('\x1b'));
    }
}
