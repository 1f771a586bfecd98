//! Every endpoint in one call: `auth.routes()`.

use std::fmt;

use axum::extract::State;

#[cfg(feature = "openapi")]
use super::TAG;
use super::{Endpoint, ID};
use crate::access::NamedRule;
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::claims::role::RoleSet;
use crate::diagnostics::issuers::WITHOUT_SESSIONS;
use crate::diagnostics::roles::DeclaredBy;
use crate::extract::Public;
use crate::extract::check::Checks;
use crate::http::{
    RefreshPolicy, RefreshTokens, TokenAnswer, introspect_token, list_sessions, logout_all_sessions,
    logout_session, refresh_session, revoke_other_sessions, revoke_session,
};
use crate::matrix::nested;
#[cfg(feature = "openapi")]
use crate::openapi::marks::Marks;
use crate::rejection::AuthRejection;
#[cfg(feature = "openapi")]
use crate::router::document::{Document, http_method};
use crate::router::{IntoRoutes, Routes};

/// Adds a handler. Each is of another type, which no variable can hold.
macro_rules! mounted {
    ($routes:expr, $mount:expr, $handler:expr) => {{
        let handler = $routes.capture($handler).declared().by_endpoint();
        #[cfg(feature = "openapi")]
        let routes = match $mount.document() {
            Some(document) => handler.described(document),
            None => handler.at(&$mount.path, &[$mount.endpoint.method()]),
        };
        #[cfg(not(feature = "openapi"))]
        let routes = handler.at(&$mount.path, &[$mount.endpoint.method()]);
        routes
    }};
}

impl<C: SessionClaims> Auth<C> {
    /// The endpoints of sessions, documented and ready for [`AuthRouter::routes`](crate::AuthRouter::routes).
    ///
    /// ```
    /// use countersign::{Auth, AuthRouter, Endpoint, SessionClaims};
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: String,
    /// }
    ///
    /// fn router(auth: &Auth<User>) -> AuthRouter {
    ///     let endpoints = auth.routes().without(Endpoint::LogoutAll).path(Endpoint::Refresh, "/renew");
    ///     AuthRouter::new().routes(endpoints.nest("/auth").tag("auth"))
    /// }
    /// # use countersign::token::{Algorithm, Key};
    /// # let auth = Auth::builder()
    /// #     .access_key(Key::generate_secret(Algorithm::Hs256).unwrap())
    /// #     .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
    /// #     .issuer("https://api.example.com")
    /// #     .audience("https://api.example.com")
    /// #     .store(countersign::store::MemoryStore::new())
    /// #     .claims_source(|id| async move { Ok(Some(User { id })) })
    /// #     .build()
    /// #     .unwrap();
    /// let api = router(&auth).into_openapi();
    /// assert!(api.paths.get_path_item("/auth/renew").is_some());
    /// assert!(api.paths.get_path_item("/auth/logout-all").is_none());
    /// ```
    ///
    /// # Panics
    ///
    /// When this `Auth` has no sessions of its own, because it only [trusts issuers](crate::AuthBuilder::trust).
    #[track_caller]
    pub fn routes(&self) -> SessionRoutes<C> {
        assert!(
            self.accepted_issuers().has_sessions(),
            "`Auth::routes` has the endpoints of sessions, {WITHOUT_SESSIONS}"
        );
        let mounts = Endpoint::USUAL.map(Mount::new).into();
        SessionRoutes { auth: self.clone(), mounts, prefix: String::new(), introspection: None }
    }
}

/// The endpoints of sessions, as [`Auth::routes`] makes them: all of [`Endpoint`] but the introspection, until told otherwise.
///
/// They need nothing of the router's state, so they fit a router of any state. They tell the document of cookies and other places of
/// tokens, as [`AuthRouter::describe`](crate::AuthRouter::describe) does.
///
/// A method that names an endpoint changes nothing if that endpoint was left out. The arguments are known when the program is written,
/// so a wrong one panics, as it does in [`axum::Router::route`].
#[must_use = "add the endpoints to an `AuthRouter`"]
pub struct SessionRoutes<C> {
    auth: Auth<C>,
    mounts: Vec<Mount>,
    prefix: String,
    /// Mounts the introspection, whose handler is made for the rule of its callers.
    introspection: Option<MountIntrospection<C>>,
}

