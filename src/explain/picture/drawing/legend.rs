//! What the bars and signs of the picture mean, in as many lines as it takes.

use std::fmt;

use super::super::lane::{Lane, Phase, Sign};
use super::super::text::{cells, float};
use super::parts::{CELL, MARK_RADIUS, TEXT_SIZE, write_sign, write_text};
use super::{LINE_HEIGHT, MARGIN, WIDTH};

/// From the left of an entry to its words, and from its words to the next entry.
const SYMBOL: f64 = 20.0;
const GAP: f64 = 14.0;

/// The phases and signs that a picture has, with their places.
pub(super) struct Legend(Vec<Entry>);

struct Entry {
    meaning: Meaning,
    line: usize,
    x: f64,
}

#[derive(Clone, Copy)]
enum Meaning {
    Bar(Phase),
    Mark(Sign),
}

impl Legend {
    pub(super) fn of(lanes: &[Lane]) -> Self {
        let has_bar = |phase: &Phase| {
            let mut bars = lanes.iter().flat_map(|lane| &lane.bars);
            bars.any(|bar| bar.phase == *phase)
        };
        let has_mark = |sign: &Sign| {
            let mut marks = lanes.iter().flat_map(|lane| &lane.marks);
            marks.any(|mark| mark.sign == *sign)
        };
        let bars = Phase::ALL.into_iter().filter(has_bar).map(Meaning::Bar);
        let marks = Sign::ALL.into_iter().filter(has_mark).map(Meaning::Mark);
        let (mut line, mut x) = (0, MARGIN);
        let entries = bars.chain(marks).map(|meaning| {
            let width = SYMBOL + float(cells(meaning.in_words())) * CELL * TEXT_SIZE;
            if x + width > WIDTH - MARGIN {
                (line, x) = (line + 1, MARGIN);
            }
            let entry = Entry { meaning, line, x };
            x += width + GAP;
            entry
        });
        Self(entries.collect())
    }

    pub(super) fn lines(&self) -> usize {
        self.0.last().map_or(1, |entry| entry.line + 1)
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, top: f64) -> fmt::Result {
        for Entry { meaning, line, x } in &self.0 {
            let y = top + LINE_HEIGHT * (float(*line) + 0.5);
            match meaning {
                Meaning::Bar(phase) => writeln!(
                    f,
                    r#"<rect class="{}" x="{x:.1}" y="{:.1}" width="14" height="10"/>"#,
                    phase.class(),
                    y - 5.0
                )?,
                Meaning::Mark(sign) => {
                    write_sign(f, *sign, x + 2.0 + MARK_RADIUS, y, meaning.in_words())?;
                }
            }
            let words = meaning.in_words();
            write_text(f, "quiet", x + SYMBOL, y + 4.0, WIDTH, words)?;
        }
        Ok(())
    }
}

impl Meaning {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Bar(phase) => phase.in_words(),
            Self::Mark(sign) => sign.in_words(),
        }
    }
}
