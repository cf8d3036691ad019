//! The rules of substitution seen from outside.

use super::{Error, ErrorKind, Strictness, expand, references};

const VARIABLES: &[(&str, &str)] = &[
    ("env", "prod"),
    ("domain", "shop.example.org"),
    ("port", "8080"),
    ("quote", "\""),
    ("unset_is_empty", ""),
    ("template", "${env} $$"),
];

fn lookup(name: &str) -> Option<&'static str> {
    VARIABLES
        .iter()
        .find_map(|(known, value)| (*known == name).then_some(*value))
}

fn lax(template: &str) -> Result<String, Error> {
    expand(template, Strictness::Lax, &lookup)
}

fn strict(template: &str) -> Result<String, Error> {
    expand(template, Strictness::Strict, &lookup)
}

#[track_caller]
fn assert_expands(template: &str, expected: &str) {
    assert_eq!(lax(template).as_deref(), Ok(expected), "{template}");
}

#[track_caller]
fn assert_undefined(template: &str, variable: &str) {
    let found = strict(template).map_err(|error| (error.kind, error.variable));
    assert_eq!(
        found,
        Err((ErrorKind::Undefined, Some(variable.to_owned()))),
        "{template}"
    );
}

#[test]
fn text_without_expressions_stays() {
    for template in [
        "", "a: b\n", "$", "$env", "$(env)", "a$ {env}", "}", "{env}", "100%",
    ] {
        assert_expands(template, template);
    }
}

#[test]
fn a_variable_is_replaced_by_its_value() {
    assert_expands("host: ${env}.${domain}\n", "host: prod.shop.example.org\n");
    assert_expands("${quote}${port}${quote}", "\"8080\"");
}

#[test]
fn a_value_is_not_expanded_again() {
    assert_expands("${template}", "${env} $$");
}

#[test]
fn each_pair_of_dollars_becomes_one() {
    assert_expands("$${env}", "${env}");
    assert_expands("$$env", "$env");
    assert_expands("$$", "$");
    assert_expands("$$$", "$$");
    assert_expands("$$$$", "$$");
    assert_expands("$$${env}", "$prod");
    assert_expands("$$$${env}", "$${env}");
}

#[test]
fn every_default_operator_does_the_same() {
    for operator in ["=", ":=", ":-", ":?", ":+"] {
        assert_expands(&format!("${{env{operator}x}}"), "prod");
        assert_expands(&format!("${{unset_is_empty{operator}x}}"), "x");
        assert_expands(&format!("${{missing{operator}x}}"), "x");
        assert_expands(&format!("${{missing{operator}}}"), "");
        assert_eq!(strict(&format!("${{missing{operator}x}}")).as_deref(), Ok("x"));
    }
}

#[test]
fn a_default_ends_at_the_first_brace() {
    assert_expands("${missing:=b}c}", "bc}");
    assert_expands("${missing:={}}", "{}");
    assert_expands("${env:={}}", "prod}");
}

#[test]
fn a_default_mixes_text_and_expressions() {
    assert_expands("${missing:=${other:=c}}", "c");
    assert_expands("${missing:=${env}-${port}.x}", "prod-8080.x");
}

#[test]
fn two_dollars_are_no_escape_in_a_default() {
    assert_expands("${missing:=$$}", "$$");
    assert_expands("${missing:=a$${env}c}", "a$prodc");
}

#[test]
fn length_is_counted_in_bytes() {
    assert_expands("${#domain} ${#missing}", "16 0");
    let length = expand("${#v}", Strictness::Strict, &|_| Some("é"));
    assert_eq!(length.as_deref(), Ok("2"));
}

#[test]
fn case_operators_change_case() {
    assert_expands(
        "${env^} ${env^^} ${env,} ${env,,} ${env,^}",
        "Prod PROD prod prod prod",
    );
}

#[test]
fn substrings_take_numbers_from_expressions() {
    assert_expands(
        "${domain:5} ${domain:5:7} ${domain:5::7}",
        "example.org example example",
    );
    assert_expands("${domain:${#env}}", ".example.org");
    assert_expands("${domain: -3}", "shop.example.org");
    assert_expands("${missing:1:2}", "");
}

#[test]
fn a_dash_after_the_colon_is_a_default_and_no_negative_start() {
    assert_expands("${env:-3} ${missing:-3}", "prod 3");
}

#[test]
fn a_start_outside_ascii_is_a_syntax_error() {
    assert_eq!(
        lax("${env:é}").map_err(|error| error.kind),
        Err(ErrorKind::TrailingText)
    );
    assert_expands("${env:xé}", "prod");
}

