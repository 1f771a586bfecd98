//! Layers: the rules of the access attributes for whole routers, and for services without macros.
//!
//! [`Auth::layer`] and [`Auth::anonymous_only`] make the two layers, [`rules`] refuses rules that make no sense while the program
//! starts, and [`service`] asks [`authorize`](crate::extract) about each request. The decisions and the refusals are those of the attributes.
//! For pages, [`renewal`] exchanges the refresh cookie of a navigation before that, and [`redirect`] leads a visitor to the login page.
//! [`answers`] completes the answers of handlers in a plain router.

mod answers;
mod redirect;
mod renewal;
mod rules;
mod service;

use std::fmt;
use std::time::Duration;

use http::header::SET_COOKIE;
use http::request::Parts;
use http::{Response, StatusCode};
use tower_layer::Layer;

use self::redirect::Redirect;
use crate::access::{Access, Rule};
use crate::auth::{Auth, Session};
use crate::claims::SessionClaims;
use crate::extract::{Asker, Destination, authorize, decided, forget, forget_bad_cookie, refuse, show};
use crate::log::TARGET;
use crate::rejection::{AuthRejection, Denial};

pub use answers::{AnswerLayer, AnswerService};
pub(crate) use rules::all as all_of;
pub(crate) use rules::any as any_of;
pub use service::AuthService;

impl<C: SessionClaims> Auth<C> {
    /// A layer that lets in signed-in users only; its methods demand more, or less.
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
        AuthLayer { auth: self.clone(), rules: Vec::new(), optional: false, pages: Pages::default() }
    }

    /// A layer for login pages: it sends a user who is signed in already to `home`, with 303 (RFC 9110 section 15.4.4) or, in answer
    /// to htmx, with `HX-Redirect`.
    ///
    /// A request without a token, or with one that is no longer valid, passes. If the pages behind the login demand a
    /// [live](AnonymousOnlyLayer::live) session, demand one here too.
    ///
    /// Put it on the page, not on the sign-in itself: a user who signs in again while signed in gets a new session.
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
    /// When `home` is no path and no URL, or cannot be in a header.
    #[track_caller]
    pub fn anonymous_only(&self, home: &str) -> AnonymousOnlyLayer<C> {
        AnonymousOnlyLayer { auth: self.clone(), live: false, home: Redirect::to(home) }
    }
}

/// Guards a whole [`axum::Router`], or any tower service that takes a `Request<B>` and returns a `Response<R>`, with the rules, the
/// decisions and the answers of the access attributes. [`Auth::layer`] makes one.
///
/// The verified [`Session`](crate::Session) stays in the request's extensions. The extractors inside find it there and do not verify
/// its token again; a service without extractors reads it from there.
///
/// With [`Router::layer`](axum::Router::layer) it also answers for paths that do not exist, with
/// [`Router::route_layer`](axum::Router::route_layer) only for those that do. Put a CORS layer around it, because a preflight carries no
/// credentials. The OpenAPI document of an [`AuthRouter`](crate::AuthRouter) describes the accesses of handlers, and no layers. To guard
/// an `AuthRouter` with a layer that its document describes, use [`AuthRouter::guard`](crate::AuthRouter::guard).
#[derive(Clone)]
#[must_use = "a layer has no effect until it is added to a router or a service"]
pub struct AuthLayer<C> {
    auth: Auth<C>,
    rules: Vec<Rule>,
    optional: bool,
    pages: Pages,
}

