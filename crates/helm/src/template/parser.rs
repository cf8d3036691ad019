//! Tokens to the tree.

use super::ParseError;
use super::lexer::{Kind, Token, tokens};
use super::tree::{Arm, Branch, Command, Define, Operand, Pipeline, Range, Statement, Template};

/// The deepest that blocks and parentheses may lie in each other; real charts stay below 30.
const MAX_DEPTH: usize = 100;

/// Reads a file of templates; the first error ends it, as in Go.
pub(crate) fn parse(source: &str) -> Result<Template, ParseError> {
    let mut parser = Parser {
        source,
        tokens: tokens(source)?,
        at: 0,
        depth: 0,
        defines: Vec::new(),
    };
    let (body, end) = parser.list()?;
    if let Some((word, offset)) = end {
        return parser.fail(offset, format!("`{}` without a block that it ends", word.name()));
    }
    Ok(Template {
        body,
        defines: parser.defines,
    })
}

/// The word that ends a list of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Else,
    End,
}

impl Ending {
    fn name(self) -> &'static str {
        match self {
            Self::Else => "else",
            Self::End => "end",
        }
    }
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    defines: Vec<Define>,
}

type Body = (Vec<Statement>, Option<(Ending, usize)>);

impl Parser<'_> {
    fn fail<T>(&self, offset: usize, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError::at(self.source, offset, message))
    }

    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// The byte of the next token, the text's end behind the last one.
    fn offset(&self) -> usize {
        self.tokens
            .get(self.at)
            .map_or(self.source.len(), |token| token.offset)
    }

    fn is_next(&mut self, kind: &Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    fn is_next_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Kind::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &Kind, wanted: &str) -> Result<(), ParseError> {
        if self.is_next(kind) {
            Ok(())
        } else {
            self.fail(self.offset(), format!("wanted {wanted}"))
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.depth >= MAX_DEPTH {
            return self.fail(
                self.offset(),
                format!("more than {MAX_DEPTH} levels in each other"),
            );
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Statements up to `end`, `else` or the end of the text; of `else` and `end`, the word alone is taken.
    fn list(&mut self) -> Result<Body, ParseError> {
        let mut body = Vec::new();
        while self.at < self.tokens.len() {
            if let Some(Kind::Raw(text)) = self.peek() {
                body.push(Statement::Text(text.clone()));
                self.at += 1;
                continue;
            }
            self.expect(&Kind::Open, "`{{`")?;
            let offset = self.offset();
            let word = match self.peek() {
                Some(Kind::Word(word)) => word.clone(),
                _ => String::new(),
            };
            match word.as_str() {
                "end" => {
                    self.at += 1;
                    self.expect(&Kind::Close, "`}}` after `end`")?;
                    return Ok((body, Some((Ending::End, offset))));
                }
                "else" => {
                    self.at += 1;
                    return Ok((body, Some((Ending::Else, offset))));
                }
                "define" => self.define()?,
                _ => body.push(self.statement(&word)?),
            }
        }
        Ok((body, None))
    }

    fn statement(&mut self, word: &str) -> Result<Statement, ParseError> {
        if matches!(
            word,
            "if" | "with" | "range" | "block" | "template" | "break" | "continue"
        ) {
            self.at += 1;
        }
        match word {
            "if" | "with" => self.branch(word == "with"),
            "range" => self.range(),
            "block" => self.block(),
            "template" => {
                let name = self.name()?;
                let argument = self.argument()?;
                Ok(Statement::Call { name, argument })
            }
            "break" | "continue" => {
                self.expect(&Kind::Close, "`}}`")?;
                Ok(Statement::Jump)
            }
            _ => Ok(Statement::Print(self.closed_pipeline()?)),
        }
    }

    /// A body that ends with `end` or `else`.
    fn body(&mut self, start: usize) -> Result<(Vec<Statement>, Ending), ParseError> {
        let (body, end) = self.deeper(Self::list)?;
        match end {
            Some((ending, _)) => Ok((body, ending)),
            None => self.fail(start, "block without its `end`"),
        }
    }

    /// A body that ends with `end`.
    fn whole(&mut self, start: usize) -> Result<Vec<Statement>, ParseError> {
        match self.body(start)? {
            (body, Ending::End) => Ok(body),
            (_, Ending::Else) => self.fail(self.offset(), "a second `else`, or one in a block that has none"),
        }
    }

    fn branch(&mut self, first_rebinds: bool) -> Result<Statement, ParseError> {
        let start = self.offset();
        let (mut arms, mut rebinds) = (Vec::new(), first_rebinds);
        loop {
            let pipeline = self.closed_pipeline()?;
            let (body, ending) = self.body(start)?;
            arms.push(Arm {
                pipeline,
                rebinds,
                body,
            });
            let otherwise = match ending {
                Ending::End => Vec::new(),
                Ending::Else if self.is_next_word("if") => {
                    rebinds = false;
                    continue;
                }
                Ending::Else if self.is_next_word("with") => {
                    rebinds = true;
                    continue;
                }
                Ending::Else => {
                    self.expect(&Kind::Close, "`}}` after `else`")?;
                    self.whole(start)?
                }
            };
            return Ok(Statement::Branch(Branch { arms, otherwise }));
        }
    }

    fn range(&mut self) -> Result<Statement, ParseError> {
        let start = self.offset();
        let pipeline = self.closed_pipeline()?;
        let (body, ending) = self.body(start)?;
        let otherwise = match ending {
            Ending::End => Vec::new(),
            Ending::Else => {
                self.expect(&Kind::Close, "`}}` after `else`")?;
                self.whole(start)?
            }
        };
        Ok(Statement::Range(Range {
            pipeline,
            body,
            otherwise,
        }))
    }

    fn define(&mut self) -> Result<(), ParseError> {
        let start = self.offset();
        self.at += 1;
        let name = self.name()?;
        self.expect(&Kind::Close, "`}}` after the template's name")?;
        let body = self.whole(start)?;
        self.defines.push(Define { name, body });
        Ok(())
    }

    fn block(&mut self) -> Result<Statement, ParseError> {
        let start = self.offset();
        let name = self.name()?;
        let argument = self.argument()?;
        let body = self.whole(start)?;
        self.defines.push(Define {
            name: name.clone(),
            body,
        });
        Ok(Statement::Call { name, argument })
    }

    fn name(&mut self) -> Result<String, ParseError> {
        match self.peek() {
            Some(Kind::Text(name)) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => self.fail(self.offset(), "wanted a template's name in quotes"),
        }
    }

    fn argument(&mut self) -> Result<Option<Pipeline>, ParseError> {
        if self.is_next(&Kind::Close) {
            return Ok(None);
        }
        self.closed_pipeline().map(Some)
    }

    fn closed_pipeline(&mut self) -> Result<Pipeline, ParseError> {
        let pipeline = self.pipeline()?;
        self.expect(&Kind::Close, "`}}`")?;
        Ok(pipeline)
    }

    fn pipeline(&mut self) -> Result<Pipeline, ParseError> {
        let (variables, assigns) = self.variables();
        let mut commands = vec![self.command()?];
        while self.is_next(&Kind::Pipe) {
            commands.push(self.command()?);
        }
        Ok(Pipeline {
            variables,
            assigns,
            commands,
        })
    }

    /// `$a :=`, `$a =` or `$a, $b :=`; nothing is taken where none of these follows.
    fn variables(&mut self) -> (Vec<String>, bool) {
        let (start, mut names) = (self.at, Vec::new());
        while let Some(Kind::Variable(name)) = self.peek() {
            names.push(name.clone());
            self.at += 1;
            match self.peek() {
                Some(Kind::Comma) => self.at += 1,
                Some(set @ (Kind::Declare | Kind::Assign)) => {
                    let assigns = *set == Kind::Assign;
                    self.at += 1;
                    return (names, assigns);
                }
                _ => break,
            }
        }
        self.at = start;
        (Vec::new(), false)
    }

    fn command(&mut self) -> Result<Command, ParseError> {
        let offset = self.offset();
        let mut operands = Vec::new();
        while let Some(operand) = self.operand()? {
            operands.push(operand);
        }
        if operands.is_empty() {
            return self.fail(offset, "wanted a value");
        }
        Ok(Command {
            operands,
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
        })
    }

    fn operand(&mut self) -> Result<Option<Operand>, ParseError> {
        let operand = match self.peek() {
            Some(Kind::Dot) => Operand::Dot(Vec::new()),
            Some(Kind::Field(_)) => return Ok(Some(Operand::Dot(self.fields()))),
            Some(Kind::Variable(name)) => {
                let name = name.clone();
                self.at += 1;
                return Ok(Some(Operand::Variable(name, self.glued_fields())));
            }
            Some(Kind::Left) => {
                self.at += 1;
                let pipeline = self.deeper(Self::pipeline)?;
                self.expect(&Kind::Right, "`)`")?;
                return Ok(Some(Operand::Nested(Box::new(pipeline), self.glued_fields())));
            }
            Some(Kind::Text(text)) => Operand::Text(text.clone()),
            Some(Kind::Number(text)) => Operand::Number(text.clone()),
            Some(Kind::Word(word)) => match word.as_str() {
                "nil" => Operand::Nil,
                "true" | "false" => Operand::Bool,
                "if" | "with" | "range" | "else" | "end" | "define" | "block" | "template" => {
                    return self.fail(self.offset(), format!("keyword `{word}` in the place of a value"));
                }
                _ => Operand::Function(word.clone()),
            },
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(operand))
    }

    /// Fields that follow without a space.
    fn glued_fields(&mut self) -> Vec<String> {
        match self.tokens.get(self.at) {
            Some(token) if token.glued => self.fields(),
            _ => Vec::new(),
        }
    }

    fn fields(&mut self) -> Vec<String> {
        let (start, mut fields) = (self.at, Vec::new());
        while let Some(Token {
            kind: Kind::Field(name),
            glued,
            ..
        }) = self.tokens.get(self.at)
            && (*glued || self.at == start)
        {
            fields.push(name.clone());
            self.at += 1;
        }
        fields
    }
}
