//! With a fleet: one account, in which one thing after the other goes wrong.

use local_run::directories::workspace_directory;
use local_run::stacks::Template;

use super::page::Section;
use super::rehearsal::{LINE, Rehearsal, SHORT, Waiting};
use super::{dead_letters, functions, launches, replies};
use crate::deployment::account::{Account, ended};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_call_for_a_fleet_fixes_what_each_alarm_rings_for() {
    // 60 s of heartbeat period become 24 s, and heartbeats come every 20 s.
    let account = Account::start("runbook-fleet", 0.4).await;
    let mut rehearsal = Rehearsal::begin(account, "runbook-fleet-shell").await;
    // The emulator invokes a function once a minute from when its rule was made or last did so. By the
    // time at which this rule is enabled again, that is due.
    switch_rule(&mut rehearsal, "disable", "EveryMinute").await;
    deploy_fleet(&mut rehearsal).await;
    let new_group = a_run_that_no_worker_takes(&mut rehearsal).await;

    // What takes its time begins first: `rescue` looks for what workers may launch until 75 s after
    // an execution's end, and the silence of a worker has to be noticed.
    let killed = a_worker_that_is_killed(&mut rehearsal).await;
    switch_rule(&mut rehearsal, "disable", "ExecutionsEnded").await;
    let given_up = replies::without_one(&mut rehearsal, "given-up").await;
    let unanswered = replies::without_one(&mut rehearsal, "unanswered").await;
    let by_hand = replies::without_one(&mut rehearsal, "by-hand").await;
    switch_rule(&mut rehearsal, "enable", "ExecutionsEnded").await;

    replies::by_hand(&mut rehearsal, by_hand).await;
    a_command_that_works_and_is_stopped_all_the_same(&mut rehearsal).await;
    functions::that_fail_and_one_that_is_switched_off(&mut rehearsal).await;
    functions::a_hook_that_is_called_wrongly_and_switched_off(&mut rehearsal).await;
    the_run_of_a_worker_that_was_killed(&mut rehearsal, killed).await;
    dead_letters::of_start_and_of_rescue(&mut rehearsal, given_up).await;
    replies::of_rescue(&mut rehearsal, unanswered).await;
    a_rescue_that_does_not_run(&mut rehearsal).await;
    launches::of_a_group_that_is_made_anew(&mut rehearsal, &new_group).await;
    launches::of_a_service(&mut rehearsal).await;

    let mut section = Section::of("A stack that cannot be rolled back or deleted");
    let checked = rehearsal.run(&section.next()).await;
    assert_eq!(checked, "checked: cloudformation continue-update-rollback");
    section.ends();
    rehearsal.ends().await;
}

