//! Updates that fail after their migration, with the Django project: the rollback runs the failed
//! release's own task definition with `RollbackOverrides`.

use std::path::PathBuf;

use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;
use local_run::stacks::Template;
use local_run::todobackend::{CONTAINER, Database, FAMILY, Release, containers};
use serde_json::json;
use stand_ins::ecs::Script;

use super::account::Account;

const FORWARD: &str = "python3, manage.py, migrate, --no-input";
const BACK: &str = "python3, manage.py, migrate, --no-input, todo, \"0001\"";

/// A stack that migrates a database, and then tries the new version.
struct Todobackend {
    account: Account,
    python: PythonEnvironment,
    database: PathBuf,
    _directory: RunDirectory,
}

impl Todobackend {
    async fn start(label: &str) -> Self {
        let account = Account::with_worker(label, 1.0).await;
        let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
        let directory = RunDirectory::create(label).unwrap();
        let database = directory.file("database.sqlite3");
        let ecs = account.aws.stand_ins().ecs();
        ecs.processes(containers(&python, directory.path()).unwrap());
        ecs.register(&json!({
            "family": FAMILY,
            "containerDefinitions": [{"name": CONTAINER, "image": "todobackend", "environment": [
                {"name": "DJANGO_SETTINGS_MODULE", "value": Release::Good.settings_module()},
                {"name": "TODOBACKEND_DATABASE", "value": database},
                {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
            ]}]
        }));
        ecs.register_family("smoke-test", &["test"]);
        Self {
            account,
            python,
            database,
            _directory: directory,
        }
    }

    /// The template: the migration's command, and what the test of the new version runs.
    fn template(&self, migrate: &str, further: &str, test: &str) -> String {
        let token = &self.account.task_runner.service_token;
        format!(
            "Resources:
  MigrateTask:
    Type: Custom::EcsTask
    Properties:
      ServiceToken: {token}
      Cluster: production
      TaskDefinition: {FAMILY}
      Overrides: {{ContainerOverrides: [{{Name: {CONTAINER}, Command: [{migrate}]}}]}}
{further}
  SmokeTest:
    Type: Custom::EcsTask
    DependsOn: MigrateTask
    Properties:
      ServiceToken: {token}
      Cluster: production
      TaskDefinition: smoke-test
      Overrides: {{ContainerOverrides: [{{Name: test, Command: [\"{test}\"]}}]}}
"
        )
    }

    async fn is_deployed(&self) {
        let template = self.template(BACK, "", "true");
        let (body, parameters) = (&*template, &[][..]);
        let template = Template { body, parameters };
        let stack = self.account.create_from(&template).await;
        assert_eq!(stack.status, "CREATE_COMPLETE");
        assert!(!self.is_migrated().await);
    }

    /// An update whose migration succeeds, and whose version does not.
    async fn update_fails(&self, rollback: &str, further: &str) -> String {
        let further = format!(
            "      RollbackOverrides: {{ContainerOverrides: [{{Name: {CONTAINER}, Command: [{rollback}]}}]}}\n{further}"
        );
        let template = self.template(FORWARD, &further, "false");
        let (body, parameters) = (&*template, &[][..]);
        let template = Template { body, parameters };
        self.account.update_to(&template).await.status
    }

    /// Whether the database has the new version's migration.
    async fn is_migrated(&self) -> bool {
        let database = Database::read(&self.python, &self.database).await;
        let migrations = database.unwrap().migrations;
        let has = |name: &str| migrations.iter().any(|applied| applied == name);
        assert!(has("todo.0001_initial"), "{migrations:?}");
        has("todo.0002_example_items")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_goes_back_with_the_version() {
    let todobackend = Todobackend::start("rollback-django").await;
    todobackend.is_deployed().await;
    let status = todobackend.update_fails(BACK, "").await;
    assert_eq!(status, "UPDATE_ROLLBACK_COMPLETE");
    assert!(!todobackend.is_migrated().await);
    let executions = todobackend.account.executions().await;
    let rolled_back: Vec<_> = executions
        .iter()
        .filter(|execution| !execution.input["rollbackOf"].is_null())
        .collect();
    assert_eq!(rolled_back.len(), 1, "{executions:?}");
    assert_eq!(rolled_back[0].status, "SUCCEEDED");
    let of = &rolled_back[0].input["rollbackOf"]["execution"];
    let update = executions
        .iter()
        .find(|execution| execution.input["task"]["startedBy"] == *of)
        .unwrap();
    assert_eq!(update.input["request"]["LogicalResourceId"], "MigrateTask");
    let (code, explanation) = todobackend.account.explain(&rolled_back[0].arn).await;
    assert_eq!(code, Some(0), "{explanation}");
    for part in [
        "Rolls back ",
        "tasks of earlier runs have stopped",
        "replied SUCCESS to CloudFormation",
    ] {
        assert!(
            explanation.contains(part),
            "{part:?} is not in\n{explanation}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_whose_run_fails_leaves_the_stack_to_a_person_or_goes_on() {
    for (further, expected, reply) in [
        ("", "UPDATE_ROLLBACK_FAILED", "replied FAILED"),
        (
            "      RollbackFailure: ignore",
            "UPDATE_ROLLBACK_COMPLETE",
            "replied SUCCESS",
        ),
    ] {
        let todobackend = Todobackend::start("rollback-fails").await;
        todobackend.is_deployed().await;
        let status = todobackend.update_fails("\"false\"", further).await;
        assert_eq!(status, expected);
        assert!(todobackend.is_migrated().await);
        let executions = todobackend.account.executions().await;
        let rollback = executions
            .iter()
            .find(|execution| !execution.input["rollbackOf"].is_null())
            .unwrap();
        assert_eq!(rollback.status, "FAILED");
        let (_, explanation) = todobackend.account.explain(&rollback.arn).await;
        assert!(explanation.contains(reply), "{explanation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_rolled_back_of_an_update_that_started_no_container() {
    let account = Account::with_worker("rollback-of-nothing", 1.0).await;
    let missing = Script::fails_to_start("CannotPullContainerError: not found");
    account
        .aws
        .stand_ins()
        .ecs()
        .scripts("migrate", [Script::exits(0), missing, Script::exits(0)]);
    assert_eq!(account.create(&[]).await.status, "CREATE_COMPLETE");
    let stack = account
        .update(&[
            "Triggers: new",
            "RollbackOverrides: {ContainerOverrides: [{Name: migrate, Command: [back]}]}",
        ])
        .await;
    assert_eq!(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(account.launched(), 2);
    assert_eq!(account.executions().await.len(), 2);
}
