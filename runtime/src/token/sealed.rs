//! Payloads of the application's own, sealed under keys that no token has.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::derive::Subkey;
use super::envelope::Envelope;
use super::members::is_too_deep;
use super::{Key, KeyError, KeySet, TokenError, random_id};
use crate::clock::Timestamp;

const TYP: &str = "countersign-sealed+jwt";
const LONGEST: usize = 8 * 1024;
const LONGEST_PURPOSE: usize = 128;
const LONGEST_TTL: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Seals payloads of the application's own, such as what an invitation or a link in a mail says, and opens them again.
///
/// A sealed text is a JWS like a token, with `typ` `countersign-sealed+jwt`, `iss`, the purpose as `aud`, `iat`, `exp`, `jti` and the
/// payload in `payload`. **Anyone can read it**: the payload is signed and not encrypted.
///
/// It is signed with HS256 under a key derived from the secret, which signs nothing else. So neither a sealed text nor a token passes for
/// the other, and no other service can take a sealed text for a token of ours, even one that has our published keys and forgets to look at
/// `typ`.
///
/// [`Auth::seal`](crate::Auth::seal) uses one under the secrets of refresh tokens. This type is for programs without an `Auth`:
///
/// ```
/// use std::time::Duration;
/// use countersign::Timestamp;
/// use countersign::token::{Algorithm, Key, KeySet, Sealer};
///
/// let secret = Key::generate_secret(Algorithm::Hs256)?;
/// let sealer = Sealer::new(&KeySet::new(secret)?, "https://api.example.com")?;
/// let now = Timestamp::from_unix(1_800_000_000);
/// let text = sealer.seal("invitation", &("ann@example.com", 7), Duration::from_secs(3600), now)?;
/// let (mail, team): (String, u64) = sealer.unseal("invitation", &text, now)?;
/// assert_eq!((mail.as_str(), team), ("ann@example.com", 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Sealer {
    issuer: String,
    envelope: Envelope,
}

#[derive(Serialize)]
struct Written<'a, T> {
    iss: &'a str,
    aud: &'a str,
    iat: Timestamp,
    exp: Timestamp,
    jti: &'a str,
    payload: &'a T,
}

/// All of a sealed text but its payload. A member that is missing, unknown or repeated is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    iss: String,
    aud: String,
    exp: Timestamp,
    #[serde(rename = "iat")]
    _iat: Timestamp,
    #[serde(rename = "jti")]
    _jti: String,
    #[serde(rename = "payload")]
    _payload: IgnoredAny,
}

#[derive(Deserialize)]
struct Content<T> {
    payload: T,
}

impl Sealer {
    /// Takes secrets, of which the first seals and all open, and the `iss` of what is sealed.
    ///
    /// Refuses keys that are no secrets, and a set that cannot sign.
    pub fn new(secrets: &KeySet, issuer: impl Into<String>) -> Result<Self, KeyError> {
        let envelope = Envelope::new(TYP, LONGEST, derived(secrets)?);
        Ok(Self { issuer: issuer.into(), envelope })
    }

    /// Replaces the secrets while texts are sealed and opened. From now on, texts under secrets that are not in the new set are refused.
    /// Refuses what [`Sealer::new`] refuses; the secrets from before then stay.
    pub fn replace_secrets(&self, secrets: &KeySet) -> Result<(), KeyError> {
        self.envelope.replace_keys(derived(secrets)?);
        Ok(())
    }

