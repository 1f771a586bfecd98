//! Why the keys of an issuer could not be fetched. The log has it; clients never see it.

use std::error::Error;
use std::fmt;
use std::mem::{Discriminant, discriminant};

use http::StatusCode;

use super::fetch::FetchError;
use super::published::MOST_KEYS;
use crate::token::KeyError;

/// Why a fetch of keys gave none.
pub(super) enum Failure {
    /// There is no answer.
    Fetch(FetchError),
    /// The answer is not 200.
    Status(StatusCode),
    /// The answer is not UTF-8.
    NotText,
    /// The answer is no JWK set.
    Set(KeyError),
    /// The set has more keys than an issuer needs.
    TooManyKeys(usize),
    /// The answer is no discovery document.
    Document(serde_json::Error),
    /// The discovery document is that of another issuer.
    OtherIssuer { expected: String, found: String },
    /// The discovery document names an address of keys that is not safe.
    Keys { found: String, error: &'static str },
    /// The fetch ended by a panic.
    Aborted,
}

impl Failure {
    /// Whether nothing is known about the document that was asked for, in contrast to one that was read and refused.
    pub(super) fn is_outage(&self) -> bool {
        !matches!(self, Self::OtherIssuer { .. } | Self::Keys { .. })
    }

    /// Whether the document has moved or is gone.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Status(StatusCode::NOT_FOUND | StatusCode::GONE))
    }

    /// What two failures have in common that need not both be logged.
    pub(super) fn kind(&self) -> Kind {
        let (fetch, status) = match self {
            Self::Fetch(error) => (Some(discriminant(error)), None),
            Self::Status(status) => (None, Some(*status)),
            _ => (None, None),
        };
        Kind { failure: discriminant(self), fetch, status }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    failure: Discriminant<Failure>,
    fetch: Option<Discriminant<FetchError>>,
    status: Option<StatusCode>,
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => {
                write!(f, "{error}")?;
                error.source().map_or(Ok(()), |cause| write!(f, ": {}", Cut(&format!("{cause:?}"))))
            }
            Self::Status(status) => write!(f, "the answer has status {}", status.as_u16()),
            Self::NotText => f.write_str("the answer is not UTF-8"),
            Self::Set(error) => write!(f, "the answer is no JWK set: {}", Cut(&error.to_string())),
            Self::TooManyKeys(count) => write!(f, "the set has {count} keys, and {MOST_KEYS} is the limit"),
            Self::Document(error) => {
                write!(f, "the answer is no discovery document: {}", Cut(&error.to_string()))
            }
            Self::OtherIssuer { expected, found } => write!(
                f,
                "the discovery document is of the issuer {:?} and not of {expected:?}, and both have to be equal to the letter",
                Cut(found)
            ),
            Self::Keys { found, error } => {
                write!(f, "the discovery document has its keys at {:?}: {error}", Cut(found))
            }
            Self::Aborted => f.write_str("the fetch panicked"),
        }
    }
}

/// The form in which it is logged.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The beginning of a text that others chose, so that it cannot fill the log.
pub(super) struct Cut<'a>(pub(super) &'a str);

impl Cut<'_> {
    const MOST: usize = 200;

    fn beginning(&self) -> (&str, &'static str) {
        match self.0.char_indices().nth(Self::MOST) {
            Some((end, _)) => (&self.0[..end], "…"),
            None => (self.0, ""),
        }
    }
}

impl fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (beginning, rest) = self.beginning();
        write!(f, "{beginning}{rest}")
    }
}

impl fmt::Debug for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (beginning, rest) = self.beginning();
        write!(f, "{beginning:?}{rest}")
    }
}
