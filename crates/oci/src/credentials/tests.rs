//! Which credentials are taken, and what is said where there are none.

use super::*;
use crate::environment::Environment;

fn find_in(texts: &[&str], helpers: bool, search_path: &str) -> Access {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = (0..texts.len())
        .map(|n| folder.path().join(format!("{n}.json")))
        .collect();
    for (file, text) in files.iter().zip(texts) {
        fs::write(file, text).unwrap();
    }
    let mut credentials = Credentials::new(&Options {
        environment: Environment::of([("PATH", search_path)]),
        credential_helpers: helpers,
        ..Options::default()
    });
    credentials.files = files;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { credentials.find("r.example", "org/chart").await })
}

fn find(texts: &[&str]) -> Access {
    find_in(texts, false, "")
}

fn basic(user: &str) -> RegistryAuth {
    RegistryAuth::Basic(user.to_owned(), "p".to_owned())
}

#[test]
fn takes_the_first_file_that_knows_the_registry() {
    let access = find(&[
        r#"{"auths":{"other.example":{"auth":"eDpw"}}}"#,
        r#"{"auths":{"https://r.example":{"auth":"YTpw"}}}"#,
        r#"{"auths":{"r.example":{"auth":"YjpW"}}}"#,
    ]);
    assert_eq!(access.auth, basic("a"));
    assert!(access.source.starts_with("with the credentials of `") && access.source.contains("1.json"));
}

#[test]
fn prefers_the_key_of_the_repository() {
    let access = find(&[r#"{"auths":{"r.example":{"auth":"YTpw"},"r.example/org":{"auth":"Yjpw"}}}"#]);
    assert_eq!(access.auth, basic("b"));
    let access = find(&[r#"{"auths":{"r.example":{"username":"c","password":"p"}}}"#]);
    assert_eq!(access.auth, basic("c"));
    let access = find(&[r#"{"auths":{"r.example":{"identitytoken":"t"}}}"#]);
    assert_eq!(access.auth, RegistryAuth::Bearer("t".to_owned()));
}

#[test]
fn names_helpers_that_are_not_allowed_or_not_there() {
    for text in [
        r#"{"credHelpers":{"r.example":"never"}}"#,
        r#"{"auths":{"r.example":{}},"credsStore":"never"}"#,
    ] {
        let access = find(&[text]);
        assert_eq!(access.auth, RegistryAuth::Anonymous);
        assert!(
            access.source.contains("`docker-credential-never`"),
            "{}",
            access.source
        );
        assert!(
            access.source.ends_with("was not run, helpers are not allowed"),
            "{}",
            access.source
        );
        let access = find_in(&[text], true, "/nowhere");
        assert!(access.source.ends_with("is not on PATH"), "{}", access.source);
    }
    let access = find(&[r#"{"auths":{"r.example":{"auth":"YTpw"}},"credsStore":"never"}"#]);
    assert_eq!(access.auth, basic("a"));
    let access = find_in(&[r#"{"credHelpers":{"r.example":"../bin/sh"}}"#], true, "/bin");
    assert!(access.source.contains("was not run"), "{}", access.source);
}

#[test]
fn says_which_file_is_unusable() {
    let access = find(&["{", r#"{"auths":{"r.example":{"auth":"%"}}}"#]);
    assert!(access.source.contains("0.json` is no JSON"), "{}", access.source);
    assert!(
        access.source.contains("1.json` has an entry for the registry"),
        "{}",
        access.source
    );
    assert!(find(&[]).source.ends_with("no file holds any"));
}

#[test]
fn looks_where_docker_podman_and_helm_write() {
    let files = |variables: &[(&str, &str)]| {
        let options = Options {
            environment: Environment::of(variables.iter().copied()),
            registry_config: Some(PathBuf::from("/given.json")),
            ..Options::default()
        };
        let files = Credentials::new(&options).files;
        files
            .iter()
            .map(|file| file.display().to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(files(&[]), "/given.json");
    assert_eq!(
        files(&[("HOME", "/h")]),
        "/given.json /h/.docker/config.json /h/.config/helm/registry/config.json"
    );
    assert_eq!(
        files(&[
            ("HOME", "/h"),
            ("DOCKER_CONFIG", "/d"),
            ("REGISTRY_AUTH_FILE", "/r.json"),
            ("XDG_RUNTIME_DIR", "/run/me"),
            ("XDG_CONFIG_HOME", "/xdg"),
        ]),
        "/given.json /d/config.json /r.json /run/me/containers/auth.json /xdg/helm/registry/config.json"
    );
    assert!(files(&[("HELM_CONFIG_HOME", "/helm")]).ends_with(" /helm/registry/config.json"));
    assert!(files(&[("HELM_REGISTRY_CONFIG", "/own.json")]).ends_with(" /own.json"));
}

#[test]
fn asks_the_store_for_docker_hub_by_its_old_address() {
    let server = |text: &str, registry: &str| match look_up(text, registry, "library/nginx") {
        Ok(Found::Helper { name, server }) => format!("{name} {server}"),
        _ => "no helper".to_owned(),
    };
    let store = r#"{"credsStore":"store"}"#;
    assert_eq!(server(store, DOCKER_HUB), "store https://index.docker.io/v1/");
    assert_eq!(server(store, "ghcr.io"), "store ghcr.io");
    let own = r#"{"credsStore":"store","credHelpers":{"docker.io":"own"}}"#;
    assert_eq!(server(own, DOCKER_HUB), "own index.docker.io");
    assert_eq!(server(own, "quay.io"), "store quay.io");
}
