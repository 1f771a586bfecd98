//! A token of another server, as it was presented.

use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::envelope::split;
use super::header::{Header, is_media_type};
use super::members::{SeenMembers, is_too_deep};
use super::{Algorithm, Key, TokenError};
use crate::base64url;
use crate::claims::CowStr;

/// A token in its three segments. Nothing in it is known to be true before [`verify`](Self::verify).
pub(crate) struct Presented<'t> {
    message: &'t str,
    signature: &'t str,
    payload: String,
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
}

impl<'t> Presented<'t> {
    /// Takes a token apart, and reads its header as strictly as that of a token of this server.
    pub(crate) fn read(token: &'t [u8], max_len: usize) -> Result<Self, TokenError> {
        if token.len() > max_len {
            return Err(TokenError::TooLong);
        }
        let (message, header, payload, signature) = split(token)?;
        let payload = base64url::decode(payload).ok_or(TokenError::Malformed)?;
        let payload = String::from_utf8(payload).map_err(|_| TokenError::Payload)?;
        if is_too_deep(&payload) || !payload.trim_ascii_start().starts_with('{') {
            return Err(TokenError::Payload);
        }
        Header::read_of_any_type(header, |header| {
            // RFC 9864 has a name of its own for the one curve that `EdDSA` means here.
            let algorithm = header.alg.as_deref().and_then(|name| match name {
                "Ed25519" => Some(Algorithm::EdDsa),
                name => name.parse().ok(),
            });
            let text = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
            let algorithm = algorithm.ok_or(TokenError::Algorithm)?;
            Ok((algorithm, text(&header.kid), text(&header.typ)))
        })
        .map(|(algorithm, kid, typ)| Self { message, signature, payload, algorithm, kid, typ })
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether the header has a `typ`.
    pub(crate) fn has_type(&self) -> bool {
        self.typ.is_some()
    }

    /// Whether `typ` names this media type (RFC 7515 section 4.1.9).
    pub(crate) fn is_of_type(&self, typ: &str) -> bool {
        self.typ.as_deref().is_some_and(|found| is_media_type(found, typ))
    }

    /// The `iss`, which only serves to find the keys. It is read again once the signature is verified.
    pub(crate) fn issuer(&self) -> Result<String, TokenError> {
        let mut json = serde_json::Deserializer::from_str(&self.payload);
        let issuer = (&mut json).deserialize_map(OnlyIssuer).map_err(|_| TokenError::Payload)?;
        json.end().map_err(|_| TokenError::Payload)?;
        issuer.ok_or(TokenError::MissingClaim("iss"))
    }

    /// Verifies the signature, and returns the members of the payload. Refuses a member that occurs twice.
    pub(crate) fn verify(self, key: &Key) -> Result<Map<String, Value>, TokenError> {
        if key.algorithm() != self.algorithm || self.algorithm.is_symmetric() {
            return Err(TokenError::Algorithm);
        }
        key.verify(self.message, self.signature)?;
        let mut json = serde_json::Deserializer::from_str(&self.payload);
        let members = (&mut json).deserialize_map(Members).map_err(|_| TokenError::Payload)?;
        json.end().map_err(|_| TokenError::Payload)?;
        members.ok_or(TokenError::DuplicateClaim)
    }
}

struct OnlyIssuer;

impl<'de> Visitor<'de> for OnlyIssuer {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWT claims set")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<String>, A::Error> {
        let mut issuer = None;
        while let Some(CowStr(name)) = members.next_key()? {
            if name != "iss" {
                members.next_value::<IgnoredAny>()?;
            } else if issuer.replace(members.next_value()?).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(issuer)
    }
}

/// All members; `None` if one occurs twice.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Option<Map<String, Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWT claims set")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = Map::new();
        let mut seen = SeenMembers::default();
        let mut is_unique = true;
        while let Some(name) = members.next_key::<CowStr<'de>>()? {
            is_unique &= seen.insert(&name);
            found.insert(name.0.into_owned(), members.next_value()?);
        }
        Ok(is_unique.then_some(found))
    }
}
