//! The plan of a scripted task. It is known at the launch, so that the task's state at any moment
//! is looked up and costs no timer; a stop request changes the plan from then on.

use std::time::Duration;

use super::container::{Container, OnSigterm, Starts};
use super::plan::{Plan, PlannedContainer, StopRequest};
use super::script::{End, Phase, Script};
use super::task_definitions::TaskDefinition;

/// What ends the task, and when.
struct Trigger<'a> {
    at: Duration,
    stop_code: &'a str,
    reason: &'a str,
    host_gone: bool,
}

/// What the course of a scripted task follows from, beside who stops it.
pub(crate) struct PlannedLaunch<'a> {
    pub(crate) script: &'a Script,
    pub(crate) definition: &'a TaskDefinition,
    pub(crate) launched_at: Duration,
    /// Time from the end of its containers to STOPPED.
    pub(crate) deprovisioning: Duration,
}

impl Plan {
    /// The course of a scripted task.
    pub(crate) fn of(launch: &PlannedLaunch<'_>, stop: Option<&StopRequest>) -> Self {
        let &PlannedLaunch {
            script,
            definition,
            launched_at,
            deprovisioning,
        } = launch;
        let pending_at = launched_at + script.provisioning;
        let activating_at = pending_at + script.pending;
        let starts_at = activating_at + script.activating;

        let outside = earliest([stop_trigger(stop), interruption(script, launched_at)]);
        let failure = match &script.end {
            End::NotStarted { phase, reason } => Some(Trigger {
                at: match phase {
                    Phase::Provisioning => pending_at,
                    Phase::Pending => activating_at,
                    Phase::Activating => starts_at,
                },
                stop_code: "TaskFailedToStart",
                reason,
                host_gone: false,
            }),
            End::Containers | End::Interrupted { .. } => None,
        };
        let before_start = earliest([outside, failure]).filter(|trigger| {
            trigger.at < starts_at || matches!(script.end, End::NotStarted { .. })
        });

        let mut plan = match before_start {
            Some(trigger) => never_started(script, definition, &trigger, activating_at),
            None => started(script, definition, starts_at, |exit| {
                earliest([
                    stop_trigger(stop),
                    interruption(script, launched_at),
                    exit.map(|at| Trigger {
                        at,
                        stop_code: "EssentialContainerExited",
                        reason: "Essential container in task exited",
                        host_gone: false,
                    }),
                ])
            }),
        };
        let unless_stopped = |moment| plan.stopping_at.is_none_or(|stop| moment < stop);
        plan.stopped_at = plan.done_at.map(|done| done + deprovisioning);
        plan.pending_at = Some(pending_at).filter(|at| unless_stopped(*at));
        plan.activating_at = Some(activating_at).filter(|at| unless_stopped(*at));
        plan
    }
}

fn stop_trigger(stop: Option<&StopRequest>) -> Option<Trigger<'_>> {
    stop.map(|stop| Trigger {
        at: stop.at,
        stop_code: "UserInitiated",
        reason: &stop.reason,
        host_gone: false,
    })
}

fn interruption(script: &Script, launched_at: Duration) -> Option<Trigger<'_>> {
    match &script.end {
        End::Interrupted {
            after,
            stop_code,
            reason,
            host_gone,
        } => Some(Trigger {
            at: launched_at + *after,
            stop_code,
            reason,
            host_gone: *host_gone,
        }),
        End::Containers | End::NotStarted { .. } => None,
    }
}

