//! What the console shows, on a terminal and in a file.

use super::*;

/// What was written, for a test to read.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn console(redraws: bool, colours: bool) -> (Console, Written) {
    let written = Written::default();
    (
        Console::new(Box::new(written.clone()), redraws, Palette::new(colours)),
        written,
    )
}

#[test]
fn the_lines_of_a_text_stand_below_each_other() {
    let (console, written) = console(false, false);
    console.print("stack", "MigrateTask  CREATE_FAILED\nno such table");
    let text = written.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0].find("MigrateTask"), lines[1].find("no such table"));
    assert!(lines[0].contains(" s  stack"), "{text}");
}

#[test]
fn nothing_but_text_goes_to_a_file() {
    let (console, written) = console(false, false);
    let wait = console.wait("installing");
    wait.detail("Collecting Django");
    console.print("stack", "a line");
    wait.done("installed");
    let text = written.text();
    assert!(!text.contains('\x1b') && !text.contains('\r'), "{text:?}");
    assert!(
        text.contains("installing …\n") && text.contains("installed (0.0 s)\n"),
        "{text:?}"
    );
}

#[test]
fn on_a_terminal_the_wait_stays_below_the_lines() {
    let (console, written) = console(true, false);
    let wait = console.wait("installing");
    console.print("stack", "a line");
    assert!(
        written.text().trim_end().ends_with("… installing"),
        "{:?}",
        written.text()
    );
    drop(wait);
    assert!(
        written.text().ends_with("\r\x1b[2K"),
        "{:?}",
        written.text()
    );
}

#[test]
fn a_long_detail_is_cut_between_characters() {
    assert_eq!(cut("ééé", 3), "ééé");
    assert_eq!(cut("éééé", 3), "éé…");
}
