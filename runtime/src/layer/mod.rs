//! The rules of the attributes for whole routers, and for services without macros.

mod redirect;
mod rules;
mod service;

use std::fmt;
use std::time::Duration;

use http::request::Parts;
use http::{Response, StatusCode};
use tower_layer::Layer;

use self::redirect::Redirect;
use crate::access::{Access, Rule};
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::extract::{authorize, decided, forget, refuse, show};

#[cfg(feature = "openapi")]
pub(crate) use rules::all as all_of;
pub use service::AuthService;

impl<C: SessionClaims> Auth<C> {
    /// A layer that lets in signed-in users only; its methods ask for more, or for less.
    ///
    /// ```
    /// use axum::routing::get;
    /// use countersign::{Auth, SessionClaims};
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: u64,
    ///     #[claims(roles)]
    ///     roles: Vec<String>,
    /// }
    ///
    /// fn reports(auth: &Auth<User>) -> axum::Router {
    ///     axum::Router::new()
    ///         .route("/reports", get(|| async { "all is well" }))
    ///         .route_layer(auth.layer().any_role(["auditor", "admin"]).live())
    /// }
    /// ```
    pub fn layer(&self) -> AuthLayer<C> {
        AuthLayer { auth: self.clone(), rules: Vec::new(), optional: false, redirect: None }
    }

    /// A layer for the pages of a login: who is signed in already is sent to `home`, with 303 (RFC 9110 section 15.4.4) or, where
    /// htmx asks, with `HX-Redirect`.
    ///
    /// Who presents no token, or one that is not good any more, is let through: that is what a login page is for. Where the
    /// pages behind it ask for a [live](AnonymousOnlyLayer::live) session, ask for it here too.
    ///
    /// It is for the page, not for the sign-in itself: whoever signs in anew while signed in gets a new session.
    ///
    /// ```
    /// # use countersign::{Auth, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// # async fn page() {}
    /// # async fn sign_in() {}
    /// use axum::routing::get;
    ///
    /// fn login(auth: &Auth<User>) -> axum::Router {
    ///     axum::Router::new().route("/login", get(page).layer(auth.anonymous_only("/")).post(sign_in))
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When `home` cannot stand in a header.
    #[track_caller]
    pub fn anonymous_only(&self, home: &str) -> AnonymousOnlyLayer<C> {
        AnonymousOnlyLayer { auth: self.clone(), live: false, home: Redirect::to(home) }
    }
}

/// Guards a whole [`axum::Router`], or any tower service that takes a `Request<B>` and answers with a `Response<R>`: with the rules,
/// the decisions and the answers of the access attributes. [`Auth::layer`] makes one.
///
/// The verified [`Session`](crate::Session) stays in the request's extensions, where the extractors inside find it without
/// verifying its token again; a service without extractors takes it from there itself.
///
/// With [`Router::layer`](axum::Router::layer) it also answers for paths that do not exist, with
/// [`Router::route_layer`](axum::Router::route_layer) only for those that do. A CORS layer belongs around it, since a preflight carries no
/// credentials. The OpenAPI document of an [`AuthRouter`](crate::AuthRouter) says what the handlers declare and knows nothing of layers;
/// [`AuthRouter::guard`](crate::AuthRouter::guard) is for one that it does know of.
#[derive(Clone)]
#[must_use = "a layer takes effect where a router or a service is given it"]
pub struct AuthLayer<C> {
    auth: Auth<C>,
    rules: Vec<Rule>,
    optional: bool,
    redirect: Option<Redirect>,
}

