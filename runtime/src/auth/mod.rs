//! The handle that an application keeps in its state.

mod state;

use std::sync::Arc;

use crate::claims::SessionClaims;
use crate::rejection::Denial;
use crate::token::Verified;

pub use state::{AuthHandle, AuthState, ProvidesClaims};

/// Verifies tokens and keeps sessions for claims of type `C`. Cheap to clone.
pub struct Auth<C> {
    inner: Arc<Inner<C>>,
}

struct Inner<C> {
    realm: Arc<str>,
    disclose_requirements: bool,
    claims: std::marker::PhantomData<C>,
}

impl<C> Clone for Auth<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<C: SessionClaims> Auth<C> {
    pub(crate) fn realm(&self) -> &Arc<str> {
        &self.inner.realm
    }

    pub(crate) fn discloses_requirements(&self) -> bool {
        self.inner.disclose_requirements
    }

    pub(crate) fn verify_access(&self, token: &[u8]) -> Result<Verified<C>, Denial> {
        let _ = token;
        Err(Denial::InvalidToken)
    }
}