/// Adds the introspection to the routes at its mount.
type MountIntrospection<C> = fn(Routes<Auth<C>>, &Mount) -> Routes<Auth<C>>;

/// An endpoint as the application wants it: its facts, or other words in their place.
#[derive(Debug)]
struct Mount {
    endpoint: Endpoint,
    path: String,
    #[cfg(feature = "openapi")]
    words: Words,
}

/// The words of an endpoint in the document.
#[cfg(feature = "openapi")]
#[derive(Debug)]
struct Words {
    id: String,
    docs: String,
    tags: Vec<String>,
    documented: bool,
}

#[cfg(feature = "openapi")]
impl Words {
    fn of(endpoint: Endpoint) -> Self {
        let facts = endpoint.facts();
        Self { id: facts.id.to_owned(), docs: facts.docs.to_owned(), tags: Vec::new(), documented: true }
    }
}

impl Mount {
    fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            path: endpoint.path().to_owned(),
            #[cfg(feature = "openapi")]
            words: Words::of(endpoint),
        }
    }

    /// The document, if the endpoint is to have one.
    #[cfg(feature = "openapi")]
    fn document(&self) -> Option<Document> {
        let Words { id, docs, tags, documented: true } = &self.words else { return None };
        let facts = self.endpoint.facts();
        let mut operation = facts.operation(&self.path, id, docs);
        Marks::leave(&mut operation, facts.mark);
        operation.tags = Some(if tags.is_empty() { vec![TAG.to_owned()] } else { tags.clone() });
        let methods = vec![http_method(&self.endpoint.method())];
        Some(Document { path: self.path.clone(), methods, operation, schemas: facts.schemas() })
    }
}

impl<C: SessionClaims> SessionRoutes<C> {
    /// Keeps these endpoints, and leaves out every other.
    pub fn only(mut self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let kept: Vec<_> = endpoints.into_iter().collect();
        self.mounts.retain(|mount| kept.contains(&mount.endpoint));
        self
    }

    /// Leaves an endpoint out.
    pub fn without(mut self, endpoint: Endpoint) -> Self {
        self.mounts.retain(|mount| mount.endpoint != endpoint);
        self
    }

    /// Adds [`Endpoint::Introspection`], for callers to whom the [rule](crate::rule) `R` applies. It tells them which tokens are active and
    /// whose they are, so RFC 7662 section 2.1 forbids it to be open.
    ///
    /// A caller sends an access token of its own in `Authorization`, and the token in question as a form or as JSON. The answer to a token
    /// that is not active is `{"active":false}` and nothing else.
    ///
    /// ```
    /// use countersign::{Auth, AuthRouter, Role, SessionClaims, rule};
    ///
    /// #[derive(Role, Clone, Copy)]
    /// enum Role {
    ///     Service,
    /// }
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: String,
    ///     #[claims(roles)]
    ///     roles: Vec<Role>,
    /// }
    ///
    /// rule! {
    ///     /// May ask about tokens.
    ///     MayIntrospect = role("service");
    /// }
    ///
    /// fn router(auth: &Auth<User>) -> AuthRouter {
    ///     AuthRouter::new().routes(auth.routes().introspection::<MayIntrospect>().nest("/auth"))
    /// }
    /// ```
    pub fn introspection<R>(mut self) -> Self
    where
        R: NamedRule<Roles: DeclaredBy<C::Role, <C::Role as RoleSet>::Listed>, Checks: Checks<Auth<C>>>,
    {
        self.introspection = Some(|routes, mount| mounted!(routes, mount, introspect_token::<C, R>));
        if self.mounts.iter().all(|mount| mount.endpoint != Endpoint::Introspection) {
            self.mounts.push(Mount::new(Endpoint::Introspection));
        }
        self
    }

