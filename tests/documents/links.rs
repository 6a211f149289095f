//! Links within the project lead somewhere.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::markdown::Document;
use crate::root;

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => assert!(plain.pop(), "{}", path.display()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn every_relative_link_leads_to_a_file_and_to_a_heading_that_it_has() {
    let documents = Document::all();
    let anchors: BTreeMap<_, _> = documents
        .iter()
        .map(|document| (document.path.as_str(), &document.anchors))
        .collect();
    let mut broken = Vec::new();
    let mut followed = 0;
    for document in &documents {
        let directory = Path::new(&document.path).parent().unwrap();
        for link in &document.links {
            if link.text.contains("://") {
                continue;
            }
            followed += 1;
            let (path, anchor) = link.text.split_once('#').unwrap_or((&link.text, ""));
            let target = if path.is_empty() {
                PathBuf::from(&document.path)
            } else {
                plain(&directory.join(path))
            };
            let has_anchor = anchor.is_empty()
                || anchors
                    .get(target.to_str().unwrap())
                    .is_some_and(|anchors| anchors.contains(anchor));
            if !root().join(&target).exists() || !has_anchor {
                broken.push(format!("{}: {}", link.place, link.text));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(followed > 40, "{followed} links");
}