/// Enables or disables a rule of the task runner.
async fn switch_rule(rehearsal: &mut Rehearsal, how: &str, rule: &str) {
    let command = format!(r#"events {how}-rule --name "$(id {rule})""#);
    rehearsal.aws(&command).await;
}

/// Deploys the workers' stack, to whose instances nothing comes here.
async fn deploy_fleet(rehearsal: &mut Rehearsal) {
    let network = rehearsal
        .aws("ec2 describe-subnets --query 'Subnets[0].[VpcId,SubnetId]' --output text")
        .await;
    let (vpc, subnet) = network.split_once('\t').unwrap();
    let digest = "0".repeat(64);
    let parameters = [
        ("TaskRunnerStack", rehearsal.task_runner.as_str()),
        // The emulator knows the public parameter of this architecture's image alone.
        ("Architecture", "x86_64"),
        ("InstanceType", "t3.small"),
        ("ArtifactBucket", "artifacts"),
        ("WorkerKey", "1/ecs-task-runner"),
        ("WorkerSha256", &digest),
        ("VpcId", vpc),
        ("SubnetIds", subnet),
    ];
    let body = std::fs::read_to_string(workspace_directory().join("infra/worker.yaml")).unwrap();
    let template = Template {
        body: &body,
        parameters: &parameters,
    };
    let name = format!("{}-workers", rehearsal.task_runner);
    let stack = ended(rehearsal.stacks.create(&name, &template).await.unwrap()).await;
    assert_eq!(
        stack.status,
        "CREATE_COMPLETE",
        "{:?}",
        stack.first_failure()
    );
    let line = r#"{"level":"WARN","fields":{"message":"a poll was refused"}}"#;
    rehearsal
        .run(&format!(
            "group=\"/ecs-task-runner/$workers\"
aws logs create-log-stream --log-group-name \"$group\" --log-stream-name i-0abc
aws logs put-log-events --log-group-name \"$group\" --log-stream-name i-0abc --log-events \"$(jq -n --arg line '{line}' '[{{timestamp: (now * 1000 | floor), message: $line}}]')\" > put.json
"
        ))
        .await;
}

/// Somebody has set the group's size to 0. Gives the last step of the section, which removes the fleet.
async fn a_run_that_no_worker_takes(rehearsal: &mut Rehearsal) -> String {
    rehearsal
        .aws(r#"autoscaling update-auto-scaling-group --auto-scaling-group-name "$workers-workers" --min-size 0 --desired-capacity 0"#)
        .await;
    let operation = rehearsal.create("waits", SHORT).await;
    rehearsal.finds_the_execution(&operation).await;

    let mut not_claimed = Section::of("NotClaimedAlarm");
    let workers = rehearsal.run(&not_claimed.next()).await;
    assert!(workers.contains("a poll was refused"), "{workers}");
    assert!(!workers.contains("InService"), "{workers}");
    assert_eq!(rehearsal.run(&not_claimed.next()).await, "1");

    let mut fleet = Section::of("FleetAlarm");
    let group = rehearsal.run(&fleet.next()).await;
    assert!(group.contains(r#""min": 0"#), "{group}");
    let streams = rehearsal.run(&fleet.next()).await;
    assert!(streams.contains("i-0abc"), "{streams}");
    rehearsal.run(&fleet.next()).await;
    let checked = rehearsal.run(&fleet.next()).await;
    assert_eq!(checked, "checked: ec2 get-console-output");
    rehearsal.run(&fleet.next()).await;
    // The other sections look at this fleet first.
    let new_group = fleet.next();
    fleet.ends();
    let group = rehearsal.run(&Section::of("FleetAlarm").next()).await;
    assert!(
        group.contains(r#""min": 2"#) && group.contains("InService"),
        "{group}"
    );

    // As the instances do that the group has started.
    rehearsal.account.start_worker();
    rehearsal.is_complete(operation).await;
    assert_eq!(rehearsal.run(&not_claimed.next()).await, "", "nothing runs");
    not_claimed.ends();
    new_group
}

async fn a_worker_that_is_killed(rehearsal: &mut Rehearsal) -> Waiting {
    let before = rehearsal.account.launched();
    let waiting = rehearsal.waits("adopted").await;
    rehearsal.launched(before + 1).await;
    rehearsal.account.workers[0].kill().unwrap();
    rehearsal.account.start_worker();
    waiting
}

async fn the_run_of_a_worker_that_was_killed(rehearsal: &mut Rehearsal, waiting: Waiting) {
    rehearsal.turn_to(&waiting).await;
    let (_, name) = waiting.execution.rsplit_once(':').unwrap();
    let mut section = Section::of("HeartbeatsAlarm");
    rehearsal.run_until(&section.next(), name).await;
    let explained = rehearsal.run(&section.next()).await;
    assert!(explained.contains("taken from its worker"), "{explained}");
    rehearsal.run(&section.next()).await;
    rehearsal.run(&section.next()).await;
    let checked = rehearsal.run(&section.next()).await;
    let replaces = "checked: autoscaling terminate-instance-in-auto-scaling-group";
    assert_eq!(checked, replaces);
    section.ends();
    let tasks = rehearsal.account.aws.stand_ins().ecs().tasks();
    let own = tasks
        .iter()
        .filter(|task| task.started_by.as_deref() == Some(name));
    let own: Vec<_> = own.collect();
    assert_eq!(own.len(), 1, "the second worker has launched a task");
    assert!(own[0].stop_requested.is_none(), "the task was stopped");

    let stops = Section::of("The execution runs").next();
    rehearsal.run(&stops).await;
    rehearsal
        .is_sent_failed(waiting.operation, "stopped by hand")
        .await;
}

async fn a_command_that_works_and_is_stopped_all_the_same(rehearsal: &mut Rehearsal) {
    let before = rehearsal.account.launched();
    let waiting = rehearsal.waits("works").await;
    rehearsal.turn_to(&waiting).await;
    rehearsal.launched(before + 1).await;

    let mut stuck = Section::of("Is it stuck?");
    let task = rehearsal.run(&stuck.next()).await;
    assert!(
        task.contains("The deadline is 2") && task.contains("\"RUNNING\""),
        "{task}"
    );
    let lines = rehearsal.run(&stuck.next()).await;
    assert!(
        lines.starts_with("migrate, ") && lines.ends_with(&format!(" s ago: {LINE}")),
        "{lines}"
    );
    // The emulator has no measures of the task.
    rehearsal.run(&stuck.next()).await;
    stuck.ends();

    let mut stops = Section::of("The execution runs");
    rehearsal.run(&stops.next()).await;
    rehearsal
        .is_sent_failed(waiting.operation, "stopped by hand")
        .await;
    let events = rehearsal.run(&stops.next()).await;
    assert!(events.contains("CREATE_FAILED"), "{events}");
    stops.ends();
    let task = rehearsal
        .account
        .aws
        .stand_ins()
        .ecs()
        .tasks()
        .pop()
        .unwrap();
    assert!(task.stop_requested.is_some(), "the task was left running");

    let mut unanswered = Section::of("UnansweredAlarm");
    rehearsal
        .run_until(&unanswered.next(), &waiting.execution)
        .await;
    let explained = rehearsal.run(&unanswered.next()).await;
    assert!(explained.contains("stopped by hand"), "{explained}");
    let described = rehearsal.run(&unanswered.next()).await;
    assert!(described.contains("ABORTED"), "{described}");
    unanswered.ends();
}

/// One rule is disabled since the first rehearsal.
async fn a_rescue_that_does_not_run(rehearsal: &mut Rehearsal) {
    switch_rule(rehearsal, "disable", "ExecutionsEnded").await;
    rehearsal
        .aws(r#"lambda put-function-concurrency --function-name "$(id RescueFunction)" --reserved-concurrent-executions 0"#)
        .await;
    rehearsal
        .run("for sid in $(aws lambda get-policy --function-name \"$(id RescueFunction)\" --query Policy --output text | jq -r '.Statement[].Sid'); do
aws lambda remove-permission --function-name \"$(id RescueFunction)\" --statement-id \"$sid\"
done\naws lambda add-permission --function-name \"$(id RescueFunction)\" --statement-id other --action lambda:InvokeFunction --principal s3.amazonaws.com > other.json\n")
        .await;

    let mut section = Section::of("RescueAlarm");
    let look = section.next();
    let shown = rehearsal.run(&look).await;
    assert_eq!(shown.matches("\"DISABLED\"").count(), 2, "{shown}");
    assert!(
        shown.contains(r#""ReservedConcurrentExecutions": 0"#),
        "{shown}"
    );
    assert!(!shown.contains("events.amazonaws.com"), "{shown}");
    let sweeps = rehearsal.account.log_lines("rescue", "").await.len();
    for _ in 0..3 {
        rehearsal.run(&section.next()).await;
    }
    let shown = rehearsal.run(&look).await;
    assert_eq!(shown.matches("\"ENABLED\"").count(), 2, "{shown}");
    assert!(!shown.contains("ReservedConcurrentExecutions"), "{shown}");
    assert_eq!(shown.matches("events.amazonaws.com").count(), 2, "{shown}");

    let count = format!(
        "log \"/aws/lambda/$stack/rescue\" '' | wc -l | awk '{{print ($1 > {sweeps}) ? \"it runs\" : \"\"}}'\n"
    );
    rehearsal.run_until(&count, "it runs").await;
    assert_ne!(rehearsal.run(&section.next()).await, "");
    section.ends();
}