    /// Gives an endpoint another path, below the prefix of [`nest`](Self::nest).
    ///
    /// # Panics
    ///
    /// When the path does not start with `/`, or holds braces other than the `{id}` of [`Endpoint::RevokeSession`], which has to
    /// be in its path.
    #[track_caller]
    pub fn path(self, endpoint: Endpoint, path: &str) -> Self {
        assert!(
            path.starts_with('/'),
            "the path `{path}` of `Endpoint::{endpoint:?}` does not start with `/`"
        );
        let mut rest = path.to_owned();
        if endpoint.path().contains(ID) {
            assert!(path.contains(ID), "the path `{path}` of `Endpoint::{endpoint:?}` has no `{ID}`");
            rest = path.replacen(ID, "", 1);
        }
        assert!(
            !rest.contains(['{', '}']),
            "the path `{path}` of `Endpoint::{endpoint:?}` has a parameter that the endpoint does not read"
        );
        self.change(endpoint, |mount| path.clone_into(&mut mount.path))
    }

    /// Puts every endpoint below a prefix, and below those of earlier calls.
    ///
    /// # Panics
    ///
    /// When the prefix does not start with `/`, or holds braces. (For a prefix with parameters there is
    /// [`AuthRouter::nest`](crate::AuthRouter::nest).)
    #[track_caller]
    pub fn nest(mut self, prefix: &str) -> Self {
        assert!(prefix.starts_with('/'), "the prefix `{prefix}` of the endpoints does not start with `/`");
        assert!(
            !prefix.contains(['{', '}']),
            "the prefix `{prefix}` has a parameter that no endpoint reads; nest the router with `AuthRouter::nest`"
        );
        self.prefix = format!("{}{}", prefix.trim_end_matches('/'), self.prefix);
        self
    }

    /// Where an endpoint is served, if it is.
    pub(super) fn served_at(&self, endpoint: Endpoint) -> Option<String> {
        let mount = self.mounts.iter().find(|mount| mount.endpoint == endpoint)?;
        Some(if self.prefix.is_empty() { mount.path.clone() } else { nested(&self.prefix, &mount.path) })
    }

    fn change(mut self, endpoint: Endpoint, change: impl FnOnce(&mut Mount)) -> Self {
        if let Some(mount) = self.mounts.iter_mut().find(|mount| mount.endpoint == endpoint) {
            change(mount);
        }
        self
    }
}

/// What the document says about the endpoints.
#[cfg(feature = "openapi")]
impl<C: SessionClaims> SessionRoutes<C> {
    /// Serves an endpoint without documenting it. It stays in the [access matrix](crate::AuthRouter::access_matrix), which says so.
    ///
    /// ```
    /// # use countersign::{Auth, AuthRouter, Endpoint, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// fn router(auth: &Auth<User>) -> AuthRouter {
    ///     AuthRouter::new().routes(auth.routes().undocumented(Endpoint::LogoutAll))
    /// }
    /// ```
    pub fn undocumented(self, endpoint: Endpoint) -> Self {
        self.change(endpoint, |mount| mount.words.documented = false)
    }