impl<C: SessionClaims> AuthLayer<C> {
    /// Lets anyone in except callers with bad credentials, who are refused and not treated as anonymous.
    ///
    /// # Panics
    ///
    /// When the layer has a rule, because only a signed-in user can meet one.
    #[track_caller]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self.consistent()
    }

    /// Demands this role, by name or as a value, held directly or by implication: `role("admin")`, `role(Role::Admin)`.
    ///
    /// # Panics
    ///
    /// When the claims' roles are a closed set without it, and on an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn role(self, role: impl Into<&'static str>) -> Self {
        self.rule(Rule::Role(role.into()))
    }

    /// Demands any of these roles.
    ///
    /// # Panics
    ///
    /// As [`role`](Self::role), and when the list is empty.
    #[track_caller]
    pub fn any_role(self, roles: impl IntoIterator<Item: Into<&'static str>>) -> Self {
        let roles: Vec<_> = roles.into_iter().map(|role| Rule::Role(role.into())).collect();
        assert!(!roles.is_empty(), "`AuthLayer::any_role` names no role; name those that may pass");
        self.rule(rules::any(roles))
    }

    /// Demands this scope.
    ///
    /// # Panics
    ///
    /// On an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn scope(self, scope: &'static str) -> Self {
        self.rule(Rule::Scope(scope))
    }

    /// Demands a session that has not ended; the store is asked at each request. Refused with 401, and with 503 while the store does not
    /// answer.
    ///
    /// # Panics
    ///
    /// On an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn live(self) -> Self {
        self.rule(Rule::Live)
    }

    /// Demands the refresh token beside the access token, and leaves a [`RefreshSession`](crate::RefreshSession) for the extractors
    /// inside.
    ///
    /// # Panics
    ///
    /// On an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn both_tokens(self) -> Self {
        self.rule(Rule::BothTokens)
    }

    /// Demands a sign-in at most this long ago, in whole seconds. Refused with 401 `insufficient_user_authentication` and `max_age` (RFC
    /// 9470 section 3).
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

    /// Refuses an impersonated user, whose token has `act` (RFC 8693 section 4.1), with 403 `forbidden`.
    ///
    /// # Panics
    ///
    /// On an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn deny_impersonated(self) -> Self {
        self.rule(Rule::NotImpersonated)
    }

    /// Demands a token from the issuer that the application configured under this name; `own` is this server. Refused with 403.
    ///
    /// # Panics
    ///
    /// When the `Auth` has no issuer of this name, when the layer demands another issuer or something that no token of this one has, and on an
    /// [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn issuer(self, name: &'static str) -> Self {
        self.rule(Rule::Issuer(name))
    }

    /// Demands a token that was given to a client for itself. A layer without this refuses such callers, which are not users, with 403
    /// `forbidden`.
    ///
    /// ```
    /// use countersign::{AuthLayer, SessionClaims};
    ///
    /// fn for_the_importer<C: SessionClaims>(layer: AuthLayer<C>) -> AuthLayer<C> {
    ///     layer.machine().issuer("acme")
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When the layer demands what no machine has: a sign-in or a session of this server. And on an [`optional`](Self::optional) layer.
    #[track_caller]
    pub fn machine(self) -> Self {
        self.rule(Rule::Machine)
    }

    /// Demands this rule. All rules of the layer have to hold.
    ///
    /// ```
    /// use countersign::{AuthLayer, Rule, SessionClaims};
    ///
    /// fn for_editors<C: SessionClaims>(layer: AuthLayer<C>) -> AuthLayer<C> {
    ///     layer.rule(Rule::Any(&[Rule::Role("editor"), Rule::Scope("posts:write")]))
    /// }
    /// ```
    ///
    /// A named rule without a check:
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
    /// As [`role`](Self::role) and [`fresh`](Self::fresh), for every part of the rule; when it has a check, because a layer has no function
    /// for one; and when no caller can meet all rules of the layer.
    #[track_caller]
    pub fn rule(mut self, rule: Rule) -> Self {
        rules::check::<C::Role>(&rule);
        rules::check_scopes::<C>(&rule);
        if !self.rules.contains(&rule) {
            self.rules.push(rule);
        }
        self.consistent()
    }

    /// For pages that a browser opens by their address, with an [access cookie](crate::Cookies::with_access_cookie): renews the session of a
    /// visitor on the way, and sends visitors who are not signed in to the login page.
    ///
    /// **Renewal.** The access cookie ends after minutes, the refresh cookie after weeks. A navigation with a good refresh cookie alone is
    /// renewed and goes on in the same request: the handler sees the new session with claims read anew, and the answer sets both cookies.
    /// Parallel navigations, and the script of an open page, share the window of the [rotation](crate::AuthBuilder::rotation). The
    /// exchange looks the session up, so `live` inside does not ask the store again. With [`optional`](Self::optional), pages
    /// greet a returning user.
    ///
    /// Only navigations with GET and HEAD are renewed, and no prefetch. If the session has ended, the answer takes both cookies away, and the
    /// caller is a visitor. While the store does not answer, the answer is 503, and the cookies stay.
    ///
    /// **The login page.** A visitor goes to `login?next=<path and query>`, as [`redirect`](Self::redirect) says, and
    /// [`ReturnTo`](crate::ReturnTo) takes the user back after the sign-in. With [`fresh`](Self::fresh) a signed-in user goes there too, to
    /// prove who they are: then [`anonymous_only`](Auth::anonymous_only) must not be around it, which would send them back.
    ///
    /// **Everything else** gets its 401 or 403: `fetch`, an event stream, a WebSocket, an image, a program. That of htmx also has
    /// `HX-Redirect`, which htmx follows whatever the status.
    ///
    /// ```
    /// use axum::Router;
    /// use axum::routing::get;
    /// use countersign::{Auth, AuthRouter, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    ///
    /// async fn inbox(user: User) -> String {
    ///     format!("The inbox of {}", user.id)
    /// }
    ///
    /// fn router(auth: Auth<User>) -> AuthRouter {
    ///     let pages = Router::new().route("/inbox", get(inbox));
    ///     AuthRouter::new().nest_router("/app", auth.layer().pages("/login"), pages).with_state(auth)
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`redirect`](Self::redirect).
    #[track_caller]
    pub fn pages(mut self, login: &str) -> Self {
        if self.auth.transports().access_cookie().is_none() {
            tracing::warn!(
                target: TARGET,
                login,
                "pages are opened with an access cookie, and this `Auth` has none, so each visitor goes to the login page; add \
                 `.cookies(Cookies::new().with_access_cookie())` to its builder"
            );
        }
        self.pages = Pages { login: Some(Redirect::to(login)), renews: true };
        self
    }

    /// Sends visitors who are not signed in to this page in place of a 401: with 303 (RFC 9110 section 15.4.4), or with 200 and
    /// `HX-Redirect` if the request has `HX-Request: true`.
    ///
    /// A `target` on this site gets `?next=<path and query>` added: the page that the visitor opened, with the prefix that it is nested under,
    /// or the one that htmx is on. [`ReturnTo`](crate::ReturnTo) reads it after the sign-in. Nothing else in the request changes the target.
    /// Do not put the layer around the target itself.
    ///
    /// Only what a browser opens in a window is redirected: `Sec-Fetch-Mode` says so, or `Accept` where a browser does not send that. A
    /// script would follow the redirect, and read 200 and the HTML of the login page in place of its data. So `fetch`, `EventSource`, a
    /// WebSocket, an image and a program get the 401. Other refusals stay as they are too: a login page does not help a user who lacks a
    /// role.
    ///
    /// [`pages`](Self::pages) does the same, and renews sessions before that.
    ///
    /// # Panics
    ///
    /// When `target` is no path and no URL, or cannot be in a header.
    #[track_caller]
    pub fn redirect(mut self, target: &str) -> Self {
        self.pages.login = Some(Redirect::to(target));
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
            rules::check_issuers(&rule, self.auth.accepted_issuers());
        }
        self
    }

    pub(crate) fn auth(&self) -> &Auth<C> {
        &self.auth
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
        let Self { rules, optional, pages, .. } = self;
        let mut layer = f.debug_struct("AuthLayer");
        layer.field("rules", rules).field("optional", optional).field("pages", pages);
        layer.finish_non_exhaustive()
    }
}

