//! Users who prove again who they are.

use super::{Auth, AuthError, Forbidden, InvalidGrant, Session, TokenPair};
use crate::claims::SessionClaims;
use crate::events::{AuthEvent, AuthEventKind, AuthOutcome};
use crate::session::{SessionRecord, TokenHash};
use crate::token::{TokenError, random_id};

impl<C: SessionClaims> Auth<C> {
    /// Notes that the user of a session has just proved again who they are, and gives out new tokens of the same session: for routes
    /// that demand a recent sign-in with [`Rule::Fresh`](crate::Rule::Fresh).
    ///
    /// Call it after the user has shown their password, a second factor, or whatever proves who they are; it checks none of that, and
    /// [`record_refused_reauthentication`] tells of those who failed. For browsers there is the extractor
    /// [`Reauthentication`](crate::Reauthentication).
    ///
    /// The claims are read anew, as at a refresh. The access token and those of later refreshes carry the new `auth_time`. The refresh
    /// token from before is used up (ASVS 7.2.4), and a refresh with it that is still under way is refused, which does not end the
    /// session as long as the window of [`Rotation`](crate::session::Rotation) is open; after it, it does. So send one at a time, and
    /// keep the tokens that come back. Access tokens from before live out their time with their old `auth_time`.
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
    /// [`AuthError::Forbidden`] when somebody acts for the user; [`AuthError::InvalidGrant`] when the session has ended, its access
    /// tokens [have](Self::expire_access_tokens), or the user is gone, which ends all of their sessions;
    /// [`AuthError::Unavailable`] when the store or the claims source does not answer. Then the tokens from before stay valid, unless
    /// it was the store's answer that was lost: in any case it can be done again.
    pub async fn reauthenticate(&self, session: &Session<C>) -> Result<TokenPair, AuthError> {
        let renewed = self.renewed(session).await;
        self.tell_of(session, self.event_of(AuthEventKind::Reauthentication, &renewed));
        renewed
    }

    async fn renewed(&self, session: &Session<C>) -> Result<TokenPair, AuthError> {
        if session.actor().is_some() {
            return Err(Forbidden::Impersonated.into());
        }
        let token_id = random_id().map_err(AuthError::Mint)?;
        let sessions = &self.inner.sessions;
        let prepared = sessions.reauthenticate(session.id(), &TokenHash::of(&token_id)).await?;
        stands_by(prepared.record(), session)?;
        let claims = self.current_claims(prepared.record()).await?;
        sessions.commit(prepared, |record, _| self.pair(&claims, record, &token_id, record.rotated_at)).await
    }

    /// Tells the log and the [listener](crate::AuthEvents) of a signed-in user who could not prove who they are: whoever has stolen
    /// a session tries passwords here. The reason is a constant such as `wrong_password`.
    pub fn record_refused_reauthentication(&self, session: &Session<C>, reason: &'static str) {
        let refused = self.event(AuthEventKind::Reauthentication, AuthOutcome::Refused);
        self.tell_of(session, refused.because(reason));
    }

    fn tell_of(&self, session: &Session<C>, event: AuthEvent<'_>) {
        let user = session.claims().subject().to_string();
        self.emit(&AuthEvent {
            user: Some(&user),
            actor: session.actor(),
            session: Some(session.id()),
            ..event
        });
    }
}

/// Whether the session in the store is that of the access token, and stands by it.
pub(super) fn stands_by<C: SessionClaims>(
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
