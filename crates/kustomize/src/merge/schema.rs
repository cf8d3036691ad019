//! What is known of the lists of a kind while a patch walks down.

use model::yaml::Node;

use super::table::{ROOTS, TYPES};

/// The fields of a mapping that matter to merges.
pub(super) type Type = &'static [Field];

/// A field that leads to merged lists, or is one.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The type of the value, or of the list's elements, as a place in the table.
    pub(super) of: Option<u8>,
    /// Whether this is a list whose elements are merged.
    pub(super) merged: bool,
    pub(super) keys: &'static [&'static str],
}

/// What is known at one place of an object.
#[derive(Debug, Clone, Copy)]
pub(super) enum Schema {
    /// Nothing: a kind outside the table, whose parts may be objects of a kind inside.
    Unknown,
    /// No merged list below.
    Plain,
    /// A mapping of the table.
    Mapping(Type),
    /// A list whose elements are merged by keys.
    List(Option<Type>, &'static [&'static str]),
}

fn type_at(place: Option<u8>) -> Option<Type> {
    place.and_then(|place| TYPES.get(place as usize)).copied()
}

impl Schema {
    /// This, or that of the kind that one of the nodes names.
    pub(super) fn or_of(self, nodes: &[Option<&Node>]) -> Self {
        if !matches!(self, Self::Unknown) {
            return self;
        }
        let named = nodes.iter().flatten().find_map(|node| {
            let (version, kind) = (node.str_at(&["apiVersion"])?, node.str_at(&["kind"])?);
            let at = ROOTS
                .binary_search_by(|(v, k, _)| (*v, *k).cmp(&(version, kind)))
                .ok()?;
            type_at(ROOTS.get(at).map(|(_, _, place)| *place))
        });
        named.map_or(Self::Unknown, Self::Mapping)
    }

    /// What is known of a field.
    pub(super) fn field(self, name: &str) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Plain | Self::List(..) => Self::Plain,
            Self::Mapping(fields) => match fields.iter().find(|field| field.name == name) {
                Some(field) if field.merged => Self::List(type_at(field.of), field.keys),
                Some(field) => type_at(field.of).map_or(Self::Plain, Self::Mapping),
                None => Self::Plain,
            },
        }
    }

    /// What is known of the elements of a list.
    pub(super) fn elements(self) -> Self {
        match self {
            Self::List(Some(element), _) => Self::Mapping(element),
            Self::Unknown => Self::Unknown,
            _ => Self::Plain,
        }
    }

    /// The merge keys of a list; none when lists are replaced here.
    pub(super) fn merge_keys(self) -> Option<&'static [&'static str]> {
        if let Self::List(_, keys) = self {
            Some(keys)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ROOTS.is_sorted_by_key(|(version, kind, _)| (*version, *kind)));
        assert!(
            ROOTS
                .iter()
                .all(|(_, _, place)| TYPES.get(*place as usize).is_some())
        );
    }
}
