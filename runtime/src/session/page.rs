//! A part of the list of a user's sessions.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::id::BYTES;
use super::{Owner, PartitionSalt, SessionId, SessionRecord};

/// Where a session is in the list of its user, the newest first: by its sequence, and of two with one sequence by its identifier,
/// both descending.
///
/// Its text form, `<sequence>.<identifier>`, is not for clients: the sequence tells how many users sign in.
///
/// ```
/// use countersign::session::{Partition, Place, SessionId};
///
/// let place = Place { sequence: 12, id: SessionId::generate(Partition::new(7))? };
/// assert_eq!(place.to_string().parse(), Ok(place));
/// # Ok::<(), countersign::session::SessionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a store makes it of what it keeps")]
pub struct Place {
    /// The [sequence](super::SessionRecord::sequence) of the session.
    pub sequence: u64,
    /// The session.
    pub id: SessionId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.sequence, self.id)
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let (sequence, id) = text.split_once('.').ok_or(InvalidPlace)?;
        let place = Self {
            sequence: sequence.parse().map_err(|_| InvalidPlace)?,
            id: id.parse().map_err(|_| InvalidPlace)?,
        };
        // Not `+1` and not `01`: a place has one text.
        if place.to_string() == text { Ok(place) } else { Err(InvalidPlace) }
    }
}

/// A text that is not the place of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidPlace;

impl fmt::Display for InvalidPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the place of a session in a list")
    }
}

impl std::error::Error for InvalidPlace {}

/// Where the next page of a user's sessions begins, for a client: its text form is 43 characters of base64url.
///
/// The sequence in it is masked with the store's salt, because it tells how many users have signed in, and a client that changes a bit
/// of it has no cursor any more.
///
/// ```
/// use countersign::session::PageCursor;
///
/// assert!("next".parse::<PageCursor>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageCursor {
    id: SessionId,
    masked: [u8; 8],
    seal: [u8; 8],
}

const CURSOR_BYTES: usize = BYTES + 16;

impl PageCursor {
    pub(super) fn behind(place: Place, salt: &PartitionSalt, owner: &Owner<'_>) -> Self {
        let (mask, seal) = salt.mask_and_seal(place, owner);
        Self { id: place.id, masked: (place.sequence ^ mask).to_be_bytes(), seal }
    }

    /// The place, if this is a cursor of this user's list.
    pub(super) fn place(&self, salt: &PartitionSalt, owner: &Owner<'_>) -> Option<Place> {
        let unmasked = |mask: u64| Place { sequence: u64::from_be_bytes(self.masked) ^ mask, id: self.id };
        // The mask does not depend on the sequence.
        let place = unmasked(salt.mask_and_seal(unmasked(0), owner).0);
        let (_, seal) = salt.mask_and_seal(place, owner);
        bool::from(seal.ct_eq(&self.seal)).then_some(place)
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.as_bytes()[..], &self.masked, &self.seal].concat();
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for PageCursor {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let mut bytes = [0; CURSOR_BYTES];
        if URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) != Ok(CURSOR_BYTES) {
            return Err(InvalidPlace);
        }
        Ok(Self {
            id: SessionId::from_bytes(std::array::from_fn(|at| bytes[at])),
            masked: std::array::from_fn(|at| bytes[BYTES + at]),
            seal: std::array::from_fn(|at| bytes[BYTES + 8 + at]),
        })
    }
}

/// A page of a user's sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionPage {
    /// The sessions, the newest first.
    pub sessions: Vec<SessionRecord>,
    /// Where the next page begins, if there is one.
    pub next: Option<PageCursor>,
}

/// The part of a list that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a list has a start and a length")]
pub struct Page {
    /// The last session of the page before; `None` asks for the first page.
    pub after: Option<Place>,
    /// How many sessions at most.
    pub limit: u32,
}

impl Page {
    /// The first page.
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Partition;

    #[test]
    fn a_cursor_hides_the_sequence_and_cannot_be_changed() {
        let salts = [[1; 16], [2; 16]].map(PartitionSalt::from_bytes);
        let owners =
            [Owner::new(&salts[0], "ann"), Owner::new(&salts[0], "bob"), Owner::new(&salts[1], "ann")];
        let id = SessionId::generate(Partition::new(1)).unwrap();
        for sequence in [0, 1, 255, u64::MAX] {
            let place = Place { sequence, id };
            let cursor = PageCursor::behind(place, &salts[0], &owners[0]);
            assert_eq!(cursor.place(&salts[0], &owners[0]), Some(place));
            assert_eq!(cursor.place(&salts[0], &owners[1]), None, "another user");
            assert_eq!(cursor.place(&salts[1], &owners[2]), None, "another store");
            assert_ne!(cursor.masked, sequence.to_be_bytes());
            let text = cursor.to_string();
            assert_eq!((text.len(), text.parse()), (43, Ok(cursor)));
            for bit in 0..8 * CURSOR_BYTES {
                let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let changed: PageCursor = URL_SAFE_NO_PAD.encode(bytes).parse().unwrap();
                assert_eq!(changed.place(&salts[0], &owners[0]), None, "bit {bit}");
            }
        }
        for text in ["", "A", &"A".repeat(42), &"A".repeat(44), &"+".repeat(43), &"=".repeat(43)] {
            assert_eq!(text.parse::<PageCursor>(), Err(InvalidPlace), "{text}");
        }
    }

    #[test]
    fn a_place_has_one_text() {
        let id = SessionId::generate(Partition::new(1)).unwrap();
        for sequence in [0, 1, u64::MAX] {
            let place = Place { sequence, id };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        let texts = ["".to_owned(), "1".to_owned(), "1.".to_owned(), format!(".{id}"), format!("01.{id}")];
        let more = [
            format!("+1.{id}"),
            format!("1.{id}="),
            format!("1.{id}.1"),
            format!("18446744073709551616.{id}"),
        ];
        for text in texts.iter().chain(&more) {
            assert_eq!(text.parse::<Place>(), Err(InvalidPlace), "{text}");
        }
    }
}
