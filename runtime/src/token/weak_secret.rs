//! Secrets that everybody knows or can guess. The list is short, and no substitute for a random secret.

use zeroize::Zeroizing;

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

/// Random secrets have fewer different bytes once in 10^37 for 32 bytes, and once in 10^7 for 32 hexadecimal digits.
const LEAST_DIFFERENT_BYTES: usize = 8;

/// Whether the secret contains a placeholder, is published, is a PEM file (whose key may be public), or has a pattern: few
/// different bytes, a repeated piece, or a run such as 0, 1, 2.
pub(super) fn is_weak(secret: &[u8]) -> bool {
    let trimmed = secret.trim_ascii();
    let known = trimmed.eq_ignore_ascii_case(FASTAPI_KEY.as_bytes())
        || trimmed == RFC_7515_KEY.as_bytes()
        || (secret.len() == 64 && secret.starts_with(&RFC_7515_OCTETS));
    known
        || holds_placeholder(secret)
        || trimmed.starts_with(b"-----BEGIN ")
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
