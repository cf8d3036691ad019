//! Which version of each program belongs to this program, and out of which image it can be had: `programs.yaml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use oci::FileRequest;
use serde::Deserialize;

use crate::programs::Program;

/// The file of this program itself.
const OWN: &str = include_str!("../programs.yaml");
/// The largest file of pins, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// A program in an image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The name of the program.
    name: String,
    /// Registry and repository.
    pub image: String,
    /// The image's tag; for people, nobody asks for it.
    pub version: String,
    /// The digest of the image's index; without it the program is not fetched.
    #[serde(default)]
    digest: Option<String>,
    /// The absolute path of the program in the image.
    file: String,
}

/// The pin of each program.
#[derive(Debug, Clone)]
pub struct Pins(BTreeMap<Program, Pin>);

/// A file of pins that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {why}", path.display())]
pub struct PinError {
    path: PathBuf,
    why: String,
}

impl Pins {
    /// Those of this program, replaced by those of `file` where it has any.
    pub fn read(file: Option<&Path>) -> Result<Self, PinError> {
        let of = |path: &Path| {
            let path = path.to_owned();
            move |why: String| PinError { path, why }
        };
        let mut pins = parse(OWN).map_err(of(Path::new("programs.yaml")))?;
        if let Some(path) = file {
            let text = text(path).map_err(of(path))?;
            pins.extend(parse(&text).map_err(of(path))?);
        }
        Ok(Self(pins))
    }

    /// The pin of a program.
    pub fn get(&self, program: Program) -> Option<&Pin> {
        self.0.get(&program)
    }
}

impl Pin {
    /// Whether it can be fetched: the digest of its image is known.
    pub fn is_fetchable(&self) -> bool {
        self.digest.is_some()
    }

    /// What to ask a registry for; none where the pin has no digest.
    pub(crate) fn request(&self) -> Option<FileRequest> {
        Some(FileRequest {
            image: self.image.clone(),
            digest: self.digest.clone()?,
            path: self.file.clone(),
            architecture: architecture().to_owned(),
        })
    }
}

/// This machine's architecture in Go's words.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

fn text(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|cause| format!("cannot be read: {cause}"))?;
    if !metadata.is_file() || metadata.len() > MAX_FILE {
        return Err(format!("wanted a file of at most {MAX_FILE} bytes"));
    }
    std::fs::read_to_string(path).map_err(|cause| format!("cannot be read: {cause}"))
}

fn parse(text: &str) -> Result<BTreeMap<Program, Pin>, String> {
    let pins: Vec<Pin> = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let mut all = BTreeMap::new();
    for pin in pins {
        let name = pin.name.clone();
        let program = Program::ALL
            .into_iter()
            .find(|program| program.name() == name)
            .ok_or_else(|| format!("`{name}` is no program of a rehearsal"))?;
        if pin.digest.as_ref().is_some_and(|digest| !oci::is_digest(digest)) {
            return Err(format!(
                "`{name}` has a digest that is none, wanted `sha256:` and 64 lower-case hex digits"
            ));
        }
        if all.insert(program, pin).is_some() {
            return Err(format!("`{name}` is there twice"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_pinned_by_digest() {
        let pins = Pins::read(None).unwrap();
        for program in Program::ALL {
            let request = pins.get(program).and_then(Pin::request).unwrap();
            assert!(
                request.path.ends_with(&format!("/{}", program.name())),
                "{request:?}"
            );
        }
    }

    #[test]
    fn own_pins_replace_single_programs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.yaml");
        let own = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Pins::read(Some(&file))
        };
        let pins = own("- {name: kwok, image: example.org/kwok, version: v9, file: /kwok}").unwrap();
        let kwok = pins.get(Program::Kwok).unwrap();
        assert_eq!((kwok.version.as_str(), kwok.request()), ("v9", None));
        assert!(pins.get(Program::Etcd).and_then(Pin::request).is_some());
        for (text, why) in [
            (
                "- {name: kubelet, image: a.b/c, version: v1, file: /a}",
                "`kubelet` is no program",
            ),
            (
                "- {name: kwok, image: a.b/c, version: v1, file: /a, digest: latest}",
                "wanted `sha256:`",
            ),
            (
                "- {name: kwok, image: a.b/c, version: v1, path: /a}",
                "unknown field `path`",
            ),
            ("kwok", "own.yaml"),
        ] {
            let error = own(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
