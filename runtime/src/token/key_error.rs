//! Errors of keys and key sets.

use std::error::Error;
use std::fmt;

use super::Algorithm;

/// Why a key was refused. `Display` names the remedy, and no variant holds key material.
///
/// `Debug` writes the same message, because `fn main() -> Result<…>` prints errors with it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// No cryptography is compiled in, or several are and none was installed.
    NoProvider,
    /// `jsonwebtoken` was used before the first key was made, and could not choose between two back ends. Its choice stays for the process.
    ProviderTooLate,
    /// The `CryptoProvider` that the application installed cannot describe asymmetric keys.
    IncompleteProvider,
    /// The name is not one of [`Algorithm`].
    UnknownAlgorithm(String),
    /// A secret was given for an asymmetric algorithm, or a key pair for HMAC.
    AlgorithmOfOtherKind(Algorithm),
    /// The secret is shorter than the hash (RFC 7518 section 3.2).
    SecretTooShort {
        /// The algorithm of the key.
        algorithm: Algorithm,
        /// The least length in bytes.
        needed: usize,
        /// The length given.
        actual: usize,
    },
    /// The secret is on a public list of secrets that were found in code and documentation.
    PublishedSecret,
    /// The secret contains a placeholder or has a visible pattern.
    WeakSecret,
    /// The secret is a UUID, hexadecimal text or a number, which holds fewer random bits than the algorithm needs.
    SecretOfFewBits {
        /// The algorithm of the key.
        algorithm: Algorithm,
        /// What the secret is.
        shape: &'static str,
        /// The most random bits that it can hold.
        bits: usize,
        /// The least number of bits.
        needed: usize,
    },
    /// The secret is something else that was pasted in its place: a PEM file, a token, a path.
    NotASecret(&'static str),
    /// Nothing was given, or blanks alone.
    Empty,
    /// The file begins with a byte order mark.
    ByteOrderMark,
    /// The text of the key is in quotes.
    Quoted,
    /// The private key is encrypted with a password.
    Encrypted,
    /// A public key was given where a private one is needed.
    PublicHalf,
    /// A private key was given where a public one is needed.
    PrivateHalf,
    /// A key of another elliptic curve than that of the algorithm.
    OtherCurve {
        /// The algorithm of the key.
        algorithm: Algorithm,
        /// The curve of the key.
        found: &'static str,
    },
    /// A key of another type than the algorithm needs.
    OtherType {
        /// The algorithm of the key.
        algorithm: Algorithm,
        /// The type of the key.
        found: &'static str,
    },
    /// A file of another form: a certificate, an OpenSSH key, a JWK.
    OtherFormat {
        /// What was found.
        found: &'static str,
        /// How to make a key of it that can be read.
        remedy: &'static str,
    },
    /// There are several PEM blocks.
    SeveralBlocks,
    /// There is text in front of the PEM block or behind it.
    TextAround,
    /// The PEM block is cut off or changed.
    Damaged(&'static str),
    /// The key has the form of one for this algorithm, and its numbers make none.
    Unreadable(Algorithm),
    /// The public point does not lie on the curve of the algorithm, or has small order.
    InvalidPoint(Algorithm),
    /// The RSA modulus has fewer than 2048 bits (RFC 7518 section 3.3).
    RsaTooShort {
        /// The length given.
        bits: usize,
    },
    /// The RSA modulus has more than 8192 bits.
    RsaTooLong {
        /// The length given.
        bits: usize,
    },
    /// The RSA modulus is even.
    RsaModulus,
    /// The RSA public exponent is 1, even or over 33 bits.
    RsaExponent,
    /// The key does not verify its own signature.
    DoesNotRoundTrip(Algorithm),
    /// The text is not one JSON object.
    JwkSyntax,
    /// This member of the JWK occurs twice.
    JwkTwice(&'static str),
    /// This member of the JWK or of the set is missing or malformed.
    JwkMember(&'static str),
    /// The JWK is not for signatures: its `use` is not `sig`, or `key_ops` lacks `verify`.
    JwkPurpose,
    /// The JWK has no `alg`, and its type allows several algorithms.
    JwkWithoutAlgorithm,
    /// The JWK is for this algorithm, and the caller named others.
    JwkUnwanted(Algorithm),
    /// `alg`, `kty` and `crv` of the JWK do not belong together.
    JwkDisagrees,
    /// The JWK holds a private key.
    JwkPrivate,
    /// The JWK is a secret, in a set that is for public keys.
    JwkSecret,
    /// A key id is 1 to 128 bytes without control characters.
    InvalidKid,
    /// Two keys of a set have this id.
    DuplicateKid(String),
    /// One key is in a set under two ids.
    DuplicateKey,
    /// A set holds both a secret and a public key.
    MixedKinds,
    /// The signing key of a set can only verify.
    CannotSign,
    /// A set has no key.
    EmptySet,
    /// No key of a JWK set can be used; the cause is that of the first one.
    NoUsableKey(Box<Self>),
    /// The operating system gave no random bytes.
    Random,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProvider => f.write_str(
                "no cryptography to use: enable the feature `aws-lc-rs` or `rust-crypto` of countersign, or install a \
                 `jsonwebtoken::crypto::CryptoProvider` before the first key is made",
            ),
            Self::ProviderTooLate => f.write_str(
                "jsonwebtoken was used before the first key was made, and could not choose its cryptography: make a key first, or install a \
                 `jsonwebtoken::crypto::CryptoProvider` at the start of the program",
            ),
            Self::IncompleteProvider => f.write_str(
                "the installed `CryptoProvider` cannot describe asymmetric keys: give it `key_utils`, or use an HMAC key",
            ),
            Self::UnknownAlgorithm(name) => write!(
                f,
                "unknown algorithm {name:?}: use one of HS256, HS384, HS512, ES256, ES384, EdDSA, RS256, PS256"
            ),
            Self::AlgorithmOfOtherKind(algorithm) if algorithm.is_symmetric() => {
                write!(f, "{algorithm} signs with a secret: use `Key::from_secret`")
            }
            Self::AlgorithmOfOtherKind(algorithm) => {
                write!(f, "{algorithm} signs with a private key: use `Key::from_private_pem`")
            }
            Self::SecretTooShort { algorithm, needed, actual } => {
                write!(f, "the secret has {actual} bytes and {algorithm} needs {needed}: {}", new_secret(*algorithm))
            }
            Self::PublishedSecret => {
                f.write_str("the secret is on a public list of known secrets: make one with `openssl rand -base64 48`")
            }
            Self::WeakSecret => f.write_str(
                "the secret contains a placeholder or has a pattern: make one with `openssl rand -base64 48`",
            ),
            Self::SecretOfFewBits { algorithm, shape, bits, needed } => write!(
                f,
                "the secret is {shape}, with {bits} random bits at most, and {algorithm} needs {needed}: {}",
                new_secret(*algorithm)
            ),
            Self::NotASecret(found) => write!(
                f,
                "the secret is {found}: give a secret itself, for example from `openssl rand -base64 48`"
            ),
            Self::Empty => f.write_str("the key is empty: give the text of the key itself"),
            Self::ByteOrderMark => {
                f.write_str("the key begins with a byte order mark: save the file as UTF-8 without one")
            }
            Self::Quoted => f.write_str("the key is in quotes: leave them out"),
            Self::Encrypted => f.write_str(
                "the key has a password: remove it with `openssl pkcs8 -topk8 -nocrypt -in key.pem`, and protect the result in another way",
            ),
            Self::PublicHalf => {
                f.write_str("this is the public half of a key: give the private one (`BEGIN PRIVATE KEY`)")
            }
            Self::PrivateHalf => f.write_str(
                "this is the private half of a key: give the public one, from `openssl pkey -in key.pem -pubout`",
            ),
            Self::OtherCurve { algorithm, found } => {
                write!(f, "a key of another curve: {algorithm} needs {}, and this one is of {found}", needed_key(*algorithm))
            }
            Self::OtherType { algorithm, found } => {
                write!(f, "a key of another type: {algorithm} needs {}, and this one is {found}", needed_key(*algorithm))
            }
            Self::OtherFormat { found, remedy } => write!(f, "this is {found}: {remedy}"),
            Self::SeveralBlocks => {
                f.write_str("there are several PEM blocks: leave the one with the key alone")
            }
            Self::TextAround => {
                f.write_str("there is text in front of the key or behind it: leave the lines from BEGIN to END alone")
            }
            Self::Damaged(damage) => write!(f, "the PEM is damaged, {damage}: copy the whole file again"),
            Self::Unreadable(algorithm) => {
                write!(f, "the numbers in the file make no key for {algorithm}: export the key again")
            }
            Self::InvalidPoint(algorithm) => write!(
                f,
                "the public key is not a usable point of the curve of {algorithm}: export the key again"
            ),
            Self::RsaTooShort { bits } => {
                write!(f, "the RSA key has {bits} bits: make one of at least 2048")
            }
            Self::RsaTooLong { bits } => write!(f, "the RSA key has {bits} bits: make one of at most 8192"),
            Self::RsaModulus => {
                f.write_str("the RSA modulus is even, so this is no RSA key: export the key again")
            }
            Self::RsaExponent => {
                f.write_str("the RSA public exponent is 1, even or over 33 bits: make a key with exponent 65537")
            }
            Self::DoesNotRoundTrip(algorithm) => {
                write!(f, "the key does not verify its own {algorithm} signature: make a new one")
            }
            Self::JwkSyntax => {
                f.write_str("this is no JSON object: give a JWK, or a JWK set")
            }
            Self::JwkTwice(name) => write!(f, "the member `{name}` of the JWK occurs twice: leave one"),
            Self::JwkMember(name) => write!(f, "the member `{name}` of the JWK is missing or malformed"),
            Self::JwkPurpose => {
                f.write_str("the JWK is not for verifying signatures: use one with `use` `sig`")
            }
            Self::JwkWithoutAlgorithm => f.write_str(
                "the JWK does not say its algorithm: name it with `Key::from_jwk_with` or `KeySet::from_jwks_with`, or add `alg`",
            ),
            Self::JwkUnwanted(algorithm) => {
                write!(f, "the JWK is for {algorithm}, which is none of the named algorithms: name it too")
            }
            Self::JwkDisagrees => {
                f.write_str("`alg`, `kty` and `crv` of the JWK do not belong together, or are not supported")
            }
            Self::JwkPrivate => {
                f.write_str("the JWK holds a private key: load private keys with `Key::from_private_pem`")
            }
            Self::JwkSecret => f.write_str(
                "the JWK is a secret, and every reader of a published set could sign with it: use a key pair",
            ),
            Self::InvalidKid => f.write_str("a key id is 1 to 128 bytes without control characters"),
            Self::DuplicateKid(kid) => {
                write!(f, "two keys have the id {kid:?}: name them with `Key::with_kid`")
            }
            Self::DuplicateKey => f.write_str("the same key is in the set twice: remove one"),
            Self::MixedKinds => {
                f.write_str("a key set holds either secrets or public keys: remove one kind")
            }
            Self::CannotSign => f.write_str(
                "the first key of a key set signs, and this one can only verify: give a secret or private key",
            ),
            Self::EmptySet => f.write_str("the key set has no key: add one for signatures"),
            Self::NoUsableKey(cause) => write!(f, "no key of the set can be used: {cause}"),
            Self::Random => f.write_str("the operating system gave no random bytes"),
        }
    }
}

impl fmt::Debug for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for KeyError {}

fn new_secret(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Hs512 => "make one with `openssl rand -hex 64`",
        _ => "make one with `openssl rand -base64 48`",
    }
}

fn needed_key(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Es256 => "P-256",
        Algorithm::Es384 => "P-384",
        Algorithm::EdDsa => "Ed25519",
        Algorithm::Rs256 | Algorithm::Ps256 => "RSA (`openssl genpkey -algorithm RSA`)",
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => "a secret",
    }
}
