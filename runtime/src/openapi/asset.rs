//! A file that is served from memory and revalidated by its hash.
//!
//! It is not compressed: that is a layer of the application, such as `CompressionLayer` of tower-http.

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headers::{HeaderMapExt as _, IfNoneMatch};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

/// How long a client may use a file without asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Ask every time; the answer is mostly 304.
    Revalidate,
    /// For good: the address changes with the content.
    #[cfg(feature = "scalar")]
    Immutable,
}

impl Caching {
    fn directives(self) -> &'static str {
        match self {
            Self::Revalidate => "no-cache",
            #[cfg(feature = "scalar")]
            Self::Immutable => "public, max-age=31536000, immutable",
        }
    }
}

/// Inline styles are allowed because Scalar makes its own at run time; inline scripts are not.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
     img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The part of it about requests, which a page may extend.
#[cfg(feature = "scalar")]
const CONNECT: &str = "connect-src 'self'";

const SECURITY_HEADERS: [(HeaderName, &str); 2] =
    [(X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer")];

/// A body with its type and its version.
pub(crate) struct Asset {
    content_type: &'static str,
    body: Bytes,
    version: String,
    policy: HeaderValue,
}

impl Asset {
    pub(crate) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let version = URL_SAFE_NO_PAD.encode(Sha256::digest(&body));
        Self { content_type, body, version, policy: HeaderValue::from_static(POLICY) }
    }

    /// Lets a page also send requests to these origins.
    #[cfg(feature = "scalar")]
    pub(crate) fn connecting_to(self, origins: &[String]) -> Self {
        let policy = POLICY.replace(CONNECT, &[&[CONNECT.to_owned()], origins].concat().join(" "));
        // An origin that no header can hold is not one that a browser could ask.
        Self { policy: HeaderValue::try_from(policy).unwrap_or(self.policy), ..self }
    }

    /// A hash of the content, made of characters that a query and an entity tag may hold.
    #[cfg(feature = "scalar")]
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The answer to a GET with these headers; 304 where `If-None-Match` names this version (RFC 9110 section 13.1.2).
    pub(crate) fn respond(&self, request: &HeaderMap, caching: Caching) -> Response {
        // Weak, because a layer that compresses the body keeps the tag.
        let tag = format!("W/\"{}\"", self.version);
        let held = request.typed_get::<IfNoneMatch>();
        let is_held = held.zip(tag.parse().ok()).is_some_and(|(held, tag)| !held.precondition_passes(&tag));
        let policy = [(CONTENT_SECURITY_POLICY, self.policy.clone())];
        let headers = [(ETAG, tag), (CACHE_CONTROL, caching.directives().to_owned())];
        if is_held {
            return (StatusCode::NOT_MODIFIED, policy, SECURITY_HEADERS, headers).into_response();
        }
        let content_type = [(CONTENT_TYPE, self.content_type)];
        (policy, SECURITY_HEADERS, headers, content_type, self.body.clone()).into_response()
    }
}
