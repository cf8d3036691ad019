//! Claims about addresses: read against the cluster's own settings, never against constants.

use std::net::IpAddr;

use model::net::{first_service_address, parse_networks};
use model::object;
use model::yaml::{FieldPath, Node};

use super::values::Found;
use crate::miss::Miss;
use crate::subject::View;

/// Fields that ask for a Service's address: in Services, and in the values of charts.
const ONE_ADDRESS: &str = "clusterIP";
/// The same for dual stack.
const ADDRESSES: &str = "clusterIPs";

/// Whether the value lies in a network of a setting.
pub(super) fn in_network(view: View<'_>, found: &Found<'_, '_>, name: &str) -> Result<(), Miss> {
    let setting = view.setting(name)?;
    let wanted = format!(
        "an address in `{}`, the value of `{name}` on cluster `{}`",
        setting.text,
        view.name()
    );
    let networks = parse_networks(&setting.text).map_err(|why| {
        Miss::new("networks in CIDR notation", why)
            .at(setting.span)
            .in_field(name)
    })?;
    let address = address(found, &wanted)?;
    if networks.iter().any(|network| network.contains(&address)) {
        Ok(())
    } else {
        Err(found.miss(wanted))
    }
}

/// Whether the value is free to be asked for in the networks of a setting.
pub(super) fn not_reserved(view: View<'_>, found: &Found<'_, '_>, name: &str) -> Result<(), Miss> {
    let setting = view.setting(name)?;
    let networks = parse_networks(&setting.text).map_err(|why| {
        Miss::new("networks in CIDR notation", why)
            .at(setting.span)
            .in_field(name)
    })?;
    let wanted = format!("an address that `{}` does not reserve", setting.text);
    let address = address(found, &wanted)?;
    for network in networks {
        let what = if address == network.network() {
            "the network's own address"
        } else if Some(address) == first_service_address(&network) {
            "the address of the Service `kubernetes`"
        } else if address == network.broadcast() {
            "the network's last address"
        } else {
            continue;
        };
        let miss = found.miss(wanted);
        let text = format!("{}, {what} in `{network}`", miss.found);
        return Err(Miss { found: text, ..miss });
    }
    Ok(())
}

/// Whether no other object of the cluster asks for the same address.
pub(super) fn used_once(view: View<'_>, found: &Found<'_, '_>) -> Result<(), Miss> {
    let wanted = "an address of its own".to_owned();
    let address = address(found, &wanted)?;
    let own = found.applied().map(|(_, object)| std::ptr::from_ref(object));
    for (_, other) in view.cluster.objects() {
        if own == Some(std::ptr::from_ref(other)) || !asks_for(&other.node, address) {
            continue;
        }
        let miss = found.miss(wanted);
        let text = format!(
            "{}, which `{}` asks for too",
            miss.found,
            object::reference(&other.node)
        );
        return Err(Miss { found: text, ..miss });
    }
    Ok(())
}

fn address(found: &Found<'_, '_>, wanted: &str) -> Result<IpAddr, Miss> {
    let text = found.node().as_str().and_then(|text| text.parse().ok());
    text.ok_or_else(|| found.miss(wanted))
}

fn asks_for(node: &Node, address: IpAddr) -> bool {
    let mut asks = false;
    node.walk(&mut |path, node| {
        let is_asked = match path {
            FieldPath::Key(_, key) => *key == ONE_ADDRESS,
            FieldPath::Index(FieldPath::Key(_, key), _) => *key == ADDRESSES,
            _ => false,
        };
        asks |= is_asked && node.as_str().and_then(|text| text.parse().ok()) == Some(address);
    });
    asks
}
