//! Refresh tokens, which are signed with their own secret and never accepted as access tokens.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::access::Audience;
use super::derive::Subkey;
use super::envelope::Envelope;
use super::payload::{self, LATEST};
use super::{Key, KeySet, SettingsError, TokenError, TokenSettings};
use crate::clock::Timestamp;

/// The values of a new refresh token that come from the session.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RefreshStamp<'a> {
    /// The user's identifier, `sub`.
    pub subject: &'a str,
    /// The token's own id, `jti`.
    pub id: &'a str,
    /// The session's id, `sid`.
    pub session_id: &'a str,
    /// When the token is issued, `iat`.
    pub issued_at: Timestamp,
    /// When it expires, `exp`.
    pub expires_at: Timestamp,
}

impl<'a> RefreshStamp<'a> {
    /// Makes the stamp of a token of the session `session_id`.
    pub fn new(
        subject: &'a str,
        id: &'a str,
        session_id: &'a str,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self { subject, id, session_id, issued_at, expires_at }
    }
}

/// A refresh token that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshTicket {
    /// The user's identifier, `sub`.
    pub subject: String,
    /// The token's own id, `jti`.
    pub id: String,
    /// The session's id, `sid`.
    pub session_id: String,
    /// When the token was issued, `iat`.
    pub issued_at: Timestamp,
    /// When it expires, `exp`.
    pub expires_at: Timestamp,
}

/// Makes and verifies refresh tokens, and derives the identifiers of their successors.
///
/// The key is a secret, so the same stamp gives the same token byte for byte. The header `typ` is `rt+jwt`. Verification demands
/// the same as that of [`AccessTokens`](super::AccessTokens), except for `auth_time`.
pub struct RefreshTokens {
    envelope: Envelope,
    settings: TokenSettings,
    successors: Subkey,
    access_ids: Subkey,
    pseudonyms: Subkey,
    csrf_tokens: Subkey,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    aud: Audience<'a>,
    sub: &'a str,
    exp: Timestamp,
    iat: Timestamp,
    jti: &'a str,
    sid: &'a str,
}

#[derive(Deserialize)]
struct SubjectClaim {
    sub: String,
}

impl RefreshTokens {
    /// Takes the key and the settings. Refuses a key that is not a secret or cannot sign, settings that are empty or out of range,
    /// and a length limit with no room for issuer, audiences and a subject of 36 characters.
    pub fn new(key: Key, settings: TokenSettings) -> Result<Self, SettingsError> {
        let settings = settings.checked()?;
        let secret = key.secret().ok_or(SettingsError::RefreshKeyNotSecret)?;
        let subkey = |purpose| Subkey::of(secret, purpose);
        let (successors, access_ids) = (subkey("successor"), subkey("access id"));
        let (pseudonyms, csrf_tokens) = (subkey("pseudonym"), subkey("csrf"));
        let keys = KeySet::new(key).map_err(|_| SettingsError::RefreshKeyNotSecret)?;
        let envelope = Envelope::new("rt+jwt", settings.max_len, keys);
        Self { envelope, settings, successors, access_ids, pseudonyms, csrf_tokens }.check_length_limit()
    }

    /// Makes a token. Equal stamps give equal tokens. Refuses times outside 1970 to 9999, and a token over the length limit.
    pub fn mint(&self, stamp: &RefreshStamp<'_>) -> Result<String, TokenError> {
        let expected = self.settings.expected();
        let payload = serde_json::to_string(&Payload {
            iss: expected.issuer,
            aud: expected.audiences.into(),
            sub: stamp.subject,
            exp: stamp.expires_at,
            iat: stamp.issued_at,
            jti: stamp.id,
            sid: stamp.session_id,
        })
        .map_err(TokenError::claims)?;
        payload::read(&payload, expected, |members| SubjectClaim::deserialize(members))?;
        self.envelope.seal(payload.as_bytes())
    }

    /// Verifies a token.
    pub fn verify(&self, token: &[u8], now: Timestamp) -> Result<RefreshTicket, TokenError> {
        let payload = self.envelope.open(token)?;
        let (registered, SubjectClaim { sub }) =
            payload::read(&payload, self.settings.expected(), |members| SubjectClaim::deserialize(members))?;
        self.settings.check_times(&registered, now)?;
        Ok(RefreshTicket {
            subject: sub,
            id: registered.id.into_owned(),
            session_id: registered.session_id.into_owned(),
            issued_at: registered.issued_at,
            expires_at: registered.expires_at,
        })
    }

    /// Returns the id of the session of a token, for signing out. Checks everything that [`RefreshTokens::verify`] checks except
    /// the times.
    pub fn session_id_of(&self, token: &[u8]) -> Result<String, TokenError> {
        payload::session_id(&self.envelope.open(token)?, self.settings.expected())
    }

    /// Derives the `jti` of the refresh token that follows `parent_id`: 256 bits that only the holder of the refresh secret can
    /// compute, and always the same ones for the same parent.
    pub fn successor_id(&self, session_id: &str, parent_id: &str) -> String {
        self.successors.id(&[session_id, parent_id])
    }

    /// Derives the `jti` of the refresh token that displaces the [successor](Self::successor_id) of `parent_id` if the answer with it
    /// was lost.
    pub fn successor_id_after_loss(&self, session_id: &str, parent_id: &str) -> String {
        self.successors.id(&[session_id, parent_id, "after loss"])
    }

    /// Derives the `jti` of the access token that is given out at this time with the refresh token `refresh_id`. The time is part
    /// of it, because a refresh token that is kept is given out again with another access token.
    pub fn derived_access_id(&self, session_id: &str, refresh_id: &str, issued_at: Timestamp) -> String {
        self.access_ids.id(&[session_id, refresh_id, &issued_at.unix().to_string()])
    }

    /// Derives a short name that represents an identifier in logs. It is the same each time, and cannot be traced back without
    /// the refresh secret. The `kind` separates users from sessions.
    pub(crate) fn pseudonym(&self, kind: &str, id: &str) -> String {
        let mut name = self.pseudonyms.id(&[kind, id]);
        name.truncate(16);
        name
    }

    /// Derives the token that a request authenticated by a cookie of this session has to carry. It is bound to the session, so
    /// that an attacker cannot use the token of another session.
    pub(crate) fn csrf_token(&self, session_id: &str) -> String {
        self.csrf_tokens.id(&[session_id])
    }

    /// Compares in constant time.
    pub(crate) fn is_csrf_token(&self, session_id: &str, presented: &[u8]) -> bool {
        self.csrf_token(session_id).as_bytes().ct_eq(presented).into()
    }

    /// Refuses settings under which no token of a user with a UUID for identifier fits the length limit.
    fn check_length_limit(self) -> Result<Self, SettingsError> {
        let (uuid, id, session_id) = ("u".repeat(36), "i".repeat(43), "s".repeat(22));
        match self.mint(&RefreshStamp::new(&uuid, &id, &session_id, LATEST, LATEST)) {
            Ok(_) => Ok(self),
            Err(TokenError::TooLong) => Err(SettingsError::RefreshTokenTooLong),
            Err(_) => Err(SettingsError::RefreshKeyNotSecret),
        }
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokens")
            .field("envelope", &self.envelope)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
