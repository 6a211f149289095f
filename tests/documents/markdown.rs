//! A document in its parts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::root;

/// Directories without documents of the project.
const NOT_OURS: [&str; 3] = [".git", "target", "node_modules"];

/// Text of a document, and where it is.
#[derive(Debug, Clone)]
pub struct Part {
    /// The document's path and the line.
    pub place: String,
    pub text: String,
}

/// A block of code between fences.
#[derive(Debug, Clone)]
pub struct Block {
    /// What is written behind the opening fence.
    pub language: String,
    pub code: Part,
}

#[derive(Debug, Default)]
pub struct Document {
    /// From the top of the repository.
    pub path: String,
    pub text: String,
    pub blocks: Vec<Block>,
    /// Code within a line.
    pub spans: Vec<Part>,
    /// The targets of links.
    pub links: Vec<Part>,
    /// What links may name behind `#`.
    pub anchors: BTreeSet<String>,
}

impl Document {
    /// Every document of the project.
    pub fn all() -> Vec<Self> {
        fn collect(directory: &Path, found: &mut Vec<Document>) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() && !NOT_OURS.contains(&name) {
                    collect(&path, found);
                } else if path.extension().is_some_and(|extension| extension == "md") {
                    let path = path.strip_prefix(root()).unwrap();
                    found.push(Document::read(path.to_str().unwrap()));
                }
            }
        }
        let mut found = Vec::new();
        collect(root(), &mut found);
        found
    }

    pub fn read(path: &str) -> Self {
        let mut document = Self {
            path: path.to_owned(),
            text: fs::read_to_string(root().join(path)).unwrap(),
            ..Self::default()
        };
        document.take_apart();
        document
    }

    /// The blocks in one of these languages.
    pub fn blocks_in(&self, languages: &[&str]) -> impl Iterator<Item = &Part> {
        self.blocks
            .iter()
            .filter(move |block| languages.contains(&block.language.as_str()))
            .map(|block| &block.code)
    }

    fn take_apart(&mut self) {
        let text = self.text.clone();
        let (mut heading, mut block) = (None::<String>, None::<Block>);
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            let place = format!("{}:{line}", self.path);
            let part = |text: &str| Part {
                place: place.clone(),
                text: text.to_owned(),
            };
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    block = Some(Block {
                        language: language.to_string(),
                        code: part(""),
                    });
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                    panic!("{place}: a block of code has fences")
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Start(Tag::Link { dest_url, .. }) => self.links.push(part(&dest_url)),
                Event::Text(text) => {
                    if let Some(block) = &mut block {
                        block.code.text.push_str(&text);
                    } else if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::Code(code) => {
                    self.spans.push(part(&code));
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                }
                Event::End(TagEnd::CodeBlock) => self.blocks.extend(block.take()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor_of(&heading.take().unwrap_or_default());
                    let is_new = self.anchors.insert(anchor.clone());
                    assert!(is_new, "{place}: two headings are #{anchor}");
                }
                _ => {}
            }
        }
    }
}

/// What GitHub makes of a heading.
fn anchor_of(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect::<String>()
        .to_lowercase()
}

/// The rows below a table's heading, each in its cells.
pub fn table<'d>(document: &'d str, heading: &str) -> Vec<Vec<&'d str>> {
    let rows = document.lines().skip_while(|line| *line != heading).skip(2);
    let rows: Vec<_> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(!rows.is_empty(), "there is no table {heading}");
    rows
}

#[test]
fn anchors_are_those_of_github() {
    for (heading, anchor) in [
        ("Is it stuck?", "is-it-stuck"),
        (
            "Moving from the book's function",
            "moving-from-the-books-function",
        ),
        ("Why not ecs:runTask.sync?", "why-not-ecsruntasksync"),
    ] {
        assert_eq!(anchor_of(heading), anchor);
    }
}
