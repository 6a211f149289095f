//! What a deployment says of the functions that it asks for their version.

use local_run::directories::RunDirectory;

use crate::call::{NO_STACK, Package, Programs, X86_64, ended, script};
use crate::refusals::EVERYTHING;

/// How a deployment ends where the AWS CLI answers as the cases of `aws` say, which may write what a
/// function replied to the file `$reply`.
async fn ended_with(aws: &str) -> (Option<i32>, String, String) {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let aws = format!(
        "for reply; do :; done\ncase \"$*\" in\n{aws}\n*describe-stack-resources*) printf 'StartFunction\\tfn-start\\nStopFunction\\tfn-stop\\n' ;;\n*describe-subnets*) ;;\n{NO_STACK}\nesac"
    );
    let programs = Programs::new(&directory).script("aws", &aws).tools();
    let arguments = [
        &EVERYTHING[..],
        &["--region", "eu-west-1", "--package", package.path()],
    ]
    .concat();
    ended(script(&programs.0, &arguments)).await
}

#[tokio::test]
async fn functions_of_several_versions_are_named() {
    let (status, told, errors) = ended_with(
        "*fn-start*) echo '\"0.2.0 (abc)\"' > \"$reply\"; echo None ;;\n*fn-stop*) echo '\"0.1.0 (def)\"' > \"$reply\"; echo None ;;",
    )
    .await;
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
    let warning =
        "Warning: the functions are of several versions, which the same program cannot be.";
    assert!(told.contains(warning), "{told}");
    let versions = "  StartFunction: 0.2.0 (abc)\n  StopFunction: 0.1.0 (def)\n";
    assert!(told.contains(versions), "{told}");
}

/// The stack is deployed by then.
#[tokio::test]
async fn whoever_may_not_ask_the_functions_deploys_all_the_same() {
    for (aws, warning) in [
        (
            "*fn-st*) echo AccessDeniedException >&2; exit 254 ;;",
            "It takes lambda:InvokeFunction. AWS said:\n  StartFunction: AccessDeniedException\n  StopFunction: AccessDeniedException\n",
        ),
        (
            "*describe-stack-resources*) echo AccessDenied >&2; exit 254 ;;",
            "(cloudformation:DescribeStackResources). AWS said: AccessDenied\n",
        ),
    ] {
        let (status, told, errors) = ended_with(aws).await;
        assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
        assert!(told.contains(warning), "{told}");
    }
}

/// Every stack that uses one would wait for an hour.
#[tokio::test]
async fn a_function_that_does_not_start_ends_the_deployment_before_the_workers() {
    let (status, told, errors) = ended_with(
        "*fn-start*) echo '\"0.2.0 (abc)\"' > \"$reply\"; echo None ;;\n*fn-stop*) echo '{\"errorType\":\"Runtime.ExitError\"}' > \"$reply\"; echo Unhandled ;;",
    )
    .await;
    assert_eq!(status, Some(1), "{told}{errors}");
    assert!(!told.contains("ecs-task-runner-workers"), "{told}");
    let broken = "They said:\n  StopFunction (fn-stop): {\"errorType\":\"Runtime.ExitError\"}\n";
    assert!(errors.contains(broken), "{errors}");
}
