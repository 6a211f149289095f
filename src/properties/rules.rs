//! What must hold between the members of a structure or the items of a list, beyond what the shape
//! of each says.
//!
//! A rule reports only what is wrong for certain; what a template leaves open is judged when the
//! event comes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::checked::{Checked, Members};
use super::limits::{MAX_OVERRIDES_CHARACTERS, TIMEOUT_SECONDS, TIMEOUT_WITH_HANDLE_SECONDS};
use super::names::pascal_case;
use super::problems::{Path, Problems};
use super::scalars;
use super::schema::{Field, ListRule, Rule};
use crate::arn::last_part;

/// Applies `rule` to the members of the structure at `path`.
pub(super) fn apply(rule: &Rule, members: &Members<'_>, path: &Path<'_>, problems: &mut Problems) {
    match rule {
        Rule::NotTogether(one, others, why) => {
            let Some(one) = members.spelling(one).filter(|_| members.is_given(one)) else {
                return;
            };
            for other in others.iter().filter(|other| members.is_given(other)) {
                if let Some(other) = members.spelling(other) {
                    problems.add(&path.key(other), not_together(one, why));
                }
            }
        }
        Rule::NotTogetherWithTrue(switch, other, why) => {
            let is_true = matches!(members.get(switch), Checked::Known(Value::Bool(true)));
            if let Some(switch) = members.spelling(switch).filter(|_| is_true)
                && members.is_given(other)
                && let Some(other) = members.spelling(other)
            {
                problems.add(&path.key(other), not_together_with_true(switch, why));
            }
        }
        Rule::OneOf(names) => {
            if names.iter().all(|name| members.is_missing(name)) {
                let spelled: Vec<_> = names.iter().map(|name| members.would_spell(name)).collect();
                problems.add(path, lacks(&spelled));
            }
        }
        Rule::Needs(field, word, member) => {
            if members.get(field).text() == Some(word) && members.is_missing(member) {
                let member = members.would_spell(member);
                problems.add(path, lacks_what_is_needed(&member, word));
            }
        }
        Rule::NotFor(field, word, member) => {
            if members.get(field).text() == Some(word)
                && members.is_given(member)
                && let Some(member) = members.spelling(member)
            {
                problems.add(&path.key(member), not_for(word));
            }
        }
        Rule::Check(check) | Rule::InAStack(check) => check(members, path, problems),
    }
}

/// Applies `rule` to the items of the list at `path`.
pub(super) fn apply_to_list(
    rule: &ListRule,
    items: &[Checked<'_>],
    path: &Path<'_>,
    problems: &mut Problems,
) {
    match rule {
        ListRule::SomeAboveZero(name, message) => {
            let has_none = |item: &Checked<'_>| match item.member(name) {
                Checked::Absent => true,
                value => value.number() == Some(0),
            };
            if items.len() > 1 && items.iter().all(has_none) {
                problems.add(path, *message);
            }
        }
        ListRule::OneAboveZero(name, message) => {
            let number = |item: &Checked<'_>| item.member(name).number();
            let above = items
                .iter()
                .filter(|item| number(item).is_some_and(|number| number > 0));
            if above.count() > 1 {
                problems.add(path, *message);
            }
        }
        ListRule::Check(check) => check(items, path, problems),
    }
}

/// What to say of a member that is required and not given. Like the sentences of rules below, it is
/// the rest of one that begins with a path.
pub(super) fn is_missing(field: &Field) -> String {
    let expectation = scalars::expectation(&field.shape);
    format!("is missing; expected {expectation}")
}

/// What to say of a member that is given together with `one`.
pub(super) fn not_together(one: &str, why: &str) -> String {
    format!("cannot be given together with {one}: {why}; leave one of the two out")
}

/// What to say of a member that is given where `switch` is true.
pub(super) fn not_together_with_true(switch: &str, why: &str) -> String {
    not_together(&format!("{switch}: true"), why)
}

/// What to say where none of `names` is given.
pub(super) fn lacks(names: &[String]) -> String {
    format!("lacks {}", names.join(" or "))
}

/// What to say where `member` is not given, which `word` needs.
pub(super) fn lacks_what_is_needed(member: &str, word: &str) -> String {
    format!("lacks {member}, which {word} needs")
}

/// What to say of a member that `word` excludes.
pub(super) fn not_for(word: &str) -> String {
    format!("cannot be given for {word}")
}

/// ECS counts the characters of the overrides as JSON (API reference, `RunTask`, `overrides`).
pub(super) fn overrides_fit_the_api(
    members: &Members<'_>,
    path: &Path<'_>,
    problems: &mut Problems,
) {
    let Some(characters) = members
        .to_known()
        .map(|overrides| overrides.to_string().chars().count())
    else {
        return;
    };
    if characters > MAX_OVERRIDES_CHARACTERS {
        problems.add(
            path,
            format!(
                "has {characters} characters as JSON; ECS takes at most {MAX_OVERRIDES_CHARACTERS}: \
                 move long values to environment files, secrets or the task definition"
            ),
        );
    }
}

/// CloudFormation waits an hour for a resource, and longer for a wait condition only.
pub(super) fn timeout_over_the_hour_needs_a_handle(
    members: &Members<'_>,
    path: &Path<'_>,
    problems: &mut Problems,
) {
    let (min, max) = TIMEOUT_SECONDS;
    let Some(seconds) = members.get("timeout").number().filter(|&given| given > max) else {
        return;
    };
    if members.is_missing("waitConditionHandle") {
        let timeout = members.spelling("timeout").unwrap_or("timeout");
        problems.add(
            &path.key(timeout),
            format!(
                "is {seconds}; expected a whole number from {min} to {max}, or up to {} together with {}",
                TIMEOUT_WITH_HANDLE_SECONDS.1,
                members.would_spell("waitConditionHandle")
            ),
        );
    }
}

/// `binpack` takes one of two fields (API reference, `PlacementStrategy`).
pub(super) fn binpack_fills_cpu_or_memory(
    members: &Members<'_>,
    path: &Path<'_>,
    problems: &mut Problems,
) {
    let is_packable =
        |field: &str| field.eq_ignore_ascii_case("cpu") || field.eq_ignore_ascii_case("memory");
    if members.get("type").text() == Some("binpack")
        && let Some(field) = members.get("field").text()
        && !is_packable(field)
    {
        let spelling = members.spelling("field").unwrap_or("field");
        problems.add(
            &path.key(spelling),
            "is neither cpu nor memory, which binpack needs",
        );
    }
}

/// The worker finds a task of its run again by the instance that the task is on, and could not
/// distinguish two tasks on one instance.
pub(super) fn instances_differ(items: &[Checked<'_>], path: &Path<'_>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let Some(id) = item.text().map(last_part) else {
            continue;
        };
        if !seen.insert(id) {
            problems.add(
                &path.index(index),
                "names an instance that an earlier item names".to_owned(),
            );
        }
    }
}

/// "Each tag key must be unique" (API reference, `RunTask`, `tags`).
pub(super) fn tag_keys_differ(items: &[Checked<'_>], path: &Path<'_>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let Some(key) = item.member("key").text() else {
            continue;
        };
        if !seen.insert(key) {
            problems.add(
                &path.index(index),
                format!("has a {} that an earlier tag has", pascal_case("key")),
            );
        }
    }
}
