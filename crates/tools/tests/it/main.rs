//! Broken, odd and real programs behind the public API; the broken ones are shell scripts, so Unix only.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows test functions, not the helpers they share"
)]

mod discover;
mod fake;
mod fake_programs;
mod real_programs;
mod run;
