//! Strict JSON objects, for the header and for the payload.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::claims::CowStr;

/// More than any header or payload of this crate needs, and too little to exhaust a stack.
const DEEPEST_NESTING: usize = 32;

/// Whether brackets are nested deeper than any token needs. serde_json has no limit for values that it skips.
///
/// This runs for every token, so a fast pass comes first: it counts every opening bracket, also in strings, which is never less
/// than the depth. Only a text with many brackets is read again with the real rules.
pub(super) fn is_too_deep(json: &str) -> bool {
    let brackets: usize = json.as_bytes().chunks(128).map(opening_brackets).sum();
    brackets > DEEPEST_NESTING && deepest_nesting(json) > DEEPEST_NESTING
}

/// Sums in a `u8`, which compiles to vector instructions and cannot overflow: a chunk has 128 bytes. `[` (0x5b) and `{` (0x7b)
/// differ in the bit 0x20 alone.
fn opening_brackets(chunk: &[u8]) -> usize {
    usize::from(chunk.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum::<u8>())
}

fn deepest_nesting(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

const FEW: usize = 8;

/// The names of members seen so far; the first few without allocation.
#[derive(Default)]
pub(super) struct SeenMembers<'de> {
    few: [Option<&'de str>; FEW],
    more: BTreeSet<Cow<'de, str>>,
}

impl<'de> SeenMembers<'de> {
    /// Whether the name was not seen before.
    pub(super) fn insert(&mut self, CowStr(name): &CowStr<'de>) -> bool {
        if self.more.contains(name) {
            return false;
        }
        if let Cow::Borrowed(name) = name {
            for slot in &mut self.few {
                match slot {
                    Some(seen) if seen == name => return false,
                    Some(_) => {}
                    None => {
                        *slot = Some(name);
                        return true;
                    }
                }
            }
        } else if self.few.iter().flatten().any(|seen| seen == name) {
            return false;
        }
        self.more.insert(name.clone())
    }
}
