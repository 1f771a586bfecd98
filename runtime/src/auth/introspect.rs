//! Token introspection, RFC 7662.

use serde::Serialize;

use super::{Auth, AuthError};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::session::{SessionId, SessionRecord, TokenHash};
use crate::token::{RefreshTicket, Verified};

/// The state of a token (RFC 7662 section 2.2): its user, session and times if it is active, and nothing else if it is not.
///
/// [`Auth::introspect`] makes it. Times are in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::Introspection))]
#[non_exhaustive]
pub struct Introspection {
    /// Whether this server would accept the token now, and its session has not ended. If it is false, every other field is missing.
    pub active: bool,
    /// `Bearer` for an access token, `N_A` for a refresh token (RFC 8693 section 2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// The scopes of an access token, with one space between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The user's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The session's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The actor, if the user is impersonated; the session is then the actor's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// When the token was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub iat: Option<Timestamp>,
    /// When the token ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub exp: Option<Timestamp>,
}

/// A user who acts for another (RFC 8693 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::Actor))]
#[non_exhaustive]
pub struct Actor {
    /// The actor's identifier.
    pub sub: String,
}

impl<C: SessionClaims> Auth<C> {
    /// Returns whether a token is active now, for a service that has received it (RFC 7662).
    ///
    /// Takes an access token or a refresh token, and asks the store whether its session has ended. A token that is malformed, expired,
    /// of another issuer, or of a session that has ended is not active, and the answer says nothing else about it. A refresh token is
    /// active if it is the session's current one. Introspection uses nothing up and ends nothing. For the token of an impersonation,
    /// the session of the actor is looked up.
    ///
    /// The answer tells a caller which tokens are active, so put the endpoint behind a rule of your own (RFC 7662 section 2.1 demands
    /// one). Check [`token_type`](Introspection::token_type) before you treat a token as an access token:
    ///
    /// ```
    /// use axum::extract::{Form, State};
    /// use countersign::{Auth, AuthError, Introspection, Role, SessionClaims, require_role};
    ///
    /// #[derive(Role, Clone, Copy)]
    /// enum Role {
    ///     Service,
    /// }
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct Client {
    ///     #[claims(subject)]
    ///     id: String,
    ///     #[claims(roles)]
    ///     roles: Vec<Role>,
    /// }
    ///
    /// #[derive(serde::Deserialize, utoipa::ToSchema)]
    /// struct Question {
    ///     token: String,
    /// }
    ///
    /// /// Whether a token is active
    /// #[require_role("service")]
    /// #[utoipa::path(
    ///     post,
    ///     path = "/introspect",
    ///     request_body(content = Question, content_type = "application/x-www-form-urlencoded"),
    ///     responses((status = 200, body = Introspection))
    /// )]
    /// async fn introspect(
    ///     State(auth): State<Auth<Client>>,
    ///     Form(question): Form<Question>,
    /// ) -> Result<Introspection, AuthError> {
    ///     auth.introspect(&question.token).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer: then a token is not known to be active or inactive.
    pub async fn introspect(&self, token: &str) -> Result<Introspection, AuthError> {
        let token = token.as_bytes();
        if let Ok(verified) = self.verify_access(token) {
            return self.introspect_access(verified).await;
        }
        match self.inner.refresh_tokens.verify(token, self.inner.sessions.now()) {
            Ok(ticket) => self.introspect_refresh(ticket).await,
            Err(_) => Ok(Introspection::default()),
        }
    }

    async fn introspect_access(&self, token: Verified<C>) -> Result<Introspection, AuthError> {
        let subject = token.claims.subject().to_string();
        let holder = token.actor.as_ref().unwrap_or(&subject);
        let Some(session) = self.live(&token.session_id, holder).await? else {
            return Ok(Introspection::default());
        };
        if session.access_not_before.is_some_and(|not_before| token.issued_at <= not_before) {
            return Ok(Introspection::default());
        }
        Ok(Introspection {
            active: true,
            token_type: Some("Bearer"),
            scope: scope(&token.claims),
            sub: Some(subject),
            sid: Some(token.session_id),
            act: token.actor.map(|sub| Actor { sub }),
            iat: Some(token.issued_at),
            exp: Some(token.expires_at),
        })
    }

    async fn introspect_refresh(&self, token: RefreshTicket) -> Result<Introspection, AuthError> {
        match self.live(&token.session_id, &token.subject).await? {
            Some(session) if session.current == TokenHash::of(&token.id) => Ok(Introspection {
                active: true,
                token_type: Some("N_A"),
                sub: Some(token.subject),
                sid: Some(token.session_id),
                iat: Some(token.issued_at),
                exp: Some(token.expires_at),
                ..Introspection::default()
            }),
            _ => Ok(Introspection::default()),
        }
    }

    /// The session, if it is this user's and has not ended.
    async fn live(&self, id: &str, user: &str) -> Result<Option<SessionRecord>, AuthError> {
        let Ok(id) = id.parse::<SessionId>() else { return Ok(None) };
        let record = self.inner.sessions.live(&id).await?;
        Ok(record.filter(|record| record.user_id == user))
    }
}

/// The `scope` that the claims write into a token, unless it is empty.
fn scope<C: SessionClaims>(claims: &C) -> Option<String> {
    let written = claims.serialize_wire(serde_json::value::Serializer).ok()?;
    let scope = written.get("scope")?.as_str()?;
    Some(scope.to_owned()).filter(|scope| !scope.is_empty())
}
