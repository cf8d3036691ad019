//! Values that no template reads, on small charts, and whether helm agrees.

use std::fs;
use std::path::Path;

use helm::{Chart, Metadata};
use helm::{Reads, Unread};
use model::yaml::{Node, Value};

use crate::packed;
use crate::program::{self, document};
use crate::reads_charts::CHARTS;
use crate::reads_constructs::{CONSTRUCTS, Case};

fn cases() -> impl Iterator<Item = &'static Case> {
    CONSTRUCTS.iter().chain(CHARTS)
}

/// The fields of values that nothing reads.
fn unread(chart: &Chart, values: &Node) -> Vec<String> {
    let reads = Reads::of(chart, values);
    assert_eq!(reads.unsure(), None);
    reads.unread(chart, values).iter().map(Unread::field).collect()
}

/// A chart with one template.
fn chart(template: &str) -> Chart {
    packed::chart([
        ("Chart.yaml", packed::chart_yaml("app")),
        ("templates/a.txt", template.to_owned()),
    ])
}

#[test]
fn each_construct_reads_what_it_reads() {
    let mut wrong = Vec::new();
    for case in cases() {
        let chart = packed::chart(case.files.iter().copied());
        let found = unread(&chart, &document(case.values));
        if found != case.unread {
            wrong.push((case.name, found, case.unread));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Another value of the same type wherever `is_meant` says so.
fn changed(node: &Node, path: &str, is_meant: &dyn Fn(&str) -> bool) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let mut map = map.clone();
            for entry in map.entries_mut() {
                let below = format!("{path}.{}", entry.key);
                entry.value = changed(&entry.value, below.trim_start_matches('.'), is_meant);
            }
            Value::Map(map)
        }
        Value::Seq(items) => {
            let items = items.iter().enumerate();
            Value::Seq(
                items
                    .map(|(index, item)| changed(item, &format!("{path}[{index}]"), is_meant))
                    .collect(),
            )
        }
        _ if !is_meant(path) => node.value.clone(),
        Value::Bool(value) => Value::Bool(!value),
        Value::Int(value) => Value::Int(value + 1),
        Value::Str(text) => Value::Str(format!("{text}z").into()),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// Writes a chart to disk; what its templates print becomes a YAML string, which helm takes whatever it is.
fn write(case: &Case, at: &Path) {
    for (index, (path, text)) in case.files.iter().enumerate() {
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_printed = path.contains("templates/") && !name.starts_with('_') && name != "NOTES.txt";
        let text = if is_printed {
            format!(
                "{{{{ define \"case.{index}\" }}}}{text}{{{{ end }}}}text: {{{{ include \"case.{index}\" . | toJson }}}}"
            )
        } else {
            (*text).to_owned()
        };
        let path = at.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What is told as unread changes nothing that helm prints; of the rest, something does.
#[test]
fn helm_agrees() {
    let Some(helm) = program::helm("reads::helm_agrees") else {
        return;
    };
    let mut wrong = Vec::new();
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("chart");
        write(case, &at);
        let values = document(case.values);
        let is_unread = |path: &str| {
            case.unread.iter().any(|field| {
                path.strip_prefix(field)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            })
        };
        let print = |values: &Node| program::template(&helm, &at, values, None);
        let printed = match print(&values) {
            Ok(printed) => printed,
            Err(error) => {
                wrong.push((case.name, error));
                continue;
            }
        };
        if print(&changed(&values, "", &is_unread)).as_ref() != Ok(&printed) {
            wrong.push((case.name, "an unread value changes it".to_owned()));
        }
        if print(&changed(&values, "", &|path| !is_unread(path))).as_ref() == Ok(&printed) {
            wrong.push((case.name, "no other value changes it".to_owned()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn says_which_key_was_probably_meant() {
    let chart = chart(
        "{{ .Values.replicaCount }}{{ .Values.prometheus.monitor.enabled }}{{ .Values.prometheus.service.enabled }}\
         {{ .Values.image.pullPolicy }}{{ .Values.web.securityContext }}{{ .Values.job.securityContext }}\
         {{ range .Values.servers }}{{ .zones }}{{ end }}",
    );
    for (values, nearest) in [
        ("replicacount: 1", Some("replicaCount")),
        ("image: {pulPolicy: Always}", Some("image.pullPolicy")),
        ("serviceMonitor: {enabled: true}", Some("prometheus.monitor")),
        ("servers: [{zone: a}]", Some("servers[0].zones")),
        ("pullPolicy: Always", Some("image.pullPolicy")),
        ("web: {podSecurityContext: 1}", Some("web.securityContext")),
        ("image: {debug: true}", None),
        ("something: {else: 1}", None),
    ] {
        let values = document(values);
        let reads = Reads::of(&chart, &values);
        let unread = reads.unread(&chart, &values);
        assert_eq!(unread[0].nearest.as_deref(), nearest, "{values:?}");
    }
}

#[test]
fn points_at_the_key() {
    let text = "a: 1\nb:\n- c: 1\n  dd: 2\n";
    let values = document(text);
    let chart = chart("{{ .Values.a }}{{ range .Values.b }}{{ .c }}{{ end }}");
    let reads = Reads::of(&chart, &values);
    let unread = reads.unread(&chart, &values);
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0].path, ["b", "[0]", "dd"]);
    assert_eq!(
        &text[unread[0].key_span.start as usize..unread[0].key_span.end as usize],
        "dd"
    );
    assert_eq!(unread[0].node.as_int(), Some(2));
}

#[test]
fn a_chart_that_is_not_understood_reads_everything() {
    let values = document("a: 1");
    for template in ["{{ if .Values.b }}", "{{ .Values.b"] {
        let chart = chart(template);
        let reads = Reads::of(&chart, &values);
        let reason = reads.unsure().unwrap();
        assert!(
            reason.starts_with("`app/templates/a.txt` is no template: 1:"),
            "{reason}"
        );
        assert_eq!(reads.unread(&chart, &values), []);
    }
}

#[test]
fn a_subchart_that_is_not_at_hand_may_read_its_section() {
    let chart = packed::chart([
        (
            "Chart.yaml",
            "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.0.0}]\n",
        ),
        (
            "templates/a.txt",
            "{{ .Values.a }}{{ include \"sub.name\" .Values.b }}",
        ),
    ]);
    let values = document("{a: 1, b: {c: 1}, sub: {x: 1}, global: {x: 1}, c: 1}");
    assert_eq!(unread(&chart, &values), ["c"]);
}

/// Work without end is cut off, and then nothing is told.
#[test]
fn hostile_templates_come_to_an_end() {
    let define = |name: &str, body: &str| format!("{{{{ define \"{name}\" }}}}{body}{{{{ end }}}}");
    let call = |name: &str| format!("{{{{ include \"{name}\" (dict \"a\" . \"b\" (list . .)) }}}}");
    let deep = |inner: &str| format!("{}{inner}{}", "{{ with .a }}".repeat(90), "{{ end }}".repeat(90));
    let parens = format!("{{{{ {}.{} }}}}", "(".repeat(90), ")".repeat(90));
    let doubling: String = (0..60)
        .map(|n| define(&format!("d{n}"), &format!("{0}{0}", call(&format!("d{}", n + 1)))))
        .collect();
    for template in [
        define("r", &deep(&call("r"))) + &call("r"),
        define("r", &deep(&format!("{parens}{{{{ include \"r\" .b }}}}"))) + "{{ include \"r\" .Values }}",
        define("r", "{{ range . }}{{ include \"r\" . }}{{ include \"r\" .x }}{{ include \"r\" .y }}{{ end }}")
            + "{{ include \"r\" .Values.a }}",
        doubling + &call("d0"),
        "{{ $x := .Values.a }}{{ range .Values.b }}{{ $x = dict \"n\" $x \"m\" (list $x) }}{{ end }}{{ $x.n.m }}".to_owned(),
        "{{ $_ := merge .Values.a .Values }}{{ $_ := set .Values \"b\" .Values }}{{ range .Values }}{{ range . }}{{ .c }}{{ end }}{{ end }}"
            .to_owned(),
        "{{ $s := \"x\" }}{{ range .Values.b }}{{ $s = print $s $s }}{{ end }}{{ index .Values $s }}".to_owned(),
    ] {
        let chart = chart(&template);
        let values = document("{a: {x: {y: 1}}, b: [1], c: 1}");
        let reads = Reads::of(&chart, &values);
        assert!(reads.work() < 6_000_000, "{}", reads.work());
    }
}

#[test]
fn charts_made_by_hand_need_no_archive() {
    let chart = Chart {
        metadata: Metadata::default(),
        values: document("a: 1"),
        schema: None,
        templates: Vec::new(),
        crds: Vec::new(),
        files: Vec::new(),
        subcharts: Vec::new(),
    };
    assert_eq!(unread(&chart, &document("{a: 1, b: 1}")), ["b"]);
}
