//! A part of the list of a user's sessions.

use std::fmt;
use std::str::FromStr;

use super::SessionId;

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
