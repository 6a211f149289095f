//! `UpdateCriteria` and `Triggers`: whether an Update has a reason to run the task.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::Properties;

/// What may have to change for an Update to run the task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum UpdateCriterion {
    /// A property as a whole.
    Property(CriterionProperty),
    /// Environment variables of a container, as the container sees them: the task definition's,
    /// with the overrides over them.
    #[serde(rename_all = "camelCase")]
    Environment {
        /// Name of the container.
        container: String,
        /// Names of the variables.
        environment_keys: Vec<String>,
    },
}

/// A property that can be a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum CriterionProperty {
    /// `TaskDefinition`, compared as text: the name of a family is the same after a new revision.
    TaskDefinition,
    /// `Cluster`.
    Cluster,
    /// `Overrides`, compared in their canonical form: another spelling is no change.
    Overrides,
}

/// Values of environment variables, by container and name of the variable. For a secret the value
/// is its `valueFrom`: where it is kept, not what it is.
pub type ContainerEnvironments = BTreeMap<String, BTreeMap<String, String>>;

/// Why an Update runs the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReasonToRun {
    /// There are no criteria: every Update runs.
    NoCriteria,
    /// `Triggers` changed.
    Triggers,
    /// The properties before the Update cannot be read, so nothing can be compared.
    OldPropertiesUnreadable,
    /// A property changed that is a criterion.
    Property(CriterionProperty),
    /// A variable changed that is a criterion.
    Environment {
        /// Name of the container.
        container: String,
        /// Name of the variable.
        key: String,
    },
    /// Neither task definition has a container that a criterion names, so nothing can be compared.
    ContainerUnknown(String),
}

impl fmt::Display for ReasonToRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCriteria => f.write_str("every update runs the task"),
            Self::Triggers => f.write_str("Triggers changed"),
            Self::OldPropertiesUnreadable => {
                f.write_str("the properties before the update cannot be read")
            }
            Self::Property(property) => write!(f, "{property:?} changed"),
            Self::Environment { container, key } => {
                write!(f, "{key} changed in the environment of {container}")
            }
            Self::ContainerUnknown(container) => write!(
                f,
                "UpdateCriteria name {container}, a container that no task definition has"
            ),
        }
    }
}

impl Properties {
    /// Whether the task definitions must be read to decide if an Update runs the task: the
    /// properties alone give no reason, and a criterion compares environment variables.
    pub(crate) fn needs_environments(&self, old: Option<&Properties>) -> bool {
        let compares_environments = self
            .criteria()
            .iter()
            .any(|criterion| matches!(criterion, UpdateCriterion::Environment { .. }));
        compares_environments && self.reason_in_properties(old).is_none()
    }

    /// Why an Update from the properties `old` runs the task; `None` when it has no reason to.
    /// `old` is `None` when those properties cannot be read. The environments are those of the task
    /// definitions before and after the Update, without overrides; they may be empty unless
    /// `needs_environments` says otherwise.
    #[must_use]
    pub fn reason_to_run_on_update(
        &self,
        old: Option<&Properties>,
        old_environments: &ContainerEnvironments,
        new_environments: &ContainerEnvironments,
    ) -> Option<ReasonToRun> {
        if let Some(reason) = self.reason_in_properties(old) {
            return Some(reason);
        }
        let old = old?;
        self.criteria()
            .iter()
            .find_map(|criterion| match criterion {
                UpdateCriterion::Property(_) => None,
                UpdateCriterion::Environment {
                    container,
                    environment_keys,
                } => {
                    if !old_environments.contains_key(container)
                        && !new_environments.contains_key(container)
                    {
                        return Some(ReasonToRun::ContainerUnknown(container.clone()));
                    }
                    let changed = environment_keys.iter().find(|key| {
                        old.variable(container, key, old_environments)
                            != self.variable(container, key, new_environments)
                    });
                    changed.map(|key| ReasonToRun::Environment {
                        container: container.clone(),
                        key: key.clone(),
                    })
                }
            })
    }

    fn criteria(&self) -> &[UpdateCriterion] {
        self.update_criteria.as_deref().unwrap_or_default()
    }

    /// The reason that the properties give without a look at the task definitions.
    fn reason_in_properties(&self, old: Option<&Properties>) -> Option<ReasonToRun> {
        if self.update_criteria.is_none() {
            return Some(ReasonToRun::NoCriteria);
        }
        let Some(old) = old else {
            return Some(ReasonToRun::OldPropertiesUnreadable);
        };
        if self.triggers != old.triggers {
            return Some(ReasonToRun::Triggers);
        }
        self.criteria()
            .iter()
            .find_map(|criterion| match criterion {
                UpdateCriterion::Property(property) => self
                    .changed(old, *property)
                    .then_some(ReasonToRun::Property(*property)),
                UpdateCriterion::Environment { .. } => None,
            })
    }

    fn changed(&self, old: &Properties, property: CriterionProperty) -> bool {
        match property {
            CriterionProperty::TaskDefinition => {
                self.task.task_definition != old.task.task_definition
            }
            CriterionProperty::Cluster => self.task.cluster != old.task.cluster,
            CriterionProperty::Overrides => self.task.overrides != old.task.overrides,
        }
    }

    /// The value of a variable in a container. Where overrides give several, ECS takes the last.
    fn variable<'a>(
        &'a self,
        container: &str,
        key: &str,
        environments: &'a ContainerEnvironments,
    ) -> Option<&'a str> {
        let overrides = self
            .task
            .overrides
            .container_overrides
            .iter()
            .filter(|override_| override_.name == container);
        let overridden = overrides
            .flat_map(|override_| &override_.environment)
            .rfind(|variable| variable.name == key);
        overridden
            .map(|variable| variable.value.expose())
            .or_else(|| environments.get(container)?.get(key).map(String::as_str))
    }
}

#[cfg(test)]
mod tests;
