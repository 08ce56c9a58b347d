//! What counts as one caller when callers are counted.

use std::net::{IpAddr, Ipv6Addr};

/// The address, or the network of 64 bits that an IPv6 host usually has to choose from.
pub fn one_caller(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}
