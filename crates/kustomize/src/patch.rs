//! The text of a patch: a strategic merge or a list of JSON operations, told apart by what it parses as.

use std::sync::Arc;

use diag::{SourceId, Sources, Span};
use model::yaml::{Dialect, Node, Value, parse};

use crate::json6902::Operation;
use crate::manifest;
use crate::problem::{Problem, ProblemKind};

/// A patch that was read.
#[derive(Debug)]
pub(crate) enum PatchText {
    /// Nothing but comments: changes nothing.
    Empty,
    /// Objects to merge.
    Merge(Vec<Node>),
    /// Operations on one object.
    Json(Vec<Operation>),
    /// Neither.
    Broken(Vec<Problem>),
}

/// Reads the text of a patch file.
pub(crate) fn read(source: SourceId, text: &str) -> PatchText {
    let json = parse(source, text, Dialect::Sigs);
    if let Some(first) = json.documents.first()
        && let Value::Seq(items) = &first.value
        && !items.is_empty()
    {
        let bad = json
            .problems
            .into_iter()
            .map(|p| Problem::from_yaml(p, ProblemKind::DuplicateKey));
        let bad: Vec<_> = bad.collect();
        if !bad.is_empty() {
            return PatchText::Broken(bad);
        }
        return match items.iter().map(Operation::read).collect() {
            Ok(operations) => PatchText::Json(operations),
            Err(problem) => PatchText::Broken(vec![problem]),
        };
    }
    let manifest = manifest::read(source, text);
    if !manifest.problems.is_empty() {
        return PatchText::Broken(manifest.problems);
    }
    if manifest.objects.is_empty() {
        PatchText::Empty
    } else {
        PatchText::Merge(manifest.objects)
    }
}

/// Reads an inline patch: the text of a scalar. Its nodes point into the file that holds the scalar.
pub(crate) fn read_inline(holder: &Node, sources: &Sources) -> Arc<PatchText> {
    let text = holder.as_str().unwrap_or_default();
    let lines = Lines::new(holder, text, sources);
    let mut patch = read(SourceId::NONE, text);
    match &mut patch {
        PatchText::Empty => {}
        PatchText::Merge(nodes) => nodes.iter_mut().for_each(|node| lines.move_node(node)),
        PatchText::Json(operations) => operations.iter_mut().for_each(|operation| {
            operation.span = lines.moved(operation.span);
            operation
                .value
                .iter_mut()
                .for_each(|value| lines.move_node(value));
        }),
        PatchText::Broken(problems) => problems.iter_mut().for_each(|problem| {
            problem.span = lines.moved(problem.span);
            problem
                .related
                .iter_mut()
                .for_each(|label| label.span = lines.moved(label.span));
        }),
    }
    Arc::new(patch)
}

/// Where each line of a block scalar stands in its file.
struct Lines {
    holder: Span,
    /// `(start in the text, start in the file)`; empty where the two do not correspond line by line.
    starts: Vec<(u32, u32)>,
}

impl Lines {
    fn new(holder: &Node, text: &str, sources: &Sources) -> Self {
        let starts = sources
            .get(holder.span.source)
            .and_then(|source| Self::match_lines(source.text(), holder.span.start as usize, text))
            .unwrap_or_default();
        Self {
            holder: holder.span,
            starts,
        }
    }

    /// Finds the lines of a literal block scalar whose indicator or content starts at `at`.
    fn match_lines(file: &str, at: usize, text: &str) -> Option<Vec<(u32, u32)>> {
        let line_start = file.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
        let mut position = if file.get(at..)?.starts_with(['|', '>']) {
            at + file.get(at..)?.find('\n')? + 1
        } else {
            line_start
        };
        let mut starts = Vec::new();
        let mut in_text = 0u32;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            let rest = file.get(position..)?;
            let in_file = rest.split_once('\n').map_or(rest, |(line, _)| line);
            let indent = in_file.trim_end_matches('\r').strip_suffix(content);
            let indent = match indent {
                Some(indent) => indent,
                None if content.trim().is_empty() => "",
                None => return None,
            };
            if !indent.chars().all(|c| c == ' ') {
                return None;
            }
            starts.push((in_text, (position + indent.len()) as u32));
            in_text += line.len() as u32;
            position += in_file.len() + 1;
        }
        Some(starts)
    }

    fn moved(&self, span: Span) -> Span {
        let place = |at: u32| {
            let line = self
                .starts
                .partition_point(|(start, _)| *start <= at)
                .checked_sub(1)?;
            let (in_text, in_file) = self.starts.get(line)?;
            Some(in_file + (at - in_text))
        };
        match (place(span.start), place(span.end)) {
            (Some(start), Some(end)) => Span {
                source: self.holder.source,
                start,
                end: end.max(start),
            },
            _ => self.holder,
        }
    }

    fn move_node(&self, node: &mut Node) {
        let is_blank = node.is_null() && node.span.start >= node.span.end;
        node.span = self.moved(node.span);
        if is_blank {
            node.span.end = node.span.start;
        }
        match &mut node.value {
            Value::Seq(items) => items.iter_mut().for_each(|item| self.move_node(item)),
            Value::Map(map) => {
                for entry in map.entries_mut() {
                    entry.key_span = self.moved(entry.key_span);
                    self.move_node(&mut entry.value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(file: &str) -> (PatchText, Arc<Sources>) {
        let sources = Arc::new(Sources::default());
        let source = sources.add("k.yaml", file.into());
        let root = parse(source, file, Dialect::Sigs).documents.remove(0);
        let patch = read_inline(root.get("patch").unwrap(), &sources);
        (Arc::into_inner(patch).unwrap(), sources)
    }

    fn at(sources: &Sources, span: Span) -> (u32, u32) {
        let position = sources.locate(span).unwrap().1;
        (position.line, position.column)
    }

    #[test]
    fn nodes_of_an_inline_patch_point_into_the_kustomization() {
        let (patch, sources) = inline("a: 1\npatch: |\n  kind: A\n  metadata:\n    name: x\n");
        let PatchText::Merge(nodes) = patch else {
            panic!("{patch:?}")
        };
        assert_eq!(
            at(&sources, nodes[0].at(&["metadata", "name"]).unwrap().span),
            (5, 11)
        );
        let (patch, sources) = inline("patch: |-\n  - op: add\n    path: /a\n    value: 5\n");
        let PatchText::Json(operations) = patch else {
            panic!("{patch:?}")
        };
        assert_eq!(at(&sources, operations[0].value.as_ref().unwrap().span), (4, 12));
    }

    #[test]
    fn nodes_of_a_quoted_patch_point_at_the_whole() {
        let (patch, sources) = inline("patch: \"kind: A\\nmetadata: {name: x}\"\n");
        let PatchText::Merge(nodes) = patch else {
            panic!("{patch:?}")
        };
        assert_eq!(at(&sources, nodes[0].get("kind").unwrap().span), (1, 8));
    }

    #[test]
    fn patches_are_told_apart() {
        let kind = |text: &str| match read(SourceId::NONE, text) {
            PatchText::Empty => "empty",
            PatchText::Merge(_) => "merge",
            PatchText::Json(_) => "json",
            PatchText::Broken(_) => "broken",
        };
        assert_eq!(kind("# nothing\n"), "empty");
        assert_eq!(kind("kind: A\nmetadata: {name: a}\n"), "merge");
        assert_eq!(kind("[{op: remove, path: /a}]"), "json");
        assert_eq!(kind("a: 1\n"), "broken");
        assert_eq!(kind("[1]"), "broken");
    }
}
