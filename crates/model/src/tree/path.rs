//! Paths inside a tree: text, relative to its root.

/// Why a relative path cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It leads out of the repository.
    #[error("the path leads out of the repository")]
    Escapes,
    /// It starts at the file system's root.
    #[error("the path is absolute")]
    Absolute,
}

/// A path without `.`, empty parts and a leading `/`. A `..` that leads out is dropped.
pub fn normalize(path: &str) -> String {
    join("", path.trim_start_matches('/')).unwrap_or_default()
}

/// `relative` seen from `folder`. Both `.` and `..` are resolved.
pub fn join(folder: &str, relative: &str) -> Result<String, PathError> {
    if relative.starts_with('/') {
        return Err(PathError::Absolute);
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(PathError::Escapes)?;
            }
            name => parts.push(name),
        }
    }
    Ok(parts.join("/"))
}

/// The folder that holds a path; the empty path for names at the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The path itself, then each folder above it up to, and without, the root.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(parent, _)| parent))
}

/// Whether `path` is `folder` or lies in it.
pub fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// How to write `to` as seen from `folder`: `../base`.
pub fn relative(folder: &str, to: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    let to: Vec<&str> = to.split('/').filter(|p| !p.is_empty()).collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    let parts: Vec<&str> = up.chain(to.into_iter().skip(common)).collect();
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_and_refuses_to_leave() {
        assert_eq!(join("a/b", "../c/./d.yaml"), Ok("a/c/d.yaml".into()));
        assert_eq!(join("a", ".."), Ok(String::new()));
        assert_eq!(join("a", "../.."), Err(PathError::Escapes));
        assert_eq!(join("a", "/etc"), Err(PathError::Absolute));
        assert_eq!(normalize("./a//b/"), "a/b");
        assert_eq!(relative("a/b", "a/c/d"), "../c/d");
        assert_eq!(relative("a", "a"), ".");
        assert!(is_within("a/b", "a") && !is_within("ab", "a") && is_within("x", ""));
    }
}
