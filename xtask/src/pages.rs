//! Pages under docs/ that are made from the program itself.

use std::path::Path;

/// A generated page.
pub(crate) struct Page {
    /// Path relative to the repository's root.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Page {
    /// Whether the file below `root` is missing or has another text.
    pub(crate) fn differs(&self, root: &Path) -> bool {
        std::fs::read_to_string(root.join(&self.path)).ok().as_ref() != Some(&self.text)
    }
}

/// Every generated page, in the order of their paths.
pub(crate) fn all() -> Vec<Page> {
    let mut pages: Vec<Page> = checks::docs_pages()
        .into_iter()
        .map(|(path, text)| Page { path, text })
        .collect();
    pages.push(Page {
        path: "docs/reference/report.schema.json".to_owned(),
        text: report::json::document(&report::json_schema()),
    });
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    pages
}
