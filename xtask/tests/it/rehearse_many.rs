//! Many rehearsals, half of them interrupted at random moments: afterwards nothing of them is there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::process::Child;
use std::time::{Duration, SystemTime};

use crate::repo::Repo;
use crate::stage::{self, Stage, signal};

/// Numbers that a seed repeats.
struct Random(u64);

impl Random {
    /// From `XTASK_SEED`, else from the clock.
    fn new() -> Self {
        let given = std::env::var("XTASK_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let clock = SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(1, |time| time.subsec_nanos().into());
        Self(given.unwrap_or(clock))
    }

    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's multiplier; the upper half is random enough to pick moments.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Waits for the end, or until the moment comes; notes the ports that are set aside meanwhile.
fn watch(stage: &Stage, child: &mut Child, moment: Option<Duration>, ports: &mut BTreeSet<u16>) {
    let start = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        let bases = fs::read_dir(stage.temporary.path())
            .into_iter()
            .flatten()
            .filter_map(Result::ok);
        let locks = bases.flat_map(|base| fs::read_dir(base.path().join("ports")).into_iter().flatten());
        ports.extend(locks.filter_map(|lock| lock.ok()?.file_name().to_str()?.parse::<u16>().ok()));
        if moment.is_some_and(|moment| start.elapsed() > moment) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Rehearses so often, every second time only for a random part of the time; says how each ended.
fn many(stage: &Stage, count: usize, longest: Duration, arguments: &[&str]) -> String {
    let mut random = Random::new();
    let mut ends = format!("seed {}", random.0);
    let mut ports = BTreeSet::new();
    for n in 0..count {
        let mut child = stage.start(arguments);
        // What it says is read so that it never waits for a reader.
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let readers = [
            std::thread::spawn(move || out.map(std::io::read_to_string)),
            std::thread::spawn(move || err.map(std::io::read_to_string)),
        ];
        let milliseconds = u64::try_from(longest.as_millis()).unwrap();
        let moment = (n % 2 == 0).then(|| Duration::from_millis(random.below(milliseconds)));
        watch(stage, &mut child, moment, &mut ports);
        let name = ["INT", "TERM", "HUP", "KILL"][usize::try_from(random.below(4)).unwrap()];
        if let Some(moment) = moment {
            if child.try_wait().unwrap().is_none() {
                signal(name, child.id());
            }
            let _ = write!(ends, "\n{n}: SIG{name} after {moment:?}");
        }
        let status = child.wait().unwrap();
        let _ = write!(ends, "\n{n}: {status}");
        for reader in readers {
            let _text = reader.join().unwrap();
        }
    }
    stage.until_gone(0);
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(
        !mounts.contains(stage.temporary.path().to_str().unwrap()),
        "a mount is left: {ends}"
    );
    assert!(!ports.is_empty(), "no port was ever set aside: {ends}");
    for port in ports {
        assert!(
            TcpListener::bind(("127.0.0.1", port)).is_ok(),
            "port {port} is in use: {ends}"
        );
    }
    ends
}

#[test]
fn nothing_is_left_of_twenty_rehearsals_half_of_them_interrupted() {
    // etcd leaves a child of its own in another group, lives for a second and fails.
    let stage = Stage::new("setsid sleep 600 &\necho started\nsleep 1\nexit 3");
    let arguments = ["--cluster", "infra", "--offline"];
    many(&stage, 20, Duration::from_secs(2), &arguments);
}

/// With the real programs, as often as `XTASK_REHEARSALS` says.
#[test]
fn nothing_is_left_of_real_rehearsals_half_of_them_interrupted() {
    let name = "rehearse_many::nothing_is_left_of_real_rehearsals_half_of_them_interrupted";
    let count = std::env::var("XTASK_REHEARSALS")
        .ok()
        .and_then(|count| count.parse().ok());
    let (Some(count), None) = (count, stage::missing()) else {
        eprintln!("skipped {name}: no XTASK_REHEARSALS, or a program is missing");
        return;
    };
    let stage = Stage::of(Repo::copy(), "");
    stage.take_real_programs();
    let arguments = ["--cluster", "infra", "--offline"];
    eprintln!("{}", many(&stage, count, Duration::from_secs(25), &arguments));
}
