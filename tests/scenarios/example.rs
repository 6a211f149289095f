//! `infra/example`: what users copy must be right.

use ecs_task_runner::check::{RESOURCE_TYPE, check_document};

const TODOBACKEND: &str = include_str!("../../infra/example/todobackend.yaml");

#[test]
fn the_example_has_nothing_to_correct() {
    let report = check_document(TODOBACKEND, &[RESOURCE_TYPE]).unwrap();
    assert!(report.is_ok(), "{report}");
    let checked: Vec<_> = report.resources.iter().filter_map(|resource| resource.logical_id.as_deref()).collect();
    assert_eq!(checked, ["MigrateTask"]);
}

#[test]
fn its_service_waits_for_the_migration() {
    let (_, service) = TODOBACKEND.split_once("Type: AWS::ECS::Service").unwrap();
    let (attributes, _) = service.split_once("Properties:").unwrap();
    assert!(attributes.contains("DependsOn: [MigrateTask,"), "{attributes}");
}
