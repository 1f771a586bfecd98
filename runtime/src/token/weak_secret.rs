//! Secrets that everybody knows or can guess.

/// A curated selection of secrets of at least 32 bytes, in lower case: examples from documentation, and placeholders of the
/// kind that templates hold. It is not the list of 100 000 published secrets, and no substitute for making one at random.
const PUBLISHED: &[&str] = &[
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-384-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "a-secret-key-that-is-at-least-32-characters-long",
    "abcdefghijklmnopqrstuvwxyz012345",
    "abcdefghijklmnopqrstuvwxyz123456",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789",
    "countersign-documentation-example-secret",
    "my-32-character-ultra-secure-and-ultra-long-secret",
    "mysupersecretkeythatisatleast32characterslong",
    "mysecretkeymysecretkeymysecretkey1",
    "please-change-this-secret-in-production",
    "please-change-me-to-a-secure-random-string",
    "qwertyuiopasdfghjklzxcvbnm123456",
    "secret-key-must-be-at-least-32-characters-long",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "supersecretkeythatshouldbechangedinproduction",
    "the-quick-brown-fox-jumps-over-the-lazy-dog",
    "the quick brown fox jumps over the lazy dog",
    "this-is-a-very-long-secret-key-for-testing-purposes",
    "thisisaverylongsecretkeythatshouldbechanged",
    "thisismysecretkeythatisatleast32byteslong",
    "your-256-bit-secret-your-256-bit-secret",
    "your-256-bit-secret-key-goes-here-1234567890",
    "your-384-bit-secret-your-384-bit-secret-your-384-bit-secret",
    "your-512-bit-secret-your-512-bit-secret-your-512-bit-secret-your-512-bit-secret",
    "your-super-secret-jwt-key-change-this-in-production",
    "your-super-secret-key-at-least-32-characters-long",
    "your-secret-key-change-this-in-production",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
];

/// Octets of the key of RFC 7515 appendix A.1, in base64url and as it is decoded.
const RFC_7515_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const RFC_7515_OCTETS: [u8; 8] = [3, 35, 53, 75, 43, 15, 165, 188];

/// Chance goes below this once in 10^37 for 32 random bytes, once in 10^7 for 32 hexadecimal digits.
const LEAST_DIFFERENT_BYTES: usize = 8;

/// Whether the secret is published, is a PEM file (of a key that may be public), or is made of too little: few different
/// bytes, a repeated piece, or a run such as 0, 1, 2.
pub(super) fn is_weak(secret: &[u8]) -> bool {
    let trimmed = secret.trim_ascii();
    let known = PUBLISHED.iter().any(|known| trimmed.eq_ignore_ascii_case(known.as_bytes()))
        || trimmed == RFC_7515_KEY.as_bytes()
        || (secret.len() == 64 && secret.starts_with(&RFC_7515_OCTETS));
    known
        || trimmed.starts_with(b"-----BEGIN ")
        || different_bytes(secret) < LEAST_DIFFERENT_BYTES
        || repeats(secret)
        || is_run(secret)
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
