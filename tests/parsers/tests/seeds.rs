//! The parsers of outside input with what the fuzz targets begin from, and with input that is deep
//! or huge. `tests/fuzz` goes on from there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use ecs_task_runner::check::MAX_DOCUMENT_BYTES;

/// As much as the largest of the inputs, a template, may have and is read of; and more than any may
/// have.
const SIZES: [usize; 2] = [MAX_DOCUMENT_BYTES, MAX_DOCUMENT_BYTES + 64 * 1024];
/// How long an input may be short of its size, since it repeats whole pieces.
const PIECE: usize = 64;

fn fuzz() -> PathBuf {
    parsers::seeds().join("..")
}

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = std::fs::read_dir(parsers::seeds().join(target)).unwrap();
    directory
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

#[test]
fn every_entry_has_a_target_and_seeds() {
    let package = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for (name, _) in parsers::ALL {
        assert!(
            package.contains(&format!("path = \"targets/{name}.rs\"")),
            "{name}"
        );
        let target = std::fs::read_to_string(fuzz().join(format!("targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("parsers::{name}(data)")), "{name}");
        assert!(!seeds(name).is_empty(), "{name}");
    }
    assert_eq!(package.matches("[[bin]]").count(), parsers::ALL.len());
}

#[test]
fn seeds_whole_and_cut_short_break_no_promise() {
    for (name, entry) in parsers::ALL {
        for (path, seed) in seeds(name) {
            println!("{}", path.display());
            entry(&seed);
            for end in (0..seed.len()).step_by(5) {
                entry(&seed[..end]);
            }
        }
    }
}

/// Deep and huge inputs of about this many bytes, and no more.
fn inputs(size: usize) -> Vec<String> {
    let filled = |before: &str, text: &str, after: &str| {
        let times = (size - before.len() - after.len()) / text.len();
        format!("{before}{}{after}", text.repeat(times))
    };
    let repeated = |text: &str| filled("", text, "");
    let around = |before: &str, after: &str| {
        let times = size / (before.len() + after.len());
        before.repeat(times) + &after.repeat(times)
    };
    // With a comma and a line of its own for each name.
    let members = (0..(size - 8) / 11).fold(String::new(), |members, number| {
        members + &format!("\"{number:06}\":1,")
    });
    vec![
        around("[", "]"),
        around("{\"a\":", "}"),
        around("{\"Overrides\":[", "]}"),
        repeated("- "),
        repeated("? "),
        repeated("!Sub "),
        repeated("&a "),
        repeated("a: "),
        repeated("a:\n"),
        repeated("[{"),
        repeated("#\n"),
        repeated("\u{0}"),
        repeated("\u{feff}"),
        filled("\"", "\\u0000", "\""),
        filled("[", "1,", "1]"),
        format!("{{{members}\"a\":1}}"),
        filled("https://", "a.", ""),
        filled("https://", "@", ""),
        filled("sealed:v1:", "A", ""),
        filled("https://a/?", "X-Amz-Expires=1&", ""),
    ]
}

#[test]
fn deep_and_huge_input_breaks_no_promise() {
    if let Some(whole) = in_bounded_memory("deep_and_huge_input_breaks_no_promise") {
        assert!(
            whole.status.success(),
            "{}",
            String::from_utf8_lossy(&whole.stderr)
        );
        return;
    }
    let inputs: Vec<_> = SIZES.into_iter().flat_map(inputs).collect();
    for (name, entry) in parsers::ALL {
        for input in &inputs {
            println!("{name} {}", input.chars().take(20).collect::<String>());
            entry(input.as_bytes());
        }
    }
}

#[test]
fn deep_and_huge_input_has_the_size_it_is_to_have() {
    for size in SIZES {
        for input in inputs(size) {
            let begins: String = input.chars().take(20).collect();
            assert!(
                (size - PIECE..=size).contains(&input.len()),
                "{begins}: {} bytes for {size}",
                input.len()
            );
        }
    }
}

/// Address space for the test that parses, in KiB. Half of it suffices, and a kilobyte for each
/// byte of input has no room in it.
const MEMORY: u32 = 1024 * 1024;
const IS_BOUNDED: &str = "PARSERS_IN_BOUNDED_MEMORY";

/// Runs a test of this program again as a process that may have so much memory and no more. `None`
/// in that process, and where the system keeps no such limit.
fn in_bounded_memory(test: &str) -> Option<std::process::Output> {
    if !cfg!(target_os = "linux") || std::env::var_os(IS_BOUNDED).is_some() {
        return None;
    }
    let limited = format!("ulimit -v {MEMORY} && exec \"$0\" --exact {test} --test-threads 1");
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &limited])
        .arg(std::env::current_exe().unwrap())
        .env(IS_BOUNDED, "1");
    Some(command.output().unwrap())
}
