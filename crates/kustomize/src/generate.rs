//! ConfigMaps and Secrets from literals, files and env files.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diag::Span;
use model::yaml::{Map, Node, Value};

use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::file::{File, Generator, Pair, Text};
use crate::problem::Problem;
use crate::resource::{Behavior, Resource};
use crate::{finish, scalar};

/// Base64 longer than this is broken into lines of this length.
const LINE: usize = 70;

/// One key of the data, before it is known to be text or not.
struct Datum {
    key: Arc<str>,
    value: Vec<u8>,
    span: Span,
}

/// Runs the generators of a file: all ConfigMaps, then all Secrets.
pub(crate) fn run(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    for generator in &file.generators {
        let Some(mut resource) = make(run, file, generator) else {
            continue;
        };
        resource.origin = run.origin(file, generator.span);
        if run.metadata.tracks_origin() {
            let kind = if generator.is_secret {
                "SecretGenerator"
            } else {
                "ConfigMapGenerator"
            };
            resource.origin_annotation = Some(finish::configured(&run.origin_path, file, kind));
        }
        accumulator.absorb(resource, generator.span, &mut run.problems);
    }
}

fn make(run: &mut Run<'_, '_>, file: &File, generator: &Generator) -> Option<Resource> {
    let Some(name) = &generator.name else {
        run.problems
            .push(Problem::error(generator.span, "a generator has no `name`"));
        return None;
    };
    let behavior = match generator.behavior.as_ref().map(|text| &*text.value) {
        Some("merge") => Behavior::Merge,
        Some("replace") => Behavior::Replace,
        // Upstream takes every other word for `create`.
        _ => Behavior::Create,
    };
    let options = generator.options.with_global(file.generator_options.as_ref());
    let data = data(run, file, generator, name)?;
    let kind = if generator.is_secret {
        "Secret"
    } else {
        "ConfigMap"
    };
    let span = generator.span;
    let mut node = Node::map(span);
    let map = node.as_map_mut()?;
    map.set("apiVersion", span, Node::string("v1", span));
    map.set("kind", span, Node::string(kind, span));
    map.set(
        "metadata",
        span,
        metadata(generator, name, &options.labels, &options.annotations),
    );
    if generator.is_secret {
        let kind = generator.secret_type.clone();
        let kind = kind.map_or_else(
            || Node::string("Opaque", span),
            |text| Node::string(text.value, text.span),
        );
        map.set("type", span, kind);
    }
    fill(map, data, generator.is_secret, span);
    if options.immutable {
        map.set("immutable", span, Node::new(Value::Bool(true), span));
    }
    let mut resource = Resource::new(node, Vec::new());
    resource.generated = true;
    resource.needs_hash = !options.disable_name_suffix_hash;
    resource.behavior = behavior;
    Some(resource)
}

fn metadata(generator: &Generator, name: &Text, labels: &[Pair], annotations: &[Pair]) -> Node {
    let mut node = Node::map(name.span);
    if let Some(map) = node.as_map_mut() {
        map.set("name", name.span, Node::string(name.value.clone(), name.span));
        if let Some(namespace) = &generator.namespace {
            map.set(
                "namespace",
                namespace.span,
                Node::string(namespace.value.clone(), namespace.span),
            );
        }
        for (field, pairs) in [("labels", labels), ("annotations", annotations)] {
            let Some(first) = pairs.first() else { continue };
            let mut of_field = Map::default();
            for pair in pairs {
                let value = Node::string(pair.value.value.clone(), pair.value.span);
                of_field.set(pair.key.value.clone(), pair.key.span, value);
            }
            map.set(
                field,
                first.key.span,
                Node::new(Value::Map(of_field), first.key.span),
            );
        }
    }
    node
}

