//! Row 23: what people pass for a key. Each mistake has a sentence of its own, and no sentence quotes the file.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithms::{
    ED25519, ED25519_PUBLIC, P256, P256_PUBLIC, P384, P384_PUBLIC, PAIRS, RSA, RSA_PUBLIC, pem_body,
};
use crate::token::{Algorithm, Key, KeyError};

macro_rules! file {
    ($name:literal) => {
        &include_bytes!(concat!("../testdata/files/", $name))[..]
    };
}

const SECP256K1: &str = include_str!("../testdata/test_key_secp256k1.pem");
const SECP256K1_PUBLIC: &str = include_str!("../testdata/test_key_secp256k1.pub.pem");
const RSA_1024: &str = include_str!("../testdata/test_key_rsa1024.pem");
const RSA_1024_PUBLIC: &str = include_str!("../testdata/test_key_rsa1024.pub.pem");

use Algorithm::{EdDsa, Es256, Es384, Ps256, Rs256};

fn private(algorithm: Algorithm, file: impl AsRef<[u8]>) -> KeyError {
    Key::from_private_pem(algorithm, file).unwrap_err()
}

fn public(algorithm: Algorithm, file: impl AsRef<[u8]>) -> KeyError {
    Key::from_public_pem(algorithm, file).unwrap_err()
}

/// The beginning of an error that `OtherFormat` names.
#[track_caller]
fn assert_is(error: &KeyError, found: &str) {
    assert!(error.to_string().starts_with(&format!("this is {found}: ")), "{found}: {error}");
}

#[test]
fn key_of_another_curve_or_type_is_named() {
    let curve = |algorithm, found| KeyError::OtherCurve { algorithm, found };
    let kind = |algorithm, found| KeyError::OtherType { algorithm, found };
    for (file, error) in [
        (P384.as_bytes(), curve(Es256, "P-384")),
        (SECP256K1.as_bytes(), curve(Es256, "secp256k1")),
        (file!("P-521.pem"), curve(Es256, "P-521")),
        (file!("P-224.pem"), curve(Es256, "P-224")),
        (file!("brainpoolP256r1.pem"), curve(Es256, "brainpoolP256r1")),
        (file!("explicit.pem"), curve(Es256, "one that is described in the file and not named")),
        (P256.as_bytes(), curve(Es384, "P-256")),
        (file!("ed448.pem"), curve(EdDsa, "Ed448")),
        (file!("x25519.pem"), curve(EdDsa, "X25519")),
        (file!("x448.pem"), curve(EdDsa, "X448")),
        (ED25519.as_bytes(), kind(Es256, "Ed25519")),
        (RSA.as_bytes(), kind(Es256, "RSA")),
        (P256.as_bytes(), kind(EdDsa, "P-256")),
        (P256.as_bytes(), kind(Rs256, "P-256")),
        (ED25519.as_bytes(), kind(Ps256, "Ed25519")),
        (file!("rsa-pss.pem"), kind(Ps256, "RSASSA-PSS")),
        (file!("dsa.pem"), kind(Rs256, "DSA")),
        (RSA_1024.as_bytes(), KeyError::RsaTooShort { bits: 1024 }),
    ] {
        let algorithm = match error {
            KeyError::OtherCurve { algorithm, .. } | KeyError::OtherType { algorithm, .. } => algorithm,
            _ => Rs256,
        };
        assert_eq!(private(algorithm, file), error);
        let der = pem_body(str::from_utf8(file).unwrap());
        assert_eq!(Key::from_private_der(algorithm, der).unwrap_err(), error, "the same in DER");
    }
    for (file, error) in [
        (P384_PUBLIC.as_bytes(), curve(Es256, "P-384")),
        (SECP256K1_PUBLIC.as_bytes(), curve(Es256, "secp256k1")),
        (file!("ed448.pub.pem"), curve(EdDsa, "Ed448")),
        (RSA_PUBLIC.as_bytes(), kind(EdDsa, "RSA")),
        (RSA_1024_PUBLIC.as_bytes(), KeyError::RsaTooShort { bits: 1024 }),
    ] {
        let algorithm = match error {
            KeyError::OtherCurve { algorithm, .. } | KeyError::OtherType { algorithm, .. } => algorithm,
            _ => Rs256,
        };
        assert_eq!(public(algorithm, file), error);
    }
    let error = private(Es256, P384).to_string();
    assert!(error.starts_with("a key of another curve: ES256 needs P-256"), "{error}");
}

