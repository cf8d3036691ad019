//! Reports that the tests render: none of them reads a file.

use diag::{CheckMeta, Finding, Hop, Level, ObjectRef, SourceId, Sources, Span, Stage};
use report::{ClusterSummary, Coverage, Engine, Excused, Report, Run, Suppressed, assemble};

pub(crate) const DEPENDS_ON: CheckMeta = CheckMeta {
    id: "flux/depends-on-unknown",
    summary: "a Kustomization depends on one that does not exist",
    level: Level::Error,
    stage: Stage::Built,
    docs: "# flux/depends-on-unknown\n\nWaits forever.\n",
};
pub(crate) const EXACT: CheckMeta = CheckMeta {
    id: "helm/chart-version-exact",
    summary: "a chart version is a range",
    level: Level::Warning,
    stage: Stage::Written,
    docs: "# helm/chart-version-exact\n",
};
pub(crate) const IMAGES: CheckMeta = CheckMeta {
    id: "images/there",
    summary: "an image is in its registry",
    level: Level::Error,
    stage: Stage::Installed,
    docs: "# images/there\n",
};
pub(crate) const SILENT: CheckMeta = CheckMeta {
    id: "flux/cycle",
    summary: "Kustomizations wait for each other",
    level: Level::Error,
    stage: Stage::Built,
    docs: "# flux/cycle\n",
};
pub(crate) const CHECKS: [&CheckMeta; 4] = [&DEPENDS_ON, &EXACT, &IMAGES, &SILENT];

/// A run without findings.
pub(crate) fn clean() -> Run {
    let cluster = |name: &str| ClusterSummary {
        name: name.to_owned(),
        entrypoint: format!("kubernetes/clusters/{name}"),
        kustomizations: 3,
        objects: 12,
    };
    Run {
        path: ".".to_owned(),
        engine: Engine::Inproc,
        flux_version: "2.6.4".to_owned(),
        kubernetes_version: "1.33.1".to_owned(),
        clusters: vec![cluster("edge"), cluster("apps")],
        coverage: Coverage {
            files: 18,
            files_reached: 16,
            objects: 24,
            schema_checked: 24,
            releases: 3,
            releases_rendered: 2,
            installed: 7,
            installed_schema_checked: 6,
            excused: Vec::new(),
        },
        findings: Vec::new(),
        deferred: Vec::new(),
        suppressed: Vec::new(),
    }
}

pub(crate) fn with_findings(findings: Vec<Finding>, sources: &Sources) -> Report {
    assemble(Run { findings, ..clean() }, sources)
}

/// A report in which only deferrals are to be told.
pub(crate) fn only_deferred() -> Report {
    let defer = |subject: &str| diag::Deferred {
        check: IMAGES.id,
        subject: subject.to_owned(),
        reason: "no network, `--offline` was given".to_owned(),
    };
    let deferred = [
        "quay.io/d:4",
        "quay.io/b:2",
        "quay.io/a:1",
        "quay.io/c:3",
        "quay.io/a:1",
    ]
    .map(defer)
    .to_vec();
    let coverage = Coverage {
        schema_checked: 22,
        excused: vec![Excused {
            reason: "no schema for `Widget`".to_owned(),
            count: 2,
        }],
        ..clean().coverage
    };
    assemble(
        Run {
            deferred,
            coverage,
            ..clean()
        },
        &Sources::default(),
    )
}

/// An error that two clusters show, a warning with two places in one file, a defect in no file.
pub(crate) fn typical() -> Report {
    let sources = Sources::default();
    let apps = sources.add(
        "kubernetes/components/coredns/ks.yaml",
        "kind: Kustomization\nmetadata:\n  name: coredns\nspec:\n  dependsOn:\n    - name: cilium-cor\n"
            .into(),
    );
    let release = sources.add(
        "kubernetes/components/coredns/release.yaml",
        "spec:\n  chart:\n    spec:\n      chart: coredns\n      version: ${VERSION} # é\n".into(),
    );
    let settings = sources.add(
        "kubernetes/clusters/apps/settings.yaml",
        "data:\n  VERSION: '1.38'\n".into(),
    );
    let depends_on = |cluster: &str| {
        let entry = sources.add(
            &format!("kubernetes/clusters/{cluster}/coredns.yaml"),
            "kind: x\n".into(),
        );
        Finding::new(
            &DEPENDS_ON,
            find(&sources, apps, "cilium-cor"),
            "no Kustomization `flux-system/cilium-cor`",
        )
        .with_object(object("Kustomization", "flux-system", "coredns"))
        .with_path("spec.dependsOn[0].name")
        .with_cluster(cluster)
        .with_origin(vec![
            Hop {
                what: "Kustomization/flux-system/coredns".to_owned(),
                span: Span::file(entry),
            },
            Hop {
                what: "kubernetes/components/coredns/ks.yaml".to_owned(),
                span: Span::file(apps),
            },
        ])
        .with_why("Flux waits for it forever")
        .with_help("did you mean `cilium-core`?")
    };
    let exact = Finding::new(
        &EXACT,
        find(&sources, release, "${VERSION}"),
        "chart version `1.38` is not exact, wanted `x.y.z`",
    )
    .with_related(find(&sources, release, "coredns"), "of this chart")
    .with_related(find(&sources, settings, "'1.38'"), "`VERSION` is set here");
    let nowhere = Finding::new(&IMAGES, Span::NONE, "image `quay.io/x:1` is not in its registry")
        .with_object(object("Deployment", "kube-system", "coredns"))
        .with_path("spec.template.spec.containers[0].image")
        .with_cluster("apps");
    let suppressed = vec![Suppressed {
        check: EXACT.id.to_owned(),
        file: "kubernetes/components/x/release.yaml".to_owned(),
        line: 7,
        reason: "upstream has no tags".to_owned(),
        until: "2026-01-01".to_owned(),
    }];
    let findings = vec![depends_on("edge"), exact, nowhere, depends_on("apps")];
    assemble(
        Run {
            findings,
            suppressed,
            ..clean()
        },
        &sources,
    )
}

/// A finding in which all that comes from files is hostile.
pub(crate) fn hostile() -> Report {
    let sources = Sources::default();
    let file = sources.add("a,b:c|`d\n.yaml", "k: \u{1b}[31m]]><b>\u{202e} # x\r\n".into());
    let found = Finding::new(
        &EXACT,
        find(&sources, file, "]]><b>"),
        "value `100%|` is\n::error::<script>]]>&\"' @team [x](http://y) \u{1b}[2J\u{0}",
    )
    .with_help("line 1\nline 2");
    let deferred = vec![diag::Deferred {
        check: IMAGES.id,
        subject: "evil\u{1b}]8;;\n<i>".to_owned(),
        reason: "said `]]>`\u{7f}".to_owned(),
    }];
    assemble(
        Run {
            findings: vec![found],
            deferred,
            ..clean()
        },
        &sources,
    )
}

pub(crate) fn object(kind: &str, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// The first place of `needle` in a source.
pub(crate) fn find(sources: &Sources, id: SourceId, needle: &str) -> Span {
    let start = sources.get(id).unwrap().text().find(needle).unwrap();
    Span::new(id, start, start + needle.len())
}
