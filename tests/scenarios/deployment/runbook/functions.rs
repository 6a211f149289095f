//! Functions that fail, and that somebody has switched off.

use super::page::Section;
use super::rehearsal::{Rehearsal, SHORT, json};

pub async fn that_fail_and_one_that_is_switched_off(rehearsal: &mut Rehearsal) {
    rehearsal
        .run("echo '{}' > any.json\naws lambda invoke --function-name \"$(id StartFunction)\" --payload fileb://any.json any-result.json\n")
        .await;
    rehearsal
        .aws(r#"lambda put-function-concurrency --function-name "$(id RespondFunction)" --reserved-concurrent-executions 0"#)
        .await;
    let operation = rehearsal.create("throttled", SHORT).await;

    let mut section = Section::of("FunctionErrorsAlarm");
    let refused = "the event is no CloudFormation custom resource request";
    rehearsal.run_until(&section.next(), refused).await;
    let concurrency = rehearsal.run(&section.next()).await;
    let of_respond = concurrency.split("== ").nth(3).unwrap();
    assert!(of_respond.starts_with("RespondFunction"), "{concurrency}");
    assert_eq!(
        concurrency.matches("ReservedConcurrentExecutions").count(),
        1
    );
    assert_eq!(
        json(of_respond.split_once('\n').unwrap().1)["ReservedConcurrentExecutions"],
        0
    );
    rehearsal.run(&section.next()).await;
    rehearsal.run(&section.next()).await;
    section.ends();
    rehearsal.is_complete(operation).await;
}

pub async fn a_hook_that_is_called_wrongly_and_switched_off(rehearsal: &mut Rehearsal) {
    rehearsal
        .run("aws lambda invoke --function-name \"$(id HookFunction)\" --payload fileb://any.json any-result.json\n")
        .await;
    rehearsal
        .aws(r#"lambda put-function-concurrency --function-name "$(id HookFunction)" --reserved-concurrent-executions 0"#)
        .await;

    let mut section = Section::of("HookErrorsAlarm");
    let refused = "the event names no targetServiceRevisionArn";
    rehearsal.run_until(&section.next(), refused).await;
    let look = section.next();
    let concurrency = rehearsal.run(&look).await;
    assert_eq!(json(&concurrency)["ReservedConcurrentExecutions"], 0);
    rehearsal.run(&section.next()).await;
    assert_eq!(rehearsal.run(&look).await, "");
    section.ends();
}
