//! Settings of a cluster and the variables that stand for them in manifests.
//!
//! Flux substitutes text and reads it again as YAML 1.1: a setting has the type that its text looks like, whatever quotes
//! stand around the variable.

use diag::SourceId;
use model::yaml::{self, Dialect};
use serde::{Serialize, Serializer};

use super::SpecError;

/// What a setting's text has to become where it is substituted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A string.
    String,
    /// A whole number.
    Integer,
    /// A boolean.
    Boolean,
    /// A list, written as JSON.
    Array,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Array => "array",
        }
    }
}

/// A variable; in a manifest `${NAME}`, or `${NAME:=default}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    name: &'static str,
    becomes: Type,
    default: Option<&'static str>,
}

impl Variable {
    /// A variable that every cluster has to set.
    pub const fn required(name: &'static str, becomes: Type) -> Self {
        Self {
            name,
            becomes,
            default: None,
        }
    }

    /// A variable with the value that holds where a cluster does not set it.
    pub const fn with_default(name: &'static str, becomes: Type, default: &'static str) -> Self {
        Self {
            name,
            becomes,
            default: Some(default),
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Sets it to a value that keeps its type through substitution.
    pub fn set(self, value: impl Into<String>) -> Result<Setting, SpecError> {
        let value = value.into();
        let found = type_after_substitution(&value);
        if found == self.becomes.name() {
            Ok(Setting {
                variable: self,
                value,
            })
        } else {
            Err(SpecError::SettingType {
                name: self.name.to_owned(),
                value,
                found,
                wanted: self.becomes.name(),
            })
        }
    }
}

impl Serialize for Variable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.default {
            None => serializer.collect_str(&format_args!("${{{}}}", self.name)),
            Some(default) => serializer.collect_str(&format_args!("${{{}:={default}}}", self.name)),
        }
    }
}

/// A variable's value in one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub variable: Variable,
    /// Its text.
    pub value: String,
}

/// The JSON Schema type of `field: TEXT` in YAML 1.1.
fn type_after_substitution(value: &str) -> &'static str {
    let parsed = yaml::parse(SourceId::NONE, &format!("value: {value}\n"), Dialect::Sigs);
    match (parsed.documents.as_slice(), parsed.problems.is_empty()) {
        ([document], true) => document
            .get("value")
            .map_or("no YAML", |node| node.value.type_name()),
        _ => "no YAML",
    }
}

/// Names of the variables in a manifest's text, with whether each carries a default. Written by [`Variable`], so only its
/// two forms occur.
pub(crate) fn variables_in(text: &str) -> Vec<(&str, bool)> {
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(inner, _)| {
            inner
                .split_once(":=")
                .map_or((inner, false), |(name, _)| (name, true))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_changes_its_type_is_refused() {
        let name = Variable::required("NAME", Type::String);
        for value in ["infra", "10.245.0.10", "10.244.0.0/16", "id-1"] {
            assert_eq!(name.set(value).unwrap().value, value);
        }
        for value in ["1", "yes", "on", "1_000", "0x10", "~", "", "[a]", "a: b", "{"] {
            assert!(name.set(value).is_err(), "{value:?}");
        }
        assert_eq!(
            name.set("1").unwrap_err().to_string(),
            "setting `NAME` is `1`, which substitution reads as integer, wanted string"
        );
        assert!(Variable::required("N", Type::Integer).set("2").is_ok());
        assert!(Variable::required("N", Type::Integer).set("two").is_err());
        assert!(Variable::required("N", Type::Boolean).set("false").is_ok());
        assert!(
            Variable::required("N", Type::Array)
                .set(r#"["10.245.0.0/16"]"#)
                .is_ok()
        );
    }

    #[test]
    fn variables_are_written_and_found_again() {
        let plain = serde_json::to_string(&Variable::required("A", Type::String)).unwrap();
        let default = serde_json::to_string(&Variable::with_default("B", Type::Boolean, "false")).unwrap();
        assert_eq!(
            (plain.as_str(), default.as_str()),
            (r#""${A}""#, r#""${B:=false}""#)
        );
        assert_eq!(
            variables_in("x: ${A}-${B:=false} {{ $labels.pod }} $C"),
            [("A", false), ("B", true)]
        );
    }
}
