//! Secrets that others know or can guess. Passing these checks makes no secret random.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::{STANDARD as STANDARD_ALPHABET, URL_SAFE as URL_ALPHABET};
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::published::is_listed;
use super::secret_bits::bits_of;
use super::{Algorithm, KeyError};

/// The placeholders of templates and documentation, in lower case and without separators.
///
/// A random secret must not contain one by chance. A base64 secret of 64 characters contains a given run of 8 letters once in
/// 10^10, a hexadecimal one a given run of 16 digits once in 10^17. So an entry has at least 8 characters, and 16 if all of them
/// are hexadecimal digits.
pub(super) const PLACEHOLDERS: &[&str] = &[
    "0123456789abcdef",
    "256bitsecret",
    "32character",
    "384bitsecret",
    "512bitsecret",
    "abcdefghijklmnop",
    "atleast256",
    "atleast32",
    "atleast384",
    "atleast512",
    "changein",
    "changeme",
    "changethis",
    "documentationexample",
    "donotuse",
    "examplekey",
    "examplesecret",
    "insecure",
    "jwtsecret",
    "mypassword",
    "mysecret",
    "notasecret",
    "notsecret",
    "password1234",
    "placeholder",
    "qwertyuiop",
    "replaceme",
    "replacethis",
    "secrethere",
    "secretkey",
    "secretsecret",
    "shouldbechanged",
    "supersecret",
    "thequickbrownfox",
    "thisisasecret",
    "topsecret",
    "verysecret",
    "yourkeyhere",
    "yoursecret",
];

/// The secret of the FastAPI tutorial, which many services use.
const FASTAPI_KEY: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";

/// The key of RFC 7515 appendix A.1 in base64url, and its first octets.
const RFC_7515_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const RFC_7515_OCTETS: [u8; 8] = [3, 35, 53, 75, 43, 15, 165, 188];

/// Random secrets have fewer different bytes once in 10^37 for 32 bytes, and once in 10^18 for 64 hexadecimal digits.
const LEAST_DIFFERENT_BYTES: usize = 8;

/// Base64 in either alphabet, whether it is padded or not.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Refuses a secret that others can know or guess: as it is, and as what it says in base64 or hexadecimal text.
///
/// All checks together refuse base64 of 32 to 64 random bytes less than once in 10^9, nearly always for a placeholder, and 32 random
/// bytes or 64 hexadecimal digits less than once in 10^12.
pub(super) fn check_secret(algorithm: Algorithm, needed: usize, secret: &[u8]) -> Result<(), KeyError> {
    if is_published(secret) {
        return Err(KeyError::PublishedSecret);
    }
    for reading in [Zeroizing::new(secret.to_vec())].into_iter().chain(decoded(secret)) {
        if let Some((shape, bits)) = bits_of(&reading).filter(|(_, bits)| *bits < needed * 8) {
            return Err(KeyError::SecretOfFewBits { algorithm, shape, bits, needed: needed * 8 });
        }
        if is_weak(&reading) {
            return Err(KeyError::WeakSecret);
        }
    }
    Ok(())
}

/// Looks for the secret in the list in every form that could be listed: itself, the text that encodes it, the bytes it encodes.
fn is_published(secret: &[u8]) -> bool {
    let hexadecimal = || {
        let mut text = Zeroizing::new(String::with_capacity(secret.len() * 2));
        for byte in secret {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    };
    is_listed(secret)
        || is_listed(hexadecimal().as_bytes())
        || [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .any(|base64| is_listed(Zeroizing::new(base64.encode(secret)).as_bytes()))
        || decoded(secret).any(|bytes| is_listed(&bytes))
        || secret.trim_ascii().eq_ignore_ascii_case(FASTAPI_KEY.as_bytes())
        || secret.trim_ascii() == RFC_7515_KEY.as_bytes()
        || (secret.len() == 64 && secret.starts_with(&RFC_7515_OCTETS))
}

/// The bytes that a text encodes in base64 and in hexadecimal digits.
fn decoded(text: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    let text = text.trim_ascii();
    let alphabet =
        if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { &URL_ALPHABET } else { &STANDARD_ALPHABET };
    let base64 = GeneralPurpose::new(alphabet, LENIENT).decode(text).ok();
    let (pairs, rest) = text.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        Some(((char::from(pair[0]).to_digit(16)? << 4) | char::from(pair[1]).to_digit(16)?) as u8)
    };
    let hexadecimal = if rest.is_empty() { pairs.iter().map(byte).collect() } else { None };
    base64.into_iter().chain(hexadecimal).map(Zeroizing::new)
}

/// Whether the secret contains a placeholder or has a pattern: few different bytes, a repeated piece, or a run such as 0, 1, 2.
fn is_weak(secret: &[u8]) -> bool {
    holds_placeholder(secret)
        || different_bytes(secret) < LEAST_DIFFERENT_BYTES
        || repeats(secret)
        || is_run(secret)
}

fn holds_placeholder(secret: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'-' | b'_' | b'.' | b' ');
    let mut plain = Zeroizing::new(Vec::with_capacity(secret.len()));
    plain.extend(secret.iter().filter(|byte| !is_separator(byte)).map(u8::to_ascii_lowercase));
    let holds = |text: &str| plain.windows(text.len()).any(|part| part == text.as_bytes());
    PLACEHOLDERS.iter().any(|placeholder| holds(placeholder))
}

fn different_bytes(secret: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in secret {
        seen[usize::from(*byte)] = true;
    }
    seen.into_iter().filter(|seen| *seen).count()
}

fn repeats(secret: &[u8]) -> bool {
    (1..=secret.len() / 2).any(|period| secret[period..] == secret[..secret.len() - period])
}

fn is_run(secret: &[u8]) -> bool {
    let mut steps = secret.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let first = steps.next();
    steps.all(|step| Some(step) == first)
}
