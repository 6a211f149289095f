//! The log output of both programs, and what must never get into it.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `Text` if standard output is a terminal, else `Json`.
    Auto,
    /// Each line is a JSON object, with the event's fields at its top level.
    Json,
    /// Lines for people, in colour on a terminal.
    Text,
}

/// Sends log lines to standard output, filtered by `RUST_LOG` (default `info`).
///
/// Whatever `RUST_LOG` says, lines of other crates below INFO are dropped. At those levels the SDK
/// and the HTTP clients print requests, and with them task tokens, response URLs and environment
/// values.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // filter_fn gives no hint of its own; without this one, the filters would run for every line
    // that the SDK might write at a finer level.
    let finest = filter.max_level_hint().unwrap_or(LevelFilter::TRACE);
    let without_requests = filter_fn(|metadata| {
        *metadata.level() <= Level::INFO
            || ["ecs_task_runner", "custom_resource"]
                .iter()
                .any(|program| metadata.target().starts_with(program))
    })
    .with_max_level_hint(finest);
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stdout().is_terminal(),
    };
    let layer = if json {
        tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed()
    } else {
        tracing_subscriber::fmt::layer()
            .with_target(false)
            .with_ansi(std::io::stdout().is_terminal())
            .boxed()
    };
    // This fails if the process logs already, as in tests that call it twice; the first call stays
    // in force.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter).with_filter(without_requests))
        .try_init();
}
