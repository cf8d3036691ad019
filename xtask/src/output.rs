//! The only places of this program that write to its standard streams.

use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Context;

/// Writes data to standard output. A reader that went away (`| head`) is no error.
pub(crate) fn data(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
            Err(cause).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a line of progress or advice to standard error; nobody there to read it is no error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", report::visible(text));
}

/// Puts a text in place of the current line of standard error, a terminal; an empty one clears it. A terminal that is gone is no
/// error.
pub(crate) fn status(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "\r\x1b[2K{}", report::visible(text)).and_then(|()| err.flush());
}

/// Puts lines in place of the last `height` ones of standard error, a terminal. They hold no control characters but those that
/// color. A terminal that is gone is no error.
#[cfg(target_os = "linux")]
pub(crate) fn picture(height: usize, lines: &[String]) {
    let mut text = String::new();
    if height > 0 {
        text += &["\x1b[", &height.to_string(), "A"].concat();
    }
    for line in lines {
        text += &["\r\x1b[2K", line, "\n"].concat();
    }
    text.push_str("\r\x1b[J");
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Writes an error and its causes to standard error.
pub(crate) fn error(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    note(&format!("error: {}", causes.join(": ")));
}

/// Writes a file whole or not at all: beside its place first, then renamed.
pub(crate) fn file(path: &Path, text: &str) -> anyhow::Result<()> {
    let shown = path.display();
    let name = path
        .file_name()
        .with_context(|| format!("`{shown}` names no file"))?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder of `{shown}`"))?;
    }
    let mut beside = name.to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(beside);
    std::fs::write(&beside, text).with_context(|| format!("cannot write `{}`", beside.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("cannot write `{shown}`"))
}
