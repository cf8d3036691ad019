//! Charts and images in OCI registries: is what a manifest asks for really there, before Flux has to find out.
//!
//! The only place of the workspace with sockets. Outward everything blocks; the async runtime stays inside.
//! [`preflight`] and [`images`] end within their deadline and give each chart or image one of three verdicts: there,
//! missing, or unknown with the reason. [`files`] takes single files out of images by digest. Passwords and tokens never appear
//! in a reason. What was fetched is in a [`Cache`], which answers when nobody is to be asked.

mod cache;
mod challenge;
mod chart;
mod client;
mod credentials;
mod digest;
mod endpoint;
mod environment;
mod failure;
mod image_file;
mod images;
mod kept;
mod layer;
pub mod lock;
mod login;
mod lookup;
mod offline;
mod options;
mod preflight;
mod progress;
mod range;
mod reference;
mod runner;
mod setup;
pub mod signature;
mod spool;
mod tag;
mod transport;
mod version;

pub use crate::cache::{Cache, CacheError, Resolved};
pub use crate::digest::is_digest;
pub use crate::environment::Environment;
pub use crate::image_file::{FileRequest, FileVerdict, files};
pub use crate::images::{ImageRequest, ImageVerdict, images};
pub use crate::kept::Kept;
pub use crate::options::Options;
pub use crate::preflight::{ChartRequest, ChartResult, Verdict, preflight};
pub use crate::progress::{Listener, Progress};
pub use crate::range::{Range, RangeError};
pub use crate::reference::{OciUrl, UrlError};
pub use crate::tag::loose_version;
pub use crate::version::{Wanted, WantedError};

/// The media type of the layer that holds a chart's archive.
pub const CHART_LAYER_MEDIA_TYPE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The media type of a chart's config: its `Chart.yaml` as JSON.
pub const CHART_CONFIG_MEDIA_TYPE: &str = "application/vnd.cncf.helm.config.v1+json";
