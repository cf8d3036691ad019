//! Preflights against Debian's docker-registry with charts that helm made and pushed.

use std::fs;
use std::path::Path;

use oci::{Cache, ChartRequest, Environment, Options, Verdict};

use crate::chart::{ask, assert_missing, assert_there, assert_unknown, options, request, semver, tag};
use crate::docker::{Registry, certificates, plain, programs, serving_tls};
use crate::token_service::TokenService;

const USER: &str = "demo";
const PASSWORD: &str = "secret-pass";
/// The password as `htpasswd -B` writes it.
const HTPASSWD: &str = "demo:$2y$04$abcdefghijklmnopqrstuuTG6d.sp3peJ6F9EzCIZGfe/12vDxgmu\n";

#[test]
fn finds_what_helm_pushed() {
    let Some([registry, helm]) = programs("finds_what_helm_pushed", ["docker-registry", "helm"]) else {
        return;
    };
    let registry = Registry::start(&registry, plain);
    registry.push(
        &helm,
        &["--plain-http"],
        &["0.1.0", "0.2.0", "0.10.0", "1.0.0-rc.1", "1.0.0+b.5"],
    );
    let archive = fs::metadata(registry.folder.path().join("demo-0.2.0.tgz"))
        .unwrap()
        .len();
    let verdict = ask(&request(&registry.host, tag("0.2.0")), &options());
    let Verdict::There {
        version,
        size,
        app_version,
        name,
        deprecated,
        ..
    } = &verdict
    else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        (version.as_str(), *size, name.as_str(), *deprecated),
        ("0.2.0", archive, "demo", false)
    );
    assert_eq!(app_version.as_deref(), Some("9.9"));
    for (range, version) in [
        ("0.x", "0.10.0"),
        ("~0.2", "0.2.0"),
        (">=0.1.0-0 <1", "1.0.0-rc.1"),
        ("1.0.0", "1.0.0+b.5"),
    ] {
        assert_there(&ask(&request(&registry.host, semver(range)), &options()), version);
    }
    let verdict = ask(&request(&registry.host, tag("0.3.0")), &options());
    assert_missing(&verdict, "has no tag `0.3.0`");
    let Verdict::Missing { nearest, .. } = verdict else {
        return;
    };
    assert_eq!(nearest, ["0.1.0", "0.2.0", "0.10.0", "1.0.0-rc.1", "1.0.0_b.5"]);
    let nowhere = ChartRequest {
        url: format!("oci://{}/charts/other", registry.host),
        ..request(&registry.host, tag("0.2.0"))
    };
    assert_missing(&ask(&nowhere, &options()), "no repository");
    let cache = Cache::at(registry.folder.path().join("cache-of-archives"));
    let fetching = Options {
        cache: Some(cache.clone()),
        fetch: true,
        now: "2026-03-04T05:06:07Z".to_owned(),
        ..options()
    };
    let newest = request(&registry.host, semver("0.x"));
    let Verdict::There { archive, .. } = ask(&newest, &fetching) else {
        panic!("not there")
    };
    let pushed = fs::read(registry.folder.path().join("demo-0.10.0.tgz")).unwrap();
    assert_eq!(fs::read(cache.blob(&archive).unwrap()).unwrap(), pushed);
    let offline = Options {
        offline: true,
        ..fetching
    };
    assert_there(&ask(&newest, &offline), "0.10.0");
    assert_unknown(&ask(&request(&registry.host, tag("0.2.0")), &offline), "offline");
    let mirrored = Options {
        mirrors: vec![("ghcr.io".to_owned(), registry.host.clone())],
        ..options()
    };
    assert_there(&ask(&request("ghcr.io", tag("0.2.0")), &mirrored), "0.2.0");
}

#[test]
fn logs_in_as_helm_did() {
    let Some([registry, helm]) = programs("logs_in_as_helm_did", ["docker-registry", "helm"]) else {
        return;
    };
    let registry = Registry::start(&registry, |folder| {
        let file = folder.join("htpasswd");
        fs::write(&file, HTPASSWD).unwrap();
        format!(
            "{}auth: {{htpasswd: {{realm: demo, path: {}}}}}\n",
            plain(folder),
            file.display()
        )
    });
    let login = [
        "registry",
        "login",
        &registry.host,
        "-u",
        USER,
        "-p",
        PASSWORD,
        "--plain-http",
    ];
    assert!(registry.helm(&helm).args(login).status().unwrap().success());
    registry.push(&helm, &["--plain-http"], &["0.1.0"]);
    let wanted = request(&registry.host, tag("0.1.0"));
    let file = registry.folder.path().join("helm.json");
    let with = |file: &Path| Options {
        registry_config: Some(file.to_path_buf()),
        ..options()
    };
    assert_there(&ask(&wanted, &with(&file)), "0.1.0");
    assert_unknown(
        &ask(&wanted, &options()),
        "refuses access to `charts/demo` (401) without credentials",
    );
    let wrong = registry.folder.path().join("wrong.json");
    // `demo:wrong-pass`
    let text = format!(
        r#"{{"auths":{{"{}":{{"auth":"ZGVtbzp3cm9uZy1wYXNz"}}}}}}"#,
        registry.host
    );
    fs::write(&wrong, text).unwrap();
    let verdict = ask(&wanted, &with(&wrong));
    assert_unknown(
        &verdict,
        &format!("(401) with the credentials of `{}`", wrong.display()),
    );
    assert!(!format!("{verdict:?}").contains("wrong-pass"));
}

