//! What a deployment puts on S3 first: the functions' program, zipped, and the state machine
//! definition.

use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::loopback_http::LoopbackHttp;

/// The name under which the `provided` runtimes of Lambda start a function's program.
const ENTRY_POINT: &str = "bootstrap";

/// The program's own name in the zip.
const PROGRAM: &str = "custom-resource";

/// The emulator gives all functions one access key. By one of its own, the stand-ins know which
/// function calls. The process id is for those who want to end a function
/// ([`Ministack::function_process`](crate::ministack::Ministack::function_process)).
const START: &str = "#!/bin/sh\nexport AWS_ACCESS_KEY_ID=\"$_HANDLER\"\necho $$ > \"$HOME/$_HANDLER.pid\"\nexec \"$LAMBDA_TASK_ROOT/custom-resource\"\n";

/// Readable and executable for everyone, as Lambda runs programs as a user of its own.
const EXECUTABLE: u32 = 0o755;

/// A bucket of the emulator.
#[derive(Debug)]
pub(crate) struct Bucket {
    http: LoopbackHttp,
    url: String,
    /// Its name.
    pub(crate) name: &'static str,
}

impl Bucket {
    /// Makes a bucket; one that is there already is as good.
    pub(crate) async fn create(endpoint: &str, name: &'static str) -> Result<Self> {
        let bucket = Self {
            http: LoopbackHttp::new(),
            url: format!("{endpoint}/{name}"),
            name,
        };
        bucket
            .http
            .put(&bucket.url, Bytes::new())
            .await
            .with_context(|| format!("The bucket {name} could not be made"))?;
        Ok(bucket)
    }

    /// Writes an object, and gives its URL.
    pub(crate) async fn put(&self, key: &str, content: Bytes) -> Result<String> {
        let url = format!("{}/{key}", self.url);
        self.http
            .put(&url, content)
            .await
            .with_context(|| format!("The object {key} could not be uploaded"))?;
        Ok(url)
    }
}

/// Zips a program the way Lambda expects it, behind a script that starts it with the function's
/// name as its access key id, and leaves its process id in a file.
///
/// Stored, not compressed: it goes to memory on the same machine, and compressing a debug build
/// takes seconds.
pub(crate) fn function_zip(program: &Path) -> Result<Bytes> {
    let content = std::fs::read(program)
        .with_context(|| format!("The program {} could not be read", program.display()))?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(content.len() + 1024)));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(EXECUTABLE);
    for (name, content) in [(ENTRY_POINT, START.as_bytes()), (PROGRAM, &content)] {
        zip.start_file(name, options)
            .context("The functions' zip could not be begun")?;
        zip.write_all(content)
            .context("The functions' zip could not be written")?;
    }
    Ok(zip
        .finish()
        .context("The functions' zip could not be finished")?
        .into_inner()
        .into())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::directories::RunDirectory;

    #[test]
    fn the_zip_holds_the_program_behind_an_executable_bootstrap() {
        let directory = RunDirectory::create("artifacts-test").unwrap();
        let program = directory.file("custom-resource");
        std::fs::write(&program, "#!/bin/sh\nexit 0\n").unwrap();

        let zip = function_zip(&program).unwrap();

        let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
        assert_eq!(archive.len(), 2);
        for (name, expected) in [
            ("bootstrap", START),
            ("custom-resource", "#!/bin/sh\nexit 0\n"),
        ] {
            let mut file = archive.by_name(name).unwrap();
            assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
            let mut content = String::new();
            file.read_to_string(&mut content).unwrap();
            assert_eq!(content, expected);
        }
    }

    #[test]
    fn a_program_that_was_not_built_is_named() {
        let error = function_zip(Path::new("target/debug/no-such-program"))
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "The program target/debug/no-such-program could not be read"
        );
    }
}
