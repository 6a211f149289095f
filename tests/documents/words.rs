//! The front page stays short, and the documents stay plain.

use crate::markdown::Document;
use crate::read;

/// Lines of the front page: what is read in a minute.
const FRONT_PAGE: usize = 170;

/// What readers stumbled over, and what is written for it.
const PLAIN: [(&str, &str); 7] = [
    ("taken back", "rolled back"),
    ("takes back", "rolls back"),
    ("take back", "roll back"),
    ("mend ", "fix"),
    ("told", "reported"),
    ("stands in", "is in"),
    ("be answered", "get a reply"),
];

#[test]
fn the_front_page_is_read_in_a_minute() {
    let lines = read("README.md").lines().count();
    assert!(lines <= FRONT_PAGE, "README.md has {lines} lines");
}

#[test]
fn what_users_read_is_in_plain_words() {
    let mut odd = Vec::new();
    for path in [
        "README.md",
        "infra/README.md",
        "infra/properties.md",
        "infra/runbook.md",
        "infra/direct-runs.md",
        "infra/deployment-hooks.md",
        "infra/releases.md",
        ".github/SECURITY.md",
        ".github/CONTRIBUTING.md",
    ] {
        let document = Document::read(path);
        let shown: String = document
            .blocks
            .iter()
            .map(|block| &*block.code.text)
            .collect();
        for (index, line) in document.text.lines().enumerate() {
            for (word, plain) in PLAIN {
                // Blocks show what programs print.
                if line.contains(word) && !shown.contains(line.trim()) {
                    odd.push(format!("{path}:{}: '{word}', for '{plain}'", index + 1));
                }
            }
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}
