//! A small chart as a registry serves it, and requests for it.

use std::fmt::Write as _;
use std::time::Duration;

use oci::{
    CHART_CONFIG_MEDIA_TYPE, CHART_LAYER_MEDIA_TYPE, ChartRequest, Environment, Options, Verdict, Wanted,
};
use sha2::{Digest, Sha256};

use crate::liar::{Liar, Reply, Request};

/// A chart's three parts.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) layer: Vec<u8>,
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

impl Chart {
    pub(crate) fn new(version: &str) -> Self {
        let config = format!(
            r#"{{"name":"demo","version":"{version}","apiVersion":"v2","appVersion":"3.1","kubeVersion":">=1.30.0-0"}}"#
        );
        Self::of(config.into_bytes(), b"not really a gzip".to_vec())
    }

    pub(crate) fn of(config: Vec<u8>, layer: Vec<u8>) -> Self {
        let part = |media_type: &str, bytes: &[u8]| serde_json::json!({"mediaType": media_type, "digest": sha256(bytes), "size": bytes.len()});
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "config": part(CHART_CONFIG_MEDIA_TYPE, &config),
            "layers": [part(CHART_LAYER_MEDIA_TYPE, &layer)],
        });
        Self {
            manifest: serde_json::to_vec(&manifest).unwrap(),
            config,
            layer,
        }
    }

    /// An honest registry's answer, with the chart under one tag in `charts/demo`.
    pub(crate) fn answer(&self, tag: &str, request: &Request) -> Reply {
        let path = request.path.split('?').next().unwrap_or_default();
        let Some(rest) = path.strip_prefix("/v2/charts/demo/") else {
            return if path == "/v2/" {
                Reply::ok("{}")
            } else {
                Reply::missing()
            };
        };
        let bytes = if rest == "tags/list" {
            return Reply::ok(format!(r#"{{"name":"charts/demo","tags":["{tag}"]}}"#));
        } else if rest == format!("manifests/{tag}")
            || rest == format!("manifests/{}", sha256(&self.manifest))
        {
            &self.manifest
        } else if rest == format!("blobs/{}", sha256(&self.config)) {
            &self.config
        } else if rest == format!("blobs/{}", sha256(&self.layer)) {
            &self.layer
        } else {
            return Reply::missing();
        };
        Reply::ok(bytes.clone()).with("Docker-Content-Digest", sha256(bytes))
    }
}

/// A registry with chart 1.2.3 that tells the truth, except where `lie` has an answer.
pub(crate) fn registry(lie: impl Fn(&Request, &Chart) -> Option<Reply> + Send + Sync + 'static) -> Liar {
    let chart = Chart::new("1.2.3");
    Liar::start(move |request| lie(request, &chart).unwrap_or_else(|| chart.answer("1.2.3", request)))
}

pub(crate) fn request(host: &str, wanted: Wanted) -> ChartRequest {
    ChartRequest {
        url: format!("oci://{host}/charts/demo"),
        wanted,
        insecure: false,
        layer_media_type: Some(CHART_LAYER_MEDIA_TYPE.to_owned()),
    }
}

pub(crate) fn tag(tag: &str) -> Wanted {
    Wanted {
        tag: Some(tag.to_owned()),
        ..Wanted::default()
    }
}

pub(crate) fn semver(range: &str) -> Wanted {
    Wanted {
        semver: Some(range.to_owned()),
        ..Wanted::default()
    }
}

/// Short times, so that nothing hangs a test.
pub(crate) fn options() -> Options {
    Options {
        deadline: Duration::from_secs(8),
        per_request_timeout: Duration::from_secs(2),
        // Nothing of whoever runs the tests: no credentials, no proxies.
        environment: Environment::default(),
        ..Options::default()
    }
}

/// The verdict on one request.
pub(crate) fn ask(request: &ChartRequest, options: &Options) -> Verdict {
    oci::preflight(std::slice::from_ref(request), options)
        .remove(0)
        .verdict
}

/// The verdict on chart 1.2.3 of a registry.
pub(crate) fn ask_tag(liar: &Liar) -> Verdict {
    ask(&request(&liar.host(), tag("1.2.3")), &options())
}

#[track_caller]
pub(crate) fn assert_there(verdict: &Verdict, wanted: &str) {
    assert!(
        matches!(verdict, Verdict::There { version, .. } if version == wanted),
        "{verdict:?}"
    );
}

#[track_caller]
pub(crate) fn assert_missing(verdict: &Verdict, part: &str) {
    assert!(
        matches!(verdict, Verdict::Missing { reason, .. } if reason.contains(part)),
        "{verdict:?}"
    );
}

#[track_caller]
pub(crate) fn assert_unknown(verdict: &Verdict, part: &str) {
    assert!(
        matches!(verdict, Verdict::Unknown { reason } if reason.contains(part)),
        "{verdict:?}"
    );
}