#[test]
fn other_half_is_named() {
    for (algorithm, private_pem, public_pem) in PAIRS {
        assert_eq!(private(algorithm, public_pem), KeyError::PublicHalf);
        assert_eq!(public(algorithm, private_pem), KeyError::PrivateHalf);
        assert_eq!(Key::from_private_der(algorithm, pem_body(public_pem)).unwrap_err(), KeyError::PublicHalf);
        assert_eq!(
            Key::from_public_der(algorithm, pem_body(private_pem)).unwrap_err(),
            KeyError::PrivateHalf
        );
    }
    for file in [
        file!("openssh"),
        file!("encrypted.pem"),
        file!("sec1.pem"),
        file!("sec1-with-parameters.pem"),
        file!("pkcs1.pem"),
    ] {
        assert_eq!(public(Es256, file), KeyError::PrivateHalf);
    }
    for file in [file!("pkcs1.pub.pem"), file!("openssh.pub"), file!("ed448.pub.pem")] {
        assert_eq!(private(Rs256, file), KeyError::PublicHalf);
    }
}

#[test]
fn key_with_a_password_is_named() {
    for file in [file!("encrypted.pem"), file!("encrypted-legacy.pem")] {
        assert_eq!(private(Es256, file), KeyError::Encrypted);
    }
    assert!(KeyError::Encrypted.to_string().starts_with("the key has a password"));
    let der = pem_body(str::from_utf8(file!("encrypted.pem")).unwrap());
    assert_eq!(Key::from_private_der(Es256, der).unwrap_err(), KeyError::Encrypted);
}

