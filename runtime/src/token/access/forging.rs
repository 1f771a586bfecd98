//! For tests: tokens that a server would never give out, signed with its own keys.

use super::{AccessTokens, Envelope};
use crate::token::{Key, KeySet, TokenError};

impl AccessTokens {
    /// Signs any payload.
    pub(crate) fn seal(&self, payload: &[u8]) -> Result<String, TokenError> {
        self.envelope.seal(payload)
    }

    /// As [`seal`](Self::seal), with another key.
    pub(crate) fn seal_with(&self, key: Key, payload: &[u8]) -> Result<String, TokenError> {
        let keys = KeySet::new(key).map_err(|_| TokenError::CannotSign)?;
        Envelope::new("at+jwt", self.settings.max_len, keys).seal(payload)
    }
}
