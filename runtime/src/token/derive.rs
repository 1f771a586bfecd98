//! Names and identifiers, random or derived from a secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::TokenError;

/// Makes an identifier of 256 random bits, such as the first `jti` of a session, in base64url.
///
/// Fails only when the operating system gives no random bytes.
pub fn random_id() -> Result<String, TokenError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| TokenError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A key for one purpose, derived with HKDF-SHA256 (RFC 5869). It reveals nothing about the secret or other subkeys.
#[derive(Clone)]
pub(super) struct Subkey(Hmac<Sha256>);

impl Subkey {
    pub(super) fn of(secret: &[u8], purpose: &str) -> Self {
        let mut subkey = zeroize::Zeroizing::new([0; 32]);
        let info: [&[u8]; 2] = [b"countersign 1 ", purpose.as_bytes()];
        Hkdf::<Sha256>::new(None, secret)
            .expand_multi_info(&info, subkey.as_mut())
            .unwrap_or_else(|_| unreachable!("HKDF-SHA256 gives 32 bytes"));
        Self(
            Hmac::new_from_slice(subkey.as_ref())
                .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length")),
        )
    }

    /// HMAC-SHA256 over the parts, each with its length, so that no two lists of parts are the same message.
    pub(super) fn bytes(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// A pseudorandom identifier of 256 bits for these parts, in base64url.
    pub(super) fn id(&self, parts: &[&str]) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(parts))
    }

    /// A short name of the subkey itself.
    pub(super) fn name(&self) -> String {
        let mut name = self.id(&[]);
        name.truncate(16);
        name
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Row 101: an identifier of one purpose is not valid for another.
    #[test]
    fn subkeys_of_one_secret_give_each_purpose_its_own_identifiers() {
        let purposes = ["successor", "access id", "pseudonym", "csrf", "fingerprint", ""];
        for parts in [&["session", "token"][..], &["session"], &[]] {
            let ids = purposes.map(|purpose| Subkey::of(b"secret", purpose).id(parts));
            assert_eq!(ids.iter().collect::<HashSet<_>>().len(), purposes.len(), "{parts:?}");
        }
    }

    /// Row 101: no other division into parts gives the same message.
    #[test]
    fn no_two_lists_of_parts_have_one_identifier() {
        let subkey = Subkey::of(b"secret", "purpose");
        let lists = [&["ab", "c"][..], &["a", "bc"], &["abc"], &["abc", ""], &["", "abc"], &[], &[""]];
        let ids: HashSet<_> = lists.into_iter().map(|parts| subkey.id(parts)).collect();
        assert_eq!(ids.len(), lists.len());
    }
}
