//! Keys from JSON Web Keys (RFC 7517).
//!
//! jsonwebtoken's own reader takes the first shape that fits and leaves `use`, `key_ops`, `alg` and `crv` unchecked.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::public_key::without_leading_zeros;
use super::{Algorithm, Key, KeyError};

/// The members that this crate reads. Serde refuses a member that occurs twice.
#[derive(Deserialize)]
struct RawJwk<'a> {
    #[serde(borrow)]
    kty: Cow<'a, str>,
    #[serde(rename = "use", borrow, default)]
    purpose: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    key_ops: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    alg: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    kid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    crv: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    x: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    y: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    n: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    e: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    k: Option<Cow<'a, str>>,
    #[serde(default)]
    d: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RawSet<'a> {
    #[serde(borrow)]
    keys: Vec<RawJwk<'a>>,
}

pub(super) fn read_key(json: &str) -> Result<Key, KeyError> {
    serde_json::from_str::<RawJwk<'_>>(json).map_err(|_| KeyError::JwkSyntax)?.key()
}

/// Reads the keys of a JWK set that are for signatures and of a known algorithm. RFC 7517 section 5 says to ignore the others.
pub(super) fn read_set(json: &str) -> Result<Vec<Key>, KeyError> {
    let set: RawSet<'_> = serde_json::from_str(json).map_err(|_| KeyError::JwkSyntax)?;
    set.keys.iter().filter(|jwk| jwk.is_usable()).map(RawJwk::key).collect()
}

impl RawJwk<'_> {
    fn is_usable(&self) -> bool {
        self.is_for_verification() && self.algorithm().is_ok()
    }

    fn is_for_verification(&self) -> bool {
        self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|name| name == "verify"))
    }

    fn algorithm(&self) -> Result<Algorithm, KeyError> {
        match self.alg.as_deref() {
            Some("Ed25519") => return Ok(Algorithm::EdDsa),
            Some(name) => return name.parse(),
            None => {}
        }
        match (&*self.kty, self.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(Algorithm::Es256),
            ("EC", Some("P-384")) => Ok(Algorithm::Es384),
            ("OKP", Some("Ed25519")) => Ok(Algorithm::EdDsa),
            ("RSA" | "oct", _) => Err(KeyError::JwkWithoutAlgorithm),
            _ => Err(KeyError::JwkDisagrees),
        }
    }

    fn key(&self) -> Result<Key, KeyError> {
        if !self.is_for_verification() {
            return Err(KeyError::JwkPurpose);
        }
        if self.d.is_some() {
            return Err(KeyError::JwkPrivate);
        }
        let algorithm = self.algorithm()?;
        let key = match (algorithm, &*self.kty, self.crv.as_deref()) {
            (Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512, "oct", _) => self.secret(algorithm),
            (Algorithm::Es256, "EC", Some("P-256")) => self.point(algorithm, 32),
            (Algorithm::Es384, "EC", Some("P-384")) => self.point(algorithm, 48),
            (Algorithm::EdDsa, "OKP", Some("Ed25519")) => {
                Key::from_public(algorithm, DecodingKey::from_ed_der(&sized("x", &self.x, 32)?), None)
            }
            (Algorithm::Rs256 | Algorithm::Ps256, "RSA", _) => self.rsa(algorithm),
            _ => Err(KeyError::JwkDisagrees),
        }?;
        match &self.kid {
            Some(kid) => key.with_kid(kid.as_ref()),
            None => Ok(key),
        }
    }

    fn secret(&self, algorithm: Algorithm) -> Result<Key, KeyError> {
        let key = Key::from_secret(algorithm, Zeroizing::new(octets("k", &self.k)?))?;
        let signs =
            self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|name| name == "sign"));
        Ok(if signs { key } else { key.without_signing() })
    }

    fn point(&self, algorithm: Algorithm, coordinate_len: usize) -> Result<Key, KeyError> {
        let (x, y) = (sized("x", &self.x, coordinate_len)?, sized("y", &self.y, coordinate_len)?);
        let uncompressed = [&[4], x.as_slice(), y.as_slice()].concat();
        Key::from_public(algorithm, DecodingKey::from_ec_der(&uncompressed), None)
    }

    fn rsa(&self, algorithm: Algorithm) -> Result<Key, KeyError> {
        let (n, e) = (octets("n", &self.n)?, octets("e", &self.e)?);
        let key = DecodingKey::from_rsa_raw_components(without_leading_zeros(&n), without_leading_zeros(&e));
        Key::from_public(algorithm, key, None)
    }
}

fn octets(name: &'static str, member: &Option<Cow<'_, str>>) -> Result<Vec<u8>, KeyError> {
    let text = member.as_deref().ok_or(KeyError::JwkMember(name))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::JwkMember(name))
}

/// RFC 7518 section 6.2.1.2 requires coordinates in full length, including leading zeros.
fn sized(name: &'static str, member: &Option<Cow<'_, str>>, len: usize) -> Result<Vec<u8>, KeyError> {
    Some(octets(name, member)?).filter(|octets| octets.len() == len).ok_or(KeyError::JwkMember(name))
}
