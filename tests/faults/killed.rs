//! The function `work` killed in each phase of a run, as when it is out of memory or Lambda's host
//! is lost: the next invocation goes on with the same ECS task, and the run is answered once.

use std::fmt::Write as _;
use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::times::ANSWER_MARGIN;
use stand_ins::faults::{Fault, Span};
use stand_ins::{Calls, Service};
use tokio::time::sleep;

use crate::course::{Course, LIMIT};
use crate::deployment::Deployment;
use crate::play_from;

const SECOND: Duration = Duration::from_secs(1);

/// Where the invocation is when it is killed.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing was heard of it.
    Beginning,
    /// Its first heartbeat was taken, and nothing is launched.
    Heard,
    /// `RunTask` is under way, and takes effect later.
    Launching,
    /// ECS has started the task, and its answer has not arrived.
    Launched,
    /// A container runs.
    Running,
    /// The outcome is under way, and takes effect later.
    Answering,
    /// Step Functions has the outcome, and its answer has not arrived.
    Answered,
}

const PHASES: [Phase; 7] = [
    Phase::Beginning,
    Phase::Heard,
    Phase::Launching,
    Phase::Launched,
    Phase::Running,
    Phase::Answering,
    Phase::Answered,
];
const COURSES: [(Course, &str); 2] = [
    (Course::Succeeds, "SendTaskSuccess"),
    (Course::Fails, "SendTaskFailure"),
];

impl Phase {
    /// Ends when the phase is reached.
    async fn reached(self, calls: Calls, outcome: &str) {
        match self {
            Self::Beginning => {}
            Self::Heard => calls.ended("SendTaskHeartbeat", 1).await,
            Self::Launching => calls.arrived("RunTask", 1).await,
            Self::Launched => calls.ended("RunTask", 1).await,
            Self::Running => {
                calls.ended("RunTask", 1).await;
                sleep(50 * SECOND).await;
            }
            Self::Answering => calls.arrived(outcome, 1).await,
            Self::Answered => calls.ended(outcome, 1).await,
        }
    }

    /// How often the function is invoked in all. The execution goes on without it once it has the
    /// outcome.
    fn invocations(self) -> usize {
        if matches!(self, Self::Answering | Self::Answered) {
            1
        } else {
            2
        }
    }
}

/// Plays a run, and gives what is wrong with it.
async fn play(phase: Phase, course: Course, outcome: &'static str) -> Vec<String> {
    let deployment = Deployment::new(None, Workers::Lambda);
    course.prepare(&deployment);
    let calls = deployment.aws.calls().clone();
    deployment.kill_next_work(async move { phase.reached(calls, outcome).await });
    let strike = || {
        let slow = match phase {
            Phase::Launching => (Service::Ecs, "RunTask"),
            Phase::Answering => (Service::Sfn, outcome),
            _ => return,
        };
        let delay = Fault::Delay(SECOND);
        let _lasting = deployment
            .aws
            .faults()
            .inject(slow.0, slow.1, Span::Next(1), delay);
    };
    tokio::join!(
        deployment.until_all_is_over(),
        course.play(&deployment, Duration::ZERO, strike)
    );

    let mut wrong = Vec::new();
    let answers = deployment.answers(0);
    let expected = course.error().map_or("SUCCESS", |_| "FAILED");
    let reason = course
        .error()
        .map_or(String::new(), |error| format!("{error}: "));
    match &answers[..] {
        [answer] if answer.status == expected && answer.reason.starts_with(&reason) => {
            if answer.at > deployment.request(0).at + LIMIT + ANSWER_MARGIN {
                wrong.push("the answer came late".to_owned());
            }
        }
        other => wrong.push(format!("answered {other:?}")),
    }
    let tasks = deployment.aws.ecs().tasks();
    let was_stopped = tasks.iter().any(|task| task.stop_requested.is_some());
    if tasks.len() != 1 || was_stopped {
        wrong.push(format!("{} tasks, stopped: {was_stopped}", tasks.len()));
    }
    let invocations = deployment.invocations_of_work();
    if invocations != phase.invocations() {
        wrong.push(format!("{invocations} invocations"));
    }
    if !deployment.dead_letters().is_empty() {
        wrong.push(format!("dead letters: {:?}", deployment.dead_letters()));
    }
    wrong
}

#[test]
fn an_invocation_killed_in_any_phase_is_followed_by_one_that_goes_on() {
    let (mut broken, mut table) = (Vec::new(), String::new());
    for phase in PHASES {
        write!(table, "\n{:<12}", format!("{phase:?}")).unwrap();
        for (course, outcome) in COURSES {
            let wrong = play_from(1, play(phase, course, outcome));
            let held = if wrong.is_empty() { "+" } else { "-" };
            write!(table, "{held:>10}").unwrap();
            if !wrong.is_empty() {
                broken.push(format!("{phase:?}, {course:?}: {}", wrong.join("; ")));
            }
        }
    }
    let tried = PHASES.len() * COURSES.len();
    let held = tried - broken.len();
    println!(
        "{:<12}{:>10}{:>10}{table}\n{tried} tried, {held} held",
        "", "Succeeds", "Fails"
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let figures = format!("({held} of {tried} invocations)");
    assert!(
        include_str!("../README.md").contains(&figures),
        "tests/README.md has other figures than: {figures}"
    );
}
