//! The only place that turns a refusal into HTTP: RFC 6750 challenges and RFC 9457 problem bodies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum_core::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::access::{Access, Rule};
use crate::auth::{AuthError, Twice};
use crate::claims::is_scope_token;
use crate::log::OneLine;
use crate::log::TARGET;

/// Why a request is refused, as far as the client may know. Causes go to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// Nothing shows that the site itself sent this request with the user's cookie: 403 `cross_site_request`.
    CrossSite,
    /// The caller is known and may not do this, and neither a role nor a scope would change that: a check says no, or somebody acts for
    /// the user where nobody may: 403 `forbidden`.
    Forbidden,
    /// The access token lacks a role or scope that the operation demands: 403 `insufficient_scope`.
    InsufficientScope {
        /// What the operation demands, if the application discloses it.
        required: Option<Access>,
    },
    /// The name or the password of a sign-in is wrong, as [`SignIn::refused`](crate::SignIn::refused) says: 401
    /// `invalid_credentials`.
    InvalidCredentials,
    /// The server could not make a token: 500.
    Internal,
    /// The refresh token is unknown, expired, replayed or its session has ended: 400 `invalid_grant`.
    InvalidGrant,
    /// Credentials are presented twice or in a malformed way: 400 `invalid_request`.
    InvalidRequest,
    /// The access token does not pass verification: 401 `invalid_token`.
    InvalidToken,
    /// There are no credentials: 401 without an error code.
    MissingCredentials,
    /// The operation asks for the refresh token too, and there is none: 401 without an error code.
    MissingRefreshToken,
    /// There is no such session or thing, or it is not the caller's: 404 `not_found`.
    ///
    /// It is the answer of a check under `#[check(not_found)]` that refuses. A handler that answers with it where it finds nothing
    /// itself gives nobody a difference to read: the two responses are the same to the byte.
    ///
    /// ```
    /// use countersign::{AuthRejection, Denial};
    ///
    /// fn found(post: Option<String>) -> Result<String, AuthRejection> {
    ///     post.ok_or_else(|| Denial::NotFound.into())
    /// }
    /// # assert_eq!(found(None).unwrap_err().denial(), Denial::NotFound);
    /// ```
    NotFound,
    /// The body is not JSON: 415.
    UnsupportedMediaType,
    /// The user signed in too long ago for this operation: 401 `insufficient_user_authentication` (RFC 9470 section 3).
    StaleSignIn {
        /// How long ago it may be.
        max_age: Duration,
    },
    /// A store or source that the decision needs does not answer: 503.
    Unavailable,
}

/// Two credentials in one place are a malformed request (RFC 6750 section 2).
impl From<Twice> for Denial {
    fn from(_: Twice) -> Self {
        Self::InvalidRequest
    }
}

impl Denial {
    /// The status of the response.
    pub fn status(self) -> StatusCode {
        match self {
            Self::CrossSite | Self::Forbidden | Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidGrant | Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::InvalidCredentials
            | Self::InvalidToken
            | Self::MissingCredentials
            | Self::MissingRefreshToken
            | Self::StaleSignIn { .. } => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// The stable code in the body; those of RFC 6750 section 3.1 and RFC 6749 section 5.2 where they have one.
    pub fn code(self) -> &'static str {
        match self {
            Self::CrossSite => "cross_site_request",
            Self::Forbidden => "forbidden",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::Internal => "server_error",
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::MissingCredentials => "missing_credentials",
            Self::MissingRefreshToken => "missing_refresh_token",
            Self::NotFound => "not_found",
            Self::StaleSignIn { .. } => "insufficient_user_authentication",
            Self::Unavailable => "temporarily_unavailable",
            Self::UnsupportedMediaType => "unsupported_media_type",
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::CrossSite => {
                "This request may come from another site. Send it from a page of this site, or with the header X-CSRF-Token."
            }
            Self::Forbidden => "The signed-in user may not do this.",
            Self::InsufficientScope { .. } => {
                "The signed-in user lacks a role or scope that this operation requires."
            }
            Self::InvalidCredentials => "The credentials are wrong.",
            Self::Internal => "The server could not complete this request.",
            Self::InvalidGrant => "The refresh token is not valid any more. Sign in again.",
            Self::InvalidRequest => {
                "The request is malformed: a token is missing or misspelt, or there are several where one is expected."
            }
            Self::InvalidToken => "The access token is not valid. Refresh it or sign in again.",
            Self::MissingCredentials => "This operation requires an access token.",
            Self::MissingRefreshToken => {
                "This operation requires the session's refresh token beside its access token."
            }
            Self::NotFound => "There is nothing here that you may see.",
            Self::StaleSignIn { .. } => "This operation requires a more recent sign-in. Sign in again.",
            Self::Unavailable => {
                "The request cannot be decided at the moment. Nothing was changed; try again."
            }
            Self::UnsupportedMediaType => "This operation takes a JSON body.",
        }
    }
}

/// A refused request: what extractors and endpoints of this crate answer with.
///
/// ```
/// use countersign::{AuthRejection, Denial};
/// use http::StatusCode;
///
/// fn log(rejection: &AuthRejection) {
///     if rejection.denial() == Denial::MissingCredentials {
///         assert_eq!(rejection.denial().status(), StatusCode::UNAUTHORIZED);
///     }
/// }
/// ```
#[derive(Clone)]
pub struct AuthRejection {
    denial: Denial,
    /// Whose credentials a challenge asks for; only the causes that challenge have one.
    realm: Option<Arc<str>>,
    /// Roles that are not named in what is disclosed; nothing is disclosed where they are not known.
    private: Option<&'static [&'static str]>,
}

