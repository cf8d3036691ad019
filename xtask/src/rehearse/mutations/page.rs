//! The table of mutations: for a terminal, as JSON, and as a page of the reference.

use std::fmt::Write;

use report::color::{Paint, Tone};
use report::table::{Cell, Table as Columns};
use serde_json::json;

use super::table::{Row, Table, Who};

/// What the page begins with.
const HEAD: &str = "# Who notices which mutation

Written by `cargo xtask rehearse --mutations --write`; [rehearse.md](rehearse.md#mutations) says how. Each mutation of a P0 scenario
is pushed to a running cluster of the real Flux. *Flux*: what it makes of it; `all Ready` means that it does not notice, `same objects`
that there is nothing to notice since it applies what it applied before. *Scenario*: whether the promise turns red. *validate*: the
checks that report an error, and (in brackets) those that warn; `deferred` where it only says that it cannot judge something.
";

/// The report as text.
pub(super) fn text(table: &Table, paint: Paint) -> String {
    let mut columns = Columns::new([
        "scenario",
        "mutation",
        "cluster",
        "Flux",
        "scenario says",
        "validate",
        "noticed by",
    ]);
    for row in &table.rows {
        let tone = match row.who {
            Who::Both | Who::OnlyWe => Tone::Good,
            Who::WeAtLeast => Tone::Doubtful,
            Who::OnlyFlux => Tone::Bad,
            Who::Nobody => Tone::Dim,
        };
        columns.row([
            Cell::from(row.scenario.clone()),
            Cell::from(row.mutation.clone()),
            Cell::from(row.clusters.join(", ")),
            Cell::from(row.flux.clone()),
            Cell::from(scenario(row)),
            Cell::from(validate(row, "")),
            Cell::new(tone, row.who.words()),
        ]);
    }
    let mut text = columns.render(paint);
    for row in &table.rows {
        if let Some(defect) = &row.defect {
            let _ = writeln!(
                text,
                "error: {} `{}` on {}: {defect}",
                row.scenario,
                row.mutation,
                row.clusters.join(", ")
            );
        }
    }
    let _ = writeln!(text, "\n{}", summary(table));
    report::visible(&text).into_owned()
}

/// The report as JSON.
pub(super) fn json(table: &Table) -> String {
    report::json::document(&json!({
        "apiVersion": report::API_VERSION, "kind": "RehearsedMutations", "tool": report::Tool::THIS,
        "mutations": table.mutations, "rows": table.rows,
    }))
}

/// The page.
pub(super) fn markdown(table: &Table) -> String {
    let mut text = format!(
        "{HEAD}\n{}\n\n{}",
        summary(table),
        "| scenario | mutation | cluster | Flux | scenario says | validate | noticed by |\n|---|---|---|---|---|---|---|\n"
    );
    for row in &table.rows {
        text.push_str(&line(row));
        text.push('\n');
    }
    text
}

/// The rows that a page does not have, and those that it has and should not.
pub(super) fn differences(page: &str, table: &Table) -> Vec<String> {
    let wanted: Vec<String> = table.rows.iter().map(line).collect();
    let found: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| scenario "))
        .collect();
    let missing = wanted.iter().filter(|line| !found.contains(&line.as_str()));
    let surplus = found
        .iter()
        .filter(|line| !wanted.iter().any(|wanted| wanted == *line));
    missing
        .map(|line| format!("it lacks {line}"))
        .chain(surplus.map(|line| format!("it has {line}")))
        .collect()
}

fn line(row: &Row) -> String {
    let cells = [
        row.scenario.clone(),
        row.mutation.clone(),
        row.clusters.join(", "),
        row.flux.clone(),
        scenario(row).to_owned(),
        validate(row, "`"),
        row.who.words().to_owned(),
    ];
    let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
    format!("| {} |", cells.join(" | "))
}

fn scenario(row: &Row) -> &'static str {
    if row.is_red { "red" } else { "as before" }
}

fn validate(row: &Row, quote: &str) -> String {
    let quoted = |ids: &[String]| {
        let ids: Vec<String> = ids.iter().map(|id| format!("{quote}{id}{quote}")).collect();
        ids.join(", ")
    };
    match (row.errors.is_empty(), row.warnings.is_empty()) {
        (true, true) if row.is_deferred => "deferred".to_owned(),
        (true, true) => "nothing".to_owned(),
        (false, true) => quoted(&row.errors),
        (true, false) => format!("({})", quoted(&row.warnings)),
        (false, false) => format!("{} ({})", quoted(&row.errors), quoted(&row.warnings)),
    }
}

fn summary(table: &Table) -> String {
    let same = table.rows.iter().filter(|row| row.flux == "same objects").count();
    let mut text = format!(
        "{} mutations in {} rows: Flux and we notice {}, only we {} (of these, {same} change nothing that Flux applies)",
        table.mutations,
        table.rows.len(),
        table.count(Who::Both),
        table.count(Who::OnlyWe),
    );
    for (who, words) in [
        (Who::WeAtLeast, "we do, and Flux cannot be heard here"),
        (Who::Nobody, "nobody does, as it should be"),
        (Who::OnlyFlux, "ONLY FLUX does"),
    ] {
        if table.count(who) > 0 {
            let _ = write!(text, ", of {} {words}", table.count(who));
        }
    }
    text.push('.');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::tree::{DiskOptions, Tree};
    use scenarios::{Filter, Priority};

    use crate::scenarios::mutate;
    use crate::test;

    /// The page cannot be written without a cluster; what it is about can be looked at without.
    #[test]
    fn the_page_tells_of_every_mutation_of_p0_and_of_no_other() {
        let options = DiskOptions {
            keep_source_ignored: true,
        };
        let tree = Tree::from_disk(test::workspace(), options).unwrap();
        let (stories, errors) = scenarios::load(&tree);
        assert!(errors.is_empty(), "{errors:?}");
        let filter = Filter {
            priorities: vec![Priority::P0],
            ..Filter::default()
        };
        let cases = mutate::cases(&stories, &filter);
        let wanted: BTreeSet<String> = cases
            .iter()
            .map(|case| format!("| {} | {} |", case.scenario.id, case.mutation.title))
            .collect();
        let page = std::fs::read_to_string(test::workspace().join(super::super::PAGE)).unwrap();
        let rows = page.lines().filter(|line| line.starts_with("| 0"));
        let told: BTreeSet<String> = rows
            .map(|row| row.splitn(4, " | ").take(2).collect::<Vec<_>>().join(" | ") + " |")
            .collect();
        assert!(wanted.len() > 40, "{}", wanted.len());
        assert_eq!(told, wanted, "`.ci/mutations --write` writes the page anew");
    }
}
