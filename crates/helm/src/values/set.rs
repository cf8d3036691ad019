//! `targetPath`: a value set at a path with the grammar of helm's `--set`.
//!
//! Sources: helm's `pkg/strvals/parser.go`, and `ReplacePathValue` and `ReplacePathLiteralValue` of fluxcd/pkg's
//! `chartutil`.

use diag::Span;
use model::yaml::{Node, Value};

use super::shared::{List, Map, Shared};

/// helm's limits: the highest index of a list and the most names in a path.
const MAX_INDEX: usize = 65_536;
const MAX_NAMES: usize = 30;
/// How many names and indexes may follow each other; helm has no limit.
const MAX_STEPS: usize = 250;

/// Sets what `value` means at a path; as a string and verbatim where it is `literal`. Each new node points at `span`.
/// The error never holds the value.
pub(super) fn at_path(
    values: &Map,
    path: &str,
    value: &str,
    literal: bool,
    span: Span,
) -> Result<(), String> {
    let quoted = |quote: char| value.starts_with(quote) && value.ends_with(quote);
    let (text, strings) = if literal {
        (escaped(value), true)
    } else if quoted('\'') || quoted('"') {
        (value.trim_matches(['\'', '"']).to_owned(), true)
    } else {
        (value.to_owned(), false)
    };
    let line: Vec<char> = format!("{path}={text}").chars().collect();
    let mut parser = Parser {
        line: &line,
        at: 0,
        value_at: path.chars().count(),
        strings,
        span,
        steps: 0,
    };
    loop {
        parser.steps = 0;
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Error(message)) => return Err(message),
        }
    }
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '[' | ']' | '{' | '}') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

enum Stop {
    /// The line is read.
    End,
    Error(String),
}

struct Parser<'a> {
    line: &'a [char],
    at: usize,
    /// Where the path ends; what lies behind it is not told in errors.
    value_at: usize,
    strings: bool,
    span: Span,
    /// Names and indexes of the current path.
    steps: usize,
}

