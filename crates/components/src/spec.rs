//! The kinds of objects that this repository writes, with the fields' own names, and the values that they are made of.
//!
//! A value that the API server or a controller would refuse cannot be made: constructors refuse it, or no type holds it.

pub mod error;
pub mod flux;
pub mod helm;
pub mod kustomize;
pub mod monitoring;
pub mod name;
pub mod object;
pub mod oci;
pub mod setting;
pub mod source;
pub mod time;
pub mod version;

pub use error::SpecError;
pub use name::Name;
pub use object::{ConfigMap, Metadata, Namespace, Object};
pub use oci::OciUrl;
pub use setting::{Setting, Type, Variable};
pub use time::Interval;
pub use version::ExactVersion;
