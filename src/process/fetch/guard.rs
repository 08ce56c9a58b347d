//! Which addresses a fetch may call: a mapping, or a name that resolves inwards, must not reach the inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Network;

/// How the address would be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// TLS: every public address.
    Https,
    /// Plain HTTP: only what is allowed by name.
    Http,
}

/// Whether `address` may be called: it is listed in `[outbound] allow`, or public and called over TLS.
pub fn admits(address: IpAddr, channel: Channel, allow: &[Network]) -> bool {
    allow.iter().any(|network| network.contains(address))
        || (channel == Channel::Https && is_public(address))
}

/// Whether the address belongs to the open Internet (the special-purpose registries of RFC 6890 say what does not).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || a >= 240
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // Carrier-grade NAT, where some clouds keep their metadata service.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        // 6to4 relays and benchmarking.
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(address) {
        return is_public_v4(inner);
    }
    let [first, second, ..] = address.segments();
    // Global unicast is 2000::/3; Teredo, benchmarking, ORCHID and documentation lie in it.
    let is_global = first & 0xe000 == 0x2000;
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) || first == 0x3fff;
    is_global && !special
}

/// The IPv4 address that a translated or tunnelled IPv6 address leads to.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match (a, b) {
        (0, 0) if (c, d, e) == (0, 0, 0) && (f == 0xffff || (f == 0 && g != 0)) => Some(of(g, h)),
        (0x0064, 0xff9b) => Some(of(g, h)),
        (0x2002, _) => Some(of(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Channel, admits};
    use crate::config::value::network;

    fn check(address: &str, allow: &[&str], https: bool, http: bool) {
        let allow: Vec<_> = allow.iter().map(|text| network(text).unwrap()).collect();
        let parsed = address.parse().unwrap();
        let found = (
            admits(parsed, Channel::Https, &allow),
            admits(parsed, Channel::Http, &allow),
        );
        assert_eq!(found, (https, http), "{address} with {allow:?}");
    }

    #[test]
    fn public_addresses_over_tls_only() {
        for address in [
            "157.240.1.1",
            "8.8.8.8",
            "2a03:2880::1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            check(address, &[], true, false);
        }
    }

    #[test]
    fn the_inside_is_refused() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            check(address, &[], false, false);
        }
    }

    #[test]
    fn what_is_allowed_by_name_is_called_either_way() {
        check("127.0.0.1", &["127.0.0.1"], true, true);
        check("::ffff:127.0.0.1", &["127.0.0.1"], true, true);
        check("10.1.2.3", &["10.0.0.0/8"], true, true);
        check("127.0.0.2", &["127.0.0.1"], false, false);
        check("8.8.8.8", &["8.8.8.8"], true, true);
    }
}
