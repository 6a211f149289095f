//! Each problem names the property, what was found, and what was expected.

use super::*;

pub(super) fn check(table: &[(Value, &str)]) {
    for (changes, told) in table {
        assert_eq!(problems_with(changes), *told);
    }
}

#[test]
fn a_value_of_the_wrong_kind_or_name() {
    let network = |subnets: Value| json!({"NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": subnets}}});
    check(&[
        (
            json!({"Count": "abc"}),
            "Count is \"abc\"; expected a whole number from 0 to 10.",
        ),
        (
            json!({"Count": "11"}),
            "Count is \"11\"; expected a whole number from 0 to 10.",
        ),
        (
            json!({"Cluster": ""}),
            "Cluster is empty; expected the name or ARN of an ECS cluster.",
        ),
        (
            json!({"Overides": {}}),
            "Overides is not a property of this resource; did you mean Overrides?",
        ),
        (
            json!({"PollInterval": "10"}),
            "PollInterval is not a property of this resource.",
        ),
        (
            json!({"Tags": [{"Key": "team", "Colour": "red"}]}),
            "Tags[0].Colour is not known here; known are Key, Value.",
        ),
        (
            json!({"LaunchType": "fargate"}),
            "LaunchType is \"fargate\"; expected EC2, FARGATE, EXTERNAL or MANAGED_INSTANCES; did you mean FARGATE?",
        ),
        (
            json!({"Timeout": "3541"}),
            "Timeout is 3541; expected a whole number from 1 to 3540, or up to 43200 together with WaitConditionHandle.",
        ),
        (
            json!({"timeout": "43201", "waitConditionHandle": "https://example.com/handle"}),
            "timeout is \"43201\"; expected a whole number from 1 to 43200.",
        ),
        (
            json!({"WaitConditionHandle": "SECRET-wait-handle"}),
            "WaitConditionHandle is text; expected the URL that !Ref of an AWS::CloudFormation::WaitConditionHandle gives.",
        ),
        (
            json!({"ServiceTimeout": "0"}),
            "ServiceTimeout is \"0\"; expected a whole number from 1 to 3600.",
        ),
        (
            json!({"LogLines": "101"}),
            "LogLines is \"101\"; expected a whole number from 0 to 100.",
        ),
        (
            json!({"RunOnCreate": "no"}),
            "RunOnCreate is \"no\"; expected true or false.",
        ),
        (
            json!({"Containers": "migrate"}),
            "Containers is text; expected a list of container names, as in [migrate].",
        ),
        (
            json!({"SuccessExitCodes": 0}),
            "SuccessExitCodes is a number; expected a list of exit codes, as in [0].",
        ),
        (
            json!({"SuccessExitCodes": "3"}),
            "SuccessExitCodes is text; expected a list of exit codes, as in [3].",
        ),
        (
            json!({"SuccessExitCodes": "all"}),
            "SuccessExitCodes is text; expected a list of exit codes.",
        ),
        (
            json!({"Instances": ["i-0123456789abcdef0"]}),
            "Instances[0] is \"i-0123456789abcdef0\"; expected the ARN or id of a container instance (not of an EC2 instance).",
        ),
        (
            network(json!(["sg-1"])),
            "NetworkConfiguration.AwsvpcConfiguration.Subnets[0] is \"sg-1\"; expected a subnet id (subnet-…).",
        ),
        (
            json!({"NetworkConfiguration": {"AwsvpcConfiguration": {}}}),
            "NetworkConfiguration.AwsvpcConfiguration.Subnets is missing; expected a list of subnet ids.",
        ),
        (
            json!({"Tags": [{"Key": "aws:x"}]}),
            "Tags[0].Key is \"aws:x\"; expected a tag's key (not one that begins with aws:).",
        ),
        (
            json!({"PropagateTags": "SERVICE"}),
            "PropagateTags is \"SERVICE\"; expected TASK_DEFINITION or NONE.",
        ),
        (
            json!({"UpdateCriteria": ["Taskdefinition"]}),
            "UpdateCriteria[0] is \"Taskdefinition\"; expected TaskDefinition, Cluster, Overrides \
             or an object with Container and EnvironmentKeys; did you mean TaskDefinition?",
        ),
        (
            json!({"UpdateCriteria": [{"Container": "m"}]}),
            "UpdateCriteria[0].EnvironmentKeys is missing; expected a list of environment variable names.",
        ),
    ]);
}

