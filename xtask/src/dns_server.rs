//! A real CoreDNS on this machine: started with the Corefile that its chart installed, against the API server of a rehearsal or
//! of a real cluster, and asked what the live scenarios want to know.

mod answers;

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ::live::{Access, AccessError, ConfigKey, Miss, NotVerified, Program, Programs, Question, Verdict};
use dns::{Corefile, Here, Listener, Upstream};
use rehearse::{Environment, Guest, Invitation, Run};
use tools::{Invocation, Toolbox};

/// The program whose configuration is understood here.
const COREDNS: &str = "coredns";
/// The time for a start; a machine under load takes its time.
const READY: Duration = Duration::from_secs(30);
/// The time for one question.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// The way to an API server.
#[derive(Debug, Clone)]
pub(crate) struct Kubeconfig {
    pub(crate) file: PathBuf,
    /// Its current one where none is named.
    pub(crate) context: Option<String>,
    /// Whether it may call programs of the user's that have to be told what the user's are told.
    pub(crate) environment: Environment,
}

/// What CoreDNS is started with.
pub(crate) struct Setup<'a> {
    /// Who ends it.
    pub(crate) run: &'a Run,
    /// Why there is none is the verdict on every question.
    pub(crate) kubeconfig: Result<Kubeconfig, String>,
    pub(crate) access: &'a dyn Access,
    pub(crate) toolbox: &'a Toolbox,
    /// Programs are looked for in these, then on PATH.
    pub(crate) bin_dirs: &'a [PathBuf],
}

/// Starts CoreDNS when it is first asked. It ends when this value is dropped.
pub(crate) struct DnsServers<'a> {
    setup: Setup<'a>,
    started: OnceCell<(ConfigKey, Result<Server<'a>, Verdict>)>,
}

/// A server that answers.
struct Server<'a> {
    guest: Guest<'a>,
    listeners: Vec<Listener>,
    addresses: BTreeMap<u16, std::net::SocketAddr>,
    upstream: Upstream,
    /// What it says of itself: `CoreDNS-1.15.0`.
    version: String,
    /// How many names it was asked for to make metrics.
    asked: Cell<usize>,
}

impl<'a> DnsServers<'a> {
    pub(crate) fn new(setup: Setup<'a>) -> Self {
        Self {
            setup,
            started: OnceCell::new(),
        }
    }

    /// What answered instead of what the pods run, where anything was asked.
    pub(crate) fn not_verified(&self) -> Option<NotVerified> {
        let (_, server) = self.started.get()?;
        let version = &server.as_ref().ok()?.version;
        Some(NotVerified {
            what: format!("the `{COREDNS}` of the chart's image"),
            why: format!("{version} of this machine answered"),
        })
    }

    /// Why there is no server is a verdict on every question.
    fn start(&self, program: &Program) -> Result<Result<Server<'a>, Verdict>, AccessError> {
        let kubeconfig = match &self.setup.kubeconfig {
            Ok(kubeconfig) => kubeconfig,
            Err(why) => return Ok(Err(Verdict::Deferred { why: why.clone() })),
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let Some((file, _)) = rehearse::program_file(COREDNS, self.setup.bin_dirs, &path) else {
            let why = "`coredns` is neither on PATH nor in `--bin-dir`".to_owned();
            return Ok(Err(Verdict::Deferred { why }));
        };
        let config = &program.config;
        let map = ::live::object(self.setup.access, &config.object())?;
        let text = map.as_ref().and_then(|map| map["data"][&config.key].as_str());
        let Some(text) = text else {
            let wanted = format!("`{}` with the key `{}`", config.object(), config.key);
            return Ok(Err(failed(wanted, "no such thing in the cluster")));
        };
        Ok(self.run(&file, kubeconfig, text).unwrap_or_else(Err))
    }

