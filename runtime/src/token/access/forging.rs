//! For tests: tokens that no server gives out, signed with its own keys.

use super::{AccessTokens, Envelope};
use crate::token::{Key, KeySet, TokenError};

impl AccessTokens {
    /// Signs a payload, whatever it says.
    pub(crate) fn seal(&self, payload: &[u8]) -> Result<String, TokenError> {
        self.envelope.seal(payload)
    }

    /// As [`seal`](Self::seal), with a key that is none of these.
    pub(crate) fn seal_with(&self, key: Key, payload: &[u8]) -> Result<String, TokenError> {
        let keys = KeySet::new(key).map_err(|_| TokenError::CannotSign)?;
        Envelope::new("at+jwt", self.settings.length_limit(), keys).seal(payload)
    }
}
