//! An attempt of a run as a row: who had it, and from when to when.

use jiff::Timestamp;

use super::super::lane::{Lane, Phase, Sign};
use super::super::words;
use crate::explain::{TimelineEntry, TimelineEvent, WorkerLostReason};

/// The steps of one attempt. Of the histories that begin or end in its middle, some are missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'e> {
    /// It was scheduled for a worker, or given to a function.
    scheduled: Option<&'e TimelineEntry>,
    /// A worker claimed it.
    pub(super) claimed: Option<&'e TimelineEntry>,
    /// It ended: with a report, a hand-over, a lost worker, or because it could not be scheduled.
    pub(super) end: Option<&'e TimelineEntry>,
    /// When the execution went on or ended without an end of the attempt.
    pub(super) left_at: Option<Timestamp>,
}

impl<'e> Attempt<'e> {
    const NONE: Self = Self {
        scheduled: None,
        claimed: None,
        end: None,
        left_at: None,
    };

    pub(super) fn scheduled(step: &'e TimelineEntry) -> Self {
        Self {
            scheduled: Some(step),
            ..Self::NONE
        }
    }

    pub(super) fn claimed(step: &'e TimelineEntry) -> Self {
        Self {
            claimed: Some(step),
            ..Self::NONE
        }
    }

    pub(super) fn ended(step: &'e TimelineEntry) -> Self {
        Self {
            end: Some(step),
            ..Self::NONE
        }
    }

    /// `end` is when the bars of an attempt end that is under way.
    pub(super) fn lane(&self, end: Timestamp, is_running: bool) -> Lane {
        let mut lane = Lane::new(self.name());
        lane.detail = self.holder();
        let until = self.end.map(|step| step.at).or(self.left_at).unwrap_or(end);
        if let Some(scheduled) = self.scheduled {
            let to = self.claimed.map_or(until, |claimed| claimed.at);
            let title = self.claimed.or(self.end).unwrap_or(scheduled);
            lane.add_bar(
                self.first_phase(),
                scheduled.at,
                to,
                title.event.to_string(),
            );
        }
        if let Some(claimed) = self.claimed {
            let title = self.end.unwrap_or(claimed).event.to_string();
            lane.add_bar(Phase::Held, claimed.at, until, title);
        }
        if let Some(step) = self.end {
            lane.add_mark(sign(&step.event), step.at, step.event.to_string());
        }
        lane.outcome = match self.end {
            Some(step) => words::end_of_attempt(&step.event),
            None if is_running && self.left_at.is_none() => "under way".to_owned(),
            None => "the execution ended".to_owned(),
        };
        lane.times = self.times(until);
        lane
    }

    fn name(&self) -> String {
        match self.scheduled.map(|step| &step.event) {
            Some(
                TimelineEvent::Scheduled { attempt } | TimelineEvent::GivenToFunction { attempt },
            ) => format!("attempt {attempt}"),
            _ => "attempt".to_owned(),
        }
    }

    fn holder(&self) -> String {
        match (self.scheduled, self.claimed) {
            (_, Some(step)) => match &step.event {
                TimelineEvent::Claimed {
                    worker: Some(worker),
                    ..
                } => format!("worker {worker}"),
                _ => "a worker".to_owned(),
            },
            (Some(step), None) if is_given(step) => "function work".to_owned(),
            (_, None) => String::new(),
        }
    }

    /// The phase from the scheduling to the claim, or to the end where no claim is recorded.
    fn first_phase(&self) -> Phase {
        let is_given = self.scheduled.is_some_and(is_given);
        match (self.claimed, self.end.map(|step| &step.event)) {
            (Some(_), _)
            | (
                None,
                Some(
                    TimelineEvent::NotScheduled { .. }
                    | TimelineEvent::WorkerLost {
                        reason: WorkerLostReason::NoFunction,
                        ..
                    },
                ),
            ) => Phase::Waiting,
            // The history of a fleet's run has its claim, so that none was made. An emulator's has none,
            // but an end that only a worker makes.
            (None, None) if !is_given => Phase::Waiting,
            (None, _) => Phase::WaitingOrHeld,
        }
    }

    fn times(&self, until: Timestamp) -> String {
        match (self.scheduled, self.claimed) {
            (Some(scheduled), Some(claimed)) => format!(
                "{}, {}",
                words::waited(scheduled.at, claimed.at),
                words::held(claimed.at, until)
            ),
            (None, Some(claimed)) => words::held(claimed.at, until),
            (Some(scheduled), None) if self.first_phase() == Phase::Waiting => {
                words::waited(scheduled.at, until)
            }
            (Some(scheduled), None) => words::took(scheduled.at, until),
            (None, None) => String::new(),
        }
    }
}

const fn is_given(step: &TimelineEntry) -> bool {
    matches!(step.event, TimelineEvent::GivenToFunction { .. })
}

const fn sign(end: &TimelineEvent) -> Sign {
    match end {
        TimelineEvent::Told { error: None, .. } => Sign::Success,
        TimelineEvent::HandedOver(_) | TimelineEvent::WorkerLost { .. } => Sign::Change,
        _ => Sign::Failure,
    }
}
