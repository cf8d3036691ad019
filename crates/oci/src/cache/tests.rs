//! What the cache keeps, and what it refuses.

use std::thread;

use super::*;
use crate::version::Wanted;

fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("cache"));
    (folder, cache)
}

fn request(tag: &str) -> ChartRequest {
    ChartRequest {
        url: "oci://r.example/charts/demo".to_owned(),
        wanted: Wanted {
            tag: Some(tag.to_owned()),
            ..Wanted::default()
        },
        insecure: false,
        layer_media_type: None,
    }
}

fn resolved(digest: &str) -> Resolved {
    Resolved {
        version: "1.0.0".to_owned(),
        digest: digest.to_owned(),
        archive: digest.to_owned(),
        media_type: "m".to_owned(),
        size: 1,
        app_version: None,
        when: "2026-01-02T03:04:05Z".to_owned(),
    }
}

#[test]
fn gives_back_what_was_put_and_nothing_damaged() {
    let (_folder, cache) = cache();
    for digest in [sha256(b"a"), digest_like("sha512:", b"a")] {
        assert_eq!(cache.blob(&digest), None);
        let path = cache.put(&digest, b"a").unwrap();
        assert_eq!(cache.blob(&digest), Some(path.clone()));
        assert_eq!(cache.read(&digest, 1).as_deref(), Some(&b"a"[..]));
        assert_eq!(
            cache.read(&digest, 0),
            None,
            "longer than allowed, and still kept"
        );
        fs::write(&path, b"b").unwrap();
        assert_eq!(cache.blob(&digest), None);
        assert!(!path.exists(), "a damaged file is removed");
        cache.put(&digest, b"a").unwrap();
        assert!(cache.blob(&digest).is_some());
    }
}

#[test]
fn refuses_names_and_content_that_are_not_what_they_say() {
    let (folder, cache) = cache();
    let tricked = "sha256:../../../../escaped";
    assert!(matches!(cache.put(tricked, b"a"), Err(CacheError::Digest { .. })));
    assert_eq!(cache.blob(tricked), None);
    let error = cache.put(&sha256(b"a"), b"b").unwrap_err().to_string();
    assert!(
        error.contains(&sha256(b"a")) && error.contains(&sha256(b"b")),
        "{error}"
    );
    let large = vec![0; usize::try_from(MAX_BLOB).unwrap() + 1];
    assert_eq!(
        cache.put(&sha256(&large), &large).unwrap_err().to_string(),
        "the content has 33554433 bytes, kept are at most 33554432"
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was written"
    );
}

#[test]
fn says_plainly_why_nothing_was_kept() {
    let (folder, _) = cache();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = Cache::at(&file).put(&sha256(b"a"), b"a").unwrap_err().to_string();
    assert!(
        error.starts_with("the cache `") && error.contains("/file` cannot be written: "),
        "{error}"
    );
    let failed = |kind: io::ErrorKind| reason(&io::Error::from(kind));
    assert_eq!(failed(io::ErrorKind::StorageFull), "the disk is full");
    assert_eq!(failed(io::ErrorKind::PermissionDenied), "no permission");
}

#[test]
fn remembers_each_request_by_itself() {
    let (_folder, cache) = cache();
    let found = resolved(&sha256(b"a"));
    cache.remember(&request("1.0.0"), &found).unwrap();
    assert_eq!(cache.resolved(&request("1.0.0")), Some(found.clone()));
    assert_eq!(cache.resolved(&request("1.0.1")), None);
    let mut other = request("1.0.0");
    other.layer_media_type = Some("m".to_owned());
    assert_eq!(cache.resolved(&other), None);
    let mut insecure = request("1.0.0");
    insecure.insecure = true;
    assert_eq!(
        cache.resolved(&insecure),
        Some(found),
        "how it is asked for does not count"
    );
    assert!(
        cache
            .remember(&request("2.0.0"), &resolved("sha256:../x"))
            .is_err()
    );
}

#[test]
fn takes_no_note_of_another_request_or_with_an_unusable_digest() {
    let (_folder, cache) = cache();
    cache
        .remember(&request("1.0.0"), &resolved(&sha256(b"a")))
        .unwrap();
    let note = |tag: &str| cache.note(&Key::new(&request(tag))).unwrap();
    fs::copy(note("1.0.0"), note("2.0.0")).unwrap();
    assert_eq!(cache.resolved(&request("2.0.0")), None);
    let text = fs::read_to_string(note("1.0.0")).unwrap();
    fs::write(note("1.0.0"), text.replace(&sha256(b"a"), "sha256:../../x")).unwrap();
    assert_eq!(cache.resolved(&request("1.0.0")), None);
    fs::write(note("1.0.0"), "{").unwrap();
    assert_eq!(cache.resolved(&request("1.0.0")), None);
}

#[test]
fn stays_whole_when_many_write_at_once() {
    let (_folder, cache) = cache();
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let digest = sha256(&bytes);
    thread::scope(|scope| {
        for n in 0..8 {
            let (cache, bytes, digest) = (cache.clone(), &bytes, &digest);
            scope.spawn(move || {
                for _ in 0..20 {
                    cache.put(digest, bytes).unwrap();
                    assert_eq!(cache.read(digest, MAX_BLOB).as_ref(), Some(bytes));
                    let mut found = resolved(digest);
                    found.size = n;
                    cache.remember(&request("1.0.0"), &found).unwrap();
                    assert!(cache.resolved(&request("1.0.0")).is_some());
                }
            });
        }
    });
    assert_eq!(fs::read_dir(cache.root.join("tmp")).unwrap().count(), 0);
}

#[test]
fn removes_the_oldest_when_there_is_too_much() {
    let (_folder, cache) = cache();
    let put = |bytes: &[u8], age: u64| {
        let digest = sha256(bytes);
        let path = cache.put(&digest, bytes).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(age))
            .unwrap();
        digest
    };
    let (old, new) = (put(&[1; 100], 50), put(&[2; 100], 30));
    let left = cache.root.join("tmp/left");
    fs::write(&left, "half").unwrap();
    cache.tidy_to(100, Duration::from_hours(40));
    assert!(cache.blob(&old).is_none() && cache.blob(&new).is_some());
    assert!(left.exists(), "young enough to be in use");
    cache.tidy_to(0, Duration::from_hours(40));
    assert!(cache.blob(&new).is_some());
    cache.tidy_to(0, Duration::ZERO);
    assert!(cache.blob(&new).is_none() && !left.exists());
}

#[test]
fn lies_where_the_environment_says() {
    let root = |variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| (*name, *value));
        default_root(&Environment::of(variables)).map(|path| path.display().to_string())
    };
    let home = ("HOME", "/home/me");
    assert_eq!(root(&[]), None);
    assert_eq!(root(&[home]).unwrap(), "/home/me/.cache/xtask");
    assert_eq!(
        root(&[home, ("XDG_CACHE_HOME", "here")]).unwrap(),
        "/home/me/.cache/xtask"
    );
    assert_eq!(root(&[home, ("XDG_CACHE_HOME", "/xdg")]).unwrap(), "/xdg/xtask");
    assert_eq!(
        root(&[home, ("XDG_CACHE_HOME", "/xdg"), ("XTASK_CACHE_DIR", "/own")]).unwrap(),
        "/own"
    );
}
