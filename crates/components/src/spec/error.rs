//! Why a spec makes no manifests.

use std::net::IpAddr;

use ipnet::IpNet;

/// A value that no manifest may carry, or specs that do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// No DNS-1123 label.
    #[error(
        "name `{name}` is no DNS-1123 label: lower case letters, digits and `-`, at most {limit} characters"
    )]
    Name {
        /// The name.
        name: String,
        /// The most characters.
        limit: usize,
    },
    /// A version that is a range, has a leading `v`, or is no semantic version.
    #[error("version `{0}` is not exact, wanted `x.y.z`")]
    Version(String),
    /// A registry URL that Flux would refuse, or that nobody approved.
    #[error("registry URL `{url}` {problem}")]
    OciUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        problem: OciUrlProblem,
    },
    /// A git URL that is neither https nor ssh, or carries a placeholder.
    #[error("git URL `{0}` is no `https://` or `ssh://` URL without placeholders")]
    GitUrl(String),
    /// An alert that says nothing.
    #[error("alert `{alert}` has no {field}")]
    AlertText {
        /// Name of the alert.
        alert: String,
        /// The empty field.
        field: &'static str,
    },
    /// An id that Cilium does not take.
    #[error("id {id} of cluster `{cluster}` is outside 1 to 255")]
    ClusterId {
        /// Name of the cluster.
        cluster: String,
        /// The id.
        id: u16,
    },
    /// An address that is not in the network that it is taken from.
    #[error("address {address} of cluster `{cluster}` is outside its Service network {network}")]
    AddressOutside {
        /// Name of the cluster.
        cluster: String,
        /// The address.
        address: IpAddr,
        /// The network.
        network: IpNet,
    },
    /// An address that no Service may have.
    #[error("address {address} of cluster `{cluster}` is reserved in {network}: {owner}")]
    AddressReserved {
        /// Name of the cluster.
        cluster: String,
        /// The address.
        address: IpAddr,
        /// The network.
        network: IpNet,
        /// Whose it is.
        owner: &'static str,
    },
    /// Two networks that share addresses.
    #[error("{first} and {second} overlap")]
    Overlap {
        /// The first network, with its owner.
        first: String,
        /// The second network, with its owner.
        second: String,
    },
    /// Something that must be unique stands twice.
    #[error("{what} `{value}` stands twice")]
    Duplicate {
        /// What kind of thing.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// A setting whose text becomes another type in the manifests that use it.
    #[error("setting `{name}` is `{value}`, which substitution reads as {found}, wanted {wanted}")]
    SettingType {
        /// Name of the setting.
        name: String,
        /// Its text.
        value: String,
        /// What YAML 1.1 makes of it.
        found: &'static str,
        /// What its users need.
        wanted: &'static str,
    },
    /// A component uses a variable without a default that a cluster does not set.
    #[error("{path} uses `${{{variable}}}`, which cluster `{cluster}` does not set and which has no default")]
    SettingMissing {
        /// The manifest.
        path: String,
        /// The variable.
        variable: String,
        /// Name of the cluster.
        cluster: String,
    },
    /// A cluster sets a variable that nothing uses.
    #[error("cluster `{cluster}` sets `{variable}`, which no manifest uses")]
    SettingUnused {
        /// Name of the cluster.
        cluster: String,
        /// The variable.
        variable: String,
    },
    /// `dependsOn` names a component that is not there, or that is registered later.
    #[error("component `{component}` depends on `{on}`, which is not registered before it")]
    DependsOn {
        /// Name of the component.
        component: String,
        /// What it depends on.
        on: String,
    },
    /// A comment for a line that is not there, or that stands more than once.
    #[error("{path} has {found} lines that start with `{line}`, wanted 1 to put the comment above")]
    Comment {
        /// The manifest.
        path: String,
        /// How the line starts.
        line: String,
        /// How many lines start so.
        found: usize,
    },
    /// A spec that does not serialize: a defect of its type.
    #[error("cannot serialize {what}: {source}")]
    Serialize {
        /// What kind of object.
        what: String,
        /// The cause.
        source: serde_json::Error,
    },
}

/// What is wrong with a registry URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OciUrlProblem {
    /// Not `oci://`.
    #[error("does not start with `oci://`")]
    Scheme,
    /// `<...>`, `${...}` or words in capitals stand for a value that somebody should have put there.
    #[error("carries a placeholder")]
    Placeholder,
    /// CRD: the tag belongs into `spec.ref`.
    #[error("carries a tag; the version belongs into `ref`")]
    Tag,
    /// CRD: the digest belongs into `spec.ref`.
    #[error("carries a digest; it belongs into `ref`")]
    Digest,
    /// No repository after the host, or characters that no repository has.
    #[error("names no repository of the form `oci://host/path/chart`")]
    Repository,
    /// Not in [`APPROVED_REGISTRIES`](super::oci::APPROVED_REGISTRIES).
    #[error("is on no approved registry")]
    NotApproved,
}
