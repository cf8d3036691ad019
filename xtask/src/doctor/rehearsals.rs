//! The programs of rehearsals: where each is, what it says of itself, and how to get what is missing.

use std::fmt::Write;
use std::thread;

use oci::Cache;
use rehearse::{Found, Looked, Pins, Program, ProgramPlace, Search};
use report::color::{Paint, Tone};
use report::table::{Cell, Table};

use crate::cli::ProgramPlaces;

/// The table, and what to do where something is missing.
pub(super) fn render(places: &ProgramPlaces, paint: Paint) -> anyhow::Result<String> {
    let pins = Pins::read(places.programs.as_deref())?;
    let cache = Cache::default_root().map(Cache::at);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let search = Search {
        bin_dirs: &places.bin_dir,
        path: &path,
        cache: cache.as_ref(),
        pins: &pins,
    };
    let looked = search.look();
    let mut table = Table::new(["for rehearsals", "found", "where", "pinned"]);
    let (mut missing, mut unpinned) = (0, Vec::new());
    for (program, cells) in rows(&looked) {
        let pin = pins.get(program);
        let version = pin.map_or("", |pin| pin.version.trim_start_matches('v'));
        let is_found = cells.is_found;
        missing += usize::from(!is_found);
        if !is_found && !pin.is_some_and(rehearse::Pin::is_fetchable) {
            unpinned.push(program.name());
        }
        table.row([
            Cell::from(program.name()),
            cells.found,
            Cell::from(cells.place),
            Cell::from(version),
        ]);
    }
    let mut text = format!("\n{}", table.render(paint));
    if missing > unpinned.len() {
        text.push_str(
            "\nto rehearse: `cargo xtask rehearse --fetch` takes what is missing out of the official images, by digest\n",
        );
    }
    if !unpinned.is_empty() {
        let names = unpinned.join(", ");
        let _ = writeln!(
            text,
            "\nno digest is pinned: {names}; put them on PATH or name their folder with `--bin-dir DIR`"
        );
    }
    Ok(text)
}

/// What the table says of a program.
struct Cells {
    found: Cell,
    place: &'static str,
    is_found: bool,
}

/// One row for each program; all are asked for their versions at once.
fn rows(looked: &[Looked]) -> Vec<(Program, Cells)> {
    thread::scope(|scope| {
        let asked: Vec<_> = looked.iter().map(|looked| scope.spawn(|| row(looked))).collect();
        asked
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|bug| std::panic::resume_unwind(bug)))
            .collect()
    })
}

fn row(looked: &Looked) -> (Program, Cells) {
    match looked {
        Looked::Found(found) => (found.program, cells(found)),
        Looked::Missing(program) => (
            *program,
            Cells {
                found: Cell::new(Tone::Dim, "not here"),
                place: "",
                is_found: false,
            },
        ),
        Looked::Damaged(program) => (
            *program,
            Cells {
                found: Cell::new(Tone::Bad, "changed since it was fetched, not used"),
                place: "cache",
                is_found: false,
            },
        ),
    }
}

fn cells(found: &Found) -> Cells {
    let cell = match found.version() {
        Ok(Some(version)) => Cell::new(Tone::Good, &version),
        Ok(None) => Cell::new(Tone::Doubtful, "does not say its version"),
        Err(error) => Cell::new(Tone::Bad, error.to_string()),
    };
    Cells {
        found: cell,
        place: match found.place {
            ProgramPlace::BinDir => "--bin-dir",
            ProgramPlace::Path => "PATH",
            ProgramPlace::Cache => "cache",
        },
        is_found: true,
    }
}
