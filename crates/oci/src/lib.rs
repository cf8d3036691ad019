//! Charts in OCI registries: is what a manifest asks for really there, before Flux has to find out.
//!
//! The only place of the workspace with sockets. Outward everything blocks; the async runtime stays inside.
//! [`preflight`] ends within its deadline and gives each chart one of three verdicts: there, missing, or unknown
//! with the reason. Passwords and tokens never appear in a reason.

mod chart;
mod client;
mod credentials;
mod digest;
mod endpoint;
mod failure;
pub mod lock;
mod lookup;
mod preflight;
mod range;
mod reference;
mod setup;
pub mod signature;
mod tag;
mod transport;
mod version;

pub use crate::preflight::{ChartRequest, ChartResult, Options, Verdict, preflight};
pub use crate::range::{Range, RangeError};
pub use crate::reference::{OciUrl, UrlError};
pub use crate::tag::loose_version;
pub use crate::version::{Wanted, WantedError};

/// The media type of the layer that holds a chart's archive.
pub const CHART_LAYER_MEDIA_TYPE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The media type of a chart's config: its `Chart.yaml` as JSON.
pub const CHART_CONFIG_MEDIA_TYPE: &str = "application/vnd.cncf.helm.config.v1+json";
