//! Parts of different releases meet: an execution keeps the definition it was started with, the
//! functions are replaced in an instant, and a fleet of workers takes minutes. So what the parts
//! hand each other may gain members, and nothing else may change.
//!
//! `releases/` has one directory for each release with the documents of its runs (`*.json`), the
//! release's definition, and its error names. A release has fewer kinds of runs than today's table
//! ([`cases`]) where it knew no others. These tests hold today's code against every one of them. A
//! release adds its own directory with
//!
//! ```text
//! cargo test --test scenarios -- --ignored upgrade::record_this_release
//! ```

mod begins;
mod cases;
mod executions;
mod parts;
mod releases;
mod requests;
mod runs;

use std::collections::{BTreeMap, BTreeSet};

use ecs_task_runner::activity::{HANDED_OVER, PANICKED};
use ecs_task_runner::execution::error::NOT_CLAIMED;
use ecs_task_runner::task::error::ErrorName;
use serde_json::{Value, json};
use stand_ins::sfn::interpreter::definition;

use cases::CASES;
use releases::Release;
use runs::begun_and_performed;

/// Every error that a Reason, an execution or an alarm can name.
fn error_names() -> BTreeSet<String> {
    ErrorName::ALL
        .iter()
        .map(|name| name.as_str())
        .chain([HANDED_OVER, PANICKED, NOT_CLAIMED])
        .map(str::to_owned)
        .collect()
}

/// What is recorded of the runs of today's table.
async fn record() -> BTreeMap<&'static str, Value> {
    let mut runs = BTreeMap::new();
    for case in &CASES {
        let run = begun_and_performed(&case.beginning()).await;
        runs.insert(case.name, Value::Object(run.documents));
    }
    runs
}

#[test]
fn this_release_is_recorded() {
    let releases = Release::all();
    let version = env!("CARGO_PKG_VERSION");
    let recorded = releases.iter().find(|release| release.version == version);
    let Some(recorded) = recorded else {
        panic!("{version} is not recorded; record it as this file says")
    };
    for case in &CASES {
        assert!(
            recorded.runs.contains_key(case.name),
            "{version} is recorded without {}; record it again if it is not published, and the run is of use to later releases in any case",
            case.name
        );
    }
}

/// Otherwise what has changed in a record would not show what has changed in the product.
#[tokio::test(start_paused = true)]
async fn a_record_is_the_same_however_often_it_is_made() {
    let (once, again) = (record().await, record().await);
    for (name, run) in &once {
        for (document, value) in run.as_object().unwrap() {
            assert_eq!(*value, again[name][document], "{document} of {name}");
        }
        assert_eq!(*run, again[name], "{name}");
    }
}

/// Addresses and tokens with which anybody could reply stand in the events of CloudFormation alone,
/// which are made up.
#[test]
fn a_record_holds_no_secret() {
    for release in Release::all() {
        for (name, recorded) in &release.runs {
            let mut recorded = recorded.clone();
            for event in ["event", "before"] {
                recorded.as_object_mut().unwrap().remove(event);
            }
            let recorded = recorded.to_string();
            // How signed URLs are recognised, and the tokens of the stand-in.
            for secret in ["X-Amz-", "https://cloudformation-", "AAAAKg"] {
                assert!(
                    !recorded.contains(secret),
                    "{secret} in {name} of {}",
                    release.version
                );
            }
        }
    }
}

/// Definitions in flight, alarms and people match on them.
#[test]
fn no_error_name_of_an_earlier_release_is_gone() {
    for release in Release::all() {
        let lost: Vec<_> = release
            .error_names
            .difference(&error_names())
            .cloned()
            .collect();
        assert!(lost.is_empty(), "{} had {lost:?}", release.version);
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "writes files: run it once, for a release"]
async fn record_this_release() {
    let directory = Release::directory(env!("CARGO_PKG_VERSION"));
    std::fs::create_dir_all(&directory).unwrap();
    let write = |name: &str, document: &Value| {
        std::fs::write(
            directory.join(name),
            serde_json::to_string_pretty(document).unwrap() + "\n",
        )
        .unwrap();
    };
    write(releases::DEFINITION, &definition());
    write(releases::ERROR_NAMES, &json!(error_names()));
    for (name, run) in record().await {
        write(&format!("{name}.json"), &run);
    }
}
