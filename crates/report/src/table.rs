//! A small table of aligned text, for `doctor`, `scenarios` and the like.

use crate::color::{Paint, Tone};
use crate::visible::one_line;

/// Columns stand apart by this.
const GAP: &str = "  ";

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell with a meaning.
    pub fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        Self {
            text: one_line(text.as_ref()),
            tone,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(Tone::Normal, text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(Tone::Normal, text)
    }
}

/// Rows below a heading. Widths count characters, whatever their width on a screen.
#[derive(Debug, Clone, Default)]
pub struct Table {
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headings; none for a table without a heading.
    pub fn new<'a>(head: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            head: head
                .into_iter()
                .map(|name| Cell::new(Tone::Strong, name))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Rows may be shorter or longer than the heading.
    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table, a line for each row, without trailing blanks; nothing for a table without rows.
    pub fn render(&self, paint: Paint) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let head = Some(&self.head).filter(|head| !head.is_empty());
        let rows: Vec<&Vec<Cell>> = head.into_iter().chain(&self.rows).collect();
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(length)
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        rows.iter().map(|row| line(row, &widths, paint) + "\n").collect()
    }
}

fn length(cell: &Cell) -> usize {
    cell.text.chars().count()
}

fn line(row: &[Cell], widths: &[usize], paint: Paint) -> String {
    let last = row
        .iter()
        .rposition(|cell| !cell.text.is_empty())
        .map_or(0, |at| at + 1);
    let mut line = String::new();
    for (at, (cell, width)) in row.iter().zip(widths).take(last).enumerate() {
        line.push_str(&paint.apply(cell.tone, &cell.text));
        if at + 1 < last {
            line.push_str(&" ".repeat(width - length(cell)));
            line.push_str(GAP);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_columns_and_leaves_no_trailing_blanks() {
        let mut table = Table::new(["tool", "version", "note"]);
        table.row(["kustomize", "5.7.1", ""]);
        table.row(["flux", "é", "too\nold"]);
        table.row(["helm"]);
        let wanted = "tool       version  note\nkustomize  5.7.1\nflux       é        too␊old\nhelm\n";
        assert_eq!(table.render(Paint::Plain), wanted);
    }

    #[test]
    fn color_does_not_change_the_widths() {
        let mut table = Table::new([]);
        table.row([Cell::new(Tone::Good, "ok"), "a".into()]);
        table.row([Cell::new(Tone::Bad, "failed"), "b".into()]);
        let wanted = "\u{1b}[32mok\u{1b}[0m      a\n\u{1b}[31mfailed\u{1b}[0m  b\n";
        assert_eq!(table.render(Paint::Ansi), wanted);
    }

    #[test]
    fn is_empty_without_rows() {
        assert_eq!(Table::new(["a"]).render(Paint::Plain), "");
    }
}
