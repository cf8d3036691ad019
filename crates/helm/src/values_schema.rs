//! `values.schema.json`: what a chart says about its values, held against them as helm does.
//!
//! The library is the Rust twin of the one that helm uses, by the same author, so that drafts, formats and patterns
//! mean the same. A schema is foreign input: [`effort`] refuses those that would keep the library busy, nothing is
//! fetched for it, and values are not told in messages, since they may come from a Secret.

mod effort;
mod words;

use std::error::Error;
use std::thread;

use boon::{Compiler, SchemaIndex, Schemas, UrlLoader};
use diag::Span;
use model::yaml::{Node, to_json};
use serde_json::Value as Json;

use crate::chart::{Chart, text};
use crate::values::Coalesced;

/// How the schema is called inside the library; messages of the library are not shown.
const URL: &str = "file:///values.schema.json";
/// Deep schemas take a stack of their own; [`effort`] bounds how deep they get.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// What the schemas of a chart and its subcharts say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SchemaReport {
    /// What makes helm refuse the values.
    pub violations: Vec<SchemaViolation>,
    /// Why a schema could not be held against the values, one reason each.
    pub deferred: Vec<String>,
}

/// A value that a schema does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaViolation {
    /// The keys and indexes that lead to it from the root chart's values.
    pub path: Vec<String>,
    /// Where it is written; nowhere when it is the chart's own, which the message then says.
    pub span: Span,
    /// One line, lower case, no full stop. It names the value by its path and never tells it.
    pub message: String,
}

/// Holds values against the schemas of a chart and those of its subcharts that are on.
pub fn violations(coalesced: &Coalesced) -> SchemaReport {
    let mut report = SchemaReport::default();
    judge(&coalesced.chart, &coalesced.values, &mut Vec::new(), &mut report);
    report
}

fn judge(chart: &Chart, values: &Node, path: &mut Vec<String>, report: &mut SchemaReport) {
    if let Some(schema) = &chart.schema {
        match against(schema, values, path) {
            Ok(found) => report.violations.extend(found),
            Err(reason) => {
                let reason = format!("the schema of the chart `{}`: {reason}", chart.name());
                report.deferred.push(text::printable(&reason));
            }
        }
    }
    for subchart in &chart.subcharts {
        let Some(section) = values.get(subchart.name()).filter(|section| !section.is_null()) else {
            continue;
        };
        path.push(subchart.name().to_owned());
        if section.as_map().is_some() {
            judge(subchart, section, path, report);
        }
        path.pop();
    }
}

/// The violations of one schema, or why it cannot be followed.
fn against(schema: &Json, values: &Node, path: &[String]) -> Result<Vec<SchemaViolation>, String> {
    let json = to_json(values);
    thread::scope(|scope| {
        let work = || {
            effort::judge(schema, &json)?;
            let (schemas, index) = compile(schema)?;
            Ok(match schemas.validate(&json, index) {
                Ok(()) => Vec::new(),
                Err(error) => words::violations(&error, schema, values, path),
            })
        };
        let thread = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("no thread can be started for it: {error}"))?;
        thread
            .join()
            .map_err(|_panic| "the library gives up on it".to_owned())?
    })
}

fn compile(schema: &Json) -> Result<(Schemas, SchemaIndex), String> {
    let mut compiler = Compiler::new();
    compiler.use_loader(Box::new(NothingIsFetched));
    let mut schemas = Schemas::new();
    let refused = |error| words::compile_error(&error);
    compiler.add_resource(URL, schema.clone()).map_err(refused)?;
    let index = compiler.compile(URL, &mut schemas).map_err(refused)?;
    Ok((schemas, index))
}

/// helm takes an unknown `urn:` for a schema that allows everything, and fetches the rest.
struct NothingIsFetched;

impl UrlLoader for NothingIsFetched {
    fn load(&self, url: &str) -> Result<Json, Box<dyn Error>> {
        if url.starts_with("urn:") {
            return Ok(Json::Bool(true));
        }
        Err("nothing is fetched".into())
    }
}
