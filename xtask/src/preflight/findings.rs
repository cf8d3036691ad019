//! The verdicts as findings, for the formats that other programs read.

use diag::{CheckMeta, Finding, Findings, Level, Sources, Span, Stage};
use oci::Verdict;
use oci::signature::SignatureVerdict;
use report::{Report, Run};

use super::judge::{Judged, State};
use super::{images, text};

static MISSING: CheckMeta = CheckMeta {
    id: "oci/chart-missing",
    summary: "a registry does not have the chart that is asked for",
    level: Level::Error,
    stage: Stage::Built,
    docs: r"## What it does
`cargo xtask preflight` asks the registry of every OCIRepository that holds a chart, and of every HelmRelease whose chart comes
from a registry: the tag, range or digest, resolved as source-controller resolves it; the manifest, its digest and media types; the
chart's metadata; and whether the archive is there. `validate` asks no registry and does not apply this rule.

## Why it matters
Flux retries for ever, and what depends on the release waits.

## How to fix
Take one of the versions that the message names, or correct the URL. A registry that gave no answer is not reported but listed as
not checked.

## References
- `docs/reference/registries.md`
- <https://fluxcd.io/flux/components/source/ocirepositories/>
",
};

static MOVED: CheckMeta = CheckMeta {
    id: "oci/chart-moved",
    summary: "a tag leads to another digest than the lock file has",
    level: Level::Error,
    stage: Stage::Built,
    docs: r"## What it does
`cargo xtask preflight` compares what a tag, a digest or a version of a range leads to with the lock file's entry. A range that
leads to a newer version by now is not reported.

## Why it matters
Somebody published other content under the same version: what was tested is not what will be installed.

## How to fix
Find out why the content changed. When it is meant, run `cargo xtask preflight --update-lock`; else pin the digest that was tested
with `ref.digest`.

## References
- <https://fluxcd.io/flux/components/source/ocirepositories/#digest-example>
",
};

static UNSIGNED: CheckMeta = CheckMeta {
    id: "oci/chart-unsigned",
    summary: "a chart is not signed as `spec.verify` demands",
    level: Level::Error,
    stage: Stage::Built,
    docs: r"## What it does
`cargo xtask preflight` looks for the signatures that `spec.verify` of an OCIRepository or HelmChart, or `spec.chart.spec.verify` of a
HelmRelease demands, where source-controller looks: sigstore bundles among the manifest's referrers, and where there are none,
the artifact behind the tag `sha256-<hex>.sig`. A signature counts when the signed bytes name the manifest's digest.

- Keys (`secretRef`): verified when a key in the Secret's entries `*.pub` made the signature. Keys in an encrypted Secret, or in one
  that is not in the repository, cannot be held against it: listed as not checked.
- Keyless (`matchOIDCIdentity`): the signature must fit its certificate, and the certificate's subject and issuer the expressions;
  with `trustedRootSecretRef` in the repository also the certificate's chain. The transparency logs, and without that Secret Fulcio's
  roots, are not looked at, so the result is partly verified, and listed as not checked.
- Notation: a signature must be there; it is not verified, and listed as not checked.

## Why it matters
Flux refuses the chart, and the release is not installed or updated.

## How to fix
Sign the chart, correct the key or the identity, or take a version that is signed.

## References
- <https://fluxcd.io/flux/components/source/ocirepositories/#verification>
",
};

/// The rules of the preflight.
pub(crate) const METAS: [&CheckMeta; 4] = [&MISSING, &MOVED, &UNSIGNED, &images::MISSING];

/// The report of a run.
pub(super) fn report(
    mut run: Run,
    judged: &[Judged],
    of_images: Findings,
    updated: bool,
    sources: &Sources,
) -> Report {
    let mut findings = of_images;
    for judged in judged {
        of_chart(judged, updated, &mut findings);
        of_signature(judged, &mut findings);
    }
    run.findings = findings.found;
    run.deferred = findings.deferred;
    report::assemble(run, sources)
}

fn of_chart(judged: &Judged, updated: bool, findings: &mut Findings) {
    let subject = &judged.row.subject;
    match (judged.state, &judged.answer.verdict) {
        (State::Missing, Verdict::Missing { reason, nearest }) => {
            let help = if nearest.is_empty() {
                String::new()
            } else {
                format!("nearest versions: {}", nearest.join(", "))
            };
            let found = finding(judged, &MISSING, reason.clone());
            findings.push(found.with_why("Flux cannot fetch the chart").with_help(help));
        }
        (State::Moved, _) if !updated => {
            let why = "what was looked at is not what will be installed";
            let help = "find out why; when it is meant, run `cargo xtask preflight --update-lock`";
            let message = format!("the registry has {}", text::found(judged));
            findings.push(finding(judged, &MOVED, message).with_why(why).with_help(help));
        }
        (State::Unknown | State::NotChecked | State::Cached | State::Locked, _) => {
            findings.defer(&MISSING, subject, text::found(judged));
        }
        _ => {}
    }
}

fn of_signature(judged: &Judged, findings: &mut Findings) {
    let subject = &judged.row.subject;
    match &judged.answer.signature {
        None | Some(SignatureVerdict::Verified { .. }) => {}
        Some(SignatureVerdict::NotVerified { reason }) => {
            let found = finding(judged, &UNSIGNED, reason.clone());
            findings.push(found.with_why("Flux refuses the chart"));
        }
        Some(SignatureVerdict::Unknown { reason }) => findings.defer(&UNSIGNED, subject, reason),
        Some(SignatureVerdict::PartlyVerified { unverified, .. }) => {
            let reason = format!("partly verified, not {}", unverified.join("; "));
            findings.defer(&UNSIGNED, subject, reason);
        }
    }
}

fn finding(judged: &Judged, meta: &CheckMeta, message: String) -> Finding {
    let place = &judged.row.place;
    let finding = Finding::new(meta, place.span.unwrap_or(Span::NONE), message)
        .with_path(&place.field)
        .with_cluster(judged.row.clusters.first().cloned().unwrap_or_default())
        .with_origin(place.origin.clone());
    match &place.object {
        Some(object) => finding.with_object(object.clone()),
        None => finding,
    }
}
