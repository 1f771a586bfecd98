//! The identifier of a session.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Partition, SessionError};
use crate::base64url;

pub(super) const BYTES: usize = 16;
const CHARACTERS: usize = 22;

/// The identifier of a session, the `sid` of its tokens: 16 bytes as 22 characters of base64url.
///
/// The first two bytes are the [partition](Partition) of the user, the other 112 bits are random. It names a session and is not a
/// credential. It says which sessions may belong to one user, and nothing about the user to anyone who has not the store's
/// [salt](super::PartitionSalt).
///
/// ```
/// use countersign::session::{Partition, SessionId};
///
/// let id = SessionId::generate(Partition::new(7))?;
/// assert_eq!(id.partition(), Partition::new(7));
/// assert_eq!(id.as_str().len(), 22);
/// assert_eq!(id.as_str().parse(), Ok(id));
/// assert!("../../etc/passwd".parse::<SessionId>().is_err());
/// # Ok::<(), countersign::session::SessionError>(())
/// ```
#[derive(Clone, Copy)]
pub struct SessionId {
    bytes: [u8; BYTES],
    text: [u8; CHARACTERS],
}

impl SessionId {
    /// Makes a new identifier in this partition, with the system's random number generator.
    ///
    /// # Errors
    ///
    /// [`SessionError::Randomness`] when the operating system gives no random bytes.
    pub fn generate(partition: Partition) -> Result<Self, SessionError> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|cause| SessionError::Randomness(cause.into()))?;
        bytes[..2].copy_from_slice(&partition.number().to_be_bytes());
        Ok(Self::from_bytes(bytes))
    }

    /// Restores an identifier from the bytes that [`as_bytes`](Self::as_bytes) gave to a store.
    pub fn from_bytes(bytes: [u8; BYTES]) -> Self {
        let mut text = [0; CHARACTERS];
        // 16 bytes always make 22 characters.
        let _length = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
        Self { bytes, text }
    }

    /// The identifier as bytes. They sort by partition.
    pub const fn as_bytes(&self) -> &[u8; BYTES] {
        &self.bytes
    }

    /// The identifier as tokens, URLs and documents contain it.
    pub fn as_str(&self) -> &str {
        // The text is ASCII: base64url has no other characters.
        str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Where the session is kept, together with all others of its user.
    pub const fn partition(&self) -> Partition {
        Partition::new(u16::from_be_bytes([self.bytes[0], self.bytes[1]]))
    }
}

impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for SessionId {}

impl PartialOrd for SessionId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SessionId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    /// Accepts the form that [`as_str`](SessionId::as_str) gives: 16 bytes in canonical base64url without padding (RFC 4648 section 5).
    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        let mut bytes = [0; BYTES];
        // A text of this length has all bytes, and only one text has them: the decoder accepts no other.
        let characters = text.as_bytes().try_into().map_err(|_| InvalidSessionId)?;
        base64url::decode_into(text, &mut bytes).ok_or(InvalidSessionId)?;
        Ok(Self { bytes, text: characters })
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidSessionId;

    /// As [`FromStr`].
    fn try_from(text: String) -> Result<Self, InvalidSessionId> {
        text.parse()
    }
}

/// A text that is not the identifier of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSessionId;

impl fmt::Display for InvalidSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the identifier of a session")
    }
}

impl std::error::Error for InvalidSessionId {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 88: of the 128 bits, 112 are random, also within one partition.
    #[test]
    fn identifiers_do_not_repeat_and_every_bit_behind_the_partition_is_random() {
        let ids: std::collections::HashSet<_> =
            (0..1000).map(|_| SessionId::generate(Partition::new(0xabcd)).unwrap()).collect();
        assert_eq!(ids.len(), 1000);
        for bit in 0..128 {
            let set = ids.iter().filter(|id| id.bytes[bit / 8] >> (7 - bit % 8) & 1 == 1).count();
            let is_fixed = set == 0 || set == 1000;
            assert_eq!(is_fixed, bit < 16, "bit {bit} is set in {set} of 1000");
        }
    }

    #[test]
    fn only_the_canonical_form_is_an_identifier() {
        let id = SessionId::generate(Partition::new(1)).unwrap();
        assert_eq!(id.as_str().parse(), Ok(id));
        assert_eq!(SessionId::from_bytes(*id.as_bytes()), id);
        let with_newline = format!("{id}\n");
        let padded = format!("{id}==");
        let long = "A".repeat(1 << 20);
        // 22 characters carry 132 bits, and the last four have to be zero.
        let loose_bits = "AAAAAAAAAAAAAAAAAAAAAB";
        for text in
            ["", "A", &id.as_str()[1..], &with_newline, &padded, &long, loose_bits, "AAAAAAAAAAAAAAAAAAAA+/"]
        {
            assert_eq!(text.parse::<SessionId>(), Err(InvalidSessionId), "{} bytes", text.len());
        }
    }
}
