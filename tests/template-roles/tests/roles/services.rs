//! What AWS services do for the template's resources: no program calls it, so it is compared with
//! what the template and the definition ask of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use template_roles::Deployment;
use template_roles::policy::Statement;
use template_roles::template::{referred, resources};

/// What Lambda calls with a function's role: it writes the function's log (Lambda guide,
/// monitoring-cloudwatchlogs), and sends events that all attempts failed for to the dead-letter
/// queue (Lambda guide, invocation-async-retain-records).
pub const MADE_BY_LAMBDA: [&str; 3] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
];

/// The function whose events are not worth keeping: Step Functions notices by its heartbeat that a
/// run was lost, and gives it again.
const GIVEN_AGAIN: &str = "WorkFunction";

/// Whoever invokes these does not wait for them: what they could not do is lost unless Lambda keeps
/// it. CloudFormation invokes the one, EventBridge the other.
const INVOKED_WITHOUT_WAITING: [&str; 2] = ["RescueFunction", "StartFunction"];

type Grants = BTreeSet<(String, BTreeSet<String>)>;

/// The actions of a policy document, each with the logical ids of its resources.
fn grants(document: &Value) -> Grants {
    let statements = document["Statement"].as_array().unwrap();
    let one = |statement: &Value| {
        let actions = match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            action => vec![action.clone()],
        };
        let about = referred(&statement["Resource"]);
        actions
            .into_iter()
            .map(move |action| {
                (
                    action.as_str().unwrap_or_default().to_owned(),
                    about.clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    statements.iter().flat_map(one).collect()
}

fn inline(role: &Value) -> Grants {
    let policies = role["Properties"]["Policies"]
        .as_array()
        .into_iter()
        .flatten();
    policies
        .flat_map(|policy| grants(&policy["PolicyDocument"]))
        .collect()
}

fn only(value: &Value) -> String {
    let referred = referred(value);
    assert_eq!(referred.len(), 1, "{value}");
    referred.into_iter().next().unwrap()
}

#[test]
fn lambda_may_write_each_functions_log_and_dead_letters_and_no_others() {
    for (id, function) in resources("AWS::Lambda::Function") {
        let properties = &function["Properties"];
        let role = only(&properties["Role"]);
        let (_, role) = resources("AWS::IAM::Role")
            .find(|(id, _)| **id == role)
            .unwrap();
        let allowed: Grants = inline(role)
            .into_iter()
            .filter(|(action, _)| MADE_BY_LAMBDA.contains(&&**action))
            .collect();
        let log = BTreeSet::from([only(&properties["LoggingConfig"]["LogGroup"])]);
        let mut needed: Grants = [
            ("logs:CreateLogStream".to_owned(), log.clone()),
            ("logs:PutLogEvents".to_owned(), log),
        ]
        .into();
        if INVOKED_WITHOUT_WAITING.contains(&&**id) {
            let queue = &properties["DeadLetterConfig"]["TargetArn"];
            needed.insert(("sqs:SendMessage".to_owned(), BTreeSet::from([only(queue)])));
        } else {
            assert_eq!(
                properties.get("DeadLetterConfig"),
                None,
                "{id}: who waits for it knows how it went"
            );
        }
        assert_eq!(allowed, needed, "{id}");
    }
}

/// As long as CloudFormation waits, and as often as Lambda can.
#[test]
fn what_is_invoked_without_waiting_is_tried_again_for_as_long_as_a_stack_waits() {
    let mut tried: Vec<_> = resources("AWS::Lambda::EventInvokeConfig")
        .map(|(id, config)| {
            let properties = &config["Properties"];
            let function = only(&properties["FunctionName"]);
            let expected = if function == GIVEN_AGAIN {
                ("0", "60")
            } else {
                ("2", "3600")
            };
            assert_eq!(
                (
                    properties["MaximumRetryAttempts"].as_str().unwrap(),
                    properties["MaximumEventAgeInSeconds"].as_str().unwrap()
                ),
                expected,
                "{id}"
            );
            // The one that is invoked by its ARN without a version.
            assert_eq!(properties["Qualifier"], "$LATEST", "{id}");
            function
        })
        .filter(|function| function != GIVEN_AGAIN)
        .collect();
    tried.sort();
    assert_eq!(tried, INVOKED_WITHOUT_WAITING);
}

/// What is in neither stands for nothing that is deployed: the state that names it is not entered.
#[test]
fn the_state_machine_may_invoke_work_only_where_it_is_there() {
    let (_, machine) = resources("AWS::StepFunctions::StateMachine")
        .next()
        .unwrap();
    let role = only(&machine["Properties"]["RoleArn"]);
    let (_, role) = resources("AWS::IAM::Role")
        .find(|(id, _)| **id == role)
        .unwrap();
    let document = &role["Properties"]["Policies"][0]["PolicyDocument"];
    for (deployment, functions) in [
        (Deployment::with_defaults(), 3),
        (Deployment::new(), 4),
        (
            Deployment::with_defaults().parameter("Workers", "Lambda"),
            4,
        ),
    ] {
        let resolved = deployment.resolve(document).unwrap();
        let allowed = resolved["Statement"][0]["Resource"].as_array().unwrap();
        assert_eq!(allowed.len(), functions, "{allowed:?}");
    }
}

/// Lambda gives a function's role to nobody else, and what a role allows is read and understood as
/// a whole. ECS takes a role of its own for the hooks of deployments.
#[test]
fn every_role_is_one_functions_the_state_machines_or_that_of_hooks() {
    let mut used: Vec<_> = resources("AWS::Lambda::Function")
        .map(|(_, function)| only(&function["Properties"]["Role"]))
        .collect();
    used.extend(
        resources("AWS::StepFunctions::StateMachine")
            .map(|(_, machine)| only(&machine["Properties"]["RoleArn"])),
    );
    used.push("HookRole".to_owned());
    used.sort();
    let roles: Vec<_> = resources("AWS::IAM::Role")
        .map(|(id, _)| id.clone())
        .collect();
    assert_eq!(used, roles);
    for (id, role) in resources("AWS::IAM::Role") {
        // `work` does what a worker does.
        let managed = referred(&role["Properties"]["ManagedPolicyArns"]);
        let shared = BTreeSet::from(["WorkerPolicy".to_owned()]);
        assert_eq!(
            managed,
            if id == "WorkRole" {
                shared
            } else {
                BTreeSet::new()
            },
            "{id}"
        );
    }
}

#[test]
fn the_state_machine_may_invoke_the_functions_of_its_definition_and_no_others() {
    let definition: Value =
        serde_json::from_str(include_str!("../../../../statemachine/ecs-task.asl.json")).unwrap();
    let (_, machine) = resources("AWS::StepFunctions::StateMachine")
        .next()
        .unwrap();
    let substitutions = &machine["Properties"]["DefinitionSubstitutions"];
    let mut invoked = BTreeSet::new();
    for state in definition["States"]
        .as_object()
        .unwrap()
        .values()
        .filter(|state| state["Type"] == "Task")
    {
        match state["Resource"].as_str().unwrap() {
            // Step Functions needs no permission for its own activities.
            "${ActivityArn}" => {}
            "arn:${Partition}:states:::lambda:invoke"
            | "arn:${Partition}:states:::lambda:invoke.waitForTaskToken" => {
                let name = state["Parameters"]["FunctionName"].as_str().unwrap();
                let name = name
                    .strip_prefix("${")
                    .and_then(|name| name.strip_suffix('}'))
                    .unwrap();
                invoked.insert((
                    "lambda:InvokeFunction".to_owned(),
                    only(&substitutions[name]),
                ));
            }
            other => panic!("what {other} needs is not known here"),
        }
    }
    let role = only(&machine["Properties"]["RoleArn"]);
    let (_, role) = resources("AWS::IAM::Role")
        .find(|(id, _)| **id == role)
        .unwrap();
    let allowed: BTreeSet<_> = inline(role)
        .into_iter()
        .flat_map(|(action, about)| about.into_iter().map(move |id| (action.clone(), id)))
        .collect();
    assert_eq!(allowed, invoked);
    for policy in role["Properties"]["Policies"].as_array().unwrap() {
        let document = Deployment::new()
            .resolve(&policy["PolicyDocument"])
            .unwrap();
        for statement in Statement::read("StateMachineRole", &document).unwrap() {
            assert!(statement.conditions.is_empty());
        }
    }
}

#[test]
fn each_rule_may_invoke_its_function_and_no_other_rule_may() {
    let is_function =
        |target: &Value| resources("AWS::Lambda::Function").any(|(id, _)| *id == only(target));
    let mut targets = BTreeSet::new();
    let mut dead_letters = BTreeSet::new();
    for (rule, properties) in
        resources("AWS::Events::Rule").map(|(id, rule)| (id.clone(), &rule["Properties"]))
    {
        for target in properties["Targets"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|target| is_function(&target["Arn"]))
        {
            targets.insert((rule.clone(), only(&target["Arn"])));
            let policy = &target["RetryPolicy"];
            let retries = (
                policy["MaximumEventAgeInSeconds"].as_str(),
                policy["MaximumRetryAttempts"].as_str(),
            );
            match &*rule {
                // Nothing else tells of the event.
                "ExecutionsEnded" => {
                    dead_letters.insert((rule.clone(), only(&target["DeadLetterConfig"]["Arn"])));
                    assert_eq!(retries, (Some("3600"), Some("20")), "{rule}");
                }
                // The next one comes in a minute.
                "EveryMinute" => assert_eq!(
                    (target.get("DeadLetterConfig"), retries),
                    (None, (Some("60"), Some("0"))),
                    "{rule}"
                ),
                other => panic!("whether events of {other} may be lost is not known here"),
            }
        }
    }
    let mut invoking = BTreeSet::new();
    for (id, permission) in resources("AWS::Lambda::Permission") {
        let properties = &permission["Properties"];
        assert_eq!(
            (&properties["Action"], &properties["Principal"]),
            (
                &"lambda:InvokeFunction".into(),
                &"events.amazonaws.com".into()
            ),
            "{id}"
        );
        invoking.insert((
            only(&properties["SourceArn"]),
            only(&properties["FunctionName"]),
        ));
    }
    assert_eq!(invoking, targets);

    let mut sending = BTreeSet::new();
    for (_, policy) in resources("AWS::SQS::QueuePolicy") {
        let statements = policy["Properties"]["PolicyDocument"]["Statement"]
            .as_array()
            .unwrap();
        for statement in statements
            .iter()
            .filter(|statement| statement["Effect"] == "Allow")
        {
            assert_eq!(
                (&statement["Action"], &statement["Principal"]["Service"]),
                (&"sqs:SendMessage".into(), &"events.amazonaws.com".into())
            );
            let rules = referred(&statement["Condition"]["ArnEquals"]["aws:SourceArn"]);
            sending.extend(
                rules
                    .into_iter()
                    .map(|rule| (rule, only(&statement["Resource"]))),
            );
        }
    }
    assert_eq!(sending, dead_letters);
}

/// Who deploys a service names this role in it, and ECS takes it.
#[test]
fn ecs_may_invoke_the_function_of_hooks_and_nothing_else() {
    let (_, role) = resources("AWS::IAM::Role")
        .find(|(id, _)| *id == "HookRole")
        .unwrap();
    let properties = &role["Properties"];
    let trusted = &properties["AssumeRolePolicyDocument"]["Statement"];
    assert_eq!(
        *trusted,
        json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs.amazonaws.com"}}])
    );
    let policies = properties["Policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1);
    assert_eq!(
        policies[0]["PolicyDocument"]["Statement"],
        json!([{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": "HookFunction.Arn"}}])
    );
}
