//! Keys as files hold them. Each mistake with such a file has a sentence of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pem::PemError;
use zeroize::Zeroizing;

use super::der::{Content, KeyType, P256, P384, content};
use super::pasted::{is_path, is_ssh_public, is_token, is_unexpanded, is_url};
use super::{Algorithm, KeyError};

/// The half of a key pair that is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Private,
    Public,
}

impl Half {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Private => "PRIVATE KEY",
            Self::Public => "PUBLIC KEY",
        }
    }
}

const TO_PKCS8: &str = "convert it with `openssl pkcs8 -topk8 -nocrypt -in key.pem`";
const TO_PUBLIC: &str = "take the public key out with `openssl x509 -in cert.pem -noout -pubkey`";
const NEW_PAIR: &str = "make one with `openssl genpkey`";
const GIVE_TEXT: &str = "give the text of the PEM file itself";

const fn other(found: &'static str, remedy: &'static str) -> KeyError {
    KeyError::OtherFormat { found, remedy }
}

/// Returns the DER in PEM text: of one key, of the wanted half and of the type that the algorithm needs.
///
/// Blanks around the block do not count, and its lines may end with LF, CRLF, the two characters `\n`, or not at all.
pub(super) fn der_of_pem(
    algorithm: Algorithm,
    half: Half,
    text: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = as_text(half, text)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    let Some(start) = text.find("-----BEGIN ") else { return Err(without_pem(half, text)) };
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))
        && text.ends_with(quote)
    {
        return Err(KeyError::Quoted);
    }
    if text.starts_with('{') {
        return Err(other("JSON with a key in it", GIVE_TEXT));
    }
    // A line break may be written as in a string of JSON. A backslash means nothing else in PEM.
    let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    let label = only_label(half, &text)?;
    let (is_locked, has_headers, der) = match pem::parse(text.as_bytes()) {
        Ok(file) => {
            let is_locked = file.headers().get("Proc-Type").is_some_and(|value| value.ends_with("ENCRYPTED"));
            let has_headers = file.headers().iter().next().is_some();
            (is_locked, has_headers, Zeroizing::new(file.into_contents()))
        }
        // Where the label says all, the rest does not matter.
        Err(_) if label != half.label() => (false, false, Zeroizing::default()),
        Err(error) => return Err(damage(&error)),
    };
    if is_locked {
        return Err(if half == Half::Public { KeyError::PrivateHalf } else { KeyError::Encrypted });
    }
    if label != half.label() {
        return Err(of_label(half, label, content(&der)));
    }
    if der.is_empty() {
        return Err(KeyError::Damaged("there is nothing between the lines BEGIN and END"));
    }
    if has_headers {
        return Err(KeyError::Damaged("it has lines in front of the base64 text"));
    }
    if start != 0 || !text.trim_end().ends_with(&format!("-----END {label}-----")) {
        return Err(KeyError::TextAround);
    }
    check_der(algorithm, half, &der)?;
    Ok(der)
}

/// Checks that the DER is one key, of the wanted half and of the type that the algorithm needs.
pub(super) fn check_der(algorithm: Algorithm, half: Half, der: &[u8]) -> Result<(), KeyError> {
    if der.is_empty() {
        return Err(KeyError::Empty);
    }
    if der.trim_ascii_start().starts_with(b"-----BEGIN ") {
        return Err(other("PEM and not DER", "pass it to the function for PEM"));
    }
    let found = match (half, content(der)) {
        (Half::Private, Content::Private(found)) | (Half::Public, Content::Public(found)) => found,
        (half, found) => return Err(of_content(half, found)),
    };
    match (algorithm, found) {
        (Algorithm::Es256, KeyType::Curve(P256))
        | (Algorithm::Es384, KeyType::Curve(P384))
        | (Algorithm::EdDsa, KeyType::Ed25519) => Ok(()),
        (Algorithm::Rs256 | Algorithm::Ps256, KeyType::Rsa(Some(bits))) if bits < 2048 => {
            Err(KeyError::RsaTooShort { bits })
        }
        (Algorithm::Rs256 | Algorithm::Ps256, KeyType::Rsa(Some(bits))) if bits > 8192 => {
            Err(KeyError::RsaTooLong { bits })
        }
        (Algorithm::Rs256 | Algorithm::Ps256, KeyType::Rsa(_)) => Ok(()),
        (Algorithm::Es256 | Algorithm::Es384, KeyType::Curve(found)) => {
            Err(KeyError::OtherCurve { algorithm, found })
        }
        (Algorithm::EdDsa, KeyType::Other(found @ ("Ed448" | "X25519" | "X448"))) => {
            Err(KeyError::OtherCurve { algorithm, found })
        }
        (_, KeyType::Curve(found)) => Err(KeyError::OtherType { algorithm, found }),
        (_, KeyType::Ed25519) => Err(KeyError::OtherType { algorithm, found: "Ed25519" }),
        (_, KeyType::Rsa(_)) => Err(KeyError::OtherType { algorithm, found: "RSA" }),
        (_, KeyType::Other(found)) => Err(KeyError::OtherType { algorithm, found }),
    }
}