impl<S, C: SessionClaims> Layer<S> for AuthLayer<C> {
    type Service = AuthService<S, C>;

    fn layer(&self, inner: S) -> AuthService<S, C> {
        let admission = Admission::Access { access: self.access(), pages: self.pages.clone() };
        AuthService::new(inner, self.auth.clone(), admission)
    }
}

/// Lets in callers who are not signed in, and no others. [`Auth::anonymous_only`] makes one.
#[derive(Clone)]
#[must_use = "a layer has no effect until it is added to a router or a service"]
pub struct AnonymousOnlyLayer<C> {
    auth: Auth<C>,
    live: bool,
    home: Redirect,
}

impl<C: SessionClaims> AnonymousOnlyLayer<C> {
    /// Asks the store whether the session has ended, and treats a user whose session has as not signed in. Without it, a user whose
    /// session was ended elsewhere is sent back and forth between a page that demands a live session and this one, until the access
    /// token expires.
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

/// What a layer does for callers that open pages.
#[derive(Clone, Debug, Default)]
struct Pages {
    /// The page for visitors who are not signed in.
    login: Option<Redirect>,
    /// Whether a navigation is renewed.
    renews: bool,
}

impl Pages {
    /// Decides, after a renewal if there is one.
    async fn decide<C: SessionClaims>(
        &self,
        parts: &mut Parts,
        auth: &Auth<C>,
        access: &Access,
    ) -> Result<Option<Session<C>>, AuthRejection> {
        if !self.renews {
            return authorize(parts, auth, access, Asker::Gate).await;
        }
        let mut decision = decided(parts, auth, access).await;
        let lacks_session = match &decision {
            Ok(session) => session.is_none(),
            Err(refusal) => matches!(refusal.denial, Denial::MissingCredentials | Denial::InvalidToken),
        };
        // Boxed: otherwise every request to a page would reserve space for a renewal.
        if lacks_session && Box::pin(renewal::renew(parts, auth)).await? {
            decision = decided(parts, auth, access).await;
        }
        decision.map_err(|refusal| refuse(parts, auth, Some(*access), &refusal))
    }

