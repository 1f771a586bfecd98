//! Payloads of the application's own, sealed by an `Auth`.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Auth;
use crate::claims::SessionClaims;
use crate::token::{SealError, UnsealError};

impl<C: SessionClaims> Auth<C> {
    /// Seals a payload of the application's own, such as an invitation or the meaning of a link in a mail, so that only
    /// [`unseal`](Self::unseal) with the same purpose opens it. The lifetime is in whole seconds, from one second to 366 days.
    ///
    /// **The payload is signed and not encrypted**: everyone who has the text can read it. The text is one word of letters, digits, `-`, `_` and
    /// `.`, up to 8 KiB long, and fits a URL. It cannot be taken back before its time: where that matters, or where it may be used once
    /// only, put a name into the payload and look it up.
    ///
    /// It is signed under a key derived from the secret of refresh tokens, which the [rotation](crate::token::KeyRing) of access keys does
    /// not touch. So it can be opened for its whole lifetime unless that secret is [replaced](Self::replace_refresh_keys): keep
    /// accepting the old one for as long as the longest lifetime that the application uses.
    ///
    /// ```
    /// use std::time::Duration;
    /// use countersign::{Auth, SessionClaims};
    /// use countersign::token::{SealError, UnsealError};
    /// use serde::{Deserialize, Serialize};
    ///
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// #[derive(Serialize, Deserialize)]
    /// struct Invitation {
    ///     team: u64,
    ///     mail: String,
    /// }
    ///
    /// fn link(auth: &Auth<User>, invitation: &Invitation) -> Result<String, SealError> {
    ///     let week = Duration::from_secs(7 * 24 * 60 * 60);
    ///     let sealed = auth.seal("invitation", invitation, week)?;
    ///     Ok(format!("https://app.example.com/join?invitation={sealed}"))
    /// }
    ///
    /// fn invitation(auth: &Auth<User>, sealed: &str) -> Result<Invitation, UnsealError> {
    ///     auth.unseal("invitation", sealed)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// A [`SealError`] for a purpose or a lifetime out of range, a payload that is no JSON, and a text that would be too long; [`SealError::NoSecret`] for an `Auth` that
    /// only trusts issuers, beside which a [`Sealer`](crate::token::Sealer) can stand.
    pub fn seal<T: Serialize + ?Sized>(
        &self,
        purpose: &str,
        payload: &T,
        ttl: Duration,
    ) -> Result<String, SealError> {
        // A resource server has made its keys up, and another server or start could not open what they seal.
        if !self.inner.has_sessions {
            return Err(SealError::NoSecret);
        }
        self.inner.sealer.seal(purpose, payload, ttl, self.now())
    }

    /// Opens a text that [`seal`](Self::seal) has made for this purpose.
    ///
    /// # Errors
    ///
    /// An [`UnsealError`] for a text that has expired, is for another purpose, or was not sealed here, and for a payload of another type.
    pub fn unseal<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Result<T, UnsealError> {
        self.inner.sealer.unseal(purpose, text, self.now())
    }
}
