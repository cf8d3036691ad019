//! Where a chart's registry is in a rehearsal: every `oci://host/path` is a repository of the rehearsal's own registry.

/// The repository that stands in for `oci://host/path`, below a name that nobody can guess; none for what is no such URL.
///
/// A port's colon has no place in a repository's name. The policy in `rewrite.rs` says the same in CEL.
pub(crate) fn repository(secret: &str, url: &str) -> Option<String> {
    let (host, path) = url.strip_prefix("oci://")?.split_once('/')?;
    Some(format!("{secret}/{}/{path}", host.replace(':', "_")))
}

/// The other way round, for messages: what the repository's text stands in for.
pub(crate) fn restore(text: &str, authority: &str, secret: &str) -> String {
    text.replace(&format!("oci://{authority}/{secret}/"), "oci://")
        .replace(&format!("http://{authority}/v2/{secret}/"), "https://")
        .replace(&format!("{secret}/"), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_the_rehearsal_and_back() {
        let there = repository("s3", "oci://localhost:5000/charts/a").unwrap();
        assert_eq!(there, "s3/localhost_5000/charts/a");
        assert_eq!(repository("s3", "https://ghcr.io/a"), None);
        let said = "for 'oci://127.0.0.1:7/s3/ghcr.io/a': GET http://127.0.0.1:7/v2/s3/ghcr.io/a/manifests/1";
        assert_eq!(
            restore(said, "127.0.0.1:7", "s3"),
            "for 'oci://ghcr.io/a': GET https://ghcr.io/a/manifests/1"
        );
    }
}
