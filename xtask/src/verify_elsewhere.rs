//! `verify` where kubectl has no sockets: it takes any arguments and says so.

use anyhow::bail;
use clap::Args;

/// Run the live scenarios of docs/qa against a real cluster; needs Linux or macOS.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Whatever it would take elsewhere
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<String>,
}

/// Says that it cannot be done.
pub(crate) fn run(args: &Verify) -> anyhow::Result<u8> {
    let given = args.rest.join(" ");
    bail!("`verify {given}` needs Linux or macOS, where `kubectl proxy` listens on a socket")
}
