//! What `run` prints: the timeline and the log lines as they come, for people or as JSON, and on a
//! terminal a last line that says what the run does now.

use std::io::{IsTerminal, Write};

use ecs_task_runner::explain::{Explanation, TimelineEntry};
use serde_json::{Value, json};

use super::logs::LogLine;
use crate::output;

/// Columns of the narrowest terminal. A longer line would be wrapped and not be replaced.
const WIDTH: usize = 79;
/// Goes to the beginning of the line and erases it (ECMA-48, CR and EL).
const ERASE_LINE: &str = "\r\u{1b}[K";

/// Where the output goes. That it cannot be written is no reason to end: the run goes on, and its
/// end is what the exit code says.
pub(super) struct Console {
    is_json: bool,
    /// Whether standard error is a terminal that can rewrite a line.
    has_status: bool,
    status_is_shown: bool,
    shown: Vec<TimelineEntry>,
    failure: Option<anyhow::Error>,
}

impl Console {
    pub(super) fn new(is_json: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            is_json,
            has_status: !is_json && !is_dumb && std::io::stderr().is_terminal(),
            status_is_shown: false,
            shown: Vec::new(),
            failure: None,
        }
    }

    /// What stands above the timeline.
    pub(super) fn head(&mut self, explanation: &Explanation) {
        if self.is_json {
            self.json("execution", &json!(explanation.execution));
        } else {
            self.print(&explanation.head().to_string());
        }
    }

    /// The entries of the timeline that were not printed yet. The start and the end of an ECS task
    /// are known only when its worker has reported, so that their lines may come after later ones.
    pub(super) fn timeline(&mut self, explanation: &Explanation) {
        for step in &explanation.steps {
            if self.shown.contains(step) {
                continue;
            }
            if self.is_json {
                self.json("event", &json!(step));
            } else {
                self.print(&step.to_string());
            }
            self.shown.push(step.clone());
        }
    }

    /// A log line, marked so that it is not taken for the timeline's.
    pub(super) fn log(&mut self, line: &LogLine) {
        if self.is_json {
            self.json("log", &json!(line));
            return;
        }
        let owner = line
            .owner
            .as_deref()
            .map_or_else(String::new, |owner| format!("{owner} "));
        self.print(&format!("  {owner}| {}\n", line.line));
    }

    /// What came of the run: the Reason of a failure, and what to do, go to standard error.
    pub(super) fn result(&mut self, explanation: &Explanation, exit_code: u8) {
        let conclusion = &explanation.conclusion;
        if self.is_json {
            let result = json!({
                "execution": explanation.execution,
                "status": explanation.status,
                "exitCode": exit_code,
                "verdict": conclusion,
            });
            self.json("result", &result);
        } else {
            self.print(&format!("\n{}\n", conclusion.sentence));
        }
        if let Some(reason) = &conclusion.reason {
            self.complain(reason);
        }
        if let Some(advice) = &conclusion.advice {
            self.complain(&format!("What to do: {advice}."));
        }
    }

    /// A message on standard error.
    pub(super) fn complain(&mut self, message: &str) {
        self.clear_status();
        output::complain(message);
    }

    /// Shows what the run does now, on a terminal, in place of what was shown before.
    pub(super) fn status(&mut self, text: &str) {
        if self.has_status {
            let text: String = text.chars().take(WIDTH).collect();
            let mut stderr = std::io::stderr();
            let _ = write!(stderr, "{ERASE_LINE}{text}").and_then(|()| stderr.flush());
            self.status_is_shown = true;
        }
    }

    pub(super) fn clear_status(&mut self) {
        if std::mem::take(&mut self.status_is_shown) {
            let mut stderr = std::io::stderr();
            let _ = write!(stderr, "{ERASE_LINE}").and_then(|()| stderr.flush());
        }
    }

    /// Why output could not be written, the first time.
    pub(super) fn failure(&mut self) -> Option<anyhow::Error> {
        self.failure.take()
    }

    fn json(&mut self, key: &str, value: &Value) {
        self.print(&format!("{}\n", json!({key: value})));
    }

    fn print(&mut self, text: &str) {
        self.clear_status();
        if let Err(error) = output::print(text) {
            self.failure.get_or_insert(error);
        }
    }
}
