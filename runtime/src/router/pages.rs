//! The document and the Scalar page as routes of an [`AuthRouter`].

use std::sync::{Arc, OnceLock};

use http::Method;
use utoipa::openapi::OpenApi;

use super::AuthRouter;
use super::services::ServiceAccess;
use crate::matrix::{Methods, RoutePlace, nested};
use crate::openapi::json;
#[cfg(feature = "scalar")]
use crate::scalar::{self, Reference};

/// Takes the document, and the path of the page in the router that the document is of.
type Write = dyn Fn(&OpenApi, &str) + Send + Sync;

/// A page that shows the final document. It keeps its first one.
#[derive(Clone)]
pub(super) struct Page {
    /// Where it is in its router.
    path: String,
    write: Arc<Write>,
}

impl Page {
    fn new(path: &str, write: impl Fn(&OpenApi, &str) + Send + Sync + 'static) -> Self {
        Self { path: path.to_owned(), write: Arc::new(write) }
    }

    /// Notes that the router of the page is nested below a prefix.
    pub(super) fn move_below(&mut self, prefix: &str) {
        self.path = nested(prefix, &self.path);
    }

    pub(super) fn show(&self, api: &OpenApi) {
        (self.write)(api, &self.path);
    }
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Serves the OpenAPI document at a path, as JSON, to those who have this access.
    ///
    /// It is the final document, with everything that is added later, also by routers that this one is nested in or merged into. It is
    /// written when the router is taken apart with [`split_for_parts`](Self::split_for_parts), or becomes a `Router`. (Clones of a router
    /// share their pages; the clone that is taken apart first writes them.) The route itself is not in the document.
    ///
    /// Clients may keep the document and ask with `If-None-Match` whether it changed (RFC 9110 section 13.1.2).
    ///
    /// ```
    /// # use countersign::{Auth, AuthRouter, SessionClaims, Unguarded};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<String> }
    /// fn router(auth: &Auth<User>) -> AuthRouter {
    ///     AuthRouter::new().openapi_json("/openapi.json", auth.layer().role("developer"))
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`route_service`](Self::route_service) does.
    #[must_use]
    #[track_caller]
    pub fn openapi_json<A: ServiceAccess>(mut self, path: &str, access: A) -> Self {
        let document = Arc::new(OnceLock::new());
        let page = Arc::clone(&document);
        self.document.pages.push(Page::new(path, move |api, _| {
            if let Some(document) = json::written(api) {
                page.get_or_init(|| document);
            }
        }));
        let place = RoutePlace::Path(path.to_owned());
        self.gated(access, &Methods::One(Method::GET), &[place], json::route(path, document))
    }

    /// Shows the OpenAPI document with [Scalar](https://scalar.com) at a path, to those who have this access: the page, its scripts and
    /// the document beside it.
    ///
    /// The document is the final one, as in [`openapi_json`](Self::openapi_json). The addresses and the content security policy are those
    /// of [`scalar`](crate::scalar()).
    ///
    /// Requests from the page go to the router that the document is of, also where that is nested in a router of axum, or behind a proxy
    /// that takes a prefix off the path. Servers that the document names itself are left alone.
    ///
    /// A browser that opens the page sends no `Authorization` header. So a page that is not [`Unguarded`](crate::Unguarded) needs an
    /// [access cookie](crate::Cookies::with_access_cookie), and a login page to send strangers to:
    ///
    /// ```
    /// # use countersign::{Auth, AuthRouter, SessionClaims, Unguarded};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<String> }
    /// fn router(auth: &Auth<User>) -> AuthRouter {
    ///     AuthRouter::new().scalar("/scalar", auth.layer().role("developer").redirect("/login"))
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`route_service`](Self::route_service) does.
    #[cfg(feature = "scalar")]
    #[cfg_attr(docsrs, doc(cfg(feature = "scalar")))]
    #[must_use]
    #[track_caller]
    pub fn scalar<A: ServiceAccess>(mut self, path: &str, access: A) -> Self {
        let reference = Arc::new(OnceLock::new());
        let page = Arc::clone(&reference);
        self.document.pages.push(Page::new(path, move |api, path| {
            page.get_or_init(|| Reference::new(api.clone(), Some(path)));
        }));
        let places: Vec<_> = scalar::addresses(path).into_iter().map(RoutePlace::Path).collect();
        self.gated(access, &Methods::One(Method::GET), &places, scalar::routes(path, reference))
    }
}
