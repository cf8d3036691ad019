//! Signatures in Debian's docker-registry: one pushed by hand, and those of the real cosign where that is here.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use oci::signature::{Key, Policy, SignatureVerdict, preflight_signed};
use oci::{Verdict, Wanted};
use rcgen::KeyPair;
use serde_json::json;

use crate::chart::{options, request, sha256, tag};
use crate::docker::{Registry, command, plain, programs};
use crate::signature_shelf::{assert_refused, assert_verified, key, payload, sign};

/// Sends one request and returns status and headers.
fn send(host: &str, method: &str, path: &str, media_type: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn push_blob(host: &str, bytes: &[u8]) {
    let (status, answer) = send(host, "POST", "/v2/charts/demo/blobs/uploads/", "text/plain", b"");
    assert_eq!(status, 202, "{answer}");
    let location = answer
        .lines()
        .find_map(|line| line.strip_prefix("Location: "))
        .unwrap();
    let path = location
        .trim()
        .split_once(host)
        .map_or(location.trim(), |(_, path)| path);
    let separator = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{separator}digest={}", sha256(bytes));
    let (status, answer) = send(host, "PUT", &path, "application/octet-stream", bytes);
    assert_eq!(status, 201, "{answer}");
}

fn digest_of(host: &str, wanted: Wanted) -> String {
    let asked = [(request(host, wanted), None)];
    match preflight_signed(&asked, &options()).remove(0).chart.verdict {
        Verdict::There { digest, .. } => digest,
        other => panic!("{other:?}"),
    }
}

fn ask(host: &str, version: &str, policy: &Policy) -> SignatureVerdict {
    let asked = [(request(host, tag(version)), Some(policy.clone()))];
    preflight_signed(&asked, &options()).remove(0).signature.unwrap()
}

#[test]
fn a_signature_pushed_by_hand_is_found_in_a_real_registry() {
    let name = "a_signature_pushed_by_hand_is_found_in_a_real_registry";
    let Some([registry, helm]) = programs(name, ["docker-registry", "helm"]) else {
        return;
    };
    let registry = Registry::start(&registry, plain);
    registry.push(&helm, &["--plain-http"], &["0.1.0", "0.2.0"]);
    let host = registry.host.as_str();
    let (ours, theirs) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    assert_refused(&ask(host, "0.1.0", &key(&ours)), "no signature: neither a tag");
    let digest = digest_of(host, tag("0.1.0"));
    let payload = payload(&digest);
    let config = b"{}";
    push_blob(host, payload.as_bytes());
    push_blob(host, config);
    let image = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2, "mediaType": image,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": sha256(config), "size": config.len()},
        "layers": [{
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": sha256(payload.as_bytes()),
            "size": payload.len(), "annotations": {"dev.cosignproject.cosign/signature": sign(&ours, payload.as_bytes())},
        }],
    });
    let path = format!("/v2/charts/demo/manifests/{}.sig", digest.replace(':', "-"));
    let (status, answer) = send(host, "PUT", &path, image, manifest.to_string().as_bytes());
    assert_eq!(status, 201, "{answer}");
    assert_verified(&ask(host, "0.1.0", &key(&ours)));
    assert_refused(&ask(host, "0.1.0", &key(&theirs)), "was not made with the key");
    assert_refused(&ask(host, "0.2.0", &key(&ours)), "no signature");
}

/// cosign's answer to `arguments`, with a key without a password and no cache of its own.
fn cosign(program: &Path, folder: &Path, arguments: &[&str]) -> bool {
    let mut command = command(program);
    let status = command
        .current_dir(folder)
        .env("COSIGN_PASSWORD", "")
        .env("HOME", folder)
        .args(arguments)
        .status();
    status.unwrap().success()
}

#[test]
fn the_real_cosign_agrees() {
    let name = "the_real_cosign_agrees";
    let Some([registry, helm, program]) = programs(name, ["docker-registry", "helm", "cosign"]) else {
        return;
    };
    let registry = Registry::start(&registry, plain);
    registry.push(&helm, &["--plain-http"], &["0.1.0", "0.2.0", "0.3.0"]);
    let (host, folder) = (registry.host.as_str(), registry.folder.path());
    let run = |arguments: &[&str]| cosign(&program, folder, arguments);
    for prefix in ["ours", "theirs"] {
        assert!(run(&["generate-key-pair", "--output-key-prefix", prefix]));
    }
    let policy = |prefix: &str| {
        Policy::Keys(vec![Key {
            name: "cosign.pub".to_owned(),
            pem: fs::read_to_string(folder.join(format!("{prefix}.pub"))).unwrap(),
        }])
    };
    let offline = [
        "--use-signing-config=false",
        "--tlog-upload=false",
        "--allow-http-registry",
        "--yes",
    ];
    for (version, form) in [
        ("0.1.0", "--new-bundle-format=false"),
        ("0.2.0", "--new-bundle-format=true"),
    ] {
        let reference = format!("{host}/charts/demo@{}", digest_of(host, tag(version)));
        let sign = [&["sign", "--key", "ours.key", form], &offline[..], &[&reference]].concat();
        assert!(run(&sign), "{sign:?}");
        for prefix in ["ours", "theirs"] {
            let public = format!("{prefix}.pub");
            let verify = [
                "verify",
                "--key",
                &public,
                "--insecure-ignore-tlog=true",
                "--allow-http-registry",
                form,
                &reference,
            ];
            let theirs = run(&verify);
            let ours = ask(host, version, &policy(prefix));
            assert_eq!(theirs, prefix == "ours", "{verify:?}");
            assert_eq!(
                theirs,
                matches!(ours, SignatureVerdict::Verified { .. }),
                "{form} {prefix}: {ours:?}"
            );
        }
    }
    assert_refused(&ask(host, "0.3.0", &policy("ours")), "no signature");
}
