//! The values of expressions.

use super::eval::Evaluator;
use super::frame::Frame;
use super::value::{Atom, TextId, Val};
use crate::template::{Command, Operand, Pipeline};

impl Evaluator<'_> {
    /// The value of a pipeline; its variables are left alone.
    pub(super) fn pipeline(&mut self, frame: &Frame, dot: &Val, pipeline: &Pipeline) -> Val {
        let mut piped = None;
        for command in &pipeline.commands {
            if !self.step() {
                break;
            }
            piped = Some(self.command(frame, dot, command, piped));
        }
        piped.unwrap_or(Val::NIL)
    }

    fn command(&mut self, frame: &Frame, dot: &Val, command: &Command, piped: Option<Val>) -> Val {
        let mut operands = command.operands.iter();
        let Some(first) = operands.next() else {
            return Val::NIL;
        };
        let mut arguments: Vec<Val> = operands
            .map(|operand| self.operand(frame, dot, operand))
            .collect();
        arguments.extend(piped);
        if let Operand::Function(name) = first {
            return self.function(name, &arguments, (frame.context, command.offset));
        }
        if arguments.is_empty() {
            return self.operand(frame, dot, first);
        }
        self.method(frame, dot, first, &arguments)
    }

    /// A call such as `.Files.Get "x"` or `.Values.PathValue "a.b"`; it may read all of what it is called on.
    fn method(&mut self, frame: &Frame, dot: &Val, operand: &Operand, arguments: &[Val]) -> Val {
        let (base, fields) = match operand {
            Operand::Dot(fields) => (dot.clone(), fields),
            Operand::Variable(name, fields) => (variable(frame, name), fields),
            Operand::Nested(pipeline, fields) => (self.pipeline(frame, dot, pipeline), fields),
            _ => return self.unknown("", arguments),
        };
        let Some((method, above)) = fields.split_last() else {
            self.heap.cover(&base);
            return self.unknown("", arguments);
        };
        let owner = self.fields(base, above);
        // Of what templates see, the files alone have a method of this name.
        if method == "Get" && owner.atoms().iter().all(|atom| matches!(atom, Atom::Object(_))) {
            return self.file(&owner, arguments);
        }
        if above.last().is_some_and(|name| name == "Values") {
            self.heap.cover(&owner);
        }
        let result = self.fields(owner, std::slice::from_ref(method));
        self.unknown("", arguments).or(&result)
    }

    fn file(&mut self, files: &Val, names: &[Val]) -> Val {
        let get = self.heap.texts.id("Get");
        let by_name = self.heap.get(files, get);
        match names.first().and_then(Val::texts) {
            Some(names) => names.into_iter().fold(Val::other(), |found, name| {
                found.or(&self.heap.get(&by_name, name))
            }),
            None => self.unknown("", names).or(&Val::one(Atom::AnyFile)),
        }
    }

    fn operand(&mut self, frame: &Frame, dot: &Val, operand: &Operand) -> Val {
        match operand {
            Operand::Nil => Val::NIL,
            Operand::Bool => Val::other(),
            Operand::Number(text) | Operand::Text(text) => Val::one(Atom::Text(self.heap.texts.id(text))),
            Operand::Function(name) => self.function(name, &[], (frame.context, u32::MAX)),
            Operand::Dot(fields) => self.fields(dot.clone(), fields),
            Operand::Variable(name, fields) => self.fields(variable(frame, name), fields),
            Operand::Nested(pipeline, fields) => {
                let value = self.pipeline(frame, dot, pipeline);
                self.fields(value, fields)
            }
        }
    }

    fn fields(&mut self, base: Val, fields: &[String]) -> Val {
        fields.iter().fold(base, |value, name| {
            if name == "AsMap" {
                // A method of `.Values` that returns it.
                return value;
            }
            let key = self.heap.texts.id(name);
            self.heap.get(&value, key)
        })
    }

    /// The value under a key that is itself a value; one that is not known may be any.
    pub(super) fn lookup(&mut self, container: &Val, key: &Val) -> Val {
        let mut found = Val::NIL;
        for key in self.key_ids(key) {
            let value = self.heap.get(container, key);
            found.add(&value);
        }
        found
    }

    /// The keys that a value may be, any where it is not known; what it was made of is read.
    pub(super) fn key_ids(&mut self, key: &Val) -> Vec<TextId> {
        match key.texts() {
            Some(texts) if !texts.is_empty() => texts,
            _ => {
                self.heap.cover(key);
                vec![TextId::ANY]
            }
        }
    }
}

fn variable(frame: &Frame, name: &str) -> Val {
    if name == "$" {
        return frame.root.clone();
    }
    frame
        .variables
        .iter()
        .rev()
        .find(|(known, _)| known == name)
        .map_or_else(Val::other, |(_, value)| value.clone())
}
