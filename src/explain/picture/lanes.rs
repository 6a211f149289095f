//! The rows of the picture, of the steps of a timeline.

mod attempt;

use jiff::Timestamp;

use super::lane::{Lane, Phase, Sign};
use super::observed::{self, ObservedTask};
use super::words;
use crate::cloudformation::response::Status;
use crate::explain::{Explanation, RunResult, TimelineEntry, TimelineEvent};
use attempt::Attempt;

/// Number of attempts of a long history that are shown at its beginning, and at its end.
const SHOWN_AT_EACH_END: usize = 12;

/// The rows, from top to bottom. `now` is when the bars of what still runs end. Rows of `tasks` replace
/// what the history says of its task.
pub(super) fn lanes(
    explanation: &Explanation,
    tasks: &[ObservedTask],
    now: Timestamp,
) -> Vec<Lane> {
    let mut reader = Reader::new(explanation);
    for step in &explanation.steps {
        reader.note(step);
    }
    reader.lanes(tasks, now)
}

/// The rows as far as the steps were read.
struct Reader<'e> {
    explanation: &'e Explanation,
    execution: Lane,
    earlier_runs: Option<Lane>,
    attempts: Vec<Attempt<'e>>,
    task: Option<Lane>,
    leftovers: Option<Lane>,
    reply: Option<Lane>,
    /// When the phase before ended, with which the next one begins.
    since: Timestamp,
}

impl<'e> Reader<'e> {
    fn new(explanation: &'e Explanation) -> Self {
        Self {
            explanation,
            execution: Lane::new("execution"),
            earlier_runs: None,
            attempts: Vec::new(),
            task: None,
            leftovers: None,
            reply: None,
            since: explanation.started,
        }
    }

    fn note(&mut self, step: &'e TimelineEntry) {
        let at = step.at;
        match &step.event {
            TimelineEvent::Requested
            | TimelineEvent::StartedDirectly
            | TimelineEvent::StartedByHook => {}
            TimelineEvent::EarlierRuns { have_stopped } => self.note_earlier(step, *have_stopped),
            TimelineEvent::Scheduled { .. } | TimelineEvent::GivenToFunction { .. } => {
                self.let_go(at);
                self.attempts.push(Attempt::scheduled(step));
            }
            TimelineEvent::Claimed { .. } => match self.under_way() {
                Some(attempt) => attempt.claimed = Some(step),
                None => self.attempts.push(Attempt::claimed(step)),
            },
            TimelineEvent::NotScheduled { .. }
            | TimelineEvent::HandedOver(_)
            | TimelineEvent::WorkerLost { .. }
            | TimelineEvent::Told { .. } => {
                match self.under_way() {
                    Some(attempt) => attempt.end = Some(step),
                    None => self.attempts.push(Attempt::ended(step)),
                }
                self.since = at;
            }
            TimelineEvent::TaskStarted { .. } | TimelineEvent::TaskStopped { .. } => {
                self.note_task(step);
            }
            TimelineEvent::LeftoversStopped { .. } | TimelineEvent::LeftoversUnknown { .. } => {
                self.note_leftovers(step);
            }
            TimelineEvent::AnswerFailed { .. }
            | TimelineEvent::Answered { .. }
            | TimelineEvent::AnsweredAtBeginning => self.note_reply(step),
            TimelineEvent::GaveUp { .. }
            | TimelineEvent::Aborted { .. }
            | TimelineEvent::TimedOut => {
                self.let_go(at);
                self.execution
                    .add_mark(Sign::Failure, at, step.event.to_string());
            }
            TimelineEvent::Redriven => {
                self.let_go(at);
                self.since = at;
                self.execution
                    .add_mark(Sign::Change, at, step.event.to_string());
            }
        }
    }

