//! Texts that templates make or run: known ones are computed, `tpl` runs those that values and files hold.

use std::borrow::Cow;

use model::yaml::{Node, Value};

use super::eval::{Evaluator, printed};
use super::paths::Texts;
use super::program::BodyId;
use super::value::{Atom, PathId, TextId, Val};

/// The most alternatives of a known text that are told apart.
const MAX_TEXTS: usize = 16;
/// The largest file that may be run as a template, in bytes.
const MAX_FILE: usize = 1 << 20;
/// The most parts of a text: up to here, the keys that `split` gives them are in order.
const MAX_PARTS: usize = 10;
/// The longest text that a template prints and that is known, in bytes.
const MAX_PRINTED: usize = 256;
/// The most that is searched for braces before they are taken to be there.
const MAX_SEARCH: usize = 2000;

/// The texts with braces in values and in other files of the charts.
#[derive(Debug, Default)]
pub(super) struct Strings<'s> {
    values: Vec<(Vec<TextId>, &'s str)>,
    files: Vec<Cow<'s, str>>,
}

impl<'s> Strings<'s> {
    /// Adds those of values that lie below a path.
    pub(super) fn add_values(&mut self, texts: &mut Texts, section: &[String], values: &'s Node) {
        let mut path: Vec<TextId> = section.iter().map(|key| texts.id(key)).collect();
        self.walk(texts, &mut path, values);
    }

    fn walk(&mut self, texts: &mut Texts, path: &mut Vec<TextId>, node: &'s Node) {
        match &node.value {
            Value::Str(text) if text.contains("{{") => self.values.push((path.clone(), text)),
            Value::Map(map) => {
                for entry in map.entries() {
                    if entry.key.contains("{{") {
                        self.values.push((path.clone(), &entry.key));
                    }
                    path.push(texts.id(&entry.key));
                    self.walk(texts, path, &entry.value);
                    path.pop();
                }
            }
            Value::Seq(items) => {
                path.push(TextId::ANY);
                for item in items {
                    self.walk(texts, path, item);
                }
                path.pop();
            }
            _ => {}
        }
    }

    /// Adds a file that is a template.
    pub(super) fn add_file(&mut self, data: &'s [u8]) {
        if data.len() <= MAX_FILE {
            self.files
                .extend(Some(String::from_utf8_lossy(data)).filter(|text| text.contains("{{")));
        }
    }
}

