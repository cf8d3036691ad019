//! The lock file as the checks see it: its entries with their places, and every chart that the clusters ask for.

use ::helm::asked::Asked;
use ::oci::lock::{Entry, Lock, LockError};
use ::oci::{OciUrl, lock};
use diag::{SourceId, Span};
use model::tree::ReadError;
use model::yaml::{self, Dialect, Node};

use crate::cluster_view::ClusterView;
use crate::context::Context;
use crate::subject::Subject;

/// What became of the lock file.
pub(super) enum State {
    /// The repository has none.
    Absent,
    /// It is there and cannot be read; the reason.
    Unread(String),
    /// It was damaged; where, and how.
    Damaged(Span, LockError),
    /// It is fine.
    Read(Locked),
}

/// The lock and where its entries stand.
pub(super) struct Locked {
    pub(super) lock: Lock,
    items: Vec<Node>,
}

impl Locked {
    /// Where an entry stands.
    pub(super) fn place(&self, entry: &Entry) -> Span {
        let wanted = &entry.wanted;
        let is_it = |item: &&Node| {
            let field = |name: &str| item.at(&["wanted", name]).and_then(Node::scalar_text);
            item.str_at(&["url"]) == Some(&entry.url)
                && field("tag") == wanted.tag
                && field("semver") == wanted.semver
                && field("semverFilter") == wanted.semver_filter
                && field("digest") == wanted.digest
        };
        let item = self.items.iter().find(is_it);
        item.and_then(|item| item.get("url"))
            .map_or(Span::NONE, |url| url.span)
    }
}

/// Reads the lock file.
pub(super) fn read(cx: &Context<'_>) -> State {
    let path = cx.config.lock_path(cx.tree);
    let text = match cx.tree.read(&path) {
        Ok(text) => text,
        Err(ReadError::Absent(_)) => return State::Absent,
        Err(error) => return State::Unread(error.to_string()),
    };
    match lock::parse(&text.text) {
        Ok(lock) => {
            let parsed = yaml::parse(text.source, &text.text, Dialect::Kustomize);
            let items = parsed.documents.first().and_then(Node::as_seq);
            State::Read(Locked {
                lock,
                items: items.unwrap_or_default().to_vec(),
            })
        }
        Err(error) => State::Damaged(line(text.source, &text.text, error.line()), error),
    }
}

/// The charts that a cluster asks registries for, without those whose URL or version makes no sense: others report these.
pub(super) fn charts<'a>(view: &ClusterView<'a>) -> impl Iterator<Item = Asked<'a>> {
    let makes_sense = |asked: &Asked<'_>| OciUrl::parse(&asked.request.url).is_ok();
    ::helm::asked::charts(view.build).into_iter().filter(makes_sense)
}

/// The object that asks for a chart.
pub(super) fn subject<'a>(view: &ClusterView<'a>, asked: &Asked<'a>) -> Subject<'a> {
    Subject {
        cluster: view.build,
        built: asked.built,
        object: Some(asked.object),
        node: &asked.object.node,
        install: None,
        remote: false,
    }
}

/// A whole line, counted from 1; the start of the file for any other.
fn line(source: SourceId, text: &str, line: usize) -> Span {
    let mut start = 0;
    for (at, found) in text.split_inclusive('\n').enumerate() {
        if at + 1 == line {
            return Span::new(source, start, start + found.trim_end().len());
        }
        start += found.len();
    }
    Span::file(source)
}
