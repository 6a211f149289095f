//! Containers as processes, in real time.

use std::time::Duration;

use aws_sdk_ecs::types::{ContainerOverride, KeyValuePair, Task, TaskOverride};
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::ecs::{ContainerLine, Processes};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

/// Nothing here takes this long.
const LONG: Duration = Duration::from_secs(20);

fn register(aws: &StandIns, containers: &[Value]) {
    let containers: Vec<_> = containers
        .iter()
        .map(|container| {
            let mut container = container.clone();
            container["image"] = "app".into();
            container["logConfiguration"] = json!({
                "logDriver": "awslogs",
                "options": {"awslogs-group": "/ecs/migrate", "awslogs-stream-prefix": "ecs"},
            });
            container
        })
        .collect();
    aws.ecs()
        .register(&json!({"family": "migrate", "containerDefinitions": containers}));
}

fn shell(script: &str) -> Value {
    json!({"name": "app", "command": ["sh", "-c", script]})
}

async fn run(aws: &StandIns, overrides: Option<ContainerOverride>) -> String {
    let overrides =
        overrides.map(|entry| TaskOverride::builder().container_overrides(entry).build());
    let request = super::ecs(aws)
        .run_task()
        .task_definition("migrate")
        .set_overrides(overrides);
    request.send().await.unwrap().tasks()[0]
        .task_arn()
        .unwrap()
        .to_owned()
}

async fn describe(aws: &StandIns, arn: &str) -> Task {
    super::ecs(aws)
        .describe_tasks()
        .tasks(arn)
        .send()
        .await
        .unwrap()
        .tasks()[0]
        .clone()
}

async fn stopped(aws: &StandIns, arn: &str) -> Task {
    let waiting = async {
        loop {
            let task = describe(aws, arn).await;
            if task.last_status() == Some("STOPPED") {
                return task;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, waiting).await.unwrap()
}

fn log(aws: &StandIns, arn: &str, container: &str) -> Vec<String> {
    let stream = format!("ecs/{container}/{}", arn.rsplit('/').next().unwrap());
    aws.logs()
        .events("/ecs/migrate", &stream)
        .into_iter()
        .map(|event| event.message)
        .collect()
}

fn lives(pid: &str) -> bool {
    // A process that has ended and whose parent has not looked yet is as good as gone.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z')
    })
}

async fn gone(pid: &str) {
    let waiting = async {
        while lives(pid) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, waiting).await.expect("the process is gone");
}

#[tokio::test]
async fn a_command_runs_with_its_environment_and_its_lines_are_kept_in_order() {
    let aws = StandIns::new();
    let directory = env!("CARGO_MANIFEST_DIR");
    let (sender, mut lines) = mpsc::unbounded_channel();
    let options = Processes::in_directory("/")
        .image("app", directory)
        .environment("A", "image")
        .environment("B", "image")
        .secret("arn:secret", "hush")
        .lines(sender);
    aws.ecs().processes(options);
    let script = "echo $A $B $C $S; pwd >&2; echo last";
    register(
        &aws,
        &[json!({
            "name": "app",
            "entryPoint": ["sh", "-c"],
            "command": ["exit 9"],
            "environment": [{"name": "B", "value": "definition"}, {"name": "C", "value": "definition"}],
            "secrets": [{"name": "S", "valueFrom": "arn:secret"}],
        })],
    );
    let variable = KeyValuePair::builder().name("C").value("override").build();
    let arn = run(
        &aws,
        Some(
            ContainerOverride::builder()
                .name("app")
                .command(script)
                .environment(variable)
                .build(),
        ),
    )
    .await;
    let task = stopped(&aws, &arn).await;
    assert_eq!(task.containers()[0].exit_code(), Some(0));
    assert_eq!(
        task.stop_code().unwrap().as_str(),
        "EssentialContainerExited"
    );
    assert_eq!(
        log(&aws, &arn, "app"),
        ["image definition override hush", directory, "last"]
    );
    let first = ContainerLine {
        task_arn: arn,
        container: "app".to_owned(),
        line: "image definition override hush".to_owned(),
    };
    assert_eq!(lines.recv().await, Some(first));
}

