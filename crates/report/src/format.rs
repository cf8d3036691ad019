//! The names of the formats, as `--output` takes them.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use diag::CheckMeta;

use crate::color::Paint;
use crate::{Report, concise, github, json, junit, markdown, sarif, text};

/// One way to write a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal, with source excerpts.
    #[default]
    Text,
    /// One line for each finding.
    Concise,
    /// The whole report as one document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports.
    Junit,
    /// GitHub workflow commands, shown in the diff.
    Github,
    /// For a step summary or a comment.
    Markdown,
}

impl Format {
    /// All formats.
    pub const VALUES: [Self; 7] = [
        Self::Text,
        Self::Concise,
        Self::Json,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Markdown,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Markdown => "markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = Self::VALUES.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| ParseError::new("output format", text, Self::VALUES.map(Self::name)))
    }
}

/// One `--output`: a format, and a file where standard output is not meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputSpec {
    /// How to write.
    pub format: Format,
    /// Where to write; standard output without it.
    pub file: Option<PathBuf>,
}

impl FromStr for OutputSpec {
    type Err = ParseError;

    /// `json` or `json=out.json`.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (format, file) = text
            .split_once('=')
            .map_or((text, None), |(format, file)| (format, Some(file)));
        let format = format.parse()?;
        match file {
            Some("") => Err(ParseError(format!(
                "no file after `{format}=`, wanted `{format}` or `{format}=FILE`"
            ))),
            file => Ok(Self {
                format,
                file: file.map(PathBuf::from),
            }),
        }
    }
}

impl fmt::Display for OutputSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}={}", self.format, file.display()),
            None => write!(f, "{}", self.format),
        }
    }
}

/// A word on the command line that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError(String);

impl ParseError {
    pub(crate) fn new<const N: usize>(what: &str, found: &str, wanted: [&str; N]) -> Self {
        let quoted = wanted.map(|name| format!("`{name}`"));
        let wanted = match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => "nothing".to_owned(),
        };
        Self(format!("unknown {what} `{found}`, wanted {wanted}"))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ParseError {}

/// What formats need besides the report.
#[derive(Debug, Clone, Copy, Default)]
pub struct RenderOptions<'a> {
    /// Color of the text format; all others have none.
    pub paint: Paint,
    /// Whether the text format lists all that it otherwise cuts to the first few.
    pub verbose: bool,
    /// The checks that ran: rules of SARIF, passed cases of JUnit.
    pub checks: &'a [&'a CheckMeta],
}

/// The report in one format, with a newline at the end unless it is empty.
pub fn render(format: Format, report: &Report, options: RenderOptions<'_>) -> String {
    match format {
        Format::Text => text::render(
            report,
            text::Options {
                paint: options.paint,
                verbose: options.verbose,
            },
        ),
        Format::Concise => concise::render(report),
        Format::Json => json::render(report),
        Format::Sarif => sarif::render(report, options.checks),
        Format::Junit => junit::render(report, options.checks),
        Format::Github => github::render(report),
        Format::Markdown => markdown::render(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_to_its_format() {
        for format in Format::VALUES {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
    }

    #[test]
    fn output_takes_a_file() {
        let spec: OutputSpec = "json=out/a=b.json".parse().unwrap();
        assert_eq!(
            spec,
            OutputSpec {
                format: Format::Json,
                file: Some("out/a=b.json".into())
            }
        );
        assert_eq!(spec.to_string(), "json=out/a=b.json");
        assert_eq!("text".parse(), Ok(OutputSpec::default()));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let refused = |text: &str| text.parse::<OutputSpec>().unwrap_err().to_string();
        assert_eq!(
            refused("yaml=x"),
            "unknown output format `yaml`, wanted `text`, `concise`, `json`, `sarif`, `junit`, `github` or `markdown`"
        );
        assert_eq!(
            refused("json="),
            "no file after `json=`, wanted `json` or `json=FILE`"
        );
    }
}
