//! Text to trees. Keeps going: a broken document is a problem, the next one is read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use diag::{SourceId, Span};
use granit_parser::{Event, Options, Parser, ScalarStyle, Tag};

use super::resolve::{self, Resolved};
use super::{Entry, Map, Node, Value};

/// The most nodes that aliases may copy in one file, and the deepest that nodes may lie in each other.
const MAX_ALIAS_NODES: usize = 200_000;
const MAX_DEPTH: usize = 400;

/// Whose reading of plain scalars applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// kustomize (go-yaml v3): `yes` is a string, `2001-01-01` a point in time.
    Kustomize,
    /// sigs.k8s.io/yaml (go-yaml v2), that is kubectl, helm, and Flux after substitution: `yes` is true.
    Sigs,
}

/// What kind of trouble a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// It is no YAML; the document that it stands in is lost.
    Syntax,
    /// A key stands twice in one mapping; the tree holds the last value.
    DuplicateKey,
    /// A key that is no string, which Kubernetes objects cannot have.
    Key,
    /// A value that JSON cannot hold, or aliases that grow beyond all bounds.
    Value,
}

/// One trouble and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// Where.
    pub span: Span,
    /// The first of two equal keys, where there are two.
    pub related: Option<Span>,
    /// One line, lower case, no full stop.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

/// The documents of a text, empty ones left out, and its problems in order.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The root nodes.
    pub documents: Vec<Node>,
    /// The problems.
    pub problems: Vec<Problem>,
}

/// Reads every document of a text. Spans are byte ranges of `text`, in `source`.
pub fn parse(source: SourceId, text: &str, dialect: Dialect) -> Parsed {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        source,
        text,
        dialect,
        anchors: HashMap::new(),
        alias_nodes: 0,
        parsed: Parsed::default(),
    };
    reader.documents();
    reader.parsed
}

struct Reader<'t> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    source: SourceId,
    text: &'t str,
    dialect: Dialect,
    anchors: HashMap<usize, (Node, Size)>,
    alias_nodes: usize,
    parsed: Parsed,
}

#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    depth: usize,
}

/// A collection that is being read.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<(Arc<str>, Span, bool)>,
    /// Merge values in written order.
    merges: Vec<Node>,
    /// Seen keys, once there are many.
    seen: HashMap<Arc<str>, usize>,
    size: Size,
}

enum Step {
    Continue,
    End,
}

