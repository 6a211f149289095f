use super::*;

fn options() -> RunOptions {
    RunOptions {
        cluster: Some("production".to_owned()),
        task_definition: Some("migrate".to_owned()),
        ..RunOptions::default()
    }
}

fn with_file(file: &str) -> RunOptions {
    RunOptions {
        file: Some(("run.yaml".to_owned(), file.to_owned())),
        ..RunOptions::default()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn input(options: &RunOptions, container: Option<&str>) -> Value {
    serde_json::from_str(&options.run(container).unwrap().input()).unwrap()
}

#[test]
fn options_become_the_properties_of_a_run() {
    let options = RunOptions {
        container: Some("web".to_owned()),
        environment: words(&["STAGE=production", "EMPTY=", "QUERY=a=b"]),
        network_from: Some("backend".to_owned()),
        timeout: Some("30m".to_owned()),
        command: words(&["python3", "manage.py", "migrate", "--no-input"]),
        ..options()
    };
    let environment = json!([{"Name": "STAGE", "Value": "production"}, {"Name": "EMPTY", "Value": ""}, {"Name": "QUERY", "Value": "a=b"}]);
    let container = json!({"Name": "web", "Command": ["python3", "manage.py", "migrate", "--no-input"], "Environment": environment});
    assert_eq!(
        input(&options, None),
        json!({"Cluster": "production", "TaskDefinition": "migrate", "NetworkFrom": "backend", "Timeout": 1800,
            "Overrides": {"ContainerOverrides": [container]}})
    );
}

#[test]
fn an_option_wins_over_the_property_of_the_file_in_either_spelling() {
    let file = "
cluster: staging
TaskDefinition: migrate:7
Timeout: 60
Count: 2
overrides:
  containerOverrides:
    - name: web
      command: [old]
      memory: 512
      environment: [{name: STAGE, value: staging}, {name: DEBUG, value: '1'}]
";
    let options = RunOptions {
        cluster: Some("production".to_owned()),
        timeout: Some("2h".to_owned()),
        command: words(&["new"]),
        environment: words(&["STAGE=production"]),
        ..with_file(file)
    };
    let environment =
        json!([{"name": "DEBUG", "value": "1"}, {"Name": "STAGE", "Value": "production"}]);
    let container =
        json!({"name": "web", "command": ["new"], "memory": "512", "environment": environment});
    assert_eq!(
        input(&options, None),
        json!({"cluster": "production", "TaskDefinition": "migrate:7", "Timeout": 7200, "Count": "2",
            "overrides": {"containerOverrides": [container]}})
    );
}

#[test]
fn a_container_is_looked_for_only_where_nothing_names_it() {
    let command = words(&["true"]);
    let one = "{Cluster: c, TaskDefinition: f, Overrides: {ContainerOverrides: [{Name: web}]}}";
    let two = "{Cluster: c, TaskDefinition: f, Overrides: {ContainerOverrides: [{Name: web}, {Name: proxy}]}}";
    for (options, expected) in [
        (options(), None),
        (
            RunOptions {
                command: command.clone(),
                ..options()
            },
            Some("migrate"),
        ),
        (
            RunOptions {
                environment: words(&["A=b"]),
                ..options()
            },
            Some("migrate"),
        ),
        (
            RunOptions {
                container: Some("web".to_owned()),
                command: command.clone(),
                ..options()
            },
            None,
        ),
        (
            RunOptions {
                command: command.clone(),
                ..with_file(one)
            },
            None,
        ),
        (
            RunOptions {
                command: command.clone(),
                ..with_file(two)
            },
            Some("f"),
        ),
    ] {
        assert_eq!(
            options.lacks_container_of().as_deref(),
            expected,
            "{options:?}"
        );
    }
    let found = input(
        &RunOptions {
            command,
            ..options()
        },
        Some("only"),
    );
    assert_eq!(found["Overrides"]["ContainerOverrides"][0]["Name"], "only");
}

#[test]
fn all_problems_are_named_at_once_and_no_value_of_an_environment() {
    let options = RunOptions {
        file: Some((
            "run.yaml".to_owned(),
            "{Cloister: production, Count: lots}".to_owned(),
        )),
        timeout: Some("soon".to_owned()),
        name: Some("release 42".to_owned()),
        environment: words(&["hunter2", "=hunter2"]),
        container: Some("web".to_owned()),
        ..RunOptions::default()
    };
    let problems = options.run(None).unwrap_err();
    for part in [
        "--timeout is \"soon\"; expected seconds, or a time such as 30m or 2h.",
        "--name has the character ' '",
        "--env has no '='; expected NAME=VALUE.",
        "--env has no name before the '='",
        "Cloister is not a property of this resource; did you mean Cluster?",
        "Count is \"lots\"",
        "--cluster, or Cluster in run.yaml, is missing",
        "--task-definition, or TaskDefinition in run.yaml, is missing",
    ] {
        let is_named = problems.iter().any(|problem| problem.contains(part));
        assert!(is_named, "{part:?} is not in {problems:#?}");
    }
    assert!(!problems.concat().contains("hunter2"), "{problems:?}");
    let idle = RunOptions {
        container: Some("web".to_owned()),
        ..self::options()
    };
    let problems = idle.run(None).unwrap_err();
    assert_eq!(
        problems,
        ["--container names the container of a command or of --env, and neither is given."]
    );
}

#[test]
fn what_an_option_gave_is_named_by_the_option() {
    let only = |options: &RunOptions, container: Option<&str>| {
        let problems = options.run(container).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.concat()
    };
    let wrong_cluster = RunOptions {
        cluster: Some("my cluster".to_owned()),
        ..options()
    };
    let without_definition = RunOptions {
        task_definition: None,
        ..options()
    };
    let long = RunOptions {
        timeout: Some("24h".to_owned()),
        ..options()
    };
    let network = RunOptions {
        network_from: Some("backend".to_owned()),
        ..with_file("{Cluster: c, TaskDefinition: f, LaunchType: FARGATE}")
    };
    let container = RunOptions {
        container: Some("my container".to_owned()),
        command: words(&["true"]),
        ..options()
    };
    let much = RunOptions {
        command: words(&[&"x".repeat(9_000)]),
        ..options()
    };
    for (options, problem) in [
        (
            &wrong_cluster,
            "--cluster is \"my cluster\"; expected the name or ARN of an ECS cluster.",
        ),
        (
            &without_definition,
            "--task-definition is missing; expected a family, family:revision or the ARN of a task definition.",
        ),
        (
            &with_file("{TaskDefinition: f}"),
            "--cluster, or Cluster in run.yaml, is missing; expected the name or ARN of an ECS cluster.",
        ),
        (
            &with_file("{Cluster: my cluster, TaskDefinition: f}"),
            "Cluster is \"my cluster\"; expected the name or ARN of an ECS cluster.",
        ),
        (
            &long,
            "--timeout \"24h\", in seconds, is 86400; expected a whole number from 1 to 82800.",
        ),
        (
            &network,
            "LaunchType cannot be given together with --network-from: it is taken from the service; leave one of the two out.",
        ),
        (
            &container,
            "--container is \"my container\"; expected the name of a container.",
        ),
        (&much, "What --env and COMMAND give has 9"),
    ] {
        let found = only(options, Some("web"));
        assert!(found.starts_with(problem), "{found}\n{problem}");
    }
}

#[test]
fn a_file_that_holds_no_properties_is_the_problem_and_not_what_it_lacks() {
    for (text, part) in [
        (
            "Resources: {MigrateTask: {Type: Custom::EcsTask}}",
            "it is a template or an event",
        ),
        (
            "[1, 2]",
            "expected an object with Cluster and TaskDefinition",
        ),
        ("a: [", "is not valid YAML"),
        ("", "there is nothing in it"),
    ] {
        let problems = with_file(text).run(None).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].starts_with("run.yaml cannot be used: ") && problems[0].contains(part),
            "{problems:?}"
        );
    }
    let function = with_file("{Cluster: !Ref Cluster, TaskDefinition: migrate}");
    assert!(function.run(None).unwrap_err()[0].starts_with("Cluster "));
}

#[test]
fn the_same_options_make_the_same_input() {
    let options = RunOptions {
        timeout: Some("60".to_owned()),
        ..options()
    };
    assert_eq!(
        options.run(None).unwrap().input(),
        options.run(None).unwrap().input()
    );
}
