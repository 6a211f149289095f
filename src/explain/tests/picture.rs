//! Executions as pictures.

mod cases;
mod observed;
mod sound;

use std::collections::BTreeSet;

use roxmltree::{Document, Node};
use serde_json::json;

use super::claimed;
use super::histories::{History, time};
use crate::execution::status::ExecutionStatus;
use crate::explain::Picture;
use cases::CASES;
pub(super) use sound::assert_sound;
use sound::{NS, number};

/// The picture of the execution, half an hour after its start.
fn draw(history: &History, status: ExecutionStatus) -> String {
    let now = 1_800_000;
    let explanation = history.explain_at(status, now);
    let picture = Picture::of(&explanation, &[], time(now)).to_string();
    assert_sound(&picture);
    picture
}

/// The rows of the picture as text: names, bars with their places in percent of the axis, marks, and
/// what stands behind them.
fn rows(picture: &str) -> Vec<String> {
    const AXIS: (f64, f64) = (270.0, 420.0);
    let percent = |x: f64| format!("{:.0}", (x - AXIS.0) / AXIS.1 * 100.0);
    let document = Document::parse(picture).unwrap();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let elements = document.root_element().children().filter(Node::is_element);
    let behind_axis = elements.skip_while(|node| node.attribute("class") != Some("strong"));
    for node in behind_axis {
        let class = node.attribute("class").unwrap_or_default();
        let part = match node.tag_name().name() {
            // The legend follows, whose bars have no title.
            "rect" if !node.has_children() => break,
            "rect" => {
                let x = number(node, "x");
                format!(
                    "{class} {}-{}",
                    percent(x),
                    percent(x + number(node, "width"))
                )
            }
            "circle" | "path" => format!("[{class}]"),
            "text" if class == "strong" => {
                rows.push(Vec::new());
                node.text().unwrap().to_owned()
            }
            _ => node.text().unwrap().to_owned(),
        };
        rows.last_mut().unwrap().push(part);
    }
    rows.into_iter().map(|row| row.join(" | ")).collect()
}

#[test]
fn each_kind_of_history_has_its_rows() {
    for (index, (request_type, status, events, expected)) in CASES.iter().enumerate() {
        let mut history = History::of(request_type);
        events(&mut history);
        let picture = draw(&history, *status);
        assert_eq!(rows(&picture), *expected, "case {index}");
    }
}

#[test]
fn many_attempts_are_shown_from_both_ends() {
    let mut history = History::of("Create");
    for attempt in 0..1_000 {
        history
            .scheduled(attempt * 1_000)
            .claimed(attempt * 1_000, "i")
            .failed(attempt * 1_000 + 1, "Worker.HandedOver", "");
    }
    let rows = rows(&draw(&history, ExecutionStatus::Running));
    assert_eq!(rows.len(), 26);
    assert_eq!(rows[13], "… 976 more attempts");
    assert!(rows[14].starts_with("attempt 989 | "), "{}", rows[14]);
}

#[test]
fn the_conclusion_stands_below_as_text_and_a_long_one_is_cut() {
    let cause = format!(
        "It failed: <b> & \"c\".\n{}end",
        "日本 a log line\n".repeat(2_000)
    );
    let mut history = History::of("Create");
    claimed(&mut history)
        .failed(42_000, "EcsTask.Failed", &cause)
        .entered(
            42_100,
            "RespondFailure",
            &json!({"error": {"Error": "EcsTask.Failed", "Cause": cause}}),
        )
        .invoked(42_800, "Succeeded")
        .ended(43_000, "Failed", "EcsTask.Failed", "");
    let picture = draw(&history, ExecutionStatus::Failed);
    let document = Document::parse(&picture).unwrap();
    let texts: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name((NS, "text")))
        .filter_map(|node| node.text())
        .collect();
    for line in [
        "Failed. CloudFormation was sent FAILED, 43 s after its request.",
        "  EcsTask.Failed: It failed: <b> & \"c\".",
        "  end",
        "What to do: read the log lines.",
    ] {
        assert!(texts.contains(&line), "{line:?} is not in {texts:?}");
    }
    assert!(texts.len() < 100, "{}", texts.len());
    assert!(
        texts
            .iter()
            .any(|text| text.ends_with("more lines; --json shows all"))
    );
}

