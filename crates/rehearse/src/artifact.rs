//! The tree as `flux push artifact` would push it, for clusters that start from an OCIRepository.

use std::fmt::Write;
use std::fs;
use std::sync::Arc;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::copy::Copy;
use crate::error::{RehearseError, io};
use crate::own::{ARTIFACT, TAG};
use crate::registry::Chart;
use crate::run::Run;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.flux.config.v1+json";
const CONTENT: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";

/// Manifest, config and one layer: the archive of the tree.
pub(crate) fn of(run: &Run, copy: &Copy) -> Result<Chart, RehearseError> {
    let path = copy.archive(run)?;
    let archive: Arc<[u8]> = fs::read(&path).map_err(io("read", &path))?.into();
    let config: Arc<[u8]> = Arc::from(b"{}".as_slice());
    let part = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "digest": sha256(bytes), "size": bytes.len()});
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": part(CONFIG, &config), "layers": [part(CONTENT, &archive)],
    });
    let manifest: Arc<[u8]> = manifest.to_string().into_bytes().into();
    let digest = sha256(&manifest);
    Ok(Chart {
        url: ARTIFACT.to_owned(),
        tag: TAG.to_owned(),
        digest: digest.clone(),
        manifests: vec![(digest, MANIFEST.to_owned(), manifest)],
        blobs: [config, archive].map(|bytes| (sha256(&bytes), bytes)).into(),
    })
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
