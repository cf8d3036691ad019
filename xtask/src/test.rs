//! `test`: all tests of this workspace through cargo-nextest.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use xshell::{Shell, cmd};

use crate::cli::Test;
use crate::output;

/// The version that is installed where none is there.
const NEXTEST_VERSION: &str = "0.9.148";

/// Runs the tests; the exit code is 1 when one fails.
pub(crate) fn run(args: &Test) -> anyhow::Result<u8> {
    let shell = Shell::new()?;
    shell.change_dir(workspace());
    let nextest = nextest(&shell)?;
    let extra = &args.args;
    let passed = cmd!(shell, "{nextest} nextest run --workspace {extra...}")
        .quiet()
        .run();
    Ok(if passed.is_ok() {
        report::exit::CLEAN
    } else {
        report::exit::FINDINGS
    })
}

/// The workspace that this program was built from.
pub(crate) fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// cargo-nextest from PATH, else from target/tools, where it is installed when it is not there.
fn nextest(shell: &Shell) -> anyhow::Result<PathBuf> {
    let program = format!("cargo-nextest{}", std::env::consts::EXE_SUFFIX);
    let own = workspace().join("target/tools/bin").join(&program);
    for candidate in [PathBuf::from(&program), own.clone()] {
        let answers = cmd!(shell, "{candidate} nextest --version")
            .quiet()
            .ignore_stderr()
            .ignore_stdout()
            .run();
        if answers.is_ok() {
            return Ok(candidate);
        }
    }
    output::note(&format!(
        "cargo-nextest is not here: installing {NEXTEST_VERSION} into target/tools from source, about 5 minutes, once"
    ));
    let start = Instant::now();
    let root = workspace().join("target/tools");
    cmd!(
        shell,
        "cargo install --locked --quiet cargo-nextest --version {NEXTEST_VERSION} --root {root}"
    )
    .quiet()
    .run()
    .context("cannot install cargo-nextest")?;
    output::note(&format!("installed in {} s", start.elapsed().as_secs()));
    Ok(own)
}