#[test]
fn more_or_longer_than_the_api_takes() {
    let many = |count: usize, item: &Value| Value::Array(vec![item.clone(); count]);
    let network = |subnets: Value| json!({"NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": subnets}}});
    check(&[
        (
            json!({"SuccessExitCodes": []}),
            "SuccessExitCodes is an empty list; expected a list of exit codes.",
        ),
        (
            json!({"Instances": (0..11).map(|number| format!("0{number:x}")).collect::<Vec<_>>()}),
            "Instances has 11 items; expected at most 10.",
        ),
        (
            json!({"Instances": ["0a", "0b", "0a"]}),
            "Instances[2] names an instance that an earlier item names.",
        ),
        (
            network(many(17, &json!("subnet-1"))),
            "NetworkConfiguration.AwsvpcConfiguration.Subnets has 17 items; expected at most 16.",
        ),
        (
            network(json!([])),
            "NetworkConfiguration.AwsvpcConfiguration.Subnets is an empty list; expected a list of subnet ids.",
        ),
        (
            json!({"NetworkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": many(6, &json!("sg-1"))}}}),
            "NetworkConfiguration.awsvpcConfiguration.securityGroups has 6 items; expected at most 5.",
        ),
        (
            json!({"PlacementConstraints": many(11, &json!({"Type": "distinctInstance"}))}),
            "PlacementConstraints has 11 items; expected at most 10.",
        ),
        (
            json!({"PlacementStrategy": many(6, &json!({"Type": "random"}))}),
            "PlacementStrategy has 6 items; expected at most 5.",
        ),
        (
            json!({"CapacityProviderStrategy": many(21, &json!({"CapacityProvider": "a", "Weight": 1}))}),
            "CapacityProviderStrategy has 21 items; expected at most 20.",
        ),
        (
            json!({"Tags": (0..51).map(|key| json!({"Key": key})).collect::<Vec<_>>()}),
            "Tags has 51 items; expected at most 50.",
        ),
        (
            json!({"Tags": [{"Key": "k".repeat(129)}]}),
            "Tags[0].Key has 129 characters; expected at most 128.",
        ),
    ]);
}

#[test]
fn what_does_not_go_together() {
    let many = |count: usize, item: &Value| Value::Array(vec![item.clone(); count]);
    check(&[
        (
            json!({"cluster": "staging"}),
            "cluster is given twice, as Cluster and as cluster; keep one of them.",
        ),
        (
            json!({"PlacementConstraints": [{"type": "memberOf"}]}),
            "PlacementConstraints[0] lacks expression, which memberOf needs.",
        ),
        (
            json!({"PlacementConstraints": [{"Type": "distinctInstance", "Expression": "x"}]}),
            "PlacementConstraints[0].Expression cannot be given for distinctInstance.",
        ),
        (
            json!({"PlacementStrategy": [{"Type": "spread"}]}),
            "PlacementStrategy[0] lacks Field, which spread needs.",
        ),
        (
            json!({"PlacementStrategy": [{"Type": "binpack", "Field": "disk"}]}),
            "PlacementStrategy[0].Field is neither cpu nor memory, which binpack needs.",
        ),
        (
            json!({"CapacityProviderStrategy": [{"CapacityProvider": "a"}, {"CapacityProvider": "b", "Weight": "0"}]}),
            "CapacityProviderStrategy gives no provider a Weight above 0; at least one needs it, or no task can be placed.",
        ),
        (
            json!({"CapacityProviderStrategy": many(2, &json!({"CapacityProvider": "a", "Weight": 1, "Base": "1"}))}),
            "CapacityProviderStrategy gives more than one provider a Base; ECS takes it for one.",
        ),
        (
            json!({"Tags": [{"Key": "a"}, {"key": "a"}]}),
            "Tags[1] has a Key that an earlier tag has.",
        ),
        (
            json!({"LaunchType": "EC2", "CapacityProviderStrategy": [{"CapacityProvider": "a"}]}),
            "CapacityProviderStrategy cannot be given together with LaunchType: RunTask takes one of them; leave one of the two out.",
        ),
        (
            json!({"NetworkFrom": "web", "LaunchType": "EC2"}),
            "LaunchType cannot be given together with NetworkFrom: it is taken from the service; leave one of the two out.",
        ),
        (
            json!({"Instances": ["0a"], "Count": "1"}),
            "Count cannot be given together with Instances: one task is started on each of the instances; leave one of the two out.",
        ),
    ]);
}

