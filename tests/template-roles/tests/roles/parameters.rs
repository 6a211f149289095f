//! What the template's parameters make of the policies.

use stand_ins::{Authorization, arn};
use template_roles::template::template;
use template_roles::{Deployment, Roles, WORKER};

fn asked(action: &str, resource: &str, key: &'static str, value: &str) -> Authorization {
    Authorization {
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: vec![(key, value.to_owned())],
    }
}

fn run(family: &str, cluster: &str) -> Authorization {
    asked(
        "ecs:RunTask",
        &arn("ecs", &format!("task-definition/{family}:7")),
        "ecs:cluster",
        &arn("ecs", &format!("cluster/{cluster}")),
    )
}

fn pass(role: &str, service: &str) -> Authorization {
    asked(
        "iam:PassRole",
        &format!("arn:aws:iam::000000000000:role/{role}"),
        "iam:PassedToService",
        service,
    )
}

fn may(deployment: &Deployment, program: &str, asked: &Authorization) -> bool {
    !Roles::of(deployment)
        .allowing(program, asked)
        .unwrap()
        .is_empty()
}

#[test]
fn by_default_every_task_definition_may_run_in_every_cluster_with_every_role_for_tasks() {
    let default = Deployment::with_defaults();
    assert!(may(
        &default,
        WORKER,
        &run("todobackend-migrate", "production")
    ));
    assert!(may(
        &default,
        WORKER,
        &pass("todobackend", "ecs-tasks.amazonaws.com")
    ));
    for service in [
        "ecs.amazonaws.com",
        "lambda.amazonaws.com",
        "ec2.amazonaws.com",
    ] {
        assert!(
            !may(&default, WORKER, &pass("todobackend", service)),
            "{service}"
        );
    }
}

#[test]
fn lists_narrow_what_may_run_where_and_as_whom() {
    let narrow = Deployment::with_defaults()
        .parameter("ClusterArns", &arn("ecs", "cluster/production"))
        .parameter(
            "TaskDefinitionArns",
            &format!(
                "{}, {}",
                arn("ecs", "task-definition/todobackend-*"),
                arn("ecs", "task-definition/migrate:*")
            ),
        )
        .parameter("TaskRoleArns", "arn:aws:iam::000000000000:role/todobackend")
        .parameter("VolumeRoleArns", "arn:aws:iam::000000000000:role/volumes");
    for (question, expected) in [
        (run("todobackend-migrate", "production"), true),
        (run("migrate", "production"), true),
        (run("migrate-all", "production"), false),
        (run("migrate", "staging"), false),
        (pass("todobackend", "ecs-tasks.amazonaws.com"), true),
        (pass("admin", "ecs-tasks.amazonaws.com"), false),
        (pass("volumes", "ecs.amazonaws.com"), true),
        (pass("volumes", "ecs-tasks.amazonaws.com"), false),
        (pass("todobackend", "ecs.amazonaws.com"), false),
    ] {
        assert_eq!(may(&narrow, WORKER, &question), expected, "{question:?}");
    }
}

#[test]
fn events_are_read_from_the_streams_of_the_log_groups_that_are_named_and_of_all_by_default() {
    let read = |region: &str, group: &str| {
        let resource = format!(
            "arn:aws:logs:{region}:000000000000:log-group:{group}:log-stream:migrate/migrate/1"
        );
        Authorization {
            action: "logs:GetLogEvents".to_owned(),
            resource,
            context: Vec::new(),
        }
    };
    let narrow = Deployment::with_defaults().parameter(
        "TaskLogGroupArns",
        &format!(
            "{}, arn:aws:logs:*:000000000000:log-group:/ecs/*",
            arn("logs", "log-group:todobackend")
        ),
    );
    for (question, narrowed) in [
        (read("us-east-1", "todobackend"), true),
        (read("eu-west-1", "/ecs/other"), true),
        (read("eu-west-1", "todobackend"), false),
        (read("us-east-1", "todobackend-2"), false),
        (read("us-east-1", "/aws/lambda/payments"), false),
    ] {
        for program in [WORKER, "rescue"] {
            assert!(
                may(&Deployment::with_defaults(), program, &question),
                "{program} {question:?}"
            );
            assert_eq!(
                may(&narrow, program, &question),
                narrowed,
                "{program} {question:?}"
            );
        }
    }
}

#[test]
fn each_function_may_use_the_key_as_it_needs_to_and_none_when_urls_are_not_sealed() {
    let theirs = "arn:aws:kms:us-east-1:000000000000:key/theirs";
    let created = Deployment::new().key("arn:aws:kms:us-east-1:000000000000:key/created");
    let given = Deployment::new().parameter("ResponseUrlKeyArn", theirs);
    let clear = Deployment::new().parameter("SealResponseUrls", "false");
    for (deployment, key) in [
        (&created, "arn:aws:kms:us-east-1:000000000000:key/created"),
        (&given, theirs),
    ] {
        for (program, action, expected) in [
            ("start", "kms:Encrypt", true),
            ("start", "kms:Decrypt", false),
            ("respond", "kms:Decrypt", true),
            ("respond", "kms:Encrypt", false),
            ("rescue", "kms:Decrypt", true),
            ("stop", "kms:Decrypt", false),
            (WORKER, "kms:Decrypt", false),
        ] {
            let question = |key: &str| Authorization {
                action: action.to_owned(),
                resource: key.to_owned(),
                context: Vec::new(),
            };
            assert_eq!(
                may(deployment, program, &question(key)),
                expected,
                "{program} {action}"
            );
            assert!(
                !may(
                    deployment,
                    program,
                    &question("arn:aws:kms:us-east-1:000000000000:key/another")
                ),
                "{program} {action}"
            );
            assert!(!may(&clear, program, &question(key)), "{program} {action}");
        }
    }
}

