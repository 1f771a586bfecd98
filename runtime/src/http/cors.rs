//! The other origins that may read answers (CORS).

use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::auth::{Auth, X_CSRF_TOKEN, X_REFRESH_TOKEN};
use crate::claims::SessionClaims;

impl<C: SessionClaims> Auth<C> {
    /// Lets the pages of the [trusted origins](crate::Cookies::trust_origin) send requests with cookies and read the answers, and
    /// the pages of no other origin. Each origin is allowed by name, never with `*`, and `Vary: Origin` is set for caches.
    ///
    /// The methods and headers of an API with this crate are allowed. [`allow_headers`](CorsLayer::allow_headers) replaces the
    /// list of headers. Without trusted origins the layer allows no origin. Put it outside of every other layer, so that a page
    /// can read refusals as well.
    ///
    /// ```
    /// # use countersign::{Auth, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// fn with_cors(auth: &Auth<User>, router: axum::Router) -> axum::Router {
    ///     router.layer(auth.cors_layer())
    /// }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "cors")))]
    pub fn cors_layer(&self) -> CorsLayer {
        let transports = self.transports();
        let trusted = transports.cookies.iter().flat_map(|rules| rules.origins());
        let origins = trusted.filter_map(|origin| HeaderValue::from_str(&origin.to_string()).ok());
        let headers = [AUTHORIZATION, CONTENT_TYPE, X_CSRF_TOKEN, X_REFRESH_TOKEN];
        let named = transports.header.iter().cloned();
        let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        CorsLayer::new()
            .allow_credentials(true)
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods(methods)
            .allow_headers(headers.into_iter().chain(named).collect::<Vec<_>>())
            .expose_headers([RETRY_AFTER, WWW_AUTHENTICATE])
    }
}
