//! A Corefile as its chart installed it, made fit to run on this machine: other addresses, a kubeconfig, a stand-in upstream.
//!
//! The syntax is the Caddyfile's (github.com/coredns/caddy, caddyfile/lexer.go): words, `"quoted words"`, `#` comments, one directive
//! a line, blocks in braces that open at the end of a line. A Corefile is not trusted: only plugins that neither read files
//! nor ask other hosts are run, so that it can do nothing here but answer.

mod words;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;

use crate::error::CorefileError;
use words::{Directive, directives, word};

/// Plugins that run as they are: they neither read files nor ask anybody.
const HARMLESS: [&str; 19] = [
    "acl",
    "any",
    "bufsize",
    "cache",
    "cancel",
    "chaos",
    "errors",
    "header",
    "loadbalance",
    "local",
    "log",
    "loop",
    "metadata",
    "minimal",
    "nsid",
    "reload",
    "rewrite",
    "template",
    "whoami",
];
/// Plugins that listen, with the address where they do when none is written.
const LISTENING: [(&str, &str); 3] = [
    ("health", ":8080"),
    ("ready", ":8181"),
    ("prometheus", "localhost:9153"),
];
/// The port of a server block that names none.
const DNS: u16 = 53;

/// Where things are on this machine.
#[derive(Debug)]
pub struct Here<'a> {
    /// The address for each port that [`Corefile::listeners`] names.
    pub addresses: &'a BTreeMap<u16, SocketAddr>,
    /// The file that leads to the API server.
    pub kubeconfig: &'a str,
    /// Its context; the current one where none is named.
    pub context: Option<&'a str>,
    /// Who answers what the cluster does not know.
    pub upstream: SocketAddr,
}

/// Who listens where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The server block's zones, or the plugin: `.`, `health`.
    pub what: String,
    /// The port in the Corefile.
    pub port: u16,
    /// Only the pod itself can reach it in its cluster.
    pub is_local: bool,
}

/// A Corefile that was read.
#[derive(Debug)]
pub struct Corefile {
    servers: Vec<Server>,
}

#[derive(Debug)]
struct Server {
    zones: Vec<String>,
    port: u16,
    plugins: Vec<Directive>,
}

impl Corefile {
    /// Reads a Corefile.
    ///
    /// # Errors
    /// What keeps it from being run here; a Corefile that CoreDNS itself refuses may pass, and is refused when it is started.
    pub fn parse(text: &str) -> Result<Self, CorefileError> {
        let servers = directives(text)?
            .into_iter()
            .map(server)
            .collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err(CorefileError::Empty);
        }
        Ok(Self { servers })
    }

    /// Everything that listens.
    pub fn listeners(&self) -> Vec<Listener> {
        let mut listeners = Vec::new();
        for server in &self.servers {
            listeners.push(Listener {
                what: server.zones.join(" "),
                port: server.port,
                is_local: false,
            });
            for plugin in &server.plugins {
                if let Some((port, is_local)) = listens(plugin) {
                    listeners.push(Listener {
                        what: plugin.name.clone(),
                        port,
                        is_local,
                    });
                }
            }
        }
        listeners
    }

    /// The text of a Corefile for this machine; `here` has an address for each port.
    pub fn adapt(&self, here: &Here<'_>) -> String {
        let address = |port: u16| here.addresses.get(&port).copied();
        let mut text = String::new();
        for server in &self.servers {
            let port = address(server.port).map_or(server.port, |address| address.port());
            let keys: Vec<String> = server
                .zones
                .iter()
                .map(|zone| word(&format!("{zone}:{port}")))
                .collect();
            let _ = writeln!(text, "{} {{\n    bind 127.0.0.1", keys.join(" "));
            for plugin in &server.plugins {
                let mut plugin = plugin.clone();
                if let Some((port, _)) = listens(&plugin)
                    && let Some(address) = address(port)
                {
                    plugin.arguments = vec![address.to_string()];
                }
                match plugin.name.as_str() {
                    "kubernetes" => {
                        let words: Vec<&str> = std::iter::once(here.kubeconfig).chain(here.context).collect();
                        plugin.block.push(Directive::line("kubeconfig", &words));
                    }
                    "forward" => {
                        let from = plugin.arguments.first().cloned();
                        let upstream = here.upstream.to_string();
                        plugin.arguments = from.into_iter().chain([upstream]).collect();
                        // Names and files for TLS, and policies over several upstreams, of which there is one.
                        plugin.block.retain(|line| !line.name.starts_with("tls"));
                    }
                    _ => {}
                }
                plugin.write(&mut text, 1);
            }
            text.push_str("}\n");
        }
        text
    }
}

