//! The charts of a chart: where the values of each lie in those of the installed one, and what it sees as `.Values`.

use model::yaml::Node;
use serde_json::Value as Json;

use super::heap::Heap;
use super::paths::Paths;
use super::program::Program;
use super::value::{Atom, ObjectId, PathId, Val};
use crate::chart::{Chart, Dependency};

/// The deepest that charts may lie in each other.
const MAX_DEPTH: usize = 16;
/// The largest file that may be run as a template, in bytes.
const MAX_FILE: usize = 1 << 20;
/// What templates see of Chart.yaml beside its name.
const CHART_FIELDS: [&str; 17] = [
    "Home",
    "Sources",
    "Version",
    "Description",
    "Keywords",
    "Maintainers",
    "Icon",
    "APIVersion",
    "Condition",
    "Tags",
    "AppVersion",
    "Deprecated",
    "Annotations",
    "KubeVersion",
    "Dependencies",
    "Type",
    "IsRoot",
];

/// A chart under one of its names.
#[derive(Debug)]
pub(super) struct Scope<'c> {
    /// The chart.
    pub(super) chart: &'c Chart,
    /// The keys below which the installed chart's values hold its own.
    pub(super) section: Vec<String>,
}

/// The charts of a chart, itself first; an alias is a chart of its own.
pub(super) fn scopes(chart: &Chart) -> Vec<Scope<'_>> {
    let mut all = Vec::new();
    collect(chart, &[], &mut all);
    all
}

fn collect<'c>(chart: &'c Chart, section: &[String], all: &mut Vec<Scope<'c>>) {
    all.push(Scope {
        chart,
        section: section.to_vec(),
    });
    if section.len() < MAX_DEPTH {
        for (subchart, name) in children(chart) {
            collect(subchart, &[section, &[name.to_owned()]].concat(), all);
        }
    }
}

/// The subcharts under the names that the values call them by.
fn children(chart: &Chart) -> Vec<(&Chart, &str)> {
    let mut found = Vec::new();
    for subchart in &chart.subcharts {
        let name = subchart.metadata.name.as_str();
        let mut listed = dependencies(chart)
            .filter(|dependency| dependency.name == name)
            .peekable();
        if listed.peek().is_none() {
            found.push((subchart, name));
        }
        found.extend(listed.map(|dependency| (subchart, called(dependency))));
    }
    found
}

fn dependencies(chart: &Chart) -> impl Iterator<Item = &Dependency> {
    chart.metadata.dependencies.iter()
}

fn called(dependency: &Dependency) -> &str {
    dependency
        .alias
        .as_deref()
        .filter(|alias| !alias.is_empty())
        .unwrap_or(&dependency.name)
}

/// Loads a chart and its subcharts: their templates, contexts, and what Chart.yaml itself reads. The error says what
/// is no template.
pub(super) fn load(chart: &Chart, heap: &mut Heap, program: &mut Program) -> Result<(), String> {
    let mut loader = Loader { heap, program };
    loader.load(chart, &chart.metadata.name, Paths::ROOT, &[])?;
    Ok(())
}

struct Loader<'r> {
    heap: &'r mut Heap,
    program: &'r mut Program,
}

