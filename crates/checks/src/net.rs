//! Checks of addresses and networks.

pub(crate) mod cidr_invalid;
pub(crate) mod cidr_overlap;
pub(crate) mod cluster_ip;
