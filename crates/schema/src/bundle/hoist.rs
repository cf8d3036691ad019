//! Repeated subtrees of schemas become definitions that are referred to, named for the first place where they stand.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

/// Subtrees shorter than this are cheaper to repeat than to name.
const WORTHWHILE: usize = 100;

/// The roots and what they share, each as a definition: roots first, then shared ones in the order of first use.
pub(super) fn hoist(roots: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let mut table = Table::default();
    let roots: Vec<(String, usize)> = roots
        .into_iter()
        .map(|(id, schema)| {
            let root = table.intern(&schema);
            (id, root)
        })
        .collect();
    for (_, root) in &roots {
        table.use_node(*root);
    }
    let mut writer = Writer {
        table: &table,
        names: HashMap::new(),
        taken: HashMap::new(),
        queue: Vec::new(),
    };
    let mut definitions = Vec::new();
    for (id, root) in roots {
        let facts = writer.facts(root, &id);
        definitions.push((id, facts));
    }
    let mut at = 0;
    while let Some((id, node)) = writer.queue.get(at).cloned() {
        let facts = writer.facts(node, &id);
        definitions.push((id, facts));
        at += 1;
    }
    definitions
}

/// Schemas in which equal subtrees are one node.
#[derive(Default)]
struct Table {
    /// What a node says itself, with its children: a path of keys, and the child's node.
    nodes: Vec<Node>,
    known: HashMap<String, usize>,
}

struct Node {
    own: Map<String, Json>,
    children: Vec<(&'static str, String, usize)>,
    /// How many different nodes have it as a child.
    uses: usize,
    seen: bool,
    size: usize,
}

impl Table {
    fn intern(&mut self, schema: &Json) -> usize {
        let mut own = Map::new();
        let mut children = Vec::new();
        for (key, value) in schema.as_object().into_iter().flatten() {
            match &**key {
                "properties" => {
                    for (name, child) in value.as_object().into_iter().flatten() {
                        children.push(("properties", name.clone(), self.intern(child)));
                    }
                    if value.as_object().is_some_and(Map::is_empty) {
                        own.insert(key.clone(), value.clone());
                    }
                }
                "items" => children.push(("items", String::new(), self.intern(value))),
                "additionalProperties" if value.is_object() => {
                    children.push(("additionalProperties", String::new(), self.intern(value)));
                }
                _ => {
                    own.insert(key.clone(), value.clone());
                }
            }
        }
        let key = format!("{} {children:?}", Json::Object(own.clone()));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let below: usize = children
            .iter()
            .map(|(_, name, child)| name.len() + 4 + self.size(*child))
            .sum();
        let size = Json::Object(own.clone()).to_string().len() + below;
        self.nodes.push(Node {
            own,
            children,
            uses: 0,
            seen: false,
            size,
        });
        self.known.insert(key, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn size(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |node| node.size)
    }

    /// Counts a use of a node, and at its first use those of its children.
    fn use_node(&mut self, at: usize) {
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        node.uses += 1;
        if node.seen {
            return;
        }
        node.seen = true;
        let children: Vec<usize> = node.children.iter().map(|(_, _, child)| *child).collect();
        for child in children {
            self.use_node(child);
        }
    }
}

struct Writer<'t> {
    table: &'t Table,
    names: HashMap<usize, String>,
    taken: HashMap<String, usize>,
    queue: Vec<(String, usize)>,
}

impl Writer<'_> {
    /// The facts of a node, shared children as references.
    fn facts(&mut self, node: usize, path: &str) -> Json {
        let Some(node) = self.table.nodes.get(node) else {
            return Json::Null;
        };
        let mut fields: Vec<(String, Json)> = node.own.clone().into_iter().collect();
        let mut properties = Map::new();
        for (key, name, child) in &node.children {
            let facts = self.child(
                *child,
                &format!("{path}/{}", if name.is_empty() { "*" } else { name }),
            );
            if *key == "properties" {
                properties.insert(name.clone(), facts);
            } else {
                fields.push(((*key).to_owned(), facts));
            }
        }
        if !properties.is_empty() {
            fields.push(("properties".to_owned(), Json::Object(properties)));
        }
        super::sorted(fields)
    }

    fn child(&mut self, child: usize, path: &str) -> Json {
        let shared = self
            .table
            .nodes
            .get(child)
            .is_some_and(|node| node.uses > 1 && node.size >= WORTHWHILE);
        if !shared {
            return self.facts(child, path);
        }
        if let Some(name) = self.names.get(&child) {
            return json!({ "$ref": name });
        }
        let count = self.taken.entry(path.to_owned()).or_insert(0);
        *count += 1;
        let name = if *count == 1 {
            path.to_owned()
        } else {
            format!("{path}#{count}")
        };
        self.names.insert(child, name.clone());
        self.queue.push((name.clone(), child));
        json!({ "$ref": name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_subtrees_stand_once() {
        let big =
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "x".repeat(80)}}});
        let root = json!({"type": "object", "properties": {"l": big, "r": big, "s": {"type": "string"}}});
        let definitions = hoist(vec![("K/v1".to_owned(), root)]);
        assert_eq!(definitions.len(), 2);
        assert_eq!(definitions[0].1["properties"]["l"], json!({"$ref": "K/v1/l"}));
        assert_eq!(definitions[0].1["properties"]["r"], json!({"$ref": "K/v1/l"}));
        assert_eq!(definitions[1].0, "K/v1/l");
    }

    #[test]
    fn what_stands_once_or_is_small_stays_in_place() {
        let root = json!({"properties": {"l": {"type": "string"}, "r": {"type": "string"}}});
        let definitions = hoist(vec![("K/v1".to_owned(), root.clone())]);
        assert_eq!(definitions, [("K/v1".to_owned(), root)]);
    }
}
