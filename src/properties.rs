//! The properties of `Custom::EcsTask`: what people write in templates, checked and brought to the
//! types of the ECS API.
//!
//! ```text
//! JSON ──▶ reader ──▶ canonical object ──▶ Properties ──▶ TaskSpec
//!            │
//!            ├ schema      what each property may be, as data; limits has the numbers
//!            ├ intrinsics  functions of a template, whose values only the deployment knows
//!            ├ types       what is known of their types; declarations has the template's names
//!            ├ functions   what stands inside them
//!            ├ names       the two spellings of a name, and typos
//!            ├ hints       what was probably meant by a name or a word that is not known
//!            ├ scalars     text, numbers and booleans; forms has the forms of names and ARNs
//!            ├ rules       what must hold between properties
//!            ├ json_schema the shapes and rules for other programs
//!            ▼
//!         Problems         all that is wrong, in sentences
//! ```
//!
//! CloudFormation sends every scalar as text. Names may be spelled as CloudFormation does
//! (`ContainerOverrides`) or as the ECS API does (`containerOverrides`); the canonical object has
//! the API's spelling and types.
//!
//! `update_criteria` compares the properties before and after an Update. Nothing here calls AWS:
//! whether a cluster or a task definition exists, ECS will say.

mod checked;
mod declarations;
mod forms;
mod functions;
mod hints;
mod intrinsics;
mod json_schema;
mod limits;
mod names;
mod problems;
mod reader;
mod rules;
mod scalars;
mod schema;
mod switches;
mod types;
mod update_criteria;

pub(crate) use declarations::Declarations;
pub(crate) use hints::is_like_a_property;
pub(crate) use intrinsics::{
    DYNAMIC_REFERENCE, is_function, is_no_value, literal_text, may_add_members, names_in_sub,
};
pub use json_schema::{SchemaOf, json_schema};
pub(crate) use names::{is_spelling_of, nearest, pascal_case};
pub use problems::Problems;
pub(crate) use problems::{Path, Problem, Step, kind};
pub use switches::{
    has_rollback_overrides, ignores_rollback_failure, switch, wait_condition_handle,
};
pub use update_criteria::{ContainerEnvironments, ReasonToRun};

pub use reader::Source;
use update_criteria::UpdateCriterion;

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::task::spec::{TaskOverride, TaskSpec};

/// Seconds a run may take when the properties do not say; leaves five minutes of the hour that
/// CloudFormation waits.
pub(crate) const DEFAULT_TIMEOUT_SECONDS: u32 = 3300;

/// The properties of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
pub struct Properties {
    /// The task; its identity and deadline are placeholders until [`task_spec`](Self::task_spec).
    task: TaskSpec,
    /// Seconds for the whole run, 1 to 3,540; up to 43,200 with a handle, and up to 82,800 for a direct run.
    pub(crate) timeout_seconds: u32,
    /// Whether a wait condition waits for the run's end. [`wait_condition_handle`] gives the URL, which
    /// is a secret.
    pub(crate) names_handle: bool,
    /// Whether a Create runs the task.
    pub(crate) run_on_create: bool,
    /// Whether an Update runs the task.
    pub(crate) run_on_update: bool,
    /// Whether an Update that takes a failed update back runs the task.
    pub(crate) run_on_rollback: bool,
    /// What takes the place of `Overrides` when an update with these properties is rolled back: the
    /// task then runs once more, with these. `None` = a rollback does not run it.
    rollback_overrides: Option<TaskOverride>,
    /// What has to change for an Update to run the task; `None` = nothing has to.
    update_criteria: Option<Vec<UpdateCriterion>>,
    /// Any value; when it changes, an Update runs the task whatever the criteria say.
    triggers: Option<Value>,
}

impl Properties {
    /// Reads the `ResourceProperties` of an event.
    ///
    /// # Errors
    /// Everything that is wrong with them, together.
    pub fn parse(properties: &Value) -> Result<Self, Problems> {
        Self::from_canonical(canonical(properties, Source::Event)?)
    }

    /// Reads the input of a direct run. What concerns CloudFormation's requests alone, such as
    /// `RunOnUpdate`, is checked and means nothing.
    ///
    /// # Errors
    /// Everything that is wrong with them, together.
    pub fn parse_direct(properties: &Value) -> Result<Self, Problems> {
        Self::from_canonical(canonical(properties, Source::Direct)?)
    }

    /// The task to run, with its identity and its deadline.
    #[must_use]
    pub fn task_spec(
        &self,
        started_by: impl Into<String>,
        client_token: impl Into<String>,
        deadline: Timestamp,
    ) -> TaskSpec {
        TaskSpec {
            started_by: started_by.into(),
            client_token: client_token.into(),
            deadline,
            ..self.task.clone()
        }
    }

    /// The task to run when an update with these properties has failed and is rolled back; `None`
    /// when they give no `RollbackOverrides`.
    #[must_use]
    pub fn rollback_task_spec(
        &self,
        started_by: impl Into<String>,
        client_token: impl Into<String>,
        deadline: Timestamp,
    ) -> Option<TaskSpec> {
        let overrides = self.rollback_overrides.clone()?;
        Some(TaskSpec {
            overrides,
            ..self.task_spec(started_by, client_token, deadline)
        })
    }

