//! Reauthentication: a signed-in user proves again who they are, and gets new tokens of the same session.

use super::{Auth, AuthError, Forbidden, InvalidGrant, Session, TokenPair};
use crate::claims::SessionClaims;
use crate::events::{AuthEvent, AuthEventKind, AuthOutcome};
use crate::session::{SessionRecord, TokenHash};
use crate::token::{TokenError, random_id};

impl<C: SessionClaims> Auth<C> {
    /// Records that the user of a session has just proved again who they are, and issues new tokens of the same session: for routes
    /// that demand a recent sign-in with [`Rule::Fresh`](crate::Rule::Fresh).
    ///
    /// Call it after the user has proved who they are, with a password or a second factor; it checks neither.
    /// [`record_refused_reauthentication`] records a proof that failed. For browsers there is the extractor
    /// [`Reauthentication`](crate::Reauthentication).
    ///
    /// The claims are read anew, as at a refresh. The new access token and those of later refreshes carry the new `auth_time`. Access
    /// tokens from before keep their old `auth_time` until they expire. The refresh token from before is used up (ASVS 7.2.4). A
    /// refresh with it that is still under way is refused; within the window of [`Rotation`](crate::session::Rotation) that does not
    /// end the session, later it does. So send one request at a time, and keep the tokens of the answer.
    ///
    /// ```
    /// use countersign::{Auth, AuthError, Session, SessionClaims, TokenPair};
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: u64,
    /// }
    ///
    /// async fn confirmed(auth: &Auth<User>, session: &Session<User>) -> Result<TokenPair, AuthError> {
    ///     // after the password was right
    ///     auth.reauthenticate(session).await
    /// }
    /// ```
    ///
    /// [`record_refused_reauthentication`]: Self::record_refused_reauthentication
    ///
    /// # Errors
    ///
    /// [`AuthError::Forbidden`] when the user is impersonated, or the session is not of this server; [`AuthError::InvalidGrant`] when the session has ended, its access
    /// tokens [were expired](Self::expire_access_tokens), or the user is gone, which ends all of their sessions;
    /// [`AuthError::Unavailable`] when the store or the claims source does not answer. Then the tokens from before stay valid, unless
    /// the store made the change and only its answer was lost. In both cases the call can be repeated.
    pub async fn reauthenticate(&self, session: &Session<C>) -> Result<TokenPair, AuthError> {
        let renewed = self.renewed(session).await;
        self.emit_of(session, self.event_of(AuthEventKind::Reauthentication, &renewed));
        renewed
    }

    async fn renewed(&self, session: &Session<C>) -> Result<TokenPair, AuthError> {
        if session.actor().is_some() {
            return Err(Forbidden::Impersonated.into());
        }
        let token_id = random_id().map_err(AuthError::Mint)?;
        let sessions = &self.inner.sessions;
        let id = session.id().ok_or(Forbidden::OtherIssuer)?;
        let prepared = sessions.reauthenticate(id, &TokenHash::of(&token_id)).await?;
        confirm(prepared.record(), session)?;
        let (claims, token_id) = (&self.current_claims(prepared.record()).await?, &*token_id);
        let mint = |record: SessionRecord, _| async move {
            self.pair(claims, &record, token_id, record.rotated_at).await
        };
        sessions.commit_with(prepared, mint).await
    }

    /// Records, for the log and the [listener](crate::AuthEvents), a signed-in user who could not prove who they are: a thief of a
    /// session may be trying passwords. The reason is a constant such as `wrong_password`.
    pub fn record_refused_reauthentication(&self, session: &Session<C>, reason: &'static str) {
        let refused = self.event(AuthEventKind::Reauthentication, AuthOutcome::Refused);
        self.emit_of(session, refused.because(reason));
    }

    fn emit_of(&self, session: &Session<C>, event: AuthEvent<'_>) {
        let user = session.claims().subject().to_string();
        self.emit(&AuthEvent { user: Some(&user), actor: session.actor(), session: session.id(), ..event });
    }
}

/// Confirms that the session in the store is that of the access token, and that its access tokens were not expired since.
pub(super) fn confirm<C: SessionClaims>(
    record: &SessionRecord,
    session: &Session<C>,
) -> Result<(), AuthError> {
    if record.user_id != session.holder() {
        return Err(AuthError::InvalidGrant(InvalidGrant::OtherSession));
    }
    if record.access_not_before.is_some_and(|not_before| session.issued_at() <= not_before) {
        return Err(AuthError::InvalidGrant(InvalidGrant::Token(TokenError::Expired)));
    }
    Ok(())
}
