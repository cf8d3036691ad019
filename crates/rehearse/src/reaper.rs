//! Ends every process of a rehearsal, found by a mark in its environment: children of children too, whatever group they are in.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The variable whose value is the folder of the rehearsal that a process belongs to.
pub(crate) const MARK: &str = "XTASK_REHEARSAL";
/// More of an environment is not read; the mark stands first.
const MAX_ENVIRONMENT: u64 = 256 * 1024;
/// A process between fork and exec does not have the mark yet: only a second look that finds nothing counts.
const PAUSE: Duration = Duration::from_millis(60);

/// Ends all processes with the mark of this folder; whether none is left at the deadline.
pub(crate) fn end(folder: &Path, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    let mut clean = 0;
    while clean < 2 {
        let found = marked(folder);
        clean = if found.is_empty() { clean + 1 } else { 0 };
        for pid in found {
            end_one(pid, folder);
        }
        if clean < 2 {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(PAUSE);
        }
    }
    true
}

/// The processes with the mark of this folder, but for this one.
pub(crate) fn marked(folder: &Path) -> Vec<i32> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != own && has_mark(*pid, folder))
        .collect()
}

/// Whether a process of this id that was started then is there.
pub(crate) fn is_alive(pid: u32, start: u64) -> bool {
    start_time(pid) == Some(start)
}

/// When a process was started, in clock ticks since the machine was.
pub(crate) fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces and brackets; field 3 follows the last bracket, the start time is field 22.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    if fields.next() == Some("Z") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// The user who runs this process.
pub(crate) fn own_user() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|metadata| metadata.uid())
}

fn has_mark(pid: i32, folder: &Path) -> bool {
    let mut environment = Vec::new();
    let Ok(file) = File::open(format!("/proc/{pid}/environ")) else {
        return false;
    };
    if file.take(MAX_ENVIRONMENT).read_to_end(&mut environment).is_err() {
        return false;
    }
    let wanted = format!("{MARK}={}", folder.display());
    environment
        .split(|byte| *byte == 0)
        .any(|variable| variable == wanted.as_bytes())
}

/// The descriptor pins the process: the mark that is looked at once more is that of the process that is ended.
fn end_one(pid: i32, folder: &Path) {
    let Some(pid) = Pid::from_raw(pid) else { return };
    if let Ok(process) = pidfd_open(pid, PidfdFlags::empty())
        && has_mark(pid.as_raw_nonzero().get(), folder)
    {
        // The only failure left is that it has ended by itself.
        let _already_gone = pidfd_send_signal(process, Signal::KILL);
    }
}
