//! Values that people write with units: durations, sizes, networks, rates, secrets.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;

use crate::config::{Environment, Network};

/// `250ms`, `10s`, `5m`, `2h`, `30d`.
///
/// # Errors
/// A sentence that shows the form.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let number: u64 = digits
        .trim()
        .parse()
        .map_err(|_| format!("\"{text}\" is not a duration; write 30s, 10m, 2h or 30d"))?;
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => {
            return Err(format!(
                "\"{text}\" is not a duration; write 30s, 10m, 2h or 30d"
            ));
        }
    };
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("\"{text}\" is too long"))
}

/// A duration that is waited for: longer than nothing.
///
/// # Errors
/// A sentence that shows the form.
pub fn patience(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err(format!("\"{text}\" is no time at all; write 10s or 1m")),
        duration => Ok(duration),
    }
}

/// The most bytes of something that has to have some: more than nothing.
///
/// # Errors
/// A sentence that shows the form.
pub fn cap(text: &str) -> Result<usize, String> {
    match size(text)? {
        0 => Err(format!("\"{text}\" lets nothing in; write 64KiB or 1MiB")),
        size => Ok(size),
    }
}

/// `65536`, `64KiB`, `1MiB`, `1MB`: bytes.
///
/// # Errors
/// A sentence that shows the form.
pub fn size(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let wrong = || format!("\"{text}\" is not a size; write 64KiB or 1MiB");
    let number: usize = digits.trim().parse().map_err(|_| wrong())?;
    let factor: usize = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

/// `127.0.0.1:8080`: what a server listens on.
///
/// # Errors
/// A sentence that shows the form.
pub fn listen(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(text.to_owned()),
        _ => Err(format!(
            "`server.listen` must be ADDRESS:PORT, not \"{text}\""
        )),
    }
}

/// Whether URLs can begin with it: `https://api.example.com/v2`.
pub fn is_base_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_odd = |letter: char| letter.is_whitespace() || "?#@".contains(letter);
    rest.is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_alphanumeric() || first == '[')
            && !rest.contains(is_odd)
    })
}

/// `10.0.0.0/8`, or one address.
///
/// # Errors
/// A sentence that shows the form.
pub fn network(text: &str) -> Result<Network, String> {
    let wrong = || format!("\"{text}\" is not an address or a network such as 10.0.0.0/8");
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text.trim(), None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        Some(prefix) => prefix.parse().map_err(|_| wrong())?,
        None => longest,
    };
    if prefix > longest {
        return Err(wrong());
    }
    Ok(Network { address, prefix })
}

/// The secret that `env:NAME`, `file:PATH` or a literal names. Files lose one line end at their end.
///
/// # Errors
/// The variable is not set, the file cannot be read, or there is nothing in it.
pub fn secret(
    text: &str,
    environment: &Environment,
    folder: &Path,
) -> Result<SecretString, String> {
    let value = if let Some(name) = text.strip_prefix("env:") {
        environment
            .get(name)
            .cloned()
            .ok_or_else(|| format!("the environment variable {name} is not set"))?
    } else if let Some(path) = text.strip_prefix("file:") {
        let value = std::fs::read_to_string(folder.join(path))
            .map_err(|error| format!("the secret file {path} cannot be read: {error}"))?;
        value.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        text.to_owned()
    };
    if value.trim().is_empty() {
        return Err(format!("the secret {} is empty", shown(text)));
    }
    Ok(SecretString::from(value))
}

/// How a secret may be named in messages: where it comes from, never what it is.
pub fn shown(text: &str) -> &str {
    if text.starts_with("env:") || text.starts_with("file:") {
        text
    } else {
        "(written in the file)"
    }
}

impl Network {
    /// Whether `address` lies in it; an IPv4 address in IPv6 clothes counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let ((own, width), (other, other_width)) = (bits(self.address), bits(address));
        let shift = 128 - u32::from(self.prefix.min(128));
        width == other_width && (shift == 128 || own >> shift == other >> shift)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, is_base_url, network, size};

    #[test]
    fn durations() {
        assert_eq!(duration("30d"), Ok(Duration::from_secs(2_592_000)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "10", "10 fortnights", "-1s", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("1MiB"), Ok(1_048_576));
        assert_eq!(size("65536"), Ok(65_536));
        for wrong in ["", "MiB", "1 potato", "99999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn base_urls() {
        for right in [
            "https://api.example.com",
            "http://[::1]:80/v2",
            "http://localhost",
        ] {
            assert!(is_base_url(right), "{right}");
        }
        for wrong in [
            "",
            "notaurl",
            "api.example.com",
            "ftp://example.com",
            "https://",
            "https:///v2",
            "https://a.example/?q=1",
            "https://a b",
            "http://:80",
        ] {
            assert!(!is_base_url(wrong), "{wrong}");
        }
    }

    #[test]
    fn networks() {
        for (text, address, inside) in [
            ("10.0.0.0/8", "10.200.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
        ] {
            let network = network(text).unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                inside,
                "{text} {address}"
            );
        }
        for wrong in ["", "10.0.0.0/33", "shop", "10.0.0"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }
}
