//! What a file in DER holds, for errors that name it.

use simple_asn1::{ASN1Block, OID, from_der, oid};

/// Larger than every key that is accepted, and than most key stores.
const LARGEST: usize = 64 * 1024;

/// The content of a file in DER.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// PKCS#8, the form of private keys that is read.
    Private(KeyType),
    /// SubjectPublicKeyInfo, the form of public keys that is read.
    Public(KeyType),
    /// PKCS#8 with a password.
    Encrypted,
    /// PKCS#1, which holds a private RSA key.
    RsaPrivate,
    /// PKCS#1, which holds a public RSA key.
    RsaPublic,
    /// SEC1, which holds a private key of an elliptic curve.
    EcPrivate,
    /// A certificate, or a request for one.
    Certificate,
    /// PKCS#12, which holds keys and certificates.
    KeyStore,
    /// Parameters of a curve or a group, and no key.
    Parameters,
    /// DER of another kind.
    Other,
    /// Bytes that are not one value in DER.
    Damaged,
}

/// The type of a key, by its object identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyType {
    Ed25519,
    /// An elliptic curve by its name.
    Curve(&'static str),
    /// RSA, with the bits of its modulus if the key could be looked into.
    Rsa(Option<usize>),
    /// A key of another algorithm by its name.
    Other(&'static str),
}

pub(super) fn content(der: &[u8]) -> Content {
    if der.len() > LARGEST {
        return Content::Other;
    }
    let Ok(blocks) = from_der(der) else { return Content::Damaged };
    let [ASN1Block::Sequence(_, members)] = &blocks[..] else {
        return match &blocks[..] {
            [ASN1Block::ObjectIdentifier(..)] => Content::Parameters,
            [_] => Content::Other,
            _ => Content::Damaged,
        };
    };
    use ASN1Block::{BitString, Integer, ObjectIdentifier, OctetString, Sequence};
    match &members[..] {
        [Integer(..), Sequence(_, algorithm), OctetString(_, key), ..] => {
            Content::Private(key_type(algorithm, key))
        }
        [Sequence(_, algorithm), BitString(_, _, key)] => Content::Public(key_type(algorithm, key)),
        [Sequence(_, algorithm), OctetString(..)] if matches!(algorithm[..], [ObjectIdentifier(..), ..]) => {
            Content::Encrypted
        }
        [Sequence(..), Sequence(..), BitString(..)] => Content::Certificate,
        [Integer(..), Sequence(_, data), ..] if matches!(&data[..], [ObjectIdentifier(_, id), ..] if is(id, oid!(1, 2, 840, 113_549, 1, 7, 1))) => {
            Content::KeyStore
        }
        [Integer(..), OctetString(..), ..] => Content::EcPrivate,
        [Integer(..), Integer(..)] => Content::RsaPublic,
        [first @ .., Integer(..)] if first.len() == 8 => Content::RsaPrivate,
        _ => Content::Other,
    }
}

fn is(id: &OID, other: OID) -> bool {
    *id == other
}

fn key_type(algorithm: &[ASN1Block], key: &[u8]) -> KeyType {
    let [ASN1Block::ObjectIdentifier(_, id), parameters @ ..] = algorithm else {
        return KeyType::Other("unnamed");
    };
    if is(id, oid!(1, 2, 840, 10_045, 2, 1)) {
        return match parameters {
            [ASN1Block::ObjectIdentifier(_, curve)] => KeyType::Curve(curve_name(curve)),
            _ => KeyType::Curve("one that is described in the file and not named"),
        };
    }
    if is(id, oid!(1, 2, 840, 113_549, 1, 1, 1)) {
        return KeyType::Rsa(modulus_bits(key));
    }
    if is(id, oid!(1, 3, 101, 112)) {
        return KeyType::Ed25519;
    }
    let others = [
        (oid!(1, 2, 840, 113_549, 1, 1, 10), "RSASSA-PSS"),
        (oid!(1, 3, 101, 110), "X25519"),
        (oid!(1, 3, 101, 111), "X448"),
        (oid!(1, 3, 101, 113), "Ed448"),
        (oid!(1, 2, 840, 10_040, 4, 1), "DSA"),
        (oid!(1, 2, 840, 113_549, 1, 3, 1), "Diffie-Hellman"),
        (oid!(1, 2, 840, 10_046, 2, 1), "Diffie-Hellman"),
        (oid!(2, 16, 840, 1, 101, 3, 4, 3, 17), "ML-DSA-44"),
        (oid!(2, 16, 840, 1, 101, 3, 4, 3, 18), "ML-DSA-65"),
        (oid!(2, 16, 840, 1, 101, 3, 4, 3, 19), "ML-DSA-87"),
    ];
    let name = others.into_iter().find(|(other, _)| other == id).map(|(_, name)| name);
    KeyType::Other(name.unwrap_or("unknown"))
}

fn curve_name(curve: &OID) -> &'static str {
    let curves = [
        (oid!(1, 2, 840, 10_045, 3, 1, 7), P256),
        (oid!(1, 3, 132, 0, 34), P384),
        (oid!(1, 3, 132, 0, 35), "P-521"),
        (oid!(1, 3, 132, 0, 10), "secp256k1"),
        (oid!(1, 3, 132, 0, 33), "P-224"),
        (oid!(1, 2, 840, 10_045, 3, 1, 1), "P-192"),
        (oid!(1, 3, 36, 3, 3, 2, 8, 1, 1, 7), "brainpoolP256r1"),
        (oid!(1, 3, 36, 3, 3, 2, 8, 1, 1, 11), "brainpoolP384r1"),
        (oid!(1, 3, 36, 3, 3, 2, 8, 1, 1, 13), "brainpoolP512r1"),
        (oid!(1, 2, 156, 10_197, 1, 301), "SM2"),
    ];
    curves.into_iter().find(|(other, _)| other == curve).map_or("one without a name here", |(_, name)| name)
}

pub(super) const P256: &str = "P-256";
pub(super) const P384: &str = "P-384";

/// The bits of the modulus, which is the second number of a private key and the first of a public one (RFC 8017 appendix A.1).
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let blocks = from_der(key).ok()?;
    let [ASN1Block::Sequence(_, numbers)] = &blocks[..] else { return None };
    let modulus = match &numbers[..] {
        [modulus, _] => modulus,
        [_, modulus, ..] => modulus,
        _ => return None,
    };
    let ASN1Block::Integer(_, modulus) = modulus else { return None };
    usize::try_from(modulus.bits()).ok()
}
