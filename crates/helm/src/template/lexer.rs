//! A template's text to the tokens of its actions.

use super::ParseError;
use super::text::unquote;

/// A token inside an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// `|`
    Pipe,
    /// `(`
    Left,
    /// `)`
    Right,
    /// `,`
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    /// `.`
    Dot,
    /// `.name`
    Field(String),
    /// `$` or `$name`
    Variable(String),
    /// A keyword, a function or a constant.
    Word(String),
    /// A string.
    Text(String),
    /// A number or a character.
    Number(String),
    /// Literal text; none when it is long.
    Raw(Option<String>),
}

/// A token and where it starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Its first byte.
    pub(super) offset: usize,
    /// Whether nothing stands between it and the token before.
    pub(super) glued: bool,
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// The longest literal text that is kept, in bytes.
const MAX_RAW: usize = 64;

/// The tokens of a text, comments left out.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer {
        source,
        at: 0,
        tokens: Vec::new(),
        glued: false,
        trims: false,
    };
    while let Some(open) = source[lexer.at..].find(OPEN) {
        let (before, start) = (lexer.at, lexer.at + open);
        lexer.at = start + OPEN.len();
        let trimmed = trim_length(lexer.rest());
        lexer.raw(before, start, trimmed > 0);
        lexer.at += trimmed;
        lexer.trims = false;
        if lexer.rest().starts_with("/*") {
            lexer.comment(start)?;
        } else {
            lexer.push(Kind::Open, start);
            lexer.action(start)?;
        }
    }
    lexer.raw(lexer.at, source.len(), false);
    Ok(lexer.tokens)
}

/// Bytes of the marker `- ` after `{{`; the space counts as well.
fn trim_length(rest: &str) -> usize {
    let mut chars = rest.chars();
    if chars.next() == Some('-') && chars.next().is_some_and(is_space) {
        2
    } else {
        0
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    tokens: Vec<Token>,
    glued: bool,
    /// Whether the last action trims the text behind it.
    trims: bool,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn fail<T>(&self, offset: usize, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError::at(self.source, offset, message))
    }

    fn push(&mut self, kind: Kind, offset: usize) {
        let glued = self.glued;
        self.tokens.push(Token { kind, offset, glued });
        self.glued = true;
    }

    /// Takes characters as long as they fit.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Literal text, whose end the action behind it may trim.
    fn raw(&mut self, start: usize, end: usize, trims_end: bool) {
        let mut text = &self.source[start..end];
        if self.trims {
            text = text.trim_start_matches(is_space);
        }
        if trims_end {
            text = text.trim_end_matches(is_space);
        }
        if !text.is_empty() {
            let text = Some(text.to_owned()).filter(|text| text.len() <= MAX_RAW);
            self.push(Kind::Raw(text), start);
        }
    }

    fn comment(&mut self, start: usize) -> Result<(), ParseError> {
        let Some(end) = self.rest().find("*/") else {
            return self.fail(start, "comment without its end `*/`");
        };
        self.at += end + 2;
        let rest = self.rest();
        let trimmed = rest
            .strip_prefix(is_space)
            .and_then(|rest| rest.strip_prefix('-'))
            .unwrap_or(rest);
        self.trims = trimmed.len() < rest.len();
        match trimmed.strip_prefix(CLOSE) {
            Some(after) => {
                self.at = self.source.len() - after.len();
                Ok(())
            }
            None => self.fail(self.at, "comment ends before the closing `}}`"),
        }
    }

    /// The tokens up to and with `}}`.
    fn action(&mut self, start: usize) -> Result<(), ParseError> {
        self.glued = false;
        loop {
            if !self.take(is_space).is_empty() {
                self.glued = false;
            }
            let (at, rest) = (self.at, self.rest());
            let spaced = at > 0 && self.source[..at].ends_with(is_space);
            if let Some(after) = rest.strip_prefix('-').filter(|_| spaced)
                && after.starts_with(CLOSE)
            {
                self.at += 1;
                self.trims = true;
                continue;
            }
            if rest.starts_with(CLOSE) {
                self.at += CLOSE.len();
                self.push(Kind::Close, at);
                return Ok(());
            }
            let Some(next) = rest.chars().next() else {
                return self.fail(start, "action without its end `}}`");
            };
            let kind = self.token(next)?;
            self.push(kind, at);
        }
    }

    fn token(&mut self, next: char) -> Result<Kind, ParseError> {
        let (at, rest) = (self.at, self.rest());
        let second = rest[next.len_utf8()..].chars().next();
        let single = match next {
            '|' => Some(Kind::Pipe),
            '(' => Some(Kind::Left),
            ')' => Some(Kind::Right),
            ',' => Some(Kind::Comma),
            '=' => Some(Kind::Assign),
            _ => None,
        };
        if let Some(kind) = single {
            self.at += 1;
            return Ok(kind);
        }
        match next {
            ':' if second == Some('=') => {
                self.at += 2;
                Ok(Kind::Declare)
            }
            '"' | '\'' => self.quoted(next),
            '`' => match rest[1..].find('`') {
                Some(end) => {
                    self.at += end + 2;
                    Ok(Kind::Text(rest[1..=end].to_owned()))
                }
                None => self.fail(at, "raw string without its end"),
            },
            '$' => {
                self.at += 1;
                Ok(Kind::Variable(format!("${}", self.take(is_word))))
            }
            '.' if !second.is_some_and(|c| c.is_ascii_digit()) => {
                self.at += 1;
                let name = self.take(is_word);
                Ok(if name.is_empty() {
                    Kind::Dot
                } else {
                    Kind::Field(name.to_owned())
                })
            }
            '.' | '+' | '-' | '0'..='9' => self.number(),
            _ if is_word(next) => Ok(Kind::Word(self.take(is_word).to_owned())),
            _ => self.fail(
                at,
                format!("character `{}` has no meaning here", next.escape_default()),
            ),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Kind, ParseError> {
        let (at, rest) = (self.at, self.rest());
        let mut escaped = false;
        for (index, next) in rest.char_indices().skip(1) {
            match next {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if next == quote => {
                    self.at += index + 1;
                    let Some(text) = unquote(&rest[1..index]) else {
                        return self.fail(at, "string with an escape that Go does not know");
                    };
                    return Ok(if quote == '"' {
                        Kind::Text(text)
                    } else {
                        Kind::Number(text)
                    });
                }
                _ => {}
            }
        }
        self.fail(at, "string without its end")
    }

    fn number(&mut self) -> Result<Kind, ParseError> {
        let (at, rest) = (self.at, self.rest());
        let mut before = ' ';
        let end = rest
            .find(|c: char| {
                let sign = matches!(c, '+' | '-') && matches!(before, ' ' | 'e' | 'E' | 'p' | 'P');
                before = c;
                !(sign || c == '.' || is_word(c))
            })
            .unwrap_or(rest.len());
        self.at += end;
        let text = &rest[..end];
        if text.contains(|c: char| c.is_ascii_digit()) {
            Ok(Kind::Number(text.to_owned()))
        } else {
            self.fail(at, format!("`{text}` is no number"))
        }
    }
}
