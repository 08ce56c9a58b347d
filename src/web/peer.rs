//! Who is calling: the connection's address, or what trusted proxies say about it.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};

use crate::config::Network;

/// The caller's address: the rightmost hop that is not a trusted proxy.
///
/// When a request has both `Forwarded` and `X-Forwarded-For` and they disagree, one of them was sent by the caller
/// through a proxy that knows only the other: then the proxy's own address counts.
pub fn of(request: &HttpRequest, trusted: &[Network]) -> IpAddr {
    let direct = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip())
        .to_canonical();
    caller(direct, request.headers(), trusted)
}

fn caller(direct: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    if !is_trusted(direct, trusted) {
        return direct;
    }
    let plain =
        values(headers, &X_FORWARDED_FOR).map(|hops| rightmost(direct, &hops, trusted, address));
    let standard =
        values(headers, &FORWARDED).map(|hops| rightmost(direct, &hops, trusted, forwarded_for));
    match (plain, standard) {
        (Some(one), Some(other)) if one != other => direct,
        (Some(found), _) | (None, Some(found)) => found,
        (None, None) => direct,
    }
}

fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// All lines of a header as one list.
fn values(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<_> = headers
        .get_all(name)
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Walks the hops from the gateway outwards, as far as they can be believed.
fn rightmost(
    direct: IpAddr,
    hops: &str,
    trusted: &[Network],
    read: fn(&str) -> Option<IpAddr>,
) -> IpAddr {
    let mut last = direct;
    for hop in hops.rsplit(',') {
        let Some(address) = read(hop.trim()) else {
            return last;
        };
        last = address;
        if !is_trusted(address, trusted) {
            return last;
        }
    }
    last
}

/// `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]:443`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => match text.split_once(':') {
            Some((v4, port)) if !port.contains(':') => v4,
            _ => text,
        },
    };
    bare.parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

/// The `for` of one element of RFC 7239.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| address(value.trim().trim_matches('"')))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::caller;
    use crate::config::Network;

    fn check(direct: &str, headers: &[(&str, &str)], expected: &str) {
        let trusted = [("10.0.0.0", 8), ("fd00::", 8)].map(|(address, prefix)| Network {
            address: address.parse().unwrap(),
            prefix,
        });
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let found = caller(direct.parse().unwrap(), &map, &trusted);
        assert_eq!(
            found,
            expected.parse::<IpAddr>().unwrap(),
            "{direct} {headers:?}"
        );
    }

    #[test]
    fn believes_only_trusted_proxies() {
        let xff = "x-forwarded-for";
        check("192.0.2.9", &[(xff, "198.51.100.1")], "192.0.2.9");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &[(xff, "198.51.100.1")], "198.51.100.1");
        check(
            "10.0.0.1",
            &[(xff, "203.0.113.5, 198.51.100.1, 10.0.0.2")],
            "198.51.100.1",
        );
        check(
            "10.0.0.1",
            &[(xff, "203.0.113.5"), (xff, "198.51.100.1")],
            "198.51.100.1",
        );
        check("10.0.0.1", &[(xff, "10.0.0.3, 10.0.0.2")], "10.0.0.3");
        check(
            "10.0.0.1",
            &[(xff, "198.51.100.1, unknown, 10.0.0.2")],
            "10.0.0.2",
        );
        check("10.0.0.1", &[(xff, "198.51.100.1:9000")], "198.51.100.1");
        check("fd00::1", &[(xff, "2001:db8::7")], "2001:db8::7");
        check(
            "10.0.0.1",
            &[(
                "forwarded",
                "for=203.0.113.5;proto=https, For=\"[2001:db8::7]:4711\"",
            )],
            "2001:db8::7",
        );
        check(
            "10.0.0.1",
            &[("forwarded", "for=198.51.100.1"), (xff, "198.51.100.1")],
            "198.51.100.1",
        );
        check(
            "10.0.0.1",
            &[("forwarded", "for=203.0.113.5"), (xff, "198.51.100.1")],
            "10.0.0.1",
        );
    }
}
