//! What the values of templates hold: lookups in them, changes to them, and what reading all of them reaches.
//!
//! One state for the whole run that only grows: an object holds whatever was ever put into it.

use std::collections::{BTreeMap, HashMap};

use super::paths::{Paths, Texts};
use super::value::{Atom, ObjectId, PathId, TextId, Val};

/// The most that an expression may denote before all of it counts as read.
const MAX_ATOMS: usize = 96;

/// A mapping or list of templates.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// Values under known keys; elements of lists under `0`, `1`, ...
    pub(super) fields: BTreeMap<TextId, Val>,
    /// Values under keys that are not known.
    pub(super) rest: Val,
    /// Mappings that were merged or copied into it.
    pub(super) also: Val,
    /// The round in which all of it was last marked as read.
    covered: u32,
}

/// The elements of a list in order, with their keys.
pub(super) type List = Vec<(TextId, Val)>;

/// Names the place and the call in which a function makes an object.
pub(super) type Site = (u32, u32);

/// All objects, paths and texts of a run.
#[derive(Debug, Default)]
pub(super) struct Heap {
    /// The paths that were reached.
    pub(super) paths: Paths,
    /// The texts that are known.
    pub(super) texts: Texts,
    /// Whether something grew that may have been looked at before.
    pub(super) grew: bool,
    /// The number of the run over all templates, from 1; 0 before the first.
    pub(super) round: u32,
    /// Work done: atoms that were looked at, and values that were put at paths.
    pub(super) work: u64,
    objects: Vec<Object>,
    sites: HashMap<Site, ObjectId>,
    /// Lists that always have all of these elements, in this order.
    lists: HashMap<ObjectId, Vec<TextId>>,
    /// Paths at which templates put values, by their last key.
    set: BTreeMap<TextId, Vec<(PathId, Val)>>,
    /// Paths into which templates merged mappings.
    merged: Vec<(PathId, Val)>,
}

impl Heap {
    /// What a function makes at a site: known fields, values under unknown keys, mappings that are copied into it.
    pub(super) fn make(&mut self, site: Site, fields: Vec<(TextId, Val)>, rest: &Val, also: &Val) -> Val {
        let known = self.sites.get(&site).copied();
        let object = known.unwrap_or_else(|| self.new_object());
        self.sites.insert(site, object);
        // Nobody has looked at a new one.
        let grew = self.grew;
        for (key, value) in fields {
            self.put(object, key, &value);
        }
        self.put(object, TextId::ANY, rest);
        self.grew |= self.objects[object.0 as usize].also.add(also);
        self.grew = if known.is_some() { self.grew } else { grew };
        Val::one(Atom::Object(object))
    }

    /// A list that a function makes at a site: its elements in order, with their keys.
    pub(super) fn make_list(&mut self, site: Site, elements: List) -> Val {
        let keys = elements.iter().map(|(key, _)| *key).collect();
        let list = self.make(site, elements, &Val::NIL, &Val::NIL);
        if let [Atom::Object(object)] = list.atoms() {
            self.lists.insert(*object, keys);
        }
        list
    }

    /// The lists of known length that a value may be, when it may be nothing else: their elements in order, with their
    /// keys.
    pub(super) fn known_lists(&self, value: &Val) -> Option<Vec<List>> {
        value.atoms().iter().map(|atom| self.known_list(*atom)).collect()
    }

    fn known_list(&self, atom: Atom) -> Option<List> {
        let Atom::Object(object) = atom else {
            return None;
        };
        let keys = self.lists.get(&object)?;
        let object = self.object(object);
        let is_whole =
            object.rest == Val::NIL && object.also == Val::NIL && object.fields.len() == keys.len();
        is_whole.then(|| {
            keys.iter()
                .map(|key| (*key, object.fields[key].clone()))
                .collect()
        })
    }

    /// A new empty object.
    pub(super) fn new_object(&mut self) -> ObjectId {
        self.objects.push(Object {
            fields: BTreeMap::new(),
            rest: Val::NIL,
            also: Val::NIL,
            covered: 0,
        });
        ObjectId(self.objects.len() as u32 - 1)
    }

    /// What an object holds.
    pub(super) fn object(&self, object: ObjectId) -> &Object {
        &self.objects[object.0 as usize]
    }

    /// Puts a value under a key of an object, or under one that is not known.
    pub(super) fn put(&mut self, object: ObjectId, key: TextId, value: &Val) {
        let object = &mut self.objects[object.0 as usize];
        self.grew |= if key == TextId::ANY {
            object.rest.add(value)
        } else {
            let field = object.fields.entry(key).or_insert(Val::NIL);
            field.add(value)
        };
    }

    /// Puts a value under a key of whatever a value denotes.
    pub(super) fn set(&mut self, target: &Val, key: TextId, value: &Val) {
        for atom in target.atoms() {
            match atom {
                Atom::Object(object) => self.put(*object, key, value),
                Atom::Path(path) => {
                    let child = self.paths.child(*path, key);
                    self.set_path(child, value);
                }
                Atom::Text(_) | Atom::Other | Atom::AnyFile | Atom::Braces => {}
            }
        }
    }

