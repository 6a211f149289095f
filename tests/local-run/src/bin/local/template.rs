//! `--template`: a template of the user's, deployed against the local task runner.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use ecs_task_runner::check::{FileReport, Format, RESOURCE_TYPE, Severity, write};
use local_run::stacks::{Stack, Stacks, Template, TemplateParameter};

use super::arguments::Arguments;
use super::console::Console;
use super::deployment::{self, Answer, closing_line};
use super::execution_printer::ExecutionPrinter;
use super::platform::Platform;

/// CloudFormation waits an hour for a custom resource; a stack may have several.
const STACK_LIMIT: Duration = Duration::from_hours(3);

/// The network that the emulator begins with, by the types of the parameters that ask for it.
const NETWORK: [(&str, &str); 5] = [
    ("AWS::EC2::VPC::Id", "vpc-00000001"),
    ("AWS::EC2::Subnet::Id", "subnet-00000001"),
    (
        "List<AWS::EC2::Subnet::Id>",
        "subnet-00000001,subnet-00000002",
    ),
    ("AWS::EC2::SecurityGroup::Id", "sg-00000001"),
    ("List<AWS::EC2::SecurityGroup::Id>", "sg-00000001"),
];

/// A parameter of this name takes the local task runner's service token.
const SERVICE_TOKEN: &str = "ServiceToken";

/// A template whose properties have nothing to correct.
#[derive(Debug)]
pub struct UserTemplate {
    file: PathBuf,
    text: String,
    given: Vec<(String, String)>,
}

impl UserTemplate {
    /// Reads the template that the arguments name, if they do, and checks it.
    ///
    /// # Errors
    /// When it cannot be read, or `ecs-task-runner check` finds a problem in it.
    pub fn read(arguments: &Arguments) -> Result<Option<Self>> {
        let Some(file) = &arguments.template else {
            return Ok(None);
        };
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("The template {name} cannot be read"))?;
        let report = FileReport::of(&name.to_string(), &text, &[RESOURCE_TYPE], true);
        if report.count(Severity::Error) > 0 {
            let problems = write(&[report], Format::Text);
            bail!("The template {name} has problems, and nothing was deployed:\n{problems}");
        }
        Ok(Some(Self {
            file: file.clone(),
            text,
            given: arguments.parameters.clone(),
        }))
    }

    /// The directory in which it lies.
    pub fn directory(&self) -> &Path {
        match self.file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        }
    }

    /// The name of its stack: the file's, as far as a stack may be called so.
    pub fn stack(&self) -> String {
        let stem = self.file.file_stem().unwrap_or_default();
        stack_name(&stem.to_string_lossy())
    }

    /// Deploys it and gives the closing line when the stack is there.
    ///
    /// # Errors
    /// When a parameter has no value, or the stack is not created.
    pub async fn run(
        &self,
        platform: &Platform,
        printer: &mut ExecutionPrinter,
        console: &Console,
    ) -> Result<String> {
        let stacks = Stacks::new(platform.endpoints.cloudformation());
        let known = stacks.parameters_of(&self.text).await?;
        let token = &platform.task_runner.service_token;
        let parameters = values(&known, &self.given, token)
            .map_err(|problems| anyhow!("The template cannot be deployed:\n{problems}"))?;
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let template = Template {
            body: &self.text,
            parameters: &parameters,
        };
        let name = self.stack();
        let stack =
            deployment::create(platform, &name, &template, STACK_LIMIT, printer, console).await?;
        let answers = Answer::all(&stack, &platform.executions).await?;
        for answer in &answers {
            let resource = &answer.event.logical_id;
            console.print("answer", &format!("{resource}: {}", answer.text(console)));
        }
        if stack.status != "CREATE_COMPLETE" {
            bail!("{}", failure(&name, &stack));
        }
        Ok(closing_line(
            &stack,
            answers.last(),
            &platform.stand_ins,
            console,
        ))
    }
}

