//! The log output of both programs, and what must never get into it.

use std::fmt;
use std::io::{self, IsTerminal};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use tracing::Level;
use tracing_subscriber::field::{MakeExt, RecordFields};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::text::printable;

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `Text` if standard output is a terminal, else `Json`.
    Auto,
    /// Each line is a JSON object, with the event's fields at its top level.
    Json,
    /// Lines for people, in colour where [`in_colour`] says so.
    Text,
}

/// Whether what goes to the stream is to be in colour: on a terminal that knows colours, unless
/// `NO_COLOR` or `CLICOLOR=0` is set, and everywhere with `CLICOLOR_FORCE`
/// (<https://no-color.org>, <https://bixense.com/clicolors>). Help and usage errors keep to the same
/// rule.
pub fn in_colour(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
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
            .with_writer(|| PrintableLines(std::io::stdout()))
            .boxed()
    } else {
        tracing_subscriber::fmt::layer()
            .with_target(false)
            .fmt_fields(PrintableFields)
            .with_ansi(in_colour(&std::io::stdout()))
            .boxed()
    };
    // This fails if the process logs already, as in tests that call it twice; the first call stays
    // in force.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter).with_filter(without_requests))
        .try_init();
}

/// Characters that JSON need not escape, and that end a line for some readers, with their escapes: next
/// line, line separator, paragraph separator.
const LINE_ENDS: [(char, &str); 3] = [
    ('\u{85}', "\\u0085"),
    ('\u{2028}', "\\u2028"),
    ('\u{2029}', "\\u2029"),
];

/// Writes lines of JSON without the characters that JSON need not escape and a terminal obeys all the
/// same: people read these lines on terminals as well. Each stays one line for every reader.
struct PrintableLines<W>(W);

impl<W: io::Write> io::Write for PrintableLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = String::from_utf8_lossy(bytes);
        for (end, escape) in LINE_ENDS {
            if text.contains(end) {
                text = text.replace(end, escape).into();
            }
        }
        self.0.write_all(printable::clean(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes the message and the fields of a text line, which may hold what others wrote. The rest of
/// the line may hold the colours of this program.
struct PrintableFields;

impl<'w> FormatFields<'w> for PrintableFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        debug_fn(|writer: &mut Writer<'_>, field, value| {
            let value = format!("{value:?}");
            let value = printable::clean(&value);
            match (field.name(), writer.has_ansi_escapes()) {
                ("message", _) => writer.write_str(&value),
                // The name in italics, the sign dimmed.
                (name, true) => {
                    write!(writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m{value}")
                }
                (name, false) => write!(writer, "{name}={value}"),
            }
        })
        .delimited(" ")
        .format_fields(writer, fields)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_of_text_holds_no_control_characters_of_others() {
        let written = Written::default();
        let output = written.clone();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(PrintableFields)
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .with_writer(move || output.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let foreign = "\u{1b}]0;title\u{7}\u{1b}[2Jred\u{202e}\rback";
            tracing::info!(error = %foreign, text = "a\tb", exit_code = 1, "it failed: {foreign}");
        });
        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            written,
            " INFO it failed: red\nback error=red\nback text=\"a\\tb\" exit_code=1\n"
        );
    }

    #[test]
    fn a_line_of_json_holds_none_either_and_is_one_line_for_every_reader() {
        let written = Written::default();
        let output = written.clone();
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .without_time()
            .with_target(false)
            .with_writer(move || PrintableLines(output.clone()));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            for (message, in_json) in [
                (
                    "it failed: \u{9b}31mred\u{202e}\u{7f}, \u{1b}[2J",
                    "it failed: red, \\u001b[2J",
                ),
                // What ends a line for one reader or another.
                ("a\nb\rc\r\nd", "a\\nb\\rc\\r\\nd"),
                ("a\u{b}b\u{c}c\td", "a\\u000bb\\fc\\td"),
                ("a\u{85}b\u{2028}c\u{2029}d", "a\\u0085b\\u2028c\\u2029d"),
            ] {
                tracing::info!("{message}");
                let line = std::mem::take(&mut *written.0.lock().unwrap());
                let line = String::from_utf8(line).unwrap();
                assert_eq!(
                    line,
                    format!("{{\"level\":\"INFO\",\"message\":\"{in_json}\"}}\n")
                );
                let read: serde_json::Value = serde_json::from_str(&line).unwrap();
                let read = read["message"].as_str().unwrap();
                assert_eq!(read.lines().count(), message.lines().count());
            }
        });
    }
}