impl Reader<'_> {
    fn documents(&mut self) {
        loop {
            match self.document() {
                Ok(Step::Continue) => {}
                Ok(Step::End) => return,
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
                    let problem = syntax_problem(self.source, self.text, at, &error.to_string());
                    self.parsed.problems.push(problem);
                    if !matches!(self.parser.proceed_next_document(), Ok(true)) {
                        return;
                    }
                }
            }
        }
    }

    fn document(&mut self) -> Result<Step, granit_parser::ScanError> {
        let mut stack: Vec<Open> = Vec::new();
        self.anchors.clear();
        while let Some(event) = self.parser.next_event() {
            let (event, at) = event?;
            let range = at.byte_range().unwrap_or(0..0);
            let span = Span::new(self.source, range.start, range.end);
            let (node, anchor, size) = match event {
                Event::StreamEnd => return Ok(Step::End),
                Event::DocumentEnd => return Ok(Step::Continue),
                Event::Scalar(text, style, anchor, tag) => {
                    if let Some(open) = stack.last_mut().filter(|open| open.wants_key()) {
                        self.take_key(open, &text, style, tag.as_deref(), span);
                        continue;
                    }
                    let value = self.scalar(&text, style, tag.as_deref(), span);
                    (Node::new(value, span), anchor, Size { nodes: 1, depth: 1 })
                }
                Event::MappingStart(_, anchor, _) => {
                    Self::open(&mut stack, Node::map(span), anchor);
                    continue;
                }
                Event::SequenceStart(_, anchor, _) => {
                    Self::open(&mut stack, Node::new(Value::Seq(Vec::new()), span), anchor);
                    continue;
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    let Some(open) = stack.pop() else { continue };
                    open.close(span.start)
                }
                Event::Alias(id) => {
                    let (node, size) = self.alias(id, span);
                    (node, 0, size)
                }
                Event::UnresolvedAlias(name) => {
                    self.problem(
                        ProblemKind::Syntax,
                        span,
                        format!("no anchor `&{name}` stands above this alias"),
                    );
                    (Node::new(Value::Null, span), 0, Size { nodes: 1, depth: 1 })
                }
                _ => continue,
            };
            if anchor > 0 {
                self.anchors.insert(anchor, (node.clone(), size));
            }
            match stack.last_mut() {
                Some(open) if open.wants_key() => self.take_node_as_key(open, &node),
                Some(open) => self.place(open, node, size),
                None if node.is_null() => {}
                None => self.parsed.documents.push(node),
            }
        }
        Ok(Step::End)
    }

    fn open(stack: &mut Vec<Open>, node: Node, anchor: usize) {
        stack.push(Open {
            node,
            anchor,
            key: None,
            merges: Vec::new(),
            seen: HashMap::new(),
            size: Size { nodes: 1, depth: 1 },
        });
    }

    fn alias(&mut self, id: usize, span: Span) -> (Node, Size) {
        let Some((node, size)) = self.anchors.get(&id) else {
            self.problem(
                ProblemKind::Value,
                span,
                "an alias stands inside the node that it names".to_owned(),
            );
            return (Node::new(Value::Null, span), Size { nodes: 1, depth: 1 });
        };
        let size = *size;
        if self.alias_nodes + size.nodes > MAX_ALIAS_NODES || size.depth > MAX_DEPTH {
            self.problem(
                ProblemKind::Value,
                span,
                format!("aliases make more than {MAX_ALIAS_NODES} nodes or {MAX_DEPTH} levels of this file"),
            );
            return (Node::new(Value::Null, span), Size { nodes: 1, depth: 1 });
        }
        let node = node.clone();
        self.alias_nodes += size.nodes;
        (node, size)
    }

    fn take_key(&mut self, open: &mut Open, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) {
        let mut merge = false;
        let mut key: Arc<str> = text.into();
        if style == ScalarStyle::Plain && tag.is_none() {
            match resolve::plain(text, self.dialect) {
                Resolved::Merge => merge = true,
                Resolved::Value(Value::Str(value)) => key = value,
                Resolved::Value(value) if self.dialect == Dialect::Sigs => {
                    key = Node::new(value, span).scalar_text().unwrap_or_default().into();
                }
                Resolved::Value(_) | Resolved::NotFinite => {
                    let message = format!("the key `{text}` is no string");
                    self.problem(ProblemKind::Key, span, message);
                }
            }
        }
        open.key = Some((key, span, merge));
    }

    /// An alias may stand for a key; a list or a mapping may not, and is read only so that reading goes on.
    fn take_node_as_key(&mut self, open: &mut Open, node: &Node) {
        let key = node.as_str().map_or_else(
            || {
                self.problem(ProblemKind::Key, node.span, "a key is no string".to_owned());
                Arc::from("?")
            },
            Arc::from,
        );
        open.key = Some((key, node.span, false));
    }

    fn place(&mut self, open: &mut Open, node: Node, size: Size) {
        open.size.nodes += size.nodes;
        open.size.depth = open.size.depth.max(size.depth + 1);
        let map = match &mut open.node.value {
            Value::Seq(items) => return items.push(node),
            Value::Map(map) => map,
            _ => return,
        };
        let Some((key, key_span, merge)) = open.key.take() else {
            return;
        };
        if merge {
            open.merges.push(node);
            return;
        }
        if let Some(at) = open.seen.get(&key).copied() {
            if let Some(first) = map.entries_mut().get_mut(at) {
                let message = format!("the key `{key}` stands twice in one mapping");
                let first_span = std::mem::replace(&mut first.key_span, key_span);
                first.value = node;
                self.parsed.problems.push(Problem {
                    kind: ProblemKind::DuplicateKey,
                    span: key_span,
                    related: Some(first_span),
                    message,
                    help: "keep one of the two; tools disagree on which one wins".to_owned(),
                });
            }
            return;
        }
        open.seen.insert(key.clone(), map.len());
        map.push_new(Entry {
            key,
            key_span,
            value: node,
        });
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Value {
        let string = || Value::Str(text.into());
        let core = tag.and_then(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:"));
        match core.as_deref() {
            Some("binary") => {
                return binary(text).map_or_else(
                    || {
                        self.problem(
                            ProblemKind::Value,
                            span,
                            "`!!binary` is no base64 of UTF-8 text".to_owned(),
                        );
                        string()
                    },
                    |text| Value::Str(text.into()),
                );
            }
            Some("str") => return string(),
            Some("int" | "float" | "bool" | "null") => {}
            _ if style == ScalarStyle::Folded && self.dialect == Dialect::Kustomize => {
                return Value::Str(refolded(text).into());
            }
            _ if style != ScalarStyle::Plain || tag.is_some() => return string(),
            _ => {}
        }
        match resolve::plain(text, self.dialect) {
            Resolved::Value(value) => value,
            Resolved::Merge => string(),
            Resolved::NotFinite => {
                self.problem(
                    ProblemKind::Value,
                    span,
                    format!("`{text}` is no number that JSON can hold"),
                );
                string()
            }
        }
    }

    fn problem(&mut self, kind: ProblemKind, span: Span, message: String) {
        self.parsed.problems.push(Problem {
            kind,
            span,
            related: None,
            message,
            help: String::new(),
        });
    }
}

impl Open {
    fn wants_key(&self) -> bool {
        self.key.is_none() && matches!(self.node.value, Value::Map(_))
    }

    /// The finished collection. Keys from merges come after the written ones; written ones and earlier merges win.
    fn close(mut self, end: u32) -> (Node, usize, Size) {
        self.node.span.end = end.max(self.node.span.start);
        if let Value::Map(map) = &mut self.node.value {
            for merge in self.merges {
                match merge.value {
                    Value::Map(from) => merge_into(map, &from),
                    Value::Seq(items) => {
                        for item in items {
                            if let Value::Map(from) = item.value {
                                merge_into(map, &from);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        (self.node, self.anchor, self.size)
    }
}

fn merge_into(map: &mut Map, from: &Map) {
    for entry in from.entries() {
        if map.get(&entry.key).is_none() {
            map.push_new(entry.clone());
        }
    }
}

/// A folded text after kustomize has written and read it once: its emitter doubles the line break before a line that is
/// indented deeper, and its reader keeps both.
fn refolded(text: &str) -> Cow<'_, str> {
    if !text.contains("\n ") && !text.contains("\n\t")
        || text.trim_start_matches('\n').starts_with([' ', '\t'])
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 4);
    let mut last_is_deeper = false;
    for (index, line) in text.split('\n').enumerate() {
        let deeper = line.starts_with([' ', '\t']);
        if index > 0 {
            out.push('\n');
            if deeper && !last_is_deeper {
                out.push('\n');
            }
        }
        out.push_str(line);
        if !line.is_empty() {
            last_is_deeper = deeper;
        }
    }
    Cow::Owned(out)
}

fn binary(text: &str) -> Option<String> {
    let clean: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    String::from_utf8(super::json::base64_decode(&clean)?).ok()
}

/// Words for a syntax error: the mistakes that people make by hand are named, the rest is the parser's text.
fn syntax_problem(source: SourceId, text: &str, at: usize, detail: &str) -> Problem {
    let line_start = text
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1);
    let line = text
        .get(line_start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    let indent_tab = line
        .find('\t')
        .filter(|tab| line.get(..*tab).is_some_and(|before| before.trim().is_empty()));
    let (at, message, help) = if let Some(tab) = indent_tab {
        (
            line_start + tab,
            "a tab indents this line, wanted spaces".to_owned(),
            "replace the tab by spaces".to_owned(),
        )
    } else {
        let detail = detail.split(" at char").next().unwrap_or(detail);
        (at, format!("no valid YAML: {detail}"), String::new())
    };
    let end = text
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(at, |c| at + c.len_utf8());
    Problem {
        kind: ProblemKind::Syntax,
        span: Span::new(source, at, end),
        related: None,
        message,
        help,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diag::Sources;

    fn read(text: &str) -> Parsed {
        parse(
            Sources::default().add("a.yaml", text.into()),
            text,
            Dialect::Kustomize,
        )
    }

    fn json(text: &str) -> String {
        let parsed = read(text);
        assert_eq!(parsed.problems, [], "{text}");
        parsed
            .documents
            .iter()
            .map(|node| super::super::to_json(node).to_string())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn slice(text: &str, span: Span) -> &str {
        &text[span.start as usize..span.end as usize]
    }

    #[test]
    fn every_key_and_value_knows_its_bytes() {
        let text = "a: 1\nb:\n  - x: 'q'\n";
        let parsed = read(text);
        let root = &parsed.documents[0];
        assert_eq!(slice(text, root.get("a").unwrap().span), "1");
        let item = &root.seq_at(&["b"])[0];
        assert_eq!(
            slice(text, item.as_map().unwrap().entry("x").unwrap().key_span),
            "x"
        );
        assert_eq!(slice(text, item.get("x").unwrap().span), "'q'");
    }

    #[test]
    fn documents_aliases_and_merges_are_expanded() {
        assert_eq!(json("a: 1\n---\n# nothing\n---\nb: 2\n"), r#"{"a":1} {"b":2}"#);
        assert_eq!(
            json("x: &x {k: 1, l: 2}\ny: &y {k: 3, m: 4}\nz: {<<: [*x, *y], l: 9}\n"),
            r#"{"x":{"k":1,"l":2},"y":{"k":3,"m":4},"z":{"l":9,"k":1,"m":4}}"#
        );
        assert_eq!(json("k: &a name\n*a : 1\n"), r#"{"k":"name","name":1}"#);
        assert_eq!(json("\u{feff}a: 1\r\nb: 2\r\n"), r#"{"a":1,"b":2}"#);
        assert_eq!(
            json("a: !!str 0777\nb: !!binary aGVsbG8=\n"),
            r#"{"a":"0777","b":"hello"}"#
        );
    }

    #[test]
    fn folded_text_is_what_kustomize_makes_of_it() {
        let value = |text: &str| read(text).documents[0].str_at(&["a"]).unwrap().to_owned();
        assert_eq!(value("a: >-\n  f(c,\n    x\n  )\n"), "f(c,\n\n  x\n)");
        assert_eq!(value("a: >-\n  one\n  two\n\n  three\n"), "one two\nthree");
        assert_eq!(value("a: |-\n  f(c,\n    x\n  )\n"), "f(c,\n  x\n)");
    }

    #[test]
    fn duplicate_keys_point_at_both() {
        let text = "a: 1\nb: 2\na: 3\n";
        let parsed = read(text);
        let problem = &parsed.problems[0];
        assert_eq!(
            (problem.kind, problem.span.start),
            (ProblemKind::DuplicateKey, 10)
        );
        assert_eq!(problem.related.unwrap().start, 0);
        assert_eq!(parsed.documents[0].get("a").unwrap().as_int(), Some(3));
    }

    #[test]
    fn a_broken_document_does_not_hide_the_next() {
        let parsed = read("a: [1\n---\nb: 2\n");
        assert_eq!(parsed.problems.len(), 1);
        assert_eq!(parsed.documents.len(), 1);
        assert!(parsed.documents[0].get("b").is_some());
    }

    #[test]
    fn a_tab_in_the_indentation_is_named() {
        let parsed = read("a:\n\tb: 1\n");
        assert_eq!(
            parsed.problems[0].message,
            "a tab indents this line, wanted spaces"
        );
        assert_eq!(parsed.problems[0].span.start, 3);
    }

    #[test]
    fn keys_that_are_no_strings_are_problems() {
        for text in ["1: a\n", "true: a\n", "? [a]\n: b\n", "~: a\n"] {
            assert_eq!(read(text).problems[0].kind, ProblemKind::Key, "{text}");
        }
    }

    #[test]
    fn aliases_do_not_explode() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let inner = format!("*a{}", level - 1);
            text += &[
                "a",
                &level.to_string(),
                ": &a",
                &level.to_string(),
                " [",
                &vec![inner; 10].join(", "),
                "]\n",
            ]
            .concat();
        }
        assert!(
            read(&text)
                .problems
                .iter()
                .any(|problem| problem.kind == ProblemKind::Value)
        );
    }

    #[test]
    fn no_text_makes_it_panic() {
        let pieces = [
            "a", ":", " ", "\n", "- ", "[", "]", "{", "}", "&a", "*a", "'", "\"", "|", ">", "#", "\t",
            "---\n", "<<", "? ", "!!binary", "é", ",",
        ];
        let mut seed = 7u64;
        for _ in 0..4000 {
            let mut text = String::new();
            for _ in 0..24 {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                text += pieces[(seed >> 33) as usize % pieces.len()];
            }
            let parsed = read(&text);
            for node in &parsed.documents {
                let _ = super::super::emit(node, super::super::Style::Kustomize);
            }
        }
    }
}
