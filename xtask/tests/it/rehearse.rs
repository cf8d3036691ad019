//! Rehearsals end with everything that they started, however they end. The programs are stand-ins that hang or fail.

use std::fs;

use crate::stage::{Stage, has_text, signal, until};

/// It starts a child of its own in another group, says so, and hangs.
const HANGS: &str = "setsid sleep 600 &\necho started\nexec sleep 600";

#[test]
fn nothing_is_left_of_a_rehearsal_that_is_killed() {
    for name in ["KILL", "TERM", "INT"] {
        let stage = Stage::new(HANGS);
        let mut child = stage.rehearse();
        stage.until_started();
        assert!(
            stage.processes(child.id()).len() >= 3,
            "watchdog, etcd and etcd's child"
        );
        signal(name, child.id());
        let output = child.wait().unwrap();
        if name == "KILL" {
            assert_eq!(output.code(), None);
        } else {
            assert_eq!(output.code(), Some(2), "{name} is an orderly end");
            // The program itself has waited for the end of everything.
            assert!(
                stage.folders().is_empty() && stage.processes(0).is_empty(),
                "{name}"
            );
        }
        stage.until_gone(0);
    }
}

#[test]
fn the_next_rehearsal_clears_away_what_lost_its_watchdog() {
    let stage = Stage::new(HANGS);
    let mut child = stage.rehearse();
    stage.until_started();
    let is_watchdog = |pid: &u32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains("--watch-over")
    };
    let watchdog = stage.processes(child.id()).into_iter().find(is_watchdog).unwrap();
    signal("KILL", watchdog);
    signal("KILL", child.id());
    child.wait().unwrap();
    assert_eq!(stage.folders().len(), 1);
    assert!(!stage.processes(0).is_empty());
    let mut other = stage.rehearse();
    until("the other one", || {
        let old = stage.processes(other.id()).len();
        stage.folders().len() == 1 && old >= 3 && has_text(&stage.folders()[0].join("logs/etcd.log"))
    });
    signal("TERM", other.id());
    other.wait().unwrap();
    stage.until_gone(0);
}

#[test]
fn two_rehearsals_do_not_end_each_other() {
    let stage = Stage::new(HANGS);
    let mut first = stage.rehearse();
    stage.until_started();
    let mut second = stage.rehearse();
    until("both", || {
        let folders = stage.folders();
        folders.len() == 2
            && folders
                .iter()
                .all(|folder| has_text(&folder.join("logs/etcd.log")))
    });
    signal("TERM", first.id());
    first.wait().unwrap();
    assert_eq!(stage.folders().len(), 1);
    assert!(second.try_wait().unwrap().is_none(), "the other one goes on");
    assert!(stage.processes(second.id()).len() >= 3);
    signal("TERM", second.id());
    second.wait().unwrap();
    stage.until_gone(0);
}

#[test]
fn a_part_that_fails_is_named_with_its_last_words() {
    let stage = Stage::new("echo 'no space left on device' >&2\nexit 3");
    let output = stage.rehearse().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("`etcd` ended with exit status 3") && said.contains("no space left on device"),
        "{said}"
    );
    assert!(
        said.contains("the logs of all parts are in `target/rehearse/"),
        "{said}"
    );
    stage.until_gone(0);
}

#[test]
fn programs_that_are_missing_are_all_named() {
    let stage = Stage::new("exit 0");
    for name in ["kwok", "helm-controller"] {
        fs::remove_file(stage.programs.path().join(name)).unwrap();
    }
    let real = std::env::var_os("PATH").unwrap_or_default();
    let has_them = std::env::split_paths(&real).any(|folder| folder.join("kwok").exists());
    if has_them {
        eprintln!("skipped rehearse::programs_that_are_missing_are_all_named: kwok is on PATH");
        return;
    }
    let output = stage.rehearse().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("not found: `kwok`, `helm-controller`;") && said.contains("--bin-dir"),
        "{said}"
    );
    assert!(stage.folders().is_empty());
}