fn earliest<const N: usize>(triggers: [Option<Trigger<'_>>; N]) -> Option<Trigger<'_>> {
    triggers
        .into_iter()
        .flatten()
        .min_by_key(|trigger| trigger.at)
}

/// The course of a task that ends before its containers run.
fn never_started(
    script: &Script,
    definition: &TaskDefinition,
    trigger: &Trigger,
    activating_at: Duration,
) -> Plan {
    let about_a_container =
        trigger.stop_code == "TaskFailedToStart" && trigger.reason.starts_with("Cannot");
    let containers = definition
        .containers
        .iter()
        .enumerate()
        .map(|(index, defined)| {
            let script = script.of_container(&defined.name);
            let early = script.starts == Starts::BeforeTheFailure;
            let reason = script
                .reason
                .clone()
                .or_else(|| (about_a_container && index == 0).then(|| trigger.reason.to_owned()));
            PlannedContainer {
                name: defined.name.clone(),
                started_at: early.then(|| activating_at.min(trigger.at)),
                ended_at: early.then_some(trigger.at),
                exit_code: script.exit_code.filter(|_| early),
                reason,
                ..PlannedContainer::default()
            }
        });
    Plan {
        containers: containers.collect(),
        ..ended(script, trigger, trigger.at, trigger.at)
    }
}

/// The course of a task whose containers run.
fn started<'a>(
    script: &Script,
    definition: &TaskDefinition,
    starts_at: Duration,
    trigger: impl FnOnce(Option<Duration>) -> Option<Trigger<'a>>,
) -> Plan {
    let runs = |name: &str| Some(script.of_container(name)).filter(|c| c.starts != Starts::Never);
    let natural_end = |container: &Container| container.runs_for.map(|time| starts_at + time);
    // The agent gives up a container that waited in vain when the one that it waited for ends.
    let given_up_at = |name: &str| {
        let waited_for = script.of_container(name).waits_in_vain_for.as_ref()?;
        runs(waited_for).and_then(natural_end)
    };
    let first_exit = definition
        .containers
        .iter()
        .filter(|container| container.essential)
        .filter_map(|container| {
            runs(&container.name)
                .and_then(natural_end)
                .or_else(|| given_up_at(&container.name))
        })
        .min();
    let trigger = trigger(first_exit);
    let signalled_at = trigger
        .as_ref()
        .map(|trigger| trigger.at + script.deactivating);

    let containers: Vec<_> = definition
        .containers
        .iter()
        .map(|defined| {
            let name = defined.name.clone();
            let Some(container) = runs(&name) else {
                let reason = script.of_container(&name).reason.clone();
                let ended_at = given_up_at(&name);
                let made_up = script.of_container(&name).exit_code;
                return PlannedContainer {
                    name,
                    ended_at,
                    exit_code: made_up.filter(|_| ended_at.is_some()),
                    reason,
                    ..PlannedContainer::default()
                };
            };
            let by_itself = natural_end(container).map(|at| (at, container.exit_code));
            let by_force = match &trigger {
                None => None,
                Some(trigger) if trigger.host_gone => Some((trigger.at, None)),
                Some(_) => signalled_at.map(|at| stopped(container, at, defined.stop_timeout)),
            };
            let end = by_itself
                .into_iter()
                .chain(by_force)
                .min_by_key(|(at, _)| *at);
            PlannedContainer {
                name,
                started_at: Some(starts_at),
                ended_at: end.map(|(at, _)| at),
                exit_code: end.and_then(|(_, code)| code),
                reason: container.reason.clone(),
                settles: container.settles,
            }
        })
        .collect();

    let Some(trigger) = trigger else {
        return Plan {
            started_at: Some(starts_at),
            containers,
            ..Plan::default()
        };
    };
    let done_at = containers
        .iter()
        .filter_map(PlannedContainer::stopped_at)
        .fold(trigger.at, Duration::max);
    Plan {
        started_at: Some(starts_at),
        containers,
        ..ended(
            script,
            &trigger,
            (trigger.at + script.deactivating).min(done_at),
            done_at,
        )
    }
}

/// When and how a container ends that gets SIGTERM at this moment.
fn stopped(
    container: &Container,
    signalled_at: Duration,
    stop_timeout: Duration,
) -> (Duration, Option<i32>) {
    let killed = (signalled_at + stop_timeout, Some(137));
    match container.on_sigterm {
        OnSigterm::Exits { after, code } if after < stop_timeout => {
            (signalled_at + after, Some(code))
        }
        OnSigterm::Exits { .. } | OnSigterm::Ignored => killed,
    }
}

fn ended(script: &Script, trigger: &Trigger, signalled_at: Duration, done_at: Duration) -> Plan {
    let or =
        |scripted: &Option<String>, real: &str| scripted.clone().unwrap_or_else(|| real.to_owned());
    Plan {
        stopping_at: Some(trigger.at),
        signalled_at: Some(signalled_at),
        done_at: Some(done_at),
        stop_code: or(&script.stop_code, trigger.stop_code),
        stopped_reason: or(&script.stopped_reason, trigger.reason),
        host_gone: trigger.host_gone,
        ..Plan::default()
    }
}