#[test]
fn a_worker_serves_the_activity_that_was_given_and_no_other() {
    let given = Deployment::new().parameter("ActivityArn", &arn("states", "activity:given"));
    let poll = |name: &str| {
        let resource = arn("states", &format!("activity:{name}"));
        Authorization {
            action: "states:GetActivityTask".to_owned(),
            resource,
            context: Vec::new(),
        }
    };
    assert!(may(&given, WORKER, &poll("given")));
    assert!(!may(&given, WORKER, &poll("ecs-task")));
    assert!(may(&Deployment::new(), WORKER, &poll("ecs-task")));
}

/// A fleet or the function, and only while the one takes over from the other both.
#[test]
fn who_works_on_the_runs_may_answer_for_them_and_nobody_else() {
    let answer = |resource: String| Authorization {
        action: "states:SendTaskSuccess".to_owned(),
        resource,
        context: Vec::new(),
    };
    let of_activity = answer(arn("states", "activity:ecs-task"));
    let of_machine = answer(arn("states", "stateMachine:ecs-task"));
    let fleet = Deployment::with_defaults();
    let lambda = Deployment::with_defaults().parameter("Workers", "Lambda");
    let switching = lambda
        .clone()
        .parameter("ActivityArn", &arn("states", "activity:ecs-task"));
    assert!(may(&fleet, WORKER, &of_activity) && !may(&fleet, WORKER, &of_machine));
    assert!(Roles::of(&fleet).allowing("work", &of_machine).is_none());
    assert!(!may(&lambda, WORKER, &of_activity) && may(&lambda, "work", &of_machine));
    assert!(may(&switching, WORKER, &of_activity) && may(&switching, "work", &of_machine));
    for deployment in [&lambda, &switching] {
        assert!(may(deployment, "work", &run("migrate", "production")));
        assert!(!may(
            deployment,
            "work",
            &answer(arn("states", "stateMachine:another"))
        ));
    }
}

/// For an account that refuses the tokens of a resource: which one they stand for is in the guide, and
/// not in the authorization reference.
#[test]
fn any_task_token_is_answered_for_only_where_that_is_asked_for() {
    let asked = |action: &str, resource: &str| Authorization {
        action: format!("states:{action}"),
        resource: arn("states", resource),
        context: Vec::new(),
    };
    let fleet = Deployment::with_defaults();
    let lambda = fleet.clone().parameter("Workers", "Lambda");
    for (deployment, program) in [(fleet, WORKER), (lambda, "work")] {
        let any = deployment.clone().parameter("AnyTaskToken", "true");
        for action in ["SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"] {
            let another = asked(action, "stateMachine:another");
            assert!(!may(&deployment, program, &another), "{program} {action}");
            assert!(may(&any, program, &another), "{program} {action}");
        }
        let poll = asked("GetActivityTask", "activity:another");
        assert!(!may(&any, program, &poll), "{program}");
    }
}

/// What is there for a fleet alone, and for the function `work` alone.
#[test]
fn a_fleet_has_an_activity_and_its_alarms_and_lambda_has_the_function_and_its_alarms() {
    let resources = template()["Resources"].as_object().unwrap();
    let there = |deployment: &Deployment, ids: &[&str]| {
        let has = ids.iter().map(|id| deployment.has(&resources[*id]));
        has.collect::<std::collections::BTreeSet<_>>()
    };
    let of_fleet = ["NotClaimedAlarm", "NotClaimedMetric", "HeartbeatsAlarm"];
    let of_lambda = [
        "WorkFunction",
        "WorkRole",
        "WorkLogs",
        "WorkRetries",
        "WorkTokensPolicy",
        "WorkErrorsAlarm",
        "WorkWaitsAlarm",
    ];
    let fleet = Deployment::with_defaults();
    let lambda = fleet.clone().parameter("Workers", "Lambda");
    let given = arn("states", "activity:so-far");
    let both = lambda.clone().parameter("ActivityArn", &given);
    let leaving = fleet.clone().parameter("KeepWork", "true");
    for (deployment, activity, a_fleet, a_function) in [
        (&fleet, true, true, false),
        (&lambda, false, false, true),
        // The runs that a fleet has are its own until they end, and those of the function likewise.
        (&both, false, true, true),
        (&leaving, true, true, true),
    ] {
        assert_eq!(there(deployment, &["Activity"]), [activity].into());
        assert_eq!(there(deployment, &of_fleet), [a_fleet].into());
        assert_eq!(there(deployment, &of_lambda), [a_function].into());
        let export = &template()["Outputs"]["ActivityArn"];
        assert_eq!(deployment.has(export), a_fleet);
    }
    let exported = &template()["Outputs"]["ActivityArn"]["Value"];
    assert_eq!(
        both.resolve(exported).unwrap(),
        given,
        "what stacks of workers import does not change"
    );
    // Runs that wait at an activity fail when it is deleted.
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        let kept = resources["Activity"][policy].as_str().unwrap();
        assert!(kept.starts_with("Retain"), "{policy}: {kept}");
    }
}
