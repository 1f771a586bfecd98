//! The `tracing` target, and the form of logged errors.

use std::fmt::{self, Write as _};

/// The `tracing` target of every event of this crate.
pub(crate) const TARGET: &str = "countersign";

/// Writes the `Debug` of an error on one line. Errors may quote bytes from a client, which could forge further lines, and many come
/// from other crates.
pub(crate) struct OneLine<T>(pub(crate) T);

impl<T: fmt::Debug> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaped(f), "{:?}", self.0)
    }
}

struct Escaped<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| match character {
            // Unicode has two line separators that are not control characters.
            '\u{2028}' | '\u{2029}' => write!(self.0, "{}", character.escape_default()),
            _ if character.is_control() => write!(self.0, "{}", character.escape_default()),
            _ => self.0.write_char(character),
        })
    }
}
