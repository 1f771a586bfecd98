//! Keys from JSON Web Keys (RFC 7517).
//!
//! jsonwebtoken's own reader takes the first shape that fits and leaves `use`, `key_ops`, `alg` and `crv` unchecked.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use zeroize::Zeroizing;

use super::pasted::is_url;
use super::public_key::without_leading_zeros;
use super::{Algorithm, Key, KeyError};
use crate::log::TARGET;

/// The members that this crate reads.
const NAMES: [&str; 19] = [
    "kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e", "k", "d", "p", "q", "dp", "dq", "qi",
    "oth", "keys",
];

/// The members of private keys (RFC 7518 sections 6.2.2 and 6.3.2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// A JWK as it was sent. A member is looked at when it is needed, so a bad member of a set is that key's loss alone.
#[derive(Default)]
struct RawJwk {
    members: [Option<Member>; NAMES.len()],
    /// A member that occurs twice.
    twice: Option<&'static str>,
}

enum Member {
    Text(Zeroizing<String>),
    List(Vec<Value>),
    Other,
}

/// Any JSON: a set with a member that is no object is still a set.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Object(Box<RawJwk>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<Entry>,
}

/// Reads a key whose algorithm is `alg`, or follows from the curve, or is `wanted`.
pub(super) fn read_key(json: &str, wanted: Option<Algorithm>) -> Result<Key, KeyError> {
    let Entry::Object(jwk) = parse(json)? else { return Err(KeyError::JwkSyntax) };
    if jwk.get("kty").is_none() && jwk.get("keys").is_some() {
        return Err(KeyError::OtherFormat { found: "a JWK set", remedy: "pass it to `KeySet::from_jwks`" });
    }
    jwk.key(wanted.as_slice())
}

/// Reads the keys of a JWK set that are for signatures, of a known algorithm and, if some are given, of one of these algorithms.
/// RFC 7517 section 5 says to ignore the others; the log names them.
pub(super) fn read_set(json: &str, wanted: &[Algorithm]) -> Result<Vec<Key>, KeyError> {
    let (mut keys, mut cause) = (Vec::new(), None);
    for member in read_members(json)? {
        let kid = member.kid();
        let key = member.jwk().and_then(|jwk| jwk.key(wanted));
        match key {
            Ok(key) => keys.push(key),
            Err(error) => {
                match error {
                    // Sets have keys for other purposes, and of algorithms that are newer than this crate.
                    KeyError::JwkPurpose | KeyError::UnknownAlgorithm(_) | KeyError::JwkUnwanted(_) => {
                        tracing::debug!(target: TARGET, ?kid, %error, "a key of the set is left out");
                    }
                    _ => tracing::warn!(target: TARGET, ?kid, %error, "a key of the set is left out"),
                }
                cause.get_or_insert(error);
            }
        }
    }
    match cause {
        Some(cause) if keys.is_empty() => Err(KeyError::NoUsableKey(Box::new(cause))),
        _ => Ok(keys),
    }
}

/// A member of a JWK set that nothing was required of yet.
pub(crate) struct SetMember(Entry);

/// Reads the members of a JWK set, good and bad.
pub(crate) fn read_members(json: &str) -> Result<Vec<SetMember>, KeyError> {
    let Entry::Object(object) = parse(json)? else { return Err(KeyError::JwkSyntax) };
    if object.get("keys").is_none() && object.get("kty").is_some() {
        return Err(KeyError::OtherFormat { found: "a single JWK", remedy: "pass it to `Key::from_jwk`" });
    }
    let RawSet { keys } = parse(json)?;
    Ok(keys.into_iter().map(SetMember).collect())
}

