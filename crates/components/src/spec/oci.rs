//! Addresses of charts in OCI registries.

use serde::Serialize;

use super::SpecError;
use super::error::OciUrlProblem;

/// Registries that charts may come from. A new one is a decision, not a detail: docs/decisions says who publishes there.
pub const APPROVED_REGISTRIES: [&str; 2] = ["ghcr.io", "quay.io"];

/// `oci://host/path/chart`, without tag and digest, on an approved registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OciUrl(String);

impl OciUrl {
    /// The URL of a chart.
    pub fn new(url: &str) -> Result<Self, SpecError> {
        match problem(url) {
            None => Ok(Self(url.to_owned())),
            Some(problem) => Err(SpecError::OciUrl {
                url: url.to_owned(),
                problem,
            }),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn problem(url: &str) -> Option<OciUrlProblem> {
    let Some(rest) = url.strip_prefix("oci://") else {
        return Some(OciUrlProblem::Scheme);
    };
    if rest.contains(['<', '>', '$', '{', '}']) || rest.contains(|c: char| c.is_ascii_uppercase()) {
        return Some(OciUrlProblem::Placeholder);
    }
    if rest.contains('@') {
        return Some(OciUrlProblem::Digest);
    }
    let Some((host, repository)) = rest.split_once('/') else {
        return Some(OciUrlProblem::Repository);
    };
    if repository.contains(':') {
        return Some(OciUrlProblem::Tag);
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let parts_are_plain = repository
        .split('/')
        .all(|part| !part.is_empty() && part.chars().all(plain));
    if host.is_empty() || !parts_are_plain {
        return Some(OciUrlProblem::Repository);
    }
    (!APPROVED_REGISTRIES.contains(&host)).then_some(OciUrlProblem::NotApproved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_repository_on_an_approved_registry() {
        let url = "oci://ghcr.io/coredns/charts/coredns";
        assert_eq!(OciUrl::new(url).unwrap().as_str(), url);
    }

    #[test]
    fn names_what_is_wrong() {
        for (url, wanted) in [
            ("https://ghcr.io/a/b", OciUrlProblem::Scheme),
            ("oci://<APPROVED_REGISTRY>/coredns", OciUrlProblem::Placeholder),
            ("oci://YOUR_REGISTRY/coredns", OciUrlProblem::Placeholder),
            ("oci://${REGISTRY}/coredns", OciUrlProblem::Placeholder),
            ("oci://ghcr.io/a/b:1.0.0", OciUrlProblem::Tag),
            ("oci://ghcr.io/a/b@sha256:0", OciUrlProblem::Digest),
            ("oci://ghcr.io", OciUrlProblem::Repository),
            ("oci://ghcr.io/", OciUrlProblem::Repository),
            ("oci://ghcr.io/a//b", OciUrlProblem::Repository),
            ("oci://docker.io/a/b", OciUrlProblem::NotApproved),
            ("oci://ghcr.io.example.com/a/b", OciUrlProblem::NotApproved),
            ("oci://ghcr.io:5000/a/b", OciUrlProblem::NotApproved),
        ] {
            let error = OciUrl::new(url).unwrap_err();
            assert!(
                matches!(&error, SpecError::OciUrl { problem, .. } if *problem == wanted),
                "{url}: {error}"
            );
        }
    }
}