impl<C: SessionClaims> AuthLayer<C> {
    /// Lets anybody in, but for those whose credentials are bad: they are refused, not taken for strangers.
    ///
    /// # Panics
    ///
    /// When the layer has a rule, which only a signed-in user can meet.
    #[track_caller]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self.consistent()
    }

    /// Asks for this role, by name or as a value, directly or by implication: `role("admin")`, `role(Role::Admin)`.
    ///
    /// # Panics
    ///
    /// When the claims' roles are a closed set without it, and on an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn role(self, role: impl Into<&'static str>) -> Self {
        self.rule(Rule::Role(role.into()))
    }

    /// Asks for any of these roles.
    ///
    /// # Panics
    ///
    /// As [`role`](Self::role), and when there are none.
    #[track_caller]
    pub fn any_role(self, roles: impl IntoIterator<Item: Into<&'static str>>) -> Self {
        let roles: Vec<_> = roles.into_iter().map(|role| Rule::Role(role.into())).collect();
        assert!(!roles.is_empty(), "`AuthLayer::any_role` names no role; name those that may pass");
        self.rule(rules::any(roles))
    }

    /// Asks for this scope.
    ///
    /// # Panics
    ///
    /// On an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn scope(self, scope: &'static str) -> Self {
        self.rule(Rule::Scope(scope))
    }

    /// Asks for a session that has not ended, as the store says at this moment: else 401, and 503 when the store does not answer.
    ///
    /// # Panics
    ///
    /// On an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn live(self) -> Self {
        self.rule(Rule::Live)
    }

    /// Asks for the refresh token beside the access token, and leaves a [`RefreshSession`](crate::RefreshSession) for the extractors
    /// inside.
    ///
    /// # Panics
    ///
    /// On an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn both_tokens(self) -> Self {
        self.rule(Rule::BothTokens)
    }

    /// Asks for a sign-in at most this long ago, in whole seconds: else 401 `insufficient_user_authentication` with `max_age` (RFC 9470
    /// section 3).
    ///
    /// ```
    /// use std::time::Duration;
    /// use countersign::{AuthLayer, SessionClaims};
    ///
    /// fn for_payouts<C: SessionClaims>(layer: AuthLayer<C>) -> AuthLayer<C> {
    ///     layer.fresh(Duration::from_secs(10 * 60)).deny_impersonated()
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When it is less than a second, and on an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn fresh(self, max_age: Duration) -> Self {
        self.rule(Rule::Fresh(max_age))
    }

    /// Refuses who acts for somebody else, with 403 `forbidden`: a token with `act` (RFC 8693 section 4.1).
    ///
    /// # Panics
    ///
    /// On an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn deny_impersonated(self) -> Self {
        self.rule(Rule::NotImpersonated)
    }

    /// Asks for this rule; several rules have to hold all together.
    ///
    /// ```
    /// use countersign::{AuthLayer, Rule, SessionClaims};
    ///
    /// fn for_editors<C: SessionClaims>(layer: AuthLayer<C>) -> AuthLayer<C> {
    ///     layer.rule(Rule::Any(&[Rule::Role("editor"), Rule::Scope("posts:write")]))
    /// }
    /// ```
    ///
    /// A named rule, unless it has a check:
    ///
    /// ```
    /// use countersign::{AuthLayer, NamedRule as _, SessionClaims, rule};
    ///
    /// rule! {
    ///     CanWrite = role("editor") && scope("posts:write");
    /// }
    ///
    /// fn for_writers<C: SessionClaims>(layer: AuthLayer<C>) -> AuthLayer<C> {
    ///     layer.rule(CanWrite::RULE)
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`role`](Self::role), for every role in it, and as [`fresh`](Self::fresh); when there is a check in it, whose function a layer does
    /// not have; and when nobody could meet all the rules of the layer.
    #[track_caller]
    pub fn rule(mut self, rule: Rule) -> Self {
        rules::check::<C::Role>(&rule);
        rules::check_scopes::<C>(&rule);
        if !self.rules.contains(&rule) {
            self.rules.push(rule);
        }
        self.consistent()
    }

    /// Sends who is not signed in to a page of yours, where the answer would be 401: with 303 (RFC 9110 section 15.4.4), or with
    /// 200 and `HX-Redirect` when the request says `HX-Request: true`.
    ///
    /// Other refusals stay what they are: who is signed in and lacks a role finds nothing to mend on a login page. The target is
    /// this one whatever the request says. Do not put the layer around the target itself.
    ///
    /// # Panics
    ///
    /// When `target` cannot stand in a header.
    #[track_caller]
    pub fn redirect(mut self, target: &str) -> Self {
        self.redirect = Some(Redirect::to(target));
        self
    }

    #[track_caller]
    fn consistent(self) -> Self {
        assert!(
            !self.optional || self.rules.is_empty(),
            "an optional `AuthLayer` lets in callers without credentials, who meet no rule; remove `optional` or the rule"
        );
        if let Access::Require(rule) = self.access() {
            rules::check_together::<C::Role>(&rule);
        }
        self
    }

    pub(crate) fn access(&self) -> Access {
        match self.rules.as_slice() {
            [] if self.optional => Access::Optional,
            [] => Access::Authenticated,
            [rule] => Access::Require(*rule),
            several => Access::Require(rules::all(several.to_vec())),
        }
    }
}

