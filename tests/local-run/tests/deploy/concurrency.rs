//! What a deployment without a fleet says of Lambda's concurrency, and what it refuses to reserve.

use crate::EXIT_PREREQUISITE;
use crate::no_fleet::{WITH_A_FLEET, WITHOUT_A_FLEET, deployed};

#[tokio::test]
async fn the_accounts_concurrency_says_how_many_runs_at_once_it_carries() {
    for (settings, parameters, said) in [
        (
            r"printf '1000\t1000\n'",
            &[][..],
            &[
                "995 runs at once fit beside the other functions of the task runner: 1000 of the account's concurrency of 1000 are unreserved, and 5",
                "as WorkConcurrency is not set. It can be set to 900 or less.",
                "ECS's reads carry about 100 runs at once",
            ][..],
        ),
        (
            r"printf '10\t10\n'",
            &[],
            &[
                "5 runs at once fit beside",
                "the account has too little to reserve any. Have the quota raised: 'aws --region eu-west-1 service-quotas",
            ],
        ),
        (r"printf '1000\t3\n'", &[], &["0 runs at once fit beside"]),
        (
            r"printf '1000\t900\n'",
            &["--parameter", "WorkConcurrency=800"],
            &["Up to 800 runs at once: WorkConcurrency."],
        ),
        (
            "echo AccessDenied >&2; exit 254",
            &[],
            &["is not known: Lambda's GetAccountSettings was refused (AccessDenied)."],
        ),
    ] {
        let aws = format!("*get-account-settings*) {settings} ;;");
        let (status, told, deployments) = deployed(&aws, parameters).await;
        assert_eq!(status, Some(0), "{told}");
        for said in said {
            assert!(told.contains(said), "{said} in: {told}");
        }
        assert_eq!(deployments.len(), 1, "{deployments:?}");
        assert!(
            deployments[0].contains(" Workers=Lambda"),
            "{deployments:?}"
        );
    }
}

#[tokio::test]
async fn a_reservation_that_lambda_would_refuse_is_refused_first() {
    for (settings, reserved) in [(r"10\t10", "1"), (r"1000\t850", "751")] {
        let aws = format!("*get-account-settings*) printf '{settings}\\n' ;;");
        let parameter = format!("WorkConcurrency={reserved}");
        let (status, told, deployments) = deployed(&aws, &["--parameter", &parameter]).await;
        assert_eq!(status, Some(EXIT_PREREQUISITE), "{told}");
        assert!(
            told.contains(&format!("WorkConcurrency={reserved}: Lambda keeps 100")),
            "{told}"
        );
        assert!(deployments.is_empty(), "{deployments:?}");
    }
}

/// What an earlier deployment has reserved is not asked for once more, and an empty value gives it
/// back. Where the function is not there, its reservation is not either.
#[tokio::test]
async fn the_reservation_of_an_earlier_deployment_is_counted_as_long_as_the_function_is_there() {
    let reserved = r"*get-account-settings*) printf '1000\t200\n' ;;
*WorkConcurrency*) echo 800 ;;";
    let no_reservation = ["--parameter", "WorkConcurrency="];
    let kept = format!("*KeepWork*) echo true ;;\n{WITH_A_FLEET}");
    for (stack, further, status, said) in [
        (
            WITHOUT_A_FLEET,
            &[][..],
            0,
            "Up to 800 runs at once: WorkConcurrency.",
        ),
        (
            WITHOUT_A_FLEET,
            &no_reservation[..],
            0,
            "995 runs at once fit beside",
        ),
        (&kept, &[], 0, "Up to 800 runs at once: WorkConcurrency."),
        (
            WITH_A_FLEET,
            &[],
            EXIT_PREREQUISITE,
            "WorkConcurrency=800: Lambda keeps 100 of the account's concurrency unreserved, and of its 1000 200 are unreserved so far.",
        ),
        (
            WITH_A_FLEET,
            &no_reservation,
            0,
            "195 runs at once fit beside",
        ),
    ] {
        let (ended, told, _) = deployed(&format!("{reserved}\n{stack}"), further).await;
        assert_eq!(ended, Some(status), "{told}");
        assert!(told.contains(said), "{said} in: {told}");
    }
}
