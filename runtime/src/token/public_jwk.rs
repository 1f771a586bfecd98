//! Public keys as JSON Web Keys (RFC 7517), for those who verify tokens.
//!
//! A public key is written member by member, and a type with other members does not exist here. So no private member and no secret can
//! get into a published document, whatever the key holds.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use serde::Serialize;

use super::{Key, KeySet};

/// The public half of a key.
#[derive(Serialize)]
struct PublicJwk<'a> {
    kid: &'a str,
    #[serde(rename = "use")]
    purpose: &'static str,
    alg: &'static str,
    #[serde(flatten)]
    members: Members,
}

#[derive(Serialize)]
#[serde(tag = "kty")]
enum Members {
    #[serde(rename = "EC")]
    EllipticCurve { crv: &'static str, x: String, y: String },
    #[serde(rename = "OKP")]
    OctetKeyPair { crv: &'static str, x: String },
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
}

#[derive(Serialize)]
struct JwkSet<'a> {
    keys: Vec<PublicJwk<'a>>,
}

impl<'a> PublicJwk<'a> {
    /// `None` for a secret.
    fn of(key: &'a Key) -> Option<Self> {
        let members = members(key.public_parameters()?)?;
        Some(Self { kid: key.kid(), purpose: "sig", alg: key.algorithm().name(), members })
    }
}

fn members(jwk: Jwk) -> Option<Members> {
    match jwk.algorithm {
        AlgorithmParameters::EllipticCurve(ec) => {
            let crv = match ec.curve {
                EllipticCurve::P256 => "P-256",
                EllipticCurve::P384 => "P-384",
                _ => return None,
            };
            Some(Members::EllipticCurve { crv, x: ec.x, y: ec.y })
        }
        AlgorithmParameters::OctetKeyPair(pair) => Some(Members::OctetKeyPair { crv: "Ed25519", x: pair.x }),
        AlgorithmParameters::RSA(rsa) => Some(Members::Rsa { n: rsa.n, e: rsa.e }),
        // A secret, and types that no key here has.
        _ => None,
    }
}

impl Key {
    /// The public half as a JWK (RFC 7517), with `kid`, `alg` and `use`; `None` for a secret, which has no public half.
    ///
    /// ```
    /// use countersign::token::{Algorithm, Key};
    ///
    /// let pem = "-----BEGIN PUBLIC KEY-----
    /// MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
    /// -----END PUBLIC KEY-----";
    /// let key = Key::from_public_pem(Algorithm::EdDsa, pem)?.with_kid("2026-11")?;
    /// assert_eq!(
    ///     key.public_jwk().as_deref(),
    ///     Some(r#"{"kid":"2026-11","use":"sig","alg":"EdDSA","kty":"OKP","crv":"Ed25519","x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"}"#)
    /// );
    /// assert_eq!(Key::generate_secret(Algorithm::Hs256)?.public_jwk(), None);
    /// # Ok::<(), countersign::token::KeyError>(())
    /// ```
    pub fn public_jwk(&self) -> Option<String> {
        serde_json::to_string(&PublicJwk::of(self)?).ok()
    }
}

impl KeySet {
    /// The public halves of all keys as a JWK set (RFC 7517 section 5), for services that verify tokens. A set of secrets gives a set
    /// without keys.
    ///
    /// ```
    /// use countersign::token::{Algorithm, Key, KeySet};
    ///
    /// let secrets = KeySet::new(Key::generate_secret(Algorithm::Hs256)?)?;
    /// assert_eq!(secrets.public_jwks(), r#"{"keys":[]}"#);
    /// # Ok::<(), countersign::token::KeyError>(())
    /// ```
    pub fn public_jwks(&self) -> String {
        jwks_of(self.keys())
    }
}

pub(super) fn jwks_of(keys: &[Key]) -> String {
    let set = JwkSet { keys: keys.iter().filter_map(PublicJwk::of).collect() };
    // Strings in a structure always serialise.
    serde_json::to_string(&set).unwrap_or_default()
}
