//! Which of a chart's values its templates can read, and which values of a user nothing reads.
//!
//! The templates are run over sets of paths instead of values: every branch is taken, whatever the values are. A path
//! that no run reaches is read under no values. Where a template goes beyond what is followed, all that it could
//! reach counts as read: what is reported is unread for certain, what is not reported need not be read.
//!
//! - A field access reads that field alone. What is printed, or given to a function that is not known, is read with all
//!   that is below it; a loop reads every key of what it walks.
//! - A mapping that is tested and never looked into is a switch: its keys are not judged. In one that is looked into, a
//!   key that nothing reads is reported, though its being there may turn the test.
//! - Texts of values and files are templates only where they reach `tpl`.
//! - Chart.yaml reads as well: conditions, tags and imported values. So may a subchart that is not at hand.

mod eval;
mod frame;
mod functions;
mod heap;
mod nearest;
mod paths;
mod pipeline;
mod program;
mod scopes;
mod statements;
mod strings;
mod unread;
mod value;

use diag::Span;
use model::yaml::{FieldPath, Node};

use crate::chart::Chart;
use eval::Evaluator;
use heap::Heap;
use paths::{Paths, Texts};
use program::Program;
use strings::Strings;

/// The paths of `.Values` that a chart's templates can read.
#[derive(Debug, Clone)]
pub struct Reads {
    paths: Paths,
    texts: Texts,
    unsure: Option<String>,
    work: u64,
}

/// A value that nothing reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Unread<'v> {
    /// Its keys, from the root of the values; elements of lists as `[0]`.
    pub path: Vec<String>,
    /// Where its last key is written.
    pub key_span: Span,
    /// The value.
    pub node: &'v Node,
    /// The path of the known key that was probably meant, such as `prometheus.monitor`.
    pub nearest: Option<String>,
}

impl Reads {
    /// What the templates of a chart and its subcharts, and its Chart.yaml, read. The chart is as it was loaded: with
    /// the subcharts that are switched off, which another value might switch on. Texts in `user_values`, which may be
    /// templates themselves, count as theirs.
    pub fn of(chart: &Chart, user_values: &Node) -> Self {
        let (mut heap, mut program, mut strings) = (Heap::default(), Program::default(), Strings::default());
        let mut unsure = scopes::load(chart, &mut heap, &mut program).err();
        for scope in scopes::scopes(chart) {
            strings.add_values(&mut heap.texts, &scope.section, &scope.chart.values);
            for file in scope.chart.files.iter().chain(&scope.chart.crds) {
                strings.add_file(&file.data);
            }
        }
        strings.add_values(&mut heap.texts, &[], user_values);
        let mut evaluator = Evaluator::new(heap, program, strings);
        if unsure.is_none() {
            unsure = evaluator.run().err();
        }
        Self {
            work: evaluator.work(),
            paths: evaluator.heap.paths,
            texts: evaluator.heap.texts,
            unsure,
        }
    }

    /// Whether what a chart reads depends on these values: only where some of them are templates that may read others.
    pub fn depends_on(values: &Node) -> bool {
        let mut found = false;
        values.walk(&mut |path, node| {
            let in_key = matches!(path, FieldPath::Key(_, key) if may_read(key));
            found |= in_key || node.as_str().is_some_and(may_read);
        });
        found
    }

    /// Why nothing is known of this chart; everything then counts as read.
    pub fn unsure(&self) -> Option<&str> {
        self.unsure.as_deref()
    }

    /// How much work it was, in statements and values looked at: a measure of speed that is the same on every machine.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// The values that nothing reads, in written order; of an unread mapping the mapping alone. A key that the chart's
    /// own values hold is none of them, nor is `null`, which only takes a default away.
    pub fn unread<'v>(&self, chart: &Chart, values: &'v Node) -> Vec<Unread<'v>> {
        if self.unsure.is_some() {
            return Vec::new();
        }
        unread::unread(self, chart, values)
    }
}

impl Unread<'_> {
    /// The path as people write it: `servers[0].zones`.
    pub fn field(&self) -> String {
        unread::field(&self.path)
    }
}

/// Whether a text that is run as a template may read values: all but names of the release and the chart may.
fn may_read(text: &str) -> bool {
    let is_name = |action: &str| {
        let action = action.trim_matches('-').trim();
        let field = |field: char| field.is_ascii_alphanumeric() || field == '.';
        (action.starts_with(".Release.") || action.starts_with(".Chart.")) && action.chars().all(field)
    };
    text.split("{{").skip(1).any(|rest| {
        let action = rest.split_once("}}").map(|(action, _)| action);
        !action.is_some_and(is_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_release_and_chart_read_no_value() {
        for text in [
            "",
            "a",
            "{{ .Release.Name }}-secret",
            "{{- .Chart.Name -}} {{ .Release.Namespace }}",
        ] {
            assert!(!may_read(text), "{text}");
        }
        for text in [
            "{{ .Values.a }}",
            "{{ .Release.Name | quote }}",
            "{{ .Release.Name }}{{ include \"a\" . }}",
            "{{ . }}",
            "{{ .Release.Name",
            "{{ .Release }}",
        ] {
            assert!(may_read(text), "{text}");
        }
    }
}
