//! What charts that people use leave unread, and whether helm agrees.

use std::fs;
use std::path::{Path, PathBuf};

use diag::Span;
use helm::{Chart, Helm, coalesce};
use helm::{Reads, Unread};
use model::yaml::{Map, Node};

use crate::program::{self, document};
use crate::real::{archives, inflate, load};

/// The values that helm gives the templates when a user gives none.
fn own_values(chart: &Chart) -> Node {
    coalesce(chart, &document("{}"), Helm::V3).values
}

fn fields(reads: &Reads, chart: &Chart, values: &Node) -> Vec<String> {
    reads.unread(chart, values).iter().map(Unread::field).collect()
}

#[test]
fn nothing_of_their_own_values_is_told() {
    for archive in archives("real_reads::nothing_of_their_own_values_is_told") {
        let chart = load(&archive);
        for values in [own_values(&chart), chart.values.clone()] {
            let reads = Reads::of(&chart, &values);
            assert_eq!(reads.unsure(), None, "{}", archive.display());
            assert_eq!(fields(&reads, &chart, &values), [""; 0], "{}", archive.display());
        }
        // A fifth of what a run may cost; Cilium 1.18.3 costs 61,058.
        let work = Reads::of(&chart, &document("{}")).work();
        assert!(work < 1_000_000, "{}: {work}", archive.display());
    }
}

/// A mapping with one more key beside each key of `known` that `is_wanted` takes, misspelled by one letter.
fn misspelled(known: &Map, path: &mut Vec<String>, is_wanted: &mut dyn FnMut(&[String]) -> bool) -> Map {
    let mut map = Map::default();
    for entry in known.entries() {
        path.push(format!("{}x", entry.key));
        if is_wanted(path) {
            map.set(
                format!("{}x", entry.key),
                Span::NONE,
                Node::string("misspelled", Span::NONE),
            );
        }
        path.pop();
        if let Some(below) = entry.value.as_map() {
            path.push(entry.key.to_string());
            let below = misspelled(below, path, is_wanted);
            path.pop();
            if !below.is_empty() {
                let mut node = Node::map(Span::NONE);
                node.as_map_mut().unwrap().clone_from(&below);
                map.set(entry.key.clone(), Span::NONE, node);
            }
        }
    }
    map
}

fn unpacked(archive: &PathBuf, chart: &Chart, folder: &Path) -> PathBuf {
    let bytes = fs::read(archive).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()))
        .unpack(folder)
        .unwrap();
    let top = folder.join(chart.name());
    inflate(&top);
    unschema(&top);
    top
}

/// Takes the schemas away, which refuse misspelled keys before any template is run.
fn unschema(chart: &Path) {
    let schema = chart.join("values.schema.json");
    if schema.is_file() {
        fs::remove_file(schema).unwrap();
    }
    for entry in fs::read_dir(chart.join("charts")).into_iter().flatten() {
        unschema(&entry.unwrap().path());
    }
}

/// Every key of every chart with a misspelled one beside it: those that are told change nothing that helm prints.
#[test]
fn misspelled_keys_that_are_told_change_nothing() {
    let test = "real_reads::misspelled_keys_that_are_told_change_nothing";
    let Some(helm) = program::helm(test) else {
        return;
    };
    for archive in archives(test) {
        let chart = load(&archive);
        let reads = Reads::of(&chart, &document("{}"));
        let own = own_values(&chart);
        let (mut told, mut silent) = (0, 0);
        let mut is_told = |path: &[String]| {
            let given = path
                .iter()
                .rev()
                .fold(Node::string("misspelled", Span::NONE), |node, key| {
                    let mut map = Node::map(Span::NONE);
                    map.as_map_mut().unwrap().set(key.as_str(), Span::NONE, node);
                    map
                });
            let is_told = !reads.unread(&chart, &given).is_empty();
            told += usize::from(is_told);
            silent += usize::from(!is_told);
            is_told
        };
        let mut given = Node::map(Span::NONE);
        *given.as_map_mut().unwrap() = misspelled(own.as_map().unwrap(), &mut Vec::new(), &mut is_told);
        eprintln!("{}: {told} told, {silent} silent", archive.display());
        assert!(told > silent, "{}", archive.display());

        let folder = tempfile::tempdir().unwrap();
        let at = unpacked(&archive, &chart, folder.path());
        let print = |values: &Node| program::template(&helm, &at, values, None).unwrap();
        let (first, again) = (print(&document("{}")), print(&document("{}")));
        let other = print(&given);
        assert_eq!(
            first.lines().count(),
            other.lines().count(),
            "{}",
            archive.display()
        );
        // Passwords and certificates are new each time.
        let lines = first.lines().zip(again.lines()).zip(other.lines());
        for ((first, again), other) in lines {
            assert!(
                first != again || first == other,
                "{}: {first} / {other}",
                archive.display()
            );
        }
    }
}

/// The values of a HelmRelease for CoreDNS that looks right.
const COREDNS: &str = "
replicaCount: 2
service: {name: kube-dns, clusterIP: 10.245.0.10}
topologySpreadConstraints:
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  labelSelector: {matchLabels: {k8s-app: kube-dns}}
podDisruptionBudget: {enabled: true, minAvailable: 1}
resources: {requests: {cpu: 100m}, limits: {memory: 256Mi}}
securityContext: {runAsNonRoot: true, capabilities: {drop: [ALL]}}
livenessProbe: {httpGet: {path: /health, port: 8080}, periodSeconds: 10}
readinessProbe: {httpGet: {path: /ready, port: 8181}, periodSeconds: 10}
prometheus: {service: {enabled: true, annotations: {prometheus.io/port: '9153'}}}
serviceMonitor: {enabled: false}
";

#[test]
fn coredns_does_not_read_what_it_seems_to() {
    for archive in archives("real_reads::coredns_does_not_read_what_it_seems_to") {
        let chart = load(&archive);
        if chart.name() != "coredns" {
            continue;
        }
        let values = document(COREDNS);
        let reads = Reads::of(&chart, &values);
        let unread = reads.unread(&chart, &values);
        let found: Vec<_> = unread
            .iter()
            .map(|unread| (unread.field(), unread.nearest.as_deref()))
            .collect();
        let wanted = [
            ("livenessProbe.httpGet".to_owned(), None),
            ("readinessProbe.httpGet".to_owned(), None),
            ("serviceMonitor".to_owned(), Some("prometheus.monitor")),
        ];
        assert_eq!(found, wanted, "{}", archive.display());
    }
}
