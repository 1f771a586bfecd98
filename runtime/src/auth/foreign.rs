//! The verification of access tokens: of this server, and of the issuers that it trusts.

use std::sync::Arc;

use super::session::ForeignOrigin;
use super::{Auth, Grant};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::issuers::{Accepted, Refusal};
use crate::token::TokenError;

/// What can be said of an access token without waiting.
pub(crate) enum AtOnce<C> {
    /// It is good.
    Good(Arc<Grant<C>>),
    /// It says that a trusted issuer has signed it, and has to be [verified](Auth::verify_of_issuer).
    OfIssuer,
}

impl<C: SessionClaims> Auth<C> {
    /// Verifies an access token of this server, or finds one that was verified before.
    pub(crate) fn verify_at_once(&self, token: &[u8], now: Timestamp) -> Result<AtOnce<C>, &'static str> {
        // One that is too long is not even hashed.
        let remembered = self.inner.remembered.as_ref().filter(|_| token.len() <= self.longest_token());
        let sighting = remembered.map(|remembered| remembered.sighting(token));
        if let Some(remembered) = remembered
            && let Some(sighting) = &sighting
            && let Some(grant) = remembered.get(sighting, now, self.leeway())
        {
            return Ok(AtOnce::Good(grant));
        }
        let refused = match self.inner.has_sessions {
            true => match self.inner.access_tokens.verify_into(token, now, Grant::own) {
                Ok(grant) => {
                    let grant = Arc::new(grant);
                    if let (Some(remembered), Some(sighting)) = (remembered, sighting) {
                        remembered.insert(sighting, &grant);
                    }
                    return Ok(AtOnce::Good(grant));
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
        let grant = Arc::new(grant_of(self.inner.issuers.verify(token).await?));
        if let Some(remembered) = &self.inner.remembered {
            remembered.insert(remembered.sighting(token), &grant);
        }
        Ok(grant)
    }

    fn longest_token(&self) -> usize {
        self.inner.access_tokens.longest().max(self.inner.issuers.longest_token())
    }

    /// Forgets the keys of the trusted issuer of this name, and every token that they have verified: for an issuer that has withdrawn a key and
    /// cannot wait for it to get old here. They are fetched again with the next token. Returns `false` if there is no issuer of this
    /// name, or its keys were at hand and cannot be fetched: start again without the key then.
    pub fn forget_issuer_keys(&self, name: &str) -> bool {
        self.inner.issuers.forget_keys(name)
    }
}

fn grant_of<C>(Accepted { claims, token, life, claims_until }: Accepted<C>) -> Grant<C> {
    let origin = ForeignOrigin {
        name: Arc::clone(token.name()),
        issuer: Arc::clone(token.iss()),
        client_id: token.client_id().map(str::to_owned),
        is_machine: token.is_machine(),
        subject: token.subject().to_owned(),
    };
    Grant {
        claims,
        session: None,
        id: token.id().map(str::to_owned),
        issued_at: token.issued_at(),
        expires_at: token.expires_at(),
        authenticated_at: token.authenticated_at(),
        actor: token.actor().map(str::to_owned),
        origin: Some(Box::new(origin)),
        life: Some(life),
        claims_until,
    }
}
