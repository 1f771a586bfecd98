//! The endpoint at which another service asks whether a token is active (RFC 7662).

use std::fmt;

use axum::extract::State;
use axum_core::extract::{FromRequest, FromRequestParts, Request};
use http::HeaderMap;
use http::request::Parts;
use serde::Deserialize;

use super::body::{self, Text, in_oauth};
use crate::access::{Access, DeclaredWhere, DeclaresAccess, NamedRule};
use crate::auth::{Auth, AuthState, Introspection};
use crate::claims::SessionClaims;
use crate::extract::check::Checks;
use crate::extract::proof::Proof;
use crate::rejection::{AuthRejection, Denial, OAuthBody};

/// The body of an introspection (RFC 7662 section 2.1), as JSON or as a form. Members that are not listed here are ignored.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::IntrospectionRequest))]
pub(crate) struct IntrospectionRequest {
    /// The access or refresh token to ask about.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = true))]
    token: Text,
    /// The type of `token`. It is not needed, since a token says itself which type it is of.
    #[serde(default, rename = "token_type_hint")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    _token_type_hint: Text,
}

// Not derived: it would show the token.
impl fmt::Debug for IntrospectionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionRequest").finish_non_exhaustive()
    }
}

/// A caller to whom the rule `R` applies, as a [`Proof`] decides, with refusals that an OAuth client reads.
pub(crate) struct MayIntrospect<R> {
    _proof: Proof<R>,
}

impl<R: NamedRule> DeclaresAccess for MayIntrospect<R> {
    const ACCESS: Access = Proof::<R>::ACCESS;
    const DECLARED: DeclaredWhere = DeclaredWhere::Argument;
    type Demands = Proof<R>;
}

impl<S, R> FromRequestParts<S> for MayIntrospect<R>
where
    S: AuthState,
    R: NamedRule<Checks: Checks<S>>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        // The media type is that of the guard at every other operation: an OAuth client reads the challenge.
        match Proof::from_request_parts(parts, state).await {
            Ok(_proof) => Ok(Self { _proof }),
            Err(refusal) => Err(refusal.in_oauth(OAuthBody::Problem)),
        }
    }
}

/// The token that a caller asks about.
pub(crate) struct TokenInQuestion {
    token: String,
    headers: HeaderMap,
}

impl<S: Send + Sync> FromRequest<S> for TokenInQuestion {
    type Rejection = AuthRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, AuthRejection> {
        let (Parts { headers, .. }, body) = request.into_parts();
        let read = body::read(body).await.and_then(|body| {
            let request: Option<IntrospectionRequest> = body::parse(&headers, &body)?;
            request.unwrap_or_default().token.0.ok_or(Denial::InvalidRequest)
        });
        match read {
            Ok(token) => Ok(Self { token, headers }),
            Err(denial) => Err(in_oauth(&headers, denial)),
        }
    }
}

/// Tells whether a token is active.
pub(crate) async fn introspect_token<C: SessionClaims, R: NamedRule>(
    _: MayIntrospect<R>,
    State(auth): State<Auth<C>>,
    TokenInQuestion { token, headers }: TokenInQuestion,
) -> Result<Introspection, AuthRejection> {
    auth.introspect(&token).await.map_err(|error| in_oauth(&headers, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 30.
    #[test]
    fn debug_output_of_a_request_shows_no_token() {
        let request: IntrospectionRequest = serde_json::from_str(r#"{"token":"secret"}"#).unwrap();
        assert_eq!(request.token.0.as_deref(), Some("secret"));
        assert!(!format!("{request:?}").contains("secret"));
    }
}
