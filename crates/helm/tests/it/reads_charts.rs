//! Values beside small charts: what named templates, other files, subcharts and `tpl` read and leave unread.

use crate::reads_constructs::{CHART, Case};

macro_rules! many {
    ($name:literal, [$($file:literal = $text:expr),+ $(,)?], $values:literal, [$($unread:literal),*]) => {
        Case { name: $name, files: &[$(($file, $text)),+], values: $values, unread: &[$($unread),*] }
    };
}

const SUBCHART: &str = "apiVersion: v2\nname: sub\nversion: 1.0.0\n";
const LIBRARY: &str = "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n";
const PARENT: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.0.0, repository: ''}]\n";

/// Named templates, other files, subcharts and `tpl`.
pub(crate) const CHARTS: &[Case] = &[
    many!(
        "include and template pass what is given",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" = "{{ define \"one\" }}{{ .b }}{{ end }}{{ define \"all\" }}{{ .Values.c }}{{ $.Values.d }}{{ end }}",
            "templates/a.txt" = "{{ include \"one\" .Values.a }}{{ template \"one\" .Values.e }}{{ include \"all\" $ | indent 2 }}",
        ],
        "{a: {b: 1, x: 1}, c: 1, d: 1, e: {b: 1, w: 1}, f: 1}",
        ["a.x", "e.w", "f"]
    ),
    many!(
        "a helper is judged call by call",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" = "{{ define \"img\" }}{{ .image.repository }}:{{ .image.tag | default .root.Values.tag }}{{ end }}",
            "templates/a.txt" = "{{ include \"img\" (dict \"image\" .Values.a.image \"root\" $) }}\
                             {{ include \"img\" (dict \"root\" . \"image\" .Values.b) }}",
        ],
        "{a: {image: {repository: r, tag: t, pul: 1}}, b: {repository: r, tag: ''}, tag: 1, tags: 1}",
        ["a.image.pul", "tags"]
    ),
    many!(
        "lists as arguments",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" = "{{ define \"h\" }}{{ $root := index . 0 }}{{ with index . 1 }}{{ .b }}{{ $root.Values.c }}{{ end }}{{ end }}",
            "templates/a.txt" = "{{ include \"h\" (list . .Values.a) }}",
        ],
        "{a: {b: 1, c: 1}, c: 1, b: 1}",
        ["a.c", "b"]
    ),
    many!(
        "a helper that nobody calls reads nothing",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" = "{{ define \"h\" }}{{ .Values.a }}{{ end }}{{ .Values.b }}",
            "templates/a.txt" = "{{ .Values.c }}",
        ],
        "{a: 1, b: 1, c: 1}",
        ["a", "b"]
    ),
    many!(
        "blocks, and templates called by path",
        [
            "Chart.yaml" = CHART,
            "templates/_p.tpl" = "{{ .Values.b }}",
            "templates/a.txt" = "{{ block \"x\" .Values.a }}{{ .c }}{{ end }}{{ include (print $.Template.BasePath \"/_p.tpl\") . }}",
        ],
        "{a: {c: 1, x: 1}, b: 1, c: 1}",
        ["a.x", "c"]
    ),
    many!(
        "a name that is not known may be any template",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" = "{{ define \"h-a\" }}{{ .b }}{{ end }}",
            "templates/a.txt" = "{{ include (print \"h-\" .Values.kind) .Values.a }}",
        ],
        "{kind: a, a: {b: 1, x: 1}, c: 1}",
        ["c"]
    ),
    many!(
        "a name that a template prints",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" = "{{ define \"key\" }}{{ if .Values.one }}a{{ else -}} {{ print \"b\" }}{{ end }}{{ end }}{{ define \"t-a\" }}{{ .q }}{{ end }}",
            "templates/a.txt" =
                "{{ index .Values (include \"key\" .) }}{{ include (printf \"t-%s\" \"a\") .Values.d }}",
        ],
        "{one: false, a: 1, b: 1, c: 1, d: {q: 1, x: 1}}",
        ["c", "d.x"]
    ),
    many!(
        "a name that a template prints with text around it",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" = "{{ define \"key\" }}p{{ range list 1 }}-{{ end }}{{ $.Values.t }}{{ end }}",
            "templates/a.txt" = "{{ (index .Values (include \"key\" .)).e }}",
        ],
        "{t: z, p-z: {e: 1, x: 1}, d: {e: 1, x: 1}}",
        ["p-z.x", "d.x"]
    ),
    many!(
        "a name that is printed on a line of its own",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" =
                "{{ define \"key\" }}\n{{ if .Values.one }}\na\n{{ else }}\nb\n{{ end }}\n{{ end }}",
            "templates/a.txt" = "{{ index .Values (include \"key\" . | trim) }}",
        ],
        "{one: false, a: 1, b: 1, c: 1}",
        ["c"]
    ),
    many!(
        "a name that nobody defines",
        [
            "Chart.yaml" = CHART,
            "templates/a.txt" = "{{ if .Values.never }}{{ include \"nowhere\" . }}{{ end }}{{ .Values.a }}",
        ],
        "{a: 1, b: 1, never: false}",
        ["b"]
    ),
    many!(
        "recursion",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" =
                "{{ define \"h\" }}{{ .v }}{{ range .children }}{{ include \"h\" . }}{{ end }}{{ end }}",
            "templates/a.txt" = "{{ include \"h\" .Values.a }}",
        ],
        "{a: {v: 1, children: [{v: 1, x: 1, children: [{v: 1, w: 1, children: []}]}]}}",
        ["a.children[0].x", "a.children[0].children[0].w"]
    ),
    many!(
        "a callee changes what its caller reads",
        [
            "Chart.yaml" = CHART,
            "templates/_h.tpl" = "{{ define \"h\" }}{{ $_ := set . \"out\" .root.Values.a }}{{ end }}",
            "templates/a.txt" = "{{ $c := dict \"root\" $ }}{{ include \"h\" $c }}{{ $c.out.b }}",
        ],
        "{a: {b: 1, x: 1}, c: 1}",
        ["a.x", "c"]
    ),
    many!(
        "notes are templates, and files only by tpl",
        [
            "Chart.yaml" = CHART,
            "templates/NOTES.txt" = "{{ .Values.a }}",
            "templates/b.txt" = "{{ .Files.Get \"plain.txt\" }}{{ tpl (.Files.Get \"run.txt\") . }}",
            "plain.txt" = "{{ .Values.b }}",
            "run.txt" = "{{ .Values.c }}",
        ],
        "{a: 1, b: 1, c: 1}",
        ["b"]
    ),
    many!(
        "files whose names are not known",
        [
            "Chart.yaml" = CHART,
            "templates/b.txt" =
                "{{ range $path, $_ := .Files.Glob \"conf/*\" }}{{ tpl ($.Files.Get $path) $ }}{{ end }}",
            "conf/run.txt" = "{{ .Values.c }}",
        ],
        "{c: 1, d: 1}",
        ["d"]
    ),
    many!(
        "tpl runs what values hold",
        [
            "Chart.yaml" = CHART,
            "values.yaml" = "own: \"{{ .Values.a }}\"\nhost: h\n",
            "templates/a.txt" = "{{ tpl .Values.own . }}{{ tpl .Values.given . }}{{ tpl \"{{ .Values.d }}\" . }}{{ .Values.raw }}",
        ],
        "{a: 1, given: '{{ .Values.b }}', b: 1, raw: '{{ .Values.c }}', c: 1, d: 1}",
        ["c"]
    ),
    many!(
        "tpl of what was made of values",
        [
            "Chart.yaml" = CHART,
            "templates/a.txt" = "{{ tpl (toYaml .Values.extra) $ }}",
        ],
        "{extra: [{name: '{{ .Values.a }}', '{{ .Values.k }}': 1}], a: 1, b: 1, k: 1}",
        ["b"]
    ),
    many!(
        "tpl of what was put together",
        [
            "Chart.yaml" = CHART,
            "templates/a.txt" = "{{ tpl (printf \"{{ .%s }}\" .Values.key) .Values.a }}",
        ],
        "{key: b, a: {b: 1, x: 1}, c: 1}",
        ["c"]
    ),
    many!(
        "tpl with another context",
        [
            "Chart.yaml" = CHART,
            "templates/a.txt" = "{{ tpl .Values.t (dict \"it\" .Values.a \"Template\" .Template) }}",
        ],
        "{t: '{{ .it.b }}', a: {b: 1, x: 1}}",
        ["a.x"]
    ),
    many!(
        "values of a subchart",
        [
            "Chart.yaml" = PARENT,
            "templates/a.txt" = "{{ .Values.sub.c }}",
            "charts/sub/Chart.yaml" = SUBCHART,
            "charts/sub/values.yaml" = "own: 1\n",
            "charts/sub/templates/s.txt" = "{{ .Values.a.b }}",
        ],
        "{sub: {a: {b: 1, x: 1}, c: 1, own: 2}, a: {b: 1}}",
        ["sub.a.x", "a"]
    ),
    many!(
        "an alias, and a subchart that is off",
        [
            "Chart.yaml" = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n\
                        - {name: sub, version: 1.0.0, repository: '', alias: one, condition: one.enabled, tags: [t]}\n\
                        - {name: sub, version: 1.0.0, repository: '', alias: two, condition: 'x.use,two.enabled'}\n",
            "charts/sub/Chart.yaml" = SUBCHART,
            "charts/sub/templates/s.txt" = "{{ .Values.a }}",
        ],
        "{one: {a: 1, enabled: true, b: 1}, two: {a: 1, enabled: false, enable: 1}, x: {use: true}, sub: {a: 1}, tags: {t: true, u: true}}",
        ["one.b", "two.enable", "sub", "tags.u"]
    ),
    many!(
        "an alias is the chart's name",
        [
            "Chart.yaml" = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.0.0, repository: '', alias: one}]\n",
            "charts/sub/Chart.yaml" = SUBCHART,
            "charts/sub/templates/s.txt" = "{{ index .Values .Chart.Name }}",
        ],
        "{one: {one: 1, two: 1}}",
        ["one.two"]
    ),
    many!(
        "globals reach every chart",
        [
            "Chart.yaml" = PARENT,
            "charts/sub/Chart.yaml" = "apiVersion: v2\nname: sub\nversion: 1.0.0\ndependencies: [{name: deep, version: 1.0.0, repository: ''}]\n",
            "charts/sub/templates/s.txt" = "{{ .Values.global.a }}",
            "charts/sub/charts/deep/Chart.yaml" = "apiVersion: v2\nname: deep\nversion: 1.0.0\n",
            "charts/sub/charts/deep/templates/d.txt" = "{{ .Values.global.b.c }}",
        ],
        "{global: {a: 1, b: {c: 1, x: 1}, w: 1}, sub: {global: {z: 1}}}",
        ["global.b.x", "global.w", "sub.global.z"]
    ),
    many!(
        "imported values",
        [
            "Chart.yaml" = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n\
                        - {name: sub, version: 1.0.0, repository: '', import-values: [data, {child: a.b, parent: c}]}\n",
            "templates/a.txt" = "{{ .Values.port }}{{ .Values.c.d }}{{ .Values.e }}",
            "charts/sub/Chart.yaml" = SUBCHART,
            "charts/sub/values.yaml" = "exports: {data: {port: 1}}\na: {b: {d: 1}}\n",
        ],
        "{sub: {exports: {data: {port: 2, x: 1}}, a: {b: {d: 2, x: 1}}}, e: 1}",
        ["sub.exports.data.x", "sub.a.b.x"]
    ),
    many!(
        "what subcharts see of each other",
        [
            "Chart.yaml" = PARENT,
            "templates/a.txt" = "{{ .Subcharts.sub.Values.a }}{{ include \"h\" .Subcharts.sub }}",
            "charts/sub/Chart.yaml" = SUBCHART,
            "charts/sub/templates/_h.tpl" = "{{ define \"h\" }}{{ .Values.b }}{{ end }}",
        ],
        "{sub: {a: 1, b: 1, c: 1}, b: 1}",
        ["sub.c", "b"]
    ),
    many!(
        "a library runs nothing by itself",
        [
            "Chart.yaml" = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{name: lib, version: 1.0.0, repository: ''}]\n",
            "templates/a.txt" = "{{ include \"lib.all\" . }}",
            "charts/lib/Chart.yaml" = LIBRARY,
            "charts/lib/templates/_l.tpl" = "{{ define \"lib.all\" }}{{ .Values.a }}{{ end }}",
            "charts/lib/templates/l.txt" = "{{ .Values.b }}",
        ],
        "{a: 1, b: 1, lib: {b: 1}}",
        ["b", "lib.b"]
    ),
    many!(
        "what the chart's own values hold is not told",
        [
            "Chart.yaml" = CHART,
            "values.yaml" = "old: {a: 1}\nlist: [{a: 1}]\nused: {a: 1}\n",
            "templates/a.txt" = "{{ .Values.used.b }}",
        ],
        "{old: {a: 2}, list: [{a: 1, b: 1}], used: {a: 1, b: 1, c: 1}}",
        ["used.c"]
    ),
];
