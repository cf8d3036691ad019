//! Claims about the values that a path selects.

use diag::Span;
use flux::{Built, BuiltObject};
use model::labels;
use model::yaml::{Map, Node, Value, from_json, to_json};
use serde_json::Value as Json;

use super::addresses;
use crate::claim::Claim;
use crate::design::{Expectation, ObjectName, Subject};
use crate::miss::{Miss, quote, quote_json};
use crate::select::{Selected, nearest, select};
use crate::subject::{Document, View};

/// Whether the subject itself is there, as claimed.
pub(super) fn presence(view: View<'_>, expectation: &Expectation, claim: &Claim) -> Result<(), Miss> {
    let wanted = !matches!(claim, Claim::Exists(false));
    let tree = view.inputs.tree;
    let (is_there, miss) = match &expectation.subject {
        Subject::Object(name) => match view.object(name) {
            Some((_, object)) => {
                let miss = Miss::new(format!("no `{name}` on cluster `{}`", view.name()), "one");
                (true, miss.of_object(&object.node))
            }
            None => (false, view.no_object(name)),
        },
        Subject::File(path) => (tree.is_file(path), absence(wanted, "file", path)),
        Subject::Folder(path) => (tree.is_folder(path), absence(wanted, "folder", path)),
        // The data are refused when they are read.
        Subject::AppliedBy(_) => {
            return Err(Miss::new("a subject that can be absent", "a flux::Kustomization"));
        }
    };
    if is_there == wanted { Ok(()) } else { Err(miss) }
}

fn absence(wanted: bool, what: &str, path: &str) -> Miss {
    if wanted {
        Miss::new(format!("a {what} `{path}`"), format!("no such {what}"))
    } else {
        Miss::new(format!("no {what} `{path}`"), "one")
    }
}

/// What does not hold of the values that the expectation's path selects.
pub(super) fn values(view: View<'_>, expectation: &Expectation, claim: &Claim) -> Vec<Miss> {
    let documents = match view.documents(&expectation.subject, expectation.stage) {
        Ok(documents) => documents,
        Err(miss) => return vec![miss],
    };
    let mut found = Vec::new();
    for document in &documents {
        let selected = select(&document.node, expectation.path.as_ref());
        found.extend(selected.into_iter().map(|selected| Found { document, selected }));
    }
    match claim {
        Claim::Exists(false) => {
            let unwanted = |found: &Found<'_, '_>| found.miss("nothing");
            return found.iter().map(unwanted).collect();
        }
        Claim::Count(wanted) if found.len() == *wanted => return Vec::new(),
        Claim::Count(wanted) => {
            let miss = Miss::new(count(*wanted), count(found.len()));
            return vec![place_of_nothing(miss, expectation, &documents)];
        }
        Claim::ValuesAre(wanted) => {
            let all: Vec<Json> = found.iter().map(|found| to_json(found.node())).collect();
            if all == *wanted {
                return Vec::new();
            }
            let miss = Miss::new(quote_json(&wanted.as_slice().into()), quote_json(&all.into()));
            return vec![place_of_nothing(miss, expectation, &documents)];
        }
        _ if found.is_empty() => {
            let miss = Miss::new(wanted(view, claim), "nothing");
            return vec![place_of_nothing(miss, expectation, &documents)];
        }
        _ => {}
    }
    found
        .iter()
        .filter_map(|found| one(view, found, claim).err())
        .collect()
}

/// One selected value in its document.
pub(super) struct Found<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    pub(super) selected: Selected<'d>,
}

