//! The real CoreDNS of a rehearsal: started with the Corefile that its chart installed, against the rehearsal's API server, and
//! asked what the live scenarios want to know.

mod answers;

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ::live::{Access, AccessError, ConfigKey, Miss, Program, Programs, Question, Verb, Verdict};
use dns::{Corefile, Here, Listener, Upstream};
use rehearse::{Guest, Plane};
use tools::Toolbox;

/// The program whose configuration is understood here.
const COREDNS: &str = "coredns";
/// The time for a start; a machine under load takes its time.
const READY: Duration = Duration::from_secs(30);
/// The time for one question.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts CoreDNS when it is first asked. It ends when this value is dropped.
pub(super) struct DnsServers<'a> {
    plane: &'a Plane<'a>,
    access: &'a dyn Access,
    toolbox: &'a Toolbox,
    folders: Vec<PathBuf>,
    started: OnceCell<(ConfigKey, Result<Server<'a>, Verdict>)>,
}

/// A server that answers.
struct Server<'a> {
    guest: Guest<'a>,
    listeners: Vec<Listener>,
    addresses: BTreeMap<u16, std::net::SocketAddr>,
    upstream: Upstream,
    /// How many names it was asked for to make metrics.
    asked: Cell<usize>,
}

impl<'a> DnsServers<'a> {
    /// Programs are looked for in `folders`, in this order.
    pub(super) fn new(
        plane: &'a Plane<'a>,
        access: &'a dyn Access,
        toolbox: &'a Toolbox,
        folders: Vec<PathBuf>,
    ) -> Self {
        Self {
            plane,
            access,
            toolbox,
            folders,
            started: OnceCell::new(),
        }
    }

    /// Why there is no server is a verdict on every question.
    fn start(&self, program: &Program) -> Result<Result<Server<'a>, Verdict>, AccessError> {
        let mut files = self.folders.iter().map(|folder| folder.join(COREDNS));
        let Some(file) = files.find(|file| file.is_file()) else {
            let why = "`coredns` is neither on PATH nor in `--bin-dir`".to_owned();
            return Ok(Err(Verdict::Deferred { why }));
        };
        let config = &program.config;
        let path = format!(
            "/api/v1/namespaces/{}/configmaps/{}",
            config.namespace, config.name
        );
        let answer = self.access.ask(Verb::Get, &path, None)?;
        let text = answer
            .body
            .pointer("/data")
            .and_then(|data| data[&config.key].as_str());
        let Some(text) = text.filter(|_| answer.status == 200) else {
            let wanted = format!("`{}` with the key `{}`", config.object(), config.key);
            return Ok(Err(failed(wanted, "no such thing in the cluster")));
        };
        Ok(self.run(&file, text).unwrap_or_else(Err))
    }

    fn run(&self, file: &std::path::Path, text: &str) -> Result<Result<Server<'a>, Verdict>, Verdict> {
        let deferred = |why: String| Verdict::Deferred { why };
        let corefile = Corefile::parse(text)
            .map_err(|error| deferred(format!("the Corefile is not run here: {error}")))?;
        let listeners = corefile.listeners();
        let ports = listeners.iter().map(|listener| listener.port);
        let places = self
            .plane
            .places(ports)
            .map_err(|error| deferred(error.to_string()))?;
        let addresses = places.addresses.clone();
        let upstream =
            Upstream::start().map_err(|error| deferred(format!("no stand-in upstream: {error}")))?;
        let adapted = corefile.adapt(&Here {
            addresses: &addresses,
            kubeconfig: &self.plane.kubeconfig().to_string_lossy(),
            upstream: upstream.address(),
        });
        let guest = self
            .plane
            .invite(COREDNS, file, "conf", &adapted.text, places)
            .map_err(|error| deferred(error.to_string()))?;
        let server = Server {
            guest,
            listeners,
            addresses,
            upstream,
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
            Some((_, Ok(server))) => {
                answers::judge(server, self.access, self.toolbox, &program.name, question)
            }
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

fn failed(wanted: impl Into<String>, found: impl Into<String>) -> Verdict {
    Verdict::Failed {
        misses: vec![Miss::new(wanted, found)],
    }
}
