//! What a person asks about: an execution, a stack and perhaps one of its resources, or a service of
//! ECS.

use super::execution_arn::{ExecutionArn, NotAnExecution};
use crate::arn::Arn;
use crate::cloudformation::stack::{is_logical_id, is_stack_name, stack_name};

/// Longest name of a service in characters (`API_CreateService`).
const MAX_SERVICE_NAME: usize = 255;

/// What is to be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One execution.
    Execution(ExecutionArn),
    /// The execution of a stack that matters most now.
    Stack(StackTarget),
    /// The run of a service's deployments that matters most now.
    Service(ServiceTarget),
}

/// A service of ECS, and perhaps one of its deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTarget {
    /// The service's name.
    pub name: String,
    /// The service's ARN; `None` when only its name was given, which services of several clusters may
    /// share.
    pub arn: Option<String>,
    /// ARN of the deployment that was asked for.
    pub deployment: Option<String>,
}

/// A stack, and perhaps one of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackTarget {
    /// The stack's name or ARN.
    pub stack: String,
    /// Logical id of the resource; `None` for all of the stack.
    pub logical_id: Option<String>,
}

impl Target {
    /// Reads an execution's ARN or console address, `STACK`, `STACK/LOGICAL_ID`, or a stack's ARN,
    /// which `/LOGICAL_ID` may follow too; a service's ARN, a service deployment's, or a name that only
    /// a service can have. Any other name may be a service's as well; see
    /// [`StackTarget::as_service`].
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, NotAnExecution> {
        let trimmed = text.trim();
        let stack = StackTarget::of_arn(trimmed).or_else(|| StackTarget::of_name(trimmed));
        if let Some(stack) = stack {
            return Ok(Self::Stack(stack));
        }
        let service = ServiceTarget::of_arn(trimmed).or_else(|| ServiceTarget::of_name(trimmed));
        match service {
            Some(service) => Ok(Self::Service(service)),
            None => ExecutionArn::parse(trimmed).map(Self::Execution),
        }
    }

    /// The region that the ARN names; `None` for a name.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Execution(arn) => Some(arn.region()),
            Self::Stack(target) => Arn::parse(&target.stack).map(|arn| arn.region),
            Self::Service(target) => {
                let arn = target.deployment.as_deref().or(target.arn.as_deref())?;
                Arn::parse(arn).map(|arn| arn.region)
            }
        }
    }
}

impl ServiceTarget {
    /// `None` when no service can be called so.
    fn of_name(name: &str) -> Option<Self> {
        is_service_name(name).then(|| Self {
            name: name.to_owned(),
            arn: None,
            deployment: None,
        })
    }

    /// Reads `service/CLUSTER/NAME`, as ARNs were written at first `service/NAME`, and
    /// `service-deployment/CLUSTER/NAME/ID`.
    fn of_arn(text: &str) -> Option<Self> {
        let arn = Arn::parse(text)?;
        let of_deployment = arn.resource_of("ecs", "service-deployment/");
        let parts: Vec<_> = of_deployment
            .or_else(|| arn.resource_of("ecs", "service/"))?
            .split('/')
            .collect();
        if !arn.is_sound(&parts) {
            return None;
        }
        let (name, service, deployment) = match (of_deployment, parts.as_slice()) {
            (None, [name]) => (name, None, None),
            (None, [_, name]) => (name, Some(text.to_owned()), None),
            (Some(_), [cluster, name, _]) => {
                let head = text.strip_suffix(arn.resource)?;
                let service = format!("{head}service/{cluster}/{name}");
                (name, Some(service), Some(text.to_owned()))
            }
            _ => return None,
        };
        is_service_name(name).then(|| Self {
            name: (*name).to_owned(),
            arn: service,
            deployment,
        })
    }

    /// The target as a person writes it.
    #[must_use]
    pub fn in_words(&self) -> String {
        match &self.deployment {
            Some(arn) => format!("the deployment {arn}"),
            None => format!("the deployments of service {}", self.name),
        }
    }
}

/// Whether a service can be called so: up to 255 letters, digits, underscores and hyphens
/// (`API_CreateService`).
fn is_service_name(name: &str) -> bool {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=MAX_SERVICE_NAME).contains(&name.len()) && name.chars().all(may_stand)
}

impl StackTarget {
    fn of_name(text: &str) -> Option<Self> {
        let (stack, logical_id) = match text.split_once('/') {
            Some((stack, logical_id)) => (stack, Some(logical_id)),
            None => (text, None),
        };
        let is_target = is_stack_name(stack) && logical_id.is_none_or(is_logical_id);
        is_target.then(|| Self {
            stack: stack.to_owned(),
            logical_id: logical_id.map(str::to_owned),
        })
    }

