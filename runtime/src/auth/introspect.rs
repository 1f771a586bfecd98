//! Token introspection, RFC 7662.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize, Serializer};
#[cfg(feature = "openapi")]
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};

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
    /// The client of an access token; the first audience unless [`client_id`](crate::AuthBuilder::client_id) was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The user's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The session's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The actor, if the user is impersonated; the session is then the actor's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// The issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The servers that the token is for. One is written as a string, several as an array.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "one_or_several")]
    #[cfg_attr(feature = "openapi", schema(schema_with = audience_schema))]
    pub aud: Vec<String>,
    /// The identifier of an access token. That of a refresh token is not told: only its hash is kept anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// When the token was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub iat: Option<Timestamp>,
    /// When an access token begins to be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub nbf: Option<Timestamp>,
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
    /// [`SessionRoutes::introspection`](crate::SessionRoutes::introspection) mounts an endpoint that answers with it. The answer tells a
    /// caller which tokens are active, so an endpoint of your own needs a rule as well (RFC 7662 section 2.1 demands one). Check
    /// [`token_type`](Introspection::token_type) before you treat a token as an access token, and that `aud` names you:
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
        let found = if let Ok(verified) = self.verify_access(token.as_bytes()) {
            self.introspect_access(verified).await?
        } else {
            match self.inner.refresh_tokens.verify(token.as_bytes(), self.inner.sessions.now()) {
                Ok(ticket) => self.introspect_refresh(ticket).await?,
                Err(_) => None,
            }
        };
        Ok(found.map(|found| found.with(Provenance::of(token))).unwrap_or_default())
    }

    async fn introspect_access(&self, token: Verified<C>) -> Result<Option<Introspection>, AuthError> {
        let subject = token.claims.subject().to_string();
        let holder = token.actor.as_ref().unwrap_or(&subject);
        let Some(session) = self.live(&token.session_id, holder).await? else { return Ok(None) };
        if session.access_not_before.is_some_and(|not_before| token.issued_at <= not_before) {
            return Ok(None);
        }
        Ok(Some(Introspection {
            active: true,
            token_type: Some("Bearer"),
            sub: Some(subject),
            sid: Some(token.session_id),
            act: token.actor.map(|sub| Actor { sub }),
            jti: Some(token.id),
            iat: Some(token.issued_at),
            exp: Some(token.expires_at),
            ..Introspection::default()
        }))
    }

    async fn introspect_refresh(&self, token: RefreshTicket) -> Result<Option<Introspection>, AuthError> {
        match self.live(&token.session_id, &token.subject).await? {
            Some(session) if session.current == TokenHash::of(&token.id) => Ok(Some(Introspection {
                active: true,
                token_type: Some("N_A"),
                sub: Some(token.subject),
                sid: Some(token.session_id),
                iat: Some(token.issued_at),
                exp: Some(token.expires_at),
                ..Introspection::default()
            })),
            _ => Ok(None),
        }
    }

    /// The session, if it is this user's and has not ended.
    async fn live(&self, id: &str, user: &str) -> Result<Option<SessionRecord>, AuthError> {
        let Ok(id) = id.parse::<SessionId>() else { return Ok(None) };
        let record = self.inner.sessions.live(&id).await?;
        Ok(record.filter(|record| record.user_id == user))
    }
}

/// Where a token comes from and where it may go: what verification compares and does not hand out.
#[derive(Default, Deserialize)]
struct Provenance {
    iss: Option<String>,
    #[serde(default)]
    aud: Audience,
    client_id: Option<String>,
    nbf: Option<Timestamp>,
    scope: Option<String>,
}

/// The scopes in an access token that this crate has made. Empty if it has none.
pub(super) fn scope_in(token: &str) -> String {
    Provenance::of(token).scope.unwrap_or_default()
}

/// RFC 7519 section 4.1.3: a string, or an array of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Provenance {
    /// Reads a token that has been verified, which therefore parses.
    fn of(token: &str) -> Self {
        let payload = token.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
        payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default()
    }
}

impl Introspection {
    fn with(self, provenance: Provenance) -> Self {
        let Provenance { iss, aud, client_id, nbf, scope } = provenance;
        let scope = scope.filter(|scope| !scope.is_empty());
        let aud = match aud {
            Audience::One(one) => vec![one],
            Audience::Several(several) => several,
        };
        Self { iss, aud, client_id, nbf, scope, ..self }
    }
}

fn one_or_several<S: Serializer>(names: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match names {
        [one] => one.serialize(serializer),
        several => several.serialize(serializer),
    }
}

#[cfg(feature = "openapi")]
fn audience_schema() -> impl Into<RefOr<Schema>> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    OneOfBuilder::new().item(text()).item(ArrayBuilder::new().items(text())).description(Some(
        "The servers that the token is for. One is written as a string, several as an array.",
    ))
}
