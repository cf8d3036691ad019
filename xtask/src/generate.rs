//! `generate`: the manifests and generated pages of this repository; and drift as findings of `validate`.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use components::{Drift, Manifest, State};
use diag::{CheckMeta, Finding, Findings, Level, Span, Stage};
use report::color::Paint;
use report::diff::{Side, unified};

use crate::cli::Generate;
use crate::project::{self, Project};
use crate::{output, pages};

/// The rule that `validate` applies where the settings say `generated: true`.
pub(crate) static DRIFT: CheckMeta = CheckMeta {
    id: "generate/drift",
    summary: "a generated manifest is not what its spec makes",
    level: Level::Error,
    stage: Stage::Written,
    docs: r"## What it does
Where the settings say `generated: true`, compares every manifest with what its typed spec in `crates/components` makes, and
looks for generated files that no spec makes any more.

## Why it matters
A hand edit is lost with the next `cargo xtask generate`, and until then the spec tells people something that is not so.

## How to fix
Change the spec and run `cargo xtask generate`; `--force` overwrites a hand edit, `--check` shows the difference.
",
};

/// Writes or compares; exit code 1 when something differs (`--check`) or was left alone.
pub(crate) fn run(args: &Generate) -> anyhow::Result<u8> {
    let root = project::root(&args.common)?;
    let manifests = components::manifests().context("a spec is wrong")?;
    let pages = pages::all();
    if args.check {
        let paint = args.common.color.paint(&std::io::stdout());
        return check(&root, &manifests, &pages, paint);
    }
    let written = components::write(&root, &manifests, args.force)?;
    for path in &written.written {
        output::note(&format!("wrote {path}"));
    }
    for path in &written.removed {
        output::note(&format!("removed {path}: no spec makes it"));
    }
    for drift in &written.refused {
        output::note(&format!(
            "kept {}: {}; `--force` overwrites it",
            drift.path,
            why(drift.state)
        ));
    }
    for page in pages.iter().filter(|page| page.differs(&root)) {
        output::file(&root.join(&page.path), &page.text)?;
        output::note(&format!("wrote {}", page.path));
    }
    Ok(if written.refused.is_empty() {
        report::exit::CLEAN
    } else {
        report::exit::FINDINGS
    })
}

/// The paths of generated files, manifests and pages, that are not what they must be.
pub(crate) fn drifted(root: &Path) -> anyhow::Result<Vec<String>> {
    let manifests = components::manifests().context("a spec is wrong")?;
    let drifts = components::survey(root, &manifests)
        .into_iter()
        .map(|drift| drift.path);
    let pages = pages::all();
    let stale = pages
        .into_iter()
        .filter(|page| page.differs(root))
        .map(|page| page.path);
    Ok(drifts.chain(stale).collect())
}

fn check(root: &Path, manifests: &[Manifest], pages: &[pages::Page], paint: Paint) -> anyhow::Result<u8> {
    let mut text = String::new();
    let mut drifted = 0;
    for drift in components::survey(root, manifests) {
        drifted += 1;
        let _ = writeln!(text, "{}: {}", drift.path, why(drift.state));
        text += &diff(&drift, paint);
    }
    for page in pages.iter().filter(|page| page.differs(root)) {
        drifted += 1;
        let _ = writeln!(text, "{}: generated page is stale", page.path);
    }
    output::data(&text)?;
    if drifted == 0 {
        output::data(&format!(
            "{} manifests and {} pages are fresh\n",
            manifests.len(),
            pages.len()
        ))?;
        return Ok(report::exit::CLEAN);
    }
    output::note(&format!("{drifted} files differ: run `cargo xtask generate`"));
    Ok(report::exit::FINDINGS)
}

fn diff(drift: &Drift, paint: Paint) -> String {
    let found = Side {
        name: &drift.path,
        text: drift.found.as_deref().unwrap_or_default(),
    };
    let wanted = Side {
        name: "the spec",
        text: drift.wanted.as_deref().unwrap_or_default(),
    };
    unified(found, wanted, paint)
}

fn why(state: State) -> &'static str {
    match state {
        State::Fresh => "it is fresh",
        State::Missing => "the file is missing",
        State::Stale => "the spec has changed since it was generated",
        State::Edited => "it was generated and then edited by hand",
        State::Foreign => "it was not generated here",
        State::Orphan => "no spec makes it any more",
    }
}

/// Drift as findings, each at the first line that differs.
pub(crate) fn findings(project: &Project, into: &mut Findings) -> anyhow::Result<()> {
    if !project.config.generated {
        return Ok(());
    }
    let manifests = components::manifests().context("a spec is wrong")?;
    for drift in components::survey(&project.root, &manifests) {
        let help = match drift.state {
            State::Edited | State::Foreign => {
                "change the spec in crates/components and run `cargo xtask generate --force`, or undo the edit"
            }
            _ => "run `cargo xtask generate`",
        };
        let message = format!(
            "`{}` is not what its spec makes: {}",
            drift.path,
            why(drift.state)
        );
        into.push(Finding::new(&DRIFT, first_difference(project, &drift), message).with_help(help));
    }
    Ok(())
}

fn first_difference(project: &Project, drift: &Drift) -> Span {
    let Ok(text) = project.tree.read(&drift.path) else {
        return Span::NONE;
    };
    let wanted = drift.wanted.as_deref().unwrap_or_default();
    let mut start = 0;
    for (found, wanted) in text.text.split_inclusive('\n').zip(wanted.split_inclusive('\n')) {
        if found != wanted {
            return Span::new(text.source, start, start + found.trim_end().len());
        }
        start += found.len();
    }
    Span::new(text.source, start.min(text.text.len()), text.text.len())
}
