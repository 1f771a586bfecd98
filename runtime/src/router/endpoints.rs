//! Every endpoint in one call: `auth.routes()`.

use std::fmt;

use axum::extract::State;
use http::request::Parts;

use super::endpoint_documents::document;
use super::{IntoRoutes, Routes};
use crate::access::Access;
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::claims::role::RoleTable;
use crate::extract::{Guard, Public};
use crate::http::{
    LogoutPolicy, LogoutTokens, OwnSessionsPolicy, RefreshAnswer, RefreshPolicy, RefreshRequest, Revoked,
    SessionList, SessionPath, SignedOut, list_sessions, logout_all_sessions, logout_session, refresh_session,
    revoke_other_sessions, revoke_session,
};
use crate::matrix::DeclaredWhere;
use crate::openapi::nested;
use crate::rejection::AuthRejection;

/// An endpoint of [`Auth::routes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `POST /refresh`: exchanges a refresh token for the next pair of tokens.
    Refresh,
    /// `POST /logout`: ends the session of the tokens in the request.
    Logout,
    /// `POST /logout-all`: ends every session of the caller.
    LogoutAll,
    /// `GET /sessions`: lists the caller's sessions.
    Sessions,
    /// `DELETE /sessions/{id}`: ends one of the caller's sessions.
    RevokeSession,
    /// `DELETE /sessions`: ends every session of the caller but the one of the request.
    RevokeOthers,
}

impl Endpoint {
    const ALL: [Self; 6] = [
        Self::Refresh,
        Self::Logout,
        Self::LogoutAll,
        Self::Sessions,
        Self::RevokeSession,
        Self::RevokeOthers,
    ];

    /// The operation's name in the document.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Logout => "logout",
            Self::LogoutAll => "logout_all",
            Self::Sessions => "sessions",
            Self::RevokeSession => "revoke_session",
            Self::RevokeOthers => "revoke_others",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Refresh => "/refresh",
            Self::Logout => "/logout",
            Self::LogoutAll => "/logout-all",
            Self::Sessions | Self::RevokeOthers => "/sessions",
            Self::RevokeSession => "/sessions/{id}",
        }
    }
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
    pub fn routes(&self) -> SessionRoutes<C> {
        let paths = Endpoint::ALL.map(|endpoint| (endpoint, endpoint.path().to_owned())).to_vec();
        SessionRoutes { auth: self.clone(), paths, prefix: String::new(), tags: Vec::new() }
    }
}

/// The endpoints of sessions, as [`Auth::routes`] makes them: all six, unless told otherwise.
///
/// They need nothing of the router's state, so its type does not matter. They bring along what
/// [`AuthRouter::describe`](crate::AuthRouter::describe) says in the document of cookies and other places of tokens. The paths are known when the program is written, so
/// a wrong one panics, as it does in [`axum::Router::route`].
#[must_use = "add the endpoints to an `AuthRouter`"]
pub struct SessionRoutes<C> {
    auth: Auth<C>,
    paths: Vec<(Endpoint, String)>,
    prefix: String,
    tags: Vec<String>,
}

impl<C: SessionClaims> SessionRoutes<C> {
    /// Keeps these endpoints, and leaves out every other.
    pub fn only(mut self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let kept: Vec<_> = endpoints.into_iter().collect();
        self.paths.retain(|(endpoint, _)| kept.contains(endpoint));
        self
    }

    /// Leaves an endpoint out.
    pub fn without(mut self, endpoint: Endpoint) -> Self {
        self.paths.retain(|(present, _)| *present != endpoint);
        self
    }

