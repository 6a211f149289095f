//! An explanation as a picture for an incident report: an SVG with a row for each attempt, worker and
//! task, bars for the phases, and the conclusion as text.
//!
//! ```text
//! steps of the timeline ─▶ Lane: a row with its bars and marks ─┐
//! start and end ─▶ Scale: time to place on the axis ────────────┴─▶ Drawing ─▶ SVG
//! ```
//!
//! It is made of an [`Explanation`], in which nothing secret is left, and of the times of the ECS tasks,
//! which ECS shows for about an hour after their end. Later the history has the task's start and end
//! after a success only. What neither of them tells is not drawn.
//!
//! Texts are in a font whose characters are equally wide, so that their width is known without the
//! font. Colours follow the viewer's light or dark theme; each has its own background. No meaning is in
//! a colour alone: a sign has a shape of its own, a bar has an outline and names its phase in its title,
//! and the picture's description is the explanation as text.

mod drawing;
mod lane;
mod lanes;
mod observed;
mod scale;
mod text;
mod words;

use std::fmt;

use jiff::Timestamp;

use super::Explanation;
pub use observed::ObservedTask;

use drawing::Drawing;
use lane::Lane;
use lanes::lanes;
use scale::Scale;

/// The timeline of an execution as an SVG, which [`fmt::Display`] writes.
#[derive(Debug, Clone)]
pub struct Picture<'e> {
    explanation: &'e Explanation,
    lanes: Vec<Lane>,
    scale: Scale,
}

impl<'e> Picture<'e> {
    /// `now` is where the bars of an execution or task that still runs end. `tasks` are those that ECS
    /// still shows; without any, the history says what it knows of the task.
    ///
    /// The picture goes on after the end of its execution where a task does: ECS needs some more seconds
    /// to take down a task whose run is over.
    #[must_use]
    pub fn of(explanation: &'e Explanation, tasks: &[ObservedTask], now: Timestamp) -> Self {
        let steps = explanation.steps.iter().map(|step| step.at);
        let tasks_ends = tasks.iter().filter_map(|task| task.end(now));
        let end = explanation.ended.unwrap_or(now);
        let end = steps.chain(tasks_ends).fold(end, Timestamp::max);
        Self {
            explanation,
            lanes: lanes(explanation, tasks, now),
            scale: Scale::new(explanation.started, end),
        }
    }
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Drawing::of(self).fmt(f)
    }
}
