//! Workers that are not launched: by a group that holds back after failures, and by an ECS service.

use local_run::directories::workspace_directory;
use local_run::stacks::Template;

use super::page::Section;
use super::rehearsal::Rehearsal;
use crate::deployment::account::ended;

/// The group launches nothing, although the cause is fixed.
pub async fn of_a_group_that_is_made_anew(rehearsal: &mut Rehearsal, step: &str) {
    let group = "autoscaling describe-auto-scaling-groups --query 'AutoScalingGroups[].AutoScalingGroupName' --output text";
    assert_ne!(rehearsal.aws(group).await, "");
    assert_eq!(rehearsal.run(step).await, "");
    assert_eq!(rehearsal.aws(group).await, "", "a new group may be made");
}

/// The service of `worker-service.yaml`, whose tasks the emulator does not start.
pub async fn of_a_service(rehearsal: &mut Rehearsal) {
    let network = rehearsal
        .aws("ec2 describe-subnets --query 'Subnets[0].[VpcId,SubnetId]' --output text")
        .await;
    let (vpc, subnet) = network.split_once('\t').unwrap();
    let file = workspace_directory().join("infra/worker-service.yaml");
    // The emulator reckons with the number as it stands in the template.
    let body = std::fs::read_to_string(file).unwrap();
    let body = body.replace("DesiredCount: !Ref Workers", "DesiredCount: 2");
    let parameters = [
        ("TaskRunnerStack", rehearsal.task_runner.as_str()),
        ("Cluster", "default"),
        ("Image", "ecs-task-runner:1"),
        ("VpcId", vpc),
        ("SubnetIds", subnet),
    ];
    let template = Template {
        body: &body,
        parameters: &parameters,
    };
    let name = "ecs-task-runner-service";
    let stack = ended(rehearsal.stacks.create(name, &template).await.unwrap()).await;
    assert_eq!(
        stack.status,
        "CREATE_COMPLETE",
        "{:?}",
        stack.first_failure()
    );

    let mut section = Section::of("ServiceAlarm");
    rehearsal.run(&section.next()).await;
    let shown = rehearsal.run(&section.next()).await;
    assert!(shown.contains(r#""desired": 2"#), "{shown}");
    rehearsal.run(&section.next()).await;
    section.ends();
}
