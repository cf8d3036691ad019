//! Renders HelmReleases with helm; equal inputs are rendered once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use diag::{Sources, Span};
use model::yaml::{self, Node};
use sha2::{Digest, Sha256};
use tools::helm::{ChartInput, Template, template};
use tools::{Tool, ToolError, Toolbox};

use super::{ChartFiles, Failure, Install, Loaded, Outcome, hex, manifest};

/// helm and the cluster that it renders for.
pub struct Renderer<'a> {
    toolbox: &'a Toolbox,
    kubernetes_version: String,
    is_assumed: bool,
    memo: Mutex<HashMap<[u8; 32], Arc<Rendered>>>,
}

/// What helm printed, or why it printed nothing.
type Rendered = Result<String, Refusal>;

enum Refusal {
    /// helm refuses: so it would in the cluster.
    Refused(String),
    /// Nobody can tell.
    Unable(String),
}

impl<'a> Renderer<'a> {
    /// Renders with the helm of a toolbox; the reason when it has none. `kubernetes_version` is `major.minor` of the clusters;
    /// `is_assumed` when nobody said so.
    pub fn new(toolbox: &'a Toolbox, kubernetes_version: &str, is_assumed: bool) -> Result<Self, String> {
        toolbox
            .get(Tool::Helm)
            .map_err(|_| "helm is not on PATH, so nobody knows what its chart installs".to_owned())?;
        Ok(Self {
            toolbox,
            kubernetes_version: kubernetes_version.trim_start_matches('v').to_owned(),
            is_assumed,
            memo: Mutex::default(),
        })
    }

    /// What a release installs. The rendered text is added to `sources`.
    pub(crate) fn outcome(&self, install: &Install<'_>, sources: &Sources) -> Outcome {
        if let Some(reason) = install.unsettled() {
            return Outcome::Deferred(reason);
        }
        self.render(install, &install.values.values, Some(sources))
    }

    /// What the release would install with other values. Without `sources` the objects point nowhere.
    pub(crate) fn render(&self, install: &Install<'_>, values: &Node, sources: Option<&Sources>) -> Outcome {
        let loaded = match &install.chart {
            Ok(loaded) => loaded,
            Err(reason) => return Outcome::Deferred(reason.clone()),
        };
        match &*self.text(install, loaded, values) {
            Ok(text) => match manifest::objects(install, text, sources) {
                Ok(objects) => Outcome::Installed(objects),
                Err(failure) => Outcome::Failed(failure),
            },
            Err(Refusal::Refused(message)) => Outcome::Failed(Failure {
                message: message.clone(),
                span: Span::NONE,
            }),
            Err(Refusal::Unable(reason)) => Outcome::Deferred(reason.clone()),
        }
    }

    fn text(&self, install: &Install<'_>, loaded: &Loaded, values: &Node) -> Arc<Rendered> {
        let values = yaml::to_json(values).to_string();
        let key = self.key(install, loaded, &values);
        let known = || self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rendered) = known().get(&key) {
            return rendered.clone();
        }
        let rendered = Arc::new(self.run(install, loaded, &values));
        known().insert(key, rendered.clone());
        rendered
    }

    fn key(&self, install: &Install<'_>, loaded: &Loaded, values: &str) -> [u8; 32] {
        let (ChartFiles::Archive { digest, .. } | ChartFiles::Folder { digest, .. }) = &loaded.files;
        let (name, namespace) = (install.release_name(), install.namespace());
        let crds = includes_crds(install).to_string();
        let mut hash = Sha256::new();
        for part in [
            &hex(digest),
            &name,
            namespace,
            values,
            &self.kubernetes_version,
            &crds,
        ] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        for version in install.api_versions.iter() {
            hash.update(version);
            hash.update([0]);
        }
        hash.finalize().into()
    }

    fn run(&self, install: &Install<'_>, loaded: &Loaded, values: &str) -> Rendered {
        let api_versions: Vec<&str> = install.api_versions.iter().map(String::as_str).collect();
        let chart = match &loaded.files {
            ChartFiles::Archive { path, .. } => ChartInput::Archive(path),
            ChartFiles::Folder { files, .. } => ChartInput::Files(files),
        };
        let given = Template {
            release_name: &install.release_name(),
            namespace: install.namespace(),
            chart,
            values: values.as_bytes(),
            kube_version: Some(&self.kubernetes_version),
            api_versions: &api_versions,
            include_crds: includes_crds(install),
        };
        match template(self.toolbox, given) {
            Ok(bytes) => String::from_utf8(bytes)
                .map_err(|_| Refusal::Refused("the chart renders text that is not UTF-8".to_owned())),
            Err(ToolError::Failed { stderr_tail, .. }) => Err(self.refusal(&stderr_tail)),
            Err(error) => Err(Refusal::Unable(error.to_string())),
        }
    }

    /// helm's own words, in one line.
    fn refusal(&self, stderr: &str) -> Refusal {
        let (_, said) = stderr.rsplit_once("Error: ").unwrap_or(("", stderr));
        let (said, _) = said.split_once("Use --debug flag").unwrap_or((said, ""));
        let message = said.split_whitespace().collect::<Vec<_>>().join(" ");
        if message.contains("missing in charts/ directory") {
            return Refusal::Unable("its chart depends on charts that have to be fetched first".to_owned());
        }
        if self.is_assumed && message.contains("kubeVersion") {
            return Refusal::Unable(format!(
                "its chart refuses Kubernetes {}, and nobody said which one the cluster runs (`kubernetesVersion`)",
                self.kubernetes_version
            ));
        }
        Refusal::Refused(message)
    }
}

/// `spec.install.crds`: files below `crds/` are installed unless it says `Skip`.
fn includes_crds(install: &Install<'_>) -> bool {
    install.node().str_at(&["spec", "install", "crds"]) != Some("Skip")
}
