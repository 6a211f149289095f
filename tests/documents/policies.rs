//! The rights in `infra/policies`, against what the templates have.
//!
//! CloudFormation's resource types name the permissions that creating, reading, updating and deleting
//! one takes (`handlers` of their schemas, of which cfn-lint has a copy). Some are for properties
//! that the templates do not set. No resource is compared, and none of it was tried on AWS.

mod needs;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use ecs_task_runner::check::read_document;
use serde_json::Value;
use template_roles::policy::matches;

use crate::{ecs_task_runner, help, python, read, root};
use needs::{CALLS, NARROWED, NOT_USED, ROLLING_UPDATE};

/// Characters of a managed policy, without white space (IAM quotas).
const MOST_CHARACTERS: usize = 6_144;

/// Prints the permissions of resource types: those of `create`, `read`, `update` and `delete`.
const SCHEMAS: &str = r#"
import glob, json, os, re, sys
import cfnlint
found = {}
for file in glob.glob(os.path.join(os.path.dirname(cfnlint.__file__), "data/schemas/resources/*.json")):
    text = open(file).read()
    name = re.search('"typeName": "([^"]+)"', text)
    if name and name[1] in sys.argv[1:]:
        handlers = json.loads(text).get("handlers", {})
        wanted = [handlers.get(name, {}) for name in ("create", "read", "update", "delete")]
        found[name[1]] = sorted({one for handler in wanted for one in handler.get("permissions", [])})
json.dump(found, sys.stdout)
"#;

fn service(action: &str) -> &str {
    action.split(':').next().unwrap()
}

fn statements(file: &str) -> Vec<Value> {
    let policy: Value = serde_json::from_str(&read(format!("infra/policies/{file}"))).unwrap();
    assert_eq!(policy["Version"], "2012-10-17", "{file}");
    policy["Statement"].as_array().unwrap().clone()
}

fn words_of(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    one.map_or_else(
        || {
            value
                .as_array()
                .unwrap()
                .iter()
                .flat_map(words_of)
                .collect()
        },
        |one| vec![one],
    )
}

fn actions(file: &str) -> BTreeSet<String> {
    statements(file)
        .iter()
        .flat_map(|statement| words_of(&statement["Action"]))
        .collect()
}

fn resource_types(template: &str) -> BTreeSet<String> {
    let template = read_document(&read(format!("infra/{template}"))).unwrap();
    let resources = template["Resources"].as_object().unwrap().values();
    resources
        .map(|resource| resource["Type"].as_str().unwrap().to_owned())
        .collect()
}

/// The permissions of each of the types.
fn permissions(types: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(python().interpreter())
        .args(["-c", SCHEMAS])
        .args(types)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let found: BTreeMap<_, _> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found.len(), types.len(), "{types:?}: {found:?}");
    found
}

/// What the prefix of an action is for the resource types of a service.
fn service_of_type(resource_type: &str) -> String {
    let name = resource_type.split("::").nth(1).unwrap().to_lowercase();
    match name.as_str() {
        "stepfunctions" => "states".to_owned(),
        _ => name,
    }
}

/// Holds policies against a template: everything that its resource types need is there.
fn lacking(template: &str, policies: &[&str]) -> Vec<String> {
    let types = resource_types(template);
    let services: BTreeSet<_> = types.iter().map(|one| service_of_type(one)).collect();
    let allowed: BTreeSet<_> = policies.iter().flat_map(|file| actions(file)).collect();
    let mut lacking = Vec::new();
    for (resource_type, permissions) in permissions(&types) {
        for permission in permissions {
            let needed = NARROWED
                .iter()
                .find(|(wide, _)| *wide == permission)
                .map_or(permission.as_str(), |(_, narrow)| narrow);
            let is_of_the_template =
                services.contains(service(needed)) || ["s3", "ssm"].contains(&service(needed));
            // How S3 calls it in its logs: no action of IAM.
            let is_action = needed != "s3:REST.PUT.OBJECT";
            let is_used = !NOT_USED.iter().any(|(unused, _)| matches(unused, needed));
            let is_allowed = allowed.iter().any(|action| matches(action, needed));
            if is_of_the_template && is_action && is_used && !is_allowed {
                lacking.push(format!("{template}: {resource_type} needs {needed}"));
            }
        }
    }
    lacking
}

/// The actions of a policy that neither the template nor a call needs.
fn surplus(policy: &str, template: &str) -> Vec<String> {
    let mut needed: BTreeSet<String> = permissions(&resource_types(template))
        .into_values()
        .flatten()
        .collect();
    needed.extend(NARROWED.iter().map(|(_, narrow)| (*narrow).to_owned()));
    let calls = CALLS.iter().flat_map(|(_, actions)| *actions);
    needed.extend(calls.map(|action| (*action).to_owned()));
    needed.insert(ROLLING_UPDATE.to_owned());
    let is_needed = |action: &String| needed.iter().any(|needed| matches(action, needed));
    actions(policy)
        .into_iter()
        .filter(|action| !is_needed(action))
        .map(|action| format!("{policy}: nothing needs {action}"))
        .collect()
}

