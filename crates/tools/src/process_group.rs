//! Starts a program as the head of its own process group and ends the whole group.

use std::process::Command;

/// Makes the program the head of a new process group, so that [`end`] reaches its children too.
///
/// Ending only the program is not enough: a grandchild that still holds stdout keeps its reader waiting (60 s
/// measured).
pub(crate) fn lead(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _without_groups: &mut Command = command;
}

/// Ends the program and everything that it started and that stayed in its group; nothing happens if all are
/// gone.
///
/// rustix: std can only signal the direct child, and `kill -- -PGID` would be one more external program.
#[cfg(unix)]
pub(crate) fn end(handle: &duct::Handle) {
    let heads = handle
        .pids()
        .into_iter()
        .filter_map(|pid| i32::try_from(pid).ok());
    for head in heads.filter_map(rustix::process::Pid::from_raw) {
        // The only failure left is "no such process group": everything in it has ended by itself.
        let _already_gone = rustix::process::kill_process_group(head, rustix::process::Signal::KILL);
    }
}

/// Ends the program; without process groups its own children are not reached.
#[cfg(not(unix))]
pub(crate) fn end(handle: &duct::Handle) {
    let _already_gone = handle.kill();
}
