//! Access tokens: JWTs as in RFC 9068, with the application's claims at top level.

#[cfg(any(test, feature = "test-util"))]
mod forging;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::Serialize;

use super::envelope::Envelope;
use super::payload::{self, Registered};
use super::public_jwk::jwks_of;
use super::{Key, KeyError, KeyLife, KeySet, SettingsError, SignerOf, TokenError, TokenSettings};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;

/// The values of a new access token that come from the session.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AccessStamp<'a> {
    /// The token's own id, `jti`.
    pub id: &'a str,
    /// The session's id, `sid`.
    pub session_id: &'a str,
    /// When the token is issued, `iat` and `nbf`.
    pub issued_at: Timestamp,
    /// When it expires, `exp`.
    pub expires_at: Timestamp,
    /// When the user, or the actor if there is one, last authenticated, `auth_time`.
    pub authenticated_at: Timestamp,
    /// The actor who impersonates the user, `act.sub` (RFC 8693 section 4.1). The session is then the actor's.
    pub actor: Option<&'a str>,
}

impl<'a> AccessStamp<'a> {
    /// Makes the stamp of a token of the session `session_id`.
    pub fn new(
        id: &'a str,
        session_id: &'a str,
        issued_at: Timestamp,
        expires_at: Timestamp,
        authenticated_at: Timestamp,
    ) -> Self {
        Self { id, session_id, issued_at, expires_at, authenticated_at, actor: None }
    }

    /// Makes it the stamp of a token with which `actor` impersonates the user.
    #[must_use]
    pub fn with_actor(self, actor: &'a str) -> Self {
        Self { actor: Some(actor), ..self }
    }
}

/// An access token that was verified.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verified<C> {
    /// The application's claims.
    pub claims: C,
    /// The token's own id, `jti`.
    pub id: String,
    /// The session's id, `sid`.
    pub session_id: String,
    /// When the token was issued, `iat`.
    pub issued_at: Timestamp,
    /// When it expires, `exp`.
    pub expires_at: Timestamp,
    /// When the user, or the actor if there is one, last authenticated, `auth_time`.
    pub authenticated_at: Timestamp,
    /// The actor who impersonates the user, `act.sub` (RFC 8693 section 4.1): 1 to 1024 bytes.
    pub actor: Option<String>,
}

/// Makes and verifies access tokens.
///
/// Verification demands that a token
///
/// - has at most the configured length, and consists of three segments of canonical base64url;
/// - has a header with `typ` `at+jwt` and with the `alg` and `kid` of one configured key, and the signature of that key;
/// - has a payload with `iss`, `aud`, `sub`, `exp`, `iat`, `jti`, `sid` and `auth_time`, in which no member occurs twice, and times are
///   whole seconds (RFC 7519 section 2 allows fractions too, which this crate never writes);
/// - is valid now.
#[derive(Debug)]
pub struct AccessTokens {
    envelope: Envelope,
    settings: TokenSettings,
    /// Signs in the place of the first key.
    signer: RwLock<Option<Arc<SignerOf>>>,
}

const TYP: &str = "at+jwt";

/// The claims of RFC 9068 section 2.2, all of which this crate writes.
#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    aud: Audience<'a>,
    client_id: &'a str,
    exp: Timestamp,
    iat: Timestamp,
    nbf: Timestamp,
    jti: &'a str,
    sid: &'a str,
    auth_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Act<'a>>,
}

/// The `act` of RFC 8693 section 4.1.
#[derive(Serialize)]
struct Act<'a> {
    sub: &'a str,
}

/// One audience is written as a string, several as an array (RFC 7519 section 4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
}

impl<'a> From<&'a [String]> for Audience<'a> {
    fn from(audiences: &'a [String]) -> Self {
        match audiences {
            [one] => Self::One(one),
            several => Self::Several(several),
        }
    }
}

impl AccessTokens {
    /// Takes the keys, of which the first signs, and the settings. Refuses settings that are empty or out of range.
    pub fn new(keys: KeySet, settings: TokenSettings) -> Result<Self, SettingsError> {
        let settings = settings.checked()?;
        let envelope = Envelope::new(TYP, settings.max_len, keys);
        Ok(Self { envelope, settings, signer: RwLock::default() })
    }