#[test]
fn who_deploys_may_do_what_the_templates_take_and_nothing_else() {
    let wrong = [
        lacking("task-runner.yaml", &["deploy.json"]),
        lacking("worker.yaml", &["deploy.json", "deploy-fleet.json"]),
        surplus("deploy.json", "task-runner.yaml"),
        surplus("deploy-fleet.json", "worker.yaml"),
    ]
    .concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_left_out_of_the_policies_is_a_permission_of_some_resource_type() {
    let templates = ["task-runner.yaml", "worker.yaml"]
        .iter()
        .chain(&verify::TEMPLATES);
    let types = templates
        .flat_map(|template| resource_types(template))
        .collect();
    let known: BTreeSet<String> = permissions(&types).into_values().flatten().collect();
    let left_out = NOT_USED.iter().chain(&NARROWED).map(|(pattern, _)| pattern);
    for pattern in left_out {
        assert!(
            known.iter().any(|permission| matches(pattern, permission)),
            "{pattern}"
        );
    }
}

#[test]
fn who_deploys_may_make_every_call_of_infra_deploy() {
    let scripts = std::fs::read_dir(root().join("infra/deploy.d")).unwrap();
    let scripts = scripts.map(|script| script.unwrap().file_name().into_string().unwrap());
    let allowed: BTreeSet<_> = ["deploy.json", "deploy-fleet.json"]
        .iter()
        .flat_map(|file| actions(file))
        .collect();
    let mut calls = 0;
    for script in scripts {
        for command in aws_commands(&read(format!("infra/deploy.d/{script}"))) {
            calls += 1;
            let known = CALLS.iter().find(|(known, _)| *known == command);
            let (_, actions) = known.unwrap_or_else(|| panic!("{command} is in no table"));
            for action in *actions {
                let is_allowed = allowed.iter().any(|pattern| matches(pattern, action));
                assert!(is_allowed, "{command} needs {action}");
            }
        }
    }
    assert!(calls > 10, "{calls} calls");
}

/// The commands of the AWS CLI that a script calls, each as service and operation.
fn aws_commands(script: &str) -> Vec<String> {
    let code = script
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    code.flat_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let calls = words.windows(3);
        let calls = calls.filter(|call| ["ask", "in_region"].contains(&call[0]));
        calls
            .map(|call| format!("{} {}", call[1], call[2]))
            .collect::<Vec<_>>()
    })
    .collect()
}

/// The rights that `explain` says it needs.
#[test]
fn who_writes_stacks_may_invoke_start_and_explain_runs() {
    let help = help(&ecs_task_runner(), &["explain"]);
    let (_, needs) = help.split_once("AWS credentials.").unwrap();
    let (needs, _) = needs.split_once(". Response URLs").unwrap();
    let words = needs.split([' ', ',', ';', '\n']).filter(|word| {
        word.contains(':') || word.starts_with(|c: char| c.is_ascii_uppercase()) && *word != "For"
    });
    let mut expected = BTreeSet::from(["lambda:InvokeFunction".to_owned()]);
    let mut service = "";
    for word in words {
        let (prefix, name) = word.split_once(':').unwrap_or((service, word));
        service = prefix;
        expected.insert(format!("{service}:{name}"));
    }
    assert_eq!(actions("use.json"), expected);

    let template = read_document(&read("infra/task-runner.yaml")).unwrap();
    assert!(template["Resources"]["StartFunction"].is_object());
    assert_eq!(
        words_of(&statements("use.json")[0]["Resource"]),
        ["arn:aws:lambda:eu-west-1:123456789012:function:ecs-task-runner-StartFunction-*"]
    );
}

/// The rights that `run` says it needs, against those that its guide has.
#[test]
fn who_starts_runs_from_a_pipeline_reads_of_every_right() {
    let rights = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ':'));
        let services = ["cloudformation:", "ecs:", "logs:", "states:"];
        words
            .filter(|word| services.iter().any(|service| word.starts_with(service)))
            .map(str::to_owned)
            .collect()
    };
    let help = help(&ecs_task_runner(), &["run"]);
    let guide = read("infra/direct-runs.md");
    let (_, section) = guide.split_once("\n### Rights\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    // ARNs have the services' names too.
    let shown: BTreeSet<_> = rights(section)
        .into_iter()
        .filter(|right| right.matches(':').count() == 1)
        .collect();
    assert_eq!(shown, rights(&help));
    assert!(shown.len() >= 8, "{shown:?}");
}

#[test]
fn every_policy_fits_into_iam_and_names_the_roles_that_it_is_for() {
    for file in [
        "deploy.json",
        "deploy-fleet.json",
        "use.json",
        "verify.json",
    ] {
        let text = read(format!("infra/policies/{file}"));
        let characters = text.chars().filter(|c| !c.is_whitespace()).count();
        assert!(characters <= MOST_CHARACTERS, "{file}: {characters}");
        for statement in statements(file) {
            let is_of_iam = words_of(&statement["Action"])
                .iter()
                .any(|action| service(action) == "iam");
            assert!(
                !(is_of_iam && statement["Resource"] == "*"),
                "{file}: {statement}"
            );
        }
    }
}