    /// How long the whole run may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    /// What differs from the task definition.
    pub(crate) fn overrides(&self) -> &TaskOverride {
        &self.task.overrides
    }

    /// Whether the tasks are started on named instances.
    pub(crate) fn names_instances(&self) -> bool {
        !self.task.instances.is_empty()
    }

    /// Family, `family:revision` or ARN of the task definition.
    pub(crate) fn task_definition(&self) -> &str {
        &self.task.task_definition
    }

    /// How many tasks a run consists of; 0 = there is nothing to run.
    pub(crate) fn task_count(&self) -> usize {
        self.task.task_count()
    }

    /// What a Delete can use of the properties. A Delete must not fail because of them, so what is
    /// missing or wrong is left out.
    #[must_use]
    pub fn for_delete(properties: &Value) -> DeleteTarget {
        let usable = |name: &str, is_valid: fn(&str) -> bool| {
            let text = properties
                .get(names::pascal_case(name))
                .or_else(|| properties.get(name))?
                .as_str()?;
            (!text.is_empty() && is_valid(text)).then(|| text.to_owned())
        };
        DeleteTarget {
            cluster: usable("cluster", forms::is_cluster),
            task_definition: usable("taskDefinition", forms::is_task_definition),
        }
    }

    fn from_canonical(canonical: Map<String, Value>) -> Result<Self, Problems> {
        // The reader has checked every type against the schema, so that serde refuses nothing
        // unless schema and structs differ. Its message may repeat a value, and is not shown.
        let mismatch = |_: serde_json::Error| {
            let mut problems = Problems::default();
            problems.add(&Path::ROOT, "cannot be run although nothing is wrong with them, which is a fault of this program");
            problems
        };
        let mut task = canonical.clone();
        for (name, placeholder) in [
            ("startedBy", ""),
            ("clientToken", ""),
            ("deadline", "1970-01-01T00:00:00Z"),
        ] {
            task.insert(name.to_owned(), Value::from(placeholder));
        }
        let task = serde_json::from_value(Value::Object(task)).map_err(mismatch)?;
        let options: RunOptions =
            serde_json::from_value(Value::Object(canonical)).map_err(mismatch)?;
        Ok(Self {
            task,
            timeout_seconds: options.timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
            names_handle: options.wait_condition_handle.is_some(),
            run_on_create: options.run_on_create.unwrap_or(true),
            run_on_update: options.run_on_update.unwrap_or(true),
            run_on_rollback: options.run_on_rollback.unwrap_or(false),
            rollback_overrides: options.rollback_overrides,
            update_criteria: options.update_criteria,
            triggers: options.triggers,
        })
    }
}

/// What the properties say about where the tasks are that a Delete stops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteTarget {
    /// Name or ARN, if the properties have a valid one.
    pub cluster: Option<String>,
    /// Family, `family:revision` or ARN, if the properties have a valid one.
    pub task_definition: Option<String>,
}

/// The properties that say when and how long a task is run, and are no part of the task itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunOptions {
    timeout: Option<u32>,
    wait_condition_handle: Option<IgnoredAny>,
    run_on_create: Option<bool>,
    run_on_update: Option<bool>,
    run_on_rollback: Option<bool>,
    rollback_overrides: Option<TaskOverride>,
    update_criteria: Option<Vec<UpdateCriterion>>,
    triggers: Option<Value>,
}

/// The properties with the names and types of the ECS API.
fn canonical(properties: &Value, source: Source) -> Result<Map<String, Value>, Problems> {
    let declarations = Declarations::default();
    let mut reader = reader::Reader::new(source, &declarations);
    let read = reader.read(properties, &schema::ROOT, &Path::ROOT);
    if reader.problems.is_empty() {
        if let Some(Value::Object(canonical)) = read.to_known() {
            return Ok(canonical);
        }
        reader.problems.add(
            &Path::ROOT,
            format!(
                "are missing; expected {}",
                scalars::expectation(&schema::ROOT)
            ),
        );
    }
    Err(reader.problems)
}

/// Everything that is wrong with `properties`, which come from `source`. Of a template, nothing but
/// the properties is known.
#[must_use]
pub fn problems_of(properties: &Value, source: Source) -> Problems {
    problems_among(properties, source, &Declarations::default())
}

/// Everything that is wrong with `properties`, which come from `source`. `declarations` are those
/// of the template.
pub(crate) fn problems_among(
    properties: &Value,
    source: Source,
    declarations: &Declarations<'_>,
) -> Problems {
    let mut reader = reader::Reader::new(source, declarations);
    reader.read(properties, &schema::ROOT, &Path::ROOT);
    let mut search = functions::Search {
        declarations: source.has_functions().then_some(declarations),
        problems: &mut reader.problems,
    };
    search.look_into(properties, &Path::ROOT);
    reader.problems
}

#[cfg(test)]
mod tests;
