//! What must hold between the members of a structure or the items of a list, beyond what the shape
//! of each says.
//!
//! A rule reports only what is wrong for certain; what a template leaves open is judged when the
//! event comes.

use std::collections::BTreeSet;

use super::checked::{Checked, Members};
use super::limits::{MAX_OVERRIDES_CHARACTERS, TIMEOUT_SECONDS, TIMEOUT_WITH_HANDLE_SECONDS};
use super::names::pascal_case;
use super::problems::{Path, Problems};
use super::schema::Rule;
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
                    problems.add(
                        &path.key(other),
                        format!(
                            "cannot be given together with {one}: {why}; leave one of the two out"
                        ),
                    );
                }
            }
        }
        Rule::OneOf(names) => {
            if names.iter().all(|name| members.is_missing(name)) {
                let spelled: Vec<_> = names.iter().map(|name| members.would_spell(name)).collect();
                problems.add(path, format!("lacks {}", spelled.join(" or ")));
            }
        }
        Rule::Check(check) | Rule::InAStack(check) => check(members, path, problems),
    }
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

/// "You can't specify an expression if the constraint type is distinctInstance" (API reference,
/// `PlacementConstraint`).
pub(super) fn expression_belongs_to_member_of(
    members: &Members<'_>,
    path: &Path<'_>,
    problems: &mut Problems,
) {
    match members.get("type").text() {
        Some("memberOf") if members.is_missing("expression") => {
            problems.add(
                path,
                format!(
                    "lacks {}, which memberOf needs",
                    members.would_spell("expression")
                ),
            );
        }
        Some("distinctInstance") if members.is_given("expression") => {
            let expression = members.spelling("expression").unwrap_or("expression");
            problems.add(
                &path.key(expression),
                "cannot be given for distinctInstance",
            );
        }
        _ => {}
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

/// One of them runs the task definition that comes back, the other that of the update that failed.
pub(super) fn a_rollback_runs_one_task(
    members: &Members<'_>,
    path: &Path<'_>,
    problems: &mut Problems,
) {
    let runs_old_task = matches!(
        members.get("runOnRollback"),
        Checked::Known(value) if value.as_bool() == Some(true)
    );
    let Some(overrides) = members
        .spelling("rollbackOverrides")
        .filter(|_| runs_old_task && members.is_given("rollbackOverrides"))
    else {
        return;
    };
    let run_on_rollback = members.spelling("runOnRollback").unwrap_or("runOnRollback");
    problems.add(
        &path.key(overrides),
        format!(
            "cannot be given together with {run_on_rollback}: true: a rollback runs the task definition of the update that failed, or that of the version before it; leave one of the two out"
        ),
    );
}

/// `spread` needs a field, `binpack` one of two (API reference, `PlacementStrategy`).
pub(super) fn placement_field_fits_its_type(
    members: &Members<'_>,
    path: &Path<'_>,
    problems: &mut Problems,
) {
    let Some(strategy @ ("spread" | "binpack")) = members.get("type").text() else {
        return;
    };
    if members.is_missing("field") {
        problems.add(
            path,
            format!(
                "lacks {}, which {strategy} needs",
                members.would_spell("field")
            ),
        );
    }
    let is_packable =
        |field: &str| field.eq_ignore_ascii_case("cpu") || field.eq_ignore_ascii_case("memory");
    if strategy == "binpack"
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

/// Several providers of which none has a weight fail every `RunTask` (API reference,
/// `CapacityProviderStrategyItem`).
pub(super) fn some_capacity_provider_has_weight(
    items: &[Checked<'_>],
    path: &Path<'_>,
    problems: &mut Problems,
) {
    let has_none = |item: &Checked<'_>| match item.member("weight") {
        Checked::Absent => true,
        weight => weight.number() == Some(0),
    };
    if items.len() > 1 && items.iter().all(has_none) {
        problems.add(
            path,
            "gives no provider a Weight above 0; at least one needs it, or no task can be placed",
        );
    }
}

/// "Only one capacity provider in a strategy can have a base defined" (API reference,
/// `CapacityProviderStrategyItem`).
pub(super) fn one_capacity_provider_has_a_base(
    items: &[Checked<'_>],
    path: &Path<'_>,
    problems: &mut Problems,
) {
    let with_base = items
        .iter()
        .filter(|item| item.member("base").number().is_some_and(|base| base > 0))
        .count();
    if with_base > 1 {
        problems.add(
            path,
            format!("gives {with_base} providers a Base; ECS takes it for one"),
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
