//! The real CoreDNS and promtool, where they are: a Corefile is made fit, questions are answered, alerts fire when they should.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests start a real server and say what they skip"
)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dns::{Alerts, Behaviour, Corefile, Here, Sample, Scrape, Upstream, ask, page, rules_test, samples};

const PATIENCE: Duration = Duration::from_secs(20);
/// The installed Corefile without the plugin that needs an API server.
const COREFILE: &str = ".:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    prometheus 0.0.0.0:9153
    forward . /etc/resolv.conf
    loop
    loadbalance
}
";
const RULES: &str = r#"groups:
- name: dns
  rules:
  - {alert: Absent, expr: 'absent(up{job="dns"})', for: 5m}
  - {alert: Down, expr: 'up{job="dns"} == 0', for: 5m}
  - alert: Errors
    expr: sum(rate(coredns_dns_responses_total{rcode="SERVFAIL"}[5m])) / sum(rate(coredns_dns_responses_total[5m])) > 0.05
    for: 10m
  - alert: Slow
    expr: histogram_quantile(0.99, sum by (le) (rate(coredns_dns_request_duration_seconds_bucket[5m]))) > 1
    for: 10m
"#;

struct Server {
    child: Child,
    _folder: tempfile::TempDir,
    addresses: BTreeMap<u16, SocketAddr>,
    upstream: Upstream,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A program in `XTASK_TOOLS_DIR` or on PATH.
fn program(test: &str, name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("XTASK_TOOLS_DIR").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = given.into_iter().chain(std::env::split_paths(&path));
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    if found.is_none() {
        eprintln!("skipped real_coredns::{test}: no `{name}`");
    }
    found
}

fn start(test: &str) -> Option<Server> {
    let program = program(test, "coredns")?;
    let corefile = Corefile::parse(COREFILE).unwrap();
    let sockets: Vec<(u16, TcpListener)> = corefile
        .listeners()
        .iter()
        .map(|listener| {
            (
                listener.port,
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
            )
        })
        .collect();
    let addresses: BTreeMap<u16, SocketAddr> = sockets
        .iter()
        .map(|(port, socket)| (*port, socket.local_addr().unwrap()))
        .collect();
    drop(sockets);
    let upstream = Upstream::start().unwrap();
    let adapted = corefile.adapt(&Here {
        addresses: &addresses,
        kubeconfig: "",
        context: None,
        upstream: upstream.address(),
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Corefile");
    std::fs::write(&file, adapted).unwrap();
    let child = Command::new(program)
        .arg("-conf")
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server {
        child,
        _folder: folder,
        addresses,
        upstream,
    };
    let start = Instant::now();
    while server.get(8181, "/ready").0 != 200 {
        assert!(start.elapsed() < PATIENCE, "not ready");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(server)
}

impl Server {
    fn get(&self, port: u16, path: &str) -> (u16, String) {
        page(self.addresses[&port], path, PATIENCE).unwrap_or_default()
    }

    fn metrics(&self) -> Vec<Sample> {
        samples(&self.get(9153, "/metrics").1)
    }

    /// The metrics before and after some questions for outside names, each another one.
    fn asked(&self, code: &str) -> [Vec<Sample>; 2] {
        let before = self.metrics();
        std::thread::scope(|scope| {
            for n in 0..10 {
                let name = format!("n{n}.outside.test");
                self.upstream.know(&name);
                scope.spawn(move || {
                    let answer = ask(self.addresses[&53], &name, "A", PATIENCE).unwrap();
                    assert_eq!(answer.code, code);
                });
            }
        });
        [before, self.metrics()]
    }
}

/// What promtool says when `fires` is the one alert that is wanted.
fn problems(scrape: Scrape<'_>, fires: &str) -> Vec<String> {
    let all = ["Absent", "Down", "Errors", "Slow"].map(str::to_owned);
    let (fires, quiet): (Vec<String>, Vec<String>) = all.into_iter().partition(|name| name == fires);
    let alerts = Alerts {
        fires: &fires,
        quiet: &quiet,
    };
    let test = rules_test(tools::promtool::RULES_FILE, scrape, alerts).to_string();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let toolbox = tools::Toolbox::discover(&BTreeMap::new(), &path);
    tools::promtool::test_rules(&toolbox, RULES.as_bytes(), test.as_bytes())
        .unwrap()
        .problems
}

#[test]
fn alerts_fire_on_the_metrics_of_a_server_in_trouble_and_not_on_those_of_a_healthy_one() {
    let name = "alerts";
    let (Some(server), Some(_)) = (start(name), program(name, "promtool")) else {
        return;
    };
    let scrape = |[before, after]: &[Vec<Sample>; 2], up, fires: &str| {
        let scrape = Scrape {
            before,
            after,
            target: &[("job", "dns"), ("instance", "a")],
            up,
        };
        problems(scrape, fires)
    };
    let healthy = server.asked("NOERROR");
    assert_eq!(scrape(&healthy, Some(true), "none"), Vec::<String>::new());
    assert_eq!(scrape(&healthy, None, "Absent"), Vec::<String>::new());
    assert_eq!(scrape(&healthy, Some(false), "Down"), Vec::<String>::new());
    let said = scrape(&healthy, Some(true), "Errors").join("\n");
    assert!(
        said.contains("Errors"),
        "an alert that does not fire is told: {said}"
    );
    server.upstream.behave(Behaviour::Fails);
    assert_eq!(
        scrape(&server.asked("SERVFAIL"), Some(true), "Errors"),
        Vec::<String>::new()
    );
    server
        .upstream
        .behave(Behaviour::Late(Duration::from_millis(1500)));
    assert_eq!(
        scrape(&server.asked("NOERROR"), Some(true), "Slow"),
        Vec::<String>::new()
    );
}

#[test]
fn an_installed_corefile_answers_here() {
    let Some(server) = start("answers") else { return };
    server.upstream.know("x.outside.test");
    let answer = ask(server.addresses[&53], "x.outside.test", "A", PATIENCE).unwrap();
    assert_eq!(
        (answer.code.as_str(), answer.records),
        ("NOERROR", vec!["192.0.2.53".to_owned()])
    );
    assert_eq!(server.upstream.asked("x.outside.test"), 1);
    let other = ask(server.addresses[&53], "x.example.org", "A", PATIENCE).unwrap();
    assert_eq!(other.code, "NXDOMAIN");
    assert_eq!(server.get(8080, "/health"), (200, "OK".to_owned()));
    assert_eq!(server.get(8080, "/nothing").0, 404);
    let total: f64 = server
        .metrics()
        .iter()
        .filter(|sample| sample.name == "coredns_dns_requests_total")
        .map(|sample| sample.value)
        .sum();
    assert!(total >= 2.0, "{total}");
}