#[test]
fn whoever_cannot_see_the_picture_gets_the_explanation() {
    let mut history = History::of("Create");
    claimed(&mut history);
    let explanation = history.explain_at(ExecutionStatus::Running, 61_400);
    let picture = Picture::of(&explanation, &[], time(61_400)).to_string();
    let document = Document::parse(&picture).unwrap();
    let of = |name| {
        let node = document.root_element().children();
        let mut found = node.filter(|node| node.has_tag_name((NS, name)));
        found.next().unwrap().text().unwrap()
    };
    assert_eq!(
        of("title"),
        "Create of MigrateTask (Custom::EcsTask) in stack todobackend"
    );
    assert_eq!(of("desc"), explanation.to_string().trim_end());
}

#[test]
fn an_execution_of_any_length_has_a_sound_axis() {
    let history = History::of("Create");
    let a_year = 365 * 24 * 3_600_000;
    let mut length = 1;
    while length <= a_year {
        let explanation = history.explain_at(ExecutionStatus::Running, length);
        assert_sound(&Picture::of(&explanation, &[], time(length)).to_string());
        length += 1 + length / 50;
    }
}

#[test]
fn the_picture_is_light_or_dark_as_its_viewer_prefers() {
    let picture = draw(&History::of("Create"), ExecutionStatus::Running);
    let sheet = picture.split("<style>").nth(1).unwrap();
    let sheet = sheet.split("</style>").next().unwrap();
    let (light, dark) = sheet
        .split_once("@media (prefers-color-scheme: dark) {")
        .unwrap();
    // What has a colour on light ground has another one on dark ground.
    let coloured = |sheet: &str| {
        let rules = sheet.lines().filter(|line| line.contains('#'));
        let names = rules.map(|rule| rule.split(' ').next().unwrap().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    assert_eq!(coloured(light), coloured(dark));
}

/// The picture without numbers, names that have some, and the axis, whose lines depend on them.
fn without_numbers(picture: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".:".contains(c);
    let mut kept = String::new();
    for line in picture.lines() {
        if [r#"class="grid""#, r#"class="quiet middle""#]
            .iter()
            .any(|axis| line.contains(axis))
        {
            continue;
        }
        for word in line.split_inclusive(|c| !is_part(c)) {
            let (word, end) = word.split_at(word.trim_end_matches(|c| !is_part(c)).len());
            let has_digit = word.contains(|c: char| c.is_ascii_digit());
            kept += if has_digit { "#" } else { word };
            kept += end;
        }
        kept.push('\n');
    }
    let lengths = [("# h # min", "# s"), ("# min # s", "# s"), ("# ms", "# s")];
    for (written, as_if) in lengths {
        kept = kept.replace(written, as_if);
    }
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    kept.lines().map(|line| words(line) + "\n").collect()
}

#[test]
fn the_readmes_picture_of_a_takeover_is_what_is_drawn_but_for_numbers() {
    let task = "arn:aws:ecs:us-east-1:000000000000:task/todobackend/9bc2036f7fd0";
    let output = json!({"TaskArn": task, "TaskArns": task, "ExitCode": "0",
        "StartedAt": "2026-11-23T06:00:00.7Z", "StoppedAt": "2026-11-23T06:01:12.1Z"});
    let mut history = History::of("Create");
    history
        .of_local_run()
        .scheduled(200)
        .claimed(600, "local-1")
        .timed_out(61_000, "States.HeartbeatTimeout")
        .scheduled(62_000)
        .claimed(62_200, "local-2")
        .succeeded(72_400)
        .entered(72_400, "RespondSuccess", &json!({"output": output}))
        .invoked(72_600, "Succeeded")
        .ended(72_700, "Succeeded", "", "");
    let explanation = history.explain(ExecutionStatus::Succeeded);
    let moments = [650, 655, 660, 700, 72_100, 72_100].map(Some);
    let tasks = [observed::task(moments, &[0])];
    let drawn = Picture::of(&explanation, &tasks, time(0)).to_string();
    let drawn = without_numbers(&drawn);
    let kept = without_numbers(include_str!("../../../infra/pictures/takeover.svg"));
    assert_eq!(kept, drawn, "cargo pictures makes the picture anew");
}
