//! What Flux's messages name.

/// Kind, namespace and name of the object that a dry run refuses: `Deployment/apps/web dry-run failed`.
pub(crate) fn refused(message: &str) -> Option<(&str, &str, &str)> {
    let (head, _) = message.split_once(" dry-run failed")?;
    let mut parts = head.split_whitespace().last()?.split('/');
    match (parts.next()?, parts.next()?, parts.next()) {
        (kind, namespace, Some(name)) => Some((kind, namespace, name)),
        (kind, name, None) => Some((kind, "", name)),
    }
}

/// The name of a Secret that is not there: `secrets "keys" not found`.
pub(crate) fn missing_secret(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("secrets \"")?;
    let (name, rest) = rest.split_once('"')?;
    rest.starts_with(" not found").then_some(name)
}

/// A message without the folder that kustomize-controller has copied the tree to: `TEMPORARY/kustomization-DIGITS/`.
pub(crate) fn in_tree(message: &str, temporary: &str) -> String {
    let start = format!("{temporary}/kustomization-");
    let mut parts = message.split(start.as_str());
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        text.push_str(rest.strip_prefix('/').unwrap_or(rest));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_refused_and_what_is_missing() {
        let said = "ConfigMap/apps/a dry-run failed (Invalid): ConfigMap in version \"v1\" cannot be handled";
        assert_eq!(refused(said), Some(("ConfigMap", "apps", "a")));
        assert_eq!(
            refused("Namespace/a dry-run failed: no"),
            Some(("Namespace", "", "a"))
        );
        let said =
            "post build failed for 'a': substitute from 'Secret/keys' error: secrets \"keys\" not found";
        assert_eq!(missing_secret(said), Some("keys"));
        assert_eq!(missing_secret("secrets \"keys\" is forbidden"), None);
    }

    #[test]
    fn files_are_named_as_the_repository_has_them() {
        let said =
            "read /t/r/tmp/kustomization-29713/apps/web: is a directory; no /t/r/tmp/kustomization-1/a";
        assert_eq!(in_tree(said, "/t/r/tmp"), "read apps/web: is a directory; no a");
    }
}
