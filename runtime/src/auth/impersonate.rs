//! Users who act for others.

use super::reauthenticate::stands_by;
use super::{AccessGrant, Auth, AuthError, Forbidden, Session, TokenType};
use crate::claims::SessionClaims;
use crate::events::{AuthEvent, AuthEventKind};
use crate::session::SessionError;
use crate::token::{AccessStamp, random_id};

impl<C: SessionClaims> Auth<C> {
    /// Gives the user of a session an access token for another user, whose claims these are: for somebody of the support who has to
    /// see what a customer sees.
    ///
    /// **Who may act for whom is for the application to decide.** Guard the route, and look at the target: whoever acts for an
    /// administrator is one. Read the claims from where they are up to date, since nothing reads them again.
    ///
    /// The token says who acts, in the claim `act` (RFC 8693 section 4.1), and [`Session::actor`](crate::Session::actor) reads it. It
    /// carries the identifier of the actor's session, when the actor proved who they are as `auth_time`, and it lives no longer than
    /// an access token of theirs or their session. There is no refresh token, and it goes into no cookie.
    ///
    /// Where a session is looked up, it is the actor's: when that ends, or its access tokens
    /// [do](Self::expire_access_tokens), so does this token. That the impersonated user signs out or is signed out changes nothing,
    /// since the session is not theirs; end the actor's. The endpoints for one's own sessions are closed to it,
    /// [`Rule::NotImpersonated`](crate::Rule::NotImpersonated) closes others, and signing out with it ends nothing. It is one event
    /// that names both, and so is every refusal of a request with the token.
    ///
    /// ```
    /// use axum::extract::{Path, State};
    /// use countersign::{AccessGrant, Auth, AuthRejection, Denial, Role, Session, SessionClaims, require_role};
    ///
    /// #[derive(Role, Clone, Copy, PartialEq)]
    /// enum Role {
    ///     Customer,
    ///     Support,
    /// }
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: u64,
    ///     #[claims(roles)]
    ///     roles: Vec<Role>,
    /// }
    ///
    /// # async fn user_by_id(_: u64) -> Option<User> { None }
    /// /// Acts for a customer
    /// #[require_role("support", live)]
    /// async fn act_for(
    ///     State(auth): State<Auth<User>>,
    ///     session: Session<User>,
    ///     Path(id): Path<u64>,
    /// ) -> Result<AccessGrant, AuthRejection> {
    ///     let customer = user_by_id(id).await.filter(|user| user.roles == [Role::Customer]);
    ///     let customer = customer.ok_or(Denial::NotFound)?;
    ///     Ok(auth.impersonate(&session, &customer).await?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthError::Forbidden`] when the session is itself one of somebody who acts for another, and for oneself;
    /// [`AuthError::InvalidGrant`] when the session has ended, which is looked up; [`AuthError::Mint`] when the claims do not fit in
    /// a token; [`AuthError::Unavailable`] when the store does not answer.
    pub async fn impersonate(&self, session: &Session<C>, claims: &C) -> Result<AccessGrant, AuthError> {
        let (caller, user) = (session.claims().subject().to_string(), claims.subject().to_string());
        let granted = match (session.actor(), user == caller) {
            (Some(_), _) => Err(Forbidden::Impersonated.into()),
            (None, true) => Err(Forbidden::Oneself.into()),
            (None, false) => self.grant(session, &caller, claims).await,
        };
        self.emit(&AuthEvent {
            user: Some(&user),
            actor: Some(session.actor().unwrap_or(&caller)),
            session: Some(session.id()),
            ..self.event_of(AuthEventKind::Impersonation, &granted)
        });
        granted
    }

    async fn grant(&self, session: &Session<C>, actor: &str, claims: &C) -> Result<AccessGrant, AuthError> {
        // Before the look-up: when the access tokens of the session end while it lasts, so does this one.
        let issued_at = self.now();
        let record = self.inner.sessions.touch(session.id()).await?.ok_or(SessionError::Unknown)?;
        stands_by(&record, session)?;
        let expires_at =
            (issued_at + self.inner.access_ttl).min(record.idle_expires_at).min(record.absolute_expires_at);
        let id = random_id().map_err(AuthError::Mint)?;
        // What the access token says, and not the record: it may have been stolen before its user proved again who they are.
        let authenticated_at = session.authenticated_at();
        let stamp = AccessStamp::new(&id, session.id().as_str(), issued_at, expires_at, authenticated_at)
            .with_actor(actor);
        let access_token = self.inner.access_tokens.mint(&stamp, claims).map_err(AuthError::Mint)?;
        let expires_in = expires_at.since(self.now()).as_secs();
        Ok(AccessGrant { access_token, token_type: TokenType::Bearer, expires_in })
    }
}
