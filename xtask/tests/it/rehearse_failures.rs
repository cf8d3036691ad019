//! What can go wrong around a rehearsal: a clear end in time, the logs kept, nothing left.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::stage::{PATIENCE, Stage, kept_logs, on_small_disk, real, signal, silent_registry, until};

/// What the command says when it has ended.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_part_that_never_gets_ready_is_waited_for_no_longer_than_told() {
    let stage = Stage::new("echo I take my time\nexec sleep 600");
    let start = Instant::now();
    let child = stage.start(&["--cluster", "infra", "--offline", "--start-timeout", "2s"]);
    let output = child.wait_with_output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("etcd was not there after 2 s"), "{said}");
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    let logs = kept_logs(&said);
    assert!(
        logs.iter()
            .any(|(name, log)| name == "etcd.log" && log.contains("I take my time")),
        "{logs:?}"
    );
    stage.until_gone(0);
}

#[test]
fn a_cluster_that_cannot_be_rehearsed_does_not_keep_the_others_from_it() {
    // Both fail here, since the stand-in for etcd does; each is named, and both are tried.
    let stage = Stage::new("echo 'out of order' >&2\nexit 3");
    let output = stage.start(&["--offline"]).wait_with_output().unwrap();
    let said = said(&output);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for cluster in ["apps", "infra"] {
        let line = format!("cluster `{cluster}` could not be rehearsed: `etcd` ended with exit status 3");
        assert!(told.contains(&line), "{told}");
    }
    stage.until_gone(0);
}

#[test]
fn a_port_that_is_taken_each_time_is_said() {
    let name = "rehearse_failures::a_port_that_is_taken_each_time_is_said";
    let Some(etcd) = real("etcd") else {
        eprintln!("skipped {name}: no etcd");
        return;
    };
    let stage = Stage::new(&format!("exec {} \"$@\"", etcd.display()));
    let taken = "case \"$*\" in --version) echo Kubernetes v1.37.2;; *) echo 'listen tcp 127.0.0.1:1: bind: address already in use'; exit 1;; esac";
    stage.program("kube-apiserver", taken);
    let output = stage.rehearse().wait_with_output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("`kube-apiserver` ended with exit status 1") && said.contains("address already in use"),
        "{said}"
    );
    let logs = kept_logs(&said);
    let (_, log) = logs
        .iter()
        .find(|(name, _)| name == "kube-apiserver.log")
        .unwrap();
    assert_eq!(
        log.matches("address already in use").count(),
        3,
        "three starts: {log}"
    );
    stage.until_gone(0);
}

#[test]
fn a_disk_that_is_full_is_said() {
    let name = "rehearse_failures::a_disk_that_is_full_is_said";
    let stage = Stage::new("exec sleep 600");
    // No room for the tree.
    let Some(child) = on_small_disk(&stage, "64k") else {
        eprintln!("skipped {name}: no right to mount");
        return;
    };
    let output = child.wait_with_output().unwrap();
    let told = said(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.to_lowercase().contains("no space left on device"), "{told}");
    assert!(stage.processes(0).is_empty());
    // Room for the tree, none for what etcd sets aside at its start.
    let Some(etcd) = real("etcd") else {
        eprintln!("skipped {name}, second half: no etcd");
        return;
    };
    let stage = Stage::new(&format!("exec {} \"$@\"", etcd.display()));
    let child = on_small_disk(&stage, "16m").unwrap();
    let output = child.wait_with_output().unwrap();
    let told = said(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("`etcd` ") && told.contains("no space left on device"),
        "{told}"
    );
    let logs = kept_logs(&told);
    assert!(
        logs.iter()
            .any(|(name, log)| name == "etcd.log" && log.contains("no space left on device")),
        "the logs are kept where there is room"
    );
    assert!(stage.processes(0).is_empty());
}

#[test]
fn nobody_waits_for_a_registry_that_hangs_when_the_rehearsal_is_over() {
    let (_listener, host) = silent_registry();
    let mirrors = [
        "--mirror",
        &format!("ghcr.io={host}"),
        "--mirror",
        &format!("quay.io={host}"),
    ];
    let cluster = ["--cluster", "infra"];
    // A part fails.
    let stage = Stage::new("exit 3");
    let start = Instant::now();
    let child = stage.start(&[cluster.as_slice(), mirrors.as_slice()].concat());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    stage.until_gone(0);
    // Somebody ends it.
    let stage = Stage::new("echo started\nexec sleep 600");
    let start = Instant::now();
    let child = stage.start(&[cluster.as_slice(), mirrors.as_slice()].concat());
    stage.until_started();
    signal("INT", child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("interrupted"), "{}", said(&output));
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    until("nothing left", || stage.processes(0).is_empty());
}
