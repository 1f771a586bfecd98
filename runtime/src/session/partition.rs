//! Where the sessions of a user are kept.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::id::BYTES;
use super::{Place, SessionError, SessionId};

/// The part of a store in which all sessions of a user are: 16 bits of a keyed hash of the user, the first two bytes of each
/// [`SessionId`].
///
/// A store may place records by it, and finds the sessions of a user among those of one partition.
///
/// ```
/// use countersign::session::{Partition, SessionId};
///
/// let partition = Partition::new(0x0102);
/// let id = SessionId::generate(partition)?;
/// assert!(partition.first() <= id && id <= partition.last());
/// # Ok::<(), countersign::session::SessionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(u16);

impl Partition {
    /// Takes the number of the partition.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number of the partition.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The smallest identifier of the partition.
    pub fn first(self) -> SessionId {
        self.filled_with(0)
    }

    /// The largest identifier of the partition.
    pub fn last(self) -> SessionId {
        self.filled_with(u8::MAX)
    }

    fn filled_with(self, byte: u8) -> SessionId {
        let mut bytes = [byte; BYTES];
        bytes[..2].copy_from_slice(&self.0.to_be_bytes());
        SessionId::from_bytes(bytes)
    }
}

/// The key of the hash from which partitions come: 16 random bytes.
///
/// A store makes it once and keeps it for ever. It is no secret of the configuration, because a user's sessions must stay in one
/// partition when those are changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PartitionSalt([u8; 16]);

impl PartitionSalt {
    /// Makes a salt with the system's random number generator.
    ///
    /// # Errors
    ///
    /// [`SessionError::Randomness`] when the operating system gives no random bytes.
    pub fn generate() -> Result<Self, SessionError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|cause| SessionError::Randomness(cause.into()))?;
        Ok(Self(bytes))
    }

    /// Restores a salt from the bytes that [`as_bytes`](Self::as_bytes) gave to a store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn hash(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// What hides the sequence of a session in a [cursor](super::PageCursor), which depends on the session alone, and what shows that the
    /// cursor is one of this user's.
    pub(super) fn mask_and_seal(&self, place: Place, owner: &Owner<'_>) -> (u64, [u8; 8]) {
        let mask = self.hash(&[b"\0mask of a place", &place.id.as_bytes()[..]].concat());
        let sequence = place.sequence.to_be_bytes();
        let seal =
            self.hash(&[b"\0seal of a place", &place.id.as_bytes()[..], &sequence, owner.tag()].concat());
        (u64::from_be_bytes(std::array::from_fn(|at| mask[at])), std::array::from_fn(|at| seal[at]))
    }
}

impl fmt::Debug for PartitionSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartitionSalt(..)")
    }
}

/// A user as the owner of sessions: the user id, and where the user's sessions are.
///
/// ```
/// use countersign::session::{Owner, PartitionSalt};
///
/// let salt = PartitionSalt::generate()?;
/// let ann = Owner::new(&salt, "ann");
/// assert_eq!(ann.user_id(), "ann");
/// assert_eq!(ann.partition(), Owner::new(&salt, "ann").partition());
/// # Ok::<(), countersign::session::SessionError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    user_id: &'a str,
    tag: [u8; BYTES],
}

impl<'a> Owner<'a> {
    /// Finds the partition of a user: the first 16 bits of HMAC-SHA-256 over the user id, with the store's salt as the key.
    pub fn new(salt: &PartitionSalt, user_id: &'a str) -> Self {
        let hash = salt.hash(user_id.as_bytes());
        Self { user_id, tag: std::array::from_fn(|position| hash[position]) }
    }

    /// The user.
    pub const fn user_id(&self) -> &'a str {
        self.user_id
    }

    /// Where the user's sessions are.
    pub const fn partition(&self) -> Partition {
        Partition(u16::from_be_bytes([self.tag[0], self.tag[1]]))
    }

    /// A name for the user that says nothing without the salt: 16 bytes of the hash, of which the first two are the partition.
    pub const fn tag(&self) -> &[u8; BYTES] {
        &self.tag
    }
}

impl fmt::Debug for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner").field("partition", &self.partition()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 section 4.3: the test case whose key is shortest.
    #[test]
    fn the_tag_is_hmac_sha_256() {
        let mut key = [0; 16];
        key[..4].copy_from_slice(b"Jefe");
        // A key is filled up with zeros (RFC 2104), so this one is "Jefe".
        let owner = Owner::new(&PartitionSalt::from_bytes(key), "what do ya want for nothing?");
        let expected =
            [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7];
        assert_eq!(*owner.tag(), expected);
        assert_eq!(owner.partition(), Partition::new(0x5bdc));
    }

    /// Row 160.
    #[test]
    fn partitions_follow_the_salt_and_users_spread_over_them() {
        let salts = [[1; 16], [2; 16]].map(PartitionSalt::from_bytes);
        let users: Vec<_> = (0..10_000).map(|user| user.to_string()).collect();
        let partitions = salts.map(|salt| {
            let partitions = users.iter().map(|user| Owner::new(&salt, user).partition());
            partitions.collect::<Vec<_>>()
        });
        for of_salt in &partitions {
            // 10,000 draws from 65,536 meet about 9,275 different partitions.
            let different = of_salt.iter().collect::<std::collections::HashSet<_>>().len();
            assert!((9_000..9_600).contains(&different), "{different}");
        }
        let same = partitions[0].iter().zip(&partitions[1]).filter(|(a, b)| a == b).count();
        assert!(same < 10, "{same} of 10,000 have one partition under both salts");
    }

    #[test]
    fn the_identifiers_of_a_partition_are_between_its_first_and_its_last() {
        for number in [0, 1, 0xff, 0x100, u16::MAX] {
            let partition = Partition::new(number);
            let id = SessionId::generate(partition).unwrap();
            assert!(partition.first() <= id && id <= partition.last());
            assert_eq!([partition.first(), partition.last()].map(|id| id.partition()), [partition; 2]);
        }
        assert!(Partition::new(1).last() < Partition::new(2).first());
    }

    #[test]
    fn debug_shows_neither_the_salt_nor_the_user() {
        let salt = PartitionSalt::from_bytes([0x61; 16]);
        assert_eq!(format!("{salt:?}"), "PartitionSalt(..)");
        assert!(!format!("{:?}", Owner::new(&salt, "ann")).contains("ann"));
    }
}
