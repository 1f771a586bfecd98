//! The documents about this server for those who verify its tokens: the key set, and the metadata of RFC 8414.

use axum::extract::State;
use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde::Serialize;

use super::policy::KeysPolicy;
use crate::auth::{Auth, PUBLISHED_FOR, PublishedKeys};
use crate::claims::SessionClaims;
use crate::extract::Public;

/// A document that caches may keep.
pub(crate) struct PublicDocument {
    media_type: &'static str,
    max_age: u64,
    body: Body,
}

impl PublicDocument {
    pub(crate) fn of_metadata(metadata: &ServerMetadata) -> Self {
        Self {
            media_type: "application/json",
            max_age: PUBLISHED_FOR.as_secs(),
            // Strings and lists of them always serialise.
            body: serde_json::to_vec(metadata).unwrap_or_default().into(),
        }
    }
}

impl IntoResponse for PublicDocument {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // Digits are a header value.
        if let Ok(caching) = HeaderValue::try_from(format!("public, max-age={}", self.max_age)) {
            headers.insert(CACHE_CONTROL, caching);
        }
        response
    }
}

/// Serves the public keys of access tokens.
pub(crate) async fn publish_keys<C: SessionClaims>(
    _: Public<KeysPolicy>,
    State(auth): State<Auth<C>>,
) -> PublicDocument {
    let PublishedKeys { json, max_age } = auth.published_keys();
    PublicDocument { media_type: "application/jwk-set+json", max_age: max_age.as_secs(), body: json.into() }
}

/// What this server says about itself to OAuth clients (RFC 8414 section 2): only what it serves.
///
/// It has no authorization endpoint, so it supports no response type. The member is required all the same, and clients refuse a document
/// without it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServerMetadata {
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_endpoint_auth_methods_supported: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant_types_supported: Option<[&'static str; 1]>,
    pub(crate) response_types_supported: [&'static str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revocation_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revocation_endpoint_auth_methods_supported: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) introspection_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) introspection_endpoint_auth_methods_supported: Option<[&'static str; 1]>,
}

impl ServerMetadata {
    /// Without endpoints.
    pub(crate) fn of(issuer: String, jwks_uri: String) -> Self {
        Self {
            issuer,
            jwks_uri,
            token_endpoint: None,
            token_endpoint_auth_methods_supported: None,
            // Without this member, clients would assume the authorization code and the implicit grant.
            grant_types_supported: None,
            response_types_supported: [],
            revocation_endpoint: None,
            revocation_endpoint_auth_methods_supported: None,
            introspection_endpoint: None,
            introspection_endpoint_auth_methods_supported: None,
        }
    }

    /// The refresh token is the credential at the token endpoint, as the token is that of its revocation: clients have no secret.
    pub(crate) fn token_endpoint(&mut self, url: String) {
        self.token_endpoint = Some(url);
        self.token_endpoint_auth_methods_supported = Some(["none"]);
        self.grant_types_supported = Some(["refresh_token"]);
    }

    pub(crate) fn revocation_endpoint(&mut self, url: String) {
        self.revocation_endpoint = Some(url);
        self.revocation_endpoint_auth_methods_supported = Some(["none"]);
    }

    /// Callers send an access token of their own, a method that RFC 8414 names by the type of that token.
    pub(crate) fn introspection_endpoint(&mut self, url: String) {
        self.introspection_endpoint = Some(url);
        self.introspection_endpoint_auth_methods_supported = Some(["Bearer"]);
    }
}
