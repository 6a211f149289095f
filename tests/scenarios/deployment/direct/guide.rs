//! What `infra/direct-runs.md` shows.

use serde_json::Value;

const GUIDE: &str = include_str!("../../../../infra/direct-runs.md");

/// A section of the guide, up to the next heading of its level or a higher one.
fn section(heading: &str) -> Vec<&'static str> {
    let level = heading.split(' ').next().unwrap().len();
    let mut is_code = false;
    let mut lines = GUIDE.lines();
    assert!(
        lines.any(|line| line == heading),
        "the guide has no {heading}"
    );
    let is_end = |line: &&str| {
        is_code ^= line.starts_with("```");
        let marks = line.chars().take_while(|c| *c == '#').count();
        !is_code && (1..=level).contains(&marks)
    };
    let mut is_end = is_end;
    lines.take_while(|line| !is_end(line)).collect()
}

/// The blocks of a section in a language.
pub fn blocks(heading: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = section(heading).into_iter();
    while lines.by_ref().any(|line| line == fence) {
        let block = lines.by_ref().take_while(|line| *line != "```");
        blocks.push(block.collect::<Vec<_>>().join("\n"));
    }
    blocks
}

/// The blocks of a section that are JSON.
pub fn json_blocks(heading: &str) -> Vec<Value> {
    let blocks = blocks(heading, "json").into_iter();
    blocks
        .map(|block| serde_json::from_str(&block).unwrap())
        .collect()
}

/// The policy of a section.
pub fn policy(heading: &str) -> Value {
    let mut policies = json_blocks(heading).into_iter();
    let mut policies = policies
        .by_ref()
        .filter(|block| block["Version"] == "2012-10-17");
    let policy = policies.next().unwrap();
    assert!(policies.next().is_none(), "{heading} has two policies");
    policy
}
