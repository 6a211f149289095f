//! Log output of both programs.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// JSON unless standard output is a terminal.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Sends log lines to standard output, filtered by `RUST_LOG` (default `info`).
///
/// Lines of other crates below INFO are dropped whatever `RUST_LOG` says: at those levels the SDK
/// and the HTTP clients print requests, and with them task tokens, response URLs and environment
/// values.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Without the hint, every line that the SDK might write at a finer level would be weighed on
    // every call.
    let finest = filter.max_level_hint().unwrap_or(LevelFilter::TRACE);
    let without_requests = filter_fn(|metadata| {
        *metadata.level() <= Level::INFO
            || ["ecs_task_runner", "custom_resource"]
                .iter()
                .any(|ours| metadata.target().starts_with(ours))
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
    // A second call, as tests may make, changes nothing.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter).with_filter(without_requests))
        .try_init();
}