fn as_text(half: Half, bytes: &[u8]) -> Result<&str, KeyError> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => return Err(KeyError::ByteOrderMark),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'-', 0, ..] | [0, b'-', ..] => {
            return Err(other("text in UTF-16", "save the file as UTF-8"));
        }
        [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => {
            return Err(other("a Java key store", "export the key as PKCS#8 PEM"));
        }
        _ => {}
    }
    let is_binary =
        bytes.first() == Some(&0x30) && bytes.get(1).is_some_and(|length| *length >= 0x80 || *length < 0x20);
    match str::from_utf8(bytes) {
        Ok(text) if !is_binary => Ok(text),
        _ => Err(match content(bytes) {
            Content::Private(_) | Content::Public(_) => {
                other("DER and not PEM", "pass it to the function for DER")
            }
            Content::Other | Content::Damaged => other("no text", GIVE_TEXT),
            found => of_content(half, found),
        }),
    }
}

/// The label of the block. Refuses several blocks in one text.
fn only_label(half: Half, text: &str) -> Result<&str, KeyError> {
    let mut labels =
        text.split("-----BEGIN ").skip(1).map(|rest| rest.split("-----").next().unwrap_or_default());
    let first = labels.next().unwrap_or_default();
    match labels.next() {
        None => Ok(first),
        Some("EC PRIVATE KEY") if first == "EC PARAMETERS" => Err(match half {
            Half::Private => other("a key in SEC1 form behind its `EC PARAMETERS`", TO_PKCS8),
            Half::Public => KeyError::PrivateHalf,
        }),
        Some(_) => Err(KeyError::SeveralBlocks),
    }
}

fn damage(error: &PemError) -> KeyError {
    KeyError::Damaged(match error {
        PemError::MalformedFraming | PemError::MissingEndTag => "the line `-----END ...-----` is missing",
        PemError::MismatchedTags(..) => "the lines BEGIN and END name different things",
        PemError::MissingBeginTag => "the line BEGIN names nothing",
        PemError::MissingData => "there is nothing between the lines BEGIN and END",
        PemError::InvalidData(_) => "the text between the lines BEGIN and END is no base64",
        PemError::InvalidHeader(_) => "it has an empty line, or a line in front of the base64 text",
        PemError::NotUtf8(_) => "it is no text",
    })
}

