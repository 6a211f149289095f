//! The smallest parts of the picture: a line of text, and a sign.

use std::fmt;

use super::super::lane::Sign;
use super::super::text::{Escaped, cut};

/// Width of a character as a share of the text's size. Fonts whose characters are equally wide have
/// 0.55 to 0.61.
pub(super) const CELL: f64 = 0.61;
pub(super) const TEXT_SIZE: f64 = 12.0;
pub(super) const MARK_RADIUS: f64 = 5.0;

pub(super) fn write_sign(
    f: &mut fmt::Formatter<'_>,
    sign: Sign,
    x: f64,
    y: f64,
    title: &str,
) -> fmt::Result {
    let class = sign.class();
    let (left, right) = (x - MARK_RADIUS, x + MARK_RADIUS);
    let (top, bottom) = (y - MARK_RADIUS, y + MARK_RADIUS);
    let shape = match sign {
        Sign::Success => {
            format!(r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="{MARK_RADIUS}">"#)
        }
        Sign::Failure => format!(
            r#"<path class="{class}" d="M{left:.1} {top:.1}L{right:.1} {bottom:.1}M{right:.1} {top:.1}L{left:.1} {bottom:.1}">"#
        ),
        Sign::ContainersEnd => format!(
            r#"<path class="{class}" d="M{left:.1} {top:.1}L{right:.1} {top:.1}L{right:.1} {bottom:.1}L{left:.1} {bottom:.1}Z">"#
        ),
        Sign::Change => format!(
            r#"<path class="{class}" d="M{x:.1} {top:.1}L{right:.1} {y:.1}L{x:.1} {bottom:.1}L{left:.1} {y:.1}Z">"#
        ),
    };
    let end = if sign == Sign::Success {
        "circle"
    } else {
        "path"
    };
    writeln!(f, "{shape}<title>{}</title></{end}>", Escaped(title))
}

/// Writes a line from `x`, cut before `right`. An empty one is left out.
pub(super) fn write_text(
    f: &mut fmt::Formatter<'_>,
    class: &str,
    x: f64,
    y: f64,
    right: f64,
    line: &str,
) -> fmt::Result {
    if line.is_empty() {
        return Ok(());
    }
    let line = cut(line, cells_in(right - x, TEXT_SIZE));
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(r#" class="{class}""#)
    };
    writeln!(
        f,
        r#"<text{class} x="{x:.1}" y="{y:.1}">{}</text>"#,
        Escaped(&line)
    )
}

/// How many characters of this size fit into a width.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a picture's width, which is no negative number"
)]
pub(super) fn cells_in(width: f64, size: f64) -> usize {
    (width / (size * CELL)).floor() as usize
}