/// Puts data under the field that fits: text as it is, everything else and all of a Secret in base64.
fn fill(map: &mut Map, data: Vec<Datum>, is_secret: bool, span: Span) {
    for datum in data {
        let (field, value) = match String::from_utf8(datum.value) {
            Ok(text) if !is_secret => ("data", text),
            Ok(text) => ("data", broken_base64(text.as_bytes())),
            Err(error) if is_secret => ("data", broken_base64(error.as_bytes())),
            Err(error) => ("binaryData", broken_base64(error.as_bytes())),
        };
        if let Some(of_field) = map.map_or_insert(field, span) {
            of_field.set(datum.key, datum.span, Node::string(value, datum.span));
        }
    }
    if is_secret && map.get("data").is_none() {
        map.set("data", span, Node::map(span));
    }
}

fn broken_base64(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut out = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    for (at, c) in encoded.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    out.push('\n');
    out
}

/// All data of a generator in the order of upstream: env files, literals, files.
fn data(run: &mut Run<'_, '_>, file: &File, generator: &Generator, name: &Text) -> Option<Vec<Datum>> {
    let before = run.problems.len();
    let mut data = Vec::new();
    for entry in &generator.envs {
        if let Some((_, bytes)) = read(run, file, entry, &entry.value, "env file") {
            env(run, entry, &bytes, &mut data);
        }
    }
    for entry in &generator.literals {
        let Some((key, value)) = entry.value.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            let message = format!("literal `{}` has no key, wanted `key=value`", entry.value);
            run.problems.push(Problem::error(entry.span, message));
            continue;
        };
        let value = unquoted(value).as_bytes().to_vec();
        data.push(Datum {
            key: key.into(),
            value,
            span: entry.span,
        });
    }
    for entry in &generator.files {
        match source(&entry.value) {
            Ok((key, at)) => {
                if let Some((_, value)) = read(run, file, entry, at, "file") {
                    data.push(Datum {
                        key: key.into(),
                        value,
                        span: entry.span,
                    });
                }
            }
            Err(message) => run.problems.push(Problem::error(entry.span, message)),
        }
    }
    if !generator.is_secret {
        for datum in data
            .iter()
            .filter(|datum| datum.value.starts_with(b"\t") && datum.value.contains(&b'\n'))
        {
            // Upstream writes the value as a block scalar and cannot read that back.
            let message = format!(
                "the value of `{}` has several lines and starts with a tab",
                datum.key
            );
            run.problems.push(Problem::error(datum.span, message));
        }
    }
    data.sort_by(|a, b| a.key.cmp(&b.key));
    for pair in data.windows(2) {
        if let [first, second] = pair
            && first.key == second.key
        {
            let message = format!("`{}` has the key `{}` twice", name.value, second.key);
            run.problems
                .push(Problem::error(second.span, message).with_related(first.span, "first here"));
        }
    }
    (run.problems.len() == before).then_some(data)
}

/// Key and path of a `files` entry: `path` or `key=path`.
fn source(text: &str) -> Result<(&str, &str), String> {
    match text.split_once('=') {
        None => Ok((model::tree::path::file_name(text), text)),
        Some((_, at)) if at.contains('=') => Err(format!("file `{text}` has two `=`, wanted `key=path`")),
        Some(("", _)) => Err(format!("file `{text}` has no key before its `=`")),
        Some((_, "")) => Err(format!("file `{text}` has no path behind its `=`")),
        Some((key, at)) => Ok((key, at)),
    }
}

