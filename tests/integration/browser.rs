//! A browser as a server sees it: cookies that it keeps, and headers that no page can set. Also routes for signing in.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::Redirect;
use cookie::Cookie;
use countersign::{
    AuthBuilder, AuthError, AuthRouter, CookieTokens, Cookies, ExpiredCookies, Session, SignIn, TokenPair,
    authenticated, public, routes,
};

use crate::support::{Answer, App, AppState, Role, User};

/// The host of every request.
pub(crate) const HOST: &str = "api.example.test";
/// A page of the same host.
pub(crate) const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");
/// The header of a request that a page of another site sent.
pub(crate) const CROSS_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");

/// Sign in with cookies
#[public(reason = "a test signs in without a password")]
#[utoipa::path(post, path = "/login/cookies", responses((status = 200)))]
async fn login_cookies(sign_in: SignIn<User>) -> Result<CookieTokens, AuthError> {
    sign_in.cookies(&User::with(&[Role::Member])).await
}

/// Sign in with tokens
#[public(reason = "a test signs in without a password")]
#[utoipa::path(post, path = "/login/tokens", responses((status = 200)))]
async fn login_tokens(sign_in: SignIn<User>) -> Result<TokenPair, AuthError> {
    sign_in.tokens(&User::with(&[Role::Member])).await
}

/// The end of an OAuth flow
#[public(reason = "a test signs in without a password")]
#[utoipa::path(get, path = "/login/callback", responses((status = 303)))]
async fn callback(sign_in: SignIn<User>) -> Result<(CookieTokens, Redirect), AuthError> {
    Ok((sign_in.cookies(&User::with(&[Role::Member])).await?, Redirect::to("/")))
}

/// Removes the cookies
#[public(reason = "a test signs out without a session")]
#[utoipa::path(post, path = "/forget", responses((status = 204)))]
async fn forget(State(state): State<AppState>) -> (ExpiredCookies, StatusCode) {
    (state.auth.expired_cookies(), StatusCode::NO_CONTENT)
}

/// The place of the token
#[authenticated]
#[utoipa::path(get, path = "/transport", responses((status = 200)))]
async fn transport(session: Session<User>) -> String {
    format!("{:?}", session.transport())
}

/// A route that changes state
#[authenticated]
#[utoipa::path(post, path = "/notes", responses((status = 201)))]
async fn notes(session: Session<User>) -> (StatusCode, String) {
    (StatusCode::CREATED, format!("{:?}", session.transport()))
}

/// The usual routes and those of this module.
pub(crate) fn app(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> App {
    App::build_with(configure, routed)
}

pub(crate) fn routed(router: AuthRouter<AppState>) -> AuthRouter<AppState> {
    router.routes(routes!(login_cookies, login_tokens, callback, forget)).routes(routes!(transport, notes))
}

/// Both tokens in cookies.
pub(crate) fn with_access_cookie() -> App {
    app(|builder| builder.cookies(Cookies::new().with_access_cookie()))
}

/// A request to [`HOST`] without a body.
pub(crate) fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).unwrap()
}

impl App {
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(request(Method::POST, path, headers)).await
    }

    pub(crate) async fn fetch(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(request(Method::GET, path, headers)).await
    }

    /// Signs in as a page of the same host does.
    pub(crate) async fn sign_in(&self) -> Answer {
        let answer = self.post("/login/cookies", &[SAME_ORIGIN]).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer
    }

    /// How many sessions the user of the tests has.
    pub(crate) async fn session_count(&self) -> usize {
        self.auth.sessions(&7).await.unwrap().len()
    }
}

impl Answer {
    /// The cookies that the answer sets, in order.
    pub(crate) fn set_cookies(&self) -> Vec<Cookie<'static>> {
        let values = self.headers.get_all(header::SET_COOKIE).iter();
        values.map(|value| Cookie::parse(value.to_str().unwrap().to_owned()).unwrap()).collect()
    }

    /// The header `Cookie` of a browser that has got this answer.
    pub(crate) fn cookie_header(&self) -> String {
        let pairs: Vec<_> = self.set_cookies().iter().map(|cookie| cookie.stripped().to_string()).collect();
        pairs.join("; ")
    }

    /// The value of one cookie.
    pub(crate) fn cookie(&self, name: &str) -> String {
        let cookies = self.set_cookies();
        let cookie = cookies.iter().find(|cookie| cookie.name() == name);
        cookie.unwrap_or_else(|| panic!("no {name} in {cookies:?}")).value().to_owned()
    }
}

/// `router` with a layer that changes the headers of every request before the handlers see them, and after the session was verified.
pub(crate) fn with_header_changed(app: &App, name: &'static str, change: &'static str) -> Router {
    let state = app.auth.clone();
    let layer = axum::middleware::from_fn_with_state(
        state,
        move |session: Option<Session<User>>, mut request: Request<Body>, next: axum::middleware::Next| async move {
            assert!(session.is_some());
            let token = request.headers_mut().remove(name).unwrap();
            let token = token.to_str().unwrap().trim_start_matches("Bearer ").to_owned();
            let value = HeaderValue::from_str(&format!("__Host-access={token}")).unwrap();
            request.headers_mut().insert(change, value);
            next.run(request).await
        },
    );
    app.router.clone().layer(layer)
}
