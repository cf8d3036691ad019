//! Runs templates over sets of paths: every branch is taken, every loop until nothing new comes out of it.

use std::collections::HashMap;

use super::heap::Heap;
use super::program::{BodyId, Program};
use super::strings::Strings;
use super::value::{Atom, TextId, Val};
use crate::template::{Branch, Pipeline, Range, Statement};

/// The deepest that calls and blocks may lie in each other; a template called below that counts as reading all that
/// it is given.
const MAX_DEPTH: u32 = 400;
/// The most work of a run, about a second's; the largest real charts take a tenth.
const MAX_WORK: u64 = 5_000_000;
/// The most times that everything is run; one that puts nothing into older objects is run once.
const MAX_ROUNDS: u32 = 24;
/// The most arguments of a template that are told apart; further ones are taken for one that is any of them.
const MAX_CALLS: usize = 48;
/// The most times that a loop's body is run in a row.
const MAX_TURNS: usize = 32;

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
    depth: u32,
    steps: u64,
}

/// A template with one argument.
#[derive(Debug, Default)]
struct Context {
    round: u32,
    braces: bool,
}

/// The state of a template that is being run.
#[derive(Debug)]
pub(super) struct Frame {
    /// Number of the template and its argument: names the objects that it makes.
    pub(super) context: u32,
    /// `$`.
    pub(super) root: Val,
    /// Variables, the innermost last.
    pub(super) variables: Vec<(String, Val)>,
    /// Whether it prints braces of templates.
    braces: bool,
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
            return printed(context.braces);
        }
        if self.depth > MAX_DEPTH {
            self.heap.cover(argument);
            return printed(true);
        }
        context.round = self.heap.round;
        let mut frame = Frame {
            context: id,
            root: argument.clone(),
            variables: Vec::new(),
            braces: false,
        };
        let statements = self.program.body(body);
        self.statements(&mut frame, argument, &statements);
        let context = &mut self.contexts[id as usize];
        self.heap.grew |= frame.braces && !context.braces;
        context.braces |= frame.braces;
        printed(context.braces)
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
            self.contexts.push(Context::default());
            self.calls.insert(key, next);
            return (next, argument.clone());
        }
        let (id, all) = beyond.get_or_insert_with(|| {
            self.contexts.push(Context::default());
            (next, Val::NIL)
        });
        if all.add(argument) {
            self.contexts[*id as usize].round = 0;
            self.heap.grew = true;
        }
        (*id, all.clone())
    }

    /// Runs the templates of a name; none may be found, and then all of the argument counts as read.
    pub(super) fn call_named(&mut self, name: &str, argument: &Val) -> Val {
        let bodies = self.program.named(name);
        if bodies.is_empty() {
            self.heap.cover(argument);
            return printed(true);
        }
        bodies
            .into_iter()
            .fold(Val::NIL, |out, body| out.or(&self.call(body, argument)))
    }

    fn statements(&mut self, frame: &mut Frame, dot: &Val, statements: &[Statement]) {
        let outer = frame.variables.len();
        self.depth += 1;
        for statement in statements {
            if !self.step() {
                break;
            }
            self.statement(frame, dot, statement);
        }
        self.depth -= 1;
        frame.variables.truncate(outer);
    }

    fn statement(&mut self, frame: &mut Frame, dot: &Val, statement: &Statement) {
        match statement {
            Statement::Print(pipeline) => {
                let value = self.bound(frame, dot, pipeline);
                if pipeline.variables.is_empty() {
                    self.print(frame, &value);
                }
            }
            Statement::Branch(branch) => self.branch(frame, dot, branch),
            Statement::Range(range) => self.range(frame, dot, range),
            Statement::Call { name, argument } => {
                let argument = match argument {
                    Some(pipeline) => self.bound(frame, dot, pipeline),
                    None => Val::NIL,
                };
                let out = self.call_named(name, &argument);
                self.print(frame, &out);
            }
            Statement::Jump => {}
        }
    }

    fn print(&mut self, frame: &mut Frame, value: &Val) {
        self.heap.cover(value);
        frame.braces |= self.has_braces(value);
    }

    /// The value of a pipeline, which its variables take.
    fn bound(&mut self, frame: &mut Frame, dot: &Val, pipeline: &Pipeline) -> Val {
        let value = self.pipeline(frame, dot, pipeline);
        for name in &pipeline.variables {
            bind(frame, name, pipeline.assigns, &value);
        }
        value
    }

    fn branch(&mut self, frame: &mut Frame, dot: &Val, branch: &Branch) {
        let outer = frame.variables.len();
        for arm in &branch.arms {
            let value = self.bound(frame, dot, &arm.pipeline);
            let inner = if arm.rebinds { &value } else { dot };
            self.statements(frame, inner, &arm.body);
        }
        self.statements(frame, dot, &branch.otherwise);
        frame.variables.truncate(outer);
    }

    fn range(&mut self, frame: &mut Frame, dot: &Val, range: &Range) {
        let walked = self.pipeline(frame, dot, &range.pipeline);
        let element = self.heap.get(&walked, TextId::ANY);
        let key = self.keys(&walked);
        let outer = frame.variables.len();
        for turn in 0.. {
            let before = frame.variables.clone();
            let names = &range.pipeline.variables;
            for (index, name) in names.iter().enumerate() {
                let value = if index + 1 == names.len() { &element } else { &key };
                bind(frame, name, range.pipeline.assigns, value);
            }
            self.statements(frame, &element, &range.body);
            frame.variables.truncate(outer);
            if frame.variables == before {
                break;
            }
            if turn == MAX_TURNS {
                self.give_up(frame);
                break;
            }
        }
        self.statements(frame, dot, &range.otherwise);
    }

    /// Variables that never come to rest.
    fn give_up(&mut self, frame: &mut Frame) {
        for (_, value) in &mut frame.variables {
            self.heap.cover(value);
            *value = Val::other();
        }
    }

    /// The keys of a mapping, when templates made it of known ones.
    pub(super) fn keys(&self, walked: &Val) -> Val {
        let mut keys = Vec::new();
        for atom in walked.atoms() {
            let Atom::Object(object) = atom else {
                return Val::other();
            };
            let object = self.heap.object(*object);
            if object.rest != Val::NIL || object.also != Val::NIL {
                return Val::other();
            }
            keys.extend(object.fields.keys().map(|key| Atom::Text(*key)));
        }
        Val::of(keys)
    }
}

fn bind(frame: &mut Frame, name: &str, assigns: bool, value: &Val) {
    if !assigns {
        frame.variables.push((name.to_owned(), value.clone()));
        return;
    }
    let known = frame.variables.iter_mut().rev().find(|(known, _)| known == name);
    if let Some((_, old)) = known {
        old.add(value);
    }
}

/// What a template prints: a text of which nobody needs to know more than whether braces stand in it.
pub(super) fn printed(braces: bool) -> Val {
    Val::one(if braces { Atom::Braces } else { Atom::Other })
}