    fn run(
        &self,
        file: &Path,
        kubeconfig: &Kubeconfig,
        text: &str,
    ) -> Result<Result<Server<'a>, Verdict>, Verdict> {
        let deferred = |why: String| Verdict::Deferred { why };
        let corefile = Corefile::parse(text)
            .map_err(|error| deferred(format!("the Corefile is not run here: {error}")))?;
        let listeners = corefile.listeners();
        let ports = listeners.iter().map(|listener| listener.port);
        let places = self
            .setup
            .run
            .places(ports)
            .map_err(|error| deferred(error.to_string()))?;
        let addresses = places.addresses.clone();
        let upstream =
            Upstream::start().map_err(|error| deferred(format!("no stand-in upstream: {error}")))?;
        let adapted = corefile.adapt(&Here {
            addresses: &addresses,
            kubeconfig: &kubeconfig.file.to_string_lossy(),
            context: kubeconfig.context.as_deref(),
            upstream: upstream.address(),
        });
        let invitation = Invitation {
            name: COREDNS,
            program: file,
            flag: "conf",
            configuration: &adapted,
            environment: kubeconfig.environment,
        };
        let guest = self
            .setup
            .run
            .invite(&invitation, places)
            .map_err(|error| deferred(error.to_string()))?;
        let server = Server {
            guest,
            listeners,
            addresses,
            upstream,
            version: version(file),
            asked: Cell::new(0),
        };
        Ok(server.until_ready())
    }
}

impl Programs for DnsServers<'_> {
    fn ask(&self, program: &Program, question: &Question) -> Result<Verdict, AccessError> {
        if program.name != COREDNS {
            let why = format!(
                "how to start `{}` is not known here, only `{COREDNS}`",
                program.name
            );
            return Ok(Verdict::Deferred { why });
        }
        if self.started.get().is_none() {
            let started = self.start(program)?;
            let _once = self.started.set((program.config.clone(), started));
        }
        match self.started.get() {
            Some((config, _)) if *config != program.config => Ok(Verdict::Deferred {
                why: format!(
                    "`{COREDNS}` runs here with the configuration of `{}`",
                    config.object()
                ),
            }),
            Some((_, Ok(server))) => answers::judge(
                server,
                self.setup.access,
                self.setup.toolbox,
                &program.name,
                question,
            ),
            Some((_, Err(Verdict::Deferred { why }))) => Ok(Verdict::Deferred { why: why.clone() }),
            Some((_, Err(Verdict::Failed { misses }))) => Ok(Verdict::Failed {
                misses: misses.clone(),
            }),
            Some((_, Err(Verdict::Passed { .. }))) | None => Ok(Verdict::Deferred {
                why: format!("`{COREDNS}` was not started"),
            }),
        }
    }
}

impl<'a> Server<'a> {
    /// Waits for what a readiness probe would wait for, the plugin `ready`, and for an answer: the server may listen later.
    fn until_ready(self) -> Result<Server<'a>, Verdict> {
        let start = Instant::now();
        loop {
            if let Err(error) = self.guest.check() {
                return Err(failed(
                    "CoreDNS starts with the installed Corefile",
                    error.to_string(),
                ));
            }
            let mut ready = self.listeners.iter().filter(|listener| listener.what == "ready");
            let says_so = |listener: &Listener| {
                let page = dns::page(self.address(listener), "/ready", PATIENCE);
                matches!(page, Ok((200, _)))
            };
            let answers = |listener: &Listener| dns::ask(self.address(listener), ".", "NS", PATIENCE).is_ok();
            let is_ready = ready.all(says_so) && self.listeners.first().is_none_or(answers);
            if is_ready {
                return Ok(self);
            }
            if start.elapsed() > READY {
                let found = format!("it was not ready after {} s", READY.as_secs());
                return Err(failed("CoreDNS gets ready with the installed Corefile", found));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Where a listener is on this machine.
    fn address(&self, listener: &Listener) -> std::net::SocketAddr {
        let known = self.addresses.get(&listener.port).copied();
        known.unwrap_or_else(|| std::net::SocketAddr::from(([127, 0, 0, 1], listener.port)))
    }
}

/// What the program says first when it is asked for its version.
fn version(file: &Path) -> String {
    let call = Invocation::new(file).arg("-version").timeout(PATIENCE);
    let said = call
        .run()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let said = said.unwrap_or_default();
    said.lines()
        .next()
        .map_or_else(|| COREDNS.to_owned(), |line| line.trim().to_owned())
}

fn failed(wanted: impl Into<String>, found: impl Into<String>) -> Verdict {
    Verdict::Failed {
        misses: vec![Miss::new(wanted, found)],
    }
}
