//! A program may hang, flood, crash, leave children behind or print rubbish: the caller gets an answer in
//! bounded time.

use std::time::{Duration, Instant};

use tools::{Invocation, Output, ToolError};

use crate::fake::Fakes;

/// More than any bounded case may take, less than the fakes would hang.
const PATIENCE: Duration = Duration::from_mins(1);

fn shell(script: &str) -> Invocation {
    Invocation::new("/bin/sh").args(["-c", script])
}

fn within_patience(call: &Invocation) -> Result<Output, ToolError> {
    let started = Instant::now();
    let result = call.run();
    assert!(started.elapsed() < PATIENCE, "took {:?}", started.elapsed());
    result
}

#[test]
fn returns_all_output_byte_for_byte() {
    let output = shell(r"printf 'a\377b'; printf 'c\377d' >&2").run().unwrap();
    assert_eq!(output.stdout, b"a\xffb");
    assert_eq!(output.stderr, "c\u{fffd}d");
    assert_eq!(output.status, 0);
}

#[test]
fn passes_arguments_without_a_shell() {
    let output = Invocation::new("/bin/echo")
        .args(["$HOME", "*", "a  b", "; false"])
        .run()
        .unwrap();
    assert_eq!(output.stdout, b"$HOME * a  b ; false\n");
}

#[test]
fn passes_folder_and_variables() {
    let fakes = Fakes::new();
    let folder = fakes.folder().canonicalize().unwrap();
    let output = shell(r#"pwd -P; printf %s "$GREETING""#)
        .cwd(&folder)
        .env("GREETING", "hello")
        .run()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{}\nhello", folder.display())
    );
}

#[test]
fn feeds_more_stdin_than_a_pipe_holds() {
    let input = vec![b'x'; 4 << 20];
    let output = Invocation::new("/bin/cat").stdin(input.clone()).run().unwrap();
    assert_eq!(output.stdout, input);
}

#[test]
fn survives_a_program_that_does_not_read_its_stdin() {
    let output = shell("echo done").stdin(vec![b'x'; 4 << 20]).run().unwrap();
    assert_eq!(output.stdout, b"done\n");
}

#[test]
fn stdin_is_empty_unless_given() {
    assert_eq!(Invocation::new("/bin/cat").run().unwrap().stdout, b"");
}

#[test]
fn failure_shows_command_line_status_and_the_last_lines_of_stderr() {
    let call = shell("i=0; while [ $i -lt 30 ]; do echo line $i >&2; i=$((i+1)); done; exit 3");
    let Err(ToolError::Failed {
        argv,
        status,
        stderr_tail,
    }) = call.run()
    else {
        panic!("did not fail")
    };
    assert_eq!(argv, call.command_line());
    assert_eq!(status, 3);
    assert_eq!(stderr_tail.lines().count(), 20);
    assert!(stderr_tail.ends_with("line 29"), "{stderr_tail}");
}

#[test]
fn accepts_a_status_that_is_an_answer() {
    assert_eq!(shell("exit 1").run_accepting(&[0, 1]).unwrap().status, 1);
}

#[test]
fn exit_by_signal_is_a_negative_status() {
    let error = shell("kill -TERM $$").run().unwrap_err();
    assert!(matches!(error, ToolError::Failed { status: -15, .. }), "{error}");
    assert!(error.to_string().contains("was ended by signal 15"), "{error}");
}

#[test]
fn stops_a_program_that_hangs() {
    let call = shell("echo waiting >&2; exec sleep 600").timeout(Duration::from_secs(1));
    let Err(ToolError::Timeout {
        after, stderr_tail, ..
    }) = within_patience(&call)
    else {
        panic!("did not time out")
    };
    assert_eq!(after, Duration::from_secs(1));
    assert_eq!(stderr_tail, "waiting");
}

#[test]
fn stops_a_program_that_hangs_with_its_output_closed() {
    let call = shell("exec >&- 2>&-; exec sleep 600").timeout(Duration::from_secs(1));
    assert!(matches!(within_patience(&call), Err(ToolError::Timeout { .. })));
}

#[test]
#[cfg(target_os = "linux")]
fn stops_the_children_of_a_program_that_hangs() {
    let fakes = Fakes::new();
    let file = fakes.path("pid");
    let call = shell("sleep 600 & echo $! > \"$0\"; wait")
        .arg(&file)
        .timeout(Duration::from_secs(2));
    assert!(matches!(within_patience(&call), Err(ToolError::Timeout { .. })));
    let stat = format!("/proc/{}/stat", std::fs::read_to_string(file).unwrap().trim());
    let started = Instant::now();
    // Signals arrive soon, not at once; where nobody reaps orphans, a dead child stays as a zombie (`Z`).
    while std::fs::read_to_string(&stat).is_ok_and(|line| !line.contains(") Z ")) {
        assert!(started.elapsed() < PATIENCE, "the child still runs");
        std::thread::yield_now();
    }
}

#[test]
fn stops_a_program_that_floods() {
    for script in ["yes", "yes >&2"] {
        let error = within_patience(&shell(script).max_output(1 << 20)).unwrap_err();
        assert!(
            matches!(error, ToolError::TooMuchOutput { limit: 0x10_0000, .. }),
            "{error}"
        );
    }
}

#[test]
fn takes_output_up_to_its_bound() {
    let exact = shell("printf abcdef; printf ghij >&2");
    assert!(exact.clone().max_output(10).run().is_ok());
    assert!(matches!(
        exact.max_output(9).run(),
        Err(ToolError::TooMuchOutput { limit: 9, .. })
    ));
}

#[test]
fn does_not_wait_for_a_grandchild_that_keeps_stdout_open() {
    let output = within_patience(&shell("sleep 600 & echo answer")).unwrap();
    assert_eq!(
        (output.stdout.as_slice(), output.status),
        (b"answer\n".as_slice(), 0)
    );
}

#[test]
#[cfg(target_os = "linux")]
fn does_not_wait_for_a_grandchild_that_left_the_group() {
    let started = Instant::now();
    let output = shell("setsid sleep 30 & echo answer").run().unwrap();
    assert_eq!(output.stdout, b"answer\n");
    assert!(
        started.elapsed() < Duration::from_secs(25),
        "took {:?}",
        started.elapsed()
    );
}

#[test]
fn a_file_that_is_no_program_is_not_started() {
    let fakes = Fakes::new();
    for program in [fakes.path("absent"), fakes.folder().to_owned()] {
        let error = Invocation::new(&program).run().unwrap_err();
        assert!(matches!(error, ToolError::Spawn { .. }), "{error}");
        assert!(error.to_string().contains(program.to_str().unwrap()), "{error}");
    }
}