    /// Adds a tag to every operation. Without one, the tag is `sessions`.
    ///
    /// # Panics
    ///
    /// When the tag is empty.
    #[track_caller]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        let tag = not_empty(tag.into(), format_args!("the tag of the endpoints"));
        for mount in &mut self.mounts {
            mount.words.tags.push(tag.clone());
        }
        self
    }

    /// Adds a tag to the operation of one endpoint, after those it has already.
    ///
    /// ```
    /// # use countersign::{Auth, Endpoint, SessionClaims, SessionRoutes};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// fn endpoints(auth: &Auth<User>) -> SessionRoutes<User> {
    ///     auth.routes().tag("auth").tag_one(Endpoint::Sessions, "account")
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When the tag is empty.
    #[track_caller]
    pub fn tag_one(self, endpoint: Endpoint, tag: impl Into<String>) -> Self {
        let tag = not_empty(tag.into(), format_args!("the tag of `Endpoint::{endpoint:?}`"));
        self.change(endpoint, |mount| mount.words.tags.push(tag))
    }

    /// Puts a prefix before the name of every operation in the document (`operationId`), and before those of earlier calls: for the endpoints
    /// of a second `Auth`, or an application that has a `logout` of its own.
    ///
    /// Where two operations of a document still have one name, those of the application keep it before those of endpoints, and of several,
    /// the first by its path. Any other gets the part of its path by which it differs in front (`staff_auth_logout`).
    ///
    /// ```
    /// # use countersign::{Auth, SessionClaims, SessionRoutes};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// fn endpoints(auth: &Auth<User>) -> SessionRoutes<User> {
    ///     auth.routes().operation_prefix("staff_") // `staff_refresh`, `staff_logout`, ...
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When the prefix is empty.
    #[track_caller]
    pub fn operation_prefix(mut self, prefix: impl Into<String>) -> Self {
        let prefix = not_empty(prefix.into(), format_args!("the prefix of the operation ids"));
        for mount in &mut self.mounts {
            mount.words.id = format!("{prefix}{}", mount.words.id);
        }
        self
    }

    /// Gives the operation of an endpoint another name in the document (`operationId`), which generated clients take for the name of
    /// a function. A prefix of a later call comes before it.
    ///
    /// ```
    /// # use countersign::{Auth, Endpoint, SessionClaims, SessionRoutes};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// fn endpoints(auth: &Auth<User>) -> SessionRoutes<User> {
    ///     auth.routes().operation_id(Endpoint::Sessions, "list_devices")
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When the name is empty, or that of another endpoint of these routes.
    #[track_caller]
    pub fn operation_id(self, endpoint: Endpoint, id: impl Into<String>) -> Self {
        let id = not_empty(id.into(), format_args!("the operation id of `Endpoint::{endpoint:?}`"));
        assert!(
            !self.mounts.iter().any(|mount| mount.endpoint != endpoint && mount.words.id == id),
            "the operation id `{id}` of `Endpoint::{endpoint:?}` is that of another endpoint"
        );
        self.change(endpoint, |mount| mount.words.id = id)
    }

    /// Gives the operation of an endpoint other words: a summary, and after a blank line a description.
    ///
    /// ```
    /// # use countersign::{Auth, Endpoint, SessionClaims, SessionRoutes};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// fn endpoints(auth: &Auth<User>) -> SessionRoutes<User> {
    ///     auth.routes().docs(Endpoint::Sessions, "Your devices\n\nEvery device that is signed in.")
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When there is no summary.
    #[track_caller]
    pub fn docs(self, endpoint: Endpoint, docs: &str) -> Self {
        let summary = docs.split("\n\n").next().unwrap_or_default();
        not_empty(summary.to_owned(), format_args!("the summary of `Endpoint::{endpoint:?}`"));
        self.change(endpoint, |mount| docs.clone_into(&mut mount.words.docs))
    }
}

#[cfg(feature = "openapi")]
#[track_caller]
fn not_empty(text: String, what: fmt::Arguments<'_>) -> String {
    assert!(!text.trim().is_empty(), "{what} is empty");
    text
}

impl<C: SessionClaims, S: Clone + Send + Sync + 'static> IntoRoutes<S> for SessionRoutes<C> {
    fn into_routes(self) -> Routes<S> {
        let Self { auth, mounts, prefix, introspection } = self;
        let mut routes = Routes::<Auth<C>>::new();
        for mut mount in mounts {
            if !prefix.is_empty() {
                mount.path = nested(&prefix, &mount.path);
            }
            routes = match mount.endpoint {
                Endpoint::Refresh => mounted!(routes, mount, refresh::<C>),
                Endpoint::Logout => mounted!(routes, mount, logout_session::<C>),
                Endpoint::LogoutAll => mounted!(routes, mount, logout_all_sessions::<C>),
                Endpoint::Sessions => mounted!(routes, mount, list_sessions::<C>),
                Endpoint::RevokeSession => mounted!(routes, mount, revoke_session::<C>),
                Endpoint::RevokeOthers => mounted!(routes, mount, revoke_other_sessions::<C>),
                Endpoint::Introspection => match introspection {
                    Some(add) => add(routes, &mount),
                    None => routes,
                },
            };
        }
        Routes::of(&auth, routes)
    }
}

impl<C> fmt::Debug for SessionRoutes<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mounts, prefix, .. } = self;
        f.debug_struct("SessionRoutes")
            .field("mounts", mounts)
            .field("prefix", prefix)
            .finish_non_exhaustive()
    }
}

/// As the handler that `typed_refresh_handler!` writes.
async fn refresh<C: SessionClaims>(
    _: Public<RefreshPolicy>,
    State(auth): State<Auth<C>>,
    request: RefreshTokens,
) -> Result<TokenAnswer, AuthRejection> {
    refresh_session(&auth, request).await
}
