//! Addresses and networks as cluster settings write them.

use std::net::IpAddr;

use ipnet::IpNet;

/// Networks from a setting: a plain CIDR, several separated by commas, or a JSON list in a string, single or dual stack.
///
/// # Errors
/// The part that is no network, as text for a message.
pub fn parse_networks(setting: &str) -> Result<Vec<IpNet>, String> {
    let setting = setting.trim();
    let parts: Vec<String> = if setting.starts_with('[') {
        serde_json::from_str(setting)
            .map_err(|cause| format!("`{setting}` is no JSON list of strings: {cause}"))?
    } else {
        setting.split(',').map(|part| part.trim().to_owned()).collect()
    };
    if parts.is_empty() {
        return Err(format!("`{setting}` names no network"));
    }
    parts
        .iter()
        .map(|part| {
            part.parse()
                .map_err(|_not_a_network| format!("`{part}` is no network in CIDR notation"))
        })
        .collect()
}

/// The first address of a Service network that Kubernetes hands out: it belongs to the `kubernetes` Service.
pub fn first_service_address(network: &IpNet) -> Option<IpAddr> {
    match network.trunc() {
        IpNet::V4(net) => u32::from(net.network())
            .checked_add(1)
            .map(|ip| IpAddr::V4(ip.into())),
        IpNet::V6(net) => u128::from(net.network())
            .checked_add(1)
            .map(|ip| IpAddr::V6(ip.into())),
    }
}

/// Whether two networks share an address.
pub fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_a_service_network() {
        for setting in ["10.245.0.0/16", " 10.245.0.0/16 ", r#"["10.245.0.0/16"]"#] {
            assert_eq!(
                parse_networks(setting).unwrap(),
                ["10.245.0.0/16".parse().unwrap()]
            );
        }
        assert_eq!(parse_networks("10.0.0.0/16,fd00::/108").unwrap().len(), 2);
        assert_eq!(
            parse_networks("10.0.0.0").unwrap_err(),
            "`10.0.0.0` is no network in CIDR notation"
        );
        assert!(parse_networks("[]").is_err());
    }

    #[test]
    fn the_first_address_is_the_kubernetes_service() {
        let net: IpNet = "10.245.0.0/16".parse().unwrap();
        assert_eq!(first_service_address(&net).unwrap().to_string(), "10.245.0.1");
        assert!(overlap(&net, &"10.245.3.0/24".parse().unwrap()));
        assert!(!overlap(&net, &"10.246.0.0/16".parse().unwrap()));
    }
}
