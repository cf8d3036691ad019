//! The control plane: etcd, the API server, the controllers of Kubernetes and Flux, nodes.

use std::io::{Read, Write};
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::api::Api;
use crate::child::Part;
use crate::error::RehearseError;
use crate::outcome::Controller;
use crate::ports::Port;
use crate::programs::{Program, Programs};
use crate::run::Run;
use crate::{bootstrap, crds, gates, nodes, random, rewrite, wait};

/// The name of etcd's socket in the folder of the rehearsal: etcd wants the form `host:port` of it.
const ETCD_CLIENT: &str = "etcd.sock:1";
const ETCD_PEER: &str = "etcd-peer.sock:1";
/// The namespace of the controllers, as in every cluster that was bootstrapped.
pub(crate) const NAMESPACE: &str = "flux-system";

/// The cluster's networks, and how long its parts may take.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Service networks in CIDR notation, separated by commas.
    pub services: String,
    /// The first address of the pod network.
    pub pods: IpAddr,
    /// The time that each part has to be ready.
    pub patience: Duration,
}

/// A control plane that runs. Dropping it ends its parts.
pub struct Plane<'r> {
    pub(crate) run: &'r Run,
    pub(crate) api: Api,
    /// What `kube-apiserver --version` says.
    pub kubernetes_version: String,
    /// The controllers of Flux.
    pub controllers: Vec<Controller>,
    /// Whether Flux leaves a health check when it is asked to look again.
    pub(crate) can_hurry: bool,
    kubeconfig: PathBuf,
    patience: Duration,
    /// Held so that no other rehearsal takes them.
    ports: Vec<Port>,
}

/// What parts share.
struct Common<'a> {
    run: &'a Run,
    programs: &'a Programs,
    settings: &'a Settings,
    kubeconfig: PathBuf,
    key: PathBuf,
    folder: PathBuf,
}

impl<'r> Plane<'r> {
    /// Starts everything and waits until the API server works. `tell` hears what is waited for. An error may say that a part
    /// [lost its port](RehearseError::lost_port): then another start takes others.
    pub fn start(
        run: &'r Run,
        programs: &Programs,
        settings: &Settings,
        tell: &dyn Fn(&str),
    ) -> Result<Self, RehearseError> {
        let version = programs.kubernetes_version()?;
        Self::attempt(run, programs, settings, &version, tell).inspect_err(|_| run.end_parts())
    }

    fn attempt(
        run: &'r Run,
        programs: &Programs,
        settings: &Settings,
        version: &str,
        tell: &dyn Fn(&str),
    ) -> Result<Self, RehearseError> {
        let folder = run.make(&format!("plane-{}", random::hex(2)?))?;
        let relative = |name: &str| {
            format!(
                "{}/{name}",
                folder.file_name().unwrap_or_default().to_string_lossy()
            )
        };
        let token = random::hex(24)?;
        run.is_secret(&token);
        run.write(
            &relative("tokens.csv"),
            &format!("{token},rehearsal,rehearsal,\"system:masters\"\n"),
        )?;
        let (private, public) = random::signing_keys()?;
        let key = run.write(&relative("service-accounts.key"), &private)?;
        run.write(&relative("service-accounts.pub"), &public)?;
        let port = run.port()?;
        let url = format!("https://{}", port.address());
        let kubeconfig = run.write(&relative("kubeconfig"), &kubeconfig(&url, &folder, &token))?;
        let common = Common {
            run,
            programs,
            settings,
            kubeconfig,
            key,
            folder,
        };
        tell("etcd and kube-apiserver");
        common.etcd()?;
        let api = common.api_server(&port, version, &token)?;
        tell("kube-controller-manager, kube-scheduler, kwok");
        common.controllers()?;
        let mut plane = Self {
            run,
            api,
            kubernetes_version: version.to_owned(),
            controllers: programs.controllers(),
            can_hurry: false,
            kubeconfig: common.kubeconfig.clone(),
            patience: settings.patience,
            ports: vec![port],
        };
        plane.furnish(&common)?;
        tell("source-controller, kustomize-controller, helm-controller");
        plane.flux(&common)?;
        Ok(plane)
    }

