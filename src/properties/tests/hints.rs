//! Names and words in a wrong place are told theirs.

use super::problems::check;
use super::*;

#[test]
fn a_name_in_the_wrong_place_is_told_its_place() {
    let not_here = "is not a property of this resource";
    for (name, hint) in [
        (
            "Subnets",
            "; did you mean NetworkConfiguration.AwsvpcConfiguration.Subnets?",
        ),
        (
            "subnets",
            "; did you mean networkConfiguration.awsvpcConfiguration.subnets?",
        ),
        (
            "SubnetIds",
            "; did you mean NetworkConfiguration.AwsvpcConfiguration.Subnets?",
        ),
        (
            "SecurityGroups",
            "; did you mean NetworkConfiguration.AwsvpcConfiguration.SecurityGroups?",
        ),
        (
            "SecurityGroupIds",
            "; did you mean NetworkConfiguration.AwsvpcConfiguration.SecurityGroups?",
        ),
        (
            "AssignPublicIp",
            "; did you mean NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp?",
        ),
        (
            "AwsvpcConfiguration",
            "; did you mean NetworkConfiguration.AwsvpcConfiguration?",
        ),
        (
            "ContainerOverrides",
            "; did you mean Overrides.ContainerOverrides?",
        ),
        (
            "Command",
            "; did you mean Overrides.ContainerOverrides[].Command?",
        ),
        (
            "Environment",
            "; did you mean Overrides.ContainerOverrides[].Environment?",
        ),
        (
            "Cpu",
            "; did you mean Overrides.ContainerOverrides[].Cpu or Overrides.Cpu?",
        ),
        ("TaskRoleArn", "; did you mean Overrides.TaskRoleArn?"),
        (
            "EphemeralStorage",
            "; did you mean Overrides.EphemeralStorage?",
        ),
        (
            "CapacityProvider",
            "; did you mean CapacityProviderStrategy[].CapacityProvider?",
        ),
        (
            "Weight",
            "; did you mean CapacityProviderStrategy[].Weight?",
        ),
        (
            "ManagedEBSVolume",
            "; did you mean VolumeConfigurations[].ManagedEBSVolume?",
        ),
        (
            "EnvironmentKeys",
            "; did you mean UpdateCriteria[].EnvironmentKeys?",
        ),
        ("Secrets", "; it belongs to the task definition"),
        ("Image", "; it belongs to the task definition"),
        (
            "DependsOn",
            "; it belongs to the resource, beside Properties",
        ),
        ("StartedBy", "; the task runner sets it itself"),
        ("DesiredCount", "; did you mean Count?"),
        ("ClusterName", "; did you mean Cluster?"),
        ("Name", ""),
        ("Value", ""),
    ] {
        let told = problems_with(&json!({name: "x"}));
        let stop = if hint.ends_with('?') { "" } else { "." };
        assert_eq!(told, format!("{name} {not_here}{hint}{stop}"));
    }
}

#[test]
fn a_name_in_the_wrong_structure_is_told_its_place() {
    check(&[
        (
            json!({"NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}, "SecurityGroups": []}}),
            "NetworkConfiguration.SecurityGroups is not known here; did you mean NetworkConfiguration.AwsvpcConfiguration.SecurityGroups?",
        ),
        (
            json!({"Overrides": {"Command": ["migrate"]}}),
            "Overrides.Command is not known here; did you mean Overrides.ContainerOverrides[].Command?",
        ),
        (
            json!({"Overrides": {"containerOverrides": [{"name": "m", "taskRoleArn": "x"}]}}),
            "Overrides.containerOverrides[0].taskRoleArn is not known here; did you mean overrides.taskRoleArn?",
        ),
        (
            json!({"Overrides": {"containerOverrides": [{"name": "m", "secrets": []}]}}),
            "Overrides.containerOverrides[0].secrets is not known here; it belongs to the task definition.",
        ),
        (
            json!({"Tags": [{"Key": "a", "Name": "b"}]}),
            "Tags[0].Name is not known here; known are Key, Value.",
        ),
    ]);
}

#[test]
fn a_word_in_the_wrong_place_is_told_its_place() {
    let assign = |word: Value| json!({"NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": word}}});
    let path = "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp";
    check(&[
        (
            json!({"LaunchType": "FARGATE_SPOT"}),
            "LaunchType is \"FARGATE_SPOT\"; expected EC2, FARGATE, EXTERNAL or MANAGED_INSTANCES; FARGATE_SPOT is a capacity provider, and belongs to CapacityProviderStrategy.",
        ),
        (
            json!({"LaunchType": "Spot"}),
            "LaunchType is \"Spot\"; expected EC2, FARGATE, EXTERNAL or MANAGED_INSTANCES; FARGATE_SPOT is a capacity provider, and belongs to CapacityProviderStrategy.",
        ),
        (
            assign(json!("true")),
            &format!("{path} is \"true\"; expected ENABLED or DISABLED; did you mean ENABLED?"),
        ),
        (
            assign(json!(false)),
            &format!("{path} is false; expected ENABLED or DISABLED; did you mean DISABLED?"),
        ),
    ]);
}
