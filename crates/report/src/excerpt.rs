//! One finding with its source lines, in the look of rustc.
//!
//! Only the lines around the places are handed to the renderer, whose time grows with the text it is given.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Message, Origin, Renderer, Snippet,
};

use crate::color::Paint;
use crate::visible::{one_line, visible};
use crate::{Finding, Hop, Quote, Related};

/// Places of one file further apart than this get frames of their own.
const FRAME_LINES: u32 = 50;
/// Bytes of a line that are looked at; a defect behind them is named by its place alone.
const LINE_BYTES: usize = 1_000;
/// Width of a frame, and of an origin on one line.
const WIDTH: usize = 110;
/// Notes shown for other clusters and other places that cannot be quoted.
const NOTES: usize = 3;

/// One finding, without a newline at the end.
pub(crate) fn render(finding: &Finding, paint: Paint, verbose: bool) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Ansi => Renderer::styled(),
    };
    let level = match finding.level {
        diag::Level::Error => Level::ERROR,
        diag::Level::Warning => Level::WARNING,
        diag::Level::Note => Level::NOTE,
    };
    let group = level
        .primary_title(one_line(&finding.message))
        .id(one_line(&finding.check));
    let (frames, unquoted) = frames(finding);
    let group = group.elements(frames);
    renderer
        .term_width(WIDTH)
        .render(&[messages(finding, &unquoted, verbose).fold(group, Group::element)])
}

/// The frames, and the related places that have none.
fn frames(finding: &Finding) -> (Vec<Element<'static>>, Vec<&Related>) {
    let mut frames: Vec<Frame> = Vec::new();
    let mut unquoted = Vec::new();
    let primary = finding
        .quote
        .as_ref()
        .and_then(|quote| Mark::new(quote, AnnotationKind::Primary, &finding.path));
    // Without a frame of its own, the place still comes first.
    let place = primary.is_none().then(|| place_alone(finding)).flatten();
    frames.extend(primary.map(Frame::new));
    for related in &finding.related {
        let quote = related.quote.as_ref();
        match quote.and_then(|quote| Mark::new(quote, AnnotationKind::Context, &related.message)) {
            None => unquoted.push(related),
            Some(mark) => match frames.iter_mut().find(|frame| frame.takes(&mark)) {
                Some(frame) => frame.marks.push(mark),
                None => frames.push(Frame::new(mark)),
            },
        }
    }
    (
        place
            .into_iter()
            .chain(frames.into_iter().map(Frame::element))
            .collect(),
        unquoted,
    )
}

fn place_alone(finding: &Finding) -> Option<Element<'static>> {
    let origin = Origin::path(one_line(&finding.file));
    match finding {
        Finding { file, .. } if file.is_empty() => None,
        Finding {
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
            ..
        } => Some(origin.into()),
        Finding { line, column, .. } => {
            Some(origin.line(*line as usize).char_column(*column as usize).into())
        }
    }
}

/// A range within one line that is to be underlined.
struct Mark {
    source: Arc<diag::Source>,
    line: u32,
    /// Bytes from the start of the line.
    range: Range<usize>,
    kind: AnnotationKind,
    label: String,
}

impl Mark {
    /// None for a file as a whole, and for what lies too far to the right.
    fn new(quote: &Quote, kind: AnnotationKind, label: &str) -> Option<Self> {
        if quote.end == 0 {
            return None;
        }
        let line = quote.source.position(quote.start).line;
        let (line_start, text) = quote.source.line(line);
        let within = |byte: u32| (byte.saturating_sub(line_start) as usize).min(text.trim_end().len());
        let range = within(quote.start)..within(quote.end.max(quote.start));
        (range.start < LINE_BYTES).then(|| Self {
            source: Arc::clone(&quote.source),
            line,
            range: range.start..range.end.min(LINE_BYTES),
            kind,
            label: one_line(label),
        })
    }
}

/// A window of one file.
struct Frame {
    marks: Vec<Mark>,
}

impl Frame {
    fn new(mark: Mark) -> Self {
        Self { marks: vec![mark] }
    }

    fn takes(&self, mark: &Mark) -> bool {
        let near = |own: &Mark| own.line.abs_diff(mark.line) <= FRAME_LINES;
        self.marks
            .iter()
            .any(|own| Arc::ptr_eq(&own.source, &mark.source) && near(own))
    }

