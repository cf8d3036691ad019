//! Writes the bundle from folders: `make_bundle OUT MODULE@VERSION=DIGEST=FOLDER...`, one per module.

use std::error::Error;
use std::fs;
use std::path::Path;

use schema::bundle::{Source, make};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("no folder to write to")?;
    let sources = arguments
        .map(|argument| source(&argument))
        .collect::<Result<Vec<_>, _>>()?;
    for file in make(&sources)? {
        fs::write(Path::new(&out).join(&file.name), file.text)?;
    }
    Ok(())
}

/// The digest may hold `=`, so the folder is what stands behind the last one.
fn source(argument: &str) -> Result<Source, Box<dyn Error>> {
    let wrong = || format!("`{argument}` is no MODULE@VERSION=DIGEST=FOLDER");
    let (head, folder) = argument.rsplit_once('=').ok_or_else(wrong)?;
    let (module, rest) = head.split_once('@').ok_or_else(wrong)?;
    let (version, digest) = rest.split_once('=').ok_or_else(wrong)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        files.push((name, fs::read(&path)?));
    }
    Ok(Source {
        module: module.into(),
        version: version.into(),
        digest: digest.into(),
        files,
    })
}
