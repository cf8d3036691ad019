//! What the functions of helm, sprig and Go make of their arguments. One that is not known reads all of them.

use super::eval::{Evaluator, printed};
use super::heap::Site;
use super::value::{Atom, TextId, Val};

/// Functions that look at what kind of thing a value is, or whether there is any: no value below it counts.
const TESTS: [&str; 8] = [
    "not",
    "empty",
    "kindIs",
    "kindOf",
    "typeOf",
    "typeIs",
    "typeIsLike",
    "isset",
];
/// Functions whose result holds nothing of their arguments' text.
const VERDICTS: [&str; 20] = [
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "contains",
    "hasPrefix",
    "hasSuffix",
    "regexMatch",
    "semverCompare",
    "has",
    "deepEqual",
    "int",
    "int64",
    "float64",
    "len",
    "any",
    "all",
    "add",
];
/// Functions that give a list of some of the elements of their first argument.
const SELECTIONS: [&str; 8] = [
    "rest", "initial", "reverse", "uniq", "compact", "without", "slice", "values",
];

impl Evaluator<'_> {
    /// The value of a call; the piped value is the last argument.
    pub(super) fn function(&mut self, name: &str, arguments: &[Val], site: Site) -> Val {
        let name = plain(name);
        if TESTS.contains(&name.as_str()) {
            return Val::other();
        }
        if SELECTIONS.contains(&name.as_str()) {
            return self.selection(arguments, site);
        }
        match name.as_str() {
            "default" | "coalesce" | "and" | "or" => union(arguments),
            "ternary" => union(&arguments[..arguments.len().min(2)]),
            "required" => self.last_of(arguments),
            "include" => self.include(arguments),
            "tpl" => self.tpl(arguments),
            "dict" => self.dict(arguments, site),
            "list" | "tuple" => self.list(arguments, site),
            "set" => self.set(arguments),
            "unset" => first(arguments),
            "get" | "index" => self.index(arguments),
            "hasKey" => {
                self.index(arguments);
                Val::other()
            }
            "len" => {
                self.elements(arguments);
                Val::other()
            }
            "dig" => self.dig(arguments),
            "pick" => self.pick(arguments, site),
            "pluck" => self.pluck(arguments, site),
            "omit" | "deepCopy" => self.copy(arguments, site),
            "merge" | "mergeOverwrite" => self.merge(arguments),
            "keys" => self.list_of_keys(arguments, site),
            "first" | "last" => self.elements(&arguments[..arguments.len().min(1)]),
            "append" | "push" | "prepend" => self.append(arguments, site),
            "concat" => {
                let elements = self.elements(arguments);
                self.heap.make(site, Vec::new(), &elements, &Val::NIL)
            }
            "eq" | "ne" if arguments.contains(&Val::NIL) => Val::other(),
            "print" | "printf" | "lower" | "upper" | "trim" | "trimSuffix" | "trimPrefix" | "toString" => {
                self.known_text(&name, arguments)
            }
            "split" | "splitList" => self.split_text(&name, arguments),
            "indent" | "nindent" | "quote" | "squote" | "toYaml" | "toJson" => self.dressed(&name, arguments),
            _ => self.unknown(&name, arguments),
        }
    }

    /// Reads all of its arguments.
    pub(super) fn unknown(&mut self, name: &str, arguments: &[Val]) -> Val {
        for argument in arguments {
            self.heap.cover(argument);
        }
        if VERDICTS.contains(&name) {
            return Val::other();
        }
        let made = printed(arguments.iter().any(|argument| self.has_braces(argument)));
        let is_file = |argument: &Val| argument.atoms().contains(&Atom::AnyFile);
        if arguments.iter().any(is_file) {
            made.or(&Val::one(Atom::AnyFile))
        } else {
            made
        }
    }

    /// Changes the looks of its last argument; a known text stays what it is to `tpl`.
    fn dressed(&mut self, name: &str, arguments: &[Val]) -> Val {
        match arguments.split_last() {
            Some((last, _)) if last.texts().is_some() => last.clone(),
            _ => self.unknown(name, arguments),
        }
    }

    fn elements(&mut self, arguments: &[Val]) -> Val {
        arguments.iter().fold(Val::NIL, |all, argument| {
            all.or(&self.heap.get(argument, TextId::ANY))
        })
    }

    fn last_of(&mut self, arguments: &[Val]) -> Val {
        let Some((last, others)) = arguments.split_last() else {
            return Val::NIL;
        };
        for other in others {
            self.heap.cover(other);
        }
        last.clone()
    }

    fn include(&mut self, arguments: &[Val]) -> Val {
        let [name, argument, ..] = arguments else {
            return Val::other();
        };
        let Some(names) = name.texts().filter(|names| !names.is_empty()) else {
            self.heap.cover(name);
            self.heap.cover(argument);
            return printed(true);
        };
        names.into_iter().fold(Val::NIL, |out, name| {
            let name = self.heap.texts.text(name).to_owned();
            out.or(&self.call_named(&name, argument))
        })
    }

    fn dict(&mut self, arguments: &[Val], site: Site) -> Val {
        let mut fields = Vec::new();
        for pair in arguments.chunks(2) {
            let value = pair.get(1).cloned().unwrap_or(Val::NIL);
            let keys = self.key_ids(&pair[0]);
            fields.extend(keys.into_iter().map(|key| (key, value.clone())));
        }
        self.heap.make(site, fields, &Val::NIL, &Val::NIL)
    }

    fn list(&mut self, arguments: &[Val], site: Site) -> Val {
        let fields = arguments.iter().enumerate();
        let fields = fields
            .map(|(index, value)| (self.heap.texts.id(&index.to_string()), value.clone()))
            .collect();
        self.heap.make_list(site, fields)
    }

    fn set(&mut self, arguments: &[Val]) -> Val {
        if let [target, key, value, ..] = arguments {
            for key in self.key_ids(key) {
                self.heap.set(target, key, value);
            }
        }
        first(arguments)
    }

    fn index(&mut self, arguments: &[Val]) -> Val {
        let Some((container, keys)) = arguments.split_first() else {
            return Val::NIL;
        };
        keys.iter()
            .fold(container.clone(), |value, key| self.lookup(&value, key))
    }

    /// `dig "a" "b" default mapping`.
    fn dig(&mut self, arguments: &[Val]) -> Val {
        let [keys @ .., default, container] = arguments else {
            return self.unknown("dig", arguments);
        };
        keys.iter()
            .fold(container.clone(), |value, key| self.lookup(&value, key))
            .or(default)
    }

    fn pick(&mut self, arguments: &[Val], site: Site) -> Val {
        let Some((container, keys)) = arguments.split_first() else {
            return Val::NIL;
        };
        let mut fields = Vec::new();
        for key in keys {
            for key in self.key_ids(key) {
                fields.push((key, self.heap.get(container, key)));
            }
        }
        self.heap.make(site, fields, &Val::NIL, &Val::NIL)
    }

    fn pluck(&mut self, arguments: &[Val], site: Site) -> Val {
        let Some((key, containers)) = arguments.split_first() else {
            return Val::NIL;
        };
        let found = containers.iter().fold(Val::NIL, |found, container| {
            found.or(&self.lookup(container, key))
        });
        self.heap.make(site, Vec::new(), &found, &Val::NIL)
    }

    /// A copy of a mapping; what is no mapping stays what it is.
    fn copy(&mut self, arguments: &[Val], site: Site) -> Val {
        for argument in arguments.iter().skip(1) {
            self.heap.cover(argument);
        }
        let (source, scalars) = split(&first(arguments));
        if source == Val::NIL {
            return scalars;
        }
        self.heap.make(site, Vec::new(), &Val::NIL, &source).or(&scalars)
    }

    fn merge(&mut self, arguments: &[Val]) -> Val {
        let Some((target, sources)) = arguments.split_first() else {
            return Val::NIL;
        };
        for source in sources {
            self.heap.merge(target, source);
        }
        // What is merged into something untracked is reached through the result alone.
        if split(target).1 == Val::NIL && *target != Val::NIL {
            target.clone()
        } else {
            union(arguments)
        }
    }

    fn list_of_keys(&mut self, arguments: &[Val], site: Site) -> Val {
        self.elements(arguments);
        let keys = arguments
            .iter()
            .fold(Val::NIL, |keys, argument| keys.or(&self.keys(argument)));
        self.heap.make(site, Vec::new(), &keys, &Val::NIL)
    }

    fn append(&mut self, arguments: &[Val], site: Site) -> Val {
        let mut elements = self.elements(&arguments[..arguments.len().min(1)]);
        for added in arguments.iter().skip(1) {
            elements.add(added);
        }
        self.heap.make(site, Vec::new(), &elements, &Val::NIL)
    }

    fn selection(&mut self, arguments: &[Val], site: Site) -> Val {
        for argument in arguments.iter().skip(1) {
            self.heap.cover(argument);
        }
        let elements = self.elements(&arguments[..arguments.len().min(1)]);
        self.heap.make(site, Vec::new(), &elements, &Val::NIL)
    }
}

/// `mustToYaml` does what `toYaml` does.
fn plain(name: &str) -> String {
    match name.strip_prefix("must").and_then(|rest| {
        let first = rest.chars().next()?;
        first
            .is_uppercase()
            .then(|| format!("{}{}", first.to_lowercase(), &rest[first.len_utf8()..]))
    }) {
        Some(plain) => plain,
        None => name.to_owned(),
    }
}

fn union(arguments: &[Val]) -> Val {
    arguments.iter().fold(Val::NIL, |all, argument| all.or(argument))
}

fn first(arguments: &[Val]) -> Val {
    arguments.first().cloned().unwrap_or(Val::NIL)
}

/// What a value may be that can hold others, and what it may be that can not.
fn split(value: &Val) -> (Val, Val) {
    let (holders, scalars) = value
        .atoms()
        .iter()
        .partition(|atom| matches!(atom, Atom::Path(_) | Atom::Object(_)));
    (Val::of(holders), Val::of(scalars))
}
