//! Token introspection, RFC 7662.

use serde::Serialize;

use super::{Auth, AuthError};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::session::{SessionId, SessionRecord, TokenHash};
use crate::token::{RefreshTicket, Verified};

/// What this server says of a token (RFC 7662 section 2.2): of an active one whose it is and until when, of any other nothing.
///
/// [`Auth::introspect`] makes it. Times are in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Introspection {
    /// Whether this server would accept the token now, and its session has not ended. When it is false, nothing else is there.
    pub active: bool,
    /// `Bearer` for an access token, `N_A` for a refresh token, which is none (RFC 8693 section 2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// The scopes that an access token carries, with one space between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The user's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The session's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Who acts for the user, if somebody does; the session is then theirs.
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

/// Who acts for a user (RFC 8693 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Actor {
    /// The identifier of the one who acts.
    pub sub: String,
}

impl<C: SessionClaims> Auth<C> {
    /// Says whether a token is good at this moment, for a service that was handed it (RFC 7662).
    ///
    /// Takes an access token or a refresh token and asks the store whether its session goes on. A token that is malformed, of
    /// somebody else, expired or of a session that has ended is not active, and the answer says nothing more about it. A refresh
    /// token is active when it is the session's current one; asking uses nothing up and ends nothing. Of a token with which somebody
    /// acts for its user, the session of the one who acts is asked for.
    ///
    /// A caller could find out with it which tokens are good, so put the endpoint behind a rule of your own (RFC 7662
    /// section 2.1 asks for one), and look at [`token_type`](Introspection::token_type) before you take a token for an access
    /// token:
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
    /// /// Whether a token is good
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
    /// [`AuthError::Unavailable`] when the store does not answer: a token of which nothing is known is neither active nor not.
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
        let Some(session) = self.living(&token.session_id, holder).await? else {
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
        match self.living(&token.session_id, &token.subject).await? {
            Some(session) if session.current == TokenHash::of(&token.id) => Ok(Introspection {
                active: true,
                token_type: Some("N_A"),
                scope: None,
                sub: Some(token.subject),
                sid: Some(token.session_id),
                act: None,
                iat: Some(token.issued_at),
                exp: Some(token.expires_at),
            }),
            _ => Ok(Introspection::default()),
        }
    }

    /// The session, if it is this user's and has not ended.
    async fn living(&self, id: &str, user: &str) -> Result<Option<SessionRecord>, AuthError> {
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