#[test]
fn trim_operators_take_globs() {
    assert_expands(
        "${domain#*.} ${domain##*.} ${domain%.*} ${domain%%.*}",
        "example.org org shop.example shop",
    );
    assert_expands("${domain#${env}}", "shop.example.org");
}

#[test]
fn replacements_take_plain_text() {
    assert_expands(
        "${domain/./-} ${domain//./-}",
        "shop-example.org shop-example-org",
    );
    assert_expands(
        "${domain/#shop/s} ${domain/%org/com}",
        "s.example.org shop.example.com",
    );
    assert_expands("${domain/.example/} ${domain//.//}", "shop.org shopexampleorg");
    assert_expands("${domain//./${env}}", "shopprodexampleprodorg");
}

#[test]
fn replacements_know_escapes() {
    assert_expands("${domain//./\\/}", "shop/example/org");
    assert_expands("${domain//./\\\\}", "shop\\example\\org");
    assert_expands("${domain//./$$}", "shop$example$org");
    assert_expands("${domain//./\\x}", "shop\\xexample\\xorg");
    assert_expands("${domain/\\/x/y}", "shop.example.org");
}

#[test]
fn an_undefined_variable_is_empty_in_lax_mode() {
    assert_expands("a${missing}b${missing/x/y}", "ab");
}

#[test]
fn an_undefined_variable_is_an_error_in_strict_mode() {
    for expression in ["", "^", ",,", ":0", ":0:1", "#x", "%%x", "/x/y", "//x/"] {
        assert_undefined(&format!("${{missing{expression}}}"), "missing");
    }
    assert_undefined("${#missing}", "missing");
    assert_eq!(strict("${unset_is_empty}").as_deref(), Ok(""));
}

#[test]
fn an_undefined_variable_in_an_unused_default_is_an_error_in_strict_mode() {
    assert_undefined("${env:=${other}}", "other");
    assert_undefined("${missing/${other}/x}", "other");
}

#[test]
fn an_error_tells_the_offset_of_its_expression() {
    let offset = |template: &str| strict(template).map_err(|error| error.offset);
    assert_eq!(offset("a: é ${missing}"), Err(6));
    assert_eq!(offset("${env:=${missing}}"), Err(7));
    assert_eq!(offset("$$${env:9:-9}"), Err(2));
}

#[test]
fn a_syntax_error_comes_before_an_undefined_variable() {
    assert_eq!(
        strict("${missing} ${env-x}").map_err(|error| error.kind),
        Err(ErrorKind::UnknownOperator('-'))
    );
}

#[test]
fn a_template_ends_at_a_nul() {
    assert_expands("a${env}\0${", "aprod");
    assert_expands("a\0b", "a");
    assert_eq!(
        lax("${env\0}").map_err(|error| error.kind),
        Err(ErrorKind::UnclosedBrace)
    );
}

#[test]
fn output_is_bounded() {
    let value = "x".repeat(1 << 20);
    let error = expand(&"${v}".repeat(17), Strictness::Strict, &|_| Some(&value)).unwrap_err();
    assert_eq!((error.kind, error.offset), (ErrorKind::TooLong, 64));
}

#[test]
fn work_whose_result_is_dropped_is_bounded() {
    let value = "x".repeat(1 << 20);
    let error = expand(&"${v//x/}".repeat(100), Strictness::Strict, &|_| Some(&value)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooMuchWork);
}

/// Knuth's linear congruential generator: the same templates on every run and no dependency.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn no_template_panics() {
    const PIECES: &[&str] = &[
        "$",
        "{",
        "}",
        "${",
        "$$",
        "${env",
        "${v",
        ":",
        "=",
        ":=",
        ":-",
        "+",
        "?",
        "#",
        "%",
        "/",
        "\\",
        "^",
        ",",
        "*",
        "[",
        "]",
        "-",
        "1",
        "-9",
        "99999999999999999999",
        "a",
        "é",
        "\u{1f600}",
        "\0",
        "\n",
        " ",
        "_",
    ];
    let mut random = Random(7);
    for _ in 0..20_000 {
        let template: String = (0..random.below(16))
            .map(|_| PIECES[random.below(PIECES.len())])
            .collect();
        let (found, error) = references(&template);
        for reference in &found {
            assert!(
                template
                    .get(reference.offset..reference.offset + reference.len)
                    .is_some(),
                "{template:?}"
            );
        }
        for strictness in [Strictness::Lax, Strictness::Strict] {
            let result = expand(&template, strictness, &|name| {
                if name == "v" {
                    Some("é[a]*\\")
                } else {
                    lookup(name)
                }
            });
            assert!(error.is_none() || result.is_err(), "{template:?}");
        }
    }
}
