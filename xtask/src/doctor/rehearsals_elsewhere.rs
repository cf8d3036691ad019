//! The programs of rehearsals where there are none.

use report::color::Paint;

use crate::cli::ProgramPlaces;

/// Says why.
#[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
pub(super) fn render(_: &ProgramPlaces, _: Paint) -> anyhow::Result<String> {
    Ok("\nrehearsals need Linux\n".to_owned())
}
