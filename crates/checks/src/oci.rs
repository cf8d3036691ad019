//! Checks of registry URLs, and of the lock file of charts.

mod lock;
pub(crate) mod lock_drift;
pub(crate) mod lock_unused;
pub(crate) mod registry_unapproved;
pub(crate) mod url_invalid;

use model::object;
use model::yaml::Node;

use crate::cluster_view::SOURCES;
use crate::policy::placeholder;
use crate::subject::Subject;

/// The URL of a source of one of the kinds; none where it is unknown or still to be filled in.
fn url<'a>(subject: &Subject<'a>, kinds: &[&str]) -> Option<(&'a Node, &'a str)> {
    let is_source = object::group(subject.node) == SOURCES && kinds.contains(&object::kind(subject.node));
    let node = subject
        .node
        .at(&["spec", "url"])
        .filter(|node| is_source && subject.is_settled(node.span))?;
    let text = node
        .as_str()
        .filter(|text| !placeholder::holds(text) && !text.contains("${"))?;
    Some((node, text))
}
