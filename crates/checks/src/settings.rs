//! The networks that a cluster's settings name.

use std::collections::BTreeSet;

use diag::Span;
use ipnet::IpNet;
use model::net::parse_networks;

use crate::cluster_view::ClusterView;
use crate::context::Context;
use crate::subject::Subject;

/// A setting that names networks.
pub(crate) struct Setting<'a> {
    pub(crate) name: &'a str,
    /// Where its value is written.
    pub(crate) span: Span,
    /// A Kustomization that reads it.
    pub(crate) reader: Subject<'a>,
    /// Its networks, or why it has none.
    pub(crate) networks: Result<Vec<IpNet>, String>,
}

/// What a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    Services,
    Pods,
}

impl Purpose {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Services => "Service",
            Self::Pods => "pod",
        }
    }
}

/// The settings of a cluster with networks for a purpose, each place once; those whose value is not known are left out.
pub(crate) fn networks<'a>(cx: &Context<'_>, view: &ClusterView<'a>, purpose: Purpose) -> Vec<Setting<'a>> {
    let names = match purpose {
        Purpose::Services => &cx.config.networks.services,
        Purpose::Pods => &cx.config.networks.pods,
    };
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    let mut settings = Vec::new();
    for reader in view.kustomizations.iter().filter(|subject| !subject.remote) {
        for (name, variable) in reader
            .built
            .variables
            .iter()
            .flat_map(|variables| &variables.known)
        {
            let Some(value) = variable.value.as_deref().filter(|_| names.contains(name)) else {
                continue;
            };
            if seen.insert(variable.span) {
                let networks = parse_networks(value);
                settings.push(Setting {
                    name,
                    span: variable.span,
                    reader: *reader,
                    networks,
                });
            }
        }
    }
    settings
}
