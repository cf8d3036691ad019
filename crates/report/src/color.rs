//! Whether and how to color, decided once by the caller: nothing below reads the environment.

use std::fmt;
use std::str::FromStr;

use annotate_snippets::renderer::{AnsiColor, Effects, Style};

use crate::ParseError;

/// What the user asked for with `--color`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// Color on a terminal, unless `NO_COLOR` or the like forbids it.
    #[default]
    Auto,
    /// Color always.
    Always,
    /// Never color.
    Never,
}

impl ColorChoice {
    /// All choices.
    pub const VALUES: [Self; 3] = [Self::Auto, Self::Always, Self::Never];

    /// `auto`, `always` or `never`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    /// What to do for text that goes to `stream`. Text for a file is always [`Paint::Plain`].
    pub fn paint(self, stream: &impl anstream::stream::RawStream) -> Paint {
        let color = match self {
            Self::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        };
        if color { Paint::Ansi } else { Paint::Plain }
    }
}

impl fmt::Display for ColorChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ColorChoice {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::VALUES.into_iter().find(|choice| choice.name() == text);
        found.ok_or_else(|| ParseError::new("color", text, Self::VALUES.map(Self::name)))
    }
}

/// Whether a text carries ANSI sequences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Paint {
    /// None.
    #[default]
    Plain,
    /// Color and weight.
    Ansi,
}

/// What a piece of text means; the color follows from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Normal,
    /// A heading.
    Strong,
    /// Secondary.
    Dim,
    /// Passed, added.
    Good,
    /// Deferred, a warning.
    Doubtful,
    /// Failed, removed.
    Bad,
    /// A place in a diff.
    Place,
}

impl Paint {
    /// `text`, with the sequences of `tone` around it where they are wanted.
    pub fn apply(self, tone: Tone, text: &str) -> String {
        let plain = Style::new();
        let style = match tone {
            Tone::Normal => plain,
            Tone::Strong => plain.effects(Effects::BOLD),
            Tone::Dim => plain.effects(Effects::DIMMED),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Doubtful => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Place => AnsiColor::Cyan.on_default(),
        };
        if self == Self::Plain || style.is_plain() || text.is_empty() {
            return text.to_owned();
        }
        format!("{}{text}{}", style.render(), style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paint_adds_nothing() {
        assert_eq!(Paint::Plain.apply(Tone::Bad, "x"), "x");
        assert_eq!(Paint::Ansi.apply(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Paint::Ansi.apply(Tone::Bad, ""), "");
    }

    #[test]
    fn choices_other_than_auto_ignore_the_stream() {
        assert_eq!(ColorChoice::Always.paint(&std::io::stdout()), Paint::Ansi);
        assert_eq!(ColorChoice::Never.paint(&std::io::stdout()), Paint::Plain);
    }

    #[test]
    fn names_the_choices_when_refusing_one() {
        let refused = "blue".parse::<ColorChoice>().unwrap_err().to_string();
        assert_eq!(
            refused,
            "unknown color `blue`, wanted `auto`, `always` or `never`"
        );
    }
}