    fn of_arn(text: &str) -> Option<Self> {
        let arn = Arn::parse(text)?;
        let mut parts = arn.resource_of("cloudformation", "stack/")?.split('/');
        let (name, guid) = (parts.next()?, parts.next()?);
        let logical_id = parts.next();
        let stack = match logical_id {
            Some(id) => text.strip_suffix(id)?.strip_suffix('/')?,
            None => text,
        };
        let is_stack = arn.is_sound(&[name, guid]) && stack_name(stack).is_some();
        let is_target = is_stack && logical_id.is_none_or(is_logical_id) && parts.next().is_none();
        is_target.then(|| Self {
            stack: stack.to_owned(),
            logical_id: logical_id.map(str::to_owned),
        })
    }

    /// The service that may be meant; `None` for a stack's ARN, and with a resource.
    #[must_use]
    pub fn as_service(&self) -> Option<ServiceTarget> {
        let is_name = self.logical_id.is_none();
        is_name.then(|| ServiceTarget::of_name(&self.stack))?
    }

    /// The stack's name.
    #[must_use]
    pub fn stack_name(&self) -> &str {
        stack_name(&self.stack).unwrap_or(&self.stack)
    }

    /// The target as a person writes it, with the stack's name.
    #[must_use]
    pub fn in_words(&self) -> String {
        match &self.logical_id {
            Some(logical_id) => format!("{}/{logical_id}", self.stack_name()),
            None => format!("stack {}", self.stack_name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str =
        "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/51af3dc0-da77-11e4";

    #[test]
    fn a_stack_is_named_by_its_name_or_its_arn_and_a_resource_after_it() {
        for (text, stack, logical_id, region) in [
            ("todobackend", "todobackend", None, None),
            (
                " todobackend/MigrateTask\n",
                "todobackend",
                Some("MigrateTask"),
                None,
            ),
            (STACK, STACK, None, Some("eu-west-1")),
            (
                &format!("{STACK}/MigrateTask"),
                STACK,
                Some("MigrateTask"),
                Some("eu-west-1"),
            ),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.region(), region);
            let Target::Stack(target) = target else {
                panic!("{target:?}")
            };
            assert_eq!(
                (target.stack.as_str(), target.logical_id.as_deref()),
                (stack, logical_id)
            );
        }
    }

    #[test]
    fn an_execution_is_told_from_a_stack() {
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:name";
        let target = Target::parse(arn).unwrap();
        assert_eq!(target.region(), Some("eu-west-1"));
        assert!(matches!(target, Target::Execution(execution) if execution.to_string() == arn));
    }

    #[test]
    fn a_service_is_named_by_its_arn_a_deployment_s_or_its_name() {
        const SERVICE: &str = "arn:aws:ecs:eu-west-1:123456789012:service/production/web";
        const DEPLOYMENT: &str = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/production/web/r9i43YFjvgF_xlg7m2eJ1r";
        for (text, name, arn, deployment) in [
            (SERVICE, "web", Some(SERVICE), None),
            (DEPLOYMENT, "web", Some(SERVICE), Some(DEPLOYMENT)),
            (
                "arn:aws:ecs:eu-west-1:123456789012:service/web",
                "web",
                None,
                None,
            ),
            ("todo_web", "todo_web", None, None),
            ("2todo", "2todo", None, None),
        ] {
            let target = Target::parse(text).unwrap();
            let is_whole = arn.is_some();
            assert_eq!(target.region().is_some(), is_whole, "{text}");
            let expected = ServiceTarget {
                name: name.to_owned(),
                arn: arn.map(str::to_owned),
                deployment: deployment.map(str::to_owned),
            };
            assert_eq!(target, Target::Service(expected));
        }
        let Ok(Target::Stack(either)) = Target::parse("web") else {
            panic!("a stack may be called so")
        };
        assert_eq!(either.as_service().unwrap().name, "web");
        for text in ["web/MigrateTask", STACK] {
            let Ok(Target::Stack(stack)) = Target::parse(text) else {
                panic!("{text}")
            };
            assert_eq!(stack.as_service(), None, "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused_with_all_that_it_may_be() {
        for text in [
            "",
            "/MigrateTask",
            "todobackend/",
            "todobackend/Migrate/Task",
            "todo backend",
            "$(stack)",
            "arn:aws:cloudformation:evil.example/x:123456789012:stack/todobackend/guid",
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend",
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid/A/B",
            "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/todobackend/guid",
            "arn:aws:ecs:evil.example/x:123456789012:service/production/web",
            "arn:aws:ecs:eu-west-1:123456789012:service/production/web/more",
            "arn:aws:ecs:eu-west-1:123456789012:service-deployment/production/web",
            "arn:aws:ecs:eu-west-1:123456789012:service/production/we b",
        ] {
            let refused = Target::parse(text).unwrap_err().to_string();
            assert!(
                refused.contains("STACK/LOGICAL_ID") && refused.contains(text),
                "{refused}"
            );
        }
    }
}
