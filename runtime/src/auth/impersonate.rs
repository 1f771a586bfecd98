//! Impersonation: access tokens with which one user acts for another.

use super::reauthenticate::confirm;
use super::{AccessGrant, Auth, AuthError, Forbidden, Session, TokenType};
use crate::claims::SessionClaims;
use crate::events::{AuthEvent, AuthEventKind};
use crate::session::SessionError;
use crate::token::{AccessStamp, random_id};

impl<C: SessionClaims> Auth<C> {
    /// Issues an access token of another user, with these claims, to the user of a session: for support staff who have to see what a
    /// customer sees.
    ///
    /// **The application decides who may impersonate whom.** Guard the route, and check the target: a user who impersonates an
    /// administrator is one. Read the claims from an up-to-date source, because they are not read again.
    ///
    /// The token names the actor in the claim `act` (RFC 8693 section 4.1), which [`Session::actor`](crate::Session::actor) reads. Its
    /// session and its `auth_time` are the actor's. It lives no longer than an access token of the actor, or their session. It has no
    /// refresh token and goes into no cookie.
    ///
    /// A look-up of the session looks up the actor's. When that ends, or its access tokens [do](Self::expire_access_tokens), so does this
    /// token. A sign-out of the impersonated user does not end it, because the session is not theirs; end the actor's. The endpoints
    /// for a user's own sessions refuse the token, [`Rule::NotImpersonated`](crate::Rule::NotImpersonated) closes other routes to it, and
    /// a sign-out with it ends nothing. The impersonation is one event that names both users. So is every refused request with the token.
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
    /// [`AuthError::Forbidden`] when the session is itself an impersonation or not of this server, or the target is its own user;
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
            session: session.id(),
            ..self.event_of(AuthEventKind::Impersonation, &granted)
        });
        granted
    }

    async fn grant(&self, session: &Session<C>, actor: &str, claims: &C) -> Result<AccessGrant, AuthError> {
        // Read before the look-up: if the access tokens of the session are expired during it, this token is issued before that and
        // expires with them.
        let issued_at = self.now();
        let id = session.id().ok_or(Forbidden::OtherIssuer)?;
        let record = self.inner.sessions.touch(id).await?.ok_or(SessionError::Unknown)?;
        confirm(&record, session)?;
        let expires_at =
            (issued_at + self.inner.access_ttl).min(record.idle_expires_at).min(record.absolute_expires_at);
        let token_id = random_id().map_err(AuthError::Mint)?;
        // That of the access token, not that of the record: the token may have been stolen before its user reauthenticated.
        let authenticated_at = session.authenticated_at().ok_or(Forbidden::OtherIssuer)?;
        let stamp = AccessStamp::new(&token_id, id.as_str(), issued_at, expires_at, authenticated_at)
            .with_actor(actor);
        self.keep_key_time();
        let access_token =
            self.inner.access_tokens.issue(&stamp, claims).await.map_err(AuthError::of_token)?;
        let expires_in = expires_at.since(self.now()).as_secs();
        Ok(AccessGrant { access_token, token_type: TokenType::Bearer, expires_in })
    }
}
