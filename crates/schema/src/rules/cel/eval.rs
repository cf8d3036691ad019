//! Evaluates a CEL expression on a node. What it does not know is [`Failure::Unknown`], never a guess.

use std::cmp::Ordering;

use model::yaml::{Node, Value};

use super::parse::Expr;
use super::value::{Failure, Outcome, Val, arithmetic, compare, same, size};
use crate::compile::pattern::Pattern;
use crate::document::Document;
use crate::schema::{Ref, Rest, Schema};
use crate::validate::format::Format;

/// A rule that takes longer is not evaluated.
const MAX_STEPS: usize = 50_000;

/// Whether a rule holds for a node.
pub(super) fn holds<'a>(
    expr: &'a Expr,
    document: &'a Document,
    schema: &'a Schema,
    node: &'a Node,
) -> Result<bool, Failure> {
    let mut eval = Eval {
        document,
        names: Vec::new(),
        steps: 0,
    };
    let this = Eval::node(node, Some(schema))?;
    eval.names.push(("self", this));
    eval.bool(expr)
}

struct Eval<'a> {
    document: &'a Document,
    names: Vec<(&'a str, Val<'a>)>,
    steps: usize,
}

impl<'a> Eval<'a> {
    fn bool(&mut self, expr: &'a Expr) -> Result<bool, Failure> {
        match self.value(expr)? {
            Val::Bool(value) => Ok(value),
            _ => Err(Failure::Unknown),
        }
    }