impl AuthRejection {
    pub(crate) fn new(denial: Denial, realm: &Arc<str>) -> Self {
        Self { denial, realm: Some(Arc::clone(realm)), private: None }
    }

    /// Discloses what the denial says is required, but for these roles.
    pub(crate) fn without(self, private: &'static [&'static str]) -> Self {
        Self { private: Some(private), ..self }
    }

    /// The cause.
    pub fn denial(&self) -> Denial {
        self.denial
    }

    /// The value of `WWW-Authenticate` (RFC 6750 section 3), for the causes that challenge the client.
    pub fn challenge(&self) -> Option<String> {
        let error = match self.denial {
            Denial::InvalidCredentials | Denial::MissingCredentials | Denial::MissingRefreshToken => None,
            Denial::InvalidRequest
            | Denial::InvalidToken
            | Denial::InsufficientScope { .. }
            | Denial::StaleSignIn { .. } => Some(self.denial.code()),
            Denial::CrossSite
            | Denial::Forbidden
            | Denial::Internal
            | Denial::InvalidGrant
            | Denial::NotFound
            | Denial::Unavailable
            | Denial::UnsupportedMediaType => return None,
        };
        let realm = self.realm.as_ref()?;
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        if let Some(error) = error {
            challenge.push_str(", error=\"");
            challenge.push_str(error);
            challenge.push('"');
        }
        if let Denial::InsufficientScope { required: Some(Access::Require(rule)) } = self.denial {
            let scopes = scopes_of(&rule);
            if !scopes.is_empty() {
                challenge.push_str(", scope=\"");
                challenge.push_str(&scopes.join(" "));
                challenge.push('"');
            }
        }
        if let Denial::StaleSignIn { max_age } = self.denial {
            challenge.push_str(", max_age=\"");
            challenge.push_str(&max_age.as_secs().to_string());
            challenge.push('"');
        }
        Some(challenge)
    }

    fn problem(&self) -> ProblemDetails {
        let status = self.denial.status();
        let required = match (self.denial, self.private) {
            (Denial::InsufficientScope { required: Some(access) }, Some(private)) => {
                access.disclosed(private)
            }
            _ => None,
        };
        let max_age = match self.denial {
            Denial::StaleSignIn { max_age } => Some(max_age.as_secs()),
            _ => None,
        };
        ProblemDetails {
            r#type: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: self.denial.code().to_owned(),
            detail: self.denial.detail().to_owned(),
            required,
            max_age,
        }
    }
}

/// A cause without a challenge, and without what the operation requires.
impl From<Denial> for AuthRejection {
    fn from(denial: Denial) -> Self {
        Self { denial, realm: None, private: None }
    }
}

/// What the client may learn of a failure. That it happened is an event; the cause of a failure of ours is logged here.
impl From<AuthError> for AuthRejection {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Forbidden(_) => Denial::Forbidden.into(),
            AuthError::InvalidGrant(_) => Denial::InvalidGrant.into(),
            AuthError::Mint(error) => {
                tracing::error!(target: TARGET, error = %error, "no token could be made from the claims");
                Denial::Internal.into()
            }
            AuthError::NoCookies => {
                tracing::error!(target: TARGET, "tokens were to go into cookies, and no cookies are configured: call `Auth::builder().cookies(Cookies::new())`");
                Denial::Internal.into()
            }
            AuthError::Unavailable(error) => {
                tracing::error!(target: TARGET, error = %OneLine(&error), "the session store or the claims source failed");
                Denial::Unavailable.into()
            }
        }
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        AuthRejection::from(self).into_response()
    }
}

/// The scopes that the rule demands in any case: a client reads the list in a challenge as all of them.
fn scopes_of(rule: &Rule) -> Vec<&'static str> {
    match rule {
        Rule::Scope(scope) if is_scope_token(scope) => vec![scope],
        Rule::All(rules) => rules.iter().flat_map(scopes_of).collect(),
        Rule::Any([only]) => scopes_of(only),
        _ => Vec::new(),
    }
}

impl fmt::Debug for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthRejection").field(&self.denial).finish()
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.denial.detail())
    }
}

impl std::error::Error for AuthRejection {}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        self.response()
    }
}

impl AuthRejection {
    /// The answer, with any body that can be made from bytes.
    pub(crate) fn response<B: From<Vec<u8>>>(&self) -> Response<B> {
        // Serialising a struct of strings and a number does not fail; an empty body would still carry the status.
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.denial.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge().and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The body of a refusal: problem details (RFC 9457) with a stable `code`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ProblemDetails {
    /// Always `about:blank`: `code` tells problems apart.
    pub r#type: String,
    /// The reason phrase of the status.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// The stable, machine-readable cause.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
    /// What the operation requires, where the application discloses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<String>,
    /// How many seconds ago the user may have signed in, where that is too long ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
}

#[cfg(test)]
mod tests;