impl Parser<'_> {
    /// Reads `name=value`, `name.rest` or `name[0]rest` into a mapping.
    fn key(&mut self, into: &Map, level: usize) -> Result<(), Stop> {
        self.step()?;
        let start = self.at;
        let (name, end) = self.until(&['=', '[', ',', '.']);
        let Some(end) = end else {
            return Err(if name.is_empty() {
                Stop::End
            } else {
                self.error(
                    start,
                    "a `,` in a value must be written `\\,`",
                    "a name has no value",
                )
            });
        };
        match end {
            '[' => {
                let index = self.index()?;
                let list = match into.get(&name) {
                    None => List::new(self.span, Vec::new()),
                    Some(Shared::List(list)) => list,
                    Some(other) => return Err(mismatch(&name, &other, "a list")),
                };
                let list = self.item(&list, index, level)?;
                self.put(into, &name, Shared::List(list));
                Ok(())
            }
            '=' => {
                let at_end = self.at >= self.line.len();
                let value = self.value()?;
                self.put(into, &name, value);
                if at_end { Err(Stop::End) } else { Ok(()) }
            }
            '.' => {
                if level >= MAX_NAMES {
                    return Err(Stop::Error(format!("the path has more than {MAX_NAMES} names")));
                }
                let inner = match into.get(&name) {
                    None => Map::new(self.span),
                    Some(Shared::Map(map)) => map,
                    Some(other) => return Err(mismatch(&name, &other, "a mapping")),
                };
                let read = self.key(&inner, level + 1);
                if inner.is_empty() && read.is_ok() {
                    return Err(Stop::Error("a name is empty".to_owned()));
                }
                if !inner.is_empty() {
                    self.put(into, &name, Shared::Map(inner));
                }
                read
            }
            _ => Err(self.error(
                start,
                "a `,` in a value must be written `\\,`",
                "a `,` stands where a name ends",
            )),
        }
    }

    /// Reads what follows an index, and gives the list with the new item.
    fn item(&mut self, list: &List, index: usize, level: usize) -> Result<List, Stop> {
        self.step()?;
        if index > MAX_INDEX {
            return Err(Stop::Error(format!("an index is beyond {MAX_INDEX}")));
        }
        let (between, end) = self.until(&['[', '.', '=']);
        if !between.is_empty() {
            return Err(Stop::Error(
                "an index is followed by something else than `.`, `[` or `=`".to_owned(),
            ));
        }
        match end {
            Some('=') => {
                let value = self.value()?;
                Ok(list.with(index, value))
            }
            Some('[') => {
                let next = self.index()?;
                let inner = match list.get(index) {
                    Some(Shared::List(list)) => list,
                    Some(other) if !other.is_null() => {
                        return Err(mismatch(&format!("[{index}]"), &other, "a list"));
                    }
                    _ => List::new(self.span, Vec::new()),
                };
                let inner = self.item(&inner, next, level)?;
                Ok(list.with(index, Shared::List(inner)))
            }
            Some('.') => {
                let old = list.get(index);
                let inner = match &old {
                    Some(Shared::Map(map)) => map.clone(),
                    _ => Map::new(self.span),
                };
                match self.key(&inner, level) {
                    // helm sets an empty value at the end, and forgets to make the list longer.
                    Err(Stop::End) if old.is_none() => Ok(list.clone()),
                    Ok(()) | Err(Stop::End) => Ok(list.with(index, Shared::Map(inner))),
                    Err(Stop::Error(message)) => Err(Stop::Error(message)),
                }
            }
            _ => Err(Stop::End),
        }
    }

    fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Stop::Error(format!(
                "a path has more than {MAX_STEPS} names and indexes"
            )));
        }
        Ok(())
    }

    fn put(&self, into: &Map, name: &str, value: Shared) {
        if !name.is_empty() {
            into.set(name, self.span, value);
        }
    }

    fn index(&mut self) -> Result<usize, Stop> {
        let (text, end) = self.until(&[']']);
        let index = text.parse::<i64>().ok().filter(|_| end.is_some());
        index
            .and_then(|index| usize::try_from(index).ok())
            .ok_or_else(|| Stop::Error("an index is no whole number of 0 or more".to_owned()))
    }

    /// The value up to the next `,`, or a list in braces.
    fn value(&mut self) -> Result<Shared, Stop> {
        if self.line.get(self.at) != Some(&'{') {
            let (text, _) = self.until(&[',']);
            return Ok(self.typed(&text));
        }
        self.at += 1;
        let mut items = Vec::new();
        loop {
            let (text, end) = self.until(&[',', '}']);
            match end {
                Some(',') => items.push(self.typed(&text)),
                Some(_) => {
                    if self.line.get(self.at) == Some(&',') {
                        self.at += 1;
                    }
                    items.push(self.typed(&text));
                    return Ok(Shared::List(List::new(self.span, items)));
                }
                None => {
                    return Err(Stop::Error(
                        "a list starts with `{` and does not end with `}`".to_owned(),
                    ));
                }
            }
        }
    }

    fn typed(&self, text: &str) -> Shared {
        let value = if self.strings {
            Value::Str(text.into())
        } else {
            match text.to_ascii_lowercase().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                "0" => Value::Int(0),
                _ if text.starts_with('0') => Value::Str(text.into()),
                _ => text.parse::<i64>().map_or_else(
                    |_not_whole| Value::Str(text.into()),
                    |value| Value::Int(value.into()),
                ),
            }
        };
        Shared::Scalar(Node::new(value, self.span))
    }

    /// The text up to one of the characters, which is passed over; none of them where the line ends before.
    /// A backslash takes the next character as it is.
    fn until(&mut self, stop: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.line.get(self.at).copied() {
            self.at += 1;
            if stop.contains(&c) {
                return (text, Some(c));
            }
            if c == '\\' {
                if let Some(next) = self.line.get(self.at) {
                    text.push(*next);
                    self.at += 1;
                }
            } else {
                text.push(c);
            }
        }
        (text, None)
    }

    fn error(&self, start: usize, in_value: &str, in_path: &str) -> Stop {
        let message = if start > self.value_at { in_value } else { in_path };
        Stop::Error(message.to_owned())
    }
}

fn mismatch(name: &str, found: &Shared, wanted: &str) -> Stop {
    Stop::Error(format!(
        "`{name}` is of type {}, wanted {wanted}",
        found.type_name()
    ))
}