    /// The last attempt, unless it has ended.
    fn under_way(&mut self) -> Option<&mut Attempt<'e>> {
        let last = self.attempts.last_mut()?;
        (last.end.is_none() && last.left_at.is_none()).then_some(last)
    }

    /// No step tells the end of an attempt that the end of its execution cut off.
    fn let_go(&mut self, at: Timestamp) {
        if let Some(attempt) = self.under_way() {
            attempt.left_at = Some(at);
        }
    }

    fn note_earlier(&mut self, step: &TimelineEntry, have_stopped: bool) {
        let lane = self
            .earlier_runs
            .get_or_insert_with(|| Lane::new("earlier runs"));
        let words = step.event.to_string();
        lane.add_bar(Phase::Waiting, self.since, step.at, &*words);
        let (sign, outcome) = if have_stopped {
            (Sign::Success, "their tasks have stopped")
        } else {
            (Sign::Failure, "not seen to stop: nothing is started")
        };
        lane.add_mark(sign, step.at, words);
        outcome.clone_into(&mut lane.outcome);
        lane.times = words::waited(self.since, step.at);
        self.since = step.at;
    }

    fn note_task(&mut self, step: &TimelineEntry) {
        let lane = self.task.get_or_insert_with(|| Lane::new("ECS task"));
        let words = step.event.to_string();
        match &step.event {
            TimelineEvent::TaskStarted { task, tasks, since } => {
                words::name_task(lane, task, *tasks);
                if let Some(taken) = words::began(*since, step.at) {
                    lane.add_bar(Phase::Starting, taken, step.at, &*words);
                }
                lane.add_bar(Phase::Running, step.at, step.at, words);
                lane.times = format!("started{since}");
            }
            TimelineEvent::TaskStopped {
                exit_code, ran_for, ..
            } => {
                // The start comes first, though clocks that disagree may date it later.
                if let Some(bar) = lane.bars.last_mut() {
                    bar.to = step.at.max(bar.from);
                    bar.title.clone_from(&words);
                }
                lane.outcome = format!("exit code {exit_code}, ran for {ran_for}");
                lane.add_mark(Sign::ContainersEnd, step.at, words);
            }
            _ => {}
        }
    }

    fn note_leftovers(&mut self, step: &TimelineEntry) {
        let lane = self
            .leftovers
            .get_or_insert_with(|| Lane::new("leftover tasks"));
        let words = step.event.to_string();
        lane.add_bar(Phase::Stopping, self.since, step.at, &*words);
        let sign = match step.event {
            TimelineEvent::LeftoversStopped {
                still_running: 0, ..
            } => Sign::Success,
            _ => Sign::Failure,
        };
        lane.add_mark(sign, step.at, words);
        lane.outcome = words::leftovers(&step.event);
        lane.times = words::took(self.since, step.at);
        self.since = step.at;
    }

    /// Several attempts of one reply are one bar.
    fn note_reply(&mut self, step: &TimelineEntry) {
        let lane = self.reply.get_or_insert_with(|| Lane::new("reply"));
        let words = step.event.to_string();
        let sign = match step.event {
            TimelineEvent::AnswerFailed { .. }
            | TimelineEvent::Answered {
                answer: Status::Failed,
                ..
            } => Sign::Failure,
            _ => Sign::Success,
        };
        match lane.bars.last_mut().filter(|bar| bar.from == self.since) {
            Some(bar) => {
                bar.to = step.at;
                bar.title.clone_from(&words);
            }
            None => lane.add_bar(Phase::Replying, self.since, step.at, &*words),
        }
        lane.add_mark(sign, step.at, words);
        lane.outcome = words::reply(&step.event);
        lane.times = words::reply_time(&step.event, self.since, step.at);
        if !matches!(step.event, TimelineEvent::AnswerFailed { .. }) {
            self.since = step.at;
        }
    }

    fn lanes(mut self, tasks: &[ObservedTask], now: Timestamp) -> Vec<Lane> {
        let Explanation {
            started,
            ended,
            conclusion,
            status,
            ..
        } = self.explanation;
        // A task may go on after its execution has ended.
        let end = ended.unwrap_or(now);
        let is_running = conclusion.result == RunResult::Running;
        self.execution
            .add_bar(Phase::Execution, *started, end, *status);
        (self.execution.outcome, self.execution.times) = if is_running {
            ("runs".to_owned(), words::so_far(*started, end))
        } else {
            let ended = status.to_ascii_lowercase().replace('_', " ");
            (ended, words::took(*started, end))
        };
        let mut lanes = vec![self.execution];
        lanes.extend(self.earlier_runs);
        let hidden = self.attempts.len().saturating_sub(2 * SHOWN_AT_EACH_END);
        for (index, attempt) in self.attempts.iter().enumerate() {
            // One hidden attempt would take as much room as the row that says so.
            let is_hidden = hidden > 1
                && index >= SHOWN_AT_EACH_END
                && index < self.attempts.len() - SHOWN_AT_EACH_END;
            if is_hidden && index == SHOWN_AT_EACH_END {
                lanes.push(Lane::new(format!("… {hidden} more attempts")));
            } else if !is_hidden {
                lanes.push(attempt.lane(end, is_running));
            }
        }
        if tasks.is_empty() {
            lanes.extend(self.task);
        } else {
            lanes.extend(observed::lanes(tasks, now));
        }
        lanes.extend(self.leftovers);
        lanes.extend(self.reply);
        lanes
    }
}
