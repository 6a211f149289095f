//! The picture as SVG 1.1 with the style sheet inside: head, axis, rows, legend, conclusion, from top
//! to bottom. Lengths are in pixels.

mod legend;
mod parts;
mod style;

use std::fmt;

use super::Picture;
use super::lane::{Bar, Lane, Mark};
use super::text::{Escaped, cut, float, wrap};
use legend::Legend;
use parts::{CELL, TEXT_SIZE, cells_in, write_sign, write_text};

const WIDTH: f64 = 1_000.0;
const MARGIN: f64 = 20.0;
const TITLE_SIZE: f64 = 15.0;
const LINE_HEIGHT: f64 = 18.0;
/// The axis is between the names and the outcomes of the rows. The names have room for a task's id,
/// which has 32 digits.
const AXIS_LEFT: f64 = 270.0;
const AXIS_RIGHT: f64 = 690.0;
const OUTCOME_LEFT: f64 = 710.0;
const LANE_HEIGHT: f64 = 40.0;
const BAR_HEIGHT: f64 = 14.0;
/// A bar of any length can be seen.
const LEAST_BAR: f64 = 2.0;
/// Lines of the conclusion that are shown at its beginning, and at its end. The text and the JSON
/// have all.
const SHOWN_AT_EACH_END: usize = 30;

/// A picture laid out.
pub(super) struct Drawing<'p> {
    picture: &'p Picture<'p>,
    head: Vec<String>,
    conclusion: Vec<String>,
    /// Number of lines that the conclusion's sentence takes.
    sentence: usize,
    legend: Legend,
}

impl<'p> Drawing<'p> {
    pub(super) fn of(picture: &'p Picture<'p>) -> Self {
        let head = picture.explanation.head().to_string();
        let conclusion = picture.explanation.conclusion.to_string();
        let max = cells_in(WIDTH - 2.0 * MARGIN, TEXT_SIZE);
        let mut lines: Vec<_> = conclusion
            .lines()
            .flat_map(|line| wrap(line, max))
            .collect();
        let first = conclusion.lines().next().unwrap_or_default();
        let sentence = wrap(first, max).len();
        let hidden = lines.len().saturating_sub(2 * SHOWN_AT_EACH_END);
        if hidden > 1 {
            let shown = SHOWN_AT_EACH_END..SHOWN_AT_EACH_END + hidden;
            lines.splice(shown, [format!("… {hidden} more lines; --json shows all")]);
        }
        Self {
            picture,
            head: head.trim_end().lines().map(str::to_owned).collect(),
            conclusion: lines,
            sentence,
            legend: Legend::of(&picture.lanes),
        }
    }

    /// Where the parts begin, and the height of the whole.
    fn tops(&self) -> Tops {
        let axis = MARGIN + height(self.head.len()) + LINE_HEIGHT;
        let lanes = axis + LINE_HEIGHT;
        let legend = lanes + LANE_HEIGHT * float(self.picture.lanes.len()) + LINE_HEIGHT / 2.0;
        let conclusion = legend + height(self.legend.lines()) + LINE_HEIGHT;
        Tops {
            axis,
            lanes,
            legend,
            conclusion,
            end: conclusion + height(self.conclusion.len()) + MARGIN,
        }
    }
}

struct Tops {
    axis: f64,
    lanes: f64,
    legend: f64,
    conclusion: f64,
    end: f64,
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tops = self.tops();
        let height = tops.end;
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title description" xml:space="preserve">"#
        )?;
        let title = self.head.first().map_or("", String::as_str);
        writeln!(f, r#"<title id="title">{}</title>"#, Escaped(title))?;
        let text = self.picture.explanation.to_string();
        writeln!(
            f,
            r#"<desc id="description">{}</desc>"#,
            Escaped(text.trim_end())
        )?;
        writeln!(f, "<style>\n{}</style>", style::SHEET)?;
        writeln!(
            f,
            r#"<rect class="ground" x="0.5" y="0.5" width="{}" height="{}" rx="6"/>"#,
            WIDTH - 1.0,
            height - 1.0
        )?;
        self.write_head(f)?;
        self.write_axis(f, &tops)?;
        for (index, lane) in self.picture.lanes.iter().enumerate() {
            self.write_lane(f, lane, tops.lanes + LANE_HEIGHT * float(index))?;
        }
        self.legend.write(f, tops.legend)?;
        for (index, line) in self.conclusion.iter().enumerate() {
            let class = if index < self.sentence { "strong" } else { "" };
            let y = tops.conclusion + height_to(index);
            write_text(f, class, MARGIN, y, WIDTH - MARGIN, line)?;
        }
        writeln!(f, "</svg>")
    }
}

