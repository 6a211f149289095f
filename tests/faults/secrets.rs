//! What whole runs show to others: in every line of the log, every event of the executions'
//! histories, every input of a worker, every answer and every call but those to KMS and to the
//! response URL itself.

use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::log_capture::{capture_log, logged};

use crate::course::{Course, PASSWORD};
use crate::deployment::Deployment;
use crate::play_from;

/// Calls that begin a run. What is denied does not pass: there is no run then.
const BEGINNING: [(Service, &str); 2] =
    [(Service::Kms, "Encrypt"), (Service::Sfn, "StartExecution")];
/// Calls on the way that take or give secrets, and fail once.
const ON_THE_WAY: [(Service, &str); 4] = [
    (Service::Sfn, "SendTaskHeartbeat"),
    (Service::Ecs, "RunTask"),
    (Service::Kms, "Decrypt"),
    (Service::S3, "PutObject"),
];

#[test]
fn no_run_shows_a_response_url_a_task_token_or_a_variable() {
    let courses = [
        (Course::Succeeds, Workers::Fleet),
        (Course::Fails, Workers::Fleet),
        (Course::IsAborted, Workers::Fleet),
        (Course::IsNeverTaken, Workers::Fleet),
        (Course::IsDeleted, Workers::Fleet),
        (Course::RunsPastItsDeadline, Workers::Fleet),
        (Course::Succeeds, Workers::Lambda),
        (Course::Fails, Workers::Lambda),
        (Course::IsAborted, Workers::Lambda),
        (Course::IsDeleted, Workers::Lambda),
        (Course::RunsDirectly, Workers::Fleet),
        (Course::FailsDirectly, Workers::Fleet),
        (Course::IsAbortedDirectly, Workers::Fleet),
        (Course::FailsDirectly, Workers::Lambda),
        (Course::RunsInADeployment, Workers::Lambda),
        (Course::FailsInADeployment, Workers::Fleet),
        (Course::LosesItsDeployment, Workers::Fleet),
        (Course::FailsForACondition, Workers::Fleet),
        (Course::IsAbortedForACondition, Workers::Fleet),
        (Course::IsRolledBack, Workers::Fleet),
        (Course::IsRolledBack, Workers::Lambda),
    ];
    for (course, workers) in courses {
        for fault in [
            None,
            Some(Fault::InternalError),
            Some(Fault::AccessDenied),
            Some(Fault::CutAfter),
        ] {
            play_from(1, assert_nothing_shows(course, workers, fault));
        }
    }
}

async fn assert_nothing_shows(course: Course, workers: Workers, fault: Option<Fault>) {
    capture_log();
    let deployment = Deployment::new(course.execution_limit(), workers);
    course.prepare(&deployment);
    let has_worker = workers == Workers::Fleet && course.has_worker();
    let worker = has_worker.then(|| deployment.start_worker());
    let strike = || {
        let Some(fault) = &fault else { return };
        let beginning = BEGINNING.iter().filter(|_| *fault != Fault::AccessDenied);
        for (service, operation) in beginning.chain(&ON_THE_WAY) {
            let _lasting =
                deployment
                    .aws
                    .faults()
                    .inject(*service, operation, Span::Next(1), fault.clone());
        }
    };
    tokio::join!(
        deployment.until_all_is_over(),
        course.play(&deployment, Duration::ZERO, strike)
    );
    if let Some(worker) = worker {
        worker.shut_down().await;
    }
    let what = format!("{course:?} on {workers:?} with {fault:?}");

    let sfn = deployment.aws.sfn();
    let histories: Vec<_> = sfn
        .executions()
        .iter()
        .flat_map(|execution| sfn.history(&execution.arn))
        .collect();
    let history = serde_json::to_string(&histories).unwrap();
    let inputs: String = sfn
        .executions()
        .iter()
        .map(|execution| execution.input.clone())
        .collect();
    let calls = deployment
        .aws
        .calls()
        .matching(|call| ![Service::Kms, Service::S3].contains(&call.service));
    let log = logged();
    let answers: Vec<_> = (0..course.requests())
        .flat_map(|number| deployment.answers(number))
        .chain(
            course
                .is_direct()
                .then(|| deployment.direct_end())
                .flatten(),
        )
        .collect();
    let answers = format!("{answers:?}");

    assert_texts_hold_what_they_should(course, &what, &log, &inputs, &history);
    assert!(
        answers.contains("SUCCESS") || answers.contains("FAILED"),
        "{what}"
    );

    assert_the_log_is_shown(course, fault.as_ref(), &answers);

    for number in 0..course.requests() {
        let url = deployment.request(number).event["ResponseURL"]
            .as_str()
            .unwrap()
            .to_owned();
        let (_, signature) = url.split_once("X-Amz-Signature=").unwrap();
        for secret in [signature, "X-Amz-Signature", "X-Amz-Credential"] {
            for (place, text) in [
                ("log", &log),
                ("history", &history),
                ("input", &inputs),
                ("answer", &answers),
                ("call", &format!("{calls:?}")),
            ] {
                assert!(
                    !text.contains(secret),
                    "{what}: the {place} shows {secret}: {text}"
                );
            }
        }
    }
    let tokens: Vec<_> = calls
        .iter()
        .filter_map(|call| call.body["taskToken"].as_str())
        .collect();
    assert!(!tokens.is_empty() || !course.has_worker(), "{what}");
    for secret in tokens.into_iter().chain([PASSWORD]) {
        assert!(
            !log.contains(secret),
            "{what}: the log shows {secret}: {log}"
        );
        assert!(
            !answers.contains(secret),
            "{what}: the answer shows {secret}: {answers}"
        );
    }
}

/// Otherwise nothing would be found in anything.
fn assert_texts_hold_what_they_should(
    course: Course,
    what: &str,
    log: &str,
    inputs: &str,
    history: &str,
) {
    let began = if course.is_hooked() {
        log.contains("the run of the hook is started")
    } else if course.is_direct() {
        log.contains("the direct run is prepared")
    } else {
        log.contains("started the execution")
            && inputs.contains("sealed:v1:")
            && history.contains("sealed:v1:")
    };
    assert!(began, "{what}: {log}");
    assert!(
        history.contains("heartbeatSeconds") && history.contains(PASSWORD),
        "{what}: {history}"
    );
}

/// The container writes the password into its log, and the last lines of the log stand in the Reason:
/// without it.
fn assert_the_log_is_shown(course: Course, fault: Option<&Fault>, answers: &str) {
    let fails = [
        Course::Fails,
        Course::IsAborted,
        Course::RunsPastItsDeadline,
    ];
    if fault.is_none() && fails.contains(&course) {
        assert!(
            answers.contains("connecting with ***"),
            "{course:?}: {answers}"
        );
    }
}
