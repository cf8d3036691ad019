//! A registry in process: a map from paths to content that a test may change while it runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, SigningKey as _};
use serde_json::json;
use sha2::{Digest, Sha256};

const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// A running registry over plain HTTP; its thread ends with the process.
pub(crate) struct Registry {
    /// Address and port.
    pub(crate) host: String,
    content: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Registry {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let content: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
        let served = Arc::clone(&content);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let served = Arc::clone(&served);
                thread::spawn(move || answer(&stream, &served));
            }
        });
        Self { host, content }
    }

    /// Answers a path with this.
    pub(crate) fn put(&self, path: String, bytes: &[u8]) {
        self.content.lock().unwrap().insert(path, bytes.to_vec());
    }

    /// Publishes a chart under its version; `note` makes other content of the same version. Returns the manifest's digest.
    pub(crate) fn push(&self, repository: &str, name: &str, version: &str, note: &str) -> String {
        let archive = format!("archive {name} {version} {note}");
        self.publish(repository, name, version, note, archive.as_bytes())
    }

    /// Publishes a chart's archive under its version. Returns the manifest's digest.
    pub(crate) fn publish(
        &self,
        repository: &str,
        name: &str,
        version: &str,
        note: &str,
        archive: &[u8],
    ) -> String {
        let config = json!({
            "apiVersion": "v2", "name": name, "version": version, "appVersion": "9.9", "description": note,
        });
        let part = |media_type: &str, bytes: &[u8]| {
            self.put(format!("/v2/{repository}/blobs/{}", sha256(bytes)), bytes);
            json!({"mediaType": media_type, "digest": sha256(bytes), "size": bytes.len()})
        };
        let manifest = json!({
            "schemaVersion": 2,
            "config": part("application/vnd.cncf.helm.config.v1+json", config.to_string().as_bytes()),
            "layers": [part(CHART_LAYER, archive)],
        });
        self.manifest(repository, version, manifest.to_string().as_bytes())
    }

    /// Publishes an image of one layer for linux/amd64.
    pub(crate) fn push_image(&self, repository: &str, tag: &str) {
        let config = json!({"os": "linux", "architecture": "amd64"}).to_string();
        let digest = sha256(config.as_bytes());
        self.put(format!("/v2/{repository}/blobs/{digest}"), config.as_bytes());
        let part =
            |media_type: &str| json!({"mediaType": media_type, "digest": digest, "size": config.len()});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": part("application/vnd.oci.image.config.v1+json"),
            "layers": [part("application/vnd.oci.image.layer.v1.tar+gzip")],
        });
        self.manifest(repository, tag, manifest.to_string().as_bytes());
    }

    /// Lays cosign's older signature beside a manifest.
    pub(crate) fn sign(&self, repository: &str, digest: &str, pair: &KeyPair) {
        let critical =
            json!({"image": {"docker-manifest-digest": digest}, "type": "cosign container image signature"});
        let payload = json!({"critical": critical, "optional": null}).to_string();
        let blob = format!("/v2/{repository}/blobs/{}", sha256(payload.as_bytes()));
        self.put(blob, payload.as_bytes());
        let signature = STANDARD.encode(pair.sign(payload.as_bytes()).unwrap());
        let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": sha256(b"{}"), "size": 2});
        let layer = json!({
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": sha256(payload.as_bytes()),
            "size": payload.len(), "annotations": {"dev.cosignproject.cosign/signature": signature},
        });
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
        let tag = format!("{}.sig", digest.replace(':', "-"));
        self.manifest(repository, &tag, manifest.to_string().as_bytes());
    }

    fn manifest(&self, repository: &str, tag: &str, bytes: &[u8]) -> String {
        let digest = sha256(bytes);
        for name in [tag, &digest] {
            self.put(format!("/v2/{repository}/manifests/{name}"), bytes);
        }
        let list = format!("/v2/{repository}/tags/list");
        let prefix = format!("/v2/{repository}/manifests/");
        let tags: Vec<String> = {
            let content = self.content.lock().unwrap();
            let names = content.keys().filter_map(|path| path.strip_prefix(&prefix));
            names
                .filter(|name| !name.contains(':'))
                .map(str::to_owned)
                .collect()
        };
        self.put(
            list,
            json!({"name": repository, "tags": tags}).to_string().as_bytes(),
        );
        digest
    }
}

fn answer(mut stream: &TcpStream, content: &Mutex<BTreeMap<String, Vec<u8>>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let _headers = lines.take_while(|line| !line.is_empty()).count();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let body = content.lock().unwrap().get(path).cloned();
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
    if method != "HEAD" {
        let _ = stream.write_all(&body);
    }
}
