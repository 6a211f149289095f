//! The file of an execution's picture. It is opened before the first call, so that a wrong path is found
//! at once and not after the hours for which `--follow` may wait.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use ecs_task_runner::aws::Connection;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::explain::{Explanation, Picture};

use super::tasks;

/// An open file. What an existing one holds stays until the picture is written, and one that was made
/// for a picture goes when none is drawn.
pub(super) struct PictureFile {
    path: PathBuf,
    file: File,
    /// It was made for the picture, which is not drawn yet.
    is_unused: bool,
}

impl PictureFile {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true);
        let (file, is_unused) = match options.clone().create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                (options.open(path), false)
            }
            made => (made, true),
        };
        Ok(Self {
            path: path.to_owned(),
            file: file.with_context(|| cannot_be_written(path))?,
            is_unused,
        })
    }

    /// Draws the timeline, with the times of the tasks that ECS still shows.
    pub(super) async fn draw(
        mut self,
        connection: &Connection,
        explanation: &Explanation,
    ) -> anyhow::Result<()> {
        let tasks = tasks::observed(connection, explanation).await;
        let picture = Picture::of(explanation, &tasks, Clock::system().now()).to_string();
        self.write(&picture)
            .with_context(|| cannot_be_written(&self.path))
    }

    fn write(&mut self, picture: &str) -> io::Result<()> {
        // A pipe and a device have no length.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(picture.as_bytes())?;
        self.is_unused = false;
        Ok(())
    }
}

impl Drop for PictureFile {
    fn drop(&mut self) {
        if self.is_unused {
            // An empty file that cannot be removed does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn cannot_be_written(path: &Path) -> String {
    format!("the picture {} cannot be written", path.display())
}
