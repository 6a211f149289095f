//! What a deployment says of the vCPUs that the account may use at once. It stops at none of it.

use local_run::directories::RunDirectory;

use crate::call::{NO_STACK, Package, Programs, X86_64, ended, script};
use crate::no_fleet::deployed_with;
use crate::refusals::EVERYTHING;

const FLEET_ELSEWHERE: [&str; 4] = ["--bucket", "artifacts", "--no-workers", "--allow-all"];

/// What is said of a fleet in an account where the AWS CLI answers as the cases of `aws` say.
async fn said(aws: &str, further: &[&str]) -> String {
    let directory = RunDirectory::create("deploy-test").unwrap();
    let package = Package::write(directory.path(), X86_64);
    let aws = format!("case \"$*\" in\n{aws}\n*describe-subnets*) ;;\n{NO_STACK}\nesac");
    let programs = Programs::new(&directory).script("aws", &aws).tools();
    let arguments = [
        &EVERYTHING[..],
        &["--region", "eu-west-1", "--package", package.path()],
        further,
    ]
    .concat();
    let command = script(&programs.0, &arguments);
    let (status, told, errors) = ended(command).await;
    assert_eq!((status, errors.as_str()), (Some(0), ""), "{told}");
    told
}

#[tokio::test]
async fn a_fleet_that_the_quota_does_not_carry_is_told_before_it_is_deployed() {
    const TO_RUN: &str = "Warning: The workers need 4 vCPUs of On-Demand Instances to run, and 6 to be updated. The account may use 1 at once in eu-west-1, those of all others included (L-1216C47A).";
    const TO_UPDATE: &str = "Warning: The workers need 6 vCPUs of On-Demand Instances to be updated, and 4 to run. The account may use 5 at once";
    let larger = [
        "--worker-parameter",
        "MinInstances=3",
        "--worker-parameter",
        "InstanceType=m7i.xlarge",
    ];
    let spot = ["--worker-parameter", "SpotInstanceTypes=t3.*,m7i.medium"];
    for (aws, further, expected) in [
        ("*L-1216C47A*) echo 1.0 ;;", &[][..], &[TO_RUN][..]),
        (
            "*L-1216C47A*) echo 5.0 ;;",
            &[],
            &[TO_UPDATE, "--quota-code L-1216C47A --desired-value"],
        ),
        ("*L-1216C47A*) echo 6.0 ;;", &[], &[]),
        (
            "*L-1216C47A*) echo 15.0 ;;\n*m7i.xlarge*VCpuInfo*) echo 4 ;;",
            &larger,
            &[
                "need 16 vCPUs of On-Demand Instances to be updated, and 12 to run.",
                "That is 3 instances of 4 vCPUs each",
            ],
        ),
        (
            "*L-1216C47A*) echo 1.0 ;;\n*VCpuInfo*) exit 254 ;;",
            &larger,
            &[],
        ),
        (
            "*L-1216C47A*) echo 5.0 ;;\n*L-34B43A08*) echo 0.0 ;;",
            &spot,
            &[
                "need 1 vCPUs of Spot Instances to run, and 2 to be updated. The account may use 0 at once",
            ],
        ),
        (
            "*L-1216C47A*) echo 5.0 ;;\n*L-34B43A08*) echo 5.0 ;;",
            &spot,
            &[],
        ),
        (
            "*L-1216C47A*) echo 1.0 ;;",
            &["--worker-parameter", "InstanceType=inf2.xlarge"],
            &[],
        ),
    ] {
        let told = said(aws, further).await;
        for expected in expected {
            assert!(told.contains(expected), "{expected} in: {told}");
        }
        assert_eq!(
            told.contains("Warning: "),
            !expected.is_empty(),
            "{aws} {further:?}: {told}"
        );
        let warned = told.find("Warning: ").unwrap_or_default();
        assert!(warned <= told.find("Uploading").unwrap(), "{told}");
    }
}

#[tokio::test]
async fn workers_on_fargate_have_the_quota_of_fargate() {
    let quota = |value: &str| format!("*L-3032A538*) echo {value} ;;");
    let (status, told, _) = deployed_with(&quota("0.0"), &FLEET_ELSEWHERE).await;
    assert_eq!(status, Some(0), "{told}");
    assert!(
        told.contains(
            "The workers need 1 vCPUs of Fargate to run, and 1 to be updated. The account may use 0"
        ),
        "{told}"
    );
    let (_, told, _) = deployed_with(&quota("6.0"), &FLEET_ELSEWHERE).await;
    assert!(!told.contains("vCPUs"), "{told}");
}

#[tokio::test]
async fn whoever_may_not_ask_for_quotas_deploys_all_the_same() {
    let told = said(
        "*get-service-quota*) echo AccessDenied >&2; exit 254 ;;",
        &[],
    )
    .await;
    assert!(
        told.contains("How many vCPUs of On-Demand Instances the account may use at once is not known. Service Quotas said: AccessDenied"),
        "{told}"
    );
    assert!(told.contains("Deployed."), "{told}");
}
