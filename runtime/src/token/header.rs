//! The header of a token: written once for each key, and read strictly.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::json;

use super::members::{SeenMembers, is_too_deep};
use super::{Key, TokenError};
use crate::base64url;
use crate::claims::CowStr;

/// Makes the first segment of the tokens that this key signs.
pub(super) fn prepare(typ: &str, key: &Key) -> String {
    let header = json!({ "typ": typ, "alg": key.algorithm().name(), "kid": key.kid() });
    URL_SAFE_NO_PAD.encode(header.to_string())
}

/// The members of a foreign header that count. `jku`, `x5u`, `jwk`, `x5c` and all others are ignored.
#[derive(Default)]
pub(super) struct Header<'de> {
    pub(super) alg: Option<Cow<'de, str>>,
    pub(super) kid: Option<Cow<'de, str>>,
    pub(super) typ: Option<Cow<'de, str>>,
    /// `crit` and `b64` change what a signature means, and no extension is implemented (RFC 7515 section 4.1.11).
    is_extended: bool,
}

impl Header<'_> {
    /// Decodes a first segment, checks it, and passes it to `use_header`. A callback, because the header borrows from the decoded
    /// bytes.
    pub(super) fn read<T>(
        segment: &str,
        typ: &str,
        use_header: impl FnOnce(&Header<'_>) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        Self::read_of_any_type(segment, |header| {
            if !header.typ.as_deref().is_some_and(|found| is_media_type(found, typ)) {
                return Err(TokenError::Type);
            }
            use_header(header)
        })
    }

    /// As [`read`](Self::read), whatever the `typ`.
    pub(super) fn read_of_any_type<T>(
        segment: &str,
        use_header: impl FnOnce(&Header<'_>) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let json = base64url::decode(segment).ok_or(TokenError::Malformed)?;
        let json = str::from_utf8(&json).map_err(|_| TokenError::Header)?;
        if is_too_deep(json) {
            return Err(TokenError::Header);
        }
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let header = (&mut deserializer).deserialize_map(HeaderVisitor).map_err(|_| TokenError::Header)?;
        deserializer.end().map_err(|_| TokenError::Header)?;
        if header.is_extended {
            return Err(TokenError::CriticalHeader);
        }
        use_header(&header)
    }
}

/// Media types are case-insensitive and may leave out `application/` (RFC 7515 section 4.1.9).
pub(super) fn is_media_type(found: &str, subtype: &str) -> bool {
    const PREFIX: &str = "application/";
    let has_prefix = found.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    let found = if has_prefix { &found[PREFIX.len()..] } else { found };
    found.eq_ignore_ascii_case(subtype)
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWS header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Header<'de>, A::Error> {
        let mut header = Header::default();
        let mut seen = SeenMembers::default();
        while let Some(name) = members.next_key::<CowStr<'de>>()? {
            if !seen.insert(&name) {
                return Err(A::Error::custom("a member occurs twice"));
            }
            let slot = match &*name.0 {
                "alg" => &mut header.alg,
                "kid" => &mut header.kid,
                "typ" => &mut header.typ,
                other => {
                    header.is_extended |= matches!(other, "crit" | "b64");
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let CowStr(text) = members.next_value()?;
            *slot = Some(text);
        }
        Ok(header)
    }
}
