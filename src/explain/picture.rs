//! An explanation as a picture for an incident report: an SVG with a row for each attempt, worker and
//! task, bars for the phases, and the conclusion as text.
//!
//! ```text
//! steps of the timeline ─▶ Lane: a row with its bars and marks ─┐
//! start and end ─▶ Scale: time to place on the axis ────────────┴─▶ Drawing ─▶ SVG
//! ```
//!
//! It is made of an [`Explanation`] alone, in which nothing secret is left. What the history does not
//! tell is not drawn: the times of an ECS task are known after a success only.
//!
//! Texts are in a font whose characters are equally wide, so that their width is known without the
//! font. Colours follow the viewer's light or dark theme; each has its own background, and no meaning
//! is in a colour alone.

mod drawing;
mod lane;
mod lanes;
mod scale;
mod text;
mod words;

use std::fmt;

use jiff::Timestamp;

use super::Explanation;
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
    /// `now` is where the bars of a running execution end.
    #[must_use]
    pub fn of(explanation: &'e Explanation, now: Timestamp) -> Self {
        let last_step = explanation.steps.iter().map(|step| step.at).max();
        let end = explanation.ended.unwrap_or(now);
        let end = end.max(last_step.unwrap_or(end));
        Self {
            explanation,
            lanes: lanes(explanation, end),
            scale: Scale::new(explanation.started, end),
        }
    }
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Drawing::of(self).fmt(f)
    }
}