impl<C> fmt::Debug for AuthLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rules, optional, redirect, .. } = self;
        let mut layer = f.debug_struct("AuthLayer");
        layer.field("rules", rules).field("optional", optional).field("redirect", redirect);
        layer.finish_non_exhaustive()
    }
}

impl<S, C: SessionClaims> Layer<S> for AuthLayer<C> {
    type Service = AuthService<S, C>;

    fn layer(&self, inner: S) -> AuthService<S, C> {
        let admission = Admission::Access { access: self.access(), redirect: self.redirect.clone() };
        AuthService::new(inner, self.auth.clone(), admission)
    }
}

/// Lets in only callers who are not signed in. [`Auth::anonymous_only`] makes one.
#[derive(Clone)]
#[must_use = "a layer takes effect where a router or a service is given it"]
pub struct AnonymousOnlyLayer<C> {
    auth: Auth<C>,
    live: bool,
    home: Redirect,
}

impl<C: SessionClaims> AnonymousOnlyLayer<C> {
    /// Takes for signed in only whose session has not ended, as the store says at this moment. Without it, somebody whose session
    /// was ended elsewhere is sent back and forth between a live page and this one until the access token has expired.
    pub fn live(mut self) -> Self {
        self.live = true;
        self
    }
}

impl<C> fmt::Debug for AnonymousOnlyLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut layer = f.debug_struct("AnonymousOnlyLayer");
        layer.field("live", &self.live).field("home", &self.home).finish_non_exhaustive()
    }
}

impl<S, C: SessionClaims> Layer<S> for AnonymousOnlyLayer<C> {
    type Service = AuthService<S, C>;

    fn layer(&self, inner: S) -> AuthService<S, C> {
        let access = if self.live { Access::Require(Rule::Live) } else { Access::Authenticated };
        let admission = Admission::Anonymous { unless: access, home: self.home.clone() };
        AuthService::new(inner, self.auth.clone(), admission)
    }
}

/// Who passes.
#[derive(Clone, Debug)]
enum Admission {
    /// Who satisfies the access.
    Access { access: Access, redirect: Option<Redirect> },
    /// Who does not.
    Anonymous { unless: Access, home: Redirect },
}

impl Admission {
    /// Decides; what is not let in has its answer.
    async fn admit<C, R>(&self, parts: &mut Parts, auth: &Auth<C>) -> Result<(), Response<R>>
    where
        C: SessionClaims,
        R: From<Vec<u8>>,
    {
        match self {
            Self::Access { access, redirect } => {
                let rejection = match authorize(parts, auth, access).await {
                    Ok(session) => {
                        show(parts, session);
                        return Ok(());
                    }
                    Err(rejection) => rejection,
                };
                match redirect {
                    Some(login) if rejection.denial().status() == StatusCode::UNAUTHORIZED => {
                        Err(login.response(&parts.headers))
                    }
                    _ => Err(rejection.response()),
                }
            }
            // A caller who is not signed in is no refusal here, and so no event either.
            Self::Anonymous { unless, home } => match decided(parts, auth, unless).await {
                Ok(_) => Err(home.response(&parts.headers)),
                Err(refusal) if refusal.denial.status() == StatusCode::UNAUTHORIZED => {
                    // The token of a session that has ended was verified before the store was asked.
                    forget::<C>(parts);
                    Ok(())
                }
                Err(refusal) => Err(refuse(parts, auth, Some(*unless), &refusal).response()),
            },
        }
    }
}
