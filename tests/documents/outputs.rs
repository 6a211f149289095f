//! What the documents show of programs, against what these print.

use std::process::Command;

use local_run::directories::RunDirectory;

use crate::{ecs_task_runner, read};

/// A template with two mistakes, and something that works and is probably not meant.
const TEMPLATE: &str = "AWSTemplateFormatVersion: '2010-09-09'
Resources:
  MigrateTask:
    Type: Custom::EcsTask
    Properties:
      ServiceToken: !ImportValue ecs-task-runner-ServiceToken
      Cluster: production
      TaskDefinition: todobackend-migrate
      Tiemout: 600
Outputs:
  Migration:
    Value: !GetAtt MigrateTask.TaskARN
";

#[test]
fn the_reference_shows_what_check_prints() {
    let directory = RunDirectory::create("documents-check").unwrap();
    let file = directory.file("template.yaml");
    std::fs::write(&file, TEMPLATE).unwrap();
    let output = Command::new(ecs_task_runner())
        .args(["check", "template.yaml"])
        .current_dir(file.parent().unwrap())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(
        read("infra/properties.md").contains(&printed),
        "not in infra/properties.md:\n{printed}"
    );
}

/// The commands themselves are tried in `tests/scenarios/deployment/first_steps.rs`.
#[test]
fn the_guide_has_the_first_steps_that_cargo_local_prints() {
    let steps = read("tests/local-run/first-steps.bash");
    assert!(read("infra/README.md").contains(&steps), "{steps}");
}
