//! Values beside a single template: for each construct what it reads and what it leaves unread.

/// A chart, values, and the ones among them that nothing reads.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) files: &'static [(&'static str, &'static str)],
    pub(crate) values: &'static str,
    pub(crate) unread: &'static [&'static str],
}

/// A chart with a single template.
macro_rules! one {
    ($name:literal, $template:literal, $values:literal, [$($unread:literal),*]) => {
        Case {
            name: $name,
            files: &[("Chart.yaml", CHART), ("templates/a.txt", $template)],
            values: $values,
            unread: &[$($unread),*],
        }
    };
}

pub(crate) const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\n";

/// Expressions, blocks and functions of a single template.
pub(crate) const CONSTRUCTS: &[Case] = &[
    one!(
        "fields",
        "{{ .Values.a.b }} {{ $.Values.c }} {{ (.Values.d).e }}",
        "{a: {b: 1, x: 1}, c: {w: {z: 1}}, d: {e: 1, x: {w: 1}}, f: 1}",
        ["a.x", "d.x", "f"]
    ),
    one!(
        "comments and texts read nothing",
        "{{/* {{ .Values.a }} */}} .Values.b {{ `{{ .Values.c }}` }} {{ .Values.d }}",
        "{a: 1, b: 1, c: 1, d: 1}",
        ["a", "b", "c"]
    ),
    one!(
        "trim markers and lines",
        "{{- .Values.a\n | quote -}}\n{{-\n.Values.b -}}",
        "{a: 1, b: 1, c: 1}",
        ["c"]
    ),
    one!(
        "variables",
        "{{ $x := .Values.a }}{{ $w := $x.b }}{{ $w.c }}{{ if true }}{{ $x = .Values.d }}{{ end }}{{ $x.e }}",
        "{a: {b: {c: 1, x: 1}, x: 1, e: 1}, d: {e: 1, w: 1}}",
        ["a.b.x", "a.x", "d.w"]
    ),
    one!(
        "a shadowed variable is another one",
        "{{ $x := .Values.a }}{{ if true }}{{ $x := .Values.b }}{{ $x.c }}{{ end }}{{ $x.d }}",
        "{a: {c: 1, d: 1}, b: {c: 1, d: 1}}",
        ["a.c", "b.d"]
    ),
    one!(
        "a variable that moves in a loop",
        "{{ $x := .Values.a }}{{ range (list 1 2 3) }}{{ $x.v }}{{ $x = $x.next }}{{ end }}",
        "{a: {v: 1, next: {v: 1, next: {v: 1}, x: 1}}}",
        ["a.next.x"]
    ),
    one!(
        "with",
        "{{ with .Values.a }}{{ .b }}{{ $.Values.c }}{{ else }}{{ .Values.d }}{{ end }}",
        "{a: {b: 1, x: 1}, c: 1, d: 1, b: 1}",
        ["a.x", "b"]
    ),
    one!(
        "with and else with",
        "{{ with .Values.a }}{{ .x }}{{ else with .Values.b }}{{ .w }}{{ end }}",
        "{a: {}, b: {x: 1, w: 1}}",
        ["b.x"]
    ),
    one!(
        "with a variable",
        "{{ with $v := .Values.a }}{{ $v.b }}{{ .c }}{{ end }}",
        "{a: {b: 1, c: 1, d: 1}}",
        ["a.d"]
    ),
    one!(
        "every branch counts",
        "{{ if .Values.never }}{{ .Values.a }}{{ else if .Values.b.c }}c{{ else }}{{ .Values.d }}{{ end }}",
        "{a: 1, b: {c: 1, x: 1}, d: 1, e: 1, never: false}",
        ["b.x", "e"]
    ),
    one!(
        "a switch may be a mapping",
        "{{ if .Values.a }}yes{{ end }}{{ .Values.z }}",
        "{a: {b: 1}, z: 1, w: 1}",
        ["w"]
    ),
    one!(
        "a switch that is looked into is none",
        "{{ if .Values.a }}{{ .Values.a.b }}{{ end }}",
        "{a: {b: 1, c: 1}}",
        ["a.c"]
    ),
    one!(
        "range over a list",
        "{{ range $i, $e := .Values.a }}{{ $i }}{{ $e.b }}{{ .c.d }}{{ end }}",
        "{a: [{b: 1, c: {d: 1, x: 1}}, {x: 1, b: 1, c: {}}]}",
        ["a[0].c.x", "a[1].x"]
    ),
    one!(
        "range over a mapping",
        "{{ range $k, $v := .Values.a }}{{ $k }}{{ $v.b }}{{ else }}{{ .Values.e }}{{ end }}",
        "{a: {one: {b: 1}, two: {b: 1, x: 1}}, e: 1, f: 1}",
        ["a.two.x", "f"]
    ),
    one!(
        "range with break",
        "{{ range .Values.a }}{{ if .stop }}{{ break }}{{ end }}{{ .b }}{{ end }}",
        "{a: [{b: 1, stop: false, x: 1}]}",
        ["a[0].x"]
    ),
    one!(
        "keys of one mapping in another",
        "{{ range $k, $v := .Values.a }}{{ (index $.Values.b $k).c }}{{ end }}",
        "{a: {one: 1}, b: {one: {c: 1, x: 1}}}",
        ["b.one.x"]
    ),
    one!(
        "keys of a dict are known",
        "{{ range $k, $v := dict \"a\" 1 \"b\" 2 }}{{ index $.Values $k }}{{ end }}",
        "{a: 1, b: 1, c: 1}",
        ["c"]
    ),
    one!(
        "toYaml reads all below",
        "{{ toYaml .Values.a }}{{ .Values.b | toJson | quote }}",
        "{a: {b: {c: 1}}, b: [{c: 1}], c: 1}",
        ["c"]
    ),
    one!(
        "a printed mapping is read",
        "{{ .Values.a }}",
        "{a: {b: 1}, c: 1}",
        ["c"]
    ),
    one!(
        "functions that are not known read all",
        "{{ sha256sum (toString .Values.a) }}{{ .Values.b | cat \"x\" }}",
        "{a: {b: 1}, b: {c: 1}, c: 1}",
        ["c"]
    ),
    one!(
        "all values at once",
        "{{ toYaml .Values }}",
        "{a: 1, b: {c: 1}}",
        []
    ),
    one!(
        "the context at once",
        "{{ toYaml (omit . \"Files\" \"Capabilities\" \"Chart\") }}",
        "{a: 1, b: {c: 1}}",
        []
    ),
    one!(
        "index and get",
        "{{ index .Values \"a-b\" \"c\" }}{{ get .Values.d \"e\" }}{{ (index .Values.f 0).g }}",
        "{a-b: {c: 1, x: 1}, d: {e: 1, x: 1}, f: [{g: 1, x: 1}]}",
        ["a-b.x", "d.x", "f[0].x"]
    ),
    one!(
        "keys that are not known",
        "{{ (index .Values.a .Values.b).c }}",
        "{a: {one: {c: 1, x: 1}}, b: one, d: 1}",
        ["a.one.x", "d"]
    ),
    one!(
        "keys that are put together",
        "{{ index .Values (printf \"%s-%s\" \"a\" \"b\") }}{{ get .Values (print \"c\" \"d\" | upper) }}",
        "{a-b: 1, CD: 1, a: 1}",
        ["a"]
    ),
    one!(
        "dig and hasKey",
        "{{ dig \"a\" \"b\" .Values.d .Values.m }}{{ if hasKey .Values.k \"x\" }}x{{ end }}",
        "{m: {a: {b: 1, w: 1}}, d: 1, k: {x: 1, w: 1}}",
        ["m.a.w", "k.w"]
    ),
    one!(
        "pluck and pick",
        "{{ pluck \"a\" .Values.m .Values.q }}{{ toYaml (pick .Values.o \"b\" \"c\") }}",
        "{m: {a: 1, x: 1}, q: {a: 1}, o: {b: {d: 1}, c: 1, x: 1}}",
        ["m.x", "o.x"]
    ),
    one!(
        "keys and values",
        "{{ keys .Values.a | sortAlpha }}{{ range values .Values.b }}{{ .c }}{{ end }}{{ len .Values.d }}",
        "{a: {x: 1}, b: {w: {c: 1, x: 1}}, d: {z: 1}}",
        ["b.w.x"]
    ),
    one!(
        "default, coalesce, ternary, and, or",
        "{{ (default .Values.b .Values.a).v }}{{ (coalesce .Values.c .Values.d).v }}{{ (ternary .Values.e .Values.f true).v }}\
         {{ (or .Values.g .Values.h).v }}{{ (and .Values.g .Values.h).v }}",
        "{a: {v: 1, x: 1}, b: {v: 1, x: 1}, c: {v: 1}, d: {v: 1, x: 1}, e: {v: 1}, f: {v: 1, x: 1}, g: {v: 1}, h: {v: 1, x: 1}}",
        ["a.x", "b.x", "d.x", "f.x", "h.x"]
    ),
    one!(
        "required",
        "{{ (required \"a is needed\" .Values.a).b }}",
        "{a: {b: 1, x: 1}}",
        ["a.x"]
    ),
    one!(
        "questions about a kind",
        "{{ if kindIs \"map\" .Values.a }}{{ .Values.a.b }}{{ end }}{{ typeOf .Values.c }}",
        "{a: {b: 1, x: 1}, c: {d: 1}}",
        ["a.x"]
    ),
    one!(
        "dict and its fields",
        "{{ $d := dict \"v\" .Values.a \"w\" .Values.b }}{{ $d.v.c }}{{ toYaml $d.w }}",
        "{a: {c: 1, x: 1}, b: {d: 1}}",
        ["a.x"]
    ),
    one!(
        "dict under a key that is not known",
        "{{ $d := dict .Values.k .Values.a }}{{ $d.c.e }}",
        "{k: c, a: {e: 1, x: 1}}",
        ["a.x"]
    ),
    one!(
        "set in a dict",
        "{{ $d := dict }}{{ $_ := set $d \"v\" .Values.a }}{{ $d.v.c }}",
        "{a: {c: 1, x: 1}}",
        ["a.x"]
    ),
    one!(
        "set in values",
        "{{ $_ := set .Values.a \"b\" .Values.c }}{{ .Values.a.b.d }}",
        "{a: {x: 1}, c: {d: 1, x: 1}}",
        ["a.x", "c.x"]
    ),
    one!(
        "set under any key",
        "{{ range $k, $v := .Values.a }}{{ $_ := set $.Values.b $k $v }}{{ end }}{{ .Values.b.one.v }}",
        "{a: {one: {v: 1, x: 1}}, b: {w: 1}}",
        ["a.one.x"]
    ),
    one!(
        "lists",
        "{{ $l := list .Values.a .Values.b }}{{ (index $l 0).c }}{{ range (append $l .Values.d) }}{{ .e }}{{ end }}\
                   {{ (first (tuple .Values.f)).g }}{{ range concat .Values.h (list .Values.i) }}{{ .j }}{{ end }}",
        "{a: {c: 1, e: 1, x: 1}, b: {c: 1, e: 1}, d: {e: 1, x: 1}, f: {g: 1, x: 1}, h: [{j: 1, x: 1}], i: {j: 1, x: 1}}",
        ["a.x", "b.c", "d.x", "f.x", "h[0].x", "i.x"]
    ),
    one!(
        "merge into a dict",
        "{{ $m := merge (dict) .Values.a .Values.b }}{{ $m.c }}{{ $m.d.e }}",
        "{a: {c: 1, d: {e: 1, x: 1}}, b: {d: {w: 1}, z: 1}}",
        ["a.d.x", "b.d.w", "b.z"]
    ),
    one!(
        "merge into values",
        "{{ $_ := mergeOverwrite .Values.a .Values.b }}{{ .Values.a.c }}",
        "{a: {c: 1, x: 1}, b: {c: 1, w: 1}}",
        ["a.x", "b.w"]
    ),
    one!(
        "deepCopy and omit",
        "{{ (deepCopy .Values.a).b }}{{ $o := omit .Values.c \"d\" }}{{ $o.e }}",
        "{a: {b: 1, x: 1}, c: {d: 1, e: 1}}",
        ["a.x", "c.d"]
    ),
    one!(
        "merged defaults copied",
        "{{ $m := mergeOverwrite (deepCopy .Values.a) .Values.b }}{{ $m.c }}{{ .Values.a.d }}",
        "{a: {c: 1, d: 1, x: 1}, b: {c: 1, d: 1}}",
        ["a.x", "b.d"]
    ),
    one!(
        "must functions",
        "{{ (mustMerge (dict) .Values.a).b }}{{ mustToJson .Values.c }}",
        "{a: {b: 1, x: 1}, c: {d: 1}}",
        ["a.x"]
    ),
    one!(
        "a text ends the trail",
        "{{ $t := .Values.a | toYaml | fromYaml }}{{ $t.b }}",
        "{a: {b: 1, x: 1}, c: 1}",
        ["c"]
    ),
    one!(
        "methods of values",
        "{{ .Values.AsMap.a.b }}",
        "{a: {b: 1, x: 1}}",
        ["a.x"]
    ),
    one!(
        "null takes a default away",
        "{{ .Values.a }}",
        "{a: 1, b: null, c: {d: null}}",
        ["c"]
    ),
    one!(
        "keys for anchors",
        "{{ .Values.a }}",
        "{x-common: &c {b: 1}, _tmp: 1, .tmp: 1, a: *c, xcommon: 1}",
        ["xcommon"]
    ),
    one!(
        "range over a number",
        "{{ range $i := until 1 }}{{ (index $.Values.a $i).b }}{{ end }}",
        "{a: [{b: 1, x: 1}]}",
        ["a[0].x"]
    ),
    one!(
        "a list in parts",
        "{{ range chunk 1 .Values.a }}{{ range . }}{{ .b }}{{ end }}{{ end }}",
        "{a: [{b: 1, x: 1}], c: 1}",
        ["c"]
    ),
    one!(
        "a key that a dict does not hold",
        "{{ $d := dict \"k\" \"a\" }}{{ index .Values ($d.other | default \"b\") }}",
        "{a: 1, b: 1}",
        ["a"]
    ),
    one!(
        "tpl of a merged text",
        "{{ $d := merge (dict) (fromYaml (toYaml .Values.t)) }}{{ tpl $d.run . }}",
        "{t: {run: '{{ .Values.a }}'}, a: 1, b: 1}",
        ["b"]
    ),
    one!(
        "numbers in a key",
        "{{ index .Values (print \"p\" 1) }}{{ get .Values.ports (toString 80) }}",
        "{p1: 1, ports: {'80': 1}, p2: 1}",
        ["p2"]
    ),
    one!(
        "an assignment takes the place of what was there",
        "{{ $v := .Values.a }}{{ $v = .Values.b }}{{ $v.c }}{{ .Values.a.q }}",
        "{a: {c: 1}, b: {c: 1, x: 1}}",
        ["a.c", "b.x"]
    ),
    one!(
        "an assignment that may not happen",
        "{{ $v := .Values.a }}{{ if .Values.on_ }}{{ $v = .Values.b }}{{ else if .Values.c }}{{ $v = .Values.d }}{{ end }}{{ $v.e }}",
        "{a: {e: 1}, b: {e: 1, x: 1}, c: true, d: {e: 1, x: 1}, on_: false}",
        ["b.x", "d.x"]
    ),
    one!(
        "an assignment before a break",
        "{{ $v := .Values.a }}{{ range list 1 2 }}{{ if $.Values.stop }}{{ $v = $.Values.b }}{{ break }}{{ end }}{{ $v = $.Values.c }}{{ end }}{{ $v.e }}{{ .Values.a.q }}",
        "{a: {e: 1}, b: {e: 1, x: 1}, c: {e: 1}, stop: true}",
        ["a.e", "b.x"]
    ),
    one!(
        "a loop that may not run",
        "{{ $v := .Values.a }}{{ range .Values.l }}{{ $v = $.Values.b }}{{ end }}{{ $v.e }}",
        "{a: {e: 1, x: 1}, b: {e: 1, x: 1}, l: [1]}",
        ["a.x", "b.x"]
    ),
    one!(
        "a path in a text",
        "{{ range list \"a.b\" \"c\" }}{{ $at := $.Values }}{{ range splitList \".\" . }}{{ $at = index $at . }}{{ end }}{{ toYaml $at }}{{ end }}\
         {{ (split \"/\" \"d/e\")._1 }}",
        "{a: {b: {x: 1}, c: 1}, c: {b: 1}, e: 1}",
        ["a.c", "e"]
    ),
    one!(
        "a condition that is nil",
        "{{ $d := dict \"a\" .Values.a }}{{ if $d.b }}{{ .Values.c }}{{ end }}{{ with $d.a }}{{ .d }}{{ end }}",
        "{a: {d: 1}, c: 1}",
        ["c"]
    ),
];
