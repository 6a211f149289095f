//! The parsers of outside input with what the fuzz targets begin from, and with input that is deep
//! or huge. `tests/fuzz` goes on from there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use ecs_task_runner::check::{DocumentKind, FileReport, MAX_DOCUMENT_BYTES, RESOURCE_TYPE};

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
    let mut inputs = vec![
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
        filled(
            &format!("{RUN}  ? {}\n  : DependsOn: [", "long".repeat(5_000)),
            "a,",
            "a]\n",
        ),
        filled(&format!("- &a {}\n", "x".repeat(300_000)), "- *a\n", ""),
        filled(&format!("{RUN}Outputs: {{A: !Sub '"), "${R.x}", "'}\n"),
    ];
    let documents = [
        resources_of_a_long_loop(),
        chain_of_resources(),
        services_and_tasks(),
    ];
    inputs.extend(documents.map(|document| filled(&(document + "#"), "#", "")));
    inputs
}

/// A template with one resource that `check` looks at.
const RUN: &str = "Resources:
  R: {Type: 'Custom::EcsTask', Properties: {ServiceToken: a, Cluster: c, TaskDefinition: 't:1'}}
";

/// A line for each number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|number| line(number) + "\n").collect()
}

/// Resources whose ways in the document all begin with the same long key.
fn resources_of_a_long_loop() -> String {
    let resources = lines(14_000, |number| {
        format!("   A{number:05}: {{Type: 'Custom::EcsTask'}},")
    });
    let key = "long".repeat(125_000);
    format!("Resources:\n  ? Fn::ForEach::{key}\n  : [A, [a], {{{resources}   }}]\n")
}

/// Tasks that are to run in the network of a service, which depends on all of them by a long chain.
fn chain_of_resources() -> String {
    let (links, tasks) = (15_000, 4_000);
    let chain = lines(links, |number| {
        format!(" L{number}: {{DependsOn: L{}}}", number + 1)
    });
    let ends = lines(tasks, |number| format!("  - T{number}"));
    let tasks = lines(tasks, |number| {
        format!(
            " T{number}: {{Type: 'Custom::EcsTask', Properties: {{ServiceToken: a, Cluster: c, TaskDefinition: 't:1', NetworkFrom: !Ref S}}}}"
        )
    });
    format!(
        "Resources:\n S: {{Type: 'AWS::ECS::Service', DependsOn: L0}}\n{chain} L{links}:\n  DependsOn:\n{ends}{tasks}"
    )
}

/// Tasks that name a service, which each of many services may be.
fn services_and_tasks() -> String {
    let services = lines(5_000, |number| {
        format!(" S{number}: {{Type: 'AWS::ECS::Service', Properties: *s}}")
    });
    let tasks = lines(5_000, |number| {
        format!(" T{number}: {{Type: 'Custom::EcsTask', Properties: *t}}")
    });
    format!(
        "Metadata:\n - &s {{Cluster: c, ServiceName: w}}\n - &t {{ServiceToken: a, Cluster: c, TaskDefinition: 't:1', NetworkFrom: w}}\nResources:\n{services}{tasks}"
    )
}

/// Else they would say nothing of what is done with a template that was read.
#[test]
fn the_large_templates_are_read_as_templates() {
    let size = MAX_DOCUMENT_BYTES;
    let is_template = |input: &String| input.starts_with("Resources:") || input.starts_with("Meta");
    let templates: Vec<_> = inputs(size).into_iter().filter(is_template).collect();
    assert_eq!(templates.len(), 5);
    for template in templates {
        let report = FileReport::of("t", &template, &[RESOURCE_TYPE], false);
        assert_eq!(report.kind, Some(DocumentKind::Template), "{report:?}");
        assert!(!report.checked.is_empty(), "{report:?}");
    }
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
