//! A chart's manifest and metadata, read from what a registry sends.

use oci_distribution::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OciDescriptor, OciManifest,
};
use serde::Deserialize;
use thiserror::Error;

use crate::client::MAX_CONFIG;
use crate::digest::is_digest;
use crate::failure::quote;
use crate::tag::loose_version;
use crate::{CHART_CONFIG_MEDIA_TYPE, CHART_LAYER_MEDIA_TYPE};

/// What a manifest leads to.
#[derive(Debug)]
pub(crate) enum Manifest {
    /// A chart's config and archive.
    Chart(Box<Parts>),
    /// The index's entry that source-controller would take.
    Index { digest: String },
}

/// The two blobs of a chart.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: OciDescriptor,
    pub(crate) layer: OciDescriptor,
}

/// The parts of `Chart.yaml` that a preflight reports.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) name: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) app_version: Option<String>,
    #[serde(default)]
    pub(crate) kube_version: Option<String>,
    #[serde(default)]
    pub(crate) deprecated: bool,
}

/// Why something that exists is not the chart that was asked for.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum ChartError {
    #[error("what is there is no OCI manifest")]
    NoManifest,
    #[error("what is there is an index without a linux/amd64 entry, which source-controller would take")]
    NoEntry,
    #[error(
        "what is there has the config media type `{found}`, wanted `{CHART_CONFIG_MEDIA_TYPE}`: no helm chart"
    )]
    Config { found: String },
    #[error("no layer has the media type `{wanted}`, found {found}")]
    NoLayer { wanted: String, found: String },
    #[error(
        "the first layer has the media type `{found}`, wanted `{CHART_LAYER_MEDIA_TYPE}`; set `layerSelector`"
    )]
    FirstLayer { found: String },
    #[error("layerSelector takes the media type `{found}`, wanted `{CHART_LAYER_MEDIA_TYPE}`")]
    Selector { found: String },
    #[error("the manifest names `{found}`, which is no digest")]
    Digest { found: String },
    #[error("the manifest says that the config has {found} bytes, wanted 1 to {MAX_CONFIG}")]
    Size { found: i64 },
    #[error("the config is no chart metadata with name and version")]
    Metadata,
    #[error("the tag `{tag}` holds the chart version `{found}`, and helm-controller refuses such a chart")]
    Version { tag: String, found: String },
    #[error("the chart version `{found}` is no semantic version")]
    NoVersion { found: String },
}

/// Reads a manifest as source-controller does, `layer_media_type` being `layerSelector.mediaType`.
pub(crate) fn read(bytes: &[u8], layer_media_type: Option<&str>) -> Result<Manifest, ChartError> {
    let image = match serde_json::from_slice(bytes).map_err(|_| ChartError::NoManifest)? {
        OciManifest::Image(image) if !is_index(image.media_type.as_deref()) => image,
        OciManifest::Image(_) => return Err(ChartError::NoManifest),
        OciManifest::ImageIndex(index) => {
            // An entry without a platform counts as linux/amd64.
            let entry = index.manifests.into_iter().find(|entry| {
                entry.platform.as_ref().is_none_or(|platform| {
                    platform.os.to_string() == "linux" && platform.architecture.to_string() == "amd64"
                })
            });
            let digest = entry.ok_or(ChartError::NoEntry)?.digest;
            return checked(&digest).map(|()| Manifest::Index { digest });
        }
    };
    if image.config.media_type != CHART_CONFIG_MEDIA_TYPE {
        return Err(ChartError::Config {
            found: quote(&image.config.media_type),
        });
    }
    let layer = select(image.layers, layer_media_type)?;
    checked(&image.config.digest)?;
    checked(&layer.digest)?;
    if usize::try_from(image.config.size).is_ok_and(|size| (1..=MAX_CONFIG).contains(&size)) {
        Ok(Manifest::Chart(Box::new(Parts {
            config: image.config,
            layer,
        })))
    } else {
        Err(ChartError::Size {
            found: image.config.size,
        })
    }
}

fn select(layers: Vec<OciDescriptor>, wanted: Option<&str>) -> Result<OciDescriptor, ChartError> {
    let mut types: Vec<String> = layers
        .iter()
        .map(|layer| format!("`{}`", quote(&layer.media_type)))
        .collect();
    types.truncate(5);
    let found = if types.is_empty() {
        "no layer".to_owned()
    } else {
        types.join(", ")
    };
    let missing = |wanted: &str| ChartError::NoLayer {
        wanted: wanted.to_owned(),
        found: found.clone(),
    };
    let layer = match wanted {
        Some(wanted) => layers.into_iter().find(|layer| layer.media_type == wanted),
        None => layers.into_iter().next(),
    };
    let layer = layer.ok_or_else(|| missing(wanted.unwrap_or(CHART_LAYER_MEDIA_TYPE)))?;
    match wanted {
        _ if layer.media_type == CHART_LAYER_MEDIA_TYPE => Ok(layer),
        Some(wanted) => Err(ChartError::Selector {
            found: wanted.to_owned(),
        }),
        None => Err(ChartError::FirstLayer {
            found: quote(&layer.media_type),
        }),
    }
}