#[test]
fn file_of_another_form_is_named() {
    let pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlFgEZ\n=AAAA\n-----END PGP PRIVATE KEY BLOCK-----";
    let jwk = r#"{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA" }"#;
    let jks = [&[0xfe, 0xed, 0xfe, 0xed][..], &[0; 40]].concat();
    let utf16: Vec<u8> = P256.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe][..], &utf16].concat();
    let json = format!(r#"{{"private_key": {P256:?}}}"#);
    let encoded = STANDARD.encode(P256);
    for (file, found) in [
        (file!("sec1.pem"), "a private key in SEC1 form"),
        (file!("sec1-with-parameters.pem"), "a key in SEC1 form behind its `EC PARAMETERS`"),
        (file!("pkcs1.pem"), "a private key in PKCS#1 form"),
        (file!("certificate.pem"), "a certificate"),
        (file!("request.pem"), "a request for a certificate"),
        (file!("dh-parameters.pem"), "parameters, and no key"),
        (file!("openssh"), "an OpenSSH key"),
        (file!("store.p12"), "a key store (PKCS#12)"),
        (pgp.as_bytes(), "a PGP key"),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none", "a PuTTY key"),
        (&jks, "a Java key store"),
        (&utf16, "text in UTF-16"),
        (&marked, "text in UTF-16"),
        (jwk.as_bytes(), "a JWK"),
        (br#"{"keys":[]}"#, "a JWK set"),
        (json.as_bytes(), "JSON with a key in it"),
        (encoded.as_bytes(), "PEM that was encoded in base64 once more"),
        (b"-----BEGIN CAT PICTURE-----\nAAAA\n-----END CAT PICTURE-----", "a PEM file of another kind"),
        (b"/run/secrets/access-key", "the path of a file"),
        (b"./keys/access.pem", "the path of a file"),
        (b"C:\\keys\\access.pem", "the path of a file"),
        (b"access.pem", "the path of a file"),
        (b"file:///run/secrets/access.pem", "a URL"),
        (b"${ACCESS_KEY}", "a placeholder that was never replaced"),
        (b"\"$ACCESS_KEY\"", "a placeholder that was never replaced"),
        (b"{{ access_key }}", "a placeholder that was never replaced"),
        (b"eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "a token"),
        (b"Wd4x-B2t7kQn_2pLc9vHf3aSwYjGr6UmEok", "no PEM file"),
        (&pem_body(P256), "DER and not PEM"),
        (&[0; 32], "no PEM file"),
        (&[0xc3, 0x28], "no text"),
    ] {
        assert_is(&private(Es256, file), found);
    }
    for (file, found) in [
        (file!("certificate.pem"), "a certificate"),
        (file!("request.pem"), "a request for a certificate"),
        (file!("pkcs1.pub.pem"), "a public key in PKCS#1 form"),
        (file!("openssh.pub"), "an SSH public key"),
        (file!("store.p12"), "a key store (PKCS#12)"),
        (jwk.as_bytes(), "a JWK"),
        (&pem_body(P256_PUBLIC), "DER and not PEM"),
    ] {
        assert_is(&public(Es256, file), found);
    }
    assert_is(&Key::from_private_der(Es256, P256).unwrap_err(), "PEM and not DER");
    assert_is(&Key::from_public_der(Es256, P256_PUBLIC).unwrap_err(), "PEM and not DER");
    assert_is(&Key::from_private_der(Es256, file!("store.p12")).unwrap_err(), "a key store (PKCS#12)");
}

#[test]
fn text_around_a_key_and_damage_are_named() {
    let body = P256.lines().nth(1).unwrap();
    let damaged = |error: KeyError| match error {
        KeyError::Damaged(damage) => damage,
        other => panic!("{other}"),
    };
    assert_eq!(private(Es256, ""), KeyError::Empty);
    assert_eq!(private(Es256, " \n"), KeyError::Empty);
    assert_eq!(Key::from_private_der(Es256, "").unwrap_err(), KeyError::Empty);
    assert_eq!(private(Es256, format!("\u{feff}{P256}")), KeyError::ByteOrderMark);
    for quote in ["\"", "'", "`"] {
        assert_eq!(private(Es256, format!("{quote}{}{quote}", P256.trim())), KeyError::Quoted);
    }
    for text in [
        format!("key:\n{P256}"),
        format!("{P256}# the key of 2026"),
        format!("ACCESS_KEY={P256}"),
        format!("Bag Attributes\n    localKeyID: CE\nKey Attributes: <No Attributes>\n{P256}"),
    ] {
        assert_eq!(private(Es256, text), KeyError::TextAround);
    }
    assert_eq!(private(Es256, [P256, P384].concat()), KeyError::SeveralBlocks);
    assert_eq!(private(Es256, [P256, P256_PUBLIC].concat()), KeyError::SeveralBlocks);
    assert_eq!(public(Es256, [P256_PUBLIC, P256].concat()), KeyError::SeveralBlocks);
    assert_eq!(private(Es256, file!("bag.pem")), KeyError::SeveralBlocks);
    for (text, damage) in [
        (P256.replace("-----END PRIVATE KEY-----", ""), "the line `-----END ...-----` is missing"),
        (P256.replace("END PRIVATE", "END PUBLIC"), "the lines BEGIN and END name different things"),
        (P256.replace(body, &format!("{body}*")), "the text between the lines BEGIN and END is no base64"),
        (
            P256.replace(body, &body[..body.len() - 3]),
            "the text between the lines BEGIN and END is no base64",
        ),
        (P256.replace(body, ""), "the base64 text holds no whole key"),
        (
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----".to_owned(),
            "there is nothing between the lines BEGIN and END",
        ),
        (
            P256.replace("KEY-----\n", "KEY-----\nComment: mine\n\n"),
            "it has lines in front of the base64 text",
        ),
        (
            P256.replace("-----BEGIN PRIVATE KEY-----\n", ""),
            "the line `-----BEGIN ...-----` is missing or has not five hyphens on each side",
        ),
        (
            P256.replace("-----", "--"),
            "the line `-----BEGIN ...-----` is missing or has not five hyphens on each side",
        ),
        (
            P256.replace("-----", "\u{2014}"),
            "the line `-----BEGIN ...-----` is missing or has not five hyphens on each side",
        ),
        (P256.lines().skip(1).take(3).collect(), "the lines BEGIN and END are missing"),
    ] {
        assert_eq!(damaged(private(Es256, text.clone())), damage, "{text}");
    }
    let cut = &pem_body(P256)[..60];
    assert_eq!(damaged(Key::from_private_der(Es256, cut).unwrap_err()), "the base64 text holds no whole key");
}

/// Line ends and blanks around a block mean nothing (RFC 7468 section 3).
#[test]
fn harmless_differences_are_accepted() {
    for (algorithm, private_pem, public_pem) in PAIRS {
        let kid = Key::from_public_pem(algorithm, public_pem).unwrap().kid().to_owned();
        type Change = fn(&str) -> String;
        let changes: [Change; 7] = [
            |pem| pem.replace('\n', "\r\n"),
            |pem| pem.trim().replace('\n', "\\n"),
            |pem| pem.trim().replace('\n', "\\r\\n"),
            |pem| pem.replace('\n', " "),
            |pem| pem.replace('\n', ""),
            |pem| format!(" \t\r\n{pem}\n\n"),
            |pem| pem.lines().map(|line| format!("    {line}  \n")).collect(),
        ];
        for change in changes {
            let (private_pem, public_pem) = (change(private_pem), change(public_pem));
            assert_eq!(Key::from_private_pem(algorithm, &private_pem).unwrap().kid(), kid, "{private_pem}");
            assert_eq!(Key::from_public_pem(algorithm, &public_pem).unwrap().kid(), kid, "{public_pem}");
        }
    }
}

/// Row 30. No sentence has a piece of the file, and one cause has one sentence.
#[test]
fn no_sentence_quotes_the_file_or_names_two_causes() {
    let files = [
        P256,
        P384,
        RSA,
        ED25519,
        ED25519_PUBLIC,
        RSA_1024,
        SECP256K1,
        "hunter2-hunter2",
        "/run/secrets/a",
        "https://a.test",
    ];
    let mut sentences: HashMap<String, KeyError> = HashMap::new();
    for file in files {
        for algorithm in [Es256, Es384, EdDsa, Rs256, Ps256] {
            for error in
                [Key::from_private_pem(algorithm, file).err(), Key::from_public_pem(algorithm, file).err()]
            {
                let Some(error) = error else { continue };
                let sentence = error.to_string();
                for piece in file.lines().filter(|line| !line.starts_with("-----")) {
                    assert!(!sentence.contains(piece), "{sentence}");
                }
                let other = sentences.insert(sentence, error.clone());
                assert!(other.is_none_or(|other| other == error));
            }
        }
    }
    assert!(sentences.len() > 15, "{sentences:?}");
}

/// Every cut and every changed byte of a key is refused or gives the same key, and none panics.
#[test]
fn cut_and_changed_files_are_refused() {
    for (algorithm, private_pem, _) in PAIRS {
        let kid = Key::from_private_pem(algorithm, private_pem).unwrap().kid().to_owned();
        let step = if private_pem.len() > 1000 { 61 } else { 7 };
        for at in (0..private_pem.len()).step_by(step) {
            let _ = Key::from_private_pem(algorithm, &private_pem[..at]).unwrap_err();
            let mut changed = private_pem.as_bytes().to_vec();
            changed[at] = b'\\';
            if let Ok(key) = Key::from_private_pem(algorithm, &changed) {
                assert_eq!(key.kid(), kid, "{at}");
            }
            let mut der = pem_body(private_pem);
            let at = at % der.len();
            der[at] ^= 0x55;
            let _ = Key::from_private_der(algorithm, &der);
            let _ = Key::from_private_der(algorithm, &der[..at]);
        }
    }
}