impl<'d, 'a> Found<'d, 'a> {
    pub(super) fn node(&self) -> &'d Node {
        self.selected.node
    }

    pub(super) fn applied(&self) -> Option<(&'a Built, &'a BuiltObject)> {
        self.document.applied
    }

    /// A miss of this value, pointing at the line to edit.
    pub(super) fn miss(&self, wanted: impl Into<String>) -> Miss {
        self.failure_at(wanted, self.line_to_edit())
    }

    fn failure_at(&self, wanted: impl Into<String>, span: Span) -> Miss {
        let miss = Miss::new(wanted, quote(self.node()))
            .at(span)
            .in_field(self.selected.field.clone());
        miss.of_object(&self.document.node)
    }

    /// Where the value is written: the setting, where all of the value is one variable.
    fn line_to_edit(&self) -> Span {
        let here = self.node().span;
        let Some((built, object)) = self.applied().filter(|(_, object)| object.before.is_some()) else {
            return here;
        };
        let inside = |at: &Span| at.source == here.source && at.start >= here.start && at.end <= here.end;
        let mut used = object.used.iter().filter(|(_, at)| inside(at));
        match (used.next(), used.next()) {
            (Some((name, _)), None) => {
                let known = built
                    .variables
                    .as_ref()
                    .and_then(|variables| variables.known.get(name));
                known.map_or(here, |variable| variable.span.or(here))
            }
            _ => here,
        }
    }

    fn is_unknown(&self) -> bool {
        self.applied()
            .is_some_and(|(_, object)| object.unknown.contains(&self.node().span))
    }
}

