//! The `worker` command.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ecs_task_runner::activity::{self, ActivityClient, ActivityError, Options};
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::{Connection, ErrorKind};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::logging;
use ecs_task_runner::task_run::TaskRunner;
use ecs_task_runner::version::VERSION;

use crate::configuration::WorkerConfiguration;
use crate::health;
use crate::signals::shut_down_on_signals;
use crate::systemd;

/// The heartbeat period of an input without `heartbeatSeconds`; the definition always passes it.
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(60);

/// Works until it is told to stop.
pub(crate) fn run(configuration: WorkerConfiguration) -> anyhow::Result<()> {
    logging::start(configuration.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot be started")?;
    let worked = runtime.block_on(work(configuration));
    // Nothing is left in hand. A name server that does not answer holds up a thread of the runtime,
    // which a drop would wait for.
    runtime.shutdown_background();
    worked
}

async fn work(configuration: WorkerConfiguration) -> anyhow::Result<()> {
    let (trigger, shutdown) = activity::shutdown();
    shut_down_on_signals(trigger).context("signals cannot be received")?;
    let connection = Connection::from_environment(Some(&configuration.region)).await;
    connection.check().await?;
    let client = ActivityClient::new(
        &connection,
        &configuration.activity_arn,
        &configuration.worker_name,
    );
    match client.check().await {
        Ok(()) => {}
        // Only a definite answer is a reason not to start: polls wait out what passes.
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
        default_heartbeat: DEFAULT_HEARTBEAT,
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
        // The one asked for may leave the port to the system.
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
