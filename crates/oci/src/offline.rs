//! A chart's verdict from the cache alone: what the last run that fetched found, compared with its digests again.

use crate::cache::{Cache, MAX_BLOB, Resolved};
use crate::chart::{self, Manifest, Metadata, Parts};
use crate::client::{MAX_CONFIG, MAX_MANIFEST};
use crate::failure::quote;
use crate::lookup::Job;
use crate::preflight::{ChartRequest, Verdict};

/// There, where the request's note and the archive are in the cache; unknown otherwise.
pub(crate) fn answer(request: &ChartRequest, job: &Job, cache: Option<&Cache>) -> Verdict {
    let Some(cache) = cache else {
        return Verdict::unknown("offline, no registry was asked and there is no cache");
    };
    let words = request.wanted.words();
    let Some(found) = cache.resolved(request) else {
        return Verdict::unknown(format!(
            "offline, no registry was asked and the cache knows nothing of {words}"
        ));
    };
    let day = day(&found.when);
    if cache.read(&found.archive, MAX_BLOB).is_none() {
        return Verdict::unknown(format!(
            "offline, no registry was asked; {words} was version `{}` on {day}, and its archive is not in the cache any more",
            quote(&found.version)
        ));
    }
    let metadata = described(cache, &found, job);
    Verdict::There {
        name: metadata
            .as_ref()
            .map_or_else(|| job.chart().to_owned(), |metadata| quote(&metadata.name)),
        deprecated: metadata.as_ref().is_some_and(|metadata| metadata.deprecated),
        kube_version: metadata.and_then(|metadata| metadata.kube_version.as_deref().map(quote)),
        version: found.version,
        digest: found.digest,
        media_type: found.media_type,
        size: found.size,
        app_version: found.app_version,
        archive: found.archive,
        fetched: true,
        not_fetched: None,
        from_cache: Some(day),
    }
}

/// The chart's metadata, where manifest and config are in the cache, too, and lead to the same archive.
fn described(cache: &Cache, found: &Resolved, job: &Job) -> Option<Metadata> {
    let manifest = |digest: &str| cache.read(digest, MAX_MANIFEST as u64);
    let read = |bytes: &[u8]| chart::read(bytes, job.layer_media_type()).ok();
    let chart = match read(&manifest(&found.digest)?)? {
        Manifest::Index { digest } => read(&manifest(&digest)?)?,
        chart @ Manifest::Chart(_) => chart,
    };
    let Manifest::Chart(parts) = chart else {
        return None;
    };
    let Parts { config, layer } = *parts;
    if layer.digest != found.archive {
        return None;
    }
    chart::metadata(&cache.read(&config.digest, MAX_CONFIG as u64)?, None).ok()
}

/// The date of a time in RFC 3339; it comes from a file, so nothing else may pass.
fn day(when: &str) -> String {
    let date: String = when.chars().take(10).collect();
    let fits = date.len() == 10 && date.chars().all(|c| c.is_ascii_digit() || c == '-');
    if fits { date } else { "an unknown day".to_owned() }
}