    /// What is at a path may be another value as well.
    pub(super) fn set_path(&mut self, path: PathId, value: &Val) {
        let entries = self.set.entry(self.paths.key(path)).or_default();
        self.grew |= grow(entries, path, value);
    }

    /// Merges mappings into whatever a value denotes.
    pub(super) fn merge(&mut self, target: &Val, more: &Val) {
        for atom in target.atoms() {
            match atom {
                Atom::Object(object) => {
                    self.grew |= self.objects[object.0 as usize].also.add(more);
                }
                Atom::Path(path) => self.grew |= grow(&mut self.merged, *path, more),
                Atom::Text(_) | Atom::Other | Atom::AnyFile | Atom::Braces => {}
            }
        }
    }

    /// The values under a key of whatever a value denotes; of every key for [`TextId::ANY`]. They count as reached.
    pub(super) fn get(&mut self, value: &Val, key: TextId) -> Val {
        let mut found = Vec::new();
        let (mut seen, mut open) = (Vec::new(), value.atoms().to_vec());
        while let Some(atom) = open.pop() {
            self.work += 1;
            match atom {
                Atom::Path(path) => {
                    if !seen.contains(&atom) {
                        seen.push(atom);
                        self.get_path(path, key, &mut found, &mut open);
                    }
                }
                Atom::Object(object) => {
                    if !seen.contains(&atom) {
                        seen.push(atom);
                        let object = self.object(object);
                        open.extend(object.also.atoms());
                        found.extend(object.rest.atoms());
                        if key == TextId::ANY {
                            found.extend(object.fields.values().flat_map(Val::atoms));
                        } else if let Some(field) = object.fields.get(&key) {
                            found.extend(field.atoms());
                        }
                    }
                }
                Atom::Other | Atom::Braces => found.push(atom),
                Atom::AnyFile => found.push(Atom::AnyFile),
                // `range 3` counts.
                Atom::Text(_) if key == TextId::ANY => found.push(Atom::Other),
                Atom::Text(_) => {}
            }
        }
        self.bounded(Val::of(found))
    }

    fn get_path(&mut self, path: PathId, key: TextId, found: &mut Vec<Atom>, open: &mut Vec<Atom>) {
        // A number may be the index of a list.
        let is_index = self.texts.text(key).parse::<u32>().is_ok();
        let key = if is_index { TextId::ANY } else { key };
        let child = self.paths.child(path, key);
        found.push(Atom::Path(child));
        let exact = self.set.get(&key).into_iter().chain(self.set.get(&TextId::ANY));
        let all: Box<dyn Iterator<Item = &Vec<_>>> = if key == TextId::ANY {
            Box::new(self.set.values())
        } else {
            Box::new(exact)
        };
        for (at, value) in all.flatten() {
            self.work += 1;
            if self.paths.meet(*at, child) {
                found.extend(value.atoms());
            }
        }
        for (at, value) in &self.merged {
            if self.paths.meet(*at, path) {
                open.extend(value.atoms());
            }
        }
    }

    /// Too many atoms to follow count as read.
    fn bounded(&mut self, value: Val) -> Val {
        if value.atoms().len() <= MAX_ATOMS {
            return value;
        }
        self.cover(&value);
        // Of the texts no more is known than that `tpl` may run them.
        let of_texts = value.atoms().iter().filter_map(|atom| match atom {
            Atom::Text(_) | Atom::Braces => Some(Atom::Braces),
            Atom::AnyFile => Some(Atom::AnyFile),
            _ => None,
        });
        Val::of(of_texts.chain([Atom::Other]).collect())
    }

    /// Marks all that can be reached from a value as read.
    pub(super) fn cover(&mut self, value: &Val) {
        let is_container = |atom: &Atom| matches!(atom, Atom::Path(_) | Atom::Object(_));
        if !value.atoms().iter().any(is_container) {
            return;
        }
        // What grows after it was marked is marked in the next round.
        let round = self.round + 1;
        let mut open = value.atoms().to_vec();
        while let Some(atom) = open.pop() {
            self.work += 1;
            match atom {
                Atom::Path(path) if self.paths.cover(path, round) => {
                    for (at, value) in self.set.values().flatten().chain(&self.merged) {
                        self.work += 1;
                        if self.paths.may_be_within(*at, path) {
                            open.extend(value.atoms());
                        }
                    }
                }
                Atom::Object(object) => {
                    let object = &mut self.objects[object.0 as usize];
                    if std::mem::replace(&mut object.covered, round) != round {
                        open.extend(object.fields.values().flat_map(Val::atoms));
                        open.extend(object.rest.atoms());
                        open.extend(object.also.atoms());
                    }
                }
                _ => {}
            }
        }
    }
}

fn grow(entries: &mut Vec<(PathId, Val)>, path: PathId, value: &Val) -> bool {
    if let Some((_, old)) = entries.iter_mut().find(|(at, _)| *at == path) {
        return old.add(value);
    }
    entries.push((path, value.clone()));
    true
}
