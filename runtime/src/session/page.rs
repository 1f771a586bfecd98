//! A part of the list of a user's sessions.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::id::BYTES;
use super::{PartitionSalt, SessionId, SessionRecord};

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

/// Where the next page of a user's sessions begins, for a client: its text form is 32 characters of base64url.
///
/// The sequence in it is masked with the store's salt, because it tells how many users have signed in.
///
/// ```
/// use countersign::session::PageCursor;
///
/// assert!("next".parse::<PageCursor>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageCursor([u8; CURSOR_BYTES]);

const CURSOR_BYTES: usize = 24;

impl PageCursor {
    pub(super) fn behind(place: Place, salt: &PartitionSalt) -> Self {
        let mut bytes = [0; CURSOR_BYTES];
        let (id, sequence) = bytes.split_at_mut(BYTES);
        id.copy_from_slice(place.id.as_bytes());
        sequence.copy_from_slice(&(place.sequence ^ salt.mask(&place.id)).to_be_bytes());
        Self(bytes)
    }

    pub(super) fn place(&self, salt: &PartitionSalt) -> Place {
        let id = SessionId::from_bytes(std::array::from_fn(|position| self.0[position]));
        let masked = u64::from_be_bytes(std::array::from_fn(|position| self.0[BYTES + position]));
        Place { sequence: masked ^ salt.mask(&id), id }
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for PageCursor {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let mut bytes = [0; CURSOR_BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(CURSOR_BYTES) => Ok(Self(bytes)),
            _ => Err(InvalidPlace),
        }
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
    fn a_cursor_hides_the_sequence_and_keeps_the_place() {
        let salts = [[1; 16], [2; 16]].map(PartitionSalt::from_bytes);
        let id = SessionId::generate(Partition::new(1)).unwrap();
        for sequence in [0, 1, 255, u64::MAX] {
            let place = Place { sequence, id };
            let [cursor, other] = salts.map(|salt| PageCursor::behind(place, &salt));
            assert_eq!(cursor.place(&salts[0]), place);
            let text = cursor.to_string();
            assert_eq!((text.len(), text.parse()), (32, Ok(cursor)));
            assert!(!cursor.0.ends_with(&sequence.to_be_bytes()));
            assert_ne!(cursor, other);
        }
        for text in ["", "A", &"A".repeat(31), &"A".repeat(33), &"+".repeat(32), &"=".repeat(32)] {
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
