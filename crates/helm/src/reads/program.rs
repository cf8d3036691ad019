//! The templates of a chart and its subcharts: what is run, and what a name calls.

use std::collections::HashMap;
use std::rc::Rc;

use super::value::ObjectId;
use crate::chart::Chart;
use crate::template::{self, ParseError, Statement};

/// Names a template's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BodyId(u32);

/// A template's statements.
pub(super) type Body = Rc<[Statement]>;

/// All templates of a run.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// What helm runs, with the context that it gets.
    pub(super) entries: Vec<(BodyId, ObjectId)>,
    /// Whether a subchart is not at hand, whose templates may be called.
    pub(super) is_incomplete: bool,
    bodies: Vec<Body>,
    named: HashMap<String, Vec<BodyId>>,
    texts: HashMap<Rc<str>, Option<BodyId>>,
}

impl Program {
    /// Adds the templates of one chart, whose names start with `prefix`. The error names the file.
    pub(super) fn add(&mut self, chart: &Chart, prefix: &str, context: ObjectId) -> Result<(), String> {
        let is_library = chart.metadata.chart_type.as_deref() == Some("library");
        for file in &chart.templates {
            let text = String::from_utf8_lossy(&file.data);
            let name = format!("{prefix}/{}", file.path);
            let body = self
                .file(name.clone(), &text)
                .map_err(|error| format!("`{name}` is no template: {error}"))?;
            let base = file.path.rsplit('/').next().unwrap_or_default();
            if !is_library && !base.starts_with('_') {
                self.entries.push((body, context));
            }
        }
        Ok(())
    }

    fn file(&mut self, name: String, text: &str) -> Result<BodyId, ParseError> {
        let file = template::parse(text)?;
        for define in file.defines {
            self.name(define.name, define.body.into());
        }
        Ok(self.name(name, file.body.into()))
    }

    /// Which of several templates of one name is called depends on helm's version: all of them count.
    fn name(&mut self, name: String, body: Body) -> BodyId {
        let known = self.named.entry(name).or_default();
        let same = known.iter().find(|id| self.bodies[id.0 as usize] == body);
        if let Some(same) = same {
            return *same;
        }
        let id = BodyId(self.bodies.len() as u32);
        self.bodies.push(body);
        known.push(id);
        id
    }

    /// What a text that is a template prints; none when it is no template. What it defines is added, which is more
    /// than it does: nobody else can call it.
    pub(super) fn text(&mut self, text: &str) -> Option<BodyId> {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let body = template::parse(text).ok().map(|file| {
            for define in file.defines {
                self.name(define.name, define.body.into());
            }
            self.bodies.push(file.body.into());
            BodyId(self.bodies.len() as u32 - 1)
        });
        self.texts.insert(text.into(), body);
        body
    }

    /// The templates of a name; none when there is no such name.
    pub(super) fn named(&self, name: &str) -> Vec<BodyId> {
        self.named.get(name).cloned().unwrap_or_default()
    }

    /// A template's statements.
    pub(super) fn body(&self, id: BodyId) -> Body {
        self.bodies[id.0 as usize].clone()
    }
}
