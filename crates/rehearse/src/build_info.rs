//! What Go writes into a program about its modules: the section `.go.buildinfo` of an ELF file, read within bounds.
//!
//! Source: Go's `debug/buildinfo`, for programs of Go 1.18 and newer, whose texts stand in the section itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The flag of texts that stand in the section.
const INLINE: u8 = 2;
/// Where the texts begin.
const HEADER: usize = 32;
/// The marks around the text about modules, in bytes.
const MARK: usize = 16;
/// Bounds: sections, their names and the one that is read, in bytes.
const MAX_SECTIONS: u64 = 4096;
const MAX_NAMES: u64 = 64 * 1024;
const MAX_SECTION: u64 = 4 << 20;

/// The version of the module that the program is built from, without a leading `v`; none where the file does not say.
pub(crate) fn version(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    version_in(&modules(&section(&file)?)?)
}

/// From lines such as `dep<TAB>PATH<TAB>VERSION`: of the longest module that the program's path begins with.
///
/// A program that is built in its own repository calls that version `(devel)`; Flux's controllers then still say which version of
/// their own API they are made for, which is released with them.
fn version_in(text: &str) -> Option<String> {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let program = lines.iter().find(|line| line.first() == Some(&"path"))?.get(1)?;
    let module = |line: &Vec<&str>| match line.as_slice() {
        ["mod" | "dep", path, version, ..] => Some(((*path).to_owned(), (*version).to_owned())),
        _ => None,
    };
    let modules: Vec<(String, String)> = lines.iter().filter_map(module).collect();
    let contains = |path: &str| {
        let rest = program.strip_prefix(path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (own, version) = modules
        .iter()
        .filter(|(path, _)| contains(path))
        .max_by_key(|(path, _)| path.len())?;
    let is_said = |version: &&String| version.starts_with('v') && !version.starts_with("v0.0.0-");
    let api = format!("{own}/api");
    let of_api = modules
        .iter()
        .find(|(path, _)| *path == api)
        .map(|(_, version)| version);
    let said = Some(version).filter(is_said).or_else(|| of_api.filter(is_said));
    said.map(|version| version.trim_start_matches('v').to_owned())
}

/// The text about modules in the section's bytes.
fn modules(section: &[u8]) -> Option<String> {
    if !section.starts_with(MAGIC) || section.get(MAGIC.len() + 1)? & INLINE == 0 {
        return None;
    }
    let (_go, rest) = text(section.get(HEADER..)?)?;
    let (marked, _) = text(rest)?;
    let inner = marked.get(MARK..marked.len().checked_sub(MARK)?)?;
    Some(String::from_utf8_lossy(inner).into_owned())
}

/// A text behind its length, and what follows it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length: u64 = 0;
    for (n, byte) in bytes.iter().enumerate().take(5) {
        length |= u64::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return bytes
                .get(n + 1..)?
                .split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

/// The bytes of `.go.buildinfo` in a little-endian ELF file of 64 bits.
fn section(file: &File) -> Option<Vec<u8>> {
    let header = read(file, 0, 64)?;
    if !header.starts_with(&[0x7f, b'E', b'L', b'F', 2, 1]) {
        return None;
    }
    let (table, size) = (number(&header, 0x28, 8)?, number(&header, 0x3a, 2)?);
    let (count, names) = (number(&header, 0x3c, 2)?, number(&header, 0x3e, 2)?);
    if size != 64 || count > MAX_SECTIONS {
        return None;
    }
    let entry = |n: u64| read(file, table.checked_add(n.checked_mul(size)?)?, size);
    let place = |entry: &[u8]| Some((number(entry, 24, 8)?, number(entry, 32, 8)?));
    let (at, length) = place(&entry(names)?)?;
    let names = read(file, at, length.min(MAX_NAMES))?;
    for n in 0..count {
        let entry = entry(n)?;
        let name = usize::try_from(number(&entry, 0, 4)?).ok()?;
        let is_it = names
            .get(name..)
            .is_some_and(|names| names.starts_with(b".go.buildinfo\0"));
        if is_it {
            let (at, length) = place(&entry)?;
            return read(file, at, length.min(MAX_SECTION));
        }
    }
    None
}

fn read(file: &File, at: u64, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

/// A little-endian number.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| (number << 8) | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with the section names, `.go.buildinfo` and nothing else.
    fn program(lines: &str) -> Vec<u8> {
        let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
        info.resize(HEADER, 0);
        let modules = format!("{}{lines}{}", "<".repeat(MARK), ">".repeat(MARK));
        for text in ["go1.27.0", &modules] {
            let length = text.len();
            info.extend([
                u8::try_from(length % 128).unwrap() | 0x80,
                u8::try_from(length / 128).unwrap(),
            ]);
            info.extend(text.as_bytes());
        }
        let names = b"\0.shstrtab\0.go.buildinfo\0";
        let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1];
        file.resize(64, 0);
        let mut entries = Vec::new();
        for (name, bytes) in [(0_u8, &b""[..]), (1, names), (11, &info)] {
            let mut entry = vec![0; 64];
            entry[0] = name;
            entry[24..32].copy_from_slice(&(file.len() as u64).to_le_bytes());
            entry[32..40].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
            file.extend(bytes);
            entries.extend(entry);
        }
        let table = file.len() as u64;
        file[0x28..0x30].copy_from_slice(&table.to_le_bytes());
        (file[0x3a], file[0x3c], file[0x3e]) = (64, 3, 1);
        file.extend(entries);
        file
    }

    fn version_of(bytes: &[u8]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        std::fs::write(&path, bytes).unwrap();
        version(&path)
    }

    #[test]
    fn tells_the_version_of_the_own_module() {
        let own = "path\tgithub.com/a/c\nmod\tgithub.com/a/c\tv1.9.4\th1:x\ndep\tgithub.com/a\tv7.0.0\n";
        assert_eq!(version_of(&program(own)).as_deref(), Some("1.9.4"));
        let wrapped =
            "path\tgithub.com/a/c/cmd/c\nmod\taround\t(devel)\t\ndep\tgithub.com/a/c\tv1.2.3\th1:x\n";
        assert_eq!(version_of(&program(wrapped)).as_deref(), Some("1.2.3"));
        let image = "path\tgithub.com/a/c\nmod\tgithub.com/a/c\t(devel)\t\ndep\tgithub.com/a/c/api\tv1.5.0\t\n=>\t./api\t(devel)\t\n";
        assert_eq!(version_of(&program(image)).as_deref(), Some("1.5.0"));
        let silent = "path\tgithub.com/a/c\nmod\tgithub.com/a/c\t(devel)\t\n";
        assert_eq!(version_of(&program(silent)), None);
    }

    #[test]
    fn nothing_is_told_of_other_files_and_of_broken_ones() {
        let whole = program("path\ta.b/c\nmod\ta.b/c\tv1.0.0\n");
        assert_eq!(version_of(b"#!/bin/sh\n"), None);
        // Whatever is cut off or changed, nothing breaks.
        for n in 0..whole.len() {
            let _ = version_of(&whole[..n]);
            let mut changed = whole.clone();
            changed[n] ^= 0xff;
            let _ = version_of(&changed);
        }
    }
}
