//! Waiting for something to become true: bounded, watching the parts that run, and ended by Ctrl-C.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::RehearseError;
use crate::run::Run;

/// The first pause between two looks; each one is longer, up to [`LAST`].
const FIRST: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_millis(200);

/// Asks until there is an answer, at most for `within`.
pub(crate) fn until<T>(
    run: &Run,
    what: &str,
    within: Duration,
    mut ask: impl FnMut() -> Result<Option<T>, RehearseError>,
) -> Result<T, RehearseError> {
    let start = Instant::now();
    let mut pause = FIRST;
    loop {
        run.check()?;
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > within {
            return Err(RehearseError::Late {
                what: what.to_owned(),
                seconds: within.as_secs(),
            });
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LAST);
    }
}
