//! Refusals as HTTP: [`Denial`] is the cause, and its table [`Facts`] has the status, the code, the RFC 6750 challenge and the words of
//! the RFC 9457 problem body ([`problem`]). No other place writes a response to a refused request. The endpoints that speak OAuth add
//! the members of RFC 6749 section 5.2 ([`oauth`]).

mod landing;
mod oauth;
mod problem;

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum_core::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::access::{Access, Rule};
use crate::auth::{AuthError, Twice};
use crate::claims::is_scope_token;
use crate::log::{OneLine, TARGET};

pub use landing::Landing;
pub(crate) use landing::Led;
pub(crate) use oauth::OAuthBody;
#[cfg(feature = "openapi")]
pub(crate) use oauth::OAuthError;
pub use problem::ProblemDetails;
use problem::{json, response_of};

/// Why a request is refused, as far as the client may know. Causes go to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// The request does not prove that the site itself sent it with the user's cookie: 403 `cross_site_request`.
    CrossSite,
    /// A browser that has opened the site over plain http would not keep the cookies of the answer: 403 `plain_http`.
    PlainHttp,
    /// The caller is known and may not do this, and neither a role nor a scope would change that: a check refuses, or the user is
    /// impersonated where that is not allowed: 403 `forbidden`.
    Forbidden,
    /// The access token lacks a role or scope that the operation demands: 403 `insufficient_scope`.
    InsufficientScope {
        /// The access of the operation, if the application discloses it.
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
    /// The operation requires the refresh token too, and there is none: 401 without an error code.
    MissingRefreshToken,
    /// There is no such session or thing, or it is not the caller's: 404 `not_found`.
    ///
    /// It is the answer of a check under `#[check(not_found)]` that refuses. A handler that finds nothing answers with it too: then the
    /// two responses are the same to the byte, and a client cannot tell a hidden thing from a missing one.
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
    /// A refresh asks for another grant than `refresh_token`: 400 `unsupported_grant_type` (RFC 6749 section 5.2).
    UnsupportedGrantType,
    /// The body is neither JSON nor a form, or is a form where a cookie is the credential: 415.
    UnsupportedMediaType,
    /// The user signed in too long ago for this operation: 401 `insufficient_user_authentication` (RFC 9470 section 3).
    StaleSignIn {
        /// The greatest age of the sign-in that passes.
        max_age: Duration,
    },
    /// A store or claims source that the decision needs does not answer: 503.
    Unavailable,
}

/// Two credentials in one place are a malformed request (RFC 6750 section 2).
impl From<Twice> for Denial {
    fn from(_: Twice) -> Self {
        Self::InvalidRequest
    }
}

/// When to ask again after an outage, in seconds.
const RETRY: HeaderValue = HeaderValue::from_static("5");

/// The response to a denial.
struct Facts {
    status: StatusCode,
    code: &'static str,
    challenge: Challenge,
    detail: &'static str,
}

/// The `WWW-Authenticate` header of a denial (RFC 6750 section 3).
#[derive(Clone, Copy)]
enum Challenge {
    /// None, because other credentials would change nothing.
    Absent,
    /// One without `error`, because the request carries no token that could be wrong.
    Plain,
    /// One with the code of the denial as `error`.
    Error,
}