#[test]
fn trusts_a_private_authority_only_when_told() {
    let name = "trusts_a_private_authority_only_when_told";
    let Some([registry, helm, openssl]) = programs(name, ["docker-registry", "helm", "openssl"]) else {
        return;
    };
    let registry = Registry::start(&registry, |folder| {
        certificates(&openssl, folder);
        serving_tls(folder)
    });
    let authority = registry.folder.path().join("ca.pem");
    registry.push(&helm, &["--ca-file", authority.to_str().unwrap()], &["0.1.0"]);
    let mut options = options();
    options.mirrors = vec![("ghcr.io".to_owned(), format!("https://{}", registry.host))];
    let wanted = request("ghcr.io", tag("0.1.0"));
    assert_unknown(&ask(&wanted, &options), "is not trusted");
    options.environment = Environment::of([("SSL_CERT_FILE", &authority)]);
    assert_there(&ask(&wanted, &options), "0.1.0");
    options.environment = Environment::of([("SSL_CERT_FILE", "/nowhere/ca.pem")]);
    assert_unknown(&ask(&wanted, &options), "is not trusted");
    options.ca_files = vec![authority];
    assert_there(&ask(&wanted, &options), "0.1.0");
    // A loopback address allows plain HTTP, it does not demand it.
    assert_there(&ask(&request(&registry.host, tag("0.1.0")), &options), "0.1.0");
}

/// A registry that sends everybody to a token service, started over plain HTTP on this machine.
fn guarded(program: &Path, openssl: &Path, service: &TokenService, tls: bool) -> Registry {
    Registry::start(program, |folder| {
        let http = if tls {
            certificates(openssl, folder);
            serving_tls(folder)
        } else {
            plain(folder)
        };
        let realm = service.url();
        let bundle = service.folder.path().join("service.pem");
        format!(
            "{http}auth: {{token: {{realm: {realm}, service: demo, issuer: issuer, rootcertbundle: {}}}}}\n",
            bundle.display()
        )
    })
}

#[test]
fn gets_the_token_that_a_registry_verifies() {
    let name = "gets_the_token_that_a_registry_verifies";
    let Some([program, helm, openssl]) = programs(name, ["docker-registry", "helm", "openssl"]) else {
        return;
    };
    let service = TokenService::start(&openssl, USER, PASSWORD);
    let registry = guarded(&program, &openssl, &service, false);
    let login = [
        "registry",
        "login",
        &registry.host,
        "-u",
        USER,
        "-p",
        PASSWORD,
        "--plain-http",
    ];
    assert!(registry.helm(&helm).args(login).status().unwrap().success());
    registry.push(&helm, &["--plain-http"], &["0.1.0", "0.2.0"]);
    let wanted = [tag("0.1.0"), semver("0.x"), tag("0.3.0")].map(|wanted| request(&registry.host, wanted));
    let with_login = Options {
        registry_config: Some(registry.folder.path().join("helm.json")),
        ..options()
    };
    let before = service.asked();
    let results = oci::preflight(&wanted, &with_login);
    assert_there(&results[0].verdict, "0.1.0");
    assert_there(&results[1].verdict, "0.2.0");
    assert_missing(&results[2].verdict, "has no tag `0.3.0`");
    assert_eq!(
        service.asked() - before,
        1,
        "one token for all charts of a repository"
    );
    let nobody = ask(&wanted[0], &options());
    assert_unknown(
        &nobody,
        "refuses access to `charts/demo` (401) without credentials",
    );

    let registry = guarded(&program, &openssl, &service, true);
    let before = service.asked();
    let mut over_tls = Options {
        mirrors: vec![("ghcr.io".to_owned(), format!("https://{}", registry.host))],
        ca_files: vec![registry.folder.path().join("ca.pem")],
        ..with_login
    };
    let verdict = ask(&request("ghcr.io", tag("0.1.0")), &over_tls);
    assert_unknown(&verdict, "over plain http, which gets no credentials");
    over_tls.ca_files.clear();
    assert_unknown(
        &ask(&request("ghcr.io", tag("0.1.0")), &over_tls),
        "is not trusted",
    );
    assert_eq!(service.asked(), before);
}
