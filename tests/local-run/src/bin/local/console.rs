//! What the command prints: lines with the time since its start and where they come from, and a
//! last line that shows what it waits for.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ecs_task_runner::logging::in_colour;
use tokio::sync::Notify;

use super::colour::{Colour, Palette};
use super::pipe::Pipe;

/// How often the last line's time moves on, on a terminal.
const REDRAW: Duration = Duration::from_millis(100);

/// How often a wait is mentioned again where lines cannot be redrawn.
const REMIND: Duration = Duration::from_secs(10);

/// Width of the column that says where a line comes from.
const SOURCE_WIDTH: usize = 9;

/// Standard output, shared by everyone who has something to tell.
#[derive(Clone)]
pub struct Console {
    screen: Arc<Mutex<Screen>>,
    palette: Palette,
    closed: Arc<Notify>,
}

struct Screen {
    out: Box<dyn Write + Send>,
    started: Instant,
    /// Whether the last line can be drawn over.
    redraws: bool,
    palette: Palette,
    waiting: Option<Waiting>,
}

struct Waiting {
    what: String,
    detail: String,
    since: Instant,
}

impl Console {
    /// Standard output; redrawn when it is a terminal that can, in plain lines otherwise.
    pub fn stdout() -> Self {
        let redraws = std::io::stdout().is_terminal()
            && std::env::var_os("TERM").is_none_or(|name| name != "dumb");
        let palette = Palette::new(in_colour(&std::io::stdout()));
        let closed = Arc::new(Notify::new());
        let out = Box::new(Pipe::stdout(Arc::clone(&closed)));
        Self {
            closed,
            ..Self::new(out, redraws, palette)
        }
    }

    /// Waits until nobody reads standard output any more.
    pub async fn closed(&self) {
        self.closed.notified().await;
    }

    fn new(out: Box<dyn Write + Send>, redraws: bool, palette: Palette) -> Self {
        let screen = Screen {
            out,
            started: Instant::now(),
            redraws,
            palette,
            waiting: None,
        };
        Self {
            screen: Arc::new(Mutex::new(screen)),
            palette,
            closed: Arc::default(),
        }
    }

    /// The colours to write lines in.
    pub fn palette(&self) -> Palette {
        self.palette
    }

    /// How long ago the command started.
    pub fn elapsed(&self) -> Duration {
        self.screen().started.elapsed()
    }

    /// Prints a text with its time and source in front; further lines of the text stand below its
    /// first.
    pub fn print(&self, source: &str, text: &str) {
        self.screen().print(source, text);
    }

    /// Prints a text as it is, without time and source.
    pub fn print_plain(&self, text: &str) {
        let mut screen = self.screen();
        screen.erase_waiting();
        // As in `Screen::print`: who waits for `closed` ends the run.
        let _ = writeln!(screen.out, "{text}");
        let _ = screen.out.flush();
    }

    /// Shows that the command waits, until the answer is dropped.
    pub fn wait(&self, what: &str) -> Wait {
        let mut screen = self.screen();
        screen.waiting = Some(Waiting {
            what: what.to_owned(),
            detail: String::new(),
            since: Instant::now(),
        });
        let interval = if screen.redraws { REDRAW } else { REMIND };
        screen.show_waiting();
        drop(screen);
        let (end, ended) = channel();
        let console = self.clone();
        let ticker = std::thread::spawn(move || {
            while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                console.screen().show_waiting();
            }
        });
        Wait {
            console: self.clone(),
            since: Instant::now(),
            ticker: Some((end, ticker)),
        }
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        // A panic while printing leaves nothing behind that the next line would not put right.
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    fn print(&mut self, source: &str, text: &str) {
        self.erase_waiting();
        let time = format!("{:>7.2} s", self.started.elapsed().as_secs_f64());
        let margin = " ".repeat(time.len() + 2 + SOURCE_WIDTH + 2);
        let front = format!(
            "{}  {}",
            self.palette.paint(Colour::Dim, &time),
            self.palette
                .paint(Colour::Dim, &format!("{source:<SOURCE_WIDTH$}"))
        );
        for (number, line) in text.lines().enumerate() {
            let front = if number == 0 {
                format!("{front}  ")
            } else {
                margin.clone()
            };
            // Fails when nobody reads any more: who waits for `closed` ends the run.
            let _ = writeln!(self.out, "{front}{line}");
        }
        if self.redraws {
            self.show_waiting();
        }
        let _ = self.out.flush();
    }

    /// On a terminal draws the last line again, elsewhere prints a line.
    fn show_waiting(&mut self) {
        let Some(waiting) = &self.waiting else { return };
        let seconds = waiting.since.elapsed().as_secs_f64();
        if self.redraws {
            let detail = if waiting.detail.is_empty() {
                String::new()
            } else {
                format!(": {}", cut(&waiting.detail, 60))
            };
            let line = format!("{seconds:>7.1} s  … {}{detail}", waiting.what);
            let _ = write!(
                self.out,
                "\r\x1b[2K{}",
                self.palette.paint(Colour::Dim, &line)
            );
        } else if waiting.since.elapsed() < REMIND {
            let _ = writeln!(
                self.out,
                "{:>7.2} s  {:<SOURCE_WIDTH$}  {} …",
                self.started.elapsed().as_secs_f64(),
                "",
                waiting.what
            );
        } else {
            let _ = writeln!(
                self.out,
                "{:>7.2} s  {:<SOURCE_WIDTH$}  … for {seconds:.0} s",
                self.started.elapsed().as_secs_f64(),
                ""
            );
        }
        let _ = self.out.flush();
    }

    fn erase_waiting(&mut self) {
        if self.redraws && self.waiting.is_some() {
            let _ = write!(self.out, "\r\x1b[2K");
        }
    }
}

/// Keeps the first characters of what might not fit into a line.
fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length - 1).chain(['…']).collect()
}

/// A wait that is being shown. Dropping it takes it off the screen.
pub struct Wait {
    console: Console,
    since: Instant,
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Wait {
    /// Adds what is being done just now; shown on a terminal only.
    pub fn detail(&self, detail: &str) {
        if let Some(waiting) = &mut self.console.screen().waiting {
            detail.clone_into(&mut waiting.detail);
        }
    }

    /// Ends the wait with a line that says what is done and how long it took.
    pub fn done(self, what: &str) {
        let took = self.since.elapsed().as_secs_f64();
        let console = self.console.clone();
        drop(self);
        console.print("", &format!("{what} ({took:.1} s)"));
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some((end, ticker)) = self.ticker.take() {
            drop(end);
            let _ = ticker.join();
        }
        let mut screen = self.console.screen();
        screen.erase_waiting();
        screen.waiting = None;
        let _ = screen.out.flush();
    }
}

#[cfg(test)]
mod tests;
