//! The programs of a rehearsal: found, or fetched with progress.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oci::{Cache, Listener, Options};
use rehearse::{Pins, Programs, Search};

use super::{Rehearse, charts};
use crate::progress::ProgressLine;
use crate::{output, project};

/// The time for all programs together, and for one request without its bytes.
const PATIENCE: Duration = Duration::from_mins(20);
const PER_REQUEST: Duration = Duration::from_secs(30);
/// How many programs are fetched at once.
const AT_ONCE: usize = 4;
const MEGABYTE: u64 = 1_000_000;

/// All programs; with `--fetch` those that are missing are fetched first.
pub(super) fn programs(args: &Rehearse, root: &Path) -> anyhow::Result<Programs> {
    let pins = Pins::read(args.places.programs.as_deref())?;
    let cache = Cache::default_root().map(Cache::at);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let search = Search {
        bin_dirs: &args.places.bin_dir,
        path: &path,
        cache: cache.as_ref(),
        pins: &pins,
    };
    if args.fetch {
        fetch(args, root, &search)?;
    }
    Ok(Programs::find(&search)?)
}

fn fetch(args: &Rehearse, root: &Path, search: &Search<'_>) -> anyhow::Result<()> {
    let config = project::settings(root)?;
    let quiet = args.common.quiet;
    let line = ProgressLine::start(quiet);
    let (line, listener) = line.map_or((None, plain(quiet)), |(line, listener)| {
        (Some(line), Some(listener))
    });
    let options = Options {
        deadline: PATIENCE,
        per_request_timeout: PER_REQUEST,
        parallelism: AT_ONCE,
        mirrors: charts::mirrors(&config, &args.mirror)?,
        progress: listener,
        ..Options::default()
    };
    let fetched = rehearse::fetch(search, &options);
    drop(line);
    for program in fetched? {
        if !quiet {
            output::note(&format!(
                "fetched {} ({} MB) out of {}:{}",
                program.program.name(),
                program.size.div_ceil(MEGABYTE),
                program.image,
                program.version
            ));
        }
    }
    Ok(())
}

/// A line for each image that is through, where there is no terminal.
fn plain(quiet: bool) -> Option<Listener> {
    if quiet {
        return None;
    }
    let known = AtomicUsize::new(0);
    Some(Listener::new(move |progress| {
        if known.fetch_max(progress.done, Ordering::Relaxed) < progress.done {
            let (done, of) = (progress.done, progress.of);
            output::note(&format!("{done} of {of} images: {}", progress.url));
        }
    }))
}
