//! Strategic merge patches, by the algorithm of kyaml's `merge2`, its oddities included.
//!
//! Lists of built-in kinds are joined by their merge keys ([`schema`]); all other lists are replaced.

mod list;
mod schema;
mod table;

use diag::Sources;
use model::yaml::{Map, Node, Value};

use schema::Schema;

/// Why two trees cannot be merged.
pub(crate) type Refusal = String;

/// The key of a directive inside a patch.
const DIRECTIVE: &str = "$patch";

/// Merges a patch into an object; none when the patch deletes it.
pub(crate) fn merge(object: Node, patch: &Node, sources: &Sources) -> Result<Option<Node>, Refusal> {
    let place = Place {
        schema: Schema::Unknown,
        same: false,
        sources,
    };
    walk(Some(object), Some(patch.clone()), place).map(|merged| merged.node)
}

/// What is known where two nodes are merged.
#[derive(Clone, Copy)]
struct Place<'s> {
    schema: Schema,
    /// Whether both nodes are the patch: what only the patch has is walked with itself, so that what is deleted there is
    /// gone.
    same: bool,
    sources: &'s Sources,
}

impl Place<'_> {
    fn field(self, name: &str) -> Self {
        let schema = self.schema.field(name);
        Self { schema, ..self }
    }

    fn patch_only(self) -> Self {
        Self { same: true, ..self }
    }
}

/// What became of a node.
struct Merged {
    node: Option<Node>,
    /// Whether the node is the old one, changed in place, not one of the patch.
    in_place: bool,
}

impl Merged {
    fn gone() -> Self {
        Self {
            node: None,
            in_place: false,
        }
    }

    fn patch(node: Option<Node>) -> Self {
        Self {
            node,
            in_place: false,
        }
    }

    fn old(node: Option<Node>) -> Self {
        Self { node, in_place: true }
    }
}

/// What a patch says about the mapping or list that holds the directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strategy {
    Merge,
    Replace,
    Delete,
}

