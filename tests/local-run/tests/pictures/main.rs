//! The README's pictures: what `cargo local` prints, and the timeline of a takeover.
//!
//! ```text
//! cargo pictures: three runs of cargo local ─┬─▶ recording ─▶ recorded/*.ansi ─▶ terminal ─▶ infra/pictures/*.svg
//!                                            └─▶ explain --svg ─▶ infra/pictures/takeover.svg
//! ```
//!
//! The tests run nothing: they hold the pictures against what was recorded, and what was recorded
//! against the definition and the template that it is of. `tests/cdk` compares it with the runs that it
//! makes, and `src/explain/tests/picture.rs` draws the takeover again.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod terminal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_run::directories::workspace_directory;
use local_run::recording::Recording;

/// The runs whose output is drawn: the pictures' names, and the arguments of `cargo local`.
const RUNS: [(&str, &str); 2] = [("local", ""), ("failure", "--fail")];
const TAKEOVER: &str = "--kill-worker";

fn recorded(name: &str) -> PathBuf {
    workspace_directory().join(format!(
        "tests/local-run/tests/pictures/recorded/{name}.ansi"
    ))
}

fn picture(name: &str) -> PathBuf {
    workspace_directory().join(format!("infra/pictures/{name}.svg"))
}

fn draw(arguments: &str, recording: &Recording) -> String {
    let command = format!("cargo local {arguments}");
    terminal::draw(command.trim_end(), recording)
}

/// Runs `cargo local`, in colour.
fn run(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(arguments.split_whitespace())
        .env("CLICOLOR_FORCE", "1")
        .current_dir(workspace_directory())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "makes the pictures anew, in three minutes: cargo pictures"]
fn the_pictures_are_made_anew() {
    for (name, arguments) in RUNS {
        let recording = Recording::of(&run(arguments));
        fs::create_dir_all(recorded(name).parent().unwrap()).unwrap();
        fs::write(recorded(name), recording.text()).unwrap();
        fs::write(picture(name), draw(arguments, &recording)).unwrap();
    }
    let said = run(TAKEOVER);
    let drawn = "explain --svg has drawn it: ";
    let file = said.lines().find_map(|line| line.split(drawn).nth(1));
    fs::copy(Path::new(file.unwrap()), picture("takeover")).unwrap();
}

#[test]
fn the_pictures_show_what_was_recorded() {
    for (name, arguments) in RUNS {
        let recording = Recording::read(&recorded(name)).unwrap();
        let kept = fs::read_to_string(picture(name)).unwrap();
        assert!(
            kept == draw(arguments, &recording),
            "infra/pictures/{name}.svg is not of tests/local-run/tests/pictures/recorded/{name}.ansi: cargo pictures makes both"
        );
    }
}

#[test]
fn pictures_are_light_or_dark_and_can_be_read_without_being_seen() {
    for name in ["local", "failure", "takeover"] {
        let text = fs::read_to_string(picture(name)).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let parts: Vec<_> = document
            .root_element()
            .children()
            .filter(roxmltree::Node::is_element)
            .map(|node| node.tag_name().name())
            .collect();
        assert_eq!(parts[..3], ["title", "desc", "style"], "{name}");
        assert!(
            text.contains("@media (prefers-color-scheme: dark)"),
            "{name}"
        );
        assert!(!text.contains('\u{1b}'), "{name}");
        // Paths and names of the machine on which it was made.
        let home = workspace_directory();
        assert!(!text.contains(home.to_str().unwrap()), "{name}");
    }
}

/// Converters to PNG know neither media queries nor variables, and have few fonts.
#[test]
fn pictures_are_drawn_without_media_queries_variables_or_a_font_called_monospace() {
    for name in ["local", "failure", "takeover"] {
        let text = fs::read_to_string(picture(name)).unwrap();
        assert!(!text.contains("var("), "{name}");
        let document = roxmltree::Document::parse(&text).unwrap();
        let style = document
            .descendants()
            .find(|node| node.has_tag_name("style"));
        let style = style.unwrap().text().unwrap();
        let (plain, _) = style.split_once("@media").unwrap();
        assert!(plain.contains(terminal::FONTS), "{name}: {plain}");
        let rules: Vec<_> = plain
            .lines()
            .filter_map(|line| line.split_once('{'))
            .collect();
        let has = |selector: &str, property: &str| {
            let of_it =
                |(name, rule): &&(&str, &str)| name.trim() == selector && rule.contains(property);
            rules.iter().any(|rule| of_it(&rule))
        };
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let element = node.tag_name().name();
            if !["text", "rect", "path", "circle", "line"].contains(&element) {
                continue;
            }
            let classes = node.attribute("class").unwrap_or_default();
            let property = if element == "line" {
                "stroke:"
            } else {
                "fill:"
            };
            let is_coloured = has(element, property)
                || classes
                    .split(' ')
                    .any(|class| has(&format!(".{class}"), property));
            assert!(is_coloured, "{name}: {node:?}");
        }
    }
}

#[test]
fn what_was_recorded_is_of_the_definition_and_of_the_template() {
    let definition =
        fs::read_to_string(workspace_directory().join("statemachine/ecs-task.asl.json"));
    let definition: serde_json::Value = serde_json::from_str(&definition.unwrap()).unwrap();
    let template = include_str!("../../stack.yaml");
    for (name, _) in RUNS {
        let recording = Recording::read(&recorded(name)).unwrap();
        let events = recording
            .words_of("execution")
            .filter(|words| words.len() > 3);
        let mut states = 0;
        for words in events {
            if words[2].starts_with('+') {
                continue;
            }
            assert!(
                definition["States"][&words[2]].is_object(),
                "{name}: {words:?}"
            );
            states += 1;
        }
        assert!(states >= 5, "{name}: {states} states");
        let mut resources = 0;
        for words in recording.words_of("stack") {
            let is_resource = template.contains(&format!("\n  {}:\n", words[0]));
            assert!(
                is_resource || words[0] == "todobackend",
                "{name}: {words:?}"
            );
            resources += 1;
        }
        assert!(resources > 5, "{name}: {resources} resources");
    }
}