#[tokio::test]
async fn a_process_ends_with_the_exit_code_of_a_container_runtime() {
    for (script, expected) in [
        ("exit 0", 0),
        ("exit 3", 3),
        ("kill -KILL $$", 137),
        ("kill -SEGV $$", 139),
    ] {
        let aws = StandIns::new();
        aws.ecs().processes(Processes::in_directory("/"));
        register(&aws, &[shell(script)]);
        let arn = run(&aws, None).await;
        assert_eq!(
            stopped(&aws, &arn).await.containers()[0].exit_code(),
            Some(expected),
            "{script}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    for (container, reason) in [
        (
            json!({"name": "app", "command": ["no-such-program"]}),
            "exec: \"no-such-program\": executable file not found in $PATH",
        ),
        (json!({"name": "app"}), "CannotCreateContainerError"),
        (
            json!({"name": "app", "command": ["true"], "secrets": [{"name": "S", "valueFrom": "x"}]}),
            "ResourceInitializationError",
        ),
    ] {
        let aws = StandIns::new();
        aws.ecs().processes(Processes::in_directory("/"));
        register(
            &aws,
            &[
                json!({"name": "proxy", "command": ["sleep", "1000"]}),
                container,
            ],
        );
        let arn = run(&aws, None).await;
        let task = stopped(&aws, &arn).await;
        assert_eq!(task.stop_code().unwrap().as_str(), "TaskFailedToStart");
        assert!(task.stopped_reason().unwrap().contains(reason), "{task:?}");
        assert_eq!(task.started_at(), None);
        assert_eq!(task.containers()[1].exit_code(), None);
    }
}

#[tokio::test]
async fn stop_task_terminates_then_kills_the_whole_group() {
    const PATIENT: Duration = Duration::from_secs(60);
    const IMPATIENT: Duration = Duration::from_millis(300);
    // Of the first, the grandchild dies of the signal too; the second ignores it. Both say their
    // line once the trap is set.
    for (script, expected, stop_timeout) in [
        ("sleep 1000 & trap 'exit 7' TERM; echo $!; wait", 7, PATIENT),
        (
            "trap '' TERM; sleep 1000 & echo $!; while true; do sleep 1; done",
            137,
            IMPATIENT,
        ),
    ] {
        let aws = StandIns::new();
        let (sender, mut lines) = mpsc::unbounded_channel();
        aws.ecs().processes(
            Processes::in_directory("/")
                .stop_timeout(stop_timeout)
                .lines(sender),
        );
        register(&aws, &[shell(script)]);
        let arn = run(&aws, None).await;
        let grandchild = timeout(LONG, lines.recv()).await.unwrap().unwrap().line;
        let begun = Instant::now();
        super::ecs(&aws)
            .stop_task()
            .task(&arn)
            .reason("enough")
            .send()
            .await
            .unwrap();
        assert_eq!(describe(&aws, &arn).await.desired_status(), Some("STOPPED"));
        let task = stopped(&aws, &arn).await;
        assert_eq!(task.containers()[0].exit_code(), Some(expected), "{script}");
        assert_eq!(task.stop_code().unwrap().as_str(), "UserInitiated");
        assert_eq!(task.stopped_reason(), Some("enough"));
        // The first ends of the signal: it was waited for less than its time to stop.
        assert_eq!(begun.elapsed() >= stop_timeout, expected == 137, "{script}");
        gone(&grandchild).await;
    }
}

#[tokio::test]
async fn an_essential_container_takes_the_others_with_it() {
    let aws = StandIns::new();
    aws.ecs().processes(Processes::in_directory("/"));
    let containers = [
        shell("sleep 0.05; exit 2"),
        json!({"name": "proxy", "command": ["sleep", "1000"]}),
        json!({"name": "extra", "command": ["true"], "essential": false}),
    ];
    register(&aws, &containers);
    let arn = run(&aws, None).await;
    let task = stopped(&aws, &arn).await;
    let codes: Vec<_> = task
        .containers()
        .iter()
        .map(aws_sdk_ecs::types::Container::exit_code)
        .collect();
    assert_eq!(codes, [Some(2), Some(143), Some(0)]);
}

#[tokio::test]
async fn no_process_is_left_behind_by_a_stand_in_that_is_shut_down_or_dropped() {
    for by_drop in [false, true] {
        let aws = StandIns::new();
        let (sender, mut lines) = mpsc::unbounded_channel();
        aws.ecs()
            .processes(Processes::in_directory("/").lines(sender));
        register(
            &aws,
            &[shell("trap '' TERM; sleep 1000 & echo $!; echo $$; wait")],
        );
        run(&aws, None).await;
        let mut line = async || timeout(LONG, lines.recv()).await.unwrap().unwrap().line;
        let pids = [line().await, line().await];
        assert!(pids.iter().all(|pid| lives(pid)));
        if !by_drop {
            timeout(LONG, aws.ecs().shut_down()).await.unwrap();
        }
        drop(aws);
        for pid in &pids {
            gone(pid).await;
        }
    }
}
