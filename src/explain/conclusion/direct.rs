//! The conclusion of a direct run that has ended. Its execution's own end is what the caller sees;
//! nobody is answered.

use super::{Conclusion, Facts, RunResult};
use crate::execution::ended_unanswered::error_of;
use crate::execution::history::Answer;
use crate::execution::status::ExecutionStatus;
use crate::explain::span::Span;

impl Facts<'_> {
    pub(super) fn ended_directly(&self) -> Conclusion {
        let ended = match self.execution.status {
            ExecutionStatus::Succeeded => return self.succeeded_directly(),
            ExecutionStatus::Aborted => "The execution was stopped",
            ExecutionStatus::TimedOut => "The execution timed out",
            ExecutionStatus::Failed | ExecutionStatus::Running => "The execution failed",
        };
        if self.progress.answer == Answer::NobodyWaits {
            return self.failed(
                format!("Failed{}.", self.after_start()),
                &self.caught_error(),
            );
        }
        let caught = error_of(
            self.execution.status,
            self.execution,
            &self.progress.activity,
        );
        let sentence = format!(
            "{ended} before its run had ended. The function rescue stops what it left running, outside this history."
        );
        self.failed(sentence, &caught)
    }

    fn succeeded_directly(&self) -> Conclusion {
        let sentence = match self.task {
            Some(_) => format!("Succeeded{}.", self.after_start()),
            None => "Succeeded: nothing was to be run, since Count is 0.".to_owned(),
        };
        Conclusion {
            result: RunResult::Succeeded,
            sentence,
            error: None,
            reason: None,
            advice: None,
        }
    }

    fn after_start(&self) -> String {
        self.execution.stopped.map_or_else(String::new, |stopped| {
            let span = Span::between(self.execution.started, stopped);
            format!(", {span} after its start")
        })
    }
}