/// Reads a config; `tag` is what it was found by, if anything.
pub(crate) fn metadata(bytes: &[u8], tag: Option<&str>) -> Result<Metadata, ChartError> {
    let metadata: Metadata = serde_json::from_slice(bytes).map_err(|_| ChartError::Metadata)?;
    if metadata.name.is_empty() {
        return Err(ChartError::Metadata);
    }
    let version = loose_version(&metadata.version).ok_or_else(|| ChartError::NoVersion {
        found: quote(&metadata.version),
    })?;
    // helm-controller compares a tag that reads as a version, however short: `1` is 1.0.0 to it. Others pass.
    let tagged = tag.and_then(|tag| loose_version(&tag.replace('_', "+")));
    if tagged.is_some_and(|tagged| tagged.cmp_precedence(&version).is_ne()) {
        let (tag, found) = (tag.unwrap_or_default().to_owned(), quote(&metadata.version));
        return Err(ChartError::Version { tag, found });
    }
    Ok(metadata)
}

fn checked(digest: &str) -> Result<(), ChartError> {
    if is_digest(digest) {
        Ok(())
    } else {
        Err(ChartError::Digest { found: quote(digest) })
    }
}

fn is_index(media_type: Option<&str>) -> bool {
    matches!(
        media_type,
        Some(OCI_IMAGE_INDEX_MEDIA_TYPE | IMAGE_MANIFEST_LIST_MEDIA_TYPE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

    fn manifest(config: &str, layers: &[&str]) -> Vec<u8> {
        let digest = format!("sha256:{}", "a".repeat(64));
        let part =
            |media_type: &str| serde_json::json!({"mediaType": media_type, "digest": digest, "size": 9});
        let layers: Vec<_> = layers.iter().map(|layer| part(layer)).collect();
        serde_json::to_vec(&serde_json::json!({"schemaVersion": 2, "config": part(config), "layers": layers}))
            .unwrap()
    }

    #[test]
    fn takes_the_layer_that_source_controller_takes() {
        let bytes = manifest(CHART_CONFIG_MEDIA_TYPE, &[PROVENANCE, CHART_LAYER_MEDIA_TYPE]);
        assert!(read(&bytes, Some(CHART_LAYER_MEDIA_TYPE)).is_ok());
        assert!(matches!(read(&bytes, None), Err(ChartError::FirstLayer { .. })));
        assert!(matches!(
            read(&bytes, Some(PROVENANCE)),
            Err(ChartError::Selector { .. })
        ));
        let error = read(&bytes, Some("text/plain")).unwrap_err().to_string();
        assert!(
            error.starts_with("no layer has the media type `text/plain`, found `application/vnd"),
            "{error}"
        );
        let empty = manifest(CHART_CONFIG_MEDIA_TYPE, &[]);
        assert!(
            read(&empty, None)
                .unwrap_err()
                .to_string()
                .ends_with("found no layer")
        );
    }

    #[test]
    fn refuses_what_is_no_chart() {
        let image = manifest(
            "application/vnd.oci.image.config.v1+json",
            &[CHART_LAYER_MEDIA_TYPE],
        );
        assert!(matches!(read(&image, None), Err(ChartError::Config { .. })));
        assert_eq!(read(b"<html>", None).unwrap_err(), ChartError::NoManifest);
        let bytes = manifest(CHART_CONFIG_MEDIA_TYPE, &[CHART_LAYER_MEDIA_TYPE]);
        let change = |from: &str, to: &str| {
            String::from_utf8(bytes.clone())
                .unwrap()
                .replace(from, to)
                .into_bytes()
        };
        assert_eq!(
            read(&change(":9", ":2000000"), None).unwrap_err(),
            ChartError::Size { found: 2_000_000 }
        );
        assert_eq!(
            read(&change(":9", ":-1"), None).unwrap_err(),
            ChartError::Size { found: -1 }
        );
        let tricked = change(&"a".repeat(64), "x/../../../manifests/1");
        assert!(matches!(read(&tricked, None), Err(ChartError::Digest { .. })));
    }

    #[test]
    fn follows_an_index_to_linux_amd64() {
        let entry = |n: &str, platform: &str| {
            let digest = n.repeat(64);
            format!(r#"{{"mediaType":"m","digest":"sha256:{digest}","size":1{platform}}}"#)
        };
        let arm = entry("1", r#","platform":{"os":"linux","architecture":"arm64"}"#);
        let bare = entry("2", "");
        let index = |entries: &str| format!(r#"{{"schemaVersion":2,"manifests":[{entries}]}}"#).into_bytes();
        let found = read(&index(&format!("{arm},{bare}")), None).unwrap();
        assert!(matches!(found, Manifest::Index { digest } if digest.ends_with("22")));
        assert_eq!(read(&index(&arm), None).unwrap_err(), ChartError::NoEntry);
    }

    #[test]
    fn compares_the_tag_with_the_version_as_helm_controller_does() {
        let config = br#"{"name":"a","version":"1.2.0+b.5","appVersion":"3","deprecated":true}"#;
        for (tag, fits) in [
            ("1.2.0_b.5", true),
            ("v1.2.0", true),
            ("1.2", true),
            ("latest", true),
            ("1", false),
            ("1.2.1", false),
        ] {
            assert_eq!(metadata(config, Some(tag)).is_ok(), fits, "{tag}");
        }
        let found = metadata(config, None).unwrap();
        assert!(
            found.deprecated && found.app_version.as_deref() == Some("3") && found.kube_version.is_none()
        );
        assert_eq!(
            metadata(br#"{"name":"a","version":"new"}"#, None)
                .unwrap_err()
                .to_string(),
            "the chart version `new` is no semantic version"
        );
        assert_eq!(metadata(b"[]", None).unwrap_err(), ChartError::Metadata);
    }
}
