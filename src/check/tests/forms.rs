//! The reports on files, as people, editors, programs and GitHub read them.

use super::*;

const WRONG: &str = "Resources:
  Waiter: {Type: 'Custom::Waiter'}
  Run:
    Type: Custom::EcsTask
    Properties: {ServiceToken: x, Cluster: c, TaskDefinition: 't:1', Timeout: 3520, Cuont: 1}
";

fn of(file: &str, text: &str) -> FileReport {
    FileReport::of(file, text, &[RESOURCE_TYPE], false)
}

#[test]
fn editors_find_each_line_and_the_last_lines_say_what_was_checked() {
    let reports = [
        of("a.yaml", WRONG),
        of("b.yaml", "Cluster: c\nTaskDefinition: 't:1'"),
        of("c.yaml", "a: 1\na: 2"),
        FileReport::unreadable("d.yaml", "cannot be opened"),
        of("e.yaml", "a: [1\nb: 2"),
    ];
    assert_eq!(
        write(&reports, Format::Text),
        "a.yaml:5:70: warning: Run.Properties.Timeout: has no effect above 3505: CloudFormation waits 3600 s, of which 95 s are kept for stopping the task and replying
a.yaml:5:85: error: Run.Properties.Cuont: is not a property of this resource; did you mean Count?
c.yaml:2:1: error: the key a is given twice
d.yaml: error: cannot be opened
e.yaml:2:2: error: is not valid YAML: illegal placement of ':' indicator
checked a.yaml: Run: 1 error, 1 warning; skipped Waiter (Custom::Waiter)
checked b.yaml: Properties: no problems
checked c.yaml: 1 error
checked d.yaml: 1 error
checked e.yaml: 1 error
"
    );
}

#[test]
fn programs_read_all_of_it_as_json() {
    let written = write(&[of("a.yaml", WRONG)], Format::Json);
    assert_eq!(
        serde_json::from_str::<Value>(&written).unwrap(),
        json!({"files": [{
            "file": "a.yaml", "kind": "template", "checked": ["Run"],
            "skipped": [{"logicalId": "Waiter", "type": "Custom::Waiter"}],
            "findings": [
                {"severity": "warning", "line": 5, "column": 70, "path": "Run.Properties.Timeout",
                 "message": "has no effect above 3505: CloudFormation waits 3600 s, of which 95 s are kept for stopping the task and replying"},
                {"severity": "error", "line": 5, "column": 85, "path": "Run.Properties.Cuont",
                 "message": "is not a property of this resource; did you mean Count?"},
            ]
        }]})
    );
}

#[test]
fn github_annotates_the_files_and_is_given_no_command_by_them() {
    let evil = "Cluster: c\nTaskDefinition: 't:1'\n\"Cou%\\n::set-env name=A::b\": 1\n";
    let written = write(&[of("::error::,a%b\n.yaml", evil)], Format::Github);
    assert_eq!(
        written,
        "::error file=%3A%3Aerror%3A%3A%2Ca%25b .yaml,line=3,col=1::Cou%25\\n::set-env name=A::b: is not a property of this resource
checked ::error::,a%b .yaml: Properties: 1 error
"
    );
}

#[test]
fn a_file_with_nothing_to_check_passes_only_where_that_is_allowed() {
    let other = "Resources: {A: {Type: 'Custom::Waiter'}, B: {Type: 'AWS::SNS::Topic'}}";
    assert_eq!(
        write(&[of("t.yaml", other)], Format::Text),
        "t.yaml: error: there is nothing to check: no resource has the type Custom::EcsTask (there is Custom::Waiter); --type checks another type, --allow-none lets such files pass
checked t.yaml: 1 error; skipped A (Custom::Waiter)
"
    );
    let allowed = FileReport::of("t.yaml", other, &[RESOURCE_TYPE], true);
    assert_eq!(
        write(&[allowed], Format::Text),
        "checked t.yaml: nothing to check; skipped A (Custom::Waiter)\n"
    );
}

#[test]
fn a_place_is_that_of_the_key_or_the_item_whatever_stands_before_it() {
    let text = "# ü
\"Cluster\": c
TaskDefinition: 't:1'
Tags: [{Key: ü, Value: a}, {Key: b, Valeu: c}]
SuccessExitCodes:
  - 0
  - !Ref X
  -   x
Overrides: !If
  - C
  - Overides: 1
  - {}
";
    assert_eq!(
        told(text),
        [
            "4:37: error: Tags[1].Valeu: is not known here; did you mean Value?",
            "8:7: error: SuccessExitCodes[2]: is \"x\"; expected a whole number",
            "11:5: error: Overrides.Fn::If[1].Overides: is not known here; did you mean Overrides?",
        ]
    );
}

/// A key of this length is JSON, and no YAML.
#[test]
fn json_that_is_no_yaml_is_checked_without_places() {
    let text = format!(
        r#"{{"Cluster": "c", "TaskDefinition": "t:1", "{}": 1, "Group": "\ud83d\ude00"}}"#,
        "x".repeat(2_000)
    );
    let report = check(&text);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(
        (report.findings[0].line, report.findings[0].column),
        (None, None)
    );
}

#[test]
fn of_very_many_findings_only_the_first_are_listed_and_the_rest_is_counted() {
    let resources = |number: usize, properties: &str| -> String {
        let resource = |number| {
            format!(
                "  R{number:04}: {{Type: 'Custom::EcsTask', Properties: {{ServiceToken: x, Cluster: c, TaskDefinition: 't:1', {properties}}}}}\n"
            )
        };
        (0..number).map(resource).collect()
    };
    let warned_of = |number| format!("Resources:\n{}", resources(number, "Timeout: 3520"));
    let last_of = |text: &str| {
        let findings = check(text).findings;
        let last = findings.last().unwrap();
        (findings.len(), last.severity, last.message.clone())
    };
    let unlisted = |severity, message: &str| (1_001, severity, message.to_owned());
    assert_eq!(last_of(&warned_of(1_000)).0, 1_000);
    assert_eq!(
        last_of(&warned_of(1_001)),
        unlisted(Severity::Warning, "1 more finding is not listed")
    );
    let with_errors = format!("{}  S: {{Type: 'Custom::EcsTask'}}\n", warned_of(1_001));
    assert_eq!(
        last_of(&with_errors),
        unlisted(Severity::Error, "4 more findings are not listed")
    );
}
