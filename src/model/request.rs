//! One HTTP request as it came over the wire, before anybody believed it.

use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use uuid::Uuid;

/// Header names in lower case with their values, in the order they arrived.
///
/// A value that is not UTF-8 is kept lossily: signatures are ASCII, so a mangled one cannot match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The first value of `name`, which is given in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Headers {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Headers(
            pairs
                .iter()
                .map(|(key, value)| (key.to_ascii_lowercase(), (*value).to_owned()))
                .collect(),
        )
    }
}

/// What a sender posted to an endpoint: stored once, however many events it holds.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// UUID v7, made when the request was received.
    pub id: Uuid,
    /// Name of the endpoint, the last part of `/hooks/{endpoint}`.
    pub endpoint: String,
    /// Upper case: `POST`.
    pub method: String,
    /// The query string as sent, without `?`; empty when there is none.
    pub query: String,
    pub headers: Headers,
    /// The exact bytes of the body, after a declared content encoding was undone.
    pub body: Vec<u8>,
    /// The caller, as far as the trusted proxies tell.
    pub peer: IpAddr,
    pub received_at: Timestamp,
}

/// What counts as one caller: an IPv6 host usually has a whole network of 64 bits to choose from.
pub fn caller_of(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}
