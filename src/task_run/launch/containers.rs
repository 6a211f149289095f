//! The containers that the properties name, compared with the task definition before the first
//! launch.
//!
//! ECS refuses overrides of a container that the task definition lacks, and names one of them. It
//! knows nothing of `Containers`: without this look, a misspelt name would be noticed when the
//! task's work is done.

use super::Launcher;
use crate::arn::last_part;
use crate::task::error::ErrorName;
use crate::task::judgement::is_added_by_aws;
use crate::task::outcome::Failure;
use crate::task::spec::TaskSpec;
use crate::text::enumeration::listed;

impl Launcher<'_> {
    /// Fails a run whose properties name containers that its task definition does not have. A run
    /// whose task definition cannot be read goes on: what it lacks is noticed later.
    pub(super) async fn look_for_containers(&self) -> Result<(), Failure> {
        let named = named(self.spec);
        if named.iter().all(|(_, names)| names.is_empty()) {
            return Ok(());
        }
        let Some(definition) = self.definitions.of_launch(self.spec).await else {
            return Ok(());
        };
        let present: Vec<_> = definition
            .containers
            .iter()
            .map(|container| container.name.as_str())
            .collect();
        let missing: Vec<_> = named
            .into_iter()
            .filter_map(|(property, mut names)| {
                names.retain(|name| !present.contains(name));
                (!names.is_empty()).then(|| format!("{property} names {}", quoted(&names)))
            })
            .collect();
        // A task definition has at least one container. An answer without any says nothing.
        if missing.is_empty() || present.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            ErrorName::InvalidRequest,
            format!(
                "{}: the task definition {} has only {}. Correct the name, or deploy the task definition that has this container.",
                missing.join(", "),
                last_part(&definition.arn),
                quoted(&present)
            ),
        ))
    }
}

/// The container names of each property that has some, without the sidecars that no task definition
/// names.
fn named(spec: &TaskSpec) -> [(&'static str, Vec<&str>); 2] {
    let overrides = spec.overrides.container_overrides.iter();
    let overridden = overrides.map(|container| container.name.as_str());
    let counted = spec.containers.iter().map(String::as_str);
    [
        (
            "Containers",
            counted.filter(|name| !is_added_by_aws(name)).collect(),
        ),
        ("Overrides", overridden.collect()),
    ]
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
    listed(&quoted)
}