impl Strategy {
    fn read(node: &Node) -> Result<Self, Refusal> {
        match node.as_str() {
            Some("delete") => Ok(Self::Delete),
            Some("replace") => Ok(Self::Replace),
            Some("merge") => Ok(Self::Merge),
            _ => {
                let found = node.scalar_text().unwrap_or_default();
                Err(format!(
                    "unknown patch strategy `{found}`, wanted `delete`, `replace` or `merge`"
                ))
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Nothing,
    Scalar,
    List,
    Mapping,
}

fn shape(node: Option<&Node>) -> Shape {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => Shape::Nothing,
        Some(Value::Seq(_)) => Shape::List,
        Some(Value::Map(_)) => Shape::Mapping,
        Some(_) => Shape::Scalar,
    }
}

/// Merges two nodes.
fn walk(old: Option<Node>, patch: Option<Node>, mut place: Place<'_>) -> Result<Merged, Refusal> {
    let (old_shape, patch_shape) = (shape(old.as_ref()), shape(patch.as_ref()));
    place.schema = place.schema.or_of(&[old.as_ref(), patch.as_ref()]);
    if old_shape != Shape::Nothing && patch_shape != Shape::Nothing && old_shape != patch_shape {
        let word = |node: Option<&Node>| node.map_or("nothing", crate::scalar::type_word);
        let (old, new) = (word(old.as_ref()), word(patch.as_ref()));
        return Err(format!("the patch has {new} where the object has {old}"));
    }
    match if old_shape == Shape::Nothing {
        patch_shape
    } else {
        old_shape
    } {
        Shape::Mapping | Shape::Nothing => mapping(old, patch, place),
        Shape::Scalar => Ok(match patch {
            Some(patch) => Merged::patch(Some(styled(old.as_ref(), patch, place.sources))),
            None => Merged::old(old),
        }),
        Shape::List => match place.schema.merge_keys() {
            Some(keys) => list::merge(old, patch, place, keys),
            None => Ok(if patch.is_some() {
                Merged::patch(patch)
            } else {
                Merged::old(old)
            }),
        },
    }
}

/// A scalar of a patch takes the quotes of the one that it replaces: `1` over `"a"` becomes the string `"1"`.
fn styled(old: Option<&Node>, patch: Node, sources: &Sources) -> Node {
    let is_typed = matches!(patch.value, Value::Bool(_) | Value::Int(_) | Value::Float(_));
    let is_quoted = |old: &Node| {
        let source = sources.get(old.span.source)?;
        Some(
            source
                .text()
                .get(old.span.start as usize..)?
                .starts_with(['"', '\'']),
        )
    };
    match old {
        Some(old) if is_typed && old.as_str().is_some() && is_quoted(old) == Some(true) => {
            Node::string(crate::scalar::written(&patch, sources), patch.span)
        }
        _ => patch,
    }
}

fn mapping(old: Option<Node>, mut patch: Option<Node>, mut place: Place<'_>) -> Result<Merged, Refusal> {
    let Some(mut node) = old.filter(|old| !old.is_null() || patch.is_none()) else {
        return added(patch, place);
    };
    if node.is_null() {
        // Nothing in the patch: an explicit null stays, an empty value goes.
        return Ok(if crate::scalar::is_blank(&node) {
            Merged::gone()
        } else {
            Merged::old(Some(node))
        });
    }
    let mut in_place = true;
    match &mut patch {
        None => {}
        Some(patch) if patch.is_null() => return Ok(Merged::gone()),
        Some(patch) => match take_strategy(patch)? {
            Strategy::Merge => {
                // Inside what a patch adds, both sides are the patch.
                node.as_map_mut().map(|map| map.remove(DIRECTIVE));
            }
            Strategy::Delete => return Ok(Merged::gone()),
            Strategy::Replace => {
                node = patch.clone();
                in_place = place.same;
                place = place.patch_only();
            }
        },
    }
    fields(&mut node, patch, place)?;
    Ok(Merged {
        node: Some(node),
        in_place,
    })
}

/// A value that only the patch has: directives and nulls inside it are worked off.
fn added(patch: Option<Node>, place: Place<'_>) -> Result<Merged, Refusal> {
    let Some(mut patch) = patch else {
        return Ok(Merged::gone());
    };
    if patch.as_map().is_some() {
        // An unknown strategy shows below, when the fields are walked.
        if take_strategy(&mut patch) == Ok(Strategy::Delete) {
            return Ok(Merged::gone());
        }
        let twin = patch.clone();
        fields(&mut patch, Some(twin), place.patch_only())?;
    }
    Ok(Merged::patch(Some(patch)))
}

fn take_strategy(patch: &mut Node) -> Result<Strategy, Refusal> {
    let Some(map) = patch.as_map_mut() else {
        return Ok(Strategy::Merge);
    };
    let Some(directive) = map.get(DIRECTIVE) else {
        return Ok(Strategy::Merge);
    };
    let strategy = Strategy::read(directive)?;
    map.remove(DIRECTIVE);
    Ok(strategy)
}

/// Merges the fields of a patch into those of a mapping.
fn fields(node: &mut Node, patch: Option<Node>, place: Place<'_>) -> Result<(), Refusal> {
    let Some(map) = node.as_map_mut() else {
        return Ok(());
    };
    let mut patch = match patch.map(|patch| patch.value) {
        Some(Value::Map(map)) => map,
        _ => Map::default(),
    };
    let mut index = 0;
    while let Some(entry) = map.entries_mut().get_mut(index) {
        let change = patch.remove(&entry.key);
        if change.is_none() && !needs_walk(&entry.value, place.schema.field(&entry.key)) {
            index += 1;
            continue;
        }
        let (key_span, change) =
            change.map_or((None, None), |change| (Some(change.key_span), Some(change.value)));
        let old = std::mem::replace(&mut entry.value, Node::new(Value::Null, diag::Span::NONE));
        let field = place.field(&entry.key);
        let merged = walk(Some(old), change, field).map_err(|refusal| within(&entry.key, &refusal))?;
        match merged.node {
            Some(value) if !value.is_null() || merged.in_place => {
                if let (Some(span), false) = (key_span, merged.in_place) {
                    entry.key_span = span;
                }
                entry.value = value;
                index += 1;
            }
            _ => {
                map.entries_mut().remove(index);
            }
        }
    }
    for entry in patch.entries() {
        let field = place.field(&entry.key);
        let merged = walk(None, Some(entry.value.clone()), field);
        let merged = merged.map_err(|refusal| within(&entry.key, &refusal))?;
        if let Some(value) = merged.node.filter(|value| !value.is_null()) {
            map.set(entry.key.clone(), entry.key_span, value);
        }
    }
    Ok(())
}

/// Whether a value that the patch does not mention may change all the same: empty values go, and so do elements of
/// merged lists that repeat a key.
fn needs_walk(node: &Node, schema: Schema) -> bool {
    match (&node.value, schema) {
        (Value::Null, _) => crate::scalar::is_blank(node),
        (Value::Seq(_), Schema::List(..)) => true,
        (Value::Map(map), _) => {
            let schema = schema.or_of(&[Some(node)]);
            map.entries()
                .iter()
                .any(|entry| needs_walk(&entry.value, schema.field(&entry.key)))
        }
        _ => false,
    }
}

/// Names the field that a refusal is about.
fn within(key: &str, refusal: &str) -> Refusal {
    match refusal.strip_prefix("field `") {
        Some(rest) => format!("field `{key}.{rest}"),
        None => format!("field `{key}`: {refusal}"),
    }
}

#[cfg(test)]
mod tests;
