//! How the documents of issuers are fetched: through a client that the application chooses.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

#[cfg(all(feature = "reqwest", not(target_family = "wasm")))]
mod client;

/// An HTTP client that fetches the keys of issuers. With the feature `reqwest`, a `reqwest::Client` of version 0.13 is one; a closure is
/// one, too.
///
/// It is asked rarely: at start, before a set of keys gets too old, and when a token names a key that is not known. Its answers are checked
/// against the limits of the [`FetchRequest`] again; a client that knows the limits stops early. It must not block its thread.
///
/// Issuers are asked over `https`, so the client needs TLS, which is for the application to choose: for example
/// `reqwest = { version = "0.13", features = ["rustls"] }`. The keys are as trustworthy as its check of certificates.
///
/// ```
/// use countersign::{FetchError, FetchRequest, Fetched};
///
/// # struct Response { status: http::StatusCode, headers: http::HeaderMap, body: Vec<u8> }
/// # async fn get(url: &str) -> Result<Response, std::io::Error> { Err(std::io::Error::other("")) }
/// # fn is_fetch(fetch: impl countersign::Fetch) {}
/// # is_fetch(
/// |request: FetchRequest| async move {
///     // `get` is a client that follows no redirect.
///     let response = get(request.url()).await.map_err(FetchError::other)?;
///     Ok(Fetched::new(response.status, response.body).with_headers(response.headers))
/// }
/// # );
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot fetch the keys of issuers",
    label = "not a `Fetch`",
    note = "pass a `reqwest::Client` with the feature `reqwest` of countersign, a closure from `FetchRequest` to a future of `Result<Fetched, FetchError>`, or implement `Fetch` for it"
)]
pub trait Fetch: Send + Sync + 'static {
    /// Sends a GET request without credentials and reads the whole answer, whatever its status.
    ///
    /// # Errors
    ///
    /// When there is no whole answer within the limits. Known keys stay in use meanwhile, and the next attempt comes by itself.
    fn get(&self, request: FetchRequest) -> impl Future<Output = Result<Fetched, FetchError>> + Send;
}

impl<F, Fut> Fetch for F
where
    F: Fn(FetchRequest) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Fetched, FetchError>> + Send,
{
    fn get(&self, request: FetchRequest) -> impl Future<Output = Result<Fetched, FetchError>> + Send {
        self(request)
    }
}

/// A request for a document of an issuer.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    url: String,
}

impl FetchRequest {
    pub(super) const MAX_BYTES: usize = 256 * 1024;
    pub(super) const TIME_LIMIT: Duration = Duration::from_secs(5);

    pub(super) fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// The address: `https`, or `http` on this machine.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The largest body that counts, in bytes: 256 KiB. A client should stop there, so that it holds no more than this.
    pub fn max_bytes(&self) -> usize {
        Self::MAX_BYTES
    }

    /// How long the answer may take: 5 seconds.
    pub fn time_limit(&self) -> Duration {
        Self::TIME_LIMIT
    }
}

/// The answer to a [`FetchRequest`], whatever its status.
#[derive(Clone)]
pub struct Fetched {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) url: Option<String>,
}

impl Fetched {
    /// An answer of the requested address itself.
    #[must_use]
    pub fn new(status: StatusCode, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into(), url: None }
    }

    /// The headers of the answer. `Cache-Control` and `Age` say how long a set of keys is good (RFC 9111 section 4.2).
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// One more header of the answer; see [`with_headers`](Self::with_headers).
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The address at which redirects ended. A client that follows redirects has to pass it: an answer of another scheme, host or port
    /// than that of the request is refused.
    #[must_use]
    pub fn with_final_url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Why there is no answer to a [`FetchRequest`]. It is logged, and clients never see it.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// There was no whole answer within [`FetchRequest::time_limit`].
    TimedOut,
    /// The body is larger than [`FetchRequest::max_bytes`].
    TooLarge,
    /// The answer is a redirect that was not followed, or came from another scheme, host or port than was asked.
    Redirected,
    /// The client failed.
    Other(Box<dyn Error + Send + Sync>),
}

impl FetchError {
    /// The failure of a client.
    pub fn other(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(cause.into())
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "there was no whole answer within 5 seconds",
            Self::TooLarge => "the answer is larger than 256 KiB",
            Self::Redirected => {
                "the answer is a redirect, or came from another scheme, host or port than was asked"
            }
            Self::Other(_) => "the request failed",
        })
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Other(cause) => Some(cause.as_ref()),
            _ => None,
        }
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send + 'a>>;

/// A [`Fetch`] of any type, so that nothing above it is generic over the client.
pub(crate) trait AnyFetch: Send + Sync {
    fn get(&self, request: FetchRequest) -> Answer<'_>;
}

impl<T: Fetch> AnyFetch for T {
    fn get(&self, request: FetchRequest) -> Answer<'_> {
        Box::pin(Fetch::get(self, request))
    }
}