    /// The file that leads `kubectl` here.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Asks the API server once: method of HTTP, path, a body in JSON; status and body of its answer. A `PATCH` is a JSON merge
    /// patch. An error where there is no answer, and where somebody wants the run to end.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<(u16, serde_json::Value), RehearseError> {
        self.run.check()?;
        let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|_| RehearseError::Api {
            what: "begin".to_owned(),
            message: format!("`{method}` is no method of HTTP"),
        })?;
        let answer = self.api.ask(method, path, body)?;
        Ok((answer.status, answer.body))
    }

    /// Nodes, namespaces and Flux's CRDs; ready when the controllers have done what they do in a new namespace.
    fn furnish(&self, common: &Common<'_>) -> Result<(), RehearseError> {
        for (n, node) in nodes::nodes(common.settings.pods).iter().enumerate() {
            let name = node["metadata"]["name"].as_str().unwrap_or_default();
            self.api.create("/api/v1/nodes", node)?;
            self.api
                .patch(&format!("/api/v1/nodes/{name}/status"), &nodes::status(n))?;
        }
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        self.api.create("/api/v1/namespaces", &namespace)?;
        for (path, object) in bootstrap::objects() {
            self.api.create(&path, &object)?;
        }
        self.install(&crds::flux())?;
        let account = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default");
        wait::until(
            self.run,
            "the service account of a new namespace",
            self.patience,
            || self.api.get(&account),
        )?;
        Ok(())
    }

    /// Makes CRDs and waits until they are served.
    pub(crate) fn install(&self, crds: &[serde_json::Value]) -> Result<(), RehearseError> {
        const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        for crd in crds {
            self.api.create(PATH, crd)?;
        }
        for crd in crds {
            let name = crd["metadata"]["name"].as_str().unwrap_or_default();
            let path = format!("{PATH}/{name}");
            wait::until(self.run, &format!("CRD `{name}`"), self.patience, || {
                let found = self.api.get(&path)?.unwrap_or_default();
                let conditions = found["status"]["conditions"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let established = |c: &serde_json::Value| c["type"] == "Established" && c["status"] == "True";
                Ok(conditions.iter().any(established).then_some(()))
            })?;
        }
        Ok(())
    }

    /// Starts the controllers of Flux.
    fn flux(&mut self, common: &Common<'_>) -> Result<(), RehearseError> {
        let storage = common.run.make("artifacts")?;
        let address = self.reserve()?;
        let can_hurry = [Program::KustomizeController, Program::HelmController]
            .into_iter()
            .all(|program| gates::knows(common.programs.path(program), gates::CANCEL));
        self.can_hurry = can_hurry;
        let adjust = |part: Part, program: Program| {
            if program == Program::SourceController {
                return part
                    .flag("storage-path", &storage)
                    .flag("storage-addr", &address)
                    .flag("storage-adv-addr", &address);
            }
            let part = part.flag("requeue-dependency", "500ms");
            if can_hurry {
                part.flag("feature-gates", format!("{}=true", gates::CANCEL))
            } else {
                part
            }
        };
        for program in [
            Program::SourceController,
            Program::KustomizeController,
            Program::HelmController,
        ] {
            let health = self.reserve()?;
            let part = common
                .part(program)
                .flag("health-addr", &health)
                .flag("metrics-addr", "0")
                .flag("watch-all-namespaces", "true")
                .variable("KUBECONFIG", &common.kubeconfig)
                .variable("RUNTIME_NAMESPACE", NAMESPACE);
            common.run.spawn(&adjust(part, program))?;
        }
        Ok(())
    }

    fn reserve(&mut self) -> Result<String, RehearseError> {
        let port = self.run.port()?;
        let address = port.address();
        self.ports.push(port);
        Ok(address)
    }
}

impl Drop for Plane<'_> {
    fn drop(&mut self) {
        self.run.end_parts();
    }
}

