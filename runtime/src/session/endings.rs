//! What a store tells every server of the sessions that end.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::id::BYTES;
use super::{Owner, SessionId};

/// What is about to end. The text form, 24 characters, is for a store to keep.
///
/// ```
/// use countersign::session::{Ending, Partition, SessionId};
///
/// let ending = Ending::Session(SessionId::generate(Partition::new(7))?);
/// assert_eq!(ending.to_string().parse(), Ok(ending));
/// # Ok::<(), countersign::session::SessionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a session ends alone or with the others of its user")]
pub enum Ending {
    /// One session, or its access tokens.
    Session(SessionId),
    /// Sessions of the user with this [tag](Owner::tag), whichever they are.
    OfUser([u8; BYTES]),
}

impl Ending {
    /// Sessions of this user.
    pub const fn of_user(owner: &Owner<'_>) -> Self {
        Self::OfUser(*owner.tag())
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "s:{id}"),
            Self::OfUser(tag) => write!(f, "u:{}", URL_SAFE_NO_PAD.encode(tag)),
        }
    }
}

impl FromStr for Ending {
    type Err = InvalidEnding;

    fn from_str(text: &str) -> Result<Self, InvalidEnding> {
        // A session and a tag have the same length and alphabet.
        let (kind, bytes) = text.split_once(':').ok_or(InvalidEnding)?;
        let id: SessionId = bytes.parse().map_err(|_| InvalidEnding)?;
        match kind {
            "s" => Ok(Self::Session(id)),
            "u" => Ok(Self::OfUser(*id.as_bytes())),
            _ => Err(InvalidEnding),
        }
    }
}

/// A text that is not an [`Ending`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidEnding;

impl fmt::Display for InvalidEnding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the ending of a session")
    }
}

impl std::error::Error for InvalidEnding {}

/// How far a log of endings was read. Only the store that made it understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// Takes the store's own text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The store's own text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A part of a log of endings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a store makes it")]
pub struct Endings {
    /// What was announced. Some may have been read before.
    pub endings: Vec<Ending>,
    /// Where the next part begins.
    pub next: Cursor,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Partition;

    #[test]
    fn an_ending_has_one_text() {
        let id = SessionId::generate(Partition::new(1)).unwrap();
        for ending in [Ending::Session(id), Ending::OfUser(*id.as_bytes())] {
            let text = ending.to_string();
            assert_eq!((text.len(), text.parse()), (24, Ok(ending)));
        }
        for text in ["", "s", "s:", &format!("x:{id}"), &format!("s:{id}="), &format!(" s:{id}"), id.as_str()]
        {
            assert_eq!(text.parse::<Ending>(), Err(InvalidEnding), "{text}");
        }
    }
}
