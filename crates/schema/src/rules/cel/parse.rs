//! The text of a CEL rule to an expression.

/// Rules that lie deeper are not read.
const MAX_DEPTH: usize = 48;

/// An expression. What it calls is known only to the evaluator.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    List(Vec<Expr>),
    Name(String),
    /// `a.b`
    Field(Box<Expr>, String),
    /// `a[b]`
    Index(Box<Expr>, Box<Expr>),
    /// `a.f(b)`, or `f(b)` without a target.
    Call(Option<Box<Expr>>, String, Vec<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `a ? b : c`
    If(Box<[Expr; 3]>),
}

/// The expression of a rule; none for what this parser does not know.
pub(super) fn parse(text: &str) -> Option<Expr> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    let expr = parser.expr()?;
    (parser.at == tokens.len()).then_some(expr)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Int(i64),
    Double(f64),
    Sign(&'static str),
}

const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ".", ",", "?", ":", "+", "-", "*",
    "/", "%", "{", "}",
];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphabetic() || first == '_' {
            let raw = matches!(rest.as_bytes(), [b'r', b'\'' | b'"', ..]);
            if raw {
                let (value, length) = string(rest.get(1..)?, true)?;
                tokens.push(Token::Text(value));
                length + 1
            } else {
                let length = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                tokens.push(Token::Name(rest.get(..length)?.to_owned()));
                length
            }
        } else if first.is_ascii_digit() {
            let length = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len());
            let number = rest.get(..length)?;
            tokens.push(match number.parse() {
                Ok(whole) => Token::Int(whole),
                Err(_) => Token::Double(number.parse().ok()?),
            });
            length
        } else if first == '\'' || first == '"' {
            let (value, length) = string(rest, false)?;
            tokens.push(Token::Text(value));
            length
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            tokens.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

/// A string and how many bytes it takes. Of those in three quotes only raw ones are known.
fn string(text: &str, raw: bool) -> Option<(String, usize)> {
    let quote = text.chars().next()?;
    let triple = if quote == '"' { "\"\"\"" } else { "'''" };
    if raw && let Some(rest) = text.strip_prefix(triple) {
        let end = rest.find(triple)?;
        return Some((rest.get(..end)?.to_owned(), end + 2 * triple.len()));
    }
    if text
        .get(..3)
        .is_some_and(|start| start.chars().all(|c| c == quote))
    {
        return None;
    }
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, at + 1)),
            '\\' if !raw => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                c if matches!(c, '\\' | '\'' | '"' | '`' | '?') => value.push(c),
                _ => return None,
            },
            c => value.push(c),
        }
    }
    None
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

/// Binary operators, loosest first.
const LEVELS: [&[&str]; 5] = [
    &["||"],
    &["&&"],
    &["==", "!=", "<=", ">=", "<", ">", "in"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Parser<'_> {
    fn expr(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let condition = self.binary(0)?;
        let expr = if self.take("?") {
            let then = self.expr()?;
            self.expect(":")?;
            Expr::If(Box::new([condition, then, self.expr()?]))
        } else {
            condition
        };
        self.depth -= 1;
        Some(expr)
    }

    fn binary(&mut self, level: usize) -> Option<Expr> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let right = self.binary(level + 1)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn operator(&mut self, operators: &'static [&'static str]) -> Option<&'static str> {
        let found = match self.tokens.get(self.at)? {
            Token::Sign(sign) => operators.iter().find(|operator| *operator == sign),
            Token::Name(name) => operators.iter().find(|operator| *operator == name),
            _ => None,
        }?;
        self.at += 1;
        Some(found)
    }

    fn unary(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let expr = if self.take("!") {
            Expr::Not(Box::new(self.unary()?))
        } else if self.take("-") {
            Expr::Negate(Box::new(self.unary()?))
        } else {
            self.postfix()?
        };
        self.depth -= 1;
        Some(expr)
    }

    fn postfix(&mut self) -> Option<Expr> {
        let mut expr = self.primary()?;
        loop {
            if self.take(".") {
                let name = self.name()?;
                expr = if self.take("(") {
                    Expr::Call(Some(Box::new(expr)), name, self.list(")")?)
                } else {
                    Expr::Field(Box::new(expr), unescape(&name))
                };
            } else if self.take("[") {
                let index = self.expr()?;
                self.expect("]")?;
                expr = Expr::Index(Box::new(expr), Box::new(index));
            } else {
                return Some(expr);
            }
        }
    }

    fn primary(&mut self) -> Option<Expr> {
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        Some(match token {
            Token::Int(value) => Expr::Int(value),
            Token::Double(value) => Expr::Double(value),
            Token::Text(value) => Expr::Text(value),
            Token::Sign("(") => {
                let expr = self.expr()?;
                self.expect(")")?;
                expr
            }
            Token::Sign("[") => Expr::List(self.list("]")?),
            Token::Sign(_) => return None,
            Token::Name(name) if self.take("(") => Expr::Call(None, name, self.list(")")?),
            Token::Name(name) => match &*name {
                "true" => Expr::Bool(true),
                "false" => Expr::Bool(false),
                "null" => Expr::Null,
                _ => Expr::Name(name),
            },
        })
    }

    fn list(&mut self, end: &str) -> Option<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.take(end) {
            items.push(self.expr()?);
            if !self.take(",") {
                self.expect(end)?;
                break;
            }
        }
        Some(items)
    }

    fn name(&mut self) -> Option<String> {
        match self.tokens.get(self.at)? {
            Token::Name(name) => {
                self.at += 1;
                Some(name.clone())
            }
            _ => None,
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Option<()> {
        self.take(sign).then_some(())
    }
}

/// The field that an escaped name stands for: `__dash__`, `__namespace__`.
fn unescape(name: &str) -> String {
    if !name.contains("__") {
        return name.to_owned();
    }
    let reserved = name.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    if let Some(word) =
        reserved.filter(|word| !word.contains('_') && !matches!(*word, "dot" | "dash" | "slash"))
    {
        return word.to_owned();
    }
    name.replace("__underscores__", "\0")
        .replace("__dot__", ".")
        .replace("__dash__", "-")
        .replace("__slash__", "/")
        .replace('\0', "__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_in_cel() {
        let expr = parse("!has(self.a) || self.b == 'x' && 1 + 2 * 3 > 4").unwrap();
        let Expr::Binary("||", _, right) = expr else {
            panic!("{expr:?}")
        };
        let Expr::Binary("&&", _, sum) = *right else {
            panic!("{right:?}")
        };
        assert!(matches!(*sum, Expr::Binary(">", ..)));
    }

    #[test]
    fn strings_and_names_are_unescaped() {
        assert_eq!(parse(r#"r"""a"\b""" "#), Some(Expr::Text(r#"a"\b"#.to_owned())));
        assert_eq!(parse(r"r'^\d+$'"), Some(Expr::Text(r"^\d+$".to_owned())));
        assert_eq!(parse(r#""a\"b""#), Some(Expr::Text("a\"b".to_owned())));
        let field = |name: &str| {
            Some(Expr::Field(
                Box::new(Expr::Name("self".to_owned())),
                name.to_owned(),
            ))
        };
        assert_eq!(parse("self.__namespace__"), field("namespace"));
        assert_eq!(parse("self.a__dash__b"), field("a-b"));
    }

    #[test]
    fn what_it_does_not_know_is_none() {
        for text in ["", "self.", "a b", "'open", "{'a': 1}", "self..a", "1 +"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"(".repeat(1000)), None);
        assert_eq!(parse(&"!".repeat(1000)), None);
    }
}
