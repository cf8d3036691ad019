//! Trees to text: as kustomize and Flux write it, byte for byte, and as people like to read it.
//!
//! Source of the first style: the emitter of go-yaml v2, which is libyaml's. Substitution works on that text, so its
//! choices of quotes and folds are part of what Flux does.

use std::cmp::Ordering;

use super::{Entry, Map, Node, Value, resolve};

/// How a tree becomes text. Both quote whatever a YAML 1.1 reader would take for something else than a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Keys sorted, lists not indented, long lines folded: the text of `kustomize build`.
    Kustomize,
    /// Keys in the tree's order, lists indented, nothing folded: for files that people read.
    Readable,
}

/// After this column, counted from 0, the next single blank of a scalar becomes a line break.
const FOLD_COLUMN: usize = 80;
/// Longer keys are written with the `? ` indicator.
const MAX_SIMPLE_KEY: usize = 128;

/// The text of one document, ending with a line break and without `---`.
pub fn emit(node: &Node, style: Style) -> String {
    let mut emitter = Emitter {
        out: String::with_capacity(512),
        column: 0,
        style,
    };
    match &node.value {
        Value::Map(map) if !map.is_empty() => emitter.mapping(map, 0),
        Value::Seq(items) if !items.is_empty() => emitter.sequence(items, 0),
        _ => emitter.scalar(node, 2),
    }
    emitter.out.push('\n');
    emitter.out
}

/// The text of several documents, `---` between them.
pub fn emit_stream<'a>(nodes: impl IntoIterator<Item = &'a Node>, style: Style) -> String {
    let texts: Vec<String> = nodes.into_iter().map(|node| emit(node, style)).collect();
    texts.join("---\n")
}

struct Emitter {
    out: String,
    column: usize,
    style: Style,
}

impl Emitter {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += if text.is_ascii() {
            text.len()
        } else {
            text.chars().count()
        };
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn mapping(&mut self, map: &Map, indent: usize) {
        let mut entries: Vec<&Entry> = map.entries().iter().collect();
        if self.style == Style::Kustomize {
            entries = sorted(entries, |entry| &entry.key);
        }
        for (index, entry) in entries.into_iter().enumerate() {
            if index > 0 {
                self.line(indent);
            }
            let simple = entry.key.len() <= MAX_SIMPLE_KEY && !entry.key.contains('\n');
            if simple {
                self.text(&entry.key, indent + 2, true);
                self.put(':');
            } else {
                self.push("? ");
                self.text(&entry.key, indent + 2, false);
                self.line(indent);
                self.put(':');
            }
            self.mapping_value(&entry.value, indent, simple);
        }
    }

    fn mapping_value(&mut self, value: &Node, indent: usize, simple_key: bool) {
        match &value.value {
            Value::Map(map) if !map.is_empty() => {
                if simple_key {
                    self.line(indent + 2);
                } else {
                    self.put(' ');
                }
                self.mapping(map, indent + 2);
            }
            Value::Seq(items) if !items.is_empty() => {
                let indent = if self.style == Style::Kustomize {
                    indent
                } else {
                    indent + 2
                };
                self.line(indent);
                self.sequence(items, indent);
            }
            _ => {
                self.put(' ');
                self.scalar(value, indent + 2);
            }
        }
    }

