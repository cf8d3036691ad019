//! kustomize builds, and makes something that is probably not meant so.

use ::kustomize::ProblemKind;
use diag::{CheckMeta, Findings, Level, Stage};

use super::{problem_finding, problems};
use crate::context::{Check, Context};
use crate::yaml::duplicate_key;

pub(crate) static CHECK: Check = Check {
    meta: CheckMeta {
        id: "kustomize/warning",
        summary: "kustomize builds something that is probably not meant so",
        level: Level::Warning,
        stage: Stage::Written,
        docs: r"## What it does
Reports what the kustomize engine does differently from what the file seems to say: the message names it.

## Why it matters
The build succeeds, so nothing else says so.

## Example
A patch with a `target` that sets a label to `null` writes the text `null`, where the same patch without a target removes it.

## How to fix
Follow the help of the finding.

## References
- <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/>
",
    },
    run,
};

fn run(cx: &Context<'_>, findings: &mut Findings) {
    for (view, built, problem) in problems(cx, &[ProblemKind::Warning]) {
        if !duplicate_key::is_duplicate(&problem.message) {
            findings.push(problem_finding(&CHECK.meta, view, built, problem));
        }
    }
}
