//! The end of sessions and of access tokens, and the list of a user's sessions.

use super::{Auth, AuthError};
use crate::claims::SessionClaims;
use crate::events::{AuthEvent, AuthEventKind, AuthOutcome};
use crate::session::{PageCursor, SessionError, SessionId, SessionPage, SessionRecord};

impl<C: SessionClaims> Auth<C> {
    /// Ends the session that one of its tokens belongs to.
    ///
    /// Takes the access token, expired or not, or the refresh token. A token of no session is no error: there is nothing to end
    /// (RFC 7009 section 2.2). The token of an [impersonation](Self::impersonate) ends nothing either: its session is that of the
    /// actor, who signs out with tokens of their own.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn logout(&self, token: &str) -> Result<(), AuthError> {
        let (access, refresh) = (&self.inner.access_tokens, &self.inner.refresh_tokens);
        let session_id =
            access.session_id_of(token.as_bytes()).or_else(|_| refresh.session_id_of(token.as_bytes()));
        match session_id.map(|id| id.parse()) {
            Ok(Ok(id)) => self.end(&id, "logout").await,
            _ => Ok(()),
        }
    }

    /// Ends a session of any user. With the [identifier](super::Session::id) of its session it signs out the caller of a request; for an impersonated user that is
    /// the [actor](Self::impersonate). For an identifier that came from a client, use [`revoke`](Self::revoke).
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn end_session(&self, session: &SessionId) -> Result<(), AuthError> {
        self.end(session, "end_session").await
    }

    /// Ends every session of a user. Returns how many there were.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn logout_all(&self, user: &C::Subject) -> Result<u64, AuthError> {
        self.end_all(&user.to_string(), None, "logout_all").await
    }

    /// Ends every session of a user but one, for example after a change of password. Returns how many it ended.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn revoke_all_except(&self, user: &C::Subject, session: &SessionId) -> Result<u64, AuthError> {
        self.end_all(&user.to_string(), Some(session), "revoke_all_except").await
    }

    /// Ends one session if it is this user's. Returns `false` if it is not, whether it exists or not.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn revoke(&self, user: &C::Subject, session: &SessionId) -> Result<bool, AuthError> {
        let user = user.to_string();
        let revoked = self.inner.sessions.revoke(&user, session).await.map_err(AuthError::from);
        let event = match revoked {
            Ok(false) => self.event(AuthEventKind::Revoke, AuthOutcome::Refused),
            _ => self.event_of(AuthEventKind::Revoke, &revoked),
        };
        self.emit(&event.of_user(&user).of_session(session).because("revoke"));
        revoked
    }

    /// Ends the access tokens that a user has got so far, on the routes that look the session up: those that demand a live session, or
    /// all with [`Liveness::Always`](crate::Liveness::Always). Returns in how many sessions. On other routes the tokens pass until they
    /// expire.
    ///
    /// A token with which the user [impersonates](Self::impersonate) another ends with the user's own. A token with which the user is
    /// impersonated does not.
    ///
    /// The sessions go on, and a refresh reads the claims anew: call it when a change of roles has to take effect at once. Times are in
    /// seconds, so a token that is issued in the same second is refused as well, and has to be refreshed once more.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer. Some of the tokens may then still pass.
    pub async fn expire_access_tokens(&self, user: &C::Subject) -> Result<u64, AuthError> {
        let user = user.to_string();
        let expired = self.inner.sessions.expire_access_tokens(&user).await.map_err(AuthError::from);
        let event = self.event_of(AuthEventKind::Revoke, &expired).of_user(&user);
        self.emit(&event.because("expire_access_tokens"));
        expired
    }

    /// The sessions of a user that have not ended, the newest first.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn sessions(&self, user: &C::Subject) -> Result<Vec<SessionRecord>, AuthError> {
        Ok(self.inner.sessions.list(&user.to_string()).await?)
    }

    /// Up to `limit` sessions of a user that have not ended, the newest first, beginning where the page before ended; `None` if `after` is
    /// not a cursor of this user's list.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn sessions_page(
        &self,
        user: &C::Subject,
        after: Option<&PageCursor>,
        limit: u32,
    ) -> Result<Option<SessionPage>, AuthError> {
        Ok(self.inner.sessions.list_page(&user.to_string(), after, limit).await?)
    }

    /// Whether a session has not ended, as the store says now.
    pub(crate) async fn has_session(&self, session: &SessionId) -> Result<bool, AuthError> {
        Ok(self.inner.sessions.live(session).await?.is_some())
    }

    /// Removes expired sessions from the store, a thousand at a time. Returns how many. Run it now and then to save space; expired
    /// sessions are refused in any case. [`purge_every`](Self::purge_every) does it at intervals.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn purge_expired(&self) -> Result<u64, AuthError> {
        Ok(self.inner.sessions.purge_expired().await?)
    }

    /// Ends a session, with an event if it existed or the store failed.
    async fn end(&self, session: &SessionId, reason: &'static str) -> Result<(), AuthError> {
        let sessions = &self.inner.sessions;
        // A session that is not there has been announced when it ended. An old token must not fill the log.
        let (user, ended) = match sessions.live(session).await {
            Ok(None) => (None, Ok(false)),
            Ok(Some(record)) => (Some(record.user_id), sessions.end(session).await),
            // In an outage the end would fail as well, after as long a wait.
            Err(SessionError::Store(outage)) if outage.is_unreachable() => {
                (None, Err(SessionError::Store(outage)))
            }
            // The user is for the event alone.
            Err(_) => (None, sessions.end(session).await),
        };
        let ended = ended.map_err(AuthError::from);
        if !matches!(ended, Ok(false)) {
            let event = self.event_of(AuthEventKind::Revoke, &ended).of_session(session).because(reason);
            self.emit(&AuthEvent { user: user.as_deref(), ..event });
        }
        ended.map(drop)
    }

    /// Ends every session of a user but `except`, with an event.
    pub(super) async fn end_all(
        &self,
        user: &str,
        except: Option<&SessionId>,
        reason: &'static str,
    ) -> Result<u64, AuthError> {
        let ended = self.inner.sessions.end_all(user, except).await.map_err(AuthError::from);
        self.emit(&self.event_of(AuthEventKind::Revoke, &ended).of_user(user).because(reason));
        ended
    }
}
