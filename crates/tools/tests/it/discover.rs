//! Where programs are searched for, and what becomes of their versions.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use tools::{Tool, ToolError, Toolbox, doctor};

use crate::fake::Fakes;

fn version_error(script: &str) -> String {
    let (_fakes, toolbox) = Fakes::with("flux", script);
    toolbox
        .get(Tool::Flux)
        .unwrap()
        .version()
        .unwrap_err()
        .to_string()
}

#[test]
fn finds_a_program_and_asks_for_its_version_once() {
    let fakes = Fakes::new();
    let path = fakes.add("flux", "echo asked >> \"$0.log\"; echo flux version 2.9.5");
    let toolbox = fakes.toolbox();
    let found = toolbox.get(Tool::Flux).unwrap();
    assert_eq!((found.tool(), found.path()), (Tool::Flux, path.as_path()));
    assert_eq!(found.version().unwrap(), "2.9.5");
    assert_eq!(found.version().unwrap(), "2.9.5");
    assert_eq!(
        std::fs::read_to_string(fakes.path("flux.log")).unwrap(),
        "asked\n"
    );
}

#[test]
fn a_missing_program_names_the_folders_and_how_to_install_it() {
    let fakes = Fakes::new();
    let error = fakes.toolbox().get(Tool::Kubeconform).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`kubeconform` was not found in `{}`; install it: \
             `go install github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0`",
            fakes.folder().display()
        )
    );
}

#[test]
fn a_configured_file_wins_over_the_search_path() {
    let (fakes, other) = (Fakes::new(), Fakes::new());
    fakes.add("flux", "echo flux version 1.0.0");
    let configured = other.add("my-flux", "echo flux version 2.9.5");
    let toolbox = fakes.toolbox_with(&BTreeMap::from([("flux".to_owned(), configured)]));
    assert!(toolbox.is_configured(Tool::Flux) && !toolbox.is_configured(Tool::Helm));
    assert_eq!(toolbox.get(Tool::Flux).unwrap().version().unwrap(), "2.9.5");
}

#[test]
fn a_configured_file_that_is_missing_is_not_replaced() {
    let fakes = Fakes::new();
    fakes.add("flux", "echo flux version 2.9.5");
    let toolbox = fakes.toolbox_with(&BTreeMap::from([(
        "flux".to_owned(),
        PathBuf::from("/nowhere/flux"),
    )]));
    let Err(ToolError::NotFound { tried, .. }) = toolbox.get(Tool::Flux) else {
        panic!("was found")
    };
    assert_eq!(tried, [PathBuf::from("/nowhere/flux")]);
}

#[test]
fn reports_configured_names_that_are_no_tool() {
    let paths = BTreeMap::from([("kubeval".to_owned(), PathBuf::from("/bin/sh"))]);
    assert_eq!(Fakes::new().toolbox_with(&paths).unknown_names(), ["kubeval"]);
}

#[test]
fn passes_over_files_that_cannot_be_started() {
    let fakes = Fakes::new();
    std::fs::write(fakes.path("helm"), "not executable").unwrap();
    std::fs::create_dir(fakes.path("flux")).unwrap();
    let toolbox = fakes.toolbox();
    assert!(toolbox.get(Tool::Helm).is_err());
    assert!(toolbox.get(Tool::Flux).is_err());
}

#[test]
fn skips_relative_and_empty_folders_of_the_search_path() {
    let toolbox = Toolbox::discover(&BTreeMap::new(), OsStr::new(":.:bin"));
    let error = toolbox.get(Tool::Git).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`git` was not found in an empty search path;"),
        "{error}"
    );
}

#[test]
fn a_version_that_cannot_be_read_is_an_error() {
    let error = version_error("echo I am a teapot; echo second line");
    assert!(
        error.contains("found `I am a teapot`, wanted a version such as `2.9.5`"),
        "{error}"
    );
    let error = version_error(r"printf '\377\376\033[31m'");
    assert!(error.contains("found `\u{fffd}\u{fffd}?[31m`"), "{error}");
    let error = version_error("echo no such flag >&2; exit 2");
    assert!(
        error.ends_with("failed with exit status 2; it said:\n  no such flag"),
        "{error}"
    );
    let error = version_error("yes");
    assert!(error.contains("printed more than 1048576 bytes"), "{error}");
}

#[test]
fn doctor_reports_a_program_that_hangs_beside_those_that_work() {
    let fakes = Fakes::new();
    fakes.add("flux", "exec sleep 600");
    fakes.add("helm", "echo v3.22.0+gabcdef");
    fakes.add("git", "echo surprise");
    let rows = doctor::survey(&fakes.toolbox());
    assert_eq!(rows.iter().map(|row| row.tool).collect::<Vec<_>>(), Tool::ALL);
    for row in rows {
        let problem = row.problem.as_deref().unwrap_or_default();
        match row.tool {
            Tool::Flux => assert!(problem.contains("did not end within 2s"), "{problem}"),
            Tool::Git => assert!(problem.contains("found `surprise`"), "{problem}"),
            Tool::Helm => assert_eq!((row.version.as_deref(), problem), (Some("3.22.0+gabcdef"), "")),
            _ => assert!(
                row.found.is_none() && problem.contains("was not found"),
                "{problem}"
            ),
        }
    }
}