    fn value(&mut self, expr: &'a Expr) -> Outcome<'a> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Failure::Unknown);
        }
        match expr {
            Expr::Null => Ok(Val::Null),
            Expr::Bool(value) => Ok(Val::Bool(*value)),
            Expr::Int(value) => Ok(Val::Int(i128::from(*value))),
            Expr::Double(value) => Ok(Val::Double(*value)),
            Expr::Text(value) => Ok(Val::Text(value.as_str().into())),
            Expr::List(items) => Ok(Val::List(
                items
                    .iter()
                    .map(|item| self.value(item))
                    .collect::<Result<_, _>>()?,
            )),
            Expr::Name(name) => {
                let known = self.names.iter().rev().find(|(known, _)| known == name);
                known.map(|(_, value)| value.clone()).ok_or(Failure::Unknown)
            }
            Expr::Field(target, name) => {
                let target = self.value(target)?;
                self.field(&target, name)?.ok_or(Failure::Absent)
            }
            Expr::Index(target, index) => {
                let (target, index) = (self.value(target)?, self.value(index)?);
                self.index(&target, &index)
            }
            Expr::Not(inner) => Ok(Val::Bool(!self.bool(inner)?)),
            Expr::Negate(inner) => match self.value(inner)? {
                Val::Int(value) => Ok(Val::Int(-value)),
                Val::Double(value) => Ok(Val::Double(-value)),
                _ => Err(Failure::Unknown),
            },
            Expr::If(parts) => {
                let [condition, then, other] = &**parts;
                if self.bool(condition)? {
                    self.value(then)
                } else {
                    self.value(other)
                }
            }
            Expr::Binary(operator, left, right) => self.binary(operator, left, right),
            Expr::Call(target, name, arguments) => self.call(target.as_deref(), name, arguments),
        }
    }

    fn binary(&mut self, operator: &str, left: &'a Expr, right: &'a Expr) -> Outcome<'a> {
        // Either side decides alone, even where the other fails.
        if operator == "||" || operator == "&&" {
            let decides = operator == "||";
            let first = self.bool(left);
            if first == Ok(decides) {
                return Ok(Val::Bool(decides));
            }
            let second = self.bool(right);
            if second == Ok(decides) {
                return Ok(Val::Bool(decides));
            }
            return first.and(second).map(Val::Bool);
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        let order = |wanted: fn(Ordering) -> bool| {
            compare(&left, &right)
                .map(|order| Val::Bool(wanted(order)))
                .ok_or(Failure::Unknown)
        };
        match operator {
            "==" => same(&left, &right).map(Val::Bool),
            "!=" => same(&left, &right).map(|same| Val::Bool(!same)),
            "<" => order(Ordering::is_lt),
            "<=" => order(Ordering::is_le),
            ">" => order(Ordering::is_gt),
            ">=" => order(Ordering::is_ge),
            "in" => self.is_in(&left, &right),
            _ => arithmetic(operator, &left, &right),
        }
    }

    fn is_in(&mut self, left: &Val<'a>, right: &Val<'a>) -> Outcome<'a> {
        if let (
            Val::Text(key),
            Val::Node(
                Node {
                    value: Value::Map(_), ..
                },
                _,
            ),
        ) = (left, right)
        {
            return Ok(Val::Bool(self.written(right, key)?.is_some()));
        }
        for item in self.items(right)? {
            if same(left, &item)? {
                return Ok(Val::Bool(true));
            }
        }
        Ok(Val::Bool(false))
    }

    fn call(&mut self, target: Option<&'a Expr>, name: &str, arguments: &'a [Expr]) -> Outcome<'a> {
        match (target, name, arguments) {
            (None, "has", [Expr::Field(target, name)]) => {
                let target = self.value(target)?;
                Ok(Val::Bool(self.written(&target, name)?.is_some()))
            }
            (None, "size", [value]) | (Some(value), "size", []) => {
                let value = self.value(value)?;
                size(&value).map(|size| Val::Int(size as i128))
            }
            (Some(target), "all" | "exists" | "exists_one", [Expr::Name(variable), body]) => {
                let target = self.value(target)?;
                self.quantified(name, &target, variable, body)
            }
            (Some(target), "filter" | "map", [Expr::Name(variable), body]) => {
                let target = self.value(target)?;
                self.each(name, &target, variable, body)
            }
            (Some(target), _, _) => self.method(target, name, arguments),
            (None, "string", [value]) => match self.value(value)? {
                Val::Int(value) => Ok(Val::Text(value.to_string().into())),
                text @ Val::Text(_) => Ok(text),
                _ => Err(Failure::Unknown),
            },
            _ => Err(Failure::Unknown),
        }
    }

    /// `all`, `exists` and `exists_one`: a failure counts only where no element decides.
    fn quantified(&mut self, name: &str, target: &Val<'a>, variable: &'a str, body: &'a Expr) -> Outcome<'a> {
        let (mut held, mut failed) = (0, None);
        let items = self.keys(target)?;
        let count = items.len();
        for item in items {
            self.names.push((variable, item));
            let outcome = self.bool(body);
            self.names.pop();
            match outcome {
                Ok(true) if name == "exists" => return Ok(Val::Bool(true)),
                Ok(false) if name == "all" => return Ok(Val::Bool(false)),
                Ok(holds) => held += usize::from(holds),
                Err(failure) => failed = Some(failure),
            }
        }
        match failed {
            Some(failure) => Err(failure),
            None if name == "exists_one" => Ok(Val::Bool(held == 1)),
            None => Ok(Val::Bool(name == "all" && held == count)),
        }
    }

    /// `filter` and `map` with one expression.
    fn each(&mut self, name: &str, target: &Val<'a>, variable: &'a str, body: &'a Expr) -> Outcome<'a> {
        let mut found = Vec::new();
        for item in self.keys(target)? {
            self.names.push((variable, item.clone()));
            let outcome = self.value(body);
            self.names.pop();
            match (name, outcome?) {
                ("map", value) => found.push(value),
                (_, Val::Bool(true)) => found.push(item),
                (_, Val::Bool(false)) => {}
                _ => return Err(Failure::Unknown),
            }
        }
        Ok(Val::List(found))
    }

    fn method(&mut self, target: &'a Expr, name: &str, arguments: &'a [Expr]) -> Outcome<'a> {
        let Val::Text(text) = self.value(target)? else {
            return Err(Failure::Unknown);
        };
        let arguments = arguments
            .iter()
            .map(|argument| self.value(argument))
            .collect::<Result<Vec<_>, _>>()?;
        let outcome = match (name, &*arguments) {
            ("startsWith", [Val::Text(part)]) => Val::Bool(text.starts_with(&**part)),
            ("endsWith", [Val::Text(part)]) => Val::Bool(text.ends_with(&**part)),
            ("contains", [Val::Text(part)]) => Val::Bool(text.contains(&**part)),
            ("matches", [Val::Text(pattern)]) => {
                Val::Bool(Pattern::new(pattern).is_match(&text).ok_or(Failure::Unknown)?)
            }
            ("substring", [Val::Int(start)]) => {
                let start = usize::try_from(*start).map_err(|_| Failure::Unknown)?;
                if start > text.chars().count() {
                    return Err(Failure::Unknown);
                }
                Val::Text(text.chars().skip(start).collect::<String>().into())
            }
            ("lowerAscii", []) => Val::Text(text.to_ascii_lowercase().into()),
            ("upperAscii", []) => Val::Text(text.to_ascii_uppercase().into()),
            ("trim", []) => Val::Text(text.trim().to_owned().into()),
            ("split", [Val::Text(at)]) => {
                let parts = text.split(&**at).map(|part| Val::Text(part.to_owned().into()));
                Val::List(parts.collect())
            }
            _ => return Err(Failure::Unknown),
        };
        Ok(outcome)
    }

    /// The value of a field; none when it is absent.
    fn field(&self, target: &Val<'a>, name: &str) -> Result<Option<Val<'a>>, Failure> {
        let written = self.written(target, name)?;
        written
            .map(|(value, schema)| Self::node(value, schema))
            .transpose()
    }

    /// A field after nulls are pruned and defaults are set.
    fn written(
        &self,
        target: &Val<'a>,
        name: &str,
    ) -> Result<Option<(&'a Node, Option<&'a Schema>)>, Failure> {
        let Val::Node(
            Node {
                value: Value::Map(map),
                ..
            },
            schema,
        ) = target
        else {
            return Err(Failure::Unknown);
        };
        let below = schema.and_then(|schema| self.below(schema, name));
        let written = map
            .get(name)
            .filter(|value| !value.is_null() || below.is_none_or(|below| below.nullable));
        let value = written.or_else(|| below.and_then(|below| below.default.as_ref()));
        Ok(value.map(|value| (value, below)))
    }

    fn below(&self, schema: &'a Schema, name: &str) -> Option<&'a Schema> {
        let reference: Option<&'a Ref> = match schema.field(name) {
            Some(field) => Some(&field.schema),
            None => match &schema.rest {
                Some(Rest::Schema(reference)) => Some(reference),
                _ => None,
            },
        };
        self.document.follow(reference?).map(|(schema, _)| schema)
    }

    fn index(&mut self, target: &Val<'a>, index: &Val<'a>) -> Outcome<'a> {
        match index {
            Val::Text(key) => self.field(target, key)?.ok_or(Failure::Absent),
            Val::Int(at) => {
                let at = usize::try_from(*at).map_err(|_| Failure::Unknown)?;
                self.items(target)?.get(at).cloned().ok_or(Failure::Absent)
            }
            _ => Err(Failure::Unknown),
        }
    }

    /// The elements of a list.
    fn items(&mut self, target: &Val<'a>) -> Result<Vec<Val<'a>>, Failure> {
        match target {
            Val::List(items) => Ok(items.clone()),
            Val::Node(
                Node {
                    value: Value::Seq(items),
                    ..
                },
                schema,
            ) => {
                self.steps += items.len();
                let below = schema.and_then(|schema| self.document.follow(schema.items.as_ref()?));
                let below = below.map(|(schema, _)| schema);
                items.iter().map(|item| Self::node(item, below)).collect()
            }
            _ => Err(Failure::Unknown),
        }
    }

    /// What a quantifier runs over: the elements of a list, the keys of a mapping.
    fn keys(&mut self, target: &Val<'a>) -> Result<Vec<Val<'a>>, Failure> {
        match target {
            Val::Node(
                Node {
                    value: Value::Map(map),
                    ..
                },
                _,
            ) => Ok(map
                .entries()
                .iter()
                .map(|entry| Val::Text((&*entry.key).into()))
                .collect()),
            _ => self.items(target),
        }
    }

    /// A node as CEL sees it. Points in time, durations and bytes are types of their own, which are not known here.
    fn node(node: &'a Node, schema: Option<&'a Schema>) -> Outcome<'a> {
        let format = schema
            .and_then(|schema| schema.checks.as_ref())
            .and_then(|checks| checks.format);
        Ok(match &node.value {
            Value::Null => Val::Null,
            Value::Bool(value) => Val::Bool(*value),
            Value::Int(value) => Val::Int(*value),
            Value::Float(value) => Val::Double(*value),
            Value::Str(_)
                if matches!(
                    format,
                    Some(Format::DateTime | Format::Date | Format::Duration | Format::Byte)
                ) =>
            {
                return Err(Failure::Unknown);
            }
            Value::Str(text) => Val::Text((&**text).into()),
            Value::Seq(_) | Value::Map(_) => Val::Node(node, schema),
        })
    }
}

#[cfg(test)]
mod tests;
