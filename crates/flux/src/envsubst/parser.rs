//! From the text of a template to its parts.
//!
//! The grammar is not that of a shell; where a rule looks like a mistake it is one of the original, and a
//! comment says so.

use super::syntax::{Case, Expression, Extent, Head, Operation, Part, Place, Side};
use super::{Error, ErrorKind};

/// Deepest nesting of expressions; the original has no bound, and nobody writes more than three.
pub(super) const MAX_DEPTH: usize = 100;

/// In plain text, `$$` is the only escape.
const TEXT_ESCAPES: &[&str] = &["$$"];
/// Both arguments of a replacement can hold the characters that delimit them.
const REPLACE_ESCAPES: &[&str] = &["$$", "\\/", "\\\\"];
/// All other arguments are taken as they are: `${A:=a$$}` has the default `a$$`.
const NO_ESCAPES: &[&str] = &[];

/// Parses `template` up to its first syntax error; the parts before the expression that holds it stay valid.
pub(super) fn parse(template: &str) -> (Vec<Part<'_>>, Option<Error>) {
    // The scanner of the original takes a NUL for the end of its input.
    let text = template.split('\0').next().unwrap_or_default();
    if !text.contains('$') {
        return (vec![Part::Text(text)], None);
    }
    let mut parser = Parser {
        text,
        position: 0,
        depth: 0,
    };
    let mut parts = Vec::new();
    while parser.peek().is_some() {
        if !parser.at_expression() {
            parser.plain_text(TEXT_ESCAPES, |_| false, &mut parts);
            continue;
        }
        match parser.expression() {
            Ok(expression) => parts.push(Part::Expression(expression)),
            Err(error) => return (parts, Some(error)),
        }
    }
    (parts, None)
}

