//! One task whose containers are processes, from its start to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::container::{self, NotStarted, Running};
use super::group::ProcessGroup;
use super::{ContainerLine, Order, Processes};
use crate::clock::Clock;
use crate::ecs::container_logs::stream_name;
use crate::ecs::plan::Plan;
use crate::ecs::task::Task;
use crate::lock::Lock;
use crate::logs::Logs;

/// Sees to one task. Dropped (its future, that is), it kills the task's processes.
pub(super) struct Supervisor {
    pub(super) task: Arc<Task>,
    pub(super) options: Arc<Processes>,
    pub(super) clock: Clock,
    pub(super) logs: Logs,
    pub(super) orders: watch::Receiver<Order>,
}

/// A container whose end is awaited. Dropped, it is killed, even where its future is dropped only
/// later.
struct Awaited {
    index: usize,
    /// When SIGKILL is due, once SIGTERM was sent.
    kill_at: Option<Instant>,
    group: Arc<ProcessGroup>,
}

impl Supervisor {
    pub(super) async fn run(mut self) {
        self.update(|plan, now| plan.activating_at = Some(now));
        let mut containers = Vec::new();
        for index in 0..self.task.definition.containers.len() {
            match container::start(&self.task, index, &self.options) {
                Ok(running) => containers.push((index, running)),
                // The containers started so far are killed as they are dropped.
                Err(why) => return self.not_started(index, why, containers.len()),
            }
        }
        self.update(|plan, now| {
            plan.started_at = Some(now);
            for container in &mut plan.containers {
                container.started_at = Some(now);
            }
        });

        let mut running = JoinSet::new();
        let mut awaited = Vec::new();
        for (index, container) in containers {
            awaited.push(Awaited {
                index,
                kill_at: None,
                group: Arc::clone(&container.group),
            });
            running.spawn(self.run_container(index, container));
        }
        let mut stopping = false;
        while !awaited.is_empty() {
            let kill_at = awaited
                .iter()
                .filter_map(|container| container.kill_at)
                .min();
            tokio::select! {
                Some(ended) = running.join_next() => {
                    // A container's future neither panics nor is aborted while it is awaited here.
                    let Ok((index, exit_code)) = ended else { break };
                    awaited.retain(|container| container.index != index);
                    self.container_ended(index, exit_code);
                    if self.task.definition.containers[index].essential && !stopping {
                        stopping = true;
                        self.terminate(&mut awaited);
                    }
                }
                order = next_order(&mut self.orders) => match order {
                    Order::Run => {}
                    Order::Stop if stopping => {}
                    Order::Stop => {
                        stopping = true;
                        self.terminate(&mut awaited);
                    }
                    Order::Kill => {
                        stopping = true;
                        kill(&awaited);
                    }
                },
                () = wait_until(kill_at) => {
                    // Each container has a stop timeout of its own.
                    for container in awaited.iter_mut().filter(|container| container.kill_at == kill_at) {
                        container.kill_at = None;
                        container.group.kill();
                    }
                }
            }
        }
        self.update(|plan, now| {
            plan.done_at = Some(now);
            plan.stopped_at = Some(now + self.task.deprovisioning);
        });
    }

    /// The future of one container: its lines into log and listener, then its exit code.
    fn run_container(
        &self,
        index: usize,
        running: Running,
    ) -> impl Future<Output = (usize, i32)> + use<> {
        let container = &self.task.definition.containers[index];
        let log = container.awslogs.as_ref().map(|(group, prefix)| {
            let stream = stream_name(prefix, &container.name, &self.task.id);
            self.logs.open(group, &stream);
            (self.logs.clone(), group.clone(), stream)
        });
        let lines = self.options.lines.clone();
        let (task_arn, container) = (self.task.arn.clone(), container.name.clone());
        let on_line = move |line: String| {
            if let Some((logs, group, stream)) = &log {
                logs.put(group, stream, line.clone());
            }
            if let Some(lines) = &lines {
                // Nobody listens any more: the log has it all the same.
                let _unheard = lines.send(ContainerLine {
                    task_arn: task_arn.clone(),
                    container: container.clone(),
                    line,
                });
            }
        };
        async move { (index, running.run(on_line).await) }
    }

    fn container_ended(&self, index: usize, exit_code: i32) {
        let essential = self.task.definition.containers[index].essential;
        self.update(|plan, now| {
            let container = &mut plan.containers[index];
            container.ended_at = Some(now);
            container.exit_code = Some(exit_code);
            if essential && plan.stopping_at.is_none() {
                plan.stopping_at = Some(now);
                "EssentialContainerExited".clone_into(&mut plan.stop_code);
                "Essential container in task exited".clone_into(&mut plan.stopped_reason);
            }
        });
    }

    /// SIGTERM to the containers that still run, and SIGKILL to each after its stop timeout.
    fn terminate(&self, awaited: &mut [Awaited]) {
        self.update(|plan, now| plan.signalled_at = Some(now));
        for container in awaited {
            container.group.terminate();
            let defined = self.task.definition.containers[container.index].stop_timeout;
            let time = self.options.stop_timeout.unwrap_or(defined);
            container.kill_at = Some(Instant::now() + time);
        }
    }

    fn not_started(&self, index: usize, why: NotStarted, started_before: usize) {
        self.update(|plan, now| {
            if plan.stopping_at.is_none() {
                plan.stopping_at = Some(now);
                "TaskFailedToStart".clone_into(&mut plan.stop_code);
            }
            plan.done_at = Some(now);
            plan.stopped_at = Some(now + self.task.deprovisioning);
            for container in &mut plan.containers[..started_before] {
                container.started_at = Some(now);
                container.ended_at = Some(now);
                container.exit_code = Some(137);
            }
            match why {
                NotStarted::Resource(reason) => plan.stopped_reason = reason,
                NotStarted::Container(reason) => {
                    plan.stopped_reason.clone_from(&reason);
                    plan.containers[index].reason = Some(reason);
                }
            }
        });
    }

    fn update(&self, change: impl FnOnce(&mut Plan, Duration)) {
        let now = self.clock.now();
        change(&mut self.task.course.locked().plan, now);
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.group.kill();
    }
}

fn kill(containers: &[Awaited]) {
    for container in containers {
        container.group.kill();
    }
}

/// The order that comes next, also one that came before anybody waited.
async fn next_order(orders: &mut watch::Receiver<Order>) -> Order {
    match orders.changed().await {
        Ok(()) => *orders.borrow_and_update(),
        // Whoever gives the orders is gone with the stand-in.
        Err(_) => Order::Kill,
    }
}

/// Waits for a moment, for ever where there is none.
async fn wait_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
