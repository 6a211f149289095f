//! The `worker` command: puts the worker together from its configuration and runs it until it is
//! told to stop.

use std::sync::Arc;

use anyhow::Context;
use ecs_task_runner::activity::{self, ActivityClient, ActivityError, Options};
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::{Connection, ErrorKind};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::logging;
use ecs_task_runner::task_run::TaskRunner;
use ecs_task_runner::times::HEARTBEAT_TIMEOUT;

use crate::VERSION;
use crate::configuration::WorkerConfiguration;
use crate::health;
use crate::signals::{SIGINT, SIGTERM, on_signals, signal_name};
use crate::systemd;

/// Runs the worker until a signal tells it to stop and it has handed its tasks over.
pub(crate) fn run(configuration: WorkerConfiguration) -> anyhow::Result<()> {
    logging::start(configuration.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot be started")?;
    let result = runtime.block_on(work(configuration));
    // No task is left. Dropping the runtime would wait for its blocking threads, and one of them
    // may be held up by a name server that does not answer.
    runtime.shutdown_background();
    result
}

async fn work(configuration: WorkerConfiguration) -> anyhow::Result<()> {
    let (trigger, shutdown) = activity::shutdown();
    on_signals(&[SIGTERM, SIGINT], move |signal| {
        let name = signal_name(signal).unwrap_or("a signal");
        tracing::info!("received {name}; a second signal ends the worker at once");
        trigger.request();
    })
    .context("signals cannot be received")?;
    let connection = Connection::from_environment(Some(&configuration.region)).await;
    connection.check().await?;
    let client = ActivityClient::new(
        &connection,
        &configuration.activity_arn,
        &configuration.worker_name,
    );
    match client.check().await {
        Ok(()) => {}
        // Only a definite answer keeps the worker from starting. Polls are repeated until other
        // trouble has passed.
        Err(ActivityError::Unknown(error))
            if error.may_pass() || error.kind == ErrorKind::AccessDenied =>
        {
            tracing::warn!(%error, "the activity could not be looked up; polling it all the same");
        }
        Err(error) => return Err(error.into()),
    }
    let runner = Arc::new(TaskRunner::start(
        &Ecs::without_retries(&connection, configuration.call_rates),
        Logs::new(&connection, configuration.call_rates),
        Clock::system(),
    ));
    let options = Options {
        max_tasks: configuration.max_tasks,
        pollers: configuration.pollers,
        polls_per_second: configuration.poll_rate,
        default_heartbeat: HEARTBEAT_TIMEOUT,
    };
    tracing::info!(
        version = VERSION.as_str(),
        activity = configuration.activity_arn,
        worker = configuration.worker_name,
        max_tasks = configuration.max_tasks,
        pollers = configuration.pollers,
        "polling the activity"
    );
    let vitals = client.vitals().clone();
    if let Some(address) = configuration.health_addr {
        let listener = health::bind(address).await?;
        // With port 0 the system has chosen the port, so the bound address is logged.
        let address = listener
            .local_addr()
            .context("the health address cannot be told")?;
        tracing::info!(%address, "answering health probes");
        tokio::spawn(health::serve(listener, vitals.clone()));
    }
    tokio::spawn(systemd::notify(vitals, shutdown.clone()));
    activity::serve(
        client,
        &options,
        move |task| Arc::clone(&runner).handle(task),
        shutdown,
    )
    .await;
    tracing::info!("shut down: nothing is left in hand");
    Ok(())
}
