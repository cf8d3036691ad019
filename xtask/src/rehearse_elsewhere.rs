//! `rehearse` where it cannot be: it takes any arguments and says so.

use anyhow::bail;
use clap::Args;

/// Let the real Flux reconcile a cluster on this machine; needs Linux.
#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// Whatever it would take on Linux
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<String>,
}

/// Says that it cannot be done.
pub(crate) fn run(args: &Rehearse) -> anyhow::Result<u8> {
    let given = args.rest.join(" ");
    bail!("`rehearse {given}` needs Linux, whose /proc says which processes belong to a rehearsal")
}
