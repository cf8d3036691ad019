//! Trouble in the middle of a rehearsal with the real programs: waited out, or named, and never taken for the repository's.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::rehearse_real::{alone, repo};
use crate::repo::Repo;
use crate::stage::{Stage, kept_logs, on_small_disk, real, signal, silent_registry, until};

/// Values with which the component of [`repo`] installs.
const GOOD: &str = "    address: ${COREDNS_CLUSTER_IP}\n    podDisruptionBudget: {minAvailable: 1}\n";
const INFRA: [&str; 3] = ["--cluster", "infra", "--offline"];

/// A stage with the real programs and one component; none, said, where a program is missing.
fn stage(test: &str, values: &str) -> Option<Stage> {
    Some(of(alone(&format!("rehearse_trouble::{test}"), values)?))
}

fn of(repo: Repo) -> Stage {
    let stage = Stage::of(repo, "");
    stage.take_real_programs();
    stage
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a log of the rehearsal that runs holds now.
fn log(stage: &Stage, name: &str) -> String {
    let folders = stage.folders().into_iter();
    let texts = folders.filter_map(|folder| fs::read_to_string(folder.join("logs").join(name)).ok());
    texts.collect()
}

#[test]
fn a_controller_that_is_killed_while_it_works_is_named() {
    let Some(stage) = stage("a_controller_that_is_killed_while_it_works_is_named", GOOD) else {
        return;
    };
    let child = stage.start(&INFRA);
    until("helm-controller at work", || {
        log(&stage, "helm-controller.log").contains("\"name\":\"dns\"")
    });
    let is_helm_controller = |pid: &u32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split('\0')
            .next()
            .is_some_and(|program| program.ends_with("helm-controller"))
    };
    let pid = stage
        .processes(child.id())
        .into_iter()
        .find(is_helm_controller)
        .unwrap();
    signal("KILL", pid);
    let output = child.wait_with_output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("`helm-controller` was ended by signal 9; the end of its log:")
            && said.contains("\"name\":\"dns\""),
        "{said}"
    );
    let logs = kept_logs(&said);
    assert!(
        logs.iter()
            .any(|(name, log)| name == "helm-controller.log" && !log.is_empty())
    );
    stage.until_gone(0);
}

/// Puts a wrapper around a program that, the first time, says which port it was given and waits until that is taken.
fn loses_its_port(stage: &Stage, name: &str, flag: &str, signal: &Path) {
    let body = format!(
        "program={}\ncase \"$*\" in --version) exec $program --version;; esac\n\
         if [ ! -e {signal} ]; then\n\
         for argument in \"$@\"; do case \"$argument\" in --{flag}=*) echo \"${{argument##*[=:]}}\" >{signal}.new;; esac; done\n\
         mv {signal}.new {signal}\nwhile [ ! -e {signal}.taken ]; do sleep 0.1; done\nfi\nexec $program \"$@\"",
        real(name).unwrap().display(),
        signal = signal.display(),
    );
    stage.program(name, &body);
}

#[test]
fn a_port_that_somebody_else_takes_is_replaced() {
    for (name, flag) in [
        ("kube-apiserver", "secure-port"),
        ("source-controller", "storage-addr"),
    ] {
        let Some(stage) = stage("a_port_that_somebody_else_takes_is_replaced", GOOD) else {
            return;
        };
        let signals = tempfile::tempdir().unwrap();
        let signal: PathBuf = signals.path().join("port");
        loses_its_port(&stage, name, flag, &signal);
        let child = stage.start(&INFRA);
        until("a port that is chosen", || signal.exists());
        let port: u16 = fs::read_to_string(&signal).unwrap().trim().parse().unwrap();
        let _ours = TcpListener::bind(("127.0.0.1", port)).unwrap();
        fs::write(signals.path().join("port.taken"), "").unwrap();
        let output = child.wait_with_output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        assert!(
            said.contains("a port was taken by somebody else"),
            "{name}: {said}"
        );
        stage.until_gone(0);
    }
}

