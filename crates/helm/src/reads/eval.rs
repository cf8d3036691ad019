//! Runs the templates of a program, each with every argument that it is given, until nothing new comes out of it.

use std::collections::HashMap;

use super::frame::Frame;
use super::heap::Heap;
use super::program::{BodyId, Program};
use super::strings::Strings;
use super::value::{Atom, Val};

/// The deepest that calls and blocks may lie in each other; a template called below that counts as reading all that
/// it is given.
const MAX_DEPTH: u32 = 400;
/// The most work of a run, about a second's. Of 139 real charts none took a third of it (2026-11-27).
const MAX_WORK: u64 = 5_000_000;
/// The most times that everything is run; one that puts nothing into older objects is run once.
const MAX_ROUNDS: u32 = 24;
/// The most arguments of a template that are told apart; further ones are taken for one that is any of them.
const MAX_CALLS: usize = 512;

/// A run.
#[derive(Debug)]
pub(super) struct Evaluator<'s> {
    /// What values hold.
    pub(super) heap: Heap,
    /// The templates.
    pub(super) program: Program,
    /// The texts in values and files that templates may run as templates.
    pub(super) strings: Strings<'s>,
    calls: HashMap<(BodyId, Val), u32>,
    /// How many arguments each template was called with; the number and argument of the calls beyond.
    callers: HashMap<BodyId, (usize, Option<(u32, Val)>)>,
    contexts: Vec<Context>,
    pub(super) depth: u32,
    steps: u64,
}

/// A template with one argument.
#[derive(Debug)]
struct Context {
    round: u32,
    is_running: bool,
    /// What it printed when it last ran.
    printed: Val,
    braces: bool,
}

impl Context {
    fn new() -> Self {
        Self {
            round: 0,
            is_running: false,
            printed: Val::NIL,
            braces: false,
        }
    }

    /// What a caller gets of it; while it runs, no more than that it is a text.
    fn value(&self) -> Val {
        let printed = if self.is_running {
            Val::other()
        } else {
            self.printed.clone()
        };
        if self.braces {
            printed.or(&Val::one(Atom::Braces))
        } else {
            printed
        }
    }
}

impl<'s> Evaluator<'s> {
    /// A run of the templates of a program.
    pub(super) fn new(heap: Heap, program: Program, strings: Strings<'s>) -> Self {
        Self {
            heap,
            program,
            strings,
            calls: HashMap::new(),
            callers: HashMap::new(),
            contexts: Vec::new(),
            depth: 0,
            steps: 0,
        }
    }

    /// Runs everything until nothing grows; the error says why no end was found.
    pub(super) fn run(&mut self) -> Result<(), String> {
        while self.heap.round < MAX_ROUNDS {
            self.heap.round += 1;
            self.heap.grew = false;
            for (body, context) in self.program.entries.clone() {
                self.call(body, &Val::one(Atom::Object(context)));
            }
            if self.is_exhausted() {
                return Err("its templates are too large to follow".to_owned());
            }
            if !self.heap.grew {
                return Ok(());
            }
        }
        Err("its templates change their values too often to follow".to_owned())
    }

    /// How much work it was: statements, commands, and values that were looked at.
    pub(super) fn work(&self) -> u64 {
        self.steps + self.heap.work
    }

    fn is_exhausted(&self) -> bool {
        self.work() > MAX_WORK
    }

    /// Counts a step; false when there were too many.
    pub(super) fn step(&mut self) -> bool {
        self.steps += 1;
        !self.is_exhausted()
    }

    /// Runs a template once a round for each argument; what it prints.
    pub(super) fn call(&mut self, body: BodyId, argument: &Val) -> Val {
        let (id, argument) = &self.context(body, argument);
        let id = *id;
        let context = &mut self.contexts[id as usize];
        if context.round == self.heap.round {
            return context.value();
        }
        if self.depth > MAX_DEPTH {
            self.heap.cover(argument);
            return printed(true);
        }
        context.round = self.heap.round;
        context.is_running = true;
        let mut frame = Frame::new(id, argument, self.heap.texts.id(""));
        let statements = self.program.body(body);
        self.statements(&mut frame, argument, &statements);
        let context = &mut self.contexts[id as usize];
        context.is_running = false;
        context.printed.add(frame.printed());
        self.heap.grew |= frame.braces && !context.braces;
        context.braces |= frame.braces;
        context.value()
    }

    /// The number of a template with an argument, and the argument that it is run with.
    fn context(&mut self, body: BodyId, argument: &Val) -> (u32, Val) {
        let key = (body, argument.clone());
        if let Some(known) = self.calls.get(&key) {
            return (*known, key.1);
        }
        let next = self.contexts.len() as u32;
        let (count, beyond) = self.callers.entry(body).or_default();
        *count += 1;
        if *count <= MAX_CALLS {
            self.contexts.push(Context::new());
            self.calls.insert(key, next);
            return (next, argument.clone());
        }
        let (id, all) = beyond.get_or_insert_with(|| {
            self.contexts.push(Context::new());
            (next, Val::NIL)
        });
        if all.add(argument) {
            self.contexts[*id as usize].round = 0;
            self.heap.grew = true;
        }
        (*id, all.clone())
    }

    /// Runs the templates of a name. Helm stops at one that nobody defines; one that may be in a subchart that is not
    /// at hand counts as reading all of its argument.
    pub(super) fn call_named(&mut self, name: &str, argument: &Val) -> Val {
        let bodies = self.program.named(name);
        if bodies.is_empty() && self.program.is_incomplete {
            self.heap.cover(argument);
            return printed(true);
        }
        let empty = if bodies.is_empty() { Val::other() } else { Val::NIL };
        bodies
            .into_iter()
            .fold(empty, |out, body| out.or(&self.call(body, argument)))
    }
}

/// A text of which no more is known than whether braces stand in it.
pub(super) fn printed(braces: bool) -> Val {
    Val::one(if braces { Atom::Braces } else { Atom::Other })
}
