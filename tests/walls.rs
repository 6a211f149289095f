//! The walls between the rooms of the library: the map in `src/lib.rs`, held against the code.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The first room of the core; it and all rooms further down are pure.
const FIRST_OF_CORE: &str = "execution";
/// Where types of the AWS SDK may stand, as beginnings of paths below `src/`.
const WITH_SDK: [&str; 2] = ["aws", "activity/client"];

/// A room of the map, with what it may import.
struct Room {
    name: String,
    imports: BTreeSet<String>,
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The table in the documentation of the library, from top to bottom.
fn map() -> Vec<Room> {
    let library = fs::read_to_string(source().join("lib.rs")).unwrap();
    let words = |cell: &str| {
        let odd = |(index, word)| (index % 2 == 1).then_some(word);
        let words = cell.split('`').enumerate().filter_map(odd);
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    library
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `"))
        .map(|row| {
            let (name, rest) = row.split_once('`').unwrap();
            let imports = rest.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            Room {
                name: name.to_owned(),
                imports: words(imports).into_iter().collect(),
            }
        })
        .collect()
}

/// The code of every file of the library without its comments, by its path below `src/`.
fn files() -> BTreeMap<String, String> {
    fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    collect(&source(), &mut paths);
    let files = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let name = path.strip_prefix(source()).unwrap().to_str().unwrap();
        (name.to_owned(), code.collect::<Vec<_>>().join("\n"))
    });
    files
        .filter(|(name, _)| name != "lib.rs" && !name.starts_with("bin/"))
        .collect()
}

fn room_of(file: &str) -> &str {
    let first = file.split('/').next().unwrap();
    first.trim_end_matches(".rs")
}

/// What follows each `crate::` of a file.
fn imports(code: &str) -> BTreeSet<&str> {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.split(ends).next().unwrap())
        .collect()
}

#[test]
fn every_room_is_on_the_map_and_every_room_of_the_map_is_there() {
    let on_the_map: BTreeSet<_> = map().into_iter().map(|room| room.name).collect();
    let files = files();
    let there: BTreeSet<_> = files.keys().map(|file| room_of(file).to_owned()).collect();
    assert_eq!(on_the_map, there);
}

#[test]
fn no_room_of_the_map_imports_from_further_up() {
    let map = map();
    for (index, room) in map.iter().enumerate() {
        let below: BTreeSet<_> = map[index + 1..].iter().map(|room| &room.name).collect();
        let above: Vec<_> = room
            .imports
            .iter()
            .filter(|import| !below.contains(import))
            .collect();
        assert!(above.is_empty(), "{} imports {above:?}", room.name);
    }
}

#[test]
fn no_file_imports_what_the_map_does_not_allow_its_room() {
    let rooms: BTreeMap<_, _> = map()
        .into_iter()
        .map(|room| (room.name, room.imports))
        .collect();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for (file, code) in files() {
        let room = room_of(&file);
        for import in imports(&code) {
            assert!(
                import == room || rooms[room].contains(import),
                "src/{file} imports `crate::{import}`, which the map in src/lib.rs does not allow `{room}`"
            );
            used.insert((room.to_owned(), import.to_owned()));
        }
    }
    for (room, imports) in rooms {
        for import in imports {
            assert!(
                used.contains(&(room.clone(), import.clone())),
                "the map in src/lib.rs says that `{room}` imports `{import}`, and no file does"
            );
        }
    }
}

#[test]
fn types_of_the_sdk_stay_at_the_edge() {
    for (file, code) in files() {
        let may = WITH_SDK.iter().any(|place| file.starts_with(place));
        for krate in ["aws_sdk_", "aws_smithy_", "aws_config", "aws_credential_"] {
            assert!(may || !code.contains(krate), "src/{file} uses {krate}…");
        }
    }
}

#[test]
fn the_core_is_pure() {
    let map = map();
    let core = map.iter().skip_while(|room| room.name != FIRST_OF_CORE);
    let core: BTreeSet<_> = core.map(|room| room.name.as_str()).collect();
    assert!(core.contains("clock") && !core.contains("aws"));
    for (file, code) in files() {
        if core.contains(room_of(&file)) {
            for impure in ["tokio", "async ", "crate::aws"] {
                assert!(!code.contains(impure), "src/{file} has '{impure}'");
            }
        }
    }
}
