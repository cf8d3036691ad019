//! What CoreDNS answers, and whether it is what a scenario wants.

use std::net::SocketAddr;
use std::time::Duration;

use ::live::{Access, AccessError, Alerts, Dns, DnsAnswer, Given, Http, Metric, Miss, Question, Verdict};
use dns::{Behaviour, OUTSIDE, Sample, Scrape, ask, page, rules_test, samples};
use scenarios::ObjectName;
use serde_json::{Value as Json, json};
use tools::{ToolError, Toolbox, promtool};

use super::{PATIENCE, Server, failed};

/// The zone of the questions that make metrics; `.test` never exists (RFC 6761).
const ZONE: &str = "outside.test";
/// How many of them are asked.
const QUESTIONS: usize = 10;
/// How late a slow upstream answers: more than an alert on latency allows, less than the questions wait.
const LATE: Duration = Duration::from_millis(1500);

pub(super) fn judge(
    server: &Server<'_>,
    access: &dyn Access,
    toolbox: &Toolbox,
    program: &str,
    question: &Question,
) -> Result<Verdict, AccessError> {
    match question {
        Question::Dns(question) => dns(server, access, question),
        Question::Http(question) => Ok(http(server, question)),
        Question::Metric(question) => Ok(metric(server, question)),
        Question::Alerts(question) => alerts(server, access, toolbox, program, question),
    }
}

fn dns(server: &Server<'_>, access: &dyn Access, question: &Dns) -> Result<Verdict, AccessError> {
    let (name, kind) = (&question.ask, &question.record_type);
    let Some(address) = server.dns() else {
        return Ok(failed("a server block", "none in the Corefile"));
    };
    if question.answer == DnsAnswer::Forwards {
        server.upstream.know(name);
    }
    let before = server.upstream.asked(name);
    let found = match ask(address, name, kind, PATIENCE) {
        Ok(found) => found,
        Err(error) => return Ok(failed(format!("an answer for {name} {kind}"), error.to_string())),
    };
    let said = if found.records.is_empty() {
        found.code.clone()
    } else {
        format!("{} {}", found.code, found.records.join(", "))
    };
    let holds = |does: bool, wanted: &str| {
        if does {
            Verdict::Passed { seen: said.clone() }
        } else {
            failed(format!("{name} {kind} {wanted}"), said.clone())
        }
    };
    let are = |mut wanted: Vec<String>| {
        wanted.sort();
        holds(
            found.code == "NOERROR" && found.records == wanted,
            &wanted.join(", "),
        )
    };
    Ok(match &question.answer {
        DnsAnswer::Are(wanted) => are(wanted.clone()),
        DnsAnswer::ServiceOf(service) => match addresses(access, service, kind)? {
            none if none.is_empty() => failed(
                format!("`{service}` with a clusterIP"),
                "no such Service in the cluster",
            ),
            addresses => are(addresses),
        },
        DnsAnswer::Says(code) => holds(found.code == *code && found.records.is_empty(), code),
        DnsAnswer::Forwards => {
            let is_asked = server.upstream.asked(name) > before;
            if is_asked && found.records == [OUTSIDE.to_string()] {
                Verdict::Passed {
                    seen: format!("{said}, from the stand-in upstream"),
                }
            } else {
                let asked = if is_asked { "was" } else { "was not" };
                failed(
                    format!("{name} {kind} {OUTSIDE}, from the upstream"),
                    format!("{said}; the upstream {asked} asked"),
                )
            }
        }
    })
}

/// The addresses of a Service of the family that the record type has.
fn addresses(access: &dyn Access, service: &ObjectName, kind: &str) -> Result<Vec<String>, AccessError> {
    let object = live::object(access, service)?.unwrap_or_default();
    let addresses = object.pointer("/spec/clusterIPs").and_then(Json::as_array);
    let addresses = addresses.into_iter().flatten().filter_map(Json::as_str);
    Ok(addresses
        .filter(|address| address.contains(':') == (kind == "AAAA"))
        .map(str::to_owned)
        .collect())
}

fn http(server: &Server<'_>, question: &Http) -> Verdict {
    let Http { port, path, status } = question;
    match server.page(*port, path) {
        Ok((found, _)) if found == *status => Verdict::Passed {
            seen: format!("{found} at {port}{path}"),
        },
        Ok((found, _)) => failed(format!("{status} at {port}{path}"), found.to_string()),
        Err(found) => failed(format!("{status} at {port}{path}"), found),
    }
}

fn metric(server: &Server<'_>, question: &Metric) -> Verdict {
    let Metric { port, path, name } = question;
    let wanted = format!("{name} at {port}{path}");
    server.be_asked();
    match server.page(*port, path) {
        Ok((200, page)) => {
            let samples = samples(&page);
            let found: Vec<&Sample> = samples.iter().filter(|sample| sample.name == *name).collect();
            let sum: f64 = found.iter().map(|sample| sample.value).sum();
            match found.len() {
                0 => failed(wanted, format!("{} other series", samples.len())),
                count => Verdict::Passed {
                    seen: format!("{count} series, sum {sum}"),
                },
            }
        }
        Ok((status, _)) => failed(wanted, format!("status {status}")),
        Err(found) => failed(wanted, found),
    }
}

