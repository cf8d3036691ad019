//! `new component`: the first file of a new component.

use crate::cli::{New, NewWhat};
use crate::{output, test};

/// Writes the scaffold into the workspace that this program was built from.
pub(crate) fn run(args: &New) -> anyhow::Result<u8> {
    let NewWhat::Component { name } = &args.what;
    for path in components::scaffold::component(test::workspace(), name)? {
        let shown = path.strip_prefix(test::workspace()).unwrap_or(&path);
        output::note(&format!("wrote {}", shown.display()));
    }
    output::note("next: edit the spec, then `cargo xtask generate` and `cargo xtask validate`");
    Ok(report::exit::CLEAN)
}
