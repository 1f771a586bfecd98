//! The verification of access tokens: of this server, and of the issuers that it trusts.

use std::sync::Arc;

use super::remembered::Known;
use super::session::ForeignOrigin;
use super::{Auth, Grant};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::issuers::{Accepted, IssuerToken, Refusal};
use crate::token::{KeyLife, TokenError};

/// What can be said of an access token without waiting.
pub(crate) enum AtOnce<C> {
    /// It is good.
    Good(Arc<Grant<C>>),
    /// It says that a trusted issuer has signed it, and has to be [verified](Auth::verify_of_issuer).
    OfIssuer,
}

impl<C: SessionClaims> Auth<C> {
    /// Verifies an access token of this server, or finds one of an issuer that was verified before.
    pub(crate) fn verify_at_once(&self, token: &[u8]) -> Result<AtOnce<C>, &'static str> {
        let now = self.now();
        if let Some(grant) = self
            .inner
            .remembered
            .as_ref()
            .and_then(|known| known.get(token, now, |end| self.is_over(end, now)))
        {
            return Ok(AtOnce::Good(grant));
        }
        let refused = match self.inner.has_sessions {
            true => match self.verify_access(token) {
                // Every token made by this crate names a session.
                Ok(own) => {
                    let grant = Grant::own(own).ok_or("invalid_token")?;
                    return Ok(AtOnce::Good(Arc::new(grant)));
                }
                Err(error) => error,
            },
            false => TokenError::Issuer,
        };
        // Asked last, so that tokens of this server do not pay for it. None of them passes for an issuer's, whose `iss` is another one.
        let issuers = &self.inner.issuers;
        match !issuers.is_empty() && issuers.claims_to_be_from_one(token) {
            true => Ok(AtOnce::OfIssuer),
            false => Err(refused.reason()),
        }
    }

    /// Verifies an access token of a trusted issuer. This may wait for the issuer's keys and for the application's claims.
    pub(crate) async fn verify_of_issuer(&self, token: &[u8]) -> Result<Arc<Grant<C>>, Refusal> {
        let Accepted { claims, token: read, life, claims_until } = self.inner.issuers.verify(token).await?;
        let grant = Arc::new(grant_of(claims, read, life.clone()));
        if let Some(remembered) = &self.inner.remembered {
            remembered.insert(token, Known { grant: Arc::clone(&grant), life, claims_until });
        }
        Ok(grant)
    }

    fn is_over(&self, end: Timestamp, now: Timestamp) -> bool {
        now >= end + self.leeway()
    }

    /// Forgets the keys of the trusted issuer of this name, and every token that they have verified: for an issuer that has withdrawn a key and
    /// cannot wait for it to get old here. They are fetched again with the next token. Returns `false` if there is no issuer of this
    /// name, or its keys were at hand and cannot be fetched: start again without the key then.
    pub fn forget_issuer_keys(&self, name: &str) -> bool {
        self.inner.issuers.forget_keys(name)
    }
}

fn grant_of<C>(claims: C, token: IssuerToken, life: KeyLife) -> Grant<C> {
    let origin = ForeignOrigin {
        name: Arc::clone(token.name()),
        issuer: Arc::clone(token.iss()),
        client_id: token.client_id().map(str::to_owned),
        is_machine: token.is_machine(),
        subject: token.subject().to_owned(),
        life,
    };
    Grant {
        claims,
        session: None,
        id: token.id().map(str::to_owned),
        issued_at: token.issued_at(),
        expires_at: token.expires_at(),
        authenticated_at: token.authenticated_at(),
        actor: token.actor().map(str::to_owned),
        origin: Some(origin),
    }
}
