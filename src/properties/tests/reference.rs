//! The tables of `infra/properties.md` against the schema.

use std::collections::BTreeMap;

use super::super::schema::{ROOT, Shape};

const REFERENCE: &str = include_str!("../../../infra/properties.md");

/// The properties of the tables, each with its default.
fn documented() -> BTreeMap<&'static str, &'static str> {
    let mut properties = BTreeMap::new();
    let mut lines = REFERENCE.lines();
    while lines.any(|line| line == "| property | default | meaning |") {
        let rows = lines.by_ref().skip(1);
        for row in rows.take_while(|line| line.starts_with('|')) {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [names, default, _] = cells[..] else {
                panic!("{row}")
            };
            for name in names.split(", ").map(|name| name.trim_matches('`')) {
                assert_eq!(properties.insert(name, default), None, "{name}");
            }
        }
    }
    properties
}

#[test]
fn the_reference_has_every_property_and_no_other() {
    let Shape::Structure(root) = &ROOT else {
        panic!("the properties are an object")
    };
    let documented = documented();
    let mut names = Vec::new();
    for field in root.fields {
        let (first, rest) = field.name.split_at(1);
        let name = first.to_uppercase() + rest;
        let default = documented.get(name.as_str());
        assert!(default.is_some(), "{name} is not in infra/properties.md");
        let is_required = default == Some(&"required");
        // CloudFormation itself asks for the token.
        if name != "ServiceToken" {
            assert_eq!(is_required, field.is_required, "{name}");
        }
        names.push(name);
    }
    let unknown: Vec<_> = documented
        .keys()
        .filter(|name| !names.iter().any(|known| known == *name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
