//! What `cargo local` printed, shortened to what fits into a picture. The README's pictures are made of
//! it (`tests/pictures`).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::directories::workspace_directory;

/// Widest line of a picture, in characters.
const WIDTH: usize = 118;
/// Columns of a line before its text: the time, and where the line comes from.
const MARGIN: usize = 22;
/// Where the line's source begins.
const SOURCE: usize = 11;
/// Lines of one source in a row that are kept at the beginning, and at the end.
const FIRST: usize = 3;
const LAST: usize = 3;

/// Lines with the terminal's colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording(Vec<String>);

impl Recording {
    /// The lines of a run, without those that a terminal takes back, and shortened.
    #[must_use]
    pub fn of(output: &str) -> Self {
        let mut lines = Vec::new();
        let here = format!("{}/", workspace_directory().display());
        let kept = output
            .lines()
            .filter(|line| !is_wait(&plain(line)) && !is_passage(&plain(line)));
        let mut block: Vec<String> = Vec::new();
        for line in kept {
            let line = line.replace(&here, "");
            let begins_another = block
                .first()
                .is_some_and(|first| !belongs_to(&plain(first), &plain(&line)));
            if begins_another {
                lines.extend(shortened(std::mem::take(&mut block)));
            }
            block.push(line);
        }
        lines.extend(shortened(block));
        Self(lines.iter().map(|line| cut(line)).collect())
    }

    /// Reads what was recorded before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("{} could not be read", file.display()))?;
        Ok(Self(text.lines().map(str::to_owned).collect()))
    }

    /// All lines, for a file or a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.join("\n") + "\n"
    }

    /// The words of the lines from this source.
    pub fn words_of(&self, source: &str) -> impl Iterator<Item = Vec<String>> {
        self.0
            .iter()
            .map(|line| plain(line))
            .filter(move |line| source_of(line).is_some_and(|of| of == source))
            .map(|line| {
                line[MARGIN..]
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect()
            })
    }

    /// The lines without times, numbers and ids, and without colours; of the sources that say the same
    /// whatever stack is deployed.
    #[must_use]
    pub fn said_of_any_stack(&self) -> Vec<String> {
        let lines = self.0.iter().map(|line| plain(line));
        lines
            .filter(|line| source_of(line).is_some_and(|of| of.is_empty() || of == "execution"))
            .map(|line| text_of(&line))
            // Names of executions are the resource's.
            .filter(|line| !line.starts_with("MigrateTask"))
            .collect()
    }
}

/// What a line says, without time, source and numbers.
#[must_use]
pub fn text_of(plain: &str) -> String {
    without_numbers(plain.get(MARGIN..).unwrap_or_default())
}

/// The text with one sign for every number, and single spaces.
fn without_numbers(text: &str) -> String {
    let mut replaced = String::new();
    let mut is_in_number = false;
    for c in text.chars() {
        let is_digit = c.is_ascii_digit() || (is_in_number && c == '.');
        if !is_digit {
            replaced.push(c);
        } else if !is_in_number {
            replaced.push('#');
        }
        is_in_number = is_digit;
    }
    replaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line without the sequences that colour it.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| {
        let behind = part.split_once('m').map_or("", |(_, behind)| behind);
        line + behind
    })
}

/// Where the line comes from; `None` for one that goes on with the line before.
fn source_of(plain: &str) -> Option<&str> {
    let has_time = plain.get(..SOURCE)?.trim_end().ends_with(" s");
    has_time.then(|| plain.get(SOURCE..MARGIN).unwrap_or_default().trim())
}

/// Whether the line goes on with what the first one begins: the same source, or none.
fn belongs_to(first: &str, line: &str) -> bool {
    match source_of(line) {
        None => !line.is_empty(),
        // Each of the setup's lines, and each reply, is for itself.
        Some(source) => source_of(first) == Some(source) && !source.is_empty(),
    }
}

/// Whether a terminal takes the line back when the wait is over.
fn is_wait(plain: &str) -> bool {
    source_of(plain) == Some("") && (plain.ends_with(" …") || plain.contains("  … for "))
}

/// Whether the line says that a state was entered or left: what happens in it is in other lines.
fn is_passage(plain: &str) -> bool {
    source_of(plain) == Some("execution")
        && ["StateEntered", "StateExited"]
            .iter()
            .any(|end| plain.contains(end))
}

/// The first and the last lines of a block, and how many are between them.
fn shortened(mut block: Vec<String>) -> Vec<String> {
    let hidden = block.len().saturating_sub(FIRST + LAST);
    // One hidden line would take as much room as the line that says so.
    if hidden > 1 {
        let note = format!("{:MARGIN$}\u{1b}[2m… {hidden} lines\u{1b}[0m", "");
        block.splice(FIRST..FIRST + hidden, [note]);
    }
    block
}

/// The line in the picture's width. What is cut off is in no colour.
fn cut(line: &str) -> String {
    let mut kept = String::new();
    let mut room = WIDTH;
    let mut is_sequence = false;
    for c in line.chars() {
        is_sequence |= c == '\u{1b}';
        if is_sequence {
            is_sequence = c != 'm';
        } else if room == 1 && plain(line).chars().count() > WIDTH {
            return kept + "…";
        } else {
            room -= 1;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_blocks_are_shortened_and_waits_left_out() {
        let line = |source: &str, text: &str| {
            format!("\u{1b}[2m   1.00 s\u{1b}[0m  {source:<9}  {text}\n")
        };
        let output = [
            line("", "deploying …"),
            "  11.00 s             … for 10 s\n".to_owned(),
            line("", "deployed (1.0 s)"),
            line("execution", "  2  ChoiceStateEntered   Input"),
            (0..20)
                .map(|number| line("container", &format!("line {number} {}", "x".repeat(120))))
                .collect(),
            line(
                "answer",
                "SUCCESS\n                      ExitCode         0",
            ),
        ];
        let recording = Recording::of(&output.concat());
        let plain: Vec<_> = recording.0.iter().map(|line| plain(line)).collect();
        assert_eq!(plain.len(), 1 + FIRST + 1 + LAST + 2, "{plain:#?}");
        assert_eq!(plain[0], "   1.00 s             deployed (1.0 s)");
        let left_out = 20 - FIRST - LAST;
        assert_eq!(
            plain[1 + FIRST],
            format!("                      … {left_out} lines")
        );
        assert!(
            plain[1].ends_with("x…") && plain[1].chars().count() == WIDTH,
            "{plain:#?}"
        );
    }

    #[test]
    fn numbers_are_replaced() {
        assert_eq!(
            without_numbers("  14  ActivityStarted  RunTask   +0.59 s"),
            "# ActivityStarted RunTask +# s"
        );
    }
}
