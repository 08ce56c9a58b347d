//! One-time codes of an authenticator app (RFC 6238): six digits, thirty seconds, SHA-1, as every app knows them.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;

use crate::access::{NoRandomness, random};

/// Seconds that one code stands for.
const STEP: i64 = 30;
/// Steps before and after the current one that count too: clocks differ and people type slowly.
const SKEW: i64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A fresh secret of 160 bits, in base32.
///
/// # Errors
/// The system has no randomness.
pub fn fresh_secret() -> Result<String, NoRandomness> {
    Ok(encode(&random::<20>()?))
}

/// What an app reads from the enrolment page: `otpauth://totp/…`.
pub fn uri(secret: &str, user: &str) -> String {
    let user: String = form_urlencoded::byte_serialize(user.as_bytes()).collect();
    let user = user.replace('+', "%20");
    format!("otpauth://totp/Frontdesk:{user}?secret={secret}&issuer=Frontdesk")
}

/// The step of a code that is right at `now` and newer than `used`, the step of the last one that was taken: a code
/// that somebody looked at over a shoulder does not count twice.
pub fn check(secret: &str, code: &str, now: Timestamp, used: i64) -> Option<i64> {
    let key = decode(secret)?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let current = now.as_second().div_euclid(STEP);
    (current - SKEW..=current + SKEW)
        .filter(|step| *step > used)
        .find(|step| crate::access::token::same(&digits(&key, *step), &code))
}

/// The code that an app would show at `now`.
pub fn at(secret: &str, now: Timestamp) -> Option<String> {
    Some(digits(&decode(secret)?, now.as_second().div_euclid(STEP)))
}

fn digits(key: &[u8], step: i64) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last().copied().unwrap_or(0) & 0x0f);
    let four = hash.iter().skip(offset).take(4);
    let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut waiting, mut bits) = (0_u32, 0);
    for byte in bytes {
        waiting = waiting << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let letter = BASE32.get((waiting >> bits & 31) as usize);
            text.push(char::from(letter.copied().unwrap_or(b'=')));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut waiting, mut bits) = (0_u32, 0);
    for letter in text.bytes() {
        let value = BASE32.iter().position(|known| *known == letter)?;
        waiting = waiting << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(waiting >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{at, check, decode, encode, fresh_secret, uri};

    /// `12345678901234567890`, the key of RFC 6238's examples.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(at(SECRET, time(second)).as_deref(), Some(code), "{second}");
        }
    }

    #[test]
    fn a_code_counts_once_and_only_about_its_time() {
        let check = |code: &str, second, used| check(SECRET, code, time(second), used);
        for (code, second, used, expected) in [
            ("287082", 59, 0, Some(1)),
            ("287 082", 59, 0, Some(1)),
            ("287082", 89, 0, Some(1)),
            ("287082", 90, 0, None),
            ("287082", 59, 1, None),
            ("287083", 59, 0, None),
            ("", 59, 0, None),
        ] {
            assert_eq!(check(code, second, used), expected, "{code} at {second}");
        }
    }

    #[test]
    fn secrets_survive_their_text() {
        let secret = fresh_secret().unwrap();
        assert_eq!(secret.len(), 32);
        assert_eq!(encode(&decode(&secret).unwrap()), secret);
        assert_eq!(decode("1"), None);
        assert_eq!(
            uri("ABC", "ana ruiz@x.es"),
            "otpauth://totp/Frontdesk:ana%20ruiz%40x.es?secret=ABC&issuer=Frontdesk"
        );
    }
}