impl SetMember {
    /// The `kid`, if it is text.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.jwk().ok()?.text("kid").ok().flatten()
    }

    /// The public key, once for each of these algorithms that it is for: RSA without `alg` may be for several. Refuses secrets.
    pub(crate) fn public_keys(&self, wanted: &[Algorithm]) -> Result<Vec<Key>, KeyError> {
        let jwk = self.jwk()?;
        if matches!(jwk.text("kty"), Ok(Some("oct"))) {
            return Err(KeyError::JwkSecret);
        }
        jwk.check()?;
        jwk.algorithms(wanted)?.into_iter().map(|algorithm| jwk.key_for(algorithm)).collect()
    }

    fn jwk(&self) -> Result<&RawJwk, KeyError> {
        match &self.0 {
            Entry::Object(jwk) => Ok(jwk),
            Entry::Other(_) => Err(KeyError::JwkSyntax),
        }
    }
}

fn parse<T: for<'a> Deserialize<'a>>(json: &str) -> Result<T, KeyError> {
    let other = |found, remedy| Err(KeyError::OtherFormat { found, remedy });
    match serde_json::from_str(json) {
        Ok(parsed) => Ok(parsed),
        Err(_) if json.trim().is_empty() => Err(KeyError::Empty),
        Err(_) if json.starts_with('\u{feff}') => Err(KeyError::ByteOrderMark),
        Err(_) if json.contains("-----BEGIN ") => {
            other("PEM and not a JWK", "pass it to `Key::from_public_pem`, or to `Key::from_private_pem`")
        }
        Err(_) if is_url(json.trim().as_bytes()) => other("a URL", "give the JSON that it leads to"),
        Err(error) if error.is_data() => Err(KeyError::JwkMember("keys")),
        Err(_) => Err(KeyError::JwkSyntax),
    }
}

impl RawJwk {
    fn get(&self, name: &'static str) -> Option<&Member> {
        let place = NAMES.iter().position(|known| *known == name)?;
        self.members[place].as_ref()
    }

    /// The text of a member; `None` without the member.
    fn text(&self, name: &'static str) -> Result<Option<&str>, KeyError> {
        match self.get(name) {
            None => Ok(None),
            Some(Member::Text(text)) => Ok(Some(text)),
            Some(_) => Err(KeyError::JwkMember(name)),
        }
    }

    /// Whether `key_ops` has the operation, or the key has no `key_ops`.
    fn allows(&self, operation: &str) -> Result<bool, KeyError> {
        let operations = match self.get("key_ops") {
            None => return Ok(true),
            Some(Member::List(operations)) => operations,
            Some(_) => return Err(KeyError::JwkMember("key_ops")),
        };
        Ok(operations.iter().any(|name| name == operation))
    }

    /// The algorithms of the key, at least one. Those of a key without `alg` are taken from `wanted`, unless they follow from its curve.
    fn algorithms(&self, wanted: &[Algorithm]) -> Result<Vec<Algorithm>, KeyError> {
        let algorithm = match (self.text("alg")?, self.text("kty")?, self.text("crv")?) {
            (Some("Ed25519"), ..) => Algorithm::EdDsa,
            (Some(name), ..) => name.parse()?,
            (None, Some("EC"), Some("P-256")) => Algorithm::Es256,
            (None, Some("EC"), Some("P-384")) => Algorithm::Es384,
            (None, Some("OKP"), Some("Ed25519")) => Algorithm::EdDsa,
            (None, Some(kty @ ("RSA" | "oct")), _) => {
                let fits = |algorithm: &Algorithm| match kty {
                    "oct" => algorithm.is_symmetric(),
                    _ => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
                };
                let fitting: Vec<_> = wanted.iter().copied().filter(fits).collect();
                return if fitting.is_empty() { Err(KeyError::JwkWithoutAlgorithm) } else { Ok(fitting) };
            }
            _ => return Err(KeyError::JwkDisagrees),
        };
        match wanted {
            [] => Ok(vec![algorithm]),
            _ if wanted.contains(&algorithm) => Ok(vec![algorithm]),
            _ => Err(KeyError::JwkUnwanted(algorithm)),
        }
    }

