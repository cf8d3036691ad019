//! The live stage: what a running cluster must show, as data beside a story's test design, and how an API server is asked.
//!
//! [`load`] reads the `live.yaml` files of a tree; [`run`] looks whether what they promise holds. Checks speak to an API server
//! through [`Access`] alone, so that a rehearsal's and a real cluster's are judged by the same code. What changes something is
//! only done where [`Changes`] allows it. Questions to a program that runs with a configuration out of the cluster go to
//! [`Programs`]. A real cluster is reached through `kubectl proxy`: [`Proxy`]. What could not be looked at is Deferred with a reason and never counts as passed.

mod access;
mod check;
mod consistency;
mod design;
mod json_schema;
mod kind;
#[cfg(unix)]
mod kubectl;
mod load;
mod object;
mod outcome;
mod place;
mod pod;
mod program;
mod raw;
mod run;

pub use access::{Access, AccessError, Answer, Verb, object};
pub use design::{
    Alerts, Check, ConfigKey, Design, Disruption, Dns, DnsAnswer, Given, Http, Metric, NotVerified, Program,
    Question, Replicas, Rollout, Scenario, Service, Spread,
};
pub use json_schema::json_schema;
#[cfg(unix)]
pub use kubectl::{Proxy, ProxyError, ProxyOptions, keep};
pub use load::{FILE_NAME, load};
pub use outcome::{Miss, Outcome, Place, Settled, Verdict};
pub use program::Programs;
pub use run::{Changes, Event, Listener, Request, not_verified, promised, run};