    fn element(self) -> Element<'static> {
        let lines = self.marks.iter().map(|mark| mark.line);
        let (first, last) = (lines.clone().min().unwrap_or(1), lines.max().unwrap_or(1));
        let Some(source) = self.marks.first().map(|mark| Arc::clone(&mark.source)) else {
            return annotate_snippets::Padding.into();
        };
        let mut text = String::new();
        let mut annotations: Vec<Annotation<'static>> = Vec::new();
        for number in first..=last {
            let line = cut(source.line(number).1.trim_end());
            for mark in self.marks.iter().filter(|mark| mark.line == number) {
                // Replacing characters changes lengths, so the bytes are counted anew.
                let at = |byte: usize| text.len() + visible(line.get(..byte).unwrap_or(line)).len();
                let annotation = mark.kind.span(at(mark.range.start)..at(mark.range.end));
                let label = Some(mark.label.clone()).filter(|label| !label.is_empty());
                annotations.push(annotation.label(label));
            }
            text.push_str(&visible(line));
            text.push('\n');
        }
        let snippet = Snippet::source(text)
            .path(one_line(source.path()))
            .line_start(first as usize);
        snippet.annotations(annotations).into()
    }
}

/// The start of a line, as much as is looked at.
fn cut(line: &str) -> &str {
    line.get(..line.floor_char_boundary(LINE_BYTES)).unwrap_or(line)
}

/// What follows the frames: object, origin, other clusters, why and help.
fn messages<'a>(
    finding: &'a Finding,
    unquoted: &[&'a Related],
    verbose: bool,
) -> impl Iterator<Item = Message<'static>> {
    let most = if verbose { usize::MAX } else { NOTES };
    let mut messages: Vec<(&str, String)> = Vec::new();
    messages.extend(object(finding).map(|object| ("object", object)));
    messages.extend(origin(finding).map(|origin| ("origin", origin)));
    messages.extend(unquoted.iter().take(most).map(|related| ("note", note(related))));
    if unquoted.len() > most {
        messages.push((
            "note",
            format!("and {} more, listed with `-v`", unquoted.len() - most),
        ));
    }
    for (name, text) in [("why", &finding.why), ("help", &finding.help)] {
        if !text.is_empty() {
            messages.push((name, visible(text.trim_end()).into_owned()));
        }
    }
    messages.into_iter().map(|(name, text)| {
        let level = if name == "help" { Level::HELP } else { Level::NOTE };
        level.with_name(name).message(text)
    })
}

/// The object, where the quoted line does not show it.
fn object(finding: &Finding) -> Option<String> {
    let object = finding.object.as_ref()?;
    let nowhere = finding.file.is_empty();
    if !nowhere && finding.stage == diag::Stage::Written {
        return None;
    }
    let path = Some(finding.path.as_str()).filter(|path| nowhere && !path.is_empty());
    let path = path.map(|path| format!(", field `{path}`")).unwrap_or_default();
    let nowhere = if nowhere { ", written in no file" } else { "" };
    Some(one_line(&format!(
        "{object}{path}, as {}{nowhere}",
        finding.stage.name()
    )))
}

fn note(related: &Related) -> String {
    let Related {
        file,
        line,
        column,
        message,
        ..
    } = related;
    let place = if file.is_empty() {
        String::new()
    } else {
        format!(" ({file}:{line}:{column})")
    };
    one_line(&format!("{message}{place}"))
}

/// The steps on one line where they fit, otherwise one below the other.
fn origin(finding: &Finding) -> Option<String> {
    let cluster = Some(&finding.cluster).filter(|cluster| !cluster.is_empty());
    let cluster = cluster.map(|cluster| one_line(&format!("cluster `{cluster}`")));
    let steps: Vec<String> = cluster
        .into_iter()
        .chain(finding.origin.iter().map(step))
        .collect();
    let one = steps.join(" -> ");
    match steps.len() {
        0 => None,
        _ if one.chars().count() <= WIDTH - 20 => Some(one),
        _ => Some(steps.join("\n-> ")),
    }
}

fn step(hop: &Hop) -> String {
    let Hop { what, file, line } = hop;
    one_line(&match () {
        () if file.is_empty() => what.clone(),
        () if file == what => format!("{file}:{line}"),
        () => format!("{what} ({file}:{line})"),
    })
}
