//! Sign-in, refresh and the end of sessions.

use super::{Auth, AuthError, InvalidGrant, TokenPair, TokenType};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::session::{Outcome, SessionError, SessionId, SessionMetadata, SessionRecord, TokenHash};
use crate::token::{AccessStamp, RefreshStamp, random_id};

impl<C: SessionClaims> Auth<C> {
    /// Signs a user in: opens a session and gives out its first tokens.
    ///
    /// Call it after the user has proved who they are; it checks no password.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer, [`AuthError::Mint`] when the claims do not fit in a token.
    pub async fn login(&self, claims: &C, metadata: SessionMetadata) -> Result<TokenPair, AuthError> {
        let token_id = random_id().map_err(AuthError::Mint)?;
        let sessions = &self.inner.sessions;
        let subject = claims.subject().to_string();
        let record = sessions.open(&subject, TokenHash::of(&token_id), metadata).await?;
        match self.pair(claims, &record, &token_id, record.created_at) {
            Ok(pair) => Ok(pair),
            Err(error) => {
                // Nobody holds a token of this session, so it only stands in the user's list.
                sessions.end(&record.id).await?;
                Err(error)
            }
        }
    }

    /// Exchanges a refresh token for the next pair, with claims read anew from the claims source.
    ///
    /// # Errors
    ///
    /// [`AuthError::InvalidGrant`] when the token is not valid any more (a replay ends the session as well);
    /// [`AuthError::Unavailable`] when the store or the claims source does not answer, in which case the token stays valid.
    pub async fn refresh(&self, refresh_token: &str) -> Result<TokenPair, AuthError> {
        let tokens = &self.inner.refresh_tokens;
        let ticket = tokens
            .verify(refresh_token.as_bytes(), self.inner.sessions.now())
            .map_err(|error| AuthError::InvalidGrant(InvalidGrant::Token(error)))?;
        let session_id = ticket.session_id.parse().map_err(|_| SessionError::Unknown)?;
        let successor_id = tokens.successor_id(&ticket.session_id, &ticket.id);
        let sessions = &self.inner.sessions;
        let prepared =
            sessions.prepare(&session_id, &TokenHash::of(&ticket.id), &TokenHash::of(&successor_id)).await?;
        let claims = self.current_claims(prepared.record()).await?;
        sessions
            .commit(prepared, |record, outcome| match outcome {
                Outcome::Kept => self.pair(&claims, record, &ticket.id, sessions.now()),
                _ => self.pair(&claims, record, &successor_id, record.rotated_at),
            })
            .await
    }

    /// Ends the session that one of its tokens belongs to.
    ///
    /// Takes the access token, expired or not, or the refresh token. A token of no session is fine too: there is nothing left
    /// to end (RFC 7009 section 2.2).
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn logout(&self, token: &str) -> Result<(), AuthError> {
        let (access, refresh) = (&self.inner.access_tokens, &self.inner.refresh_tokens);
        let session_id =
            access.session_id_of(token.as_bytes()).or_else(|_| refresh.session_id_of(token.as_bytes()));
        match session_id.map(|id| id.parse::<SessionId>()) {
            Ok(Ok(id)) => Ok(self.inner.sessions.end(&id).await?),
            _ => Ok(()),
        }
    }

    /// Ends a session, whoever's it is: `auth.end_session(session.id())` signs out the caller of a request. For an identifier
    /// that came from a client, use [`revoke`](Self::revoke).
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn end_session(&self, session: &SessionId) -> Result<(), AuthError> {
        Ok(self.inner.sessions.end(session).await?)
    }

    /// Ends every session of a user and says how many there were.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn logout_all(&self, user: &C::Subject) -> Result<u64, AuthError> {
        Ok(self.inner.sessions.end_all(&user.to_string(), None).await?)
    }

    /// Ends every session of a user but one: after a change of password, say.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn revoke_all_except(&self, user: &C::Subject, session: &SessionId) -> Result<u64, AuthError> {
        Ok(self.inner.sessions.end_all(&user.to_string(), Some(session)).await?)
    }

    /// Ends one session if it is this user's. `false` when it is not, whether it exists or not.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn revoke(&self, user: &C::Subject, session: &SessionId) -> Result<bool, AuthError> {
        Ok(self.inner.sessions.revoke(&user.to_string(), session).await?)
    }

    /// The living sessions of a user, newest first.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn sessions(&self, user: &C::Subject) -> Result<Vec<SessionRecord>, AuthError> {
        Ok(self.inner.sessions.list(&user.to_string()).await?)
    }

    /// Removes expired sessions from the store and says how many. Run it now and then; nothing depends on it.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn purge_expired(&self) -> Result<u64, AuthError> {
        Ok(self.inner.sessions.purge_expired().await?)
    }

    async fn current_claims(&self, record: &SessionRecord) -> Result<C, AuthError> {
        // The error of parsing may not be `Send`, and must not live across the `await`.
        let subject = record.user_id.parse().ok();
        let claims = match subject {
            Some(subject) => self.inner.source.claims_for(subject).await.map_err(AuthError::Unavailable)?,
            None => None,
        };
        match claims {
            // Claims of somebody else would turn one user into another.
            Some(claims) if claims.subject().to_string() == record.user_id => Ok(claims),
            _ => {
                self.inner.sessions.end(&record.id).await?;
                Err(AuthError::InvalidGrant(InvalidGrant::UserGone))
            }
        }
    }

    /// Makes the pair for a refresh token's id. Ids and times follow from the record, so that a retry gets the same pair.
    fn pair(
        &self,
        claims: &C,
        record: &SessionRecord,
        token_id: &str,
        issued_at: Timestamp,
    ) -> Result<TokenPair, AuthError> {
        let session_id = record.id.as_str();
        let access_end = (issued_at + self.inner.access_ttl).min(record.absolute_expires_at);
        let access_id = self.inner.refresh_tokens.derived_access_id(session_id, token_id, issued_at);
        let access_token = self
            .inner
            .access_tokens
            .mint(
                &AccessStamp {
                    id: &access_id,
                    session_id,
                    issued_at,
                    expires_at: access_end,
                    authenticated_at: record.created_at,
                },
                claims,
            )
            .map_err(AuthError::Mint)?;
        let refresh_token = self
            .inner
            .refresh_tokens
            .mint(&RefreshStamp {
                subject: &record.user_id,
                id: token_id,
                session_id,
                issued_at: record.rotated_at,
                expires_at: record.idle_expires_at,
            })
            .map_err(AuthError::Mint)?;
        Ok(TokenPair {
            access_token,
            token_type: TokenType::Bearer,
            expires_in: access_end.since(self.inner.sessions.now()).as_secs(),
            refresh_token,
        })
    }
}
