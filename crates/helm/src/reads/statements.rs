//! Runs statements over sets of paths: every branch is taken but one whose condition is nil whatever the values are,
//! every loop until nothing new comes out of it.

use super::eval::Evaluator;
use super::frame::{Frame, Vals};
use super::value::{Atom, TextId, Val};
use crate::template::{Branch, Pipeline, Range, Statement};

/// The most times that a loop's body is run in a row.
const MAX_TURNS: usize = 32;
/// The longest list whose elements are walked one by one.
const MAX_UNROLLED: usize = 32;

impl Evaluator<'_> {
    /// Runs statements, whose variables end with them.
    pub(super) fn statements(&mut self, frame: &mut Frame, dot: &Val, statements: &[Statement]) {
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
            Statement::Jump => {
                let values = frame.values();
                if let Some(jumps) = frame.jumps.last_mut() {
                    jumps.push(values);
                }
            }
            Statement::Text(text) => {
                let value = text
                    .as_ref()
                    .map_or_else(Val::other, |text| Val::one(Atom::Text(self.heap.texts.id(text))));
                self.print(frame, &value);
            }
        }
    }

    fn print(&mut self, frame: &mut Frame, value: &Val) {
        self.heap.cover(value);
        let (printed, braces) = self.printed_after(frame.printed(), value);
        frame.print(printed);
        frame.braces |= braces;
        frame.prints += 1;
    }

    /// The value of a pipeline, which its variables take.
    fn bound(&mut self, frame: &mut Frame, dot: &Val, pipeline: &Pipeline) -> Val {
        let value = self.pipeline(frame, dot, pipeline);
        for name in &pipeline.variables {
            frame.bind(name, pipeline.assigns, &value);
        }
        value
    }

    fn branch(&mut self, frame: &mut Frame, dot: &Val, branch: &Branch) {
        let outer = frame.variables.len();
        let mut ends: Vec<Vals> = Vec::new();
        for arm in &branch.arms {
            let value = self.bound(frame, dot, &arm.pipeline);
            // Nil for certain; should the value grow, the next round sees it.
            if value != Val::NIL {
                let before = frame.values();
                let inner = if arm.rebinds { &value } else { dot };
                self.statements(frame, inner, &arm.body);
                ends.push(frame.values());
                frame.restore(&before);
            }
        }
        self.statements(frame, dot, &branch.otherwise);
        frame.variables.truncate(outer);
        for values in ends {
            frame.join(&values);
        }
    }

    fn range(&mut self, frame: &mut Frame, dot: &Val, range: &Range) {
        let walked = self.pipeline(frame, dot, &range.pipeline);
        let lists = self.heap.known_lists(&walked).filter(|lists| {
            let mut lengths = lists.iter().map(Vec::len);
            !lists.is_empty() && lengths.all(|length| (1..=MAX_UNROLLED).contains(&length))
        });
        let Some(lists) = lists else {
            return self.looped(frame, dot, range, &walked);
        };
        let before = frame.values();
        let mut ends = Vec::new();
        for list in &lists {
            frame.restore(&before);
            self.unrolled(frame, range, list);
            ends.push(frame.values());
        }
        for values in ends {
            frame.join(&values);
        }
    }

    /// A loop whose elements are known, one after the other.
    fn unrolled(&mut self, frame: &mut Frame, range: &Range, elements: &[(TextId, Val)]) {
        let mut jumped = Vec::new();
        for (key, element) in elements {
            self.turn(frame, range, &Val::one(Atom::Text(*key)), element, &mut jumped);
        }
        for values in jumped {
            frame.join(&values);
        }
    }

    fn looped(&mut self, frame: &mut Frame, dot: &Val, range: &Range, walked: &Val) {
        let element = self.heap.get(walked, TextId::ANY);
        let key = self.keys(walked);
        // Nobody counts how often a loop prints: one that does prints what is not known.
        let (prints, printed) = (frame.prints, frame.print(Val::other()));
        for turn in 0.. {
            let before = frame.values();
            let mut jumped = Vec::new();
            self.turn(frame, range, &key, &element, &mut jumped);
            frame.join(&before);
            if frame.values() == before {
                break;
            }
            if turn == MAX_TURNS {
                self.give_up(frame);
                break;
            }
        }
        if frame.prints == prints {
            frame.print(printed);
        } else {
            frame.braces |= self.has_braces(&printed);
        }
        let before = frame.values();
        self.statements(frame, dot, &range.otherwise);
        frame.join(&before);
    }

    /// A loop's body with one element; the variables where it jumps are added to those after it and to `jumped`.
    fn turn(&mut self, frame: &mut Frame, range: &Range, key: &Val, element: &Val, jumped: &mut Vec<Vals>) {
        let outer = frame.variables.len();
        let names = &range.pipeline.variables;
        for (index, name) in names.iter().enumerate() {
            let value = if index + 1 == names.len() { element } else { key };
            frame.bind(name, range.pipeline.assigns, value);
        }
        frame.jumps.push(Vec::new());
        self.statements(frame, element, &range.body);
        frame.variables.truncate(outer);
        for values in frame.jumps.pop().unwrap_or_default() {
            frame.join(&values);
            jumped.push(values);
        }
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
