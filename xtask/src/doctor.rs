//! `doctor`: the real tools on this machine, and the programs of rehearsals.

#[cfg_attr(not(target_os = "linux"), path = "doctor/rehearsals_elsewhere.rs")]
mod rehearsals;

use std::fmt::Write;

use report::color::Tone;
use report::table::{Cell, Table};
use tools::Toolbox;

use crate::cli::{Common, Doctor};
use crate::{output, project};

/// The programs on PATH and in the settings.
pub(crate) fn toolbox(common: &Common) -> anyhow::Result<Toolbox> {
    let config = project::settings(&project::root(common)?)?;
    Ok(Toolbox::discover(
        &config.tools,
        &std::env::var_os("PATH").unwrap_or_default(),
    ))
}

/// Prints the table. Missing tools are no failure: the main job needs none of them.
pub(crate) fn run(args: &Doctor) -> anyhow::Result<u8> {
    let toolbox = toolbox(&args.common)?;
    let mut table = Table::new(["tool", "found", "compared with", "used for"]);
    let mut missing = Vec::new();
    for row in tools::doctor::survey(&toolbox) {
        let name = row.tool.name();
        let found = match (&row.version, &row.problem) {
            (Some(version), _) => Cell::new(Tone::Good, version),
            (None, Some(_)) if row.found.is_none() => Cell::new(Tone::Dim, "not here"),
            (None, problem) => Cell::new(
                Tone::Bad,
                problem.as_deref().unwrap_or("does not say its version"),
            ),
        };
        if row.version.is_none() {
            missing.push(format!("  {name}: {}", row.install));
        }
        table.row([
            Cell::from(name),
            found,
            Cell::from(row.wanted),
            Cell::from(row.purpose),
        ]);
    }
    let paint = args.common.color.paint(&std::io::stdout());
    let mut text = table.render(paint);
    if !missing.is_empty() {
        let _ = writeln!(text, "\nto install:\n{}", missing.join("\n"));
    }
    text.push_str(&rehearsals::render(&args.programs, paint)?);
    for name in toolbox.unknown_names() {
        let _ = writeln!(text, "\nthe settings name `{name}`, which is none of these tools");
    }
    output::data(&text)?;
    Ok(report::exit::CLEAN)
}