fn alerts(
    server: &Server<'_>,
    access: &dyn Access,
    toolbox: &Toolbox,
    program: &str,
    question: &Alerts,
) -> Result<Verdict, AccessError> {
    let rule = &question.rule;
    let object = live::object(access, rule)?.unwrap_or_default();
    let Some(groups) = object.pointer("/spec/groups") else {
        return Ok(failed(
            format!("`{rule}` with groups"),
            "no such rules in the cluster",
        ));
    };
    let Some([before, after]) = server.observe(question.given) else {
        return Ok(failed(
            "metrics for the alerts",
            "the plugin `prometheus` gives none",
        ));
    };
    let instance = server.listener_named("prometheus").map(|listener| listener.port);
    let instance = format!("{program}:{}", instance.unwrap_or_default());
    let scrape = Scrape {
        before: &before,
        after: &after,
        target: &[("job", program), ("instance", &instance)],
        up: match question.given {
            Given::Absent => None,
            Given::Down => Some(false),
            Given::Running | Given::UpstreamFails | Given::UpstreamSlow => Some(true),
        },
    };
    let wanted = dns::Alerts {
        fires: &question.fires,
        quiet: &question.quiet,
    };
    let rules = json!({"groups": groups}).to_string();
    let test = rules_test(promtool::RULES_FILE, scrape, wanted).to_string();
    Ok(
        match promtool::test_rules(toolbox, rules.as_bytes(), test.as_bytes()) {
            Ok(report) if report.problems.is_empty() => Verdict::Passed {
                seen: seen(question, after.len()),
            },
            Ok(report) => Verdict::Failed {
                misses: misses(question, &report.problems),
            },
            Err(error @ ToolError::NotFound { .. }) => Verdict::Deferred {
                why: error.to_string(),
            },
            Err(error) => failed(format!("`promtool test rules` on `{rule}`"), error.to_string()),
        },
    )
}

fn seen(question: &Alerts, series: usize) -> String {
    let fires = question.fires.join(", ");
    match (question.fires.is_empty(), question.quiet.len()) {
        (true, quiet) => format!("{quiet} quiet on {series} series"),
        (false, 0) => format!("fires: {fires}"),
        (false, quiet) => format!("fires: {fires}; {quiet} quiet"),
    }
}

/// Each alert that does otherwise than it should, by what promtool says of its expression.
fn misses(question: &Alerts, problems: &[String]) -> Vec<Miss> {
    let is_named = |name: &&String| {
        let needle = format!("alertname=\\\"{name}\\\"");
        problems
            .iter()
            .any(|line| line.contains(&needle) || line.contains(&format!("alertname=\"{name}\"")))
    };
    let silent = question.fires.iter().filter(is_named);
    let loud = question.quiet.iter().filter(is_named);
    let silent = silent.map(|name| Miss::new(format!("the alert {name} fires"), "it does not"));
    let loud = loud.map(|name| Miss::new(format!("the alert {name} stays quiet"), "it fires"));
    let mut misses: Vec<Miss> = silent.chain(loud).collect();
    if misses.is_empty() {
        misses.push(Miss::new("rules that promtool can evaluate", problems.join("; ")));
    }
    misses
}

impl Server<'_> {
    /// The first server block.
    fn dns(&self) -> Option<SocketAddr> {
        self.listeners.first().map(|listener| self.address(listener))
    }

    fn listener_named(&self, what: &str) -> Option<&dns::Listener> {
        self.listeners.iter().find(|listener| listener.what == what)
    }

    /// A page of what listens on a port of the configuration, as another pod or the kubelet would get it.
    fn page(&self, port: u16, path: &str) -> Result<(u16, String), String> {
        let Some(listener) = self.listeners.iter().find(|listener| listener.port == port) else {
            let ports: Vec<String> = self
                .listeners
                .iter()
                .map(|listener| listener.port.to_string())
                .collect();
            return Err(format!(
                "nothing listens there; the Corefile has {}",
                ports.join(", ")
            ));
        };
        if listener.is_local {
            return Err(format!(
                "`{}` listens on the pod's own loopback alone",
                listener.what
            ));
        }
        page(self.address(listener), path, PATIENCE).map_err(|error| error.to_string())
    }

    /// Names that the stand-in upstream knows, all at once, and none twice: answers are kept for a while.
    fn be_asked(&self) {
        let Some(address) = self.dns() else { return };
        let first = self.asked.replace(self.asked.get() + QUESTIONS);
        std::thread::scope(|scope| {
            for n in first..first + QUESTIONS {
                let name = format!("n{n}.{ZONE}");
                self.upstream.know(&name);
                scope.spawn(move || {
                    // What comes back shows in the metrics.
                    let _counted = ask(address, &name, "A", PATIENCE);
                });
            }
        });
    }

    /// The metrics before and after some questions.
    fn observe(&self, given: Given) -> Option<[Vec<Sample>; 2]> {
        let port = self.listener_named("prometheus")?.port;
        let metrics = || Some(samples(&self.page(port, "/metrics").ok()?.1));
        let before = metrics()?;
        self.upstream.behave(match given {
            Given::UpstreamFails => Behaviour::Fails,
            Given::UpstreamSlow => Behaviour::Late(LATE),
            Given::Running | Given::Down | Given::Absent => Behaviour::Answers,
        });
        self.be_asked();
        self.upstream.behave(Behaviour::Answers);
        Some([before, metrics()?])
    }
}
