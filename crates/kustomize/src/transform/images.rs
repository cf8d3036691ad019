//! `images`: changes names, tags and digests of container images.
//!
//! An image is one whose text matches `^NAME(:tag)?(@sha256:digest)?$`, the name being a regular expression.

use std::sync::Arc;

use model::yaml::{Node, Value};
use regex::Regex;

use crate::accumulate::Run;
use crate::accumulator::Accumulator;
use crate::fieldspec::{Create, FieldSpec};
use crate::file::{File, Image};
use crate::problem::{Problem, ProblemKind};
use crate::resource::Resource;
use crate::scalar;

pub(super) fn run(run: &mut Run<'_, '_>, accumulator: &mut Accumulator, file: &File) {
    let config = accumulator.config.clone();
    for image in &file.images {
        let Some(matcher) = Matcher::new(&image.name) else {
            run.problems.push(Problem::error(
                image.span,
                format!("image name `{}` is no regular expression", image.name),
            ));
            continue;
        };
        let mut update = Update {
            image,
            matcher,
            matched: false,
        };
        for resource in &mut accumulator.resources {
            if &*resource.kind() == "CustomResourceDefinition" {
                continue;
            }
            if let Err(message) = update.object(resource, &config.images) {
                run.problems.push(Problem::error(
                    resource.span(),
                    format!("`{}`: {message}", resource.id()),
                ));
            }
        }
        if !update.matched {
            let message = format!("no container uses the image `{}`", image.name);
            run.problems
                .push(Problem::new(ProblemKind::Unmatched, image.span, message));
        }
        run.ran(accumulator, file, "ImageTagTransformer");
    }
}

/// Finds images of one name.
enum Matcher {
    /// A name whose only special character is the dot, which matches any character.
    Dotted(Arc<str>),
    Regex(Regex),
}

impl Matcher {
    fn new(name: &Arc<str>) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_' | ':' | '@');
        if name.chars().all(is_plain) {
            return Some(Self::Dotted(name.clone()));
        }
        let pattern = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
        Regex::new(&pattern).ok().map(Self::Regex)
    }

    fn matches(&self, image: &str) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(image),
            Self::Dotted(name) => {
                let Some((head, rest)) = image.split_at_checked(name.len()) else {
                    return false;
                };
                let same = |(wanted, found): (u8, u8)| wanted == found || (wanted == b'.' && found != b'\n');
                name.bytes().zip(head.bytes()).all(same) && is_tag_and_digest(rest)
            }
        }
    }
}

/// Whether a text is a tag, a digest, both in this order, or nothing.
fn is_tag_and_digest(text: &str) -> bool {
    let is_word = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.{}-".contains(&b))
    };
    let (tag, digest) = match text.split_once('@') {
        Some((tag, digest)) => (tag, Some(digest)),
        None => (text, None),
    };
    let tag_fits = tag.is_empty() || tag.strip_prefix(':').is_some_and(is_word);
    let digest_fits = digest.is_none_or(|digest| digest.strip_prefix("sha256:").is_some_and(is_word));
    tag_fits && digest_fits
}

/// Name, tag and digest of an image.
fn split(image: &str) -> (&str, &str, &str) {
    let path = image.find('/').filter(|at| *at > 0).unwrap_or(0);
    let find = |c: char| {
        image
            .get(path..)
            .and_then(|rest| rest.find(c))
            .map(|at| at + path)
    };
    let cut = |from: usize, to: usize| image.get(from..to).unwrap_or_default();
    match (find(':'), find('@')) {
        (None, None) => (image, "", ""),
        (Some(colon), Some(at)) if colon < at => {
            (cut(0, colon), cut(colon + 1, at), cut(at + 1, image.len()))
        }
        (_, Some(at)) => (cut(0, at), "", cut(at + 1, image.len())),
        (Some(colon), None) => (cut(0, colon), cut(colon + 1, image.len()), ""),
    }
}

struct Update<'f> {
    image: &'f Image,
    matcher: Matcher,
    matched: bool,
}