    /// What every key has to be, whatever its algorithm.
    fn check(&self) -> Result<(), KeyError> {
        if let Some(name) = self.twice {
            return Err(KeyError::JwkTwice(name));
        }
        let kty = self.text("kty")?.ok_or(KeyError::JwkMember("kty"))?;
        if self.text("use")?.is_some_and(|purpose| purpose != "sig") || !self.allows("verify")? {
            return Err(KeyError::JwkPurpose);
        }
        let is_private = PRIVATE.iter().any(|name| self.get(name).is_some());
        if is_private || (kty != "oct" && self.get("k").is_some()) {
            return Err(KeyError::JwkPrivate);
        }
        Ok(())
    }

    fn key(&self, wanted: &[Algorithm]) -> Result<Key, KeyError> {
        self.check()?;
        let algorithms = self.algorithms(wanted)?;
        self.key_for(*algorithms.first().ok_or(KeyError::JwkWithoutAlgorithm)?)
    }

    fn key_for(&self, algorithm: Algorithm) -> Result<Key, KeyError> {
        let kty = self.text("kty")?.ok_or(KeyError::JwkMember("kty"))?;
        let key = match (algorithm, kty, self.text("crv")?) {
            (Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512, "oct", _) => self.secret(algorithm),
            (Algorithm::Es256, "EC", Some("P-256")) => self.point(algorithm, 32),
            (Algorithm::Es384, "EC", Some("P-384")) => self.point(algorithm, 48),
            (Algorithm::EdDsa, "OKP", Some("Ed25519")) => {
                Key::from_public(algorithm, DecodingKey::from_ed_der(&self.sized("x", 32)?), None)
            }
            (Algorithm::Rs256 | Algorithm::Ps256, "RSA", _) => self.rsa(algorithm),
            _ => Err(KeyError::JwkDisagrees),
        }?;
        match self.text("kid")? {
            Some(kid) => key.with_kid(kid),
            None => Ok(key),
        }
    }

    fn secret(&self, algorithm: Algorithm) -> Result<Key, KeyError> {
        let key = Key::from_secret(algorithm, Zeroizing::new(self.octets("k")?))?;
        Ok(if self.allows("sign")? { key } else { key.without_signing() })
    }

    fn point(&self, algorithm: Algorithm, coordinate_len: usize) -> Result<Key, KeyError> {
        let (x, y) = (self.sized("x", coordinate_len)?, self.sized("y", coordinate_len)?);
        let uncompressed = [&[4], x.as_slice(), y.as_slice()].concat();
        Key::from_public(algorithm, DecodingKey::from_ec_der(&uncompressed), None)
    }

    fn rsa(&self, algorithm: Algorithm) -> Result<Key, KeyError> {
        let (n, e) = (self.octets("n")?, self.octets("e")?);
        let key = DecodingKey::from_rsa_raw_components(without_leading_zeros(&n), without_leading_zeros(&e));
        Key::from_public(algorithm, key, None)
    }

    fn octets(&self, name: &'static str) -> Result<Vec<u8>, KeyError> {
        let text = self.text(name)?.ok_or(KeyError::JwkMember(name))?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::JwkMember(name))
    }

    /// RFC 7518 section 6.2.1.2 requires coordinates in full length, including leading zeros.
    fn sized(&self, name: &'static str, len: usize) -> Result<Vec<u8>, KeyError> {
        Some(self.octets(name)?).filter(|octets| octets.len() == len).ok_or(KeyError::JwkMember(name))
    }
}

impl From<Value> for Member {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(Zeroizing::new(text)),
            Value::Array(list) => Self::List(list),
            _ => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for RawJwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = RawJwk;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JWK")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawJwk, A::Error> {
                let mut jwk = RawJwk::default();
                while let Some(name) = map.next_key::<String>()? {
                    let value: Value = map.next_value()?;
                    if let Some(place) = NAMES.iter().position(|known| *known == name) {
                        let first = jwk.members[place].replace(value.into());
                        jwk.twice = jwk.twice.or(first.map(|_| NAMES[place]));
                    }
                }
                Ok(jwk)
            }
        }

        deserializer.deserialize_map(Members)
    }
}
