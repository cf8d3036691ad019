//! Rules for fields of networks.

use super::super::names::Text::{
    self, AbsolutePath, Cidr, ClusterIp, DnsLabel, DnsSubdomain, DomainPath, HostName, Ip, PortName,
    QualifiedName,
};
use super::FieldRule::{EachForm, EachOneOf, Exactly, Filled, Form, OneOf, Port, PortOrName, Selector};
use super::{PROTOCOLS, Table};

/// Services, Ingresses and network policies.
pub(super) const NETWORK: Table = &[
    (
        "core.v1.ServiceSpec",
        &[
            (
                "type",
                &[OneOf(&["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])],
            ),
            ("selector", &[Selector]),
            ("sessionAffinity", &[OneOf(&["ClientIP", "None"])]),
            ("externalTrafficPolicy", &[OneOf(&["Cluster", "Local"])]),
            ("internalTrafficPolicy", &[Exactly(&["Cluster", "Local"])]),
            (
                "ipFamilyPolicy",
                &[Exactly(&["PreferDualStack", "RequireDualStack", "SingleStack"])],
            ),
            ("ipFamilies", &[EachOneOf(&["IPv4", "IPv6"])]),
            ("healthCheckNodePort", &[Port(true)]),
            ("externalIPs", &[EachForm(Ip)]),
            ("clusterIP", &[Form(ClusterIp)]),
            ("clusterIPs", &[EachForm(ClusterIp)]),
            (
                "trafficDistribution",
                &[Exactly(&["PreferClose", "PreferSameNode", "PreferSameZone"])],
            ),
            ("loadBalancerSourceRanges", &[EachForm(Text::PaddedCidr)]),
            ("loadBalancerClass", &[Form(QualifiedName)]),
        ],
    ),
    (
        "core.v1.ServicePort",
        &[
            ("name", &[Form(DnsLabel)]),
            ("port", &[Port(false)]),
            // Which node ports there are is a flag of the API server.
            ("targetPort", &[PortOrName(true)]),
            ("protocol", &[OneOf(PROTOCOLS)]),
            ("appProtocol", &[Filled, Form(QualifiedName)]),
        ],
    ),
    (
        "networking.v1.IngressSpec",
        &[("ingressClassName", &[Filled, Form(DnsSubdomain)])],
    ),
    ("networking.v1.IngressRule", &[("host", &[Form(HostName)])]),
    (
        "networking.v1.IngressTLS",
        &[
            ("hosts", &[EachForm(HostName)]),
            ("secretName", &[Form(DnsSubdomain)]),
        ],
    ),
    ("networking.v1.HTTPIngressRuleValue", &[("paths", &[Filled])]),
    (
        "networking.v1.HTTPIngressPath",
        &[
            ("path", &[Form(AbsolutePath)]),
            (
                "pathType",
                &[Exactly(&["Exact", "ImplementationSpecific", "Prefix"])],
            ),
        ],
    ),
    (
        "networking.v1.IngressServiceBackend",
        &[("name", &[Filled, Form(DnsLabel)])],
    ),
    (
        "networking.v1.ServiceBackendPort",
        &[("name", &[Form(PortName)]), ("number", &[Port(true)])],
    ),
    (
        "networking.v1.IngressClassSpec",
        &[("controller", &[Filled, Form(DomainPath)])],
    ),
    (
        "networking.v1.NetworkPolicySpec",
        &[("policyTypes", &[EachOneOf(&["Ingress", "Egress"])])],
    ),
    (
        "networking.v1.NetworkPolicyPort",
        &[
            ("port", &[PortOrName(false)]),
            ("endPort", &[Port(false)]),
            ("protocol", &[Exactly(&["TCP", "UDP", "SCTP"])]),
        ],
    ),
    (
        "networking.v1.IPBlock",
        &[("cidr", &[Filled, Form(Cidr)]), ("except", &[EachForm(Cidr)])],
    ),
];

/// Endpoints and other things, which are seldom written by hand.
pub(super) const ENDPOINTS: Table = &[
    (
        "discovery.v1.EndpointSlice",
        &[("addressType", &[Exactly(&["FQDN", "IPv4", "IPv6"])])],
    ),
    (
        "discovery.v1.Endpoint",
        &[
            ("addresses", &[Filled]),
            ("hostname", &[Filled, Form(DnsLabel)]),
            ("nodeName", &[Filled, Form(DnsSubdomain)]),
        ],
    ),
    (
        "discovery.v1.EndpointPort",
        &[
            ("name", &[Form(DnsLabel)]),
            ("protocol", &[Exactly(PROTOCOLS)]),
            ("appProtocol", &[Filled, Form(QualifiedName)]),
        ],
    ),
    (
        "core.v1.EndpointAddress",
        &[("ip", &[Filled, Form(Ip)]), ("hostname", &[Form(DnsLabel)])],
    ),
    (
        "core.v1.EndpointPort",
        &[
            ("name", &[Form(DnsLabel)]),
            ("port", &[Port(false)]),
            ("protocol", &[OneOf(PROTOCOLS)]),
        ],
    ),
    (
        "networking.v1.IngressClassParametersReference",
        &[
            ("scope", &[Exactly(&["Cluster", "Namespace"])]),
            ("namespace", &[Filled, Form(DnsLabel)]),
        ],
    ),
];