impl Update<'_> {
    fn object(&mut self, resource: &mut Resource, specs: &[FieldSpec]) -> Result<(), String> {
        self.walk(&mut resource.node)?;
        let id = resource.id();
        for spec in specs.iter().filter(|spec| spec.selects(&id)) {
            spec.apply(&mut resource.node, Create::Never, &mut |node| self.set(node))?;
        }
        Ok(())
    }

    /// Looks for lists of containers at any depth.
    fn walk(&mut self, node: &mut Node) -> Result<(), String> {
        match &mut node.value {
            Value::Seq(items) => items.iter_mut().try_for_each(|item| self.walk(item)),
            Value::Map(map) => map.entries_mut().iter_mut().try_for_each(|entry| {
                self.walk(&mut entry.value)?;
                match (&*entry.key, &mut entry.value.value) {
                    ("containers" | "initContainers", Value::Seq(items)) => {
                        items.iter_mut().try_for_each(|item| self.container(item))
                    }
                    _ => Ok(()),
                }
            }),
            _ => Ok(()),
        }
    }

    fn container(&mut self, node: &mut Node) -> Result<(), String> {
        let found = scalar::type_word(node);
        match &mut node.value {
            Value::Map(map) => map.get_mut("image").map_or(Ok(()), |image| self.set(image)),
            Value::Null => Ok(()),
            _ => Err(format!("a container is {found}, wanted a mapping")),
        }
    }

    fn set(&mut self, node: &mut Node) -> Result<(), String> {
        if matches!(node.value, Value::Map(_) | Value::Seq(_)) {
            return Err(format!(
                "an image is {}, wanted a string",
                scalar::type_word(node)
            ));
        }
        let old = scalar::text(node);
        if !self.matcher.matches(&old) {
            return Ok(());
        }
        self.matched = true;
        let (name, tag, digest) = split(&old);
        let text = |field: &Option<crate::file::Text>| field.as_ref().map(|text| text.value.to_string());
        let name = text(&self.image.new_name).unwrap_or_else(|| name.to_owned());
        let (tag, digest) = match (
            text(&self.image.new_tag),
            text(&self.image.digest),
            text(&self.image.tag_suffix),
        ) {
            (Some(tag), Some(digest), _) => (tag, digest),
            (Some(tag), None, _) => (tag, String::new()),
            (None, Some(digest), _) => (String::new(), digest),
            (None, None, Some(suffix)) => (format!("{tag}{suffix}"), String::new()),
            (None, None, None) => (tag.to_owned(), digest.to_owned()),
        };
        let mut new = name;
        if !tag.is_empty() {
            new = format!("{new}:{tag}");
        }
        if !digest.is_empty() {
            new = format!("{new}@{digest}");
        }
        let from = [
            &self.image.new_tag,
            &self.image.digest,
            &self.image.new_name,
            &self.image.tag_suffix,
        ];
        let span = from
            .into_iter()
            .flatten()
            .next()
            .map_or(node.span, |text| text.span);
        *node = if *new == *old {
            node.clone()
        } else {
            scalar::untyped(new.into(), span)
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_match_by_name_with_any_tag_and_digest() {
        let matches = |name: &str, image: &str| Matcher::new(&name.into()).unwrap().matches(image);
        assert!(
            matches("nginx", "nginx")
                && matches("nginx", "nginx:1.2")
                && matches("nginx", "nginx:1@sha256:ab")
        );
        assert!(matches("re.x", "reax:1") && matches("ngi(nx|x)", "nginx:1"));
        assert!(matches("a/b", "a/b@sha256:0") && matches("r:5000/a", "r:5000/a:1"));
        for (name, image) in [
            ("nginx", "nginx2"),
            ("nginx", "a/nginx"),
            ("nginx", "nginx@sha512:ab"),
            ("a", "a:b c"),
        ] {
            assert!(!matches(name, image), "{name} {image}");
        }
        assert!(Matcher::new(&"[".into()).is_none());
    }

    #[test]
    fn images_are_split_behind_the_registry() {
        assert_eq!(split("r:5000/a:1@sha256:b"), ("r:5000/a", "1", "sha256:b"));
        assert_eq!(split("a@sha256:b"), ("a", "", "sha256:b"));
        assert_eq!(split("a:1"), ("a", "1", ""));
    }
}