/// What kept a stack from being created, in a sentence.
fn failure(name: &str, stack: &Stack) -> String {
    let status = &stack.status;
    let Some(event) = stack.first_failure() else {
        let reason = stack.reason.as_deref().unwrap_or("no reason is given");
        return format!("The stack {name} ended {status}: {reason}");
    };
    let (resource, kind) = (&event.logical_id, &event.resource_type);
    if kind == RESOURCE_TYPE {
        return format!(
            "The stack {name} ended {status}: {resource} failed, with the Reason above"
        );
    }
    let reason = event.reason.as_deref().unwrap_or("no reason is given");
    format!(
        "The stack {name} ended {status}: the local emulator could not create {resource} ({kind}): {reason}"
    )
}

/// The values of a template's parameters, or every problem with them, one a line.
fn values(
    known: &[TemplateParameter],
    given: &[(String, String)],
    service_token: &str,
) -> Result<Vec<(String, String)>, String> {
    let mut values = Vec::new();
    let mut problems = Vec::new();
    for parameter in known {
        let name = &parameter.name;
        let given = given.iter().rev().find(|(given, _)| given == name);
        let local = if name == SERVICE_TOKEN {
            Some(service_token)
        } else {
            let of_network = NETWORK.iter().find(|(kind, _)| *kind == parameter.kind);
            of_network.map(|(_, value)| *value)
        };
        match (given, local) {
            (Some((_, value)), _) => values.push((name.clone(), value.clone())),
            (None, _) if parameter.has_default => {}
            (None, Some(value)) => values.push((name.clone(), value.to_owned())),
            (None, None) => problems.push(format!(
                "  {name} has no value: give it with --parameter {name}=…"
            )),
        }
    }
    for (name, _) in given {
        if !known.iter().any(|parameter| parameter.name == *name) {
            let names: Vec<_> = known.iter().map(|known| known.name.as_str()).collect();
            problems.push(format!(
                "  it has no parameter {name}; those that it has: {}",
                if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                }
            ));
        }
    }
    if problems.is_empty() {
        Ok(values)
    } else {
        Err(problems.join("\n"))
    }
}

/// A name that CloudFormation takes for a stack: letters, digits and hyphens, and a letter first.
fn stack_name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .skip_while(|c| !c.is_ascii_alphabetic())
        .take(100)
        .collect();
    if name.is_empty() {
        "application".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, kind: &str, has_default: bool) -> TemplateParameter {
        TemplateParameter {
            name: name.to_owned(),
            kind: kind.to_owned(),
            has_default,
        }
    }

    fn given(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn what_is_not_given_has_its_default_or_comes_from_the_local_account() {
        let known = [
            parameter("Image", "String", false),
            parameter("Count", "Number", true),
            parameter("ServiceToken", "String", false),
            parameter("Subnets", "List<AWS::EC2::Subnet::Id>", false),
        ];
        assert_eq!(
            values(&known, &[given("Image", "web:1")], "arn:start").unwrap(),
            [
                given("Image", "web:1"),
                given("ServiceToken", "arn:start"),
                given("Subnets", "subnet-00000001,subnet-00000002"),
            ]
        );
        let own = [given("Image", "web:1"), given("Subnets", "subnet-1")];
        let values = values(&known, &own, "arn:start").unwrap();
        assert!(values.contains(&given("Subnets", "subnet-1")), "{values:?}");
    }

    #[test]
    fn every_parameter_without_a_value_and_every_unknown_one_is_named() {
        let known = [parameter("Image", "String", false)];
        assert_eq!(
            values(&known, &[given("Imgae", "web:1")], "").unwrap_err(),
            "  Image has no value: give it with --parameter Image=…\n  it has no parameter Imgae; those that it has: Image"
        );
    }

    #[test]
    fn a_stack_is_called_as_its_file() {
        for (stem, expected) in [
            ("todobackend", "todobackend"),
            ("my_app.prod", "my-app-prod"),
            ("01-app", "app"),
            ("01", "application"),
        ] {
            assert_eq!(stack_name(stem), expected, "{stem}");
        }
    }
}
