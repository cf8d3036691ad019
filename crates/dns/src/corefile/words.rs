//! The words of a Corefile, and directives with their blocks.

use std::fmt::Write;

use crate::error::CorefileError;

/// More words than any Corefile has.
const MAX_WORDS: usize = 20_000;
/// Deeper blocks than any plugin has.
const MAX_DEPTH: usize = 8;

/// A line with its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    pub(super) block: Vec<Directive>,
    /// A block may be empty.
    pub(super) has_block: bool,
}

#[derive(Debug)]
struct Word {
    line: usize,
    text: String,
    is_quoted: bool,
}

impl Directive {
    /// A line of our own.
    pub(super) fn line(name: &str, arguments: &[&str]) -> Self {
        Self {
            line: 0,
            name: name.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            block: Vec::new(),
            has_block: false,
        }
    }

    /// Writes the line and its block, indented by 4 spaces a level.
    pub(super) fn write(&self, text: &mut String, level: usize) {
        let indent = "    ".repeat(level);
        let words: Vec<String> = std::iter::once(&self.name)
            .chain(&self.arguments)
            .map(|text| word(text))
            .collect();
        let _ = write!(text, "{indent}{}", words.join(" "));
        if self.block.is_empty() {
            text.push('\n');
            return;
        }
        text.push_str(" {\n");
        for line in &self.block {
            line.write(text, level + 1);
        }
        let _ = writeln!(text, "{indent}}}");
    }
}

/// A word as a Corefile has it, quoted where it must be.
pub(super) fn word(text: &str) -> String {
    let is_plain = !matches!(text, "" | "{" | "}")
        && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '#');
    if is_plain {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('"', "\\\""))
    }
}

/// A word in an error, cut after 40 characters.
pub(super) fn short(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The directives of the outermost level.
pub(super) fn directives(text: &str) -> Result<Vec<Directive>, CorefileError> {
    let words = words(text)?;
    let mut rest = words.as_slice();
    let directives = block(&mut rest, None, 0)?;
    Ok(directives)
}

/// Directives until the brace that closes the block which opened in line `open`, or until the end.
fn block(rest: &mut &[Word], open: Option<usize>, depth: usize) -> Result<Vec<Directive>, CorefileError> {
    let mut directives: Vec<Directive> = Vec::new();
    while let Some((first, tail)) = rest.split_first() {
        *rest = tail;
        if is_brace(first, "}") {
            return match open {
                Some(_) => Ok(directives),
                None => Err(unexpected(first, "a server block")),
            };
        }
        if is_brace(first, "{") {
            return Err(unexpected(first, "a name before it"));
        }
        let mut directive = Directive {
            line: first.line,
            name: first.text.clone(),
            arguments: Vec::new(),
            block: Vec::new(),
            has_block: false,
        };
        // Keys of a server block may stand on several lines, each but the last with a comma at its end.
        let mut line = first.line;
        let mut goes_on = depth == 0 && first.text.ends_with(',');
        while let Some((next, tail)) = rest.split_first() {
            if is_brace(next, "}") || next.line != line && !goes_on {
                break;
            }
            *rest = tail;
            line = next.line;
            if is_brace(next, "{") {
                if depth == MAX_DEPTH {
                    return Err(unexpected(next, "no deeper block"));
                }
                directive.block = block(rest, Some(next.line), depth + 1)?;
                directive.has_block = true;
                break;
            }
            goes_on = depth == 0 && next.text.ends_with(',');
            directive.arguments.push(next.text.clone());
        }
        directives.push(directive);
    }
    match open {
        Some(line) => Err(CorefileError::Open {
            line,
            what: "a block",
        }),
        None => Ok(directives),
    }
}

fn is_brace(word: &Word, brace: &str) -> bool {
    !word.is_quoted && word.text == brace
}

fn unexpected(word: &Word, wanted: &'static str) -> CorefileError {
    CorefileError::Unexpected {
        line: word.line,
        found: short(&word.text),
        wanted,
    }
}

fn words(text: &str) -> Result<Vec<Word>, CorefileError> {
    let mut words = Vec::new();
    let mut line = 1;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if words.len() > MAX_WORDS {
            return Err(CorefileError::TooLong { line, max: MAX_WORDS });
        }
        match c {
            '\n' => line += 1,
            c if c.is_whitespace() => {}
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            '"' => {
                let start = line;
                let mut text = String::new();
                loop {
                    match chars.next() {
                        None => {
                            let what = "a quoted word";
                            return Err(CorefileError::Open { line: start, what });
                        }
                        Some('"') => break,
                        Some('\\') if chars.peek() == Some(&'"') => text.extend(chars.next()),
                        Some(c) => {
                            line += usize::from(c == '\n');
                            text.push(c);
                        }
                    }
                }
                words.push(Word {
                    line: start,
                    text,
                    is_quoted: true,
                });
            }
            c => {
                let mut text = String::from(c);
                while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                    text.push(c);
                }
                words.push(Word {
                    line,
                    text,
                    is_quoted: false,
                });
            }
        }
    }
    // CoreDNS puts variables of its environment there; it gets none of this machine's.
    match words
        .iter()
        .find(|word| word.text.contains("{$") || word.text.contains("{%"))
    {
        Some(word) => Err(unexpected(word, "a word without variables of the environment")),
        None => Ok(words),
    }
}
