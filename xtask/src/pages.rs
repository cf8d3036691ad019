//! Pages under docs/ that are made from the program itself.

use std::path::Path;

use diag::CheckMeta;

use crate::{compare, generate, preflight};

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
    let mut pages: Vec<Page> = checks::docs_pages(&rules())
        .into_iter()
        .map(|(path, text)| Page { path, text })
        .collect();
    pages.push(Page {
        path: "docs/reference/report.schema.json".to_owned(),
        text: report::json::document(&report::json_schema()),
    });
    pages.extend(scenarios::json_schemas().into_iter().map(|file| Page {
        path: format!("docs/reference/{}", file.file.replace(".yaml", ".schema.json")),
        text: report::json::document(&file.schema),
    }));
    pages.push(Page {
        path: "docs/reference/live.schema.json".to_owned(),
        text: report::json::document(&live::json_schema()),
    });
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    pages
}

/// The rules that this program applies beside the checks.
fn rules() -> Vec<&'static CheckMeta> {
    std::iter::once(&generate::DRIFT)
        .chain(compare::METAS)
        .chain(preflight::METAS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_pages_are_fresh() {
        let stale: Vec<String> = all()
            .into_iter()
            .filter(|page| page.differs(crate::test::workspace()))
            .map(|page| page.path)
            .collect();
        assert!(stale.is_empty(), "run `cargo xtask generate`: {stale:#?}");
    }
}
