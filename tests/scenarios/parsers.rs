//! The parsers of outside input with what the fuzz targets begin from, and with input that is deep or huge. `tests/fuzz` goes on
//! from there.

#[path = "../fuzz/entries.rs"]
mod entries;

use std::path::{Path, PathBuf};

/// More than any of the inputs may have: a template has 1 MiB at most, an execution's input 256 KiB.
const HUGE: usize = 1_000_000;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = std::fs::read_dir(fuzz().join("seeds").join(target)).unwrap();
    directory.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn every_entry_has_a_target_and_seeds() {
    let package = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for (name, _) in entries::ALL {
        assert!(package.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
        let target = std::fs::read_to_string(fuzz().join(format!("targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("entries::{name}(data)")), "{name}");
        assert!(!seeds(name).is_empty(), "{name}");
    }
    assert_eq!(package.matches("[[bin]]").count(), entries::ALL.len());
}

#[test]
fn seeds_whole_and_cut_short_break_no_promise() {
    for (name, entry) in entries::ALL {
        for (path, seed) in seeds(name) {
            println!("{}", path.display());
            entry(&seed);
            for end in (0..seed.len()).step_by(5) {
                entry(&seed[..end]);
            }
        }
    }
}

#[test]
fn deep_and_huge_input_breaks_no_promise() {
    let repeated = |text: &str| text.repeat(HUGE / text.len());
    let around = |before: &str, after: &str| before.repeat(HUGE / 2 / before.len()) + &after.repeat(HUGE / 2 / before.len());
    let inputs = [
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
        format!("\"{}\"", repeated("\\u0000")),
        format!("[{}1]", repeated("1,")),
        format!("{{{}\"a\":1}}", (0..HUGE / 12).fold(String::new(), |members, number| members + &format!("\"{number:06}\":1,"))),
        format!("https://{}", repeated("a.")),
        format!("https://{}", repeated("@")),
        format!("sealed:v1:{}", repeated("A")),
        format!("https://a/?{}", repeated("X-Amz-Expires=1&")),
    ];
    for (name, entry) in entries::ALL {
        for input in &inputs {
            println!("{name} {}", input.chars().take(20).collect::<String>());
            entry(input.as_bytes());
        }
    }
}
