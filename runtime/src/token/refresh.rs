//! Refresh tokens, which are signed with their own secret and never accepted as access tokens.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq as _};

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
#[derive(Clone)]
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
    /// Those of the key that verified it.
    subkeys: Arc<Subkeys>,
}

impl fmt::Debug for RefreshTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTicket")
            .field("subject", &self.subject)
            .field("id", &self.id)
            .field("session_id", &self.session_id)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Makes and verifies refresh tokens, and derives the identifiers of their successors.
///
/// The first key signs, and the tokens of all are accepted; the keys can be replaced while tokens are verified. A key is a secret, so the
/// same stamp gives the same token byte for byte. The header `typ` is `rt+jwt`. Verification demands the same as that of
/// [`AccessTokens`](super::AccessTokens), except for `auth_time`.
pub struct RefreshTokens {
    settings: TokenSettings,
    keys: RwLock<Arc<Keys>>,
}

/// The keys, and what is derived from each, in the same order. They are replaced together.
struct Keys {
    envelope: Envelope,
    set: KeySet,
    /// Of the key that signs.
    current: Arc<Subkeys>,
    all: Vec<Arc<Subkeys>>,
}

struct Subkeys {
    successors: Subkey,
    access_ids: Subkey,
    pseudonyms: Subkey,
    csrf_tokens: Subkey,
    fingerprints: Subkey,
}

impl Subkeys {
    fn of(key: &Key) -> Option<Arc<Self>> {
        let secret = key.secret()?;
        let subkey = |purpose| Subkey::of(secret, purpose);
        Some(Arc::new(Self {
            successors: subkey("successor"),
            access_ids: subkey("access id"),
            pseudonyms: subkey("pseudonym"),
            csrf_tokens: subkey("csrf"),
            fingerprints: subkey("fingerprint"),
        }))
    }
}

impl Keys {
    fn new(set: KeySet, settings: &TokenSettings) -> Result<Self, SettingsError> {
        let subkeys: Option<Vec<_>> = set.keys().iter().map(Subkeys::of).collect();
        let all = subkeys.filter(|_| set.can_sign()).ok_or(SettingsError::RefreshKeyNotSecret)?;
        let current = all.first().ok_or(SettingsError::RefreshKeyNotSecret)?.clone();
        let envelope = Envelope::new("rt+jwt", settings.max_len, set.clone());
        Self { envelope, set, current, all }.check_length_limit(settings)
    }

    fn mint(&self, settings: &TokenSettings, stamp: &RefreshStamp<'_>) -> Result<String, TokenError> {
        let expected = settings.expected();
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

    /// Refuses settings under which no token of a user with a UUID for identifier fits the length limit.
    fn check_length_limit(self, settings: &TokenSettings) -> Result<Self, SettingsError> {
        let (uuid, id, session_id) = ("u".repeat(36), "i".repeat(43), "s".repeat(22));
        match self.mint(settings, &RefreshStamp::new(&uuid, &id, &session_id, LATEST, LATEST)) {
            Ok(_) => Ok(self),
            Err(TokenError::TooLong) => Err(SettingsError::RefreshTokenTooLong),
            Err(_) => Err(SettingsError::RefreshKeyNotSecret),
        }
    }
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
        Self::with_keys(KeySet::new(key).map_err(|_| SettingsError::RefreshKeyNotSecret)?, settings)
    }

    /// As [`RefreshTokens::new`], with further keys whose tokens are accepted.
    pub fn with_keys(keys: KeySet, settings: TokenSettings) -> Result<Self, SettingsError> {
        let settings = settings.checked()?;
        let keys = RwLock::new(Arc::new(Keys::new(keys, &settings)?));
        Ok(Self { settings, keys })
    }

