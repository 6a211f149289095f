//! The templates of `infra/` and what is deployed with them: what they promise each other, the
//! runbook and the programs.

mod alarm_times;
mod alarms;
mod dashboard;
mod launch;
mod roles;
mod workers;

use ecs_task_runner::check::read_document;
use serde_json::{Map, Value, json};

use super::{strings, values};

/// A template, as CloudFormation reads it.
pub struct Template {
    file: &'static str,
    text: &'static str,
    document: Value,
}

impl Template {
    fn read(file: &'static str, text: &'static str) -> Self {
        Self {
            file,
            text,
            document: read_document(text).unwrap(),
        }
    }

    pub fn task_runner() -> Self {
        let text = include_str!("../../../infra/task-runner.yaml");
        Self::read("task-runner.yaml", text)
    }

    pub fn worker() -> Self {
        Self::read("worker.yaml", include_str!("../../../infra/worker.yaml"))
    }

    pub fn worker_service() -> Self {
        let text = include_str!("../../../infra/worker-service.yaml");
        Self::read("worker-service.yaml", text)
    }

    pub fn long_migration() -> Self {
        let text = include_str!("../../../infra/example/long-migration.yaml");
        Self::read("long-migration.yaml", text)
    }

    pub fn todobackend() -> Self {
        let text = include_str!("../../../infra/example/todobackend.yaml");
        Self::read("todobackend.yaml", text)
    }

    /// The task runner's own; the example is the user's.
    /// Not among [`Template::all`], as nothing of it stays.
    fn verify() -> Self {
        Self::read("verify.yaml", include_str!("../../../infra/verify.yaml"))
    }

    fn all() -> [Self; 3] {
        [Self::task_runner(), Self::worker(), Self::worker_service()]
    }

    pub fn text(&self) -> &'static str {
        self.text
    }

    fn section(&self, name: &str) -> &Map<String, Value> {
        self.document[name].as_object().unwrap()
    }

    pub fn parameter(&self, name: &str) -> &Value {
        &self.section("Parameters")[name]
    }

    pub fn resource(&self, logical_id: &str) -> &Value {
        &self.section("Resources")[logical_id]
    }

    pub fn properties(&self, logical_id: &str) -> &Value {
        &self.resource(logical_id)["Properties"]
    }

    /// The logical ids and the properties of all resources of a type.
    pub fn of_type(&self, wanted: &str) -> Vec<(&str, &Value)> {
        let resources = self.section("Resources").iter();
        resources
            .filter(|(_, resource)| resource["Type"] == wanted)
            .map(|(name, resource)| (name.as_str(), &resource["Properties"]))
            .collect()
    }
}

/// The properties of all resources of a type in all templates, with a name for messages.
fn of_type(wanted: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for template in Template::all() {
        for (name, properties) in template.of_type(wanted) {
            found.push((format!("{}: {name}", template.file), properties.clone()));
        }
    }
    found
}

/// The text of an `Fn::Sub`.
fn substituted(value: &Value) -> &str {
    let argument = &value["Fn::Sub"];
    argument.as_str().or(argument[0].as_str()).unwrap()
}

#[test]
fn logs_keys_queues_and_disks_are_encrypted_and_not_kept_for_ever() {
    let groups = of_type("AWS::Logs::LogGroup");
    assert_eq!(groups.len(), 10);
    for (name, group) in groups {
        assert_eq!(
            group["RetentionInDays"],
            json!({"Ref": "LogRetentionDays"}),
            "{name}"
        );
        assert!(group["KmsKeyId"].is_object(), "{name} has no key");
    }
    for (name, key) in of_type("AWS::KMS::Key") {
        assert_eq!(key["EnableKeyRotation"], true, "{name}");
    }
    for (name, queue) in of_type("AWS::SQS::Queue") {
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{name}");
        assert!(queue["MessageRetentionPeriod"].is_string(), "{name}");
    }
    for (name, template) in of_type("AWS::EC2::LaunchTemplate") {
        let data = &template["LaunchTemplateData"];
        assert_eq!(data["MetadataOptions"]["HttpTokens"], "required", "{name}");
        let disks = data["BlockDeviceMappings"].as_array().unwrap();
        assert!(!disks.is_empty(), "{name} names no disk");
        for disk in disks {
            assert_eq!(disk["Ebs"]["Encrypted"], true, "{name}: {disk}");
        }
    }
}

#[test]
fn the_key_of_the_logs_may_be_used_for_every_log_group_that_names_it() {
    let template = Template::task_runner();
    let allowed: Vec<&str> = strings(template.resource("LogKey"))
        .into_iter()
        .filter_map(|text| text.split_once(":log-group:"))
        .map(|(_, name)| name.trim_end_matches('*'))
        .collect();
    assert_eq!(allowed.len(), 3);
    for (name, group) in of_type("AWS::Logs::LogGroup") {
        let group = substituted(&group["LogGroupName"]);
        assert!(
            allowed.iter().any(|prefix| group.starts_with(prefix)),
            "{name}: {group}"
        );
    }
}

#[test]
fn what_other_stacks_import_is_exported() {
    let task_runner = Template::task_runner();
    let exported: Vec<&str> = task_runner
        .section("Outputs")
        .values()
        .filter_map(|output| {
            substituted(output.get("Export")?.get("Name")?).strip_prefix("${AWS::StackName}-")
        })
        .collect();
    for template in Template::all() {
        for import in values(&template.document, "Fn::ImportValue") {
            let name = substituted(import).strip_prefix("${TaskRunnerStack}-");
            assert!(
                name.is_some_and(|name| exported.contains(&name)),
                "{} imports {import}",
                template.file
            );
        }
    }
}

#[test]
fn every_parameter_is_described_and_held_to_what_can_work() {
    for template in Template::all() {
        for (name, parameter) in template.section("Parameters") {
            let name = format!("{}: {name}", template.file);
            assert!(parameter["Description"].is_string(), "{name}");
            let kind = parameter["Type"].as_str().unwrap();
            let is_list_of_arns = kind == "CommaDelimitedList" && parameter["Default"] == "*";
            let is_of_aws = kind.starts_with("AWS::") || kind.starts_with("List<AWS::");
            let is_constrained = ["AllowedPattern", "AllowedValues", "MinValue"]
                .iter()
                .any(|constraint| parameter.get(constraint).is_some());
            assert!(is_list_of_arns || is_of_aws || is_constrained, "{name}");
        }
    }
}

/// `infra/deploy` uploads the templates, and deploys them from its bucket: the functions and the state
/// machine's definition are read from there as well. The guide deploys `worker-service.yaml` without
/// a bucket.
#[test]
fn the_templates_are_no_larger_than_the_way_they_are_deployed_allows() {
    // "CloudFormation quotas", bytes: a template in an S3 object, and one in the request.
    const IN_A_BUCKET: usize = 1_048_576;
    const IN_THE_REQUEST: usize = 51_200;
    assert!(
        include_str!("../../../infra/deploy.d/stacks.bash").contains(
            r#"cloudformation deploy --stack-name "$stack" --template-file "$template" --s3-bucket "$bucket""#
        ),
        "infra/deploy sends templates in the request"
    );
    for template in Template::all() {
        let limit = match template.file {
            "task-runner.yaml" | "worker.yaml" => IN_A_BUCKET,
            _ => IN_THE_REQUEST,
        };
        let size = template.text.len();
        assert!(size <= limit, "{} has {size} bytes", template.file);
    }
}