impl Common<'_> {
    fn part(&self, program: Program) -> Part {
        Part::new(program.name(), self.programs.path(program))
    }

    /// etcd on sockets in the private folder: it asks nobody for a password.
    fn etcd(&self) -> Result<(), RehearseError> {
        for name in [ETCD_CLIENT, ETCD_PEER] {
            let _absent = std::fs::remove_file(self.run.folder().join(name));
        }
        let (client, peer) = (format!("unix://{ETCD_CLIENT}"), format!("unix://{ETCD_PEER}"));
        let part = self
            .part(Program::Etcd)
            .flag("data-dir", self.folder.join("etcd"))
            .flag("listen-client-urls", &client)
            .flag("advertise-client-urls", &client)
            .flag("listen-peer-urls", &peer)
            .flag("initial-advertise-peer-urls", &peer)
            .flag("initial-cluster", format!("default={peer}"));
        self.run.spawn(&part)?;
        let socket = self.run.folder().join(ETCD_CLIENT);
        wait::until(self.run, "etcd", self.settings.patience, || {
            Ok(is_healthy(&socket).then_some(()))
        })
    }

    fn api_server(&self, port: &Port, version: &str, token: &str) -> Result<Api, RehearseError> {
        let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok());
        let policies = minor
            .and_then(rewrite::version)
            .ok_or_else(|| RehearseError::Api {
                what: "begin".to_owned(),
                message: format!("Kubernetes {version} has no MutatingAdmissionPolicy, wanted 1.32 or newer"),
            })?;
        let certificates = self.folder.join("certificates");
        let socket = self.run.folder().join(ETCD_CLIENT);
        let mut part = self
            .part(Program::ApiServer)
            .flag("etcd-servers", format!("unix://{}", socket.display()))
            .flag("bind-address", "127.0.0.1")
            .flag("advertise-address", "127.0.0.1")
            .flag("secure-port", port.number.to_string())
            .flag("cert-dir", &certificates)
            .flag("token-auth-file", self.folder.join("tokens.csv"))
            .flag("authorization-mode", "RBAC")
            .flag("service-account-issuer", "https://kubernetes.default.svc")
            .flag(
                "service-account-key-file",
                self.folder.join("service-accounts.pub"),
            )
            .flag("service-account-signing-key-file", &self.key)
            .flag("service-cluster-ip-range", &self.settings.services)
            // Nodes are made ready by hand, and no kubelet mounts tokens. Nobody runs the pods that webhooks lead to: asking
            // them would fail for a reason that is none.
            .flag(
                "disable-admission-plugins",
                "ServiceAccount,TaintNodesByCondition,MutatingAdmissionWebhook,ValidatingAdmissionWebhook",
            )
            .flag("endpoint-reconciler-type", "none")
            .flag("allow-privileged", "true")
            // kwok's watches begin at version 0, which the API server would take for a list over a watch. An etcd before 3.4.31
            // cannot do that, and kwok does not try another way.
            .flag("feature-gates", "WatchList=false");
        if policies != "v1" {
            part = part.flag("feature-gates", "MutatingAdmissionPolicy=true").flag(
                "runtime-config",
                format!("admissionregistration.k8s.io/{policies}=true"),
            );
        }
        self.run.spawn(&part)?;
        let file = certificates.join("apiserver.crt");
        let pem = wait::until(
            self.run,
            "the certificate of kube-apiserver",
            self.settings.patience,
            || {
                Ok(std::fs::read_to_string(&file)
                    .ok()
                    .filter(|pem| pem.trim_end().ends_with("-----END CERTIFICATE-----")))
            },
        )?;
        let api = Api::new(&format!("https://{}", port.address()), &pem, token)?;
        wait::until(self.run, "kube-apiserver", self.settings.patience, || {
            let answer = api.ask(reqwest::Method::GET, "/readyz", None);
            Ok(answer.is_ok_and(|answer| answer.status == 200).then_some(()))
        })?;
        Ok(api)
    }

    fn controllers(&self) -> Result<(), RehearseError> {
        let manager = self
            .part(Program::ControllerManager)
            .flag("kubeconfig", &self.kubeconfig)
            .flag("service-account-private-key-file", &self.key)
            .flag("leader-elect", "false")
            .flag("secure-port", "0")
            // Nobody reports for the nodes.
            .flag(
                "controllers",
                "*,-node-lifecycle-controller,-node-ipam-controller",
            );
        let scheduler = self
            .part(Program::Scheduler)
            .flag("kubeconfig", &self.kubeconfig)
            .flag("leader-elect", "false")
            .flag("secure-port", "0");
        let stages = self.folder.join("stages.yaml");
        std::fs::write(&stages, nodes::STAGES).map_err(crate::error::io("write", &stages))?;
        let kwok = self
            .part(Program::Kwok)
            .flag("kubeconfig", &self.kubeconfig)
            .flag("manage-all-nodes", "true")
            .flag("node-lease-duration-seconds", "0")
            .flag("config", stages);
        for part in [manager, scheduler, kwok] {
            self.run.spawn(&part)?;
        }
        Ok(())
    }
}

fn kubeconfig(url: &str, folder: &Path, token: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "rehearsal",
        "clusters": [{"name": "rehearsal", "cluster": {
            "server": url, "certificate-authority": folder.join("certificates/apiserver.crt"),
        }}],
        "users": [{"name": "rehearsal", "user": {"token": token}}],
        "contexts": [{"name": "rehearsal", "context": {"cluster": "rehearsal", "user": "rehearsal"}}],
    })
    .to_string()
}

/// Whether etcd says that it is.
fn is_healthy(socket: &Path) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut text = String::new();
        stream.take(4096).read_to_string(&mut text)?;
        Ok(text)
    };
    ask().is_ok_and(|text| text.contains("\"health\":\"true\""))
}
