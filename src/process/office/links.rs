//! Links by which a rep accepts a lead from a message: signed, so that nobody can make one up, and bound to one
//! decision, so that it is worth nothing once the lead went to somebody else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use uuid::Uuid;

use crate::process::decide::amend::Accept;
use crate::process::edit::Hand;
use crate::process::office::{Office, OfficeError, Result};
use crate::store::desk::Declined;

/// How long a link works.
const LASTS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Bytes of the signature that are kept.
const SIGNATURE: usize = 16;
/// Bytes of lead, epoch and expiry.
const CLAIM: usize = 16 + 4 + 8;

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    pub lead: Uuid,
    /// The decision that gave the lead to who gets the link.
    pub epoch: u32,
    pub expires: Timestamp,
}

/// The token of a link.
pub fn sign(key: &[u8; 32], link: &Link) -> String {
    let mut bytes = claim(link);
    let signature = mac(key, &bytes).finalize().into_bytes();
    bytes.extend(signature.iter().take(SIGNATURE));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a token is good for. `None` when it was not signed with this key, or its time is over.
pub fn verify(key: &[u8; 32], token: &str, now: Timestamp) -> Option<Link> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (claimed, signature) = bytes.split_at_checked(CLAIM)?;
    if signature.len() != SIGNATURE {
        return None;
    }
    mac(key, claimed).verify_truncated_left(signature).ok()?;
    let (lead, rest) = claimed.split_first_chunk::<16>()?;
    let (epoch, expires) = rest.split_first_chunk::<4>()?;
    let expires = i64::from_be_bytes(*expires.first_chunk::<8>()?);
    let expires = Timestamp::from_second(expires).ok()?;
    (now < expires).then(|| Link {
        lead: Uuid::from_bytes(*lead),
        epoch: u32::from_be_bytes(*epoch),
        expires,
    })
}

fn claim(link: &Link) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CLAIM + SIGNATURE);
    bytes.extend(link.lead.as_bytes());
    bytes.extend(link.epoch.to_be_bytes());
    bytes.extend(link.expires.as_second().to_be_bytes());
    bytes
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> Hmac<Sha256> {
    // A key shorter than a block means the same with zeros behind it.
    let mut block = [0; BLOCK];
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(b"frontdesk/accept/");
    mac.update(bytes);
    mac
}

impl Office {
    /// The token of a link by which the owner of a lead accepts it, as of the decision number `epoch`.
    ///
    /// # Errors
    /// The store's.
    pub async fn accept_token(&self, lead: Uuid, epoch: u32) -> Result<String> {
        let now = self.clock.now();
        let expires = now.saturating_add(LASTS).unwrap_or(now);
        let link = Link {
            lead,
            epoch,
            expires,
        };
        Ok(sign(&self.link_key().await?, &link))
    }

    /// What a token is good for, for a page to ask before it accepts.
    ///
    /// # Errors
    /// `Declined` with `bad_link`
    pub async fn accept_link(&self, token: &str) -> Result<Link> {
        let link = verify(&self.link_key().await?, token, self.clock.now());
        link.ok_or_else(|| {
            let sentence = "this link is not valid any more; open the lead in Frontdesk instead";
            OfficeError::Declined(Declined::new("bad_link", sentence))
        })
    }

    /// Accepts the lead of a token, in the name of its owner.
    ///
    /// # Errors
    /// Those of `accept_link` and `accept`
    pub async fn accept_by_link(&self, token: &str, by: &Hand) -> Result<Uuid> {
        let link = self.accept_link(token).await?;
        let accept = Accept {
            by: by.name.clone(),
            rep: None,
            epoch: Some(link.epoch),
        };
        self.accept(link.lead, accept, by).await?;
        Ok(link.lead)
    }

    async fn link_key(&self) -> Result<[u8; 32]> {
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).map_err(|error| {
            let cause = format!("the system gives no random bytes: {error}");
            OfficeError::Store(crate::store::StoreError::Unavailable(cause))
        })?;
        Ok(self.store.own_key("links", fresh).await?)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::{Link, sign, verify};

    #[test]
    fn a_link_is_good_for_one_decision_until_it_expires() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let link = Link {
            lead: Uuid::from_u128(7),
            epoch: 3,
            expires: at(1_000),
        };
        let token = sign(&[1; 32], &link);
        assert_eq!(verify(&[1; 32], &token, at(999)), Some(link));
        assert_eq!(verify(&[1; 32], &token, at(1_000)), None);
        assert_eq!(verify(&[2; 32], &token, at(0)), None);
        for place in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last letter holds bits that are not used.
            if place + 1 < token.len() {
                assert_eq!(verify(&[1; 32], &forged, at(0)), None, "{place}");
            }
        }
        for odd in ["", "AAAA", &token[1..], "not base64!"] {
            assert_eq!(verify(&[1; 32], odd, at(0)), None, "{odd}");
        }
    }
}
