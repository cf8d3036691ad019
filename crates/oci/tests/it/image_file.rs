//! Programs out of images: pulled by digest, verified, found in the layers, kept and checked again.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use oci::{Cache, FileRequest, FileVerdict, Kept, Options, Progress};
use serde_json::{Value as Json, json};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use crate::chart::{options, sha256};
use crate::docker::{Registry, plain, programs};
use crate::liar::{Liar, Reply, Request};

const IMAGE: &str = "registry.k8s.io/demo";
const PATH: &str = "/usr/local/bin/demo";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A gzipped layer of files: `(name, content, mode)`; `name -> target` is a link, a trailing `=` a device.
fn layer(files: &[(&str, &str, u32)]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content, mode) in files {
        let mut header = Header::new_gnu();
        header.set_mode(*mode);
        header.set_size(content.len() as u64);
        let (name, kind) = match name.split_once(" -> ") {
            Some((name, target)) => {
                header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
                (name, EntryType::Symlink)
            }
            None if name.ends_with('=') => (name.trim_end_matches('='), EntryType::Char),
            None => (*name, EntryType::Regular),
        };
        header.set_entry_type(kind);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// Content by digest: what a registry has to have.
#[derive(Default, Clone)]
struct Content {
    manifests: Vec<Vec<u8>>,
    blobs: Vec<Vec<u8>>,
}

impl Content {
    fn part(&mut self, media_type: &str, bytes: Vec<u8>) -> Json {
        let part = json!({"mediaType": media_type, "digest": sha256(&bytes), "size": bytes.len()});
        self.blobs.push(bytes);
        part
    }

    fn manifest(&mut self, manifest: &Json) -> String {
        let bytes = serde_json::to_vec(manifest).unwrap();
        let digest = sha256(&bytes);
        self.manifests.push(bytes);
        digest
    }

    /// An image for one architecture, its layers from the bottom up.
    fn image(&mut self, architecture: &str, layers: &[Vec<u8>]) -> Json {
        let config = json!({"os": "linux", "architecture": architecture}).to_string();
        let config = self.part("application/vnd.oci.image.config.v1+json", config.into_bytes());
        let layers: Vec<Json> = layers
            .iter()
            .map(|layer| self.part(LAYER, layer.clone()))
            .collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let digest = self.manifest(&manifest);
        let size = self.manifests.last().unwrap().len();
        let platform = json!({"os": "linux", "architecture": architecture});
        json!({"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform})
    }

    fn index(&mut self, images: &[Json]) -> String {
        let media_type = "application/vnd.oci.image.index.v1+json";
        self.manifest(&json!({"schemaVersion": 2, "mediaType": media_type, "manifests": images}))
    }

    /// An index with an image for this architecture alone.
    fn only(layers: &[Vec<u8>]) -> (Self, String) {
        let mut content = Self::default();
        let image = content.image("amd64", layers);
        let digest = content.index(&[image]);
        (content, digest)
    }

    fn answer(&self, request: &Request) -> Reply {
        let wanted = request.path.rsplit('/').next().unwrap_or_default();
        let mut all = self.manifests.iter().chain(&self.blobs);
        let found = all.find(|bytes| sha256(bytes) == wanted);
        found.map_or_else(Reply::missing, |bytes| Reply::ok(bytes.clone()))
    }

    fn serve(self) -> Liar {
        Liar::start(move |request| self.answer(request))
    }

    /// Puts everything where docker-registry looks for it.
    fn store(&self, registry: &Registry, repository: &str) {
        let root = registry.folder.path().join("store/docker/registry/v2");
        let write = |path: PathBuf, bytes: &[u8]| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let kinds = [
            ("_manifests/revisions", &self.manifests),
            ("_layers", &self.blobs),
        ];
        for (kind, all) in kinds {
            for bytes in all {
                let digest = sha256(bytes);
                let hex = digest.trim_start_matches("sha256:");
                write(root.join(format!("blobs/sha256/{}/{hex}/data", &hex[..2])), bytes);
                let link = root.join(format!("repositories/{repository}/{kind}/sha256/{hex}/link"));
                write(link, digest.as_bytes());
            }
        }
    }
}

/// A cache and how to ask a registry in place of the official one.
struct Client {
    folder: TempDir,
    options: Options,
}

impl Client {
    fn new(host: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            mirrors: vec![("registry.k8s.io".to_owned(), host.to_owned())],
            cache: Some(Cache::at(folder.path())),
            ..options()
        };
        Self { folder, options }
    }

    fn ask(&self, digest: &str) -> FileVerdict {
        oci::files(&[request(digest)], &self.options).remove(0)
    }

    #[track_caller]
    fn program(&self, digest: &str) -> PathBuf {
        match self.ask(digest) {
            FileVerdict::Kept { path, .. } => path,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn assert_missing(&self, digest: &str, why: &str) {
        let verdict = self.ask(digest);
        assert!(
            matches!(&verdict, FileVerdict::Missing { reason } if reason.contains(why)),
            "{verdict:?}"
        );
        // Neither a program nor anything half written is left.
        let left = fs::read_dir(self.folder.path().join("tmp")).map_or(0, Iterator::count);
        assert!(!self.folder.path().join("programs").exists() && left == 0);
    }
}

fn request(digest: &str) -> FileRequest {
    FileRequest {
        image: IMAGE.to_owned(),
        digest: digest.to_owned(),
        path: PATH.to_owned(),
        architecture: "amd64".to_owned(),
    }
}

/// What an image of these layers, from the bottom up, is refused with.
#[track_caller]
fn assert_refused(layers: &[Vec<u8>], why: &str) {
    let (content, digest) = Content::only(layers);
    let liar = content.serve();
    Client::new(&liar.host()).assert_missing(&digest, why);
}

#[test]
fn a_real_registry_hands_out_the_program_of_this_platform() {
    let name = "a_real_registry_hands_out_the_program_of_this_platform";
    let Some([program]) = programs(name, ["docker-registry"]) else {
        return;
    };
    let mut content = Content::default();
    let base = layer(&[
        ("etc/os-release", "base", 0o644),
        ("usr/local/bin/demo", "old", 0o755),
    ]);
    let images = ["arm64", "amd64"].map(|architecture| {
        let text = format!("program for {architecture}");
        let top = layer(&[("./usr/local/bin/demo", &text, 0o755)]);
        content.image(architecture, &[base.clone(), top])
    });
    let digest = content.index(&images);
    let registry = Registry::start(&program, plain);
    content.store(&registry, "demo");
    let client = Client::new(&registry.host);
    let path = client.program(&digest);
    assert_eq!(fs::read_to_string(&path).unwrap(), "program for amd64");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    let arm = FileRequest {
        architecture: "arm64".to_owned(),
        ..request(&digest)
    };
    let FileVerdict::Kept { path: other, .. } = oci::files(&[arm], &client.options).remove(0) else {
        panic!("no program for arm64")
    };
    assert_eq!(fs::read_to_string(other).unwrap(), "program for arm64");
    assert!(path.ends_with(format!("{}/amd64/demo", digest.trim_start_matches("sha256:"))));
}

#[test]
fn layers_below_the_program_are_not_fetched() {
    let base = layer(&[("etc/os-release", "base", 0o644)]);
    let top = layer(&[("usr/local/bin/demo", "ELF", 0o755)]);
    let (content, digest) = Content::only(&[base.clone(), top]);
    let liar = content.serve();
    Client::new(&liar.host()).program(&digest);
    assert_eq!(liar.count(&sha256(&base)), 0);
}

#[test]
fn a_program_is_found_behind_links_and_not_where_it_was_deleted() {
    let linked = [
        layer(&[("opt/demo-1.2", "ELF", 0o755)]),
        layer(&[("usr/local/bin/demo -> ../../../opt/demo", "", 0o777)]),
        layer(&[("opt/demo -> /opt/demo-1.2", "", 0o777)]),
    ];
    let (content, digest) = Content::only(&linked);
    let liar = content.serve();
    let client = Client::new(&liar.host());
    let path = client.program(&digest);
    // The cache has the file itself under the wanted name.
    assert!(fs::symlink_metadata(&path).unwrap().is_file() && path.ends_with("demo"));
    let program = layer(&[("usr/local/bin/demo", "ELF", 0o755)]);
    for whiteout in ["usr/local/bin/.wh.demo", "usr/local/.wh..wh..opq"] {
        let deleted = layer(&[(whiteout, "", 0o644)]);
        assert_refused(&[program.clone(), deleted], "/demo` has no `/usr/local/bin/demo`");
    }
}

#[test]
fn hostile_layers_yield_nothing() {
    let one = |name: &str, mode: u32| [layer(&[(name, "evil", mode)])];
    assert_refused(
        &one("../usr/local/bin/demo", 0o755),
        "has no `/usr/local/bin/demo`",
    );
    assert_refused(
        &one("usr/local/bin/demo -> /etc/passwd", 0o777),
        "a link to `/etc/passwd`, which is not there",
    );
    assert_refused(
        &one("usr/local/bin/demo -> demo", 0o777),
        "leads from link to link",
    );
    assert_refused(
        &one("usr/local/bin/demo=", 0o755),
        "is a device, wanted a regular file",
    );
    assert_refused(&one("usr/local/bin/demo", 0o644), "is not executable");
    assert_refused(&[b"\x28\xb5\x2f\xfd".to_vec()], "is compressed with zstd");
    let whole = layer(&[("usr/local/bin/demo", &"x".repeat(100_000), 0o755)]);
    assert_refused(&[whole[..whole.len() / 2].to_vec()], "is no whole tar archive");
}

#[test]
fn nothing_is_read_that_has_another_digest() {
    let top = layer(&[("usr/local/bin/demo", "ELF", 0o755)]);
    let other = layer(&[("usr/local/bin/demo", "EVL", 0o755)]);
    assert_eq!(top.len(), other.len());
    let (content, digest) = Content::only(std::slice::from_ref(&top));
    let (victim, liar_content) = (sha256(&top), content.clone());
    let liar = Liar::start(move |request| {
        if request.path.ends_with(&victim) {
            return Reply::ok(other.clone());
        }
        liar_content.answer(request)
    });
    Client::new(&liar.host()).assert_missing(&digest, "serves content with the digest `sha256:");
    let (index, honest) = (digest.clone(), content.clone());
    let liar = Liar::start(move |request| {
        if request.path.ends_with(&index) {
            return Reply::ok("{}");
        }
        honest.answer(request)
    });
    Client::new(&liar.host()).assert_missing(&digest, "serves a manifest with the digest");
    // More than the manifest says is not read to its end.
    let victim = sha256(&top);
    let liar = Liar::start(move |request| {
        if request.path.ends_with(&victim) {
            return Reply::ok("again and again").endless();
        }
        content.answer(request)
    });
    Client::new(&liar.host()).assert_missing(&digest, "which is all that the manifest says");
}

#[test]
fn an_image_without_this_platform_is_named() {
    let mut content = Content::default();
    let image = content.image("s390x", &[layer(&[("usr/local/bin/demo", "ELF", 0o755)])]);
    let only = image["digest"].as_str().unwrap().to_owned();
    let digest = content.index(&[image]);
    let liar = content.serve();
    for digest in [digest, only] {
        Client::new(&liar.host()).assert_missing(&digest, "is not there for linux/amd64");
    }
    let gone = sha256(b"nowhere");
    Client::new(&liar.host()).assert_missing(&gone, &format!("has no `{gone}`"));
    Client::new(&liar.host()).assert_missing("sha256:abc", "is no digest");
}

#[test]
fn what_is_kept_is_used_without_network_and_checked() {
    let (content, digest) = Content::only(&[layer(&[("usr/local/bin/demo", "ELF", 0o755)])]);
    let liar = content.serve();
    let mut client = Client::new(&liar.host());
    let path = client.program(&digest);
    let asked = liar.requests().len();
    client.program(&digest);
    assert_eq!(liar.requests().len(), asked, "nobody is asked again");
    client.options.offline = true;
    assert_eq!(client.program(&digest), path);

    let cache = Cache::at(client.folder.path());
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"!")
        .unwrap();
    assert_eq!(cache.file(&request(&digest)), Kept::Damaged(path.clone()));
    let verdict = client.ask(&digest);
    assert!(matches!(&verdict, FileVerdict::Unknown { reason } if reason.contains("offline")));
    client.options.offline = false;
    assert_eq!(client.program(&digest), path);
    assert_eq!(fs::read_to_string(&path).unwrap(), "ELF");

    // A link to a file with the same bytes is another file tomorrow.
    let beside = client.folder.path().join("beside");
    fs::rename(&path, &beside).unwrap();
    std::os::unix::fs::symlink(&beside, &path).unwrap();
    assert_eq!(cache.file(&request(&digest)), Kept::Damaged(path.clone()));
    client.program(&digest);
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

#[test]
fn an_interrupted_layer_is_asked_for_again_from_its_beginning() {
    let top = layer(&[("usr/local/bin/demo", "ELF", 0o755)]);
    let (content, digest) = Content::only(std::slice::from_ref(&top));
    let victim = sha256(&top);
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let liar = Liar::start(move |request| {
        let is_first = || tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        if request.path.ends_with(&victim) && is_first() {
            return Reply::ok(top[..top.len() / 2].to_vec()).length(top.len());
        }
        content.answer(request)
    });
    let client = Client::new(&liar.host());
    assert_eq!(fs::read_to_string(client.program(&digest)).unwrap(), "ELF");
}

#[test]
fn a_registry_that_hangs_ends_in_time_and_progress_is_told() {
    let top = layer(&[("usr/local/bin/demo", "ELF", 0o755)]);
    let (content, digest) = Content::only(std::slice::from_ref(&top));
    let victim = sha256(&top);
    let hanging = content.clone();
    let liar = Liar::start(move |request| {
        if request.path.ends_with(&victim) {
            return Reply::silent();
        }
        hanging.answer(request)
    });
    let mut client = Client::new(&liar.host());
    client.options.per_request_timeout = Duration::from_millis(300);
    let verdict = client.ask(&digest);
    assert!(
        matches!(&verdict, FileVerdict::Unknown { reason } if reason.contains("no answer from")),
        "{verdict:?}"
    );
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let hear = std::sync::Arc::clone(&told);
    let liar = content.serve();
    let mut client = Client::new(&liar.host());
    client.options.progress = Some(oci::Listener::new(move |progress: &Progress| {
        hear.lock().unwrap().push(progress.clone());
    }));
    client.program(&digest);
    let told = told.lock().unwrap();
    let size = top.len() as u64;
    assert!(
        told.iter()
            .any(|progress| (progress.bytes, progress.size) == (size, size))
    );
    assert!(
        told.iter()
            .all(|progress| progress.url == IMAGE && progress.of == 1)
    );
}