    /// The answer to a caller who does not pass.
    fn refusal<C, R>(&self, parts: &Parts, auth: &Auth<C>, rejection: &AuthRejection) -> Response<R>
    where
        C: SessionClaims,
        R: From<Vec<u8>>,
    {
        let destination = Destination::of(parts);
        match &self.login {
            Some(login)
                if rejection.denial().status() == StatusCode::UNAUTHORIZED
                    && destination != Destination::Program =>
            {
                let login = login.with_next(&redirect::wanted(parts, auth, destination));
                if self.renews && destination == Destination::Htmx {
                    return login.beside(rejection.response());
                }
                let mut answer: Response<R> = login.response(destination);
                for cookie in rejection.cookies() {
                    answer.headers_mut().append(SET_COOKIE, cookie.clone());
                }
                answer
            }
            _ => rejection.response(),
        }
    }
}

/// The requests that pass.
#[derive(Clone, Debug)]
enum Admission {
    /// Those that satisfy the access.
    Access { access: Access, pages: Pages },
    /// Those that do not.
    Anonymous { unless: Access, home: Redirect },
}

impl Admission {
    /// Decides. `Err` is the answer to a request that does not pass.
    async fn admit<C, R>(&self, parts: &mut Parts, auth: &Auth<C>) -> Result<(), Response<R>>
    where
        C: SessionClaims,
        R: From<Vec<u8>>,
    {
        match self {
            Self::Access { access, pages } => match pages.decide(parts, auth, access).await {
                Ok(session) => {
                    show(parts, session);
                    Ok(())
                }
                Err(rejection) => Err(pages.refusal(parts, auth, &rejection)),
            },
            // `decided` and not `authorize`: a caller who is not signed in is not refused here, so there is no event.
            Self::Anonymous { unless, home } => match decided(parts, auth, unless).await {
                Ok(_) => Err(home.response(Destination::of(parts))),
                Err(refusal) if refusal.denial.status() == StatusCode::UNAUTHORIZED => {
                    // The token of an ended session was verified before the store was asked, and is remembered as a session.
                    if refusal.bad_cookie {
                        forget_bad_cookie(parts, auth);
                    } else {
                        forget::<C>(parts);
                    }
                    Ok(())
                }
                Err(refusal) => Err(refuse(parts, auth, Some(*unless), &refusal).response()),
            },
        }
    }
}
