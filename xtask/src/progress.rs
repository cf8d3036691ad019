//! One line on a terminal that says how far the registries have come.

use std::fmt::Write as _;
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use oci::{Listener, Progress};

use crate::output;

/// Who waits less than this sees no line.
const PATIENCE: Duration = Duration::from_millis(250);
/// How much of an address is shown, in characters.
const WIDTH: usize = 60;

/// Tells of progress until it is dropped, and then clears its line.
pub(crate) struct ProgressLine(());

impl ProgressLine {
    /// A line, and who writes it; none where standard error is no terminal or nobody wants to know.
    pub(crate) fn start(quiet: bool) -> Option<(Self, Listener)> {
        if quiet || !stderr().is_terminal() {
            return None;
        }
        let start = Instant::now();
        let listener = Listener::new(move |progress| {
            if start.elapsed() >= PATIENCE {
                output::status(&words(progress));
            }
        });
        Some((Self(()), listener))
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        output::status("");
    }
}

fn words(progress: &Progress) -> String {
    let url: String = progress.url.chars().take(WIDTH).collect();
    let mut text = format!("{}/{} {url}", progress.done, progress.of);
    if progress.size > 0 {
        let (some, all) = (progress.bytes / 1024, progress.size.div_ceil(1024));
        let _ = write!(text, " {some}/{all} KiB");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_short() {
        let progress = Progress {
            done: 3,
            of: 12,
            url: format!("oci://a/{}", "x".repeat(200)),
            bytes: 2048,
            size: 5000,
        };
        let text = words(&progress);
        assert!(text.starts_with("3/12 oci://a"), "{text}");
        assert!(text.ends_with(" 2/5 KiB") && text.len() < 90, "{text}");
    }
}
