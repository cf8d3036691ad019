//! What is a template and what is none, and that no text makes the parser fall over.

use super::*;

fn body(source: &str) -> Vec<Statement> {
    parse(source).unwrap().body
}

fn error(source: &str) -> String {
    parse(source).unwrap_err().to_string()
}

/// The single pipeline of a text.
fn pipeline(source: &str) -> Pipeline {
    match body(source).remove(0) {
        Statement::Print(pipeline) => pipeline,
        other => panic!("{other:?}"),
    }
}

fn operands(source: &str) -> Vec<Operand> {
    pipeline(source).commands.remove(0).operands
}

fn fields(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn reads_operands() {
    let path = fields(&["a", "b"]);
    assert_eq!(operands("{{ .a.b }}"), [Operand::Dot(path.clone())]);
    assert_eq!(operands("{{.}}"), [Operand::Dot(Vec::new())]);
    assert_eq!(
        operands("{{- $.a.b -}}"),
        [Operand::Variable("$".into(), path.clone())]
    );
    assert_eq!(operands("{{$x.a.b}}"), [Operand::Variable("$x".into(), path)]);
    assert_eq!(
        operands("{{ f $x .a \"q\\n\\x41\" `r\"` 'c' -1.5e-3 nil true }}"),
        [
            Operand::Function("f".into()),
            Operand::Variable("$x".into(), Vec::new()),
            Operand::Dot(fields(&["a"])),
            Operand::Text("q\nA".into()),
            Operand::Text("r\"".into()),
            Operand::Number("c".into()),
            Operand::Number("-1.5e-3".into()),
            Operand::Nil,
            Operand::Bool,
        ]
    );
}

#[test]
fn reads_fields_of_parentheses_only_when_they_touch() {
    let touching = operands("{{ (f .).a.b }}");
    assert!(matches!(&touching[..], [Operand::Nested(_, path)] if *path == fields(&["a", "b"])));
    let apart = operands("{{ (f .) .a }}");
    assert!(matches!(&apart[..], [Operand::Nested(_, none), Operand::Dot(_)] if none.is_empty()));
}

#[test]
fn reads_pipelines_and_variables() {
    let declared = pipeline("{{ $x := .a | default 1\n | quote }}");
    assert_eq!(declared.commands.len(), 3);
    assert_eq!((declared.variables, declared.assigns), (fields(&["$x"]), false));
    let assigned = pipeline("{{ $x = .a }}");
    assert_eq!((assigned.variables, assigned.assigns), (fields(&["$x"]), true));
    let Statement::Range(range) =
        body("{{ range $k, $v := .m }}{{ break }}{{ else }}{{ .e }}{{ end }}").remove(0)
    else {
        panic!("no range");
    };
    assert_eq!(range.pipeline.variables, fields(&["$k", "$v"]));
    assert_eq!(range.body, [Statement::Jump]);
    assert_eq!(range.otherwise.len(), 1);
}

#[test]
fn reads_chains_of_else() {
    let source = "{{ if .a }}{{ else if .b }}{{ .x }}{{ else }}{{ .y }}{{ end }}\
                  {{ with .a }}{{ else with .b }}{{ .x }}{{ end }}";
    let statements = body(source);
    let [Statement::Branch(first), Statement::Branch(second)] = &statements[..] else {
        panic!("{statements:?}");
    };
    assert_eq!(
        first.arms.iter().map(|arm| arm.rebinds).collect::<Vec<_>>(),
        [false, false]
    );
    assert_eq!(first.otherwise.len(), 1);
    assert_eq!(
        second.arms.iter().map(|arm| arm.rebinds).collect::<Vec<_>>(),
        [true, true]
    );
}

#[test]
fn reads_defines_blocks_and_calls() {
    let file =
        parse("{{ define \"a\" }}{{ .x }}{{ end }}{{ block \"b\" .y }}{{ .z }}{{ end }}{{ template \"a\" }}")
            .unwrap();
    assert_eq!(
        file.defines.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert!(matches!(&file.body[0], Statement::Call { name, argument: Some(_) } if name == "b"));
    assert!(matches!(&file.body[1], Statement::Call { name, argument: None } if name == "a"));
}

#[test]
fn reads_texts_as_they_are_trimmed() {
    let text = |text: &str| Statement::Text(Some(text.to_owned()));
    let trimmed = body("a }} {{/* {{ .x }} */}} b {{- /* y */ -}} c ");
    assert_eq!(trimmed, [text("a }} "), text(" b"), text("c ")]);
    assert_eq!(body(" \n{{- /* x */ -}} \n"), []);
    assert_eq!(body(" {{/* x */}}\n"), [text(" "), text("\n")]);
    assert_eq!(body(&"x".repeat(65)), [Statement::Text(None)]);
    let around = body("a {{ .x -}} b {{- .y }} c");
    assert_eq!(
        (&around[0], &around[2], &around[4]),
        (&text("a "), &text("b"), &text(" c"))
    );
    assert_eq!(body("{{ \"}}\" }}").len(), 1);
    assert_eq!(body("{{-\n.x\n-}}").len(), 1);
    assert_eq!(operands("{{-3}}"), [Operand::Number("-3".into())]);
}

#[test]
fn says_where_a_text_is_no_template() {
    for (source, wanted) in [
        ("a\n  {{ .x", "2:3: action without its end `}}`"),
        ("{{ end }}", "1:4: `end` without a block that it ends"),
        ("{{ if .x }}", "1:7: block without its `end`"),
        ("{{ if }}{{ end }}", "1:7: wanted a value"),
        ("{{ (f . }}", "1:9: wanted `)`"),
        ("é {{ \"a }}", "1:6: string without its end"),
        (
            "{{ \"\\q\" }}",
            "1:4: string with an escape that Go does not know",
        ),
        ("{{ `a }}", "1:4: raw string without its end"),
        ("{{/* a", "1:1: comment without its end `*/`"),
        ("{{/* a */ b }}", "1:10: comment ends before the closing `}}`"),
        (
            "{{ define x }}{{ end }}",
            "1:11: wanted a template's name in quotes",
        ),
        ("{{ .a ; }}", "1:7: character `;` has no meaning here"),
        (
            "{{ if .a }}{{ else }}{{ else }}{{ end }}",
            "1:30: a second `else`, or one in a block that has none",
        ),
        ("{{ .x | }}", "1:9: wanted a value"),
        ("{{ f if }}", "1:6: keyword `if` in the place of a value"),
    ] {
        assert_eq!(error(source), wanted, "{source}");
    }
}

#[test]
fn nesting_is_bounded() {
    let parens = format!("{{{{ {}.{} }}}}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(error(&parens).ends_with("more than 100 levels in each other"));
    assert!(error(&"{{ if . }}".repeat(100_000)).ends_with("more than 100 levels in each other"));
    let chain = format!("{{{{ if . }}}}{}{{{{ end }}}}", "{{ else if . }}".repeat(10_000));
    assert_eq!(body(&chain).len(), 1);
}

/// Every cut, and every byte overwritten with something that means much to the lexer.
#[test]
fn no_mutilated_template_makes_it_fall_over() {
    let whole = "{{- define \"a.b\" -}}\n{{- with $x := (dict \"k\" .Values.a 'é' 0x1F).k | default `r` }}\
                 {{ range $i, $v := . }}{{ if and $v (not $i) }}{{ $x = 1.5e+3 }}{{ else if nil }}{{ continue }}\
                 {{ else }}{{ template \"a.b\" $ }}{{ end }}{{/* ü */}}{{ end }}{{ end }}{{- end -}}";
    assert!(parse(whole).is_ok());
    let mut errors = 0;
    for at in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        errors += usize::from(parse(&whole[..at]).is_err()) + usize::from(parse(&whole[at..]).is_err());
        for insert in [
            "{{", "}}", "\"", "`", "'", "(", ")", "/*", "*/", "-", ".", "$", "\\", "\0", "é", "\u{feff}",
            " - }}",
        ] {
            let mut changed = whole.to_owned();
            changed.insert_str(at, insert);
            errors += usize::from(parse(&changed).is_err());
            if let Some(next) = whole[at..].chars().next() {
                changed.replace_range(at + insert.len()..at + insert.len() + next.len_utf8(), "");
                errors += usize::from(parse(&changed).is_err());
            }
        }
    }
    assert!(errors > 1000, "{errors}");
}
