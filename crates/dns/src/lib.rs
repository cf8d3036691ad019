//! What a cluster's DNS server does, seen by asking it: a Corefile made fit to run on this machine, questions, a stand-in for the
//! resolvers outside, metrics, and alert expressions on them.
//!
//! Nothing is started here; whoever starts the server hands over where it listens. Everything stays on loopback.

mod alerts;
mod corefile;
mod error;
mod metrics;
mod page;
mod question;
mod upstream;

pub use crate::alerts::{Alerts, Scrape, rules_test};
pub use crate::corefile::{Corefile, Here, Listener};
pub use crate::error::{AskError, CorefileError};
pub use crate::metrics::{Sample, samples};
pub use crate::page::page;
pub use crate::question::{Answer, ask};
pub use crate::upstream::{Behaviour, OUTSIDE, Upstream};