fn unquoted(value: &str) -> &str {
    let inner = |quote: char| {
        value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

fn read(run: &mut Run<'_, '_>, file: &File, entry: &Text, at: &str, what: &str) -> Option<(String, Vec<u8>)> {
    let text = Text {
        value: at.into(),
        span: entry.span,
    };
    let at = run.locate(file, &text, what)?;
    run.files.insert(at.clone());
    match run.builder.tree.read_bytes(&at) {
        Ok(bytes) => Some((at, bytes)),
        Err(error) => {
            run.cannot_read(entry.span, what, &error);
            None
        }
    }
}

/// The lines of an env file: `KEY=value`, `KEY` alone, blank lines and comments.
fn env(run: &mut Run<'_, '_>, entry: &Text, bytes: &[u8], data: &mut Vec<Datum>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        run.problems.push(Problem::error(
            entry.span,
            format!("env file `{}` is not UTF-8 text", entry.value),
        ));
        return;
    };
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if key.is_empty() {
            let message = format!("env file `{}` has a line without a key: `{line}`", entry.value);
            run.problems.push(Problem::error(entry.span, message));
            continue;
        }
        data.push(Datum {
            key: key.into(),
            value: value.as_bytes().to_vec(),
            span: entry.span,
        });
    }
}

/// Joins a generated object with the one whose identity it has: that one's name and namespace stay.
pub(crate) fn join(new: &mut Resource, old: &Resource, behavior: Behavior) {
    for field in ["labels", "annotations"] {
        let mut entries = texts(&old.node, &["metadata", field]);
        overlay(&mut entries, &texts(&new.node, &["metadata", field]));
        if entries.is_empty() {
            new.clear_metadata(field);
        } else {
            new.set_metadata(field, Node::new(Value::Map(entries), new.node.span));
        }
    }
    new.set_name(old.name());
    match old.node.at(&["metadata", "namespace"]).cloned() {
        Some(namespace) => new.set_metadata("namespace", namespace),
        None => new.clear_metadata("namespace"),
    }
    if behavior == Behavior::Merge {
        for field in ["data", "binaryData"] {
            let mut entries = texts(&old.node, &[field]);
            overlay(&mut entries, &texts(&new.node, &[field]));
            let span = new.node.span;
            if let Some(map) = new.node.as_map_mut() {
                map.remove(field);
                if !entries.is_empty() {
                    map.set(field, span, Node::new(Value::Map(entries), span));
                }
            }
        }
        new.origin_annotation.clone_from(&old.origin_annotation);
    }
    new.needs_hash &= old.needs_hash;
    new.behavior = old.behavior;
    new.previous.clone_from(&old.previous);
    new.prefixes.clone_from(&old.prefixes);
    new.suffixes.clone_from(&old.suffixes);
    new.transformations.clone_from(&old.transformations);
    let own = std::mem::replace(&mut new.origin, old.origin.clone());
    new.origin.extend(own.last().map(|hop| diag::Hop {
        what: format!("generator in {}", hop.what),
        span: hop.span,
    }));
}

/// The entries of a mapping as strings.
fn texts(node: &Node, path: &[&str]) -> Map {
    let mut map = Map::default();
    for entry in node.entries_at(path) {
        let value = Node::string(scalar::text(&entry.value), entry.value.span);
        map.set(entry.key.clone(), entry.key_span, value);
    }
    map
}

fn overlay(into: &mut Map, from: &Map) {
    for entry in from.entries() {
        into.set(entry.key.clone(), entry.key_span, entry.value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_base64_is_broken_into_lines() {
        assert_eq!(broken_base64(b"x"), "eA==");
        let long = broken_base64(&[0; 60]);
        assert_eq!(long.lines().map(str::len).collect::<Vec<_>>(), [70, 10]);
        assert!(long.ends_with('\n') && !broken_base64(&[0; 50]).contains('\n'));
    }

    #[test]
    fn file_entries_are_path_or_key_and_path() {
        assert_eq!(source("a/b.txt"), Ok(("b.txt", "a/b.txt")));
        assert_eq!(source("k=a/b.txt"), Ok(("k", "a/b.txt")));
        for wrong in ["a=b=c", "=b", "a="] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_outer_quotes_of_the_same_kind_go() {
        assert_eq!(unquoted("\"a\""), "a");
        assert_eq!(unquoted("'a\""), "'a\"");
        assert_eq!(unquoted("\""), "\"");
    }
}
