//! `ecs-task-runner explain --svg`: the file of the picture.

use local_run::directories::RunDirectory;
use serde_json::{Value, json};

use super::explain::{explain, failed};
use crate::worlds::execution::Execution;
use crate::worlds::functions::World;
use crate::worlds::program::listen;

#[tokio::test]
async fn an_execution_is_drawn_into_a_file() {
    let world = World::new();
    let execution = failed(&world).await;
    let served = listen(&world.aws).await;
    let directory = RunDirectory::create("explain").unwrap();

    let file = directory.file("timeline.svg");
    let ended = explain(&served, &["--svg", file.to_str().unwrap(), &execution.arn]).await;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(1), ""));
    assert!(ended.stdout.starts_with("Create of MigrateTask"));
    let picture = std::fs::read_to_string(&file).unwrap();
    for part in [
        ">Create of MigrateTask (Custom::EcsTask) in stack todobackend</text>\n",
        ">worker i-0abc</text>\n",
        ">reported EcsTask.Failed</text>\n",
        ">  EcsTask.Failed: Container 'migrate' exited with code 1.</text>\n",
    ] {
        assert!(picture.contains(part), "{part:?} is not in\n{picture}");
    }
    let url = execution.input["request"]["ResponseURL"].as_str().unwrap();
    assert!(!picture.contains(url), "{picture}");
}

/// With `--follow` nobody learns of it after hours.
#[tokio::test]
async fn a_wrong_path_is_found_before_the_first_call() {
    let world = World::new();
    let execution = Execution::of(&world, "Delete").await;
    execution
        .entered("StopTasks", &json!({}))
        .invoked("Scheduled");
    let served = listen(&world.aws).await;
    let directory = RunDirectory::create("explain-wrong-path").unwrap();
    let file = directory.file("missing/timeline.svg");
    let arguments = ["--follow", "--svg", file.to_str().unwrap(), &execution.arn];
    let ended = explain(&served, &arguments).await;
    assert_eq!(
        (ended.status.code(), ended.stdout.as_str()),
        (Some(2), ""),
        "{ended:?}"
    );
    assert!(
        ended.stderr.starts_with("ecs-task-runner: the picture ")
            && ended.stderr.contains("timeline.svg cannot be written: "),
        "{ended:?}"
    );
}

/// `/dev/full` can be opened, and has no room.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_explanation_is_printed_though_its_picture_cannot_be_written() {
    let world = World::new();
    let execution = failed(&world).await;
    let served = listen(&world.aws).await;
    let ended = explain(&served, &["--json", "--svg", "/dev/full", &execution.arn]).await;
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("the picture /dev/full cannot be written: "),
        "{ended:?}"
    );
    let explanation: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(explanation["execution"], execution.arn.as_str());
}

#[tokio::test]
async fn without_a_picture_no_empty_file_stays_and_none_is_overwritten() {
    let world = World::new();
    let execution = failed(&world).await;
    let served = listen(&world.aws).await;
    let directory = RunDirectory::create("explain-no-picture").unwrap();
    let unknown = format!("{}-unknown", execution.arn);
    let (made, old) = (directory.file("made.svg"), directory.file("old.svg"));
    std::fs::write(&old, "x".repeat(100_000)).unwrap();
    for file in [&made, &old] {
        let ended = explain(&served, &["--svg", file.to_str().unwrap(), &unknown]).await;
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    }
    assert!(!made.exists());
    assert_eq!(std::fs::read_to_string(&old).unwrap().len(), 100_000);

    // Nothing stays of what the file held before.
    let ended = explain(&served, &["--svg", old.to_str().unwrap(), &execution.arn]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let picture = std::fs::read_to_string(&old).unwrap();
    assert!(
        picture.starts_with("<svg ") && picture.ends_with("</svg>\n"),
        "{picture}"
    );
}