impl Loader<'_> {
    /// `globals` are the paths of `global` in the charts above, which a subchart sees as its own.
    fn load(
        &mut self,
        chart: &Chart,
        prefix: &str,
        values: PathId,
        globals: &[Atom],
    ) -> Result<ObjectId, String> {
        let mut globals = globals.to_vec();
        if !globals.is_empty() || !chart.subcharts.is_empty() {
            let own = self.child(values, "global");
            self.heap.set_path(own, &Val::of(globals.clone()));
            globals.push(Atom::Path(own));
        }
        self.chart_yaml(chart, values);
        let subcharts = self.heap.new_object();
        for (subchart, name) in children(chart) {
            if globals.len() > MAX_DEPTH {
                return Err(format!("its charts lie more than {MAX_DEPTH} levels deep"));
            }
            let section = self.child(values, name);
            let context = self.load(subchart, &format!("{prefix}/charts/{name}"), section, &globals)?;
            let key = self.heap.texts.id(name);
            self.heap.put(subcharts, key, &Val::one(Atom::Object(context)));
        }
        let context = self.context(chart, prefix, values, subcharts);
        self.program.add(chart, prefix, context)?;
        Ok(context)
    }

    fn child(&mut self, path: PathId, key: &str) -> PathId {
        let key = self.heap.texts.id(key);
        self.heap.paths.child(path, key)
    }

    /// The path of `a.b.c` below another one.
    fn dotted(&mut self, path: PathId, keys: &str) -> PathId {
        keys.split('.')
            .filter(|key| !key.is_empty())
            .fold(path, |path, key| self.child(path, key))
    }

    /// What a file of the chart gets as its dot.
    fn context(&mut self, chart: &Chart, prefix: &str, values: PathId, subcharts: ObjectId) -> ObjectId {
        let mut known = |fields: &[(&str, Option<&str>)]| {
            let object = self.heap.new_object();
            for (key, text) in fields {
                let value =
                    text.map_or_else(Val::other, |text| Val::one(Atom::Text(self.heap.texts.id(text))));
                let key = self.heap.texts.id(key);
                self.heap.put(object, key, &value);
            }
            Val::one(Atom::Object(object))
        };
        let mut of_chart: Vec<_> = CHART_FIELDS.iter().map(|field| (*field, None)).collect();
        of_chart.push(("Name", Some(chart.metadata.name.as_str())));
        // An alias takes the place of the name.
        of_chart.push(("Name", prefix.rsplit('/').next()));
        let of_chart = known(&of_chart);
        let base_path = format!("{prefix}/templates");
        let template = known(&[("BasePath", Some(&base_path)), ("Name", None)]);
        let context = self.heap.new_object();
        for (key, value) in [
            ("Values", Val::one(Atom::Path(values))),
            ("Chart", of_chart),
            ("Template", template),
            ("Subcharts", Val::one(Atom::Object(subcharts))),
            ("Release", Val::other()),
            ("Capabilities", Val::other()),
            ("Files", self.files(chart)),
        ] {
            let key = self.heap.texts.id(key);
            self.heap.put(context, key, &value);
        }
        context
    }

    /// `.Files`: `Get` by name; what else it offers may be any file.
    fn files(&mut self, chart: &Chart) -> Val {
        let (files, by_name) = (self.heap.new_object(), self.heap.new_object());
        for file in chart.files.iter().chain(&chart.crds) {
            let text = String::from_utf8_lossy(&file.data);
            let is_template = file.data.len() <= MAX_FILE && text.contains("{{");
            let value = if is_template {
                Val::one(Atom::Text(self.heap.texts.id(&text)))
            } else {
                Val::other()
            };
            let name = self.heap.texts.id(&file.path);
            self.heap.put(by_name, name, &value);
        }
        let get = self.heap.texts.id("Get");
        self.heap.put(files, get, &Val::one(Atom::Object(by_name)));
        for method in ["GetBytes", "Glob", "AsConfig", "AsSecrets", "Lines"] {
            let method = self.heap.texts.id(method);
            self.heap.put(files, method, &Val::one(Atom::AnyFile));
        }
        Val::one(Atom::Object(files))
    }

    /// Conditions, tags and imports; a subchart that is not at hand may read all of its section.
    fn chart_yaml(&mut self, chart: &Chart, values: PathId) {
        for dependency in dependencies(chart) {
            let section = self.child(values, called(dependency));
            for condition in dependency.condition.iter().flat_map(|paths| paths.split(',')) {
                self.dotted(values, condition.trim());
            }
            for tag in &dependency.tags {
                let tags = self.child(Paths::ROOT, "tags");
                self.child(tags, tag);
            }
            for import in &dependency.import_values {
                self.import(import, values, section);
            }
            if !chart
                .subcharts
                .iter()
                .any(|subchart| subchart.metadata.name == dependency.name)
            {
                self.program.is_incomplete = true;
                let global = self.child(values, "global");
                self.heap
                    .cover(&Val::of(vec![Atom::Path(section), Atom::Path(global)]));
            }
        }
    }

    fn import(&mut self, import: &Json, values: PathId, section: PathId) {
        let field = |name: &str| import.get(name).and_then(Json::as_str);
        let (child, parent) = match import {
            Json::String(name) => (format!("exports.{name}"), ""),
            _ => match (field("child"), field("parent")) {
                (Some(child), Some(parent)) => (child.to_owned(), parent),
                _ => return,
            },
        };
        let (child, parent) = (self.dotted(section, &child), self.dotted(values, parent));
        self.heap
            .merge(&Val::one(Atom::Path(parent)), &Val::one(Atom::Path(child)));
    }
}

/// The values that a chart and its subcharts bring, with the keys below which they lie.
pub(super) fn defaults(chart: &Chart) -> Vec<(Vec<String>, &Node)> {
    scopes(chart)
        .into_iter()
        .map(|scope| (scope.section, &scope.chart.values))
        .collect()
}