/// The error for a block with another label than the wanted one.
fn of_label(half: Half, label: &str, found: Content) -> KeyError {
    match (half, label) {
        (Half::Private, "PUBLIC KEY" | "RSA PUBLIC KEY") => KeyError::PublicHalf,
        (
            Half::Public,
            "PRIVATE KEY"
            | "ENCRYPTED PRIVATE KEY"
            | "RSA PRIVATE KEY"
            | "EC PRIVATE KEY"
            | "DSA PRIVATE KEY",
        ) => KeyError::PrivateHalf,
        (_, "ENCRYPTED PRIVATE KEY") => KeyError::Encrypted,
        (_, "RSA PRIVATE KEY") => of_content(half, Content::RsaPrivate),
        (_, "EC PRIVATE KEY") => of_content(half, Content::EcPrivate),
        (_, "DSA PRIVATE KEY" | "DSA PARAMETERS") => other("a DSA key", NEW_PAIR),
        (_, "RSA PUBLIC KEY") => of_content(half, Content::RsaPublic),
        (_, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE") => {
            of_content(half, Content::Certificate)
        }
        (_, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => match half {
            Half::Private => other("a request for a certificate", "give the private key that belongs to it"),
            Half::Public => other(
                "a request for a certificate",
                "take the public key out with `openssl req -in request.pem -noout -pubkey`",
            ),
        },
        (_, "EC PARAMETERS" | "DH PARAMETERS" | "X9.42 DH PARAMETERS" | "PARAMETERS") => {
            of_content(half, Content::Parameters)
        }
        (Half::Private, "OPENSSH PRIVATE KEY") => other("an OpenSSH key", NEW_PAIR),
        (Half::Public, "OPENSSH PRIVATE KEY") => KeyError::PrivateHalf,
        (_, label) if label.starts_with("PGP ") => other("a PGP key", NEW_PAIR),
        (_, "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS") => {
            other("a bag of certificates (PKCS#7)", "give the key alone, as PEM")
        }
        _ => match found {
            Content::Damaged | Content::Private(_) | Content::Public(_) => {
                other("a PEM file of another kind", "give one with `BEGIN PRIVATE KEY` or `BEGIN PUBLIC KEY`")
            }
            found => of_content(half, found),
        },
    }
}

fn of_content(half: Half, found: Content) -> KeyError {
    match (half, found) {
        (Half::Private, Content::Public(_) | Content::RsaPublic) => KeyError::PublicHalf,
        (
            Half::Public,
            Content::Private(_) | Content::RsaPrivate | Content::EcPrivate | Content::Encrypted,
        ) => KeyError::PrivateHalf,
        (Half::Private, Content::Encrypted) => KeyError::Encrypted,
        (Half::Private, Content::RsaPrivate) => other("a private key in PKCS#1 form", TO_PKCS8),
        (Half::Private, Content::EcPrivate) => other("a private key in SEC1 form", TO_PKCS8),
        (Half::Public, Content::RsaPublic) => other(
            "a public key in PKCS#1 form",
            "convert it with `openssl rsa -RSAPublicKey_in -in key.pem -pubout`",
        ),
        (Half::Private, Content::Certificate) => {
            other("a certificate", "give the private key that belongs to it")
        }
        (Half::Public, Content::Certificate) => other("a certificate", TO_PUBLIC),
        (_, Content::KeyStore) => other(
            "a key store (PKCS#12)",
            "take the key out with `openssl pkcs12 -in store.p12 -nocerts -noenc`, then `openssl pkey`",
        ),
        (_, Content::Parameters) => other("parameters, and no key", NEW_PAIR),
        (_, Content::Other | Content::Private(_) | Content::Public(_)) => {
            other("DER of another kind", "export the key as PKCS#8 or SubjectPublicKeyInfo")
        }
        (_, Content::Damaged) => KeyError::Damaged("the base64 text holds no whole key"),
    }
}

/// The error for text without a line BEGIN.
fn without_pem(half: Half, text: &str) -> KeyError {
    let bytes = text.as_bytes();
    let unquoted = text.trim_matches(['"', '\'', '`']);
    if text.starts_with('{') && text.contains("\"kty\"") {
        return match half {
            Half::Private => other("a JWK", "export the private key as PKCS#8 PEM"),
            Half::Public => other("a JWK", "pass it to `Key::from_jwk`"),
        };
    }
    if text.starts_with('{') && text.contains("\"keys\"") {
        return other("a JWK set", "pass it to `KeySet::from_jwks`");
    }
    if unquoted.starts_with("PuTTY-User-Key-File") {
        return other("a PuTTY key", NEW_PAIR);
    }
    if is_ssh_public(bytes) || text.starts_with("---- BEGIN SSH2") {
        return match half {
            Half::Private => KeyError::PublicHalf,
            Half::Public => other("an SSH public key", "convert it with `ssh-keygen -e -m PKCS8 -f key.pub`"),
        };
    }
    if is_unexpanded(unquoted.as_bytes()) {
        return other("a placeholder that was never replaced", GIVE_TEXT);
    }
    if is_url(unquoted.as_bytes()) {
        return other("a URL", GIVE_TEXT);
    }
    if is_path(unquoted.as_bytes()) || (unquoted.starts_with('/') && !unquoted.contains(['\n', '+', '='])) {
        return other("the path of a file", "read the file, and give its text");
    }
    if is_token(bytes) {
        return other("a token", GIVE_TEXT);
    }
    if text.contains("BEGIN ") || text.contains("END ") {
        return KeyError::Damaged(
            "the line `-----BEGIN ...-----` is missing or has not five hyphens on each side",
        );
    }
    let packed: Zeroizing<String> =
        Zeroizing::new(unquoted.chars().filter(|it| !it.is_whitespace()).collect());
    let decoded = STANDARD.decode(packed.as_bytes()).map(Zeroizing::new).unwrap_or_default();
    if decoded.trim_ascii_start().starts_with(b"-----BEGIN ") {
        return other("PEM that was encoded in base64 once more", "decode it with `base64 -d`");
    }
    match content(&decoded) {
        Content::Damaged if decoded.first() == Some(&0x30) => {
            KeyError::Damaged("the lines BEGIN and END are missing")
        }
        Content::Damaged => other(
            "no PEM file",
            "give text that begins with `-----BEGIN PRIVATE KEY-----` or `-----BEGIN PUBLIC KEY-----`",
        ),
        _ => KeyError::Damaged("the lines BEGIN and END are missing"),
    }
}