    fn sequence(&mut self, items: &[Node], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.line(indent);
            }
            self.push("- ");
            match &item.value {
                Value::Map(map) if !map.is_empty() => self.mapping(map, indent + 2),
                Value::Seq(items) if !items.is_empty() => self.sequence(items, indent + 2),
                _ => self.scalar(item, indent + 2),
            }
        }
    }

    fn scalar(&mut self, node: &Node, indent: usize) {
        match &node.value {
            Value::Str(text) => self.text(text, indent, false),
            Value::Map(_) => self.push("{}"),
            Value::Seq(_) => self.push("[]"),
            _ => {
                let text = node.scalar_text().unwrap_or_default();
                self.push(&text);
            }
        }
    }

    fn text(&mut self, text: &str, indent: usize, is_key: bool) {
        let allowed = Allowed::of(text);
        if text.contains('\n') {
            if allowed.block && !is_key {
                self.literal(text, indent);
            } else {
                self.double_quoted(text, indent, is_key);
            }
        } else if resolve::must_quote(text) || !allowed.single_quoted {
            self.double_quoted(text, indent, is_key);
        } else if allowed.plain {
            self.plain(text, indent, is_key);
        } else {
            self.single_quoted(text, indent, is_key);
        }
    }

    fn folds(&self, is_key: bool) -> bool {
        self.style == Style::Kustomize && !is_key
    }

    fn plain(&mut self, text: &str, indent: usize, is_key: bool) {
        if !self.folds(is_key) || self.column + text.len() <= FOLD_COLUMN {
            return self.push(text);
        }
        self.folded(text, indent, |_| true);
    }

    fn single_quoted(&mut self, text: &str, indent: usize, is_key: bool) {
        self.put('\'');
        let doubled = text.replace('\'', "''");
        if self.folds(is_key) {
            let last = doubled.chars().count().saturating_sub(1);
            self.folded(&doubled, indent, |index| index > 0 && index < last);
        } else {
            self.push(&doubled);
        }
        self.put('\'');
    }

    /// Writes text and breaks the line at each single blank after the fold column where `may_break` allows it.
    fn folded(&mut self, text: &str, indent: usize, may_break: impl Fn(usize) -> bool) {
        let mut after_blank = false;
        let mut chars = text.chars().enumerate().peekable();
        while let Some((index, c)) = chars.next() {
            let next_is_blank = chars.peek().is_some_and(|(_, next)| *next == ' ');
            if c != ' ' {
                self.put(c);
                after_blank = false;
                continue;
            }
            if !after_blank && self.column > FOLD_COLUMN && may_break(index) && !next_is_blank {
                self.line(indent);
            } else {
                self.put(' ');
            }
            after_blank = true;
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, is_key: bool) {
        let folds = self.folds(is_key);
        self.put('"');
        let last = text.chars().count().saturating_sub(1);
        let mut after_blank = false;
        let mut chars = text.chars().enumerate().peekable();
        while let Some((index, c)) = chars.next() {
            if c == ' ' {
                if folds && !after_blank && self.column > FOLD_COLUMN && index > 0 && index < last {
                    self.line(indent);
                    if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_blank = true;
                continue;
            }
            after_blank = false;
            match escape(c) {
                Some(escaped) => self.push(&escaped),
                None => self.put(c),
            }
        }
        self.put('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put('|');
        if text.starts_with([' ', '\n']) {
            self.put('2');
        }
        if !text.ends_with('\n') {
            self.put('-');
        } else if text.len() == 1 || text.ends_with("\n\n") {
            self.put('+');
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if line.is_empty() {
                self.out.push('\n');
                self.column = 0;
            } else {
                self.line(indent);
                self.push(line);
            }
        }
    }
}

/// The styles in which a text keeps its meaning.
#[derive(Clone, Copy)]
struct Allowed {
    plain: bool,
    single_quoted: bool,
    block: bool,
}

impl Allowed {
    fn of(text: &str) -> Self {
        let mut special = false;
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let mut blank_before_break = false;
        let mut break_before_blank = false;
        let mut previous = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let ends_word = chars
                .peek()
                .is_none_or(|next| matches!(next, ' ' | '\t' | '\n' | '\r'));
            indicators |= match c {
                '#' => previous.is_none_or(|p| matches!(p, ' ' | '\n' | '\t')),
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    previous.is_none()
                }
                '?' | '-' => previous.is_none() && ends_word,
                ':' => ends_word,
                _ => false,
            };
            special |= !is_printable(c);
            blank_before_break |= c == '\n' && previous == Some(' ');
            break_before_blank |= c == ' ' && previous == Some('\n');
            previous = Some(c);
        }
        let edges = text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']);
        let hard = special || blank_before_break;
        Self {
            plain: !hard
                && !indicators
                && !edges
                && !break_before_blank
                && !text.contains('\n')
                && !text.is_empty(),
            single_quoted: !hard && !break_before_blank,
            block: !hard && !text.ends_with(' '),
        }
    }
}

/// What go-yaml v2 writes without an escape: no control characters, no byte order mark, nothing above U+FFFF.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn escape(c: char) -> Option<String> {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ if is_printable(c) => return None,
        _ => {
            let code = c as u32;
            return Some(match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            });
        }
    };
    Some(format!("\\{short}"))
}

/// Sorts the keys of a tree as `kustomize build` does, at every level.
pub fn sort_keys(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            map.entries_mut().sort_by(|a, b| compare_keys(&a.key, &b.key));
            map.entries_mut()
                .iter_mut()
                .for_each(|entry| sort_keys(&mut entry.value));
        }
        Value::Seq(items) => items.iter_mut().for_each(sort_keys),
        _ => {}
    }
}

/// Sorts by binary insertion: go-yaml's order is not transitive (`a10` < `a1b` < `a2` < `a10`, and kustomize's own output
/// changes from run to run there), which the standard library's sort may answer with a panic.
fn sorted<T>(items: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
    let mut out: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        let is_last = out
            .last()
            .is_none_or(|last| compare_keys(key(last), key(&item)) != Ordering::Greater);
        let at = if is_last {
            out.len()
        } else {
            out.partition_point(|other| compare_keys(key(other), key(&item)) != Ordering::Greater)
        };
        out.insert(at, item);
    }
    out
}

/// go-yaml's order of keys: letters by code point and after everything else, runs of digits as numbers.
fn compare_keys(a: &str, b: &str) -> Ordering {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (
        a.as_bytes().get(common..).unwrap_or_default(),
        b.as_bytes().get(common..).unwrap_or_default(),
    );
    let (Some(first_a), Some(first_b)) = (rest_a.first(), rest_b.first()) else {
        return a.len().cmp(&b.len());
    };
    if first_a.is_ascii_alphabetic() && first_b.is_ascii_alphabetic() {
        return first_a.cmp(first_b);
    }
    slow_compare(a, b)
}

