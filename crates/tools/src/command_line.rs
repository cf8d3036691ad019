//! Prints a command line so that a person can paste it into a shell: quoted, with secrets masked.

use std::ffi::OsStr;
use std::path::Path;

/// What stands in place of a secret.
const MASK: &str = "***";

/// Words that make the value of a flag, a setting or a variable a secret.
const SECRET_WORDS: [&str; 7] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
];

/// The whole command line: `cd DIR && NAME=VALUE program argument...`.
pub(crate) fn render(
    cwd: Option<&Path>,
    env: &[(String, String)],
    program: &Path,
    args: &[impl AsRef<OsStr>],
) -> String {
    let mut words: Vec<String> = Vec::new();
    if let Some(cwd) = cwd {
        words.extend(["cd".to_owned(), quote(&cwd.to_string_lossy()), "&&".to_owned()]);
    }
    for (name, value) in env {
        let value = if is_secret(name) {
            MASK.to_owned()
        } else {
            quote(value)
        };
        words.push(format!("{name}={value}"));
    }
    words.push(quote(&program.to_string_lossy()));
    let mut hide_next = false;
    for argument in args {
        let argument = argument.as_ref().to_string_lossy();
        words.push(if hide_next {
            MASK.to_owned()
        } else {
            masked(&argument).unwrap_or_else(|| quote(&argument))
        });
        hide_next =
            !hide_next && argument.starts_with('-') && !argument.contains('=') && is_secret(&argument);
    }
    words.join(" ")
}

/// The argument without the value of `name=secret` or the password of `scheme://user:password@host`, if it
/// has one.
fn masked(argument: &str) -> Option<String> {
    if let Some((name, _)) = argument.split_once('=')
        && is_secret(name)
    {
        return Some(format!("{}={MASK}", quote(name)));
    }
    if let Some((scheme, rest)) = argument.split_once("://") {
        let authority_end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority_end);
        if let Some((user_info, host)) = authority.rsplit_once('@') {
            let user = user_info.split(':').next().unwrap_or_default();
            return Some(format!("{scheme}://{user}:{MASK}@{host}{path}"));
        }
    }
    None
}

/// Whether a flag or variable of this name holds a secret itself, not a file that holds it.
fn is_secret(name: &str) -> bool {
    let name: String = name
        .to_lowercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let names_a_place = ["file", "path", "stdin", "name"]
        .iter()
        .any(|end| name.ends_with(end));
    !names_a_place && SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Quotes one word for a POSIX shell, only where that is needed.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(args: &[&str]) -> String {
        render(None, &[], Path::new("helm"), args)
    }

    #[test]
    fn quotes_only_what_a_shell_would_change() {
        assert_eq!(
            rendered(&["a/b.yaml", "two words", "", "it's", "$HOME"]),
            r"helm a/b.yaml 'two words' '' 'it'\''s' '$HOME'"
        );
        assert_eq!(rendered(&["*.yaml"]), "helm '*.yaml'");
    }

    #[test]
    fn shows_folder_and_added_variables() {
        let env = [
            ("LC_ALL".to_owned(), "C".to_owned()),
            ("HELM_TOKEN".to_owned(), "x".to_owned()),
        ];
        let line = render(Some(Path::new("/my repo")), &env, Path::new("git"), &["status"]);
        assert_eq!(line, "cd '/my repo' && LC_ALL=C HELM_TOKEN=*** git status");
    }

    #[test]
    fn masks_secrets_and_keeps_their_files() {
        assert_eq!(rendered(&["--password", "hunter2", "x"]), "helm --password *** x");
        assert_eq!(rendered(&["--password=hunter2"]), "helm --password=***");
        assert_eq!(rendered(&["--set", "db.apiKey=1"]), "helm --set db.apiKey=***");
        assert_eq!(
            rendered(&["--password-stdin", "ghcr.io"]),
            "helm --password-stdin ghcr.io"
        );
        assert_eq!(rendered(&["--token-auth-file=a"]), "helm --token-auth-file=a");
        assert_eq!(
            rendered(&["https://bob:pw@host/x"]),
            "helm https://bob:***@host/x"
        );
    }
}