    /// Seals a payload for one purpose, from `now` for `ttl`: whole seconds, from one second to 366 days.
    pub fn seal<T: Serialize + ?Sized>(
        &self,
        purpose: &str,
        payload: &T,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<String, SealError> {
        if purpose.is_empty() || purpose.len() > LONGEST_PURPOSE || purpose.chars().any(char::is_control) {
            return Err(SealError::Purpose);
        }
        if ttl.as_secs() == 0 || ttl > LONGEST_TTL {
            return Err(SealError::Ttl);
        }
        let id = random_id().map_err(SealError::Failed)?;
        let (iss, jti) = (&*self.issuer, &*id);
        let written = Written { iss, aud: purpose, iat: now, exp: now + ttl, jti, payload: &payload };
        let text = serde_json::to_string(&written).map_err(|error| SealError::Payload(error.into()))?;
        // Otherwise it would be found out when a user comes with it.
        if is_too_deep(&text) {
            return Err(SealError::Payload("the payload is nested too deeply".into()));
        }
        self.envelope.seal(text.as_bytes()).map_err(|error| match error {
            TokenError::TooLong => SealError::TooLong,
            other => SealError::Failed(other),
        })
    }

    /// Opens what was sealed for this purpose and has not expired.
    pub fn unseal<T: DeserializeOwned>(
        &self,
        purpose: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<T, UnsealError> {
        let json = self.envelope.open(text.as_bytes()).map_err(UnsealError::Invalid)?;
        if is_too_deep(&json) || !json.starts_with('{') {
            return Err(UnsealError::Invalid(TokenError::Payload));
        }
        let read: Read =
            serde_json::from_str(&json).map_err(|_| UnsealError::Invalid(TokenError::Payload))?;
        if read.iss != self.issuer {
            return Err(UnsealError::Invalid(TokenError::Issuer));
        }
        if read.aud != purpose {
            return Err(UnsealError::OtherPurpose);
        }
        if now >= read.exp {
            return Err(UnsealError::Expired);
        }
        let Content { payload } =
            serde_json::from_str(&json).map_err(|error| UnsealError::Payload(error.into()))?;
        Ok(payload)
    }
}

pub(super) fn derived(secrets: &KeySet) -> Result<KeySet, KeyError> {
    let mut keys = secrets.keys().iter().map(|key| {
        let secret = key.secret().ok_or(KeyError::AlgorithmOfOtherKind(key.algorithm()))?;
        // Not the bytes of no parts: the beginning of those is the public name of a subkey.
        Key::derived(&Subkey::of(secret, "sealed").bytes(&["key"]))
    });
    let first = keys.next().ok_or(KeyError::EmptySet)??;
    if !secrets.can_sign() {
        return Err(KeyError::CannotSign);
    }
    keys.try_fold(KeySet::new(first)?, |set, key| set.accept(key?))
}

/// Why a payload could not be sealed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SealError {
    /// The purpose is empty, longer than 128 bytes, or has control characters.
    Purpose,
    /// The lifetime is shorter than a second or longer than 366 days.
    Ttl,
    /// The payload cannot be written as JSON, or is nested too deeply.
    Payload(Box<dyn Error + Send + Sync>),
    /// The text would be longer than 8 KiB: keep the content in a database, and seal its name.
    TooLong,
    /// The `Auth` only trusts issuers, and has no secret of its own.
    NoSecret,
    /// There was no signature or no randomness.
    Failed(TokenError),
}

/// Why a text was not opened.
///
/// Everyone can send any text, so all but [`UnsealError::Payload`] are the sender's. None of them belongs into an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnsealError {
    /// It was sealed here and for this purpose, and its time is over: offer another one.
    Expired,
    /// It was sealed here for another purpose.
    OtherPurpose,
    /// It was not sealed here, was changed, or its key is gone.
    Invalid(TokenError),
    /// It is good, and its payload does not fit the type that was asked for: the type has changed since.
    Payload(Box<dyn Error + Send + Sync>),
}

impl UnsealError {
    /// A short, stable code for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::OtherPurpose => "other_purpose",
            Self::Invalid(error) => error.reason(),
            Self::Payload(_) => "payload_type",
        }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Purpose => "a purpose is 1 to 128 bytes without control characters",
            Self::Ttl => "the lifetime of a sealed payload is between a second and 366 days",
            Self::Payload(_) => "the payload cannot be sealed",
            Self::NoSecret => {
                "an `Auth` that only trusts issuers has no secret to seal with: use a `token::Sealer`"
            }
            Self::TooLong => "the sealed text would be longer than 8 KiB",
            Self::Failed(_) => "the payload could not be signed",
        })
    }
}

impl Error for SealError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Payload(source) => Some(source.as_ref()),
            Self::Failed(source) => Some(source),
            Self::Purpose | Self::Ttl | Self::TooLong | Self::NoSecret => None,
        }
    }
}

impl fmt::Display for UnsealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the sealed text has expired",
            Self::OtherPurpose => "the text was sealed for another purpose",
            Self::Invalid(_) => "the text was not sealed here",
            Self::Payload(_) => "the sealed payload is of another type",
        })
    }
}

impl Error for UnsealError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(source) => Some(source),
            Self::Payload(source) => Some(source.as_ref()),
            Self::Expired | Self::OtherPurpose => None,
        }
    }
}
