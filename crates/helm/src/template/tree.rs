//! The tree of a template. Of the literal text between actions, long pieces are not kept.

/// A file of templates.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Template {
    /// What the file itself prints.
    pub(crate) body: Vec<Statement>,
    /// What it defines, in written order; blocks count as defined and called.
    pub(crate) defines: Vec<Define>,
}

/// A named template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Define {
    /// Its name.
    pub(crate) name: String,
    /// What it prints.
    pub(crate) body: Vec<Statement>,
}

/// An action of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    /// `{{ pipeline }}`: prints the value, unless the pipeline declares or assigns a variable.
    Print(Pipeline),
    /// `if` or `with`.
    Branch(Branch),
    /// `range`.
    Range(Range),
    /// `template "name" argument`.
    Call {
        /// The template's name.
        name: String,
        /// What its dot is.
        argument: Option<Pipeline>,
    },
    /// `break` or `continue`.
    Jump,
    /// Literal text without what the actions beside it trim; none when it is long.
    Text(Option<String>),
}

/// `if` or `with` with its `else` arms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    /// The first arm, then each `else if` and `else with`.
    pub(crate) arms: Vec<Arm>,
    /// The plain `else`.
    pub(crate) otherwise: Vec<Statement>,
}

/// A condition and what it guards.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arm {
    /// The condition.
    pub(crate) pipeline: Pipeline,
    /// Whether dot is the condition's value inside, as in `with`.
    pub(crate) rebinds: bool,
    /// What it guards.
    pub(crate) body: Vec<Statement>,
}

/// `range`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    /// What is walked; its variables are the element, or the key and the element.
    pub(crate) pipeline: Pipeline,
    /// What is done with each element.
    pub(crate) body: Vec<Statement>,
    /// What is done without any.
    pub(crate) otherwise: Vec<Statement>,
}

/// Commands, each of which gets the value before it as its last argument.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipeline {
    /// Variables that are set, with their `$`.
    pub(crate) variables: Vec<String>,
    /// Whether they are assigned (`=`) rather than declared (`:=`).
    pub(crate) assigns: bool,
    /// The commands, at least one.
    pub(crate) commands: Vec<Command>,
}

/// An operand and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    /// The first one is called where it is a function or where there are arguments; never empty.
    pub(crate) operands: Vec<Operand>,
    /// Byte of the file at which it starts: names the place where a function makes a new value.
    pub(crate) offset: u32,
}

/// An operand of a command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// `nil`.
    Nil,
    /// `true` or `false`.
    Bool,
    /// A number or a character, as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// A function's name.
    Function(String),
    /// `.` and fields below it, `.a.b`.
    Dot(Vec<String>),
    /// `$x` and fields below it.
    Variable(String, Vec<String>),
    /// `(pipeline)` and fields below it.
    Nested(Box<Pipeline>, Vec<String>),
}