    /// Replaces the keys while requests are served. From now on, tokens of keys that are not in the new set are refused. Refuses what
    /// [`RefreshTokens::new`] refuses; the keys from before then stay.
    pub fn replace_keys(&self, keys: KeySet) -> Result<(), SettingsError> {
        let keys = Arc::new(Keys::new(keys, &self.settings)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// The keys of this moment.
    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn shares_a_key_with(&self, others: &KeySet) -> bool {
        self.keys().set.shares_a_key_with(others)
    }

    /// Makes a token. Equal stamps give equal tokens. Refuses times outside 1970 to 9999, and a token over the length limit.
    pub fn mint(&self, stamp: &RefreshStamp<'_>) -> Result<String, TokenError> {
        self.keys().mint(&self.settings, stamp)
    }

    /// Verifies a token.
    pub fn verify(&self, token: &[u8], now: Timestamp) -> Result<RefreshTicket, TokenError> {
        let keys = self.keys();
        let (payload, place) = keys.envelope.open_with_key(token)?;
        let (registered, SubjectClaim { sub }) =
            payload::read(&payload, self.settings.expected(), |members| SubjectClaim::deserialize(members))?;
        self.settings.check_times(&registered, now)?;
        Ok(RefreshTicket {
            subject: sub,
            id: registered.id.into_owned(),
            session_id: registered.session_id.into_owned(),
            issued_at: registered.issued_at,
            expires_at: registered.expires_at,
            subkeys: keys.all.get(place).unwrap_or(&keys.current).clone(),
        })
    }

    /// Returns the id of the session of a token, for signing out. Checks everything that [`RefreshTokens::verify`] checks except
    /// the times.
    pub fn session_id_of(&self, token: &[u8]) -> Result<String, TokenError> {
        payload::session_id(&self.keys().envelope.open(token)?, self.settings.expected())
    }

    /// Derives the `jti` of the refresh token that follows `parent_id`: 256 bits that only the holder of the refresh secret can
    /// compute, and always the same ones for the same parent.
    #[cfg(test)]
    pub(crate) fn successor_id(&self, session_id: &str, parent_id: &str) -> String {
        self.keys().current.successors.id(&[session_id, parent_id])
    }

    /// As [`RefreshTokens::successor_id`], under the key that signed the parent. So a retry after a change of keys, or on a server that has not
    /// changed them yet, gets the same successor.
    pub(crate) fn successor_of(&self, parent: &RefreshTicket) -> String {
        parent.subkeys.successors.id(&[&parent.session_id, &parent.id])
    }

    /// As [`successor_of`](Self::successor_of), for the token that displaces the successor if the answer with it was lost.
    pub(crate) fn successor_after_loss_of(&self, parent: &RefreshTicket) -> String {
        parent.subkeys.successors.id(&[&parent.session_id, &parent.id, "after loss"])
    }

    /// Derives the `jti` of the access token that is given out at this time with the refresh token `refresh_id`. The time is part
    /// of it, because a refresh token that is kept is given out again with another access token.
    pub fn derived_access_id(&self, session_id: &str, refresh_id: &str, issued_at: Timestamp) -> String {
        self.keys().current.access_ids.id(&[session_id, refresh_id, &issued_at.unix().to_string()])
    }

    /// Derives a short name that represents an identifier in logs. It is the same each time, and cannot be traced back without
    /// the refresh secret. The `kind` separates users from sessions.
    pub(crate) fn pseudonym(&self, kind: &str, id: &str) -> String {
        let mut name = self.keys().current.pseudonyms.id(&[kind, id]);
        name.truncate(16);
        name
    }

    /// Derives the token that a request authenticated by a cookie of this session has to carry. It is bound to the session, so
    /// that an attacker cannot use the token of another session.
    pub(crate) fn csrf_token(&self, session_id: &str) -> String {
        self.keys().current.csrf_tokens.id(&[session_id])
    }

    /// Derives the fingerprints of a client from what it says about itself, one under each key: that of the key that signs, then those
    /// that sessions from before a change of keys have. The text cannot be traced back without the refresh secret.
    pub(crate) fn fingerprints(&self, description: &[&str]) -> Vec<[u8; 32]> {
        self.keys().all.iter().map(|subkeys| subkeys.fingerprints.bytes(description)).collect()
    }

    /// Accepts a token of each key: pages keep the one they were loaded with. Compares in constant time.
    pub(crate) fn is_csrf_token(&self, session_id: &str, presented: &[u8]) -> bool {
        let keys = self.keys();
        let is_of =
            |subkeys: &Arc<Subkeys>| subkeys.csrf_tokens.id(&[session_id]).as_bytes().ct_eq(presented);
        keys.all.iter().map(is_of).fold(Choice::from(0), |found, is_of| found | is_of).into()
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokens")
            .field("envelope", &self.keys().envelope)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