fn server(block: Directive) -> Result<Server, CorefileError> {
    let line = block.line;
    let unexpected = |found: &str, wanted| CorefileError::Unexpected {
        line,
        found: words::short(found),
        wanted,
    };
    let mut zones = Vec::new();
    let mut port = None;
    for key in std::iter::once(&block.name).chain(&block.arguments) {
        let key = key.trim_end_matches(',');
        if key.starts_with('(') || key == "import" {
            return Err(refused(line, "import", "takes in other text"));
        }
        let key = match key.split_once("://") {
            None => key,
            Some(("dns", rest)) => rest,
            Some(_) => return Err(unexpected(key, "a zone that is served over plain DNS")),
        };
        let (zone, own) = zone_and_port(key).ok_or_else(|| unexpected(key, "`ZONE` or `ZONE:PORT`"))?;
        if *port.get_or_insert(own) != own {
            return Err(unexpected(key, "the same port for all zones of a block"));
        }
        zones.push(zone.to_owned());
    }
    if !block.has_block {
        return Err(unexpected(&block.name, "a server block in braces"));
    }
    for plugin in &block.block {
        permit(plugin)?;
    }
    Ok(Server {
        zones,
        port: port.unwrap_or(DNS),
        plugins: block.block,
    })
}

/// A zone, which may be a network with a slash, and its port.
fn zone_and_port(key: &str) -> Option<(&str, u16)> {
    match key.rsplit_once(':') {
        // Of an IPv6 network; CoreDNS wants brackets around its address where a port follows.
        Some((zone, _)) if zone.contains(':') && !key.contains('[') => Some((key, DNS)),
        Some((zone, port)) if !port.contains(']') => {
            let zone = if zone.is_empty() { "." } else { zone };
            port.parse().ok().map(|port| (zone, port))
        }
        _ => (!key.is_empty()).then_some((key, DNS)),
    }
}

fn permit(plugin: &Directive) -> Result<(), CorefileError> {
    let name = plugin.name.as_str();
    let is_listening = LISTENING.iter().any(|(known, _)| *known == name);
    if HARMLESS.contains(&name) || is_listening {
        return match listens(plugin) {
            None if is_listening => Err(refused(plugin.line, name, "has an address that is none")),
            _ => Ok(()),
        };
    }
    match name {
        "kubernetes" => match plugin
            .block
            .iter()
            .find(|line| ["endpoint", "endpoint_url", "tls", "kubeconfig"].contains(&line.name.as_str()))
        {
            Some(line) => Err(refused(line.line, name, "names an API server of its own")),
            None => Ok(()),
        },
        "forward" => Ok(()),
        "file" | "auto" | "hosts" | "secondary" | "sign" | "dnssec" | "tls" | "import" | "autopath"
        | "geoip" => Err(refused(
            plugin.line,
            name,
            "reads files, which are not taken from a manifest",
        )),
        _ => Err(refused(plugin.line, name, "is not known to stay on this machine")),
    }
}

fn refused(line: usize, plugin: &str, why: &'static str) -> CorefileError {
    CorefileError::Plugin {
        line,
        plugin: words::short(plugin),
        why,
    }
}

/// The port of a plugin that listens, and whether only the pod itself can reach it.
fn listens(plugin: &Directive) -> Option<(u16, bool)> {
    let (_, usual) = LISTENING.iter().find(|(name, _)| *name == plugin.name)?;
    let address = plugin.arguments.first().map_or(*usual, String::as_str);
    let (host, port) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_local = host == "localhost" || host.starts_with("127.") || host == "::1";
    Some((port.parse().ok()?, is_local))
}

#[cfg(test)]
mod tests;
