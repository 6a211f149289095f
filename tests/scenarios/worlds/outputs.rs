//! The outputs of a run, which a template may ask for with `!GetAtt`.

use serde_json::Value;

const OUTPUTS: [&str; 10] = [
    "ConsoleUrl",
    "DurationSeconds",
    "ExitCode",
    "LogGroup",
    "LogStream",
    "Skipped",
    "StartedAt",
    "StoppedAt",
    "TaskArn",
    "TaskArns",
];

/// Every output is there, whatever it says.
pub fn assert_all_outputs(answer: &Value) {
    let mut names: Vec<_> = answer["Data"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(names, OUTPUTS);
}
