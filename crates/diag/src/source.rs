//! Texts that findings point into, and positions inside them.
//!
//! A source is added once and never changes, so a [`Span`] stays valid for the life of its [`Sources`].

use std::sync::{Arc, RwLock};

/// Names one text of a [`Sources`] store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

impl SourceId {
    /// The id of text that stands in no file: values that a program computed.
    pub const NONE: Self = Self(u32::MAX);
}

/// A range of bytes in one source: `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span that points nowhere, for values that no file holds.
    pub const NONE: Self = Self {
        source: SourceId::NONE,
        start: 0,
        end: 0,
    };

    /// The range `start..end` of `source`; ranges past 4 GiB are cut there.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        let cut = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            source,
            start: cut(start),
            end: cut(end),
        }
    }

    /// The first byte of a file: for findings about the file as a whole.
    pub fn file(source: SourceId) -> Self {
        Self {
            source,
            start: 0,
            end: 0,
        }
    }

    /// Whether the span points nowhere.
    pub fn is_none(self) -> bool {
        self.source == SourceId::NONE
    }

    /// This span, or `other` where this one points nowhere.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_none() { other } else { self }
    }
}

/// A place as people and editors count it: both start at 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One text: a file of the tree, named by its path relative to the root.
#[derive(Debug)]
pub struct Source {
    path: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
}

impl Source {
    fn new(path: &str, text: Arc<str>) -> Self {
        let mut line_starts = vec![0];
        line_starts.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, b)| *b == b'\n')
                .map(|(i, _)| i as u32 + 1),
        );
        Self {
            path: path.into(),
            text,
            line_starts,
        }
    }

    /// The path relative to the repository's root, with `/` between its parts.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Where a byte stands; a byte past the end stands at the end.
    pub fn position(&self, byte: u32) -> Position {
        let byte = byte.min(self.text.len() as u32);
        let line = self.line_starts.partition_point(|start| *start <= byte).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start as usize..byte as usize).unwrap_or("");
        Position {
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        }
    }

    /// The bytes of a line counted from 1, as `(start of line, text without its newline)`.
    pub fn line(&self, line: u32) -> (u32, &str) {
        let index = (line.max(1) - 1) as usize;
        let start = self
            .line_starts
            .get(index)
            .copied()
            .unwrap_or(self.text.len() as u32);
        let end = self
            .line_starts
            .get(index + 1)
            .map_or(self.text.len(), |next| *next as usize - 1);
        (start, self.text.get(start as usize..end).unwrap_or(""))
    }
}

/// All texts of a run; many threads may add and read.
#[derive(Debug, Default)]
pub struct Sources {
    all: RwLock<Vec<Arc<Source>>>,
}

impl Sources {
    /// Adds a text under its path and returns its id. The same path may be added twice: they are two sources.
    pub fn add(&self, path: &str, text: Arc<str>) -> SourceId {
        let source = Arc::new(Source::new(path, text));
        let mut all = self
            .all
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        all.push(source);
        SourceId(all.len() as u32 - 1)
    }

    /// The source of an id; none for [`SourceId::NONE`] and for ids of another store.
    pub fn get(&self, id: SourceId) -> Option<Arc<Source>> {
        self.all
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(id.0 as usize)
            .cloned()
    }

    /// The path and the start of a span, as `(path, line and column)`.
    pub fn locate(&self, span: Span) -> Option<(Arc<str>, Position)> {
        let source = self.get(span.source)?;
        Some((source.path.clone(), source.position(span.start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let sources = Sources::default();
        let id = sources.add("a.yaml", "é: 1\nb: x\n".into());
        let source = sources.get(id).unwrap();
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(2), Position { line: 1, column: 2 });
        assert_eq!(source.position(6), Position { line: 2, column: 1 });
        assert_eq!(source.position(999), Position { line: 3, column: 1 });
        assert_eq!(source.line(2), (6, "b: x"));
    }
}
