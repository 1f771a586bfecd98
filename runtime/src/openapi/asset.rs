//! A file that is served from memory: compressed once, revalidated by its hash.

use std::io::Write;
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, StatusCode};
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

const SECURITY_HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
];

/// Below this size, in bytes, compression saves no packet.
const WORTH_COMPRESSING: usize = 1024;

/// A body with its type and its version.
pub(crate) struct Asset {
    content_type: &'static str,
    plain: Bytes,
    gzip: OnceLock<Option<Bytes>>,
    version: String,
}

impl Asset {
    pub(crate) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let plain = body.into();
        let version = URL_SAFE_NO_PAD.encode(Sha256::digest(&plain));
        Self { content_type, plain, gzip: OnceLock::new(), version }
    }

    #[cfg(feature = "scalar")]
    /// A hash of the content, made of characters that a query and an entity tag may hold.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The answer to a GET with these headers.
    pub(crate) fn respond(&self, request: &HeaderMap, caching: Caching) -> Response {
        let headers = [
            // Weak, because the plain and the compressed form share it.
            (ETAG, format!("W/\"{}\"", self.version)),
            (CACHE_CONTROL, caching.directives().to_owned()),
            (VARY, "accept-encoding".to_owned()),
        ];
        if self.is_held_by(request) {
            return (StatusCode::NOT_MODIFIED, SECURITY_HEADERS, headers).into_response();
        }
        let content_type = [(CONTENT_TYPE, self.content_type)];
        if accepts_gzip(request)
            && let Some(gzip) = self.gzip()
        {
            let encoding = [(CONTENT_ENCODING, "gzip")];
            return (SECURITY_HEADERS, headers, content_type, encoding, gzip.clone()).into_response();
        }
        (SECURITY_HEADERS, headers, content_type, self.plain.clone()).into_response()
    }

    fn gzip(&self) -> Option<&Bytes> {
        if self.plain.len() < WORTH_COMPRESSING {
            return None;
        }
        self.gzip
            .get_or_init(|| {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&self.plain).and_then(|()| encoder.finish()).map(Bytes::from).ok()
            })
            .as_ref()
    }

    /// Whether `If-None-Match` names this version; the comparison is weak ([RFC 9110, section 13.1.2]).
    ///
    /// [RFC 9110, section 13.1.2]: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    fn is_held_by(&self, request: &HeaderMap) -> bool {
        members(request, &IF_NONE_MATCH).any(|tag| {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            opaque == "*" || opaque.trim_matches('"') == self.version
        })
    }
}

/// Whether `Accept-Encoding` allows gzip ([RFC 9110, section 12.5.3]); what cannot be read allows nothing.
///
/// [RFC 9110, section 12.5.3]: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
fn accepts_gzip(request: &HeaderMap) -> bool {
    let mut any = false;
    for member in members(request, &ACCEPT_ENCODING) {
        let (coding, weight) = member.split_once(';').unwrap_or((member, "q=1"));
        let weight = weight.trim().to_ascii_lowercase();
        let accepted = weight.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q > 0.0);
        match coding.trim() {
            "*" => any = accepted,
            coding if coding.eq_ignore_ascii_case("gzip") => return accepted,
            _ => {}
        }
    }
    any
}

/// The members of a comma-separated list, over all header lines of that name.
fn members<'a>(request: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = request.get_all(name).into_iter();
    lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).map(str::trim)
}