#[test]
fn a_rollback_runs_the_old_task_or_that_of_the_update_that_failed() {
    let overrides = json!({"ContainerOverrides": [{"Name": "migrate", "Command": ["back"]}]});
    check(&[
        (
            json!({"RunOnRollback": "true", "RollbackOverrides": overrides}),
            "RollbackOverrides cannot be given together with RunOnRollback: true: a rollback runs the task definition of the update that failed, or that of the version before it; leave one of the two out.",
        ),
        (
            json!({"RollbackOverrides": {"ContainerOverrides": [{"Command": ["back"]}]}}),
            "RollbackOverrides.ContainerOverrides[0].Name is missing; expected the name of a container.",
        ),
        (
            json!({"RollbackOverrides": {"Command": ["back"]}}),
            "RollbackOverrides.Command is not known here; did you mean RollbackOverrides.ContainerOverrides[].Command?",
        ),
        (
            json!({"RollbackFailure": "ignored"}),
            "RollbackFailure is \"ignored\"; expected fail or ignore; did you mean ignore?",
        ),
    ]);
    let run = json!({"RunOnRollback": "false", "RollbackOverrides": overrides, "RollbackFailure": "ignore"});
    let properties = Properties::parse(&with(&run)).unwrap();
    let task = properties.rollback_task_spec("n", "t", jiff::Timestamp::UNIX_EPOCH);
    let command = &task.unwrap().overrides.container_overrides[0].command;
    assert_eq!(command.as_deref(), Some(&["back".to_owned()][..]));
    let without = Properties::parse(&with(&json!({"RunOnRollback": "true"}))).unwrap();
    let task = without.rollback_task_spec("n", "t", jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(task, None);
}

#[test]
fn overrides_and_volumes() {
    let volume = |volume: Value| json!({"VolumeConfigurations": [{"Name": "data", "ManagedEBSVolume": volume}]});
    let container = |override_: Value| json!({"Overrides": {"containerOverrides": [override_]}});
    let role = "arn:aws:iam::123456789012:role/volumes";
    check(&[
        (
            container(json!({"name": "m", "memory": "lots"})),
            "Overrides.containerOverrides[0].memory is \"lots\"; expected a whole number, at least 4.",
        ),
        (
            container(json!({"name": "m", "comand": []})),
            "Overrides.containerOverrides[0].comand is not known here; did you mean command?",
        ),
        (
            container(json!({"command": []})),
            "Overrides.containerOverrides[0].name is missing; expected the name of a container.",
        ),
        (
            container(json!({"name": "m", "command": "migrate"})),
            "Overrides.containerOverrides[0].command is text; expected a list of the command and its arguments, each an item of its own.",
        ),
        (
            container(json!({"name": "m", "resourceRequirements": [{"type": "GPU"}]})),
            "Overrides.containerOverrides[0].resourceRequirements[0].value is missing; expected a number of devices, ALL, or the name of a device.",
        ),
        (
            json!({"Overrides": {"EphemeralStorage": {"SizeInGiB": 20}}}),
            "Overrides.EphemeralStorage.SizeInGiB is 20; expected a whole number from 21 to 200.",
        ),
        (
            container(json!({"name": "m", "command": ["x".repeat(8192)]})),
            "Overrides has 8244 characters as JSON; ECS takes at most 8192: \
             move long values to environment files, secrets or the task definition.",
        ),
        (
            volume(json!({"RoleArn": role})),
            "VolumeConfigurations[0].ManagedEBSVolume lacks SizeInGiB or SnapshotId.",
        ),
        (
            volume(json!({"SizeInGiB": 1})),
            "VolumeConfigurations[0].ManagedEBSVolume.RoleArn is missing; expected the ARN of an IAM role.",
        ),
    ]);
}

#[test]
fn what_is_at_a_limit_is_taken() {
    let overrides = |length: usize| json!({"containerOverrides": [{"name": "m", "command": ["x".repeat(length)]}]});
    let room = 8192 - overrides(0).to_string().len();
    let provider =
        |weight: u32, base: u32| json!({"CapacityProvider": "a", "Weight": weight, "Base": base});
    for changes in [
        json!({"Instances": (0..10).map(|number| format!("0{number:x}")).collect::<Vec<_>>()}),
        json!({"Tags": [{"Key": "k".repeat(128), "Value": "v".repeat(256)}]}),
        json!({"Overrides": overrides(room)}),
        json!({"CapacityProviderStrategy": [provider(1, 1), provider(1, 0), provider(1, 0)]}),
        json!({"PlacementStrategy": [{"Type": "binpack", "Field": "cpu"}, {"Type": "binpack", "Field": "MEMORY"}]}),
    ] {
        if let Err(told) = parse(&with(&changes)) {
            panic!("{told}");
        }
    }
    assert!(problems_with(&json!({"Overrides": overrides(room + 1)})).contains("8193 characters"));
}

#[test]
fn all_problems_are_told_together() {
    let told = parse(&json!({"Count": "abc", "Tgas": 1})).unwrap_err();
    assert_eq!(
        told,
        "Count is \"abc\"; expected a whole number from 0 to 10. Tgas is not a property of this resource; did you mean Tags? \
         Cluster is missing; expected the name or ARN of an ECS cluster. \
         TaskDefinition is missing; expected a family, family:revision or the ARN of a task definition."
    );
}

#[test]
fn properties_that_are_no_object_say_what_is_needed() {
    for (properties, told) in [
        (
            json!(null),
            "ResourceProperties are missing; expected an object with Cluster and TaskDefinition.",
        ),
        (
            json!([1]),
            "ResourceProperties is a list; expected an object with Cluster and TaskDefinition.",
        ),
    ] {
        assert_eq!(parse(&properties).unwrap_err(), told);
    }
}

#[test]
fn a_problem_never_shows_what_may_be_a_secret() {
    let secret = "hunter2";
    let environments = [
        json!([{"name": "PASSWORD", "value": {"nested": secret}}]),
        json!([{"name": "PASSWORD", "value": [secret]}]),
        json!([{"name": "PASSWORD", "vlaue": secret}]),
        json!([{"PASSWORD": secret}]),
        json!([format!("PASSWORD={secret}")]),
        json!({"PASSWORD": secret}),
        json!(format!("PASSWORD={secret}")),
    ];
    for environment in environments {
        let told = problems_with(
            &json!({"Overrides": {"containerOverrides": [{"name": "m", "environment": environment}]}}),
        );
        assert!(
            told.contains("environment") && !told.contains(secret),
            "{told}"
        );
    }
    let told = problems_with(
        &json!({"Overrides": {"containerOverrides": [{"name": "m", "command": format!("login {secret}")}]}}),
    );
    assert!(!told.contains(secret), "{told}");
    let printed = format!("{:?}", Properties::parse(&everything()).unwrap());
    assert!(
        printed.contains("PASSWORD") && !printed.contains(secret),
        "{printed}"
    );
}