    /// Gives an endpoint another path, below the prefix of [`nest`](Self::nest). One that was left out stays out.
    ///
    /// # Panics
    ///
    /// When the path does not start with `/`, or holds braces other than the `{id}` of [`Endpoint::RevokeSession`], which has to
    /// be in its path.
    #[track_caller]
    pub fn path(mut self, endpoint: Endpoint, path: &str) -> Self {
        assert!(
            path.starts_with('/'),
            "the path `{path}` of `Endpoint::{endpoint:?}` does not start with `/`"
        );
        let rest = match endpoint {
            Endpoint::RevokeSession => {
                assert!(
                    path.contains("{id}"),
                    "the path `{path}` of `Endpoint::{endpoint:?}` has no `{{id}}`"
                );
                path.replacen("{id}", "", 1)
            }
            _ => path.to_owned(),
        };
        assert!(
            !rest.contains(['{', '}']),
            "the path `{path}` of `Endpoint::{endpoint:?}` has a parameter that nobody reads"
        );
        for (_, present) in self.paths.iter_mut().filter(|(present, _)| *present == endpoint) {
            path.clone_into(present);
        }
        self
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
        assert!(!prefix.contains(['{', '}']), "the prefix `{prefix}` has a parameter that nobody reads");
        self.prefix = format!("{}{}", prefix.trim_end_matches('/'), self.prefix);
        self
    }

    /// Adds a tag to every operation.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }
}

impl<C: SessionClaims, S: Clone + Send + Sync + 'static> IntoRoutes<S> for SessionRoutes<C> {
    fn into_routes(self) -> Routes<S> {
        let Self { auth, paths, prefix, tags } = self;
        let mut mounted = Routes::<Auth<C>>::new();
        for (endpoint, path) in paths {
            let path = if prefix.is_empty() { path } else { nested(&prefix, &path) };
            let tags = tags.clone();
            let document = move |access: &Access, _: &RoleTable| document(endpoint, path, tags, access);
            mounted = match endpoint {
                Endpoint::Refresh => mounted.capture(refresh::<C>).declared().described(document, BY_US),
                Endpoint::Logout => mounted.capture(logout::<C>).declared().described(document, BY_US),
                Endpoint::LogoutAll => mounted.capture(logout_all::<C>).declared().described(document, BY_US),
                Endpoint::Sessions => mounted.capture(sessions::<C>).declared().described(document, BY_US),
                Endpoint::RevokeSession => mounted.capture(revoke::<C>).declared().described(document, BY_US),
                Endpoint::RevokeOthers => {
                    mounted.capture(revoke_others::<C>).declared().described(document, BY_US)
                }
            };
        }
        mounted.with_transports(auth.transports(), auth.liveness()).with_state(auth.clone())
    }
}

impl<C> fmt::Debug for SessionRoutes<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRoutes")
            .field("paths", &self.paths)
            .field("prefix", &self.prefix)
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}

const BY_US: Option<DeclaredWhere> = Some(DeclaredWhere::Endpoint);

type Own = Guard<OwnSessionsPolicy>;

async fn refresh<C: SessionClaims>(
    _: Public<RefreshPolicy>,
    State(auth): State<Auth<C>>,
    request: RefreshRequest,
) -> Result<RefreshAnswer, AuthRejection> {
    refresh_session(&auth, request).await
}

async fn logout<C: SessionClaims>(
    _: Public<LogoutPolicy>,
    State(auth): State<Auth<C>>,
    request: LogoutTokens,
) -> Result<SignedOut, AuthRejection> {
    logout_session(&auth, request).await
}

async fn logout_all<C: SessionClaims>(
    _: Own,
    State(auth): State<Auth<C>>,
    caller: Parts,
) -> Result<SignedOut, AuthRejection> {
    logout_all_sessions(&auth, caller).await
}

async fn sessions<C: SessionClaims>(
    _: Own,
    State(auth): State<Auth<C>>,
    caller: Parts,
) -> Result<SessionList, AuthRejection> {
    list_sessions(&auth, caller).await
}

async fn revoke<C: SessionClaims>(
    _: Own,
    State(auth): State<Auth<C>>,
    caller: Parts,
    request: SessionPath,
) -> Result<Revoked, AuthRejection> {
    revoke_session(&auth, caller, request).await
}

async fn revoke_others<C: SessionClaims>(
    _: Own,
    State(auth): State<Auth<C>>,
    caller: Parts,
) -> Result<Revoked, AuthRejection> {
    revoke_other_sessions(&auth, caller).await
}
