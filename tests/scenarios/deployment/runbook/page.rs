//! The page `infra/runbook.md`: its sections, and the commands that they show.

use std::collections::VecDeque;

const PAGE: &str = include_str!("../../../../infra/runbook.md");
const FENCE: &str = "```";

/// The headings of all sections, in their order.
pub fn headings() -> Vec<&'static str> {
    sections().map(|(heading, _)| heading).collect()
}

/// Each heading with its lines, up to the next heading of any level. Lines of code are no headings.
fn sections() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut is_code = false;
    for line in PAGE.lines() {
        is_code ^= line.starts_with(FENCE);
        let heading = line.strip_prefix('#').filter(|_| !is_code);
        if let Some(heading) = heading {
            sections.push((heading.trim_start_matches('#').trim(), Vec::new()));
        } else if let Some((_, lines)) = sections.last_mut() {
            lines.push(line);
        }
    }
    sections.into_iter()
}

/// A section's blocks of shell commands that were not taken yet.
pub struct Section {
    heading: String,
    blocks: VecDeque<String>,
}

impl Section {
    /// The section under a heading.
    pub fn of(heading: &str) -> Self {
        let (_, lines) = sections()
            .find(|(found, _)| *found == heading)
            .unwrap_or_else(|| panic!("the runbook has no section {heading}"));
        let mut blocks = VecDeque::new();
        let mut lines = lines.into_iter();
        while lines.by_ref().any(|line| line == "```sh") {
            let block = lines.by_ref().take_while(|line| *line != FENCE);
            blocks.push_back(block.collect::<Vec<_>>().join("\n"));
        }
        Self {
            heading: heading.to_owned(),
            blocks,
        }
    }

    pub fn has_commands(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// Takes the next block.
    pub fn next(&mut self) -> String {
        let block = self.blocks.pop_front();
        block.unwrap_or_else(|| panic!("{} shows no further commands", self.heading))
    }

    /// All of the section was rehearsed.
    pub fn ends(self) {
        assert!(
            self.blocks.is_empty(),
            "{} shows commands that were not rehearsed: {:?}",
            self.heading,
            self.blocks
        );
    }
}
