//! Definitions that refer to each other, each compiled when it is first needed and then shared by all threads.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use model::yaml::{Node, from_json};

use crate::compile::{Compiler, Trouble};
use crate::schema::{Ref, Schema};

/// Whose reading of nulls, required fields and defaults applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Built-in kinds: decoded into Go structs. Null means unset, numbers have the size of their Go type.
    Native,
    /// Custom resources: structural schemas.
    Custom,
}

/// The definitions of one bundle file or of one CRD version.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) dialect: Dialect,
    text: &'static str,
    ids: HashMap<&'static str, u32>,
    definitions: Vec<Definition>,
}

#[derive(Debug)]
struct Definition {
    id: &'static str,
    /// Where its facts stand in the text; empty for the schema of a CRD, which is compiled at once.
    facts: Range<usize>,
    schema: OnceLock<Arc<Schema>>,
}

impl Document {
    /// The definitions of a bundle: `(id, range of the facts in text)`.
    pub(crate) fn lazy(
        dialect: Dialect,
        text: &'static str,
        definitions: Vec<(&'static str, Range<usize>)>,
    ) -> Self {
        let ids = definitions
            .iter()
            .enumerate()
            .map(|(at, (id, _))| (*id, at as u32))
            .collect();
        let definitions = definitions
            .into_iter()
            .map(|(id, facts)| Definition {
                id,
                facts,
                schema: OnceLock::new(),
            })
            .collect();
        Self {
            dialect,
            text,
            ids,
            definitions,
        }
    }

    /// The one schema of a version of a CRD, and what of it could not be understood.
    pub(crate) fn of_crd(facts: &Node) -> (Self, Vec<Trouble>) {
        let mut compiler = Compiler {
            resolve: &|_| None,
            definition: "",
            native: false,
            troubles: Vec::new(),
        };
        let schema = compiler.schema(facts, 0);
        let definition = Definition {
            id: "",
            facts: 0..0,
            schema: OnceLock::from(Arc::new(schema)),
        };
        let document = Self {
            dialect: Dialect::Custom,
            text: "",
            ids: HashMap::new(),
            definitions: vec![definition],
        };
        (document, compiler.troubles)
    }

    /// The number of a definition.
    pub(crate) fn number(&self, id: &str) -> Option<u32> {
        self.ids.get(id).copied()
    }

    /// The id of a definition; empty for CRDs.
    pub(crate) fn id(&self, number: u32) -> &'static str {
        self.definitions
            .get(number as usize)
            .map_or("", |definition| definition.id)
    }

    /// A definition's schema.
    pub(crate) fn definition(&self, number: u32) -> Option<&Schema> {
        let definition = self.definitions.get(number as usize)?;
        Some(
            definition
                .schema
                .get_or_init(|| Arc::new(self.compile(definition))),
        )
    }

    /// What a reference means, with the number of the definition where it is one.
    pub(crate) fn follow<'a>(&'a self, reference: &'a Ref) -> Option<(&'a Schema, Option<u32>)> {
        match reference {
            Ref::Inline(schema) => Some((schema, None)),
            Ref::Shared(number) => Some((self.definition(*number)?, Some(*number))),
        }
    }

    /// How many definitions.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Every definition that does not compile cleanly, with the first reason; for the bundle's own check.
    #[cfg(test)]
    pub(crate) fn troubles(&self) -> Vec<String> {
        let all = self
            .definitions
            .iter()
            .filter(|definition| !definition.facts.is_empty());
        all.flat_map(|definition| {
            self.compile_noting(definition)
                .1
                .into_iter()
                .map(|trouble| format!("{}: {}", definition.id, trouble.message))
        })
        .collect()
    }

    fn compile(&self, definition: &Definition) -> Schema {
        self.compile_noting(definition).0
    }

    fn compile_noting(&self, definition: &Definition) -> (Schema, Vec<Trouble>) {
        let facts = self.text.get(definition.facts.clone()).unwrap_or("null");
        let facts = serde_json::from_str(facts)
            .map_or_else(|_| Node::map(diag::Span::NONE), |facts| from_json(&facts));
        let mut compiler = Compiler {
            resolve: &|id| self.number(id),
            definition: definition.id,
            native: self.dialect == Dialect::Native,
            troubles: Vec::new(),
        };
        let schema = compiler.schema(&facts, 0);
        (schema, compiler.troubles)
    }
}