struct Parser<'t> {
    text: &'t str,
    position: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.position += expected.len_utf8();
        }
        found
    }

    fn at_expression(&self) -> bool {
        self.rest().starts_with("${")
    }

    /// Reads text up to `ends`, the next expression or the end of the template.
    fn plain_text(&mut self, escapes: &[&str], ends: fn(char) -> bool, parts: &mut Vec<Part<'t>>) {
        let mut start = self.position;
        while let Some(next) = self.peek() {
            if self.at_expression() {
                break;
            }
            if escapes.iter().any(|escape| self.rest().starts_with(escape)) {
                self.push_text(start, parts);
                // Every escape is two bytes, of which the second is meant.
                start = self.position + 1;
                self.position += 2;
                continue;
            }
            if ends(next) {
                break;
            }
            self.position += next.len_utf8();
        }
        self.push_text(start, parts);
    }

    fn push_text(&self, start: usize, parts: &mut Vec<Part<'t>>) {
        let text = self.text.get(start..self.position).unwrap_or_default();
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
    }

    /// Reads the expression whose `${` is next.
    fn expression(&mut self) -> Result<Expression<'t>, Error> {
        let offset = self.position;
        if self.depth == MAX_DEPTH {
            return Err(Head { offset, name: "" }.error(ErrorKind::TooDeep));
        }
        self.position += "${".len();
        let measured = self.eat('#');
        let head = Head {
            offset,
            name: self.name(),
        };
        if head.name.is_empty() {
            return Err(head.error(self.end_or(ErrorKind::MissingName)));
        }
        self.depth += 1;
        let operation = if measured {
            Operation::Length
        } else {
            self.operation(head)?
        };
        self.depth -= 1;
        if !self.eat('}') {
            return Err(head.error(self.end_or(ErrorKind::TrailingText)));
        }
        Ok(Expression {
            head,
            len: self.position - offset,
            operation,
        })
    }

    /// A name may start with a digit, unlike the names Flux accepts for variables.
    fn name(&mut self) -> &'t str {
        let rest = self.rest();
        let len = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        self.position += len;
        rest.get(..len).unwrap_or_default()
    }

    /// Running out of template explains more than whatever was expected next.
    fn end_or(&self, kind: ErrorKind) -> ErrorKind {
        if self.peek().is_none() {
            ErrorKind::UnclosedBrace
        } else {
            kind
        }
    }

    fn operation(&mut self, head: Head<'t>) -> Result<Operation<'t>, Error> {
        match self.peek() {
            Some('}') => Ok(Operation::Value),
            Some(':') => {
                self.position += 1;
                if ['=', '-', '?', '+']
                    .into_iter()
                    .any(|operator| self.eat(operator))
                {
                    self.default(head)
                } else {
                    self.substring(head)
                }
            }
            Some('=') => {
                self.position += 1;
                self.default(head)
            }
            Some(',' | '^') => Ok(self.case()),
            Some('/') => self.replace(head),
            Some('#') => self.trim(head, '#', Side::Start),
            Some('%') => self.trim(head, '%', Side::End),
            Some(other) => Err(head.error(ErrorKind::UnknownOperator(other))),
            None => Err(head.error(ErrorKind::UnclosedBrace)),
        }
    }

    /// Reads one argument: either text or a single expression, never a mix of both.
    fn argument(
        &mut self,
        head: Head<'t>,
        escapes: &[&str],
        ends: fn(char) -> bool,
    ) -> Result<Vec<Part<'t>>, Error> {
        if self.at_expression() {
            return Ok(vec![Part::Expression(self.expression()?)]);
        }
        let mut parts = Vec::new();
        self.plain_text(escapes, ends, &mut parts);
        if parts.is_empty() {
            return Err(head.error(self.end_or(ErrorKind::MissingArgument)));
        }
        Ok(parts)
    }

    /// A default is the one argument that mixes text and expressions, and it may be empty.
    fn default(&mut self, head: Head<'t>) -> Result<Operation<'t>, Error> {
        let mut parts = Vec::new();
        while self.peek() != Some('}') {
            parts.append(&mut self.argument(head, NO_ESCAPES, closes)?);
        }
        Ok(Operation::Default(parts))
    }

    fn substring(&mut self, head: Head<'t>) -> Result<Operation<'t>, Error> {
        // The original steps back by the width of the character after the colon, not by that of the colon.
        if self.peek().is_some_and(|next| !next.is_ascii()) {
            return Err(head.error(ErrorKind::TrailingText));
        }
        let start = self.argument(head, NO_ESCAPES, |c| c == ':' || c == '}')?;
        let mut length = None;
        if self.eat(':') {
            // Any number of colons separates start and length.
            while self.eat(':') {}
            length = Some(self.argument(head, NO_ESCAPES, closes)?);
        }
        Ok(Operation::Substring { start, length })
    }

    fn trim(&mut self, head: Head<'t>, operator: char, side: Side) -> Result<Operation<'t>, Error> {
        self.eat(operator);
        let extent = if self.eat(operator) {
            Extent::Longest
        } else {
            Extent::Shortest
        };
        let pattern = self.argument(head, NO_ESCAPES, closes)?;
        Ok(Operation::Trim {
            side,
            extent,
            pattern,
        })
    }

    fn replace(&mut self, head: Head<'t>) -> Result<Operation<'t>, Error> {
        self.eat('/');
        let place = match self.peek() {
            Some('/') => Place::Everywhere,
            Some('#') => Place::Start,
            Some('%') => Place::End,
            _ => Place::First,
        };
        if place != Place::First {
            self.position += 1;
        }
        // A pattern does not end at a brace: without a second slash it runs on to the template's next one.
        let pattern = self.argument(head, REPLACE_ESCAPES, |c| c == '/')?;
        if !self.eat('/') {
            return Err(head.error(ErrorKind::MissingSlash));
        }
        // Any number of slashes separates pattern and text.
        while self.eat('/') {}
        let replacement = match self.peek() {
            Some('}') => None,
            _ => Some(self.argument(head, REPLACE_ESCAPES, closes)?),
        };
        Ok(Operation::Replace {
            place,
            pattern,
            replacement,
        })
    }

    fn case(&mut self) -> Operation<'t> {
        let first = self.case_operator();
        let second = self.case_operator();
        match (first, second) {
            (Some(','), None) => Operation::Case(Case::LowerFirst),
            (Some(','), Some(',')) => Operation::Case(Case::Lower),
            (Some('^'), None) => Operation::Case(Case::UpperFirst),
            (Some('^'), Some('^')) => Operation::Case(Case::Upper),
            // The original reads `,^` as an operator that it then does not know and ignores.
            _ => Operation::Value,
        }
    }

    fn case_operator(&mut self) -> Option<char> {
        [',', '^'].into_iter().find(|&operator| self.eat(operator))
    }
}

fn closes(c: char) -> bool {
    c == '}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(template: &str) -> Option<(ErrorKind, usize)> {
        parse(template).1.map(|error| (error.kind, error.offset))
    }

    #[test]
    fn every_operator_is_accepted() {
        for template in [
            "${a}",
            "${#a}",
            "${a=}",
            "${a:=d}",
            "${a:-d}",
            "${a:?d}",
            "${a:+d}",
            "${a:1}",
            "${a:1:2}",
            "${a^}",
            "${a^^}",
            "${a,}",
            "${a,,}",
            "${a#p}",
            "${a##p}",
            "${a%p}",
            "${a%%p}",
            "${a/p/r}",
            "${a//p/r}",
            "${a/#p/r}",
            "${a/%p/}",
        ] {
            assert_eq!(error(template), None, "{template}");
        }
    }

    #[test]
    fn a_name_is_required() {
        for template in ["${}", "${ a}", "${{ x }}", "${#}", "${.}", "${##a}", "${\"a\"}"] {
            assert_eq!(error(template), Some((ErrorKind::MissingName, 0)), "{template}");
        }
    }

    #[test]
    fn a_name_may_hold_digits_and_letters_of_any_script() {
        for template in ["${0}", "${1a}", "${_}", "${straße}"] {
            assert_eq!(error(template), None, "{template}");
        }
    }

    #[test]
    fn operators_of_the_shell_that_flux_lacks_are_refused() {
        assert_eq!(error("x ${a-b}"), Some((ErrorKind::UnknownOperator('-'), 2)));
        assert_eq!(error("${a+b}"), Some((ErrorKind::UnknownOperator('+'), 0)));
        assert_eq!(error("${a?b}"), Some((ErrorKind::UnknownOperator('?'), 0)));
        assert_eq!(error("${a.b}"), Some((ErrorKind::UnknownOperator('.'), 0)));
        assert_eq!(error("${arr[@]}"), Some((ErrorKind::UnknownOperator('['), 0)));
    }

    #[test]
    fn an_expression_must_be_closed() {
        for template in [
            "${", "${a", "${#a", "${a:", "${a:=", "${a:=b", "${a^", "${a/b/c", "${a#",
        ] {
            assert_eq!(error(template), Some((ErrorKind::UnclosedBrace, 0)), "{template}");
        }
        assert_eq!(error("${a:=${b}"), Some((ErrorKind::UnclosedBrace, 0)));
        assert_eq!(error("${a:=${b"), Some((ErrorKind::UnclosedBrace, 5)));
    }

    #[test]
    fn only_a_default_may_be_empty() {
        for template in [
            "${a:}", "${a:1:}", "${a#}", "${a%%}", "${a//}", "${a///b}", "${a/#/b}",
        ] {
            let found = error(template).map(|(kind, _)| kind);
            assert!(
                matches!(
                    found,
                    Some(ErrorKind::MissingArgument | ErrorKind::UnclosedBrace | ErrorKind::MissingSlash)
                ),
                "{template}: {found:?}"
            );
        }
    }

    #[test]
    fn only_a_default_mixes_text_and_expressions() {
        assert_eq!(error("${a:=x${b}y}"), None);
        for template in [
            "${a#x${b}}",
            "${a#${b}x}",
            "${a:1${b}}",
            "${a:1:${b}2}",
            "${a/x/${b}y}",
        ] {
            assert_eq!(error(template), Some((ErrorKind::TrailingText, 0)), "{template}");
        }
        assert_eq!(error("${a/x${b}/y}"), Some((ErrorKind::MissingSlash, 0)));
    }

    #[test]
    fn a_pattern_without_a_second_slash_runs_past_the_brace() {
        assert_eq!(error("${a/b}"), Some((ErrorKind::MissingSlash, 0)));
        assert_eq!(error("${a/b} and c/d"), Some((ErrorKind::UnclosedBrace, 0)));
        assert_eq!(error("${a/b} and c/d}"), None);
    }

    #[test]
    fn more_than_two_case_operators_are_refused() {
        assert_eq!(error("${a^^^}"), Some((ErrorKind::TrailingText, 0)));
        assert_eq!(error("${a,^}"), None);
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}x{}", "${a:=".repeat(depth), "}".repeat(depth));
        assert_eq!(error(&nested(MAX_DEPTH)), None);
        assert_eq!(
            error(&nested(MAX_DEPTH + 1)),
            Some((ErrorKind::TooDeep, MAX_DEPTH * 5))
        );
        assert_eq!(error(&nested(100_000)), Some((ErrorKind::TooDeep, MAX_DEPTH * 5)));
        assert_eq!(error(&"${a:=b}".repeat(1_000)), None);
    }
}