fn place_of_nothing(miss: Miss, expectation: &Expectation, documents: &[Document<'_>]) -> Miss {
    let Some(document) = documents.first() else {
        return miss;
    };
    let place = expectation
        .path
        .as_ref()
        .map(|path| nearest(&document.node, path));
    let (span, field) = place.unwrap_or((Span::NONE, String::new()));
    miss.at(span.or(document.node.span))
        .in_field(field)
        .of_object(&document.node)
}

fn count(values: usize) -> String {
    match values {
        0 => "no value".to_owned(),
        1 => "1 value".to_owned(),
        many => format!("{many} values"),
    }
}

/// What a claim asks of a value, in words.
fn wanted(view: View<'_>, claim: &Claim) -> String {
    match claim {
        Claim::Equals(json) => quote_json(json),
        Claim::EqualsPerCluster(values) => values.get(view.name()).map_or_else(
            || format!("a value for cluster `{}` in the test design", view.name()),
            |json| format!("{} on cluster `{}`", quote_json(json), view.name()),
        ),
        Claim::EqualsSetting(name) => format!("the value of `{name}`"),
        Claim::Type(wanted) => format!("a value of type {}", wanted.name()),
        Claim::Matches(pattern) => format!("a string that matches `{pattern}`"),
        Claim::Contains(json) => format!("a value that holds {}", quote_json(json)),
        Claim::InNetworkOf(name) => format!("an address in `{name}`"),
        Claim::NotReservedIn(name) => format!("an address that `{name}` does not reserve"),
        Claim::AddressUsedOnce => "an address of its own".to_owned(),
        Claim::OnApprovedRegistry => "the URL of an approved registry".to_owned(),
        Claim::SelectsPodsOf(name) => format!("a selector that matches the pods of `{name}`"),
        other => format!("a value ({})", other.name()),
    }
}

fn one(view: View<'_>, found: &Found<'_, '_>, claim: &Claim) -> Result<(), Miss> {
    let node = found.node();
    if found.is_unknown() {
        let miss = found.miss(wanted(view, claim));
        return Err(Miss {
            found: "a value that is not known here".to_owned(),
            ..miss
        });
    }
    let holds = match claim {
        Claim::Equals(json) => node.same_data(&from_json(json)),
        Claim::EqualsPerCluster(values) => values
            .get(view.name())
            .is_some_and(|json| node.same_data(&from_json(json))),
        Claim::Type(wanted) => node.value.type_name() == wanted.name(),
        Claim::Matches(pattern) => node.as_str().is_some_and(|text| pattern.0.is_match(text)),
        Claim::Contains(json) => return contains(found, json),
        Claim::EqualsSetting(name) => return equals_setting(view, found, name),
        Claim::InNetworkOf(name) => return addresses::in_network(view, found, name),
        Claim::NotReservedIn(name) => return addresses::not_reserved(view, found, name),
        Claim::AddressUsedOnce => return addresses::used_once(view, found),
        Claim::OnApprovedRegistry => return approved(view, found),
        Claim::SelectsPodsOf(name) => return selects(view, found, name),
        // Exists: it is there. All other claims are not about values.
        _ => true,
    };
    if holds {
        Ok(())
    } else {
        Err(found.miss(wanted(view, claim)))
    }
}

fn contains(found: &Found<'_, '_>, json: &Json) -> Result<(), Miss> {
    let wanted = from_json(json);
    let holds = match (&found.node().value, &wanted.value) {
        (Value::Seq(items), _) => items.iter().any(|item| item.same_data(&wanted)),
        (Value::Str(text), Value::Str(part)) => text.contains(&**part),
        (Value::Map(map), Value::Map(part)) => return holds_entries(found, map, part),
        _ => false,
    };
    if holds {
        Ok(())
    } else {
        Err(found.miss(format!("a value that holds {}", quote_json(json))))
    }
}

/// Whether a mapping has all entries of another one; the miss points at the first entry that differs.
fn holds_entries(found: &Found<'_, '_>, map: &Map, part: &Map) -> Result<(), Miss> {
    for entry in part.entries() {
        let there = map.get(&entry.key);
        if there.is_some_and(|node| node.same_data(&entry.value)) {
            continue;
        }
        let field = match found.selected.field.as_str() {
            "" => entry.key.to_string(),
            parent => format!("{parent}.{}", entry.key),
        };
        let miss = found.miss(quote(&entry.value)).in_field(field);
        return Err(match there {
            Some(node) => Miss {
                found: quote(node),
                ..miss.at(node.span)
            },
            None => Miss {
                found: "nothing".to_owned(),
                ..miss
            },
        });
    }
    Ok(())
}

fn equals_setting(view: View<'_>, found: &Found<'_, '_>, name: &str) -> Result<(), Miss> {
    let setting = view.setting(name)?;
    if found.node().scalar_text().as_deref() == Some(setting.text.as_str()) {
        return Ok(());
    }
    // The line to edit is the one that does not read the setting.
    let wanted = format!(
        "`{}`, the value of `{name}` on cluster `{}`",
        setting.text,
        view.name()
    );
    Err(found.failure_at(wanted, found.node().span))
}

fn selects(view: View<'_>, found: &Found<'_, '_>, name: &ObjectName) -> Result<(), Miss> {
    let (_, workload) = view.object(name).ok_or_else(|| view.no_object(name))?;
    let template: &[&str] = match name.kind.as_str() {
        "Pod" => &["metadata", "labels"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "metadata", "labels"],
        _ => &["spec", "template", "metadata", "labels"],
    };
    let wanted = format!("a selector that matches the pods of `{name}`");
    let Some(labels) = workload.node.at(template) else {
        return Err(Miss::new(wanted, "pods without labels").of_object(&workload.node));
    };
    match labels::matches(found.node(), labels) {
        Ok(true) => Ok(()),
        Ok(false) => Err(found.miss(format!("{wanted}, labelled {}", quote(labels)))),
        Err(why) => Err(Miss {
            found: why,
            ..found.miss(wanted)
        }),
    }
}

fn approved(view: View<'_>, found: &Found<'_, '_>) -> Result<(), Miss> {
    let registries = &view.inputs.config.approved_registries;
    if registries.is_empty() {
        let wanted = format!("approved registries in `{}`", model::config::PATH);
        return Err(Miss {
            found: "none".to_owned(),
            ..found.miss(wanted)
        });
    }
    let place = found
        .node()
        .as_str()
        .and_then(|url| url.strip_prefix("oci://"))
        .unwrap_or_default();
    let is_in = |registry: &String| {
        let rest = place.strip_prefix(registry.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if registries.iter().any(is_in) {
        return Ok(());
    }
    Err(found.miss(format!(
        "the URL of an approved registry: `{}`",
        registries.join("`, `")
    )))
}
