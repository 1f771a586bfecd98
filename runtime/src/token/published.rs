//! The secrets of 32 bytes and more that wallarm/jwt-secrets collected; `data/README.md` says how the list is made.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Sorted. Each is the beginning of the SHA-256 of a secret, which is folded as in [`is_listed`].
const HASHES: &[u8] = include_bytes!("../../data/published_secrets.bin");

/// Whether the list has this text, whatever the case of its letters and the blanks around it.
///
/// A text that is not published has the beginning of a listed hash once in 10^16.
pub(super) fn is_listed(text: &[u8]) -> bool {
    let folded = Zeroizing::new(without_blanks(text).to_ascii_lowercase());
    let hash = Sha256::digest(&folded);
    let (hashes, _) = HASHES.as_chunks::<8>();
    hash.first_chunk::<8>().is_some_and(|beginning| hashes.binary_search(beginning).is_ok())
}

fn without_blanks(mut text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    while let [first, rest @ ..] = text
        && is_blank(first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(last)
    {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 20.
    #[test]
    fn list_is_whole_and_in_order() {
        let (hashes, rest) = HASHES.as_chunks::<8>();
        assert_eq!(
            (hashes.len(), rest.len()),
            (1826, 0),
            "four of 1,830 differ from another in case or blanks alone"
        );
        assert!(hashes.is_sorted_by(|one, next| one < next));
    }

    /// Row 20.
    #[test]
    fn listed_text_is_found_in_any_case_and_with_blanks() {
        for text in ["r9iMKoe5CRMgvJBBtp4HrqN7QiPpUToj", "0a6b944d-d2fb-46fc-a85e-0295c986cd9f"] {
            for same in [
                text.to_owned(),
                text.to_uppercase(),
                text.to_lowercase(),
                format!("{text}\r\n"),
                format!(" \t{text} "),
                format!("{text}\0\0"),
            ] {
                assert!(is_listed(same.as_bytes()), "{same:?}");
            }
            for other in [&text[1..], &format!("{text}x"), &format!("{text}\0x"), ""] {
                assert!(!is_listed(other.as_bytes()), "{other:?}");
            }
        }
    }
}
