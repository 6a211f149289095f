//! Roles against calls, both ways.

use std::collections::{BTreeMap, BTreeSet};

use template_roles::policy::{Statement, matches};
use template_roles::recording::{self, Seen};
use template_roles::{Deployment, Roles, WORKER, reference};

use crate::services::MADE_BY_LAMBDA;

#[test]
fn programs_call_what_their_roles_allow_and_nothing_is_allowed_that_they_do_not_call() {
    let seen = recording::of_this_run();
    assert!(
        !seen.is_empty(),
        "No program was seen to call anything. The policies are compared with the calls of all other tests: run them all, with \
         `cargo test` and no filter."
    );
    let roles = Roles::of(&Deployment::new());
    println!("{}", table(&seen));

    let mut problems = Vec::new();
    for Seen {
        program,
        action,
        resource,
        context,
        test,
        ..
    } in seen.iter().filter(|seen| seen.parts.is_empty())
    {
        problems.push(format!("{program} called {action} on {resource} ({context}), which its role does not allow, in {test}"));
    }
    let of_worker: BTreeSet<_> = statements_of(&roles, WORKER)
        .map(|statement| &statement.name)
        .collect();
    for (program, statements) in roles.programs() {
        // The policy that `work` shares with workers is compared for them: what one needs, the
        // other does.
        let is_shared =
            |statement: &&Statement| program != WORKER && of_worker.contains(&statement.name);
        let used: BTreeSet<_> = seen
            .iter()
            .filter(|seen| seen.program == program)
            .flat_map(|seen| &seen.parts)
            .collect();
        for statement in statements.iter().filter(|statement| {
            !is_shared(statement)
                && !statement
                    .actions
                    .iter()
                    .all(|action| MADE_BY_LAMBDA.contains(&&**action))
        }) {
            for part in statement.parts().iter().filter(|part| !used.contains(part)) {
                problems.push(format!("{program} was never seen to need {part}"));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "infra/task-runner.yaml:\n{}",
        problems.join("\n")
    );
}

/// The stand-ins ask IAM about what the reference says: no other resource, and no key that the
/// action does not have.
#[test]
fn the_calls_were_judged_by_resources_and_keys_that_their_actions_have() {
    for seen in recording::of_this_run() {
        let action = reference::of(&seen.action)
            .unwrap_or_else(|| panic!("{} is not in the table of actions", seen.action));
        assert!(
            matches(action.resource, &seen.resource),
            "{seen:?} is not about {}",
            action.resource
        );
        for pair in seen.context.split_whitespace() {
            let (key, _) = pair.split_once('=').unwrap();
            assert!(
                action.keys.contains(&key),
                "{} has no condition key {key}",
                seen.action
            );
        }
    }
}

#[test]
fn every_statement_can_match_and_none_says_more_than_it_could() {
    for (program, statements) in Roles::of(&Deployment::new()).programs() {
        for statement in statements {
            let actions: Vec<_> = statement
                .actions
                .iter()
                .map(|name| {
                    reference::of(name).unwrap_or_else(|| {
                        panic!("{program}: {name} is not in the table of actions")
                    })
                })
                .collect();
            for action in &actions {
                let name = &statement.name;
                let about = statement
                    .resources
                    .iter()
                    .any(|resource| matches(action.resource, resource));
                assert!(
                    about,
                    "{name}: {} is about {}, and the statement about {:?}",
                    action.name, action.resource, statement.resources
                );
                for condition in &statement.conditions {
                    assert!(
                        action.keys.contains(&&*condition.key),
                        "{name}: {} has no condition key {}",
                        action.name,
                        condition.key
                    );
                }
                let any = statement.resources.iter().any(|resource| resource == "*");
                assert!(
                    !any || action.resource == "*",
                    "{name}: {} can be limited to {}",
                    action.name,
                    action.resource
                );
                let asked = action.keys.iter().all(|key| {
                    statement
                        .conditions
                        .iter()
                        .any(|condition| condition.key == *key)
                });
                assert!(
                    asked,
                    "{name}: {} can be limited by {:?}",
                    action.name, action.keys
                );
            }
            for resource in &statement.resources {
                let of_some = actions
                    .iter()
                    .any(|action| matches(action.resource, resource));
                assert!(
                    of_some,
                    "{}: no action of it is about {resource}",
                    statement.name
                );
            }
        }
    }
}

fn statements_of<'r>(roles: &'r Roles, wanted: &str) -> impl Iterator<Item = &'r Statement> {
    let programs = roles.programs();
    programs
        .filter(move |(program, _)| *program == wanted)
        .flat_map(|(_, statements)| statements)
}

/// Programs and what each was seen to call, with the number of different resources.
fn table(seen: &[Seen]) -> String {
    let mut calls: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for seen in seen {
        calls
            .entry((&seen.program, &seen.action))
            .or_default()
            .insert(&seen.resource);
    }
    let lines = calls.iter().map(|((program, action), resources)| {
        let example = resources.first().copied().unwrap_or_default();
        format!("{program:<8} {action:<32} {example}")
    });
    lines.collect::<Vec<_>>().join("\n")
}
