//! Which tokens were verified once already.
//!
//! A signature of HS256 is verified in less time than it takes to hash a token and to put it away, and many tokens are used once. So such a
//! token is remembered when it is verified for the second time. All that is kept of the first are 32 bits of its signature, in a table that is
//! neither exact nor trusted: a wrong answer costs a hash or a verification.

use std::sync::atomic::{AtomicU32, Ordering};

/// The third segment of HS256, and of no other algorithm, has so many characters.
const SHORT: usize = 43;

/// The places of the table for each token that can be remembered.
const PLACES: usize = 4;

pub(super) struct Sightings {
    places: Box<[AtomicU32]>,
}

/// A token's place in the table, and what is written there.
#[derive(Clone, Copy)]
pub(in crate::auth) struct Mark {
    hash: u64,
}

impl Sightings {
    pub(super) fn new(tokens: usize) -> Self {
        let places = tokens.saturating_mul(PLACES).clamp(64, 1 << 20).next_power_of_two();
        Self { places: (0..places).map(|_| AtomicU32::new(0)).collect() }
    }

    /// The bytes that the table takes.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.places)
    }

    /// Whether the token of this mark was verified, as far as is known.
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.place(mark).is_some_and(|place| place.load(Ordering::Relaxed) == mark.text())
    }

    pub(super) fn add(&self, mark: Mark) {
        if let Some(place) = self.place(mark) {
            place.store(mark.text(), Ordering::Relaxed);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the bits that the mask leaves are enough")]
    fn place(&self, mark: Mark) -> Option<&AtomicU32> {
        self.places.get(mark.hash as usize & (self.places.len() - 1))
    }
}

impl Mark {
    /// The mark of a token with HS256, from the end of its signature; `None` for any other.
    pub(super) fn of(token: &[u8]) -> Option<Self> {
        let (rest, signature) = token.split_at_checked(token.len().checked_sub(SHORT)?)?;
        let end = signature.last_chunk::<16>().filter(|_| rest.last() == Some(&b'.'))?;
        let [first, second] = [0, 8].map(|start| {
            end.get(start..start + 8).and_then(|half| half.try_into().ok()).map_or(0, u64::from_le_bytes)
        });
        // Characters of base64 differ in their lower bits, which a multiplication carries to the higher ones.
        let mixed = (first ^ second.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Some(Self { hash: mixed ^ (mixed >> 32) })
    }

    /// Never zero, which is an empty place.
    fn text(self) -> u32 {
        (self.hash >> 32) as u32 | 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(signature: &str) -> String {
        format!("header.payload.{signature}")
    }

    #[test]
    fn a_token_is_seen_from_its_second_time_on() {
        let sightings = Sightings::new(16);
        let signature = |number: u32| format!("{number:0>43}");
        for number in 0..1000 {
            let mark = Mark::of(token(&signature(number)).as_bytes()).unwrap();
            sightings.add(mark);
            assert!(sightings.has(mark), "{number}");
        }
    }

    #[test]
    fn marks_of_other_signatures_differ() {
        let marks: std::collections::HashSet<u64> = (0..10_000_u32)
            .map(|number| Mark::of(token(&format!("{:0>43}", number * 7)).as_bytes()).unwrap().hash)
            .collect();
        assert_eq!(marks.len(), 10_000);
    }

    #[test]
    fn only_tokens_with_a_short_signature_have_a_mark() {
        for (signature, expected) in
            [("x".repeat(43), true), ("x".repeat(42), false), ("x".repeat(86), false)]
        {
            assert_eq!(Mark::of(token(&signature).as_bytes()).is_some(), expected, "{signature}");
        }
        for text in ["", ".", "xyz", &"x".repeat(44)] {
            assert!(Mark::of(text.as_bytes()).is_none(), "{text}");
        }
    }
}