fn slow_compare(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (Some(&ca), Some(&cb)) = (a.get(common), b.get(common)) else {
        return a.len().cmp(&b.len());
    };
    match (ca.is_alphabetic(), cb.is_alphabetic()) {
        (true, true) => return ca.cmp(&cb),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let mut start = 0i64;
    if ca == '0' || cb == '0' {
        let run = a
            .get(..common)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|c| c.is_ascii_digit());
        start = i64::from(run.into_iter().any(|c| *c != '0'));
    }
    let number = |text: &[char]| {
        let digits = text
            .get(common..)
            .unwrap_or_default()
            .iter()
            .map_while(|c| c.to_digit(10));
        digits.fold((start, 0usize), |(value, len), digit| {
            (value.wrapping_mul(10).wrapping_add(i64::from(digit)), len + 1)
        })
    };
    number(&a).cmp(&number(&b)).then(ca.cmp(&cb))
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, parse};
    use super::*;
    use diag::SourceId;

    fn read(text: &str) -> Node {
        parse(SourceId::NONE, text, Dialect::Kustomize)
            .documents
            .remove(0)
    }

    #[test]
    fn writes_what_kustomize_writes() {
        let text = "b: [1, {x: 2, a: []}, [3, 4]]\na: {}\nc:\n  z: null\n  y: 1.10\n  x: true\n";
        let wanted =
            "a: {}\nb:\n- 1\n- a: []\n  x: 2\n- - 3\n  - 4\nc:\n  x: true\n  \"y\": 1.1\n  z: null\n";
        assert_eq!(emit(&read(text), Style::Kustomize), wanted);
    }

    #[test]
    fn keys_sort_as_in_kustomize() {
        let keys = [
            "v1beta1", "v10", "v1", "v1alpha1", "aB", "a_b", "a.b", "a-b", "a2", "A1", "a01",
        ];
        let wanted = [
            "A1", "a-b", "a.b", "a_b", "a01", "a2", "aB", "v1", "v10", "v1alpha1", "v1beta1",
        ];
        assert_eq!(sorted(keys.to_vec(), |key| key), wanted);
        let cyclic: Vec<String> = (0..200)
            .map(|i| format!("a{}{}", i % 20, if i % 3 == 0 { "b" } else { "" }))
            .collect();
        assert_eq!(sorted(cyclic, |key| key).len(), 200);
    }

    #[test]
    fn readable_keeps_the_order_and_indents_lists() {
        let text = "b: [1, {x: 2, a: []}]\na: x\n";
        assert_eq!(
            emit(&read(text), Style::Readable),
            "b:\n  - 1\n  - x: 2\n    a: []\na: x\n"
        );
    }

    #[test]
    fn quotes_only_where_they_are_needed() {
        for (value, wanted) in [
            ("yes", "\"yes\""),
            ("", "\"\""),
            ("08", "\"08\""),
            ("${X}", "${X}"),
            ("${X}: y", "'${X}: y'"),
            ("a #b", "'a #b'"),
            ("#b", "'#b'"),
            ("- a", "'- a'"),
            ("-a", "-a"),
            ("a:", "'a:'"),
            ("it's", "it's"),
            ("'q", "'''q'"),
            (" x", "' x'"),
            ("a\tb", "\"a\\tb\""),
            ("=", "="),
            ("é", "é"),
            ("😀", "\"\\U0001F600\""),
            ("10.0.0.0/16", "10.0.0.0/16"),
            ("[\"10.0.0.0/16\"]", "'[\"10.0.0.0/16\"]'"),
        ] {
            let node = Node::string(value, diag::Span::NONE);
            assert_eq!(emit(&node, Style::Kustomize), format!("{wanted}\n"), "{value:?}");
        }
    }

    #[test]
    fn block_scalars_keep_their_line_ends() {
        for (value, wanted) in [
            ("a\nb\n", "k: |\n  a\n  b\n"),
            ("a\nb", "k: |-\n  a\n  b\n"),
            ("a\n\n", "k: |+\n  a\n\n"),
            (" a\nb\n", "k: |2\n   a\n  b\n"),
            ("a\n\nb\n", "k: |\n  a\n\n  b\n"),
            ("a \nb\n", "k: \"a \\nb\\n\"\n"),
        ] {
            let mut node = Node::map(diag::Span::NONE);
            node.as_map_mut()
                .unwrap()
                .set("k", diag::Span::NONE, Node::string(value, diag::Span::NONE));
            for style in [Style::Kustomize, Style::Readable] {
                let text = emit(&node, style);
                assert_eq!(text, wanted, "{value:?}");
                assert!(read(&text).same_data(&node), "{value:?}");
            }
        }
    }

    #[test]
    fn long_lines_fold_at_the_first_blank_after_the_column() {
        let long = format!("{} tail of it", "x".repeat(80));
        let node = read(&format!("k: {long}\n"));
        assert_eq!(
            emit(&node, Style::Kustomize),
            format!("k: {}\n  tail of it\n", "x".repeat(80))
        );
        assert_eq!(emit(&node, Style::Readable), format!("k: {long}\n"));
    }
}
