//! The programs we know: name, purpose, how to install one, how it tells its version, which version we
//! compared with.

use std::fmt;

/// An external program that this workspace can use; none is needed for `cargo xtask validate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Builds a folder with a kustomization.yaml.
    Kustomize,
    /// The Kubernetes client; embeds a kustomize.
    Kubectl,
    /// The Flux client.
    Flux,
    /// Validates manifests against JSON schemas.
    Kubeconform,
    /// Renders charts.
    Helm,
    /// Checks Prometheus rules.
    Promtool,
    /// The version control client.
    Git,
    /// The Go toolchain; fetches modules that hold official schemas.
    Go,
    /// Runs the tests of this workspace.
    CargoNextest,
}

/// One row of the catalog.
struct Entry {
    name: &'static str,
    purpose: &'static str,
    install: &'static str,
    wanted: &'static str,
    version_args: &'static [&'static str],
    /// The text right before the version in the program's answer.
    version_marker: &'static str,
}

impl Tool {
    /// Every program, in the order a person should read about them.
    pub const ALL: [Self; 9] = [
        Self::Kustomize,
        Self::Kubectl,
        Self::Flux,
        Self::Kubeconform,
        Self::Helm,
        Self::Promtool,
        Self::Git,
        Self::Go,
        Self::CargoNextest,
    ];

    /// The program of this file name, as the configuration writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// The file name of the program, without `.exe`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What we use the program for, in a few words.
    pub fn purpose(self) -> &'static str {
        self.entry().purpose
    }

    /// One line: an official way to install the program.
    pub fn install(self) -> &'static str {
        self.entry().install
    }

    /// The version our comparison was made with (2026-11-23); others may work, they are not measured.
    pub fn wanted(self) -> &'static str {
        self.entry().wanted
    }

    /// The arguments that make the program print its version.
    pub fn version_args(self) -> &'static [&'static str] {
        self.entry().version_args
    }

    /// The version in the program's answer to [`Tool::version_args`], without a leading `v`.
    ///
    /// A program built by `go install` may not know its version: it says `development` or `(devel)`, and so
    /// do we.
    pub fn parse_version(self, answer: &str) -> Option<String> {
        let (_, rest) = answer.split_once(self.entry().version_marker)?;
        let word = rest.split(|c: char| c.is_whitespace() || c == ',').next()?;
        let version = word.strip_prefix('v').unwrap_or(word);
        let unversioned = ["development", "(devel)"].contains(&version);
        let numbered = version.starts_with(|c: char| c.is_ascii_digit())
            && version.len() <= 64
            && version.contains('.')
            && version
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".+-~".contains(c));
        (unversioned || numbered).then(|| version.to_owned())
    }

    fn entry(self) -> &'static Entry {
        match self {
            Self::Kustomize => &Entry {
                name: "kustomize",
                purpose: "compares our kustomize build with the real one",
                install: "`go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1`",
                wanted: "5.8.1",
                version_args: &["version"],
                version_marker: "",
            },
            Self::Kubectl => &Entry {
                name: "kubectl",
                purpose: "stands in for kustomize with `kubectl kustomize`",
                install: "see https://kubernetes.io/docs/tasks/tools/",
                wanted: "1.32.4",
                version_args: &["version", "--client"],
                version_marker: "Client Version: ",
            },
            Self::Flux => &Entry {
                name: "flux",
                purpose: "compares our Flux build with the real one",
                install: "`brew install fluxcd/tap/flux`, or 2.9.5 from https://github.com/fluxcd/flux2/releases",
                wanted: "2.9.5",
                version_args: &["--version"],
                version_marker: "flux version ",
            },
            Self::Kubeconform => &Entry {
                name: "kubeconform",
                purpose: "compares our schema validation with the real one",
                install: "`go install github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0`",
                wanted: "0.7.0",
                version_args: &["-v"],
                version_marker: "",
            },
            Self::Helm => &Entry {
                name: "helm",
                purpose: "renders charts into the objects that are installed",
                install: "`go install helm.sh/helm/v3/cmd/helm@latest`",
                wanted: "3.22.0",
                version_args: &["version", "--short"],
                version_marker: "",
            },
            Self::Promtool => &Entry {
                name: "promtool",
                purpose: "compares our check of Prometheus rules with the real one",
                install: "`apt-get install prometheus` (Debian)",
                wanted: "2.42.0",
                version_args: &["--version"],
                version_marker: "promtool, version ",
            },
            Self::Git => &Entry {
                name: "git",
                purpose: "reads other revisions for `cargo xtask diff`",
                install: "`apt-get install git` (Debian), or see https://git-scm.com/downloads",
                wanted: "2.39.5",
                version_args: &["--version"],
                version_marker: "git version ",
            },
            Self::Go => &Entry {
                name: "go",
                purpose: "fetches the modules that hold official schemas and CRDs",
                install: "see https://go.dev/doc/install",
                wanted: "1.26.8",
                version_args: &["version"],
                version_marker: "go version go",
            },
            Self::CargoNextest => &Entry {
                name: "cargo-nextest",
                purpose: "runs the tests of this workspace",
                install: "`cargo install --locked cargo-nextest`",
                wanted: "0.9.148",
                version_args: &["nextest", "--version"],
                version_marker: "cargo-nextest ",
            },
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First lines of real answers, read on 2026-11-23.
    #[test]
    fn reads_the_version_of_real_answers() {
        let answers = [
            (Tool::Kustomize, "v5.8.1\n", "5.8.1"),
            (
                Tool::Kubectl,
                "Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n",
                "1.32.4-dispatcher",
            ),
            (Tool::Flux, "flux version 2.9.5\n", "2.9.5"),
            (Tool::Kubeconform, "development\n", "development"),
            (Tool::Helm, "v3.22\n", "3.22"),
            (
                Tool::Promtool,
                "promtool, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5+deb12u1)\n",
                "2.42.0+ds",
            ),
            (Tool::Git, "git version 2.39.5\n", "2.39.5"),
            (Tool::Go, "go version go1.26.8 linux/amd64\n", "1.26.8"),
            (
                Tool::CargoNextest,
                "cargo-nextest 0.9.148 (cd1d6d546 2026-10-07)\n",
                "0.9.148",
            ),
        ];
        for (tool, answer, version) in answers {
            assert_eq!(tool.parse_version(answer).as_deref(), Some(version), "{tool}");
        }
    }

    #[test]
    fn refuses_answers_without_a_version() {
        for answer in [
            "",
            "\n",
            "Usage: x",
            "v",
            "5",
            "\u{fffd}\u{fffd}",
            "v5.8.1\u{7}",
            "unknown",
        ] {
            for tool in Tool::ALL {
                assert_eq!(tool.parse_version(answer), None, "{tool}: {answer:?}");
            }
        }
    }

    #[test]
    fn finds_each_tool_by_its_name() {
        for tool in Tool::ALL {
            assert_eq!(Tool::from_name(tool.name()), Some(tool));
        }
        assert_eq!(Tool::from_name("kubeval"), None);
    }
}