impl Denial {
    /// The table of all denials. Every word that a client reads of one is in its row.
    fn facts(self) -> Facts {
        use Challenge::{Absent, Error, Plain};
        use StatusCode as Status;

        let (status, code, challenge, detail) = match self {
            Self::CrossSite => (
                Status::FORBIDDEN,
                "cross_site_request",
                Absent,
                "This request may come from another site. Send it from a page of this site, or with the header X-CSRF-Token.",
            ),
            Self::PlainHttp => (
                Status::FORBIDDEN,
                "plain_http",
                Absent,
                "This site was opened over plain http, where a browser does not keep the cookies of a session. Open it over https, or, on \
                 the server's own machine, as localhost.",
            ),
            Self::Forbidden => {
                (Status::FORBIDDEN, "forbidden", Absent, "The signed-in user may not do this.")
            }
            Self::InsufficientScope { .. } => (
                Status::FORBIDDEN,
                "insufficient_scope",
                Error,
                "The signed-in user lacks a role or scope that this operation requires.",
            ),
            Self::InvalidCredentials => {
                (Status::UNAUTHORIZED, "invalid_credentials", Plain, "The credentials are wrong.")
            }
            Self::Internal => (
                Status::INTERNAL_SERVER_ERROR,
                "server_error",
                Absent,
                "The server could not complete this request.",
            ),
            Self::InvalidGrant => (
                Status::BAD_REQUEST,
                "invalid_grant",
                Absent,
                "The refresh token is not valid any more. Sign in again.",
            ),
            Self::InvalidRequest => (
                Status::BAD_REQUEST,
                "invalid_request",
                Error,
                "The request is malformed: a token is missing or misspelt, or there are several where one is expected.",
            ),
            Self::InvalidToken => (
                Status::UNAUTHORIZED,
                "invalid_token",
                Error,
                "The access token is not valid. Refresh it or sign in again.",
            ),
            Self::MissingCredentials => (
                Status::UNAUTHORIZED,
                "missing_credentials",
                Plain,
                "This operation requires an access token.",
            ),
            Self::MissingRefreshToken => (
                Status::UNAUTHORIZED,
                "missing_refresh_token",
                Plain,
                "This operation requires the session's refresh token beside its access token.",
            ),
            Self::NotFound => {
                (Status::NOT_FOUND, "not_found", Absent, "There is nothing here that you may see.")
            }
            Self::StaleSignIn { .. } => (
                Status::UNAUTHORIZED,
                "insufficient_user_authentication",
                Error,
                "This operation requires a more recent sign-in. Sign in again.",
            ),
            Self::Unavailable => (
                Status::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                Absent,
                "The request cannot be decided at the moment. Nothing was changed; try again.",
            ),
            Self::UnsupportedMediaType => (
                Status::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                Absent,
                "This operation takes a JSON body, or a form with the token in it.",
            ),
            Self::UnsupportedGrantType => (
                Status::BAD_REQUEST,
                "unsupported_grant_type",
                Absent,
                "This operation takes no other grant than refresh_token.",
            ),
        };
        Facts { status, code, challenge, detail }
    }

    /// The status of the response.
    pub fn status(self) -> StatusCode {
        self.facts().status
    }

    /// The stable code in the body; those of RFC 6750 section 3.1 and RFC 6749 section 5.2 where they have one.
    pub fn code(self) -> &'static str {
        self.facts().code
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
    /// The realm of a challenge; only causes that challenge need one.
    realm: Option<Arc<str>>,
    /// Roles that a disclosed requirement calls "an internal role". `None` if they are not known, and then nothing is disclosed.
    private: Option<&'static [&'static str]>,
    /// `Set-Cookie` headers that take cookies away.
    cookies: Vec<HeaderValue>,
    /// How an endpoint that speaks OAuth writes it. `None` everywhere else.
    oauth: Option<OAuthBody>,
}

impl AuthRejection {
    pub(crate) fn new(denial: Denial, realm: &Arc<str>) -> Self {
        Self { denial, realm: Some(Arc::clone(realm)), private: None, cookies: Vec::new(), oauth: None }
    }

    /// Gives the body the members that an OAuth client reads. A malformed request gets no challenge, for which such a client would take
    /// the whole answer.
    pub(crate) fn in_oauth(self, body: OAuthBody) -> Self {
        let realm = self.realm.filter(|_| self.denial.status() != StatusCode::BAD_REQUEST);
        Self { realm, oauth: Some(body), ..self }
    }

