//! Each part leads its own process group: Ctrl-C in a terminal reaches this program alone, which then ends the parts in order.

/// Makes the program the head of a new process group.
pub(crate) fn lead(command: &mut std::process::Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}
