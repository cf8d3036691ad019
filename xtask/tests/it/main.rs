//! The program as its users run it: on copies of this repository and on small trees.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod breaks;
mod commands;
#[cfg(target_os = "linux")]
mod dns_real;
mod gates;
mod installed;
#[cfg(target_os = "linux")]
mod live_real;
mod preflight;
mod real_charts;
mod registry;
#[cfg(target_os = "linux")]
mod rehearse;
#[cfg(target_os = "linux")]
mod rehearse_elsewhere;
#[cfg(target_os = "linux")]
mod rehearse_failures;
#[cfg(target_os = "linux")]
mod rehearse_many;
#[cfg(target_os = "linux")]
mod rehearse_mutations;
#[cfg(target_os = "linux")]
mod rehearse_programs;
#[cfg(target_os = "linux")]
mod rehearse_real;
#[cfg(target_os = "linux")]
mod rehearse_trouble;
mod release;
mod repo;
mod scaffold;
#[cfg(target_os = "linux")]
mod stage;
mod tidy;
#[cfg(unix)]
mod verify;