impl Evaluator<'_> {
    /// `tpl text context`.
    pub(super) fn tpl(&mut self, arguments: &[Val]) -> Val {
        let [text, context, ..] = arguments else {
            return Val::other();
        };
        self.heap.cover(text);
        let mut bodies = Vec::new();
        for atom in text.atoms() {
            match atom {
                Atom::Text(text) => {
                    let text = self.heap.texts.text(*text).to_owned();
                    match self.program.text(&text) {
                        Some(body) if text.contains("{{") => bodies.push(body),
                        _ => {}
                    }
                }
                Atom::Path(path) => bodies.extend(self.strings_below(*path)),
                Atom::Object(_) if self.has_braces(text) => self.heap.cover(context),
                Atom::Other | Atom::Object(_) => bodies.extend(self.all_strings()),
                Atom::AnyFile => bodies.extend(self.all_files()),
                // Put together of parts that are not known.
                Atom::Braces => self.heap.cover(context),
            }
        }
        bodies
            .into_iter()
            .fold(Val::other(), |out, body| out.or(&self.call(body, context)))
    }

    fn strings_below(&mut self, path: PathId) -> Vec<BodyId> {
        let keys = self.heap.paths.keys(path);
        let is_below = |at: &[TextId]| {
            let mut both = at.iter().zip(&keys);
            at.len() >= keys.len() && both.all(|(a, b)| a == b || *a == TextId::ANY || *b == TextId::ANY)
        };
        let values = self.strings.values.iter().filter(|(at, _)| is_below(at));
        values.filter_map(|(_, text)| self.program.text(text)).collect()
    }

    fn all_strings(&mut self) -> Vec<BodyId> {
        let values = self.strings.values.iter();
        values.filter_map(|(_, text)| self.program.text(text)).collect()
    }

    fn all_files(&mut self) -> Vec<BodyId> {
        let files = self.strings.files.iter();
        files.filter_map(|text| self.program.text(text)).collect()
    }

    /// Whether braces of templates stand in what a value holds.
    pub(super) fn has_braces(&self, value: &Val) -> bool {
        let (mut open, mut next) = (value.atoms().to_vec(), 0);
        while let Some(atom) = open.get(next) {
            match atom {
                _ if next == MAX_SEARCH => return true,
                Atom::Braces => return true,
                Atom::Text(text) => {
                    let text = self.heap.texts.text(*text);
                    if text.contains("{{") || text.contains("}}") {
                        return true;
                    }
                }
                Atom::Object(object) if !open[..next].contains(atom) => {
                    let object = self.heap.object(*object);
                    let held = object.fields.values().chain([&object.rest, &object.also]);
                    open.extend(held.flat_map(Val::atoms));
                }
                Atom::Object(_) | Atom::Path(_) | Atom::Other | Atom::AnyFile => {}
            }
            next += 1;
        }
        false
    }

    /// The parts of known texts: each text has a list of its own, whatever place splits it.
    pub(super) fn split_text(&mut self, name: &str, arguments: &[Val]) -> Val {
        let known: Vec<_> = arguments
            .iter()
            .filter_map(|argument| match argument.atoms() {
                [Atom::Text(text)] => Some(*text),
                _ => None,
            })
            .collect();
        let (false, [separator, text]) = (arguments.len() != 2, &known[..]) else {
            return self.split_texts(name, arguments);
        };
        let (separator, text) = (
            self.heap.texts.text(*separator).to_owned(),
            self.heap.texts.text(*text).to_owned(),
        );
        let prefix = if name == "split" { "_" } else { "" };
        let parts: Vec<_> = text
            .split(separator.as_str())
            .enumerate()
            .take(MAX_PARTS + 1)
            .collect();
        if separator.is_empty() || parts.len() > MAX_PARTS {
            return self.unknown(name, arguments);
        }
        let parts = parts
            .into_iter()
            .map(|(index, part)| {
                let part = Val::one(Atom::Text(self.heap.texts.id(part)));
                (self.heap.texts.id(&format!("{prefix}{index}")), part)
            })
            .collect();
        let place = self.heap.texts.id(&format!("{name} {separator} {text}"));
        self.heap.make_list((place.0, u32::MAX - 1), parts)
    }

    /// One of several known texts.
    fn split_texts(&mut self, name: &str, arguments: &[Val]) -> Val {
        let texts = arguments.last().and_then(Val::texts).unwrap_or_default();
        if arguments.len() != 2 || texts.len() < 2 || texts.len() > MAX_TEXTS {
            return self.unknown(name, arguments);
        }
        texts.into_iter().fold(Val::NIL, |all, text| {
            let text = Val::one(Atom::Text(text));
            all.or(&self.split_text(name, &[arguments[0].clone(), text]))
        })
    }

    /// What is printed after what was printed before, and whether braces stand in it that are not known in their whole.
    pub(super) fn printed_after(&mut self, before: &Val, printed: &Val) -> (Val, bool) {
        let texts = (
            before.texts().unwrap_or_default(),
            printed.texts().unwrap_or_default(),
        );
        let count = texts.0.len() * texts.1.len();
        if count == 0 || count > MAX_TEXTS {
            return (Val::other(), self.has_braces(before) || self.has_braces(printed));
        }
        let mut all = Vec::new();
        for before in &texts.0 {
            for printed in &texts.1 {
                let text = [self.heap.texts.text(*before), self.heap.texts.text(*printed)].concat();
                if text.len() > MAX_PRINTED {
                    return (Val::other(), text.contains("{{") || text.contains("}}"));
                }
                all.push(Atom::Text(self.heap.texts.id(&text)));
            }
        }
        (Val::of(all), false)
    }

    /// The result of a function on texts, when all of its arguments are known.
    pub(super) fn known_text(&mut self, name: &str, arguments: &[Val]) -> Val {
        let mut rows: Vec<Vec<String>> = vec![Vec::new()];
        for argument in arguments {
            let texts = argument.texts().unwrap_or_default();
            if texts.is_empty() || rows.len() * texts.len() > MAX_TEXTS {
                return self.unknown(name, arguments);
            }
            rows = rows
                .iter()
                .flat_map(|row| {
                    texts.iter().map(|text| {
                        let text = self.heap.texts.text(*text).to_owned();
                        row.iter().cloned().chain([text]).collect()
                    })
                })
                .collect();
        }
        let made: Option<Vec<String>> = rows.iter().map(|row| apply(name, row)).collect();
        match made {
            Some(made) => Val::of(
                made.iter()
                    .map(|text| Atom::Text(self.heap.texts.id(text)))
                    .collect(),
            ),
            None => printed(arguments.iter().any(|argument| self.has_braces(argument))),
        }
    }
}

fn apply(name: &str, arguments: &[String]) -> Option<String> {
    match (name, arguments) {
        // Go puts a space between numbers.
        ("print", parts) => {
            let numbers = parts.iter().filter(|part| part.parse::<f64>().is_ok());
            (numbers.count() < 2).then(|| parts.concat())
        }
        ("printf", [format, parts @ ..]) => formatted(format, parts),
        ("lower", [text]) => Some(text.to_lowercase()),
        ("upper", [text]) => Some(text.to_uppercase()),
        ("trim", [text]) => Some(text.trim().to_owned()),
        ("toString", [text]) => Some(text.clone()),
        ("trimSuffix", [end, text]) => Some(text.strip_suffix(end.as_str()).unwrap_or(text).to_owned()),
        ("trimPrefix", [start, text]) => Some(text.strip_prefix(start.as_str()).unwrap_or(text).to_owned()),
        _ => None,
    }
}

/// `%s`, `%v`, `%d` and `%%`.
fn formatted(format: &str, parts: &[String]) -> Option<String> {
    let (mut out, mut parts, mut chars) = (String::new(), parts.iter(), format.chars());
    while let Some(next) = chars.next() {
        match next {
            '%' => match chars.next()? {
                's' | 'v' | 'd' => out.push_str(parts.next()?),
                '%' => out.push('%'),
                _ => return None,
            },
            _ => out.push(next),
        }
    }
    parts.next().is_none().then_some(out)
}