    /// From now on, tokens are signed by this signer, and accepted of its key and of `accepted`. Refuses what [`KeySet::verify_only`] refuses.
    pub(crate) fn sign_with(
        &self,
        signer: SignerOf,
        accepted: impl IntoIterator<Item = Key>,
    ) -> Result<(), KeyError> {
        if signer.key().algorithm().is_symmetric() {
            return Err(KeyError::AlgorithmOfOtherKind(signer.key().algorithm()));
        }
        let keys = KeySet::verify_only([signer.key().clone()].into_iter().chain(accepted))?;
        self.envelope.replace_keys(keys);
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(signer));
        Ok(())
    }

    /// Replaces the keys while requests are served. From now on, tokens of keys that are not in the new set are refused.
    pub fn replace_keys(&self, keys: KeySet) {
        self.envelope.replace_keys(keys);
    }

    /// The public halves of the keys as a JWK set.
    pub(crate) fn jwks(&self) -> String {
        jwks_of(&self.envelope.keys())
    }

    pub(crate) fn has_public_keys(&self) -> bool {
        self.envelope.keys().iter().any(|key| !key.algorithm().is_symmetric())
    }

    pub(crate) fn issuer(&self) -> &str {
        self.settings.issuer()
    }

    pub(crate) fn shares_a_key_with(&self, others: &KeySet) -> bool {
        self.envelope.shares_a_key_with(others)
    }

    /// Makes a token. Refuses claims that are not a JSON object, that contain a registered claim or a member twice, or that cannot
    /// be read back. Also refuses an actor without a name, and a token over the length limit.
    pub fn mint<C: SessionClaims>(&self, stamp: &AccessStamp<'_>, claims: &C) -> Result<String, TokenError> {
        self.envelope.seal(self.payload(stamp, claims)?.as_bytes())
    }

    /// As [`mint`](Self::mint), with the [signer](super::Signer) if there is one.
    pub(crate) async fn issue<C: SessionClaims>(
        &self,
        stamp: &AccessStamp<'_>,
        claims: &C,
    ) -> Result<String, TokenError> {
        let payload = self.payload(stamp, claims)?;
        let signer = self.signer.read().unwrap_or_else(PoisonError::into_inner).clone();
        match signer {
            None => self.envelope.seal(payload.as_bytes()),
            Some(signer) => signer.seal(TYP, self.settings.max_len, payload.as_bytes()).await,
        }
    }

    fn payload<C: SessionClaims>(&self, stamp: &AccessStamp<'_>, claims: &C) -> Result<String, TokenError> {
        let expected = self.settings.expected();
        let registered = Payload {
            iss: expected.issuer,
            aud: expected.audiences.into(),
            client_id: self.settings.client(),
            exp: stamp.expires_at,
            iat: stamp.issued_at,
            nbf: stamp.issued_at,
            jti: stamp.id,
            sid: stamp.session_id,
            auth_time: stamp.authenticated_at,
            act: stamp.actor.map(|sub| Act { sub }),
        };
        let mut application = Vec::new();
        claims
            .serialize_wire(&mut serde_json::Serializer::new(&mut application))
            .map_err(TokenError::claims)?;
        let payload = joined(serde_json::to_string(&registered).map_err(TokenError::claims)?, &application)?;
        // The payload is written without a look at the application's members, and then read as `verify` reads it. This one check
        // refuses registered claims in them, duplicates, and claims that do not survive the way to JSON and back; otherwise each
        // request with the token would fail later.
        let (read, _) = payload::read(&payload, expected, |members| C::deserialize_wire(members))?;
        // Without an actor, `act` is not written above, so one in the application's members is no duplicate. It would turn the
        // user into an impersonated one.
        if read.actor.as_deref() != stamp.actor {
            return Err(TokenError::InvalidClaim("act"));
        }
        Ok(payload)
    }

    /// Verifies a token and reads its claims.
    pub fn verify<C: SessionClaims>(&self, token: &[u8], now: Timestamp) -> Result<Verified<C>, TokenError> {
        self.verify_into(token, now, |registered, claims, _| {
            Ok(Verified {
                claims,
                authenticated_at: registered.authenticated_at.ok_or(TokenError::MissingClaim("auth_time"))?,
                id: registered.id.into_owned(),
                session_id: registered.session_id.into_owned(),
                issued_at: registered.issued_at,
                expires_at: registered.expires_at,
                actor: registered.actor,
            })
        })
    }

    /// Verifies a token and makes something of it, without a copy of what is not needed. The life is that of the key which has verified it,
    /// if the result may be remembered.
    pub(crate) fn verify_into<C: SessionClaims, T>(
        &self,
        token: &[u8],
        now: Timestamp,
        make: impl FnOnce(Registered<'_>, C, Option<KeyLife>) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let (payload, life) = self.envelope.open_with_life(token)?;
        let (registered, claims) =
            payload::read(&payload, self.settings.expected(), |members| C::deserialize_wire(members))?;
        self.settings.check_times(&registered, now)?;
        make(registered, claims, life)
    }

    /// The length of the longest token that is accepted, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.settings.max_len
    }

    /// How much two clocks may differ.
    pub(crate) fn leeway(&self) -> Duration {
        self.settings.leeway
    }

    /// Returns the id of the session of a token, for signing out.
    ///
    /// Checks everything that [`AccessTokens::verify`] checks except the times and the application's claims: a token of an older
    /// release, or of an instance whose clock is ahead, ends its session too. The session in a token of an actor is not the
    /// user's, so such a token is refused with [`TokenError::Impersonated`].
    pub fn session_id_of(&self, token: &[u8]) -> Result<String, TokenError> {
        payload::session_id(&self.envelope.open(token)?, self.settings.expected())
    }

    /// The ids of the keys whose tokens are accepted.
    #[cfg(test)]
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(super) fn kids(&self) -> Vec<String> {
        self.envelope.keys().iter().map(|key| key.kid().to_owned()).collect()
    }

    #[cfg(test)]
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(super) fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

/// Joins the text of two JSON objects into one. Members of both are found when the result is read back.
fn joined(mut registered: String, application: &[u8]) -> Result<String, TokenError> {
    let application = str::from_utf8(application).map_err(|_| TokenError::NotAnObject)?;
    let (Some('}'), Some(members)) = (registered.pop(), application.strip_prefix('{')) else {
        return Err(TokenError::NotAnObject);
    };
    registered.push(',');
    registered.push_str(members);
    Ok(registered)
}
