//! Archives from file lists, good ones and bad ones.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use helm::Chart;
use tar::{Builder, EntryType, Header};

/// A `Chart.yaml`.
pub(crate) fn chart_yaml(name: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
}

/// An archive with files at paths as they are, whatever they look like.
pub(crate) fn tgz<P: AsRef<str>, D: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, D)>) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, data) in files {
        add(&mut tar, path.as_ref(), EntryType::Regular, data.as_ref());
    }
    gzip(&tar.into_inner().unwrap())
}

/// The chart in an archive whose files lie below `top/`.
pub(crate) fn chart<P: AsRef<str>, D: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, D)>) -> Chart {
    let below = files
        .into_iter()
        .map(|(path, data)| (format!("top/{}", path.as_ref()), data));
    Chart::from_archive(&tgz(below)).unwrap()
}

/// Adds an entry; paths that the library would refuse are written into the header as they are.
pub(crate) fn add(tar: &mut Builder<Vec<u8>>, path: &str, kind: EntryType, data: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(data.len() as u64);
    header.set_mode(0o644);
    if kind.is_symlink() || kind.is_hard_link() {
        header.set_link_name("/etc/hostname").unwrap();
    }
    let name = &mut header.as_gnu_mut().unwrap().name;
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    tar.append(&header, data).unwrap();
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}