#[test]
fn programs_that_take_their_time_are_waited_for() {
    let Some(stage) = stage("programs_that_take_their_time_are_waited_for", GOOD) else {
        return;
    };
    for name in crate::stage::PROGRAMS {
        stage.program(
            name,
            &format!("sleep 3\nexec {} \"$@\"", real(name).unwrap().display()),
        );
    }
    let output = stage.start(&INFRA).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    stage.until_gone(0);
}

#[test]
fn a_registry_that_hangs_defers_its_charts() {
    let test = "rehearse_trouble::a_registry_that_hangs_defers_its_charts";
    let Some(stage) = repo(test, GOOD).map(of) else {
        return;
    };
    let (_listener, host) = silent_registry();
    let mirrors = [format!("quay.io={host}"), format!("ghcr.io={host}")];
    let arguments = [
        "--cluster",
        "infra",
        "--timeout",
        "50s",
        "--mirror",
        &mirrors[0],
        "--mirror",
        &mirrors[1],
    ];
    let output = stage.start(&arguments).wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told} {}", said(&output));
    assert!(
        told.contains("OCIRepository/flux-system/cilium-charts: `oci://quay.io/cilium/charts/cilium` is neither in the cache"),
        "{told}"
    );
    stage.until_gone(0);
}

#[test]
fn a_disk_that_fills_up_is_not_the_repositorys_fault() {
    let test = "a_disk_that_fills_up_is_not_the_repositorys_fault";
    let Some(stage) = stage(test, GOOD) else {
        return;
    };
    let Some(child) = on_small_disk(&stage, "400m") else {
        eprintln!("skipped rehearse_trouble::{test}: no right to mount");
        return;
    };
    // The file system is that of the command alone.
    let disk = PathBuf::from(format!(
        "/proc/{}/root{}",
        child.id(),
        stage.temporary.path().display()
    ));
    let has_begun = || {
        let bases = fs::read_dir(&disk).into_iter().flatten().filter_map(Result::ok);
        let runs = bases.flat_map(|base| {
            fs::read_dir(base.path())
                .into_iter()
                .flatten()
                .filter_map(Result::ok)
        });
        runs.into_iter()
            .any(|run| run.path().join("logs/source-controller.log").exists())
    };
    until("source-controller", has_begun);
    let mut file = fs::File::create(disk.join("filler")).unwrap();
    let block = vec![0; 65536];
    while file.write_all(&block).is_ok() {}
    let output = child.wait_with_output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no space left on device"), "{said}");
    assert!(stage.processes(0).is_empty());
}

#[test]
fn what_is_kept_and_what_is_said_holds_no_secret() {
    let wrong = "    address: ${COREDNS_CLUSTER_IP}\n    podDisruptionBudget: {enabled: true}\n";
    let Some(stage) = stage("what_is_kept_and_what_is_said_holds_no_secret", wrong) else {
        return;
    };
    let child = stage.start(&INFRA);
    let tokens = || -> Option<String> {
        let run = stage.folders().into_iter().next()?;
        let entries = fs::read_dir(run).ok()?.filter_map(Result::ok);
        let mut files = entries.filter_map(|entry| fs::read_to_string(entry.path().join("tokens.csv")).ok());
        files.next().filter(|text| text.ends_with('\n'))
    };
    until("a token", || tokens().is_some());
    let token = tokens().unwrap().split(',').next().unwrap().to_owned();
    assert_eq!(token.len(), 48, "what is looked for is the token");
    let output = child.wait_with_output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let mut texts = kept_logs(&said);
    assert!(
        texts.iter().any(|(name, _)| name == "source-controller.log"),
        "{said}"
    );
    texts.push((
        "stdout".to_owned(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    ));
    texts.push(("stderr".to_owned(), said));
    for (name, text) in texts {
        assert!(!text.contains(&token), "{name} holds the token");
        assert!(!text.contains("PRIVATE KEY"), "{name} holds a key");
        // The name below which git and charts are served is all that keeps others from them.
        let served = text.split("127.0.0.1:").filter_map(|rest| rest.split_once('/'));
        for (_, path) in served {
            let path = path.trim_start_matches("v2/");
            let digits = path.chars().take_while(char::is_ascii_hexdigit).count();
            assert!(digits < 24, "{name} holds the name of what is served: {path:.80}");
        }
    }
}
