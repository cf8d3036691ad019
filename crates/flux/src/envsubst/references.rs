//! The variables a template refers to.

use super::syntax::{Expression, Part};
use super::{Error, parser};

/// One use of a variable in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Name of the variable.
    pub name: String,
    /// Byte offset in the template of the `$` that opens the expression.
    pub offset: usize,
    /// Length in bytes of the expression with its closing brace.
    pub len: usize,
    /// Whether strict mode accepts that the variable is not set, by one of `=`, `:=`, `:-`, `:?` and `:+`.
    pub has_default: bool,
}

/// Finds the variables of `template` in the order of their offsets, those inside arguments included.
///
/// Reading stops at the first syntax error, which is returned beside what was found before the outermost
/// expression that holds it. The rules are those of [`expand`](super::expand).
pub fn references(template: &str) -> (Vec<Reference>, Option<Error>) {
    let (parts, error) = parser::parse(template);
    let mut found = Vec::new();
    collect(&parts, &mut found);
    (found, error)
}

fn collect(parts: &[Part<'_>], found: &mut Vec<Reference>) {
    for part in parts {
        let Part::Expression(expression) = part else {
            continue;
        };
        found.push(reference(expression));
        for argument in expression.operation.arguments() {
            collect(argument, found);
        }
    }
}

fn reference(expression: &Expression<'_>) -> Reference {
    Reference {
        name: expression.head.name.to_owned(),
        offset: expression.head.offset,
        len: expression.len,
        has_default: expression.operation.has_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ErrorKind;
    use super::*;

    fn names(template: &str) -> Vec<(String, bool)> {
        references(template)
            .0
            .into_iter()
            .map(|found| (found.name, found.has_default))
            .collect()
    }

    #[test]
    fn a_reference_spans_its_whole_expression() {
        let template = "é ${HOST:=a${PORT}}!";
        let (found, error) = references(template);
        assert_eq!(error, None);
        let spans: Vec<&str> = found
            .iter()
            .map(|r| &template[r.offset..r.offset + r.len])
            .collect();
        assert_eq!(spans, ["${HOST:=a${PORT}}", "${PORT}"]);
    }

    #[test]
    fn references_inside_every_argument_are_found() {
        assert_eq!(
            names("${a:${b}:${c}} ${d/${e}/${f}} ${g%${h}}")
                .iter()
                .map(|(name, _)| name.as_str())
                .collect::<String>(),
            "abcdefgh"
        );
    }

    #[test]
    fn only_default_operators_have_a_default() {
        assert_eq!(
            names("${a} ${b=} ${c:=} ${d:-x} ${e:?x} ${f:+x} ${#g} ${h^} ${i:0} ${j#x} ${k/x/}")
                .iter()
                .filter_map(|(name, has_default)| has_default.then_some(name.as_str()))
                .collect::<String>(),
            "bcdef"
        );
    }

    #[test]
    fn escaped_and_plain_dollars_are_no_references() {
        assert_eq!(names("$${a} $$b $c $(d) $$$${e}"), []);
        assert_eq!(names("$$${a}"), [("a".to_owned(), false)]);
    }

    #[test]
    fn what_precedes_a_syntax_error_is_reported_beside_it() {
        let (found, error) = references("${a} ${b-c} ${d}");
        assert_eq!(found.len(), 1);
        assert_eq!(
            error.map(|error| (error.kind, error.offset)),
            Some((ErrorKind::UnknownOperator('-'), 5))
        );
    }
}
