//! Corefiles that run here, and those that do not.

use super::*;

/// What the chart of CoreDNS makes of its own values.
const INSTALLED: &str = r".:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus 0.0.0.0:9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
";

fn here(addresses: &BTreeMap<u16, SocketAddr>) -> Here<'_> {
    Here {
        addresses,
        kubeconfig: "/private/kube config",
        context: Some("admin@infra"),
        upstream: "127.0.0.1:5300".parse().unwrap(),
    }
}

fn addresses() -> BTreeMap<u16, SocketAddr> {
    let ports = [(53, 2053), (8080, 2080), (8181, 2181), (9153, 2153), (1053, 2054)];
    let address = |to: u16| SocketAddr::from(([127, 0, 0, 1], to));
    ports.into_iter().map(|(from, to)| (from, address(to))).collect()
}

fn refusal(text: &str) -> String {
    Corefile::parse(text).unwrap_err().to_string()
}

#[test]
fn an_installed_corefile_runs_here_with_other_addresses_only() {
    let corefile = Corefile::parse(INSTALLED).unwrap();
    let listeners: Vec<(String, u16, bool)> = corefile
        .listeners()
        .into_iter()
        .map(|listener| (listener.what, listener.port, listener.is_local))
        .collect();
    let wanted = [(".", 53), ("health", 8080), ("ready", 8181), ("prometheus", 9153)];
    assert_eq!(
        listeners,
        wanted.map(|(what, port)| (what.to_owned(), port, false))
    );
    let adapted = corefile.adapt(&here(&addresses()));
    assert_eq!(
        adapted,
        r#".:2053 {
    bind 127.0.0.1
    errors
    health 127.0.0.1:2080 {
        lameduck 5s
    }
    ready 127.0.0.1:2181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
        kubeconfig "/private/kube config" admin@infra
    }
    prometheus 127.0.0.1:2153
    forward . 127.0.0.1:5300
    cache 30
    loop
    reload
    loadbalance
}
"#
    );
    // What is written can be read again.
    assert!(
        Corefile::parse(
            &adapted
                .replace("    bind 127.0.0.1\n", "")
                .replace("        kubeconfig \"/private/kube config\" admin@infra\n", "")
        )
        .is_ok()
    );
}

#[test]
fn a_listener_that_only_the_pod_reaches_is_told_apart() {
    let local = |text: &str| {
        let corefile = Corefile::parse(&format!(".:53 {{\n {text}\n}}\n")).unwrap();
        let listener = corefile.listeners()[1].clone();
        (listener.port, listener.is_local)
    };
    assert_eq!(local("prometheus"), (9153, true));
    assert_eq!(local("prometheus :9153"), (9153, false));
    assert_eq!(local("health 127.0.0.1:8080"), (8080, true));
    assert_eq!(local("ready [::]:8181"), (8181, false));
}

#[test]
fn several_servers_keep_their_zones_and_ports() {
    let text = "example.org,\nexample.com:53 10.0.0.0/24 {\n whoami # here\n}\ndns://.:1053 {\n template ANY ANY { \n rcode NXDOMAIN\n }\n}";
    let adapted = Corefile::parse(text).unwrap().adapt(&here(&addresses()));
    assert_eq!(
        adapted,
        "example.org:2053 example.com:2053 10.0.0.0/24:2053 {\n    bind 127.0.0.1\n    whoami\n}\n\
         .:2054 {\n    bind 127.0.0.1\n    template ANY ANY {\n        rcode NXDOMAIN\n    }\n}\n"
    );
}

#[test]
fn nothing_that_reads_files_or_asks_others_is_run() {
    let inside = |line: &str| refusal(&format!(".:53 {{\n    {line}\n}}"));
    assert_eq!(
        inside("hosts /etc/passwd"),
        "line 2: the plugin `hosts` reads files, which are not taken from a manifest"
    );
    assert!(inside("import ../secret").contains("`import` reads files"));
    assert!(inside("exec rm").contains("`exec` is not known to stay on this machine"));
    assert!(
        inside("kubernetes cluster.local {\n endpoint https://evil.example\n}")
            .starts_with("line 3: the plugin `kubernetes` names an API server")
    );
    assert!(inside("log {$HOME}").contains("without variables of the environment"));
    assert!(refusal("(snippet) {\n log\n}").contains("`import` takes in other text"));
    assert!(refusal("tls://.:853 {\n log\n}").contains("plain DNS"));
    let adapted = Corefile::parse(".:53 {\n forward . tls://9.9.9.9 8.8.8.8 {\n tls_servername x\n tls /etc/a /etc/b\n max_concurrent 5\n }\n}")
        .unwrap()
        .adapt(&here(&addresses()));
    assert!(
        adapted.contains("forward . 127.0.0.1:5300 {\n        max_concurrent 5\n    }\n"),
        "{adapted}"
    );
}

#[test]
fn what_is_no_corefile_is_said_with_its_line() {
    assert_eq!(refusal("# nothing\n"), "the Corefile has no server block");
    assert_eq!(refusal(".:53 {\n log\n"), "line 1: a block is not closed");
    assert_eq!(
        refusal(".:53 {\n log \"a\n}"),
        "line 2: a quoted word is not closed"
    );
    assert_eq!(refusal("}\n"), "line 1: found `}`, wanted a server block");
    assert_eq!(
        refusal(".:x {\n log\n}"),
        "line 1: found `.:x`, wanted `ZONE` or `ZONE:PORT`"
    );
    assert_eq!(
        refusal("log\n"),
        "line 1: found `log`, wanted a server block in braces"
    );
    assert!(refusal(&"a {\n".repeat(20)).contains("no deeper block"));
    assert!(refusal(&"a ".repeat(30_000)).contains("more than 20000 words"));
}
