//! Layers as they are, and as somebody would make them who wants out.

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::*;

const PATH: &str = "/usr/local/bin/demo";

fn header(kind: EntryType, size: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header
}

/// Names are written as they are, with whatever they hold.
fn named(mut header: Header, name: &str, link: &str) -> Header {
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name.as_bytes());
    old.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    header
}

/// `(name, type, link or content)`
fn tar(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, text) in entries {
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        let (content, link) = if is_link { ("", *text) } else { (*text, "") };
        let header = named(header(*kind, content.len() as u64, 0o755), name, link);
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn look_in(bytes: &[u8], limit: u64) -> (Result<Seen, LayerError>, String) {
    let mut layer = tempfile::tempfile().unwrap();
    layer.write_all(bytes).unwrap();
    let mut out = tempfile::tempfile().unwrap();
    let seen = look_within(layer, PATH, &mut out, limit);
    let mut text = String::new();
    out.seek(SeekFrom::Start(0)).unwrap();
    out.read_to_string(&mut text).unwrap();
    (seen, text)
}

fn seen(entries: &[(&str, EntryType, &str)]) -> Seen {
    look_in(&tar(entries), MAX_UNPACKED).0.unwrap()
}

#[track_caller]
fn assert_refused(bytes: &[u8], why: &str) {
    let error = look_in(bytes, 1 << 20).0.unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;
const LINK: EntryType = EntryType::Symlink;

#[test]
fn takes_the_file_by_whatever_name_tar_gives_it() {
    for name in [
        "usr/local/bin/demo",
        "./usr/local/bin/demo",
        "/usr//local/bin/demo",
    ] {
        for bytes in [tar(&[(name, FILE, "ELF")]), gzip(&tar(&[(name, FILE, "ELF")]))] {
            let (seen, text) = look_in(&bytes, 1 << 20);
            let Ok(Seen::File(taken)) = seen else {
                panic!("{name}: {seen:?}")
            };
            assert!(taken.is_executable && taken.size == 3 && text == "ELF", "{name}");
            assert_eq!(taken.sha256, crate::digest::sha256(b"ELF"));
        }
    }
    // A later entry of a layer replaces an earlier one, however long that was.
    let (_, text) = look_in(
        &tar(&[
            ("usr/local/bin/demo", FILE, "a longer one"),
            ("usr/local/bin/demo", FILE, "ELF"),
        ]),
        1 << 20,
    );
    assert_eq!(text, "ELF");
}

#[test]
fn long_names_and_extended_headers_count() {
    let mut builder = Builder::new(Vec::new());
    builder
        .append_pax_extensions([
            ("SCHILY.xattr.security.capability", &b"\x01\0\0\x02"[..]),
            ("path", b"usr/local/bin/demo"),
        ])
        .unwrap();
    builder
        .append(&named(header(FILE, 3, 0o755), "short", ""), &b"ELF"[..])
        .unwrap();
    let (seen, text) = look_in(&builder.into_inner().unwrap(), 1 << 20);
    assert!(matches!(seen, Ok(Seen::File(_))) && text == "ELF");
}

#[test]
fn what_was_deleted_is_not_there() {
    for name in [
        "usr/local/bin/.wh.demo",
        "usr/local/.wh.bin",
        ".wh.usr",
        "usr/local/bin/.wh..wh..opq",
        ".wh..wh..opq",
    ] {
        assert_eq!(seen(&[(name, FILE, "")]), Seen::Hidden, "{name}");
        // A layer's whiteouts are about the layers below it.
        let both = seen(&[(name, FILE, ""), ("usr/local/bin/demo", FILE, "ELF")]);
        assert!(matches!(both, Seen::File(_)), "{name}");
    }
    for name in ["usr/local/bin/.wh.demo2", "usr/bin/.wh.demo", "opt/.wh..wh..opq"] {
        assert_eq!(seen(&[(name, FILE, "")]), Seen::Nothing, "{name}");
    }
}

#[test]
fn links_lead_elsewhere_inside_the_image() {
    for (name, link, target) in [
        ("usr/local/bin/demo", "demo-1.2", "/usr/local/bin/demo-1.2"),
        ("usr/local/bin/demo", "/opt/demo", "/opt/demo"),
        ("usr/local/bin/demo", "../../../../../etc/passwd", "/etc/passwd"),
        ("usr/local", "../opt", "/opt/bin/demo"),
        ("usr", "/x/./y", "/x/y/local/bin/demo"),
    ] {
        assert_eq!(
            seen(&[(name, LINK, link)]),
            Seen::Link(target.to_owned()),
            "{name}"
        );
    }
    let hard = seen(&[("usr/local/bin/demo", EntryType::Link, "opt/demo")]);
    assert_eq!(hard, Seen::Link("/opt/demo".to_owned()));
    assert_eq!(seen(&[("usr/local/bin/demo", LINK, "/")]), Seen::Hidden);
    // A folder that replaces a link of the same layer is a folder again.
    let replaced = seen(&[("usr/local", LINK, "/opt"), ("usr/local", FOLDER, "")]);
    assert_eq!(replaced, Seen::Nothing);
}

#[test]
fn what_is_no_file_is_not_taken() {
    for (kind, what) in [
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (FOLDER, "a folder"),
        (EntryType::GNUSparse, "something unknown"),
    ] {
        assert_eq!(seen(&[("usr/local/bin/demo", kind, "")]), Seen::Other(what));
    }
    // A file where a folder would have to be.
    assert_eq!(seen(&[("usr/local", FILE, "x")]), Seen::Hidden);
    // Names that climb out name nothing.
    let climbing = seen(&[
        ("../usr/local/bin/demo", FILE, "x"),
        ("usr/x/../local/bin/demo", FILE, "x"),
    ]);
    assert_eq!(climbing, Seen::Nothing);
}

#[test]
fn bombs_and_broken_archives_are_refused() {
    let mut big = Builder::new(Vec::new());
    big.append(
        &named(header(FILE, 2 << 20, 0o755), "big", ""),
        io::repeat(0).take(2 << 20),
    )
    .unwrap();
    assert_refused(
        &gzip(&big.into_inner().unwrap()),
        "unpacks to more than 1048576 bytes",
    );
    let promise = named(header(FILE, MAX_FILE + 1, 0o755), "usr/local/bin/demo", "");
    assert_refused(promise.as_bytes(), "holds a file of 536870913 bytes");
    let name = named(header(EntryType::GNULongName, 1 << 30, 0o644), "long", "");
    assert_refused(name.as_bytes(), "holds a header of 1073741824 bytes");
    let whole = tar(&[("usr/local/bin/demo", FILE, "ELF and more")]);
    assert_refused(&whole[..516], "is no whole tar archive");
    let packed = gzip(&whole);
    assert_refused(&packed[..packed.len() / 2], "is no whole tar archive");
    assert_refused(b"<html>nothing here</html>", "is no whole tar archive");
    assert_refused(b"\x28\xb5\x2f\xfd and so on", "is compressed with zstd");
}
