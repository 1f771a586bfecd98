//! Base64url without padding (RFC 4648 section 5), as tokens and identifiers have it: canonical texts alone, with vector instructions where the
//! processor has them.

use base64_simd::{AsOut as _, URL_SAFE_NO_PAD};

/// The bytes of a text. `None` if it has padding, a character of another alphabet, an impossible length, or unused bits that are not zero.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

/// As [`decode`], into the start of a buffer. `None` also if it is too small.
pub(crate) fn decode_into<'b>(text: &str, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let length = URL_SAFE_NO_PAD.decoded_length(text.as_bytes()).ok()?;
    let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes(), buffer.get_mut(..length)?.as_out()).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as REFERENCE;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn agrees(text: &str) {
        let expected = REFERENCE.decode(text).ok();
        assert_eq!(decode(text), expected, "{text:?}");
        for room in [0, 1, 16, 64, text.len()] {
            let mut buffer = vec![0; room];
            let fitting = expected.as_deref().filter(|bytes| bytes.len() <= room);
            assert_eq!(decode_into(text, &mut buffer), fitting, "{text:?} into {room}");
        }
    }

    /// Row 5.
    #[test]
    fn every_short_text_is_read_as_the_reference_reads_it() {
        let characters: Vec<char> = "AQgw_-Zz09+/= \n.{é".chars().collect();
        let mut texts = vec![String::new()];
        for length in 0..5 {
            let longest: Vec<_> =
                texts.iter().filter(|text| text.chars().count() == length).cloned().collect();
            texts.extend(
                longest.iter().flat_map(|text| characters.iter().map(move |next| format!("{text}{next}"))),
            );
        }
        for text in &texts {
            agrees(text);
        }
    }

    /// Row 2: one byte is wrong, wherever it is, beside the vector's edges too.
    #[test]
    fn a_byte_of_another_alphabet_is_refused_at_every_place() {
        for length in [4, 16, 22, 31, 32, 33, 43, 44, 63, 64, 65, 100, 128, 129, 300] {
            let good: String = (0..length).map(|place| char::from(b'a' + (place % 26) as u8)).collect();
            let good = good[..length - 1].to_owned() + "A";
            agrees(&good);
            for place in 0..length {
                for byte in (0..128_u8).filter(|byte| !byte.is_ascii_alphanumeric()) {
                    let mut bytes = good.clone().into_bytes();
                    bytes[place] = byte;
                    let text = String::from_utf8(bytes).unwrap();
                    assert_eq!(decode(&text), REFERENCE.decode(&text).ok(), "{text:?}");
                }
            }
        }
    }

    proptest! {
        /// Row 5.
        #[test]
        fn any_text_is_read_as_the_reference_reads_it(text in "[A-Za-z0-9_-]{0,200}", other in any::<String>()) {
            agrees(&text);
            agrees(&other);
        }

        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = REFERENCE.encode(&bytes);
            prop_assert_eq!(decode(&text), Some(bytes));
        }

        /// Row 5: a text that differs in one character is read only if that has no unused bits, which the reference knows.
        #[test]
        fn a_changed_text_is_read_as_the_reference_reads_it(
            bytes in proptest::collection::vec(any::<u8>(), 1..200), place: usize, byte in 0..128_u8,
        ) {
            let mut text = REFERENCE.encode(&bytes).into_bytes();
            let place = place % text.len();
            text[place] = byte;
            agrees(&String::from_utf8(text).unwrap());
        }
    }
}