impl Drawing<'_> {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.head.iter().enumerate() {
            let y = MARGIN + height_to(index);
            if index == 0 {
                let title = cut(line, cells_in(WIDTH - 2.0 * MARGIN, TITLE_SIZE));
                writeln!(
                    f,
                    r#"<text class="title" x="{MARGIN}" y="{y}">{}</text>"#,
                    Escaped(&title)
                )?;
            } else {
                write_text(f, "quiet", MARGIN, y, WIDTH - MARGIN, line)?;
            }
        }
        Ok(())
    }

    /// The lines of the axis with their times, behind the rows.
    fn write_axis(&self, f: &mut fmt::Formatter<'_>, tops: &Tops) -> fmt::Result {
        let bottom = tops.lanes + LANE_HEIGHT * float(self.picture.lanes.len());
        let cells = (AXIS_RIGHT - AXIS_LEFT) / (TEXT_SIZE * CELL);
        for (place, label) in self.picture.scale.lines(cells) {
            let x = on_axis(place);
            writeln!(
                f,
                r#"<line class="grid" x1="{x:.1}" y1="{:.1}" x2="{x:.1}" y2="{bottom:.1}"/>"#,
                tops.axis + 6.0
            )?;
            writeln!(
                f,
                r#"<text class="quiet middle" x="{x:.1}" y="{:.1}">{}</text>"#,
                tops.axis,
                Escaped(&label)
            )?;
        }
        Ok(())
    }

    fn write_lane(&self, f: &mut fmt::Formatter<'_>, lane: &Lane, top: f64) -> fmt::Result {
        let (first, second) = (top + 16.0, top + 31.0);
        let name = if lane.detail.is_empty() {
            top + 24.0
        } else {
            first
        };
        write_text(f, "strong", MARGIN, name, AXIS_LEFT - 10.0, &lane.name)?;
        write_text(f, "quiet", MARGIN, second, AXIS_LEFT - 10.0, &lane.detail)?;
        for bar in &lane.bars {
            self.write_bar(f, bar, top)?;
        }
        for mark in &lane.marks {
            self.write_mark(f, mark, top + LANE_HEIGHT / 2.0)?;
        }
        write_text(f, "", OUTCOME_LEFT, first, WIDTH - MARGIN, &lane.outcome)?;
        write_text(
            f,
            "quiet",
            OUTCOME_LEFT,
            second,
            WIDTH - MARGIN,
            &lane.times,
        )
    }

    fn write_bar(&self, f: &mut fmt::Formatter<'_>, bar: &Bar, top: f64) -> fmt::Result {
        let scale = &self.picture.scale;
        let from = on_axis(scale.place(bar.from)).min(AXIS_RIGHT - LEAST_BAR);
        let to = on_axis(scale.place(bar.to)).max(from + LEAST_BAR);
        let y = top + (LANE_HEIGHT - BAR_HEIGHT) / 2.0;
        writeln!(
            f,
            r#"<rect class="{}" x="{from:.1}" y="{y:.1}" width="{:.1}" height="{BAR_HEIGHT}"><title>{}: {}</title></rect>"#,
            bar.phase.class(),
            to - from,
            bar.phase.in_words(),
            Escaped(&bar.title)
        )
    }

    fn write_mark(&self, f: &mut fmt::Formatter<'_>, mark: &Mark, y: f64) -> fmt::Result {
        let x = on_axis(self.picture.scale.place(mark.at));
        write_sign(f, mark.sign, x, y, &mark.title)
    }
}

fn on_axis(place: f64) -> f64 {
    AXIS_LEFT + place * (AXIS_RIGHT - AXIS_LEFT)
}

/// The height of so many lines.
fn height(lines: usize) -> f64 {
    float(lines) * LINE_HEIGHT
}

/// From the top of a text to the foot of its line with this index.
fn height_to(index: usize) -> f64 {
    height(index) + LINE_HEIGHT * 0.75
}
