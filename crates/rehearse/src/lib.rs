//! A rehearsal: the real Flux controllers reconcile a cluster's entrypoint against a real API server on this machine, without
//! containers and without a cluster.
//!
//! A [`Run`] is a private folder and a watchdog: whatever it started ends with it, also when this program is killed. A
//! [`Plane`] is etcd, the API server, the controllers of Kubernetes and Flux, and nodes that kwok pretends. [`Server`] hands out
//! the git tree and the charts. [`rehearse`] puts a cluster's entrypoint on the plane, waits until nothing moves and says what
//! became of every Flux object.
//!
//! Processes start and sockets open here besides `tools` and `oci`; nothing listens on anything but loopback.

// /proc says which processes belong to a rehearsal, and descriptors of processes are Linux's.
#![cfg(target_os = "linux")]

mod address;
mod api;
mod artifact;
mod beyond;
mod bootstrap;
mod build_info;
mod child;
mod copy;
mod crds;
mod error;
mod fetch;
mod folder;
mod gates;
mod goal;
mod guest;
mod http;
mod judge;
mod nodes;
mod observe;
mod outcome;
mod own;
mod pins;
mod places;
mod plane;
mod ports;
mod pretend;
mod process_group;
mod programs;
mod random;
mod reaper;
mod redirect;
mod registry;
mod rewrite;
mod run;
mod server;
mod stage;
mod stand_in;
mod wait;
mod watch;
mod watchdog;
mod words;

pub use crate::copy::{Change, Copy, Served};
pub use crate::error::RehearseError;
pub use crate::fetch::{Fetched, fetch};
pub use crate::goal::Looks;
pub use crate::guest::{Environment, Guest, Invitation, Places};
pub use crate::outcome::{Assumed, Controller, FluxObject, Outcome, Place, Verdict, Workload};
pub use crate::own::servable;
pub use crate::pins::{Pin, PinError, Pins};
pub use crate::places::Blame;
pub use crate::plane::{Plane, Settings};
pub use crate::programs::{
    Found, Looked, Place as ProgramPlace, Program, Programs, Search, file as program_file,
};
pub use crate::registry::Chart;
pub use crate::run::Run;
pub use crate::server::Server;
pub use crate::stage::{Event, Listener, Request, Stage, rehearse};
pub use crate::watchdog::watch;
