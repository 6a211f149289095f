//! What `infra/deploy --package-only` makes: programs that start on Amazon Linux 2023, within the
//! sizes that were promised.
//!
//! `PACKAGE_DIRECTORY` names the package. It takes minutes to make, so that the test is ignored
//! where it was not made for it: `.ci/run` does both.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use local_run::directories::{RunDirectory, workspace_directory};
use object::Architecture;
use object::elf::FileHeader64;
use object::read::Object;
use object::read::elf::{ElfFile64, FileHeader, VerneedIterator};
use sha2::{Digest, Sha256};

/// The glibc of Amazon Linux 2023 (<https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html>).
const GLIBC: [u32; 2] = [2, 34];

/// What was promised, in bytes. Lambda itself takes 50 MB.
const MOST_ZIP: u64 = 8_000_000;
const MOST_WORKER: u64 = 20_000_000;

#[test]
#[ignore = "needs PACKAGE_DIRECTORY, a package that was made of these sources: .ci/run makes it"]
fn the_package_starts_on_amazon_linux_2023() {
    let package = std::env::var_os("PACKAGE_DIRECTORY")
        .expect("PACKAGE_DIRECTORY names what infra/deploy --package-only has made");
    let package = workspace_directory().join(package);
    let worker = package.join("ecs-task-runner");
    let zip = fs::read(package.join("custom-resource.zip")).unwrap();
    assert!(
        zip.len() as u64 <= MOST_ZIP,
        "custom-resource.zip has {} bytes",
        zip.len()
    );
    assert!(
        fs::metadata(&worker).unwrap().len() <= MOST_WORKER,
        "ecs-task-runner has {} bytes",
        fs::metadata(&worker).unwrap().len()
    );
    sums_are_right(&package);

    let unpacked = RunDirectory::create("package-test")
        .unwrap()
        .file("bootstrap");
    unpack(zip, &unpacked);
    for (program, name) in [(&worker, "ecs-task-runner"), (&unpacked, "custom-resource")] {
        let architecture = asks_for_no_newer_glibc(program);
        assert_eq!(package.file_name().unwrap(), architecture);
        if architecture == this_machine() {
            tells_its_version(program, name);
        }
    }
}

/// The names that the file has in a package's directory.
fn sums_are_right(package: &Path) {
    let sums = fs::read_to_string(package.join("SHA256SUMS")).unwrap();
    let sums: Vec<_> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .collect();
    assert_eq!(
        sums.iter().map(|(_, name)| *name).collect::<Vec<_>>(),
        ["custom-resource.zip", "ecs-task-runner"]
    );
    for (sum, name) in sums {
        assert_eq!(
            sum,
            hex::encode(Sha256::digest(fs::read(package.join(name)).unwrap())),
            "{name}"
        );
    }
}

/// Nothing of the day or the machine is in the zip, so that the same program has the same hash.
fn unpack(zip: Vec<u8>, to: &Path) {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    assert_eq!(archive.len(), 1);
    let mut entry = archive.by_name("bootstrap").unwrap();
    assert_eq!(entry.unix_mode().unwrap() & 0o7777, 0o755);
    assert_eq!(entry.last_modified().unwrap(), zip::DateTime::default());
    let mut program = Vec::new();
    entry.read_to_end(&mut program).unwrap();
    fs::write(to, program).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A program needs the newest glibc whose symbols it names.
fn asks_for_no_newer_glibc(program: &Path) -> &'static str {
    let data = fs::read(program).unwrap();
    let newest = glibc_versions(&data)
        .into_iter()
        .max()
        .expect("a program of Rust's gnu targets calls glibc");
    println!(
        "  {}: {} bytes, glibc {newest:?}",
        program.display(),
        data.len()
    );
    assert!(
        newest.as_slice() <= GLIBC.as_slice(),
        "{} asks for glibc {newest:?}",
        program.display()
    );
    match ElfFile64::<object::Endianness>::parse(&*data)
        .unwrap()
        .architecture()
    {
        Architecture::X86_64 => "x86_64",
        Architecture::Aarch64 => "arm64",
        other => panic!("{} is for {other:?}", program.display()),
    }
}

/// The versions of glibc that a program names, such as `[2, 34]`.
fn glibc_versions(data: &[u8]) -> Vec<Vec<u32>> {
    let header = FileHeader64::<object::Endianness>::parse(data).unwrap();
    let endian = header.endian().unwrap();
    let sections = header.sections(endian, data).unwrap();
    let (mut needed, strings): (VerneedIterator<'_, _>, _) = {
        let (needed, link) = sections
            .gnu_verneed(endian, data)
            .unwrap()
            .expect("a dynamic program names versions");
        (needed, sections.strings(endian, data, link).unwrap())
    };
    let mut versions = Vec::new();
    while let Some((_, mut symbols)) = needed.next().unwrap() {
        while let Some(symbol) = symbols.next().unwrap() {
            let name = std::str::from_utf8(symbol.name(endian, strings).unwrap()).unwrap();
            if let Some(version) = name.strip_prefix("GLIBC_") {
                versions.push(
                    version
                        .split('.')
                        .map(|number| number.parse().unwrap())
                        .collect(),
                );
            }
        }
    }
    versions
}

fn this_machine() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    }
}

/// As in `ecs-task-runner 0.1.0 (83348f7, 2026-11-23)`.
fn tells_its_version(program: &Path, name: &str) {
    let output = Command::new(program)
        .arg("--version")
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let commit = told
        .strip_prefix(&format!("{name} {} (", env!("CARGO_PKG_VERSION")))
        .and_then(|rest| rest.strip_suffix(")\n"));
    let (commit, day) = commit
        .and_then(|commit| commit.split_once(", "))
        .unwrap_or_else(|| panic!("{name} names no commit: {told}"));
    assert!(
        commit
            .trim_end_matches("-dirty")
            .bytes()
            .all(|digit| digit.is_ascii_hexdigit())
            && commit.len() >= 7,
        "{told}"
    );
    assert_eq!(day.len(), "2026-11-23".len(), "{told}");
}

#[test]
fn versions_are_read_from_this_very_program() {
    let program = fs::read(std::env::current_exe().unwrap()).unwrap();
    let versions = glibc_versions(&program);
    // Every program of Rust's gnu targets starts with __libc_start_main, which glibc 2.34 gave a
    // new version.
    assert!(
        versions
            .iter()
            .any(|version| version.as_slice() >= [2, 17].as_slice()),
        "{versions:?}"
    );
}
