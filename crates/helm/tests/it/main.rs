//! Charts and their values, compared with what helm and Flux make of them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "clippy knows test functions, not the helpers they share"
)]

mod archives;
mod coalesced;
mod flux_values;
mod folders;
mod hostile;
mod packed;
mod program;
mod reads;
mod reads_charts;
mod reads_constructs;
mod real;
mod real_reads;
mod schemas;