    /// Lets the body disclose the requirement of the denial, without the names of these roles.
    pub(crate) fn without(self, private: &'static [&'static str]) -> Self {
        Self { private: Some(private), ..self }
    }

    /// Lets the response take cookies away.
    pub(crate) fn setting(mut self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    /// The `Set-Cookie` headers of the response, which take cookies away.
    pub(crate) fn cookies(&self) -> &[HeaderValue] {
        &self.cookies
    }

    /// The cause.
    pub fn denial(&self) -> Denial {
        self.denial
    }

    /// The value of `WWW-Authenticate` (RFC 6750 section 3); `None` for a cause that other credentials would not change.
    pub fn challenge(&self) -> Option<String> {
        let Facts { code, challenge, .. } = self.denial.facts();
        let realm = self.realm.as_ref()?;
        let mut text = String::with_capacity(64 + realm.len());
        text.push_str("Bearer");
        let mut add = |name: &str, value: &str| {
            let separator = if text.len() == "Bearer".len() { " " } else { ", " };
            for part in [separator, name, "=\"", value, "\""] {
                text.push_str(part);
            }
        };
        add("realm", realm);
        match challenge {
            Challenge::Absent => return None,
            Challenge::Plain => {}
            Challenge::Error => add("error", code),
        }
        match self.denial {
            Denial::InsufficientScope { required: Some(Access::Require(rule)) } => {
                let scopes = scopes_of(&rule);
                if !scopes.is_empty() {
                    add("scope", &scopes.join(" "));
                }
            }
            Denial::StaleSignIn { max_age } => add("max_age", &max_age.as_secs().to_string()),
            _ => {}
        }
        Some(text)
    }

    fn problem(&self) -> ProblemDetails {
        let Facts { status, code, detail, .. } = self.denial.facts();
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
        let mut problem = ProblemDetails::new(status, code, detail);
        (problem.required, problem.max_age) = (required, max_age);
        problem
    }
}

impl AuthRejection {
    /// The body of the refusals that anyone can cause as often as they like, which is written once.
    fn usual_problem(&self) -> Option<&'static [u8]> {
        static INVALID_TOKEN: LazyLock<Vec<u8>> = LazyLock::new(|| problem_of(Denial::InvalidToken));
        static MISSING: LazyLock<Vec<u8>> = LazyLock::new(|| problem_of(Denial::MissingCredentials));

        match self.denial {
            Denial::InvalidToken => Some(&INVALID_TOKEN),
            Denial::MissingCredentials => Some(&MISSING),
            _ => None,
        }
    }
}

fn problem_of(denial: Denial) -> Vec<u8> {
    json(&AuthRejection::from(denial).problem())
}

/// A cause without a challenge, and without what the operation requires.
impl From<Denial> for AuthRejection {
    fn from(denial: Denial) -> Self {
        Self { denial, realm: None, private: None, cookies: Vec::new(), oauth: None }
    }
}

/// The part of a failure that the client may learn. The failure itself is an event; if it is the server's, its cause is logged here.
impl From<AuthError> for AuthRejection {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::CrossSite => Denial::CrossSite.into(),
            AuthError::PlainHttp => Denial::PlainHttp.into(),
            AuthError::Forbidden(_) => Denial::Forbidden.into(),
            AuthError::InvalidGrant(_) => Denial::InvalidGrant.into(),
            AuthError::Mint(error) => {
                tracing::error!(target: TARGET, error = %error, "no token could be made from the claims; the error names the claim or the limit that does not fit");
                Denial::Internal.into()
            }
            AuthError::NoCookies => {
                tracing::error!(target: TARGET, "cookies for tokens were requested and are not configured: call `Auth::builder().cookies(Cookies::new())`");
                Denial::Internal.into()
            }
            AuthError::NoSessions => {
                tracing::error!(target: TARGET, "a sign-in was asked of a server without sessions of its own: call `access_key`, `refresh_key`, `store` and `claims_source` of the builder");
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

/// The scopes that every caller needs to meet the rule: a client reads the list in a challenge as all of them. Of an `Any` of several
/// rules, no scope is needed by every caller.
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
        f.write_str(self.denial.facts().detail)
    }
}

impl std::error::Error for AuthRejection {}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        self.response()
    }
}

impl AuthRejection {
    /// The response, with any body that can be made from bytes.
    pub(crate) fn response<B: From<Vec<u8>>>(&self) -> Response<B> {
        let mut response = match self.oauth {
            Some(body) => body.response(self.denial, self.problem()),
            None => match self.usual_problem() {
                Some(problem) => response_of(self.denial.status().as_u16(), problem.to_vec()),
                None => self.problem().response(),
            },
        };
        if let Some(challenge) = self.challenge().and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if self.denial == Denial::Unavailable {
            response.headers_mut().insert(RETRY_AFTER, RETRY);
        }
        for cookie in &self.cookies {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response
    }
}

#[cfg(test)]
mod tests;
