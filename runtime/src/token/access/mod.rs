//! Access tokens: JWTs as RFC 9068 says, with the application's claims at top level.

#[cfg(any(test, feature = "test-util"))]
mod forging;

use std::time::Duration;

use serde::Serialize;

use super::envelope::Envelope;
use super::payload;
use super::{KeySet, SettingsError, TokenError, TokenSettings};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;

/// What the session says about an access token.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AccessStamp<'a> {
    /// The token's own id, `jti`.
    pub id: &'a str,
    /// The session's id, `sid`.
    pub session_id: &'a str,
    /// When the token is made, `iat` and `nbf`.
    pub issued_at: Timestamp,
    /// When it ends, `exp`.
    pub expires_at: Timestamp,
    /// When the user, or the one who acts for the user, last proved who they are, `auth_time`.
    pub authenticated_at: Timestamp,
    /// Who acts for the user, `act.sub` (RFC 8693 section 4.1). The session is then that of the one who acts.
    pub actor: Option<&'a str>,
}

impl<'a> AccessStamp<'a> {
    /// A stamp for a token of the session `session_id`.
    pub fn new(
        id: &'a str,
        session_id: &'a str,
        issued_at: Timestamp,
        expires_at: Timestamp,
        authenticated_at: Timestamp,
    ) -> Self {
        Self { id, session_id, issued_at, expires_at, authenticated_at, actor: None }
    }

    /// The same for a token with which `actor` acts for the user.
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
    /// When the token was made, `iat`.
    pub issued_at: Timestamp,
    /// When it ends, `exp`.
    pub expires_at: Timestamp,
    /// When the user, or the one who acts for the user, last proved who they are, `auth_time`.
    pub authenticated_at: Timestamp,
    /// Who acts for the user, `act.sub` (RFC 8693 section 4.1); not empty, and at most 1024 bytes long.
    pub actor: Option<String>,
}

/// Makes and verifies access tokens.
///
/// What verification asks of a token: at most the configured length; three segments of canonical base64url; a header with
/// `typ` `at+jwt` and `alg` and `kid` of one configured key; that key's signature; a payload in which no member stands
/// twice, with `iss`, `aud`, `sub`, `exp`, `iat`, `jti`, `sid` and `auth_time`; and that it is valid now.
#[derive(Debug)]
pub struct AccessTokens {
    envelope: Envelope,
    settings: TokenSettings,
}

/// The claims of RFC 9068 section 2.2 that the application does not write.
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
    act: Option<Actor<'a>>,
}

/// The `act` of RFC 8693 section 4.1.
#[derive(Serialize)]
struct Actor<'a> {
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
        Ok(Self { envelope: Envelope::new("at+jwt", settings.length_limit(), keys), settings })
    }

    /// Replaces the keys while requests are served. Tokens of keys that are not in the new set are refused from now on.
    pub fn replace_keys(&self, keys: KeySet) {
        self.envelope.replace_keys(keys);
    }

    /// Makes a token. Refuses claims that are not a JSON object, that write a registered claim or a member twice, that could
    /// not be read back, an actor without a name, and a token over the length limit.
    pub fn mint<C: SessionClaims>(&self, stamp: &AccessStamp<'_>, claims: &C) -> Result<String, TokenError> {
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
            act: stamp.actor.map(|sub| Actor { sub }),
        };
        let mut application = Vec::new();
        claims
            .serialize_wire(&mut serde_json::Serializer::new(&mut application))
            .map_err(TokenError::claims)?;
        let payload = joined(serde_json::to_string(&registered).map_err(TokenError::claims)?, &application)?;
        let (read, _) = payload::read(&payload, expected, |members| C::deserialize_wire(members))?;
        // Claims that write it themselves would make their user somebody else's puppet.
        if read.actor.as_deref() != stamp.actor {
            return Err(TokenError::InvalidClaim("act"));
        }
        self.envelope.seal(payload.as_bytes())
    }

    /// Verifies a token and reads its claims.
    pub fn verify<C: SessionClaims>(&self, token: &[u8], now: Timestamp) -> Result<Verified<C>, TokenError> {
        let payload = self.envelope.open(token)?;
        let (registered, claims) =
            payload::read(&payload, self.settings.expected(), |members| C::deserialize_wire(members))?;
        self.settings.check_times(&registered, now)?;
        Ok(Verified {
            claims,
            authenticated_at: registered.authenticated_at.ok_or(TokenError::MissingClaim("auth_time"))?,
            id: registered.id.into_owned(),
            session_id: registered.session_id.into_owned(),
            issued_at: registered.issued_at,
            expires_at: registered.expires_at,
            actor: registered.actor,
        })
    }

    /// By how much two clocks may differ.
    pub(crate) fn leeway(&self) -> Duration {
        self.settings.tolerance()
    }

    /// The id of the session that a token belongs to, for signing out.
    ///
    /// Refuses what [`AccessTokens::verify`] refuses, but asks neither for the time nor whether the application's claims can
    /// be read: a token of an older release, or of an instance whose clock is ahead of ours, ends its session too.
    /// A token with which somebody acts for its user belongs to no session of the user: [`TokenError::Impersonated`].
    pub fn session_id_of(&self, token: &[u8]) -> Result<String, TokenError> {
        payload::session_id(&self.envelope.open(token)?, self.settings.expected())
    }

    #[cfg(test)]
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(super) fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

/// Joins two JSON objects into one. Members that stand in both are found when the result is read back.
fn joined(mut registered: String, application: &[u8]) -> Result<String, TokenError> {
    let application = str::from_utf8(application).map_err(|_| TokenError::NotAnObject)?;
    let (Some('}'), Some(members)) = (registered.pop(), application.strip_prefix('{')) else {
        return Err(TokenError::NotAnObject);
    };
    registered.push(',');
    registered.push_str(members);
    Ok(registered)
}
