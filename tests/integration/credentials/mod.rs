//! Which token counts: every pair of places and states, at every kind of route, and the way out of every state.

mod walks;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, Method, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use countersign::dangerous::AccessTokenInQuery;
use countersign::session::SessionMetadata;
use countersign::{
    AuthBuilder, AuthRejection, AuthRouter, CookieTokens, Cookies, Liveness, SignIn, TokenAnswer, TokenPair,
    authenticated, public, routes,
};
use serde_json::json;
use tower::ServiceExt as _;

use crate::browser::SAME_ORIGIN;
use crate::support::{Answer, App, NOW, User, forge, forge_with, payload_with};

const NAMED: HeaderName = HeaderName::from_static("x-access-token");

/// A place that may hold an access token, the one that counts first first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Bearer,
    Header,
    Cookie,
    Query,
}

const PLACES: [Place; 4] = [Place::Bearer, Place::Header, Place::Cookie, Place::Query];

/// The content of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Nothing,
    Good,
    AnotherUsers,
    Expired,
    Ended,
    OtherKey,
    OtherScheme,
    Empty,
    Garbage,
}

const CONTENTS: [Content; 9] = [
    Content::Nothing,
    Content::Good,
    Content::AnotherUsers,
    Content::Expired,
    Content::Ended,
    Content::OtherKey,
    Content::OtherScheme,
    Content::Empty,
    Content::Garbage,
];

/// One content for each place, in the order of [`PLACES`].
type Contents = [Content; 4];

/// Every content of every two places, with nothing in the two others.
fn pairs() -> Vec<Contents> {
    let mut all = Vec::new();
    for one in 0..4 {
        for other in one + 1..4 {
            for first in CONTENTS {
                for second in CONTENTS {
                    let mut contents = [Content::Nothing; 4];
                    (contents[one], contents[other]) = (first, second);
                    if !all.contains(&contents) {
                        all.push(contents);
                    }
                }
            }
        }
    }
    all
}

/// A server with every place switched on.
struct Server {
    app: App,
    router: Router,
    good: TokenPair,
    another: TokenPair,
    ended: TokenPair,
}

fn everywhere(builder: AuthBuilder<User>) -> AuthBuilder<User> {
    builder
        .access_header(NAMED)
        .cookies(Cookies::new().with_access_cookie())
        .access_query(AccessTokenInQuery::named("access_token"))
        .liveness(Liveness::Always)
}

#[authenticated]
#[utoipa::path(get, path = "/who")]
async fn who(user: User) -> String {
    user.id.to_string()
}

#[utoipa::path(get, path = "/visitor")]
async fn visitor(user: Option<User>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| user.id.to_string())
}

#[public(reason = "open")]
#[utoipa::path(get, path = "/open")]
async fn open() -> &'static str {
    "open"
}

#[public(reason = "sign-in of browsers")]
#[utoipa::path(post, path = "/sign-in")]
async fn sign_in(sign_in: SignIn<User>) -> Result<CookieTokens, AuthRejection> {
    Ok(sign_in.cookies(&User::with(&[])).await?)
}

#[public(reason = "sign-in of programs")]
#[utoipa::path(post, path = "/sign-in/tokens")]
async fn sign_in_tokens(sign_in: SignIn<User>) -> Result<TokenPair, AuthRejection> {
    Ok(sign_in.tokens(&User::with(&[])).await?)
}

#[public(reason = "sign-in of everybody")]
#[utoipa::path(post, path = "/sign-in/answer")]
async fn sign_in_answer(sign_in: SignIn<User>) -> Result<TokenAnswer, AuthRejection> {
    Ok(sign_in.answer(&User::with(&[])).await?)
}

impl Server {
    async fn start() -> Self {
        Self::with(everywhere).await
    }

    async fn with(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> Self {
        let app = App::with(configure);
        let auth = &app.auth;
        let router = AuthRouter::new()
            .routes(routes!(who, visitor, open, sign_in, sign_in_tokens, sign_in_answer))
            .routes(auth.routes().nest("/auth"))
            .with_state(auth.clone());
        let layered = Router::new().route("/layered", get(|| async { "in" })).layer(auth.layer());
        let login = get(|| async { "login" }).layer(auth.anonymous_only("/"));
        let router = Router::from(router).merge(layered).route("/login", login);
        let login =
            async |id| auth.login(&User { id, ..User::with(&[]) }, SessionMetadata::default()).await.unwrap();
        let (good, another, ended) = (login(7).await, login(8).await, login(9).await);
        auth.logout(&ended.refresh_token).await.unwrap();
        Self { router, good, another, ended, app }
    }

    fn token(&self, content: Content) -> String {
        match content {
            Content::Good => self.good.access_token.clone(),
            Content::AnotherUsers => self.another.access_token.clone(),
            Content::Expired => forge(&payload_with("exp", json!(NOW - 3600))),
            Content::Ended => self.ended.access_token.clone(),
            Content::OtherKey => {
                let key = b"another secret, of which this server has never heard 9";
                forge_with(&crate::support::access_header(), &payload_with("name", json!("x")), key)
            }
            Content::OtherScheme => "Basic dXNlcjpwYXNz".to_owned(),
            Content::Garbage => "garbage".to_owned(),
            Content::Nothing | Content::Empty => String::new(),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        contents: Contents,
        more: &[(&str, &str)],
    ) -> Request<Body> {
        let mut query = String::new();
        let mut request = Request::builder().method(method);
        for (place, content) in PLACES.into_iter().zip(contents) {
            if content == Content::Nothing {
                continue;
            }
            let token = self.token(content);
            match place {
                Place::Bearer if content == Content::OtherScheme => {
                    request = request.header(header::AUTHORIZATION, token);
                }
                Place::Bearer => request = request.header(header::AUTHORIZATION, format!("Bearer {token}")),
                Place::Header => request = request.header(NAMED, token),
                Place::Cookie => request = request.header(header::COOKIE, format!("__Host-access={token}")),
                Place::Query => query = format!("?access_token={}", token.replace(' ', "%20")),
            }
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        request.uri(format!("{path}{query}")).body(Body::empty()).unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let answer: Response = self.router.clone().oneshot(request).await.unwrap();
        Answer::read(answer).await
    }

    async fn sessions_of(&self, user: u64) -> usize {
        self.app.auth.sessions(&user).await.unwrap().len()
    }
}

/// The part of an answer that depends on the token.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    status: u16,
    /// The user of the token that counted, or the code of the refusal.
    said: String,
    /// The answer takes the access cookie away, and no other.
    takes_cookie: bool,
}

impl Outcome {
    fn of(answer: &Answer) -> Self {
        let said = match serde_json::from_slice::<serde_json::Value>(&answer.body) {
            Ok(body) if body["code"].is_string() => body["code"].as_str().unwrap().to_owned(),
            _ => String::from_utf8_lossy(&answer.body).into_owned(),
        };
        let cookies = answer.set_cookies();
        let takes_cookie = cookies.iter().any(|cookie| {
            cookie.name() == "__Host-access" && cookie.max_age().is_some_and(cookie::time::Duration::is_zero)
        });
        assert_eq!(cookies.len(), usize::from(takes_cookie), "no other cookie is touched");
        Self { status: answer.status.as_u16(), said, takes_cookie }
    }
}

/// The content that counts, by weights and not by the order of a search: 8 for the bearer token down to 1 for the query. `Err` for two
/// tokens that the client chose to send.
fn counting(contents: Contents) -> Result<Option<(Place, Content)>, ()> {
    let weigh = |place: usize| -> u32 {
        let is_none = match contents[place] {
            Content::Nothing | Content::Empty => true,
            Content::OtherScheme => place == 0,
            _ => false,
        };
        if is_none { 0 } else { 8 >> place }
    };
    let sum: u32 = (0..4).map(weigh).sum();
    if sum & 0b1100 == 0b1100 {
        return Err(());
    }
    Ok((sum > 0).then(|| {
        let place = usize::try_from(sum.leading_zeros() - 28).unwrap();
        (PLACES[place], contents[place])
    }))
}

/// The outcome of a route, after the rule in `docs/DESIGN.md`: `nobody` is its answer to a visitor, if it has one.
fn expected(contents: Contents, nobody: Option<(&str, bool)>) -> Outcome {
    let outcome = |status, said: &str, takes_cookie| Outcome { status, said: said.to_owned(), takes_cookie };
    match (counting(contents), nobody) {
        (Err(()), _) => outcome(400, "invalid_request", false),
        (Ok(None), Some((said, _))) => outcome(200, said, false),
        (Ok(None), None) => outcome(401, "missing_credentials", false),
        (Ok(Some((_, Content::Good))), _) => outcome(200, "7", false),
        (Ok(Some((_, Content::AnotherUsers))), _) => outcome(200, "8", false),
        (Ok(Some((Place::Cookie, _))), Some((said, true))) => outcome(200, said, true),
        (Ok(Some((place, _))), _) => outcome(401, "invalid_token", place == Place::Cookie),
    }
}

const NAVIGATION: [(&str, &str); 2] = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// Rows 64, 66 and 148 to 152.
#[tokio::test]
async fn one_rule_decides_for_every_pair_of_places_and_states() {
    let server = Server::start().await;
    let pairs = pairs();
    assert_eq!(pairs.len(), 1 + 4 * 8 + 6 * 64);
    for contents in pairs {
        let ask = async |path: &str, more: &[(&str, &str)]| {
            Outcome::of(&server.send(server.request(Method::GET, path, contents, more)).await)
        };
        let guarded = expected(contents, None);
        for more in [&[][..], &NAVIGATION] {
            assert_eq!(ask("/who", more).await, guarded, "{contents:?}");
        }
        let layered = ask("/layered", &[]).await;
        assert_eq!(
            (layered.status, layered.takes_cookie),
            (guarded.status, guarded.takes_cookie),
            "{contents:?}"
        );
        assert_eq!(ask("/visitor", &[]).await, expected(contents, Some(("nobody", false))), "{contents:?}");
        assert_eq!(
            ask("/visitor", &NAVIGATION).await,
            expected(contents, Some(("nobody", true))),
            "{contents:?}"
        );
        let open = Outcome { status: 200, said: "open".to_owned(), takes_cookie: false };
        assert_eq!(ask("/open", &[]).await, open, "{contents:?}");
        let page = ask("/login", &[]).await;
        let login = match counting(contents) {
            Err(()) => (400, false),
            Ok(Some((_, Content::Good | Content::AnotherUsers))) => (303, false),
            Ok(counting) => (200, counting.is_some_and(|(place, _)| place == Place::Cookie)),
        };
        assert_eq!((page.status, page.takes_cookie), login, "{contents:?}");
    }
}

/// Rows 148 to 151, for the endpoints: only two sent tokens are refused, and the token that counts is the one whose session ends.
#[tokio::test]
async fn sign_in_and_sign_out_work_in_every_pair_of_states() {
    for contents in pairs() {
        for (path, is_tokens) in [("/sign-in", false), ("/sign-in/tokens", true), ("/auth/logout", false)] {
            let server = Server::start().await;
            let answer = server.send(server.request(Method::POST, path, contents, &[SAME_ORIGIN])).await;
            let is_sign_in = path != "/auth/logout";
            let ends = match counting(contents) {
                Err(()) => {
                    answer.refused(StatusCode::BAD_REQUEST, "invalid_request");
                    assert_eq!((server.sessions_of(7).await, server.sessions_of(8).await), (1, 1));
                    continue;
                }
                // Row 157: no cookie counts where none is set.
                Ok(Some((Place::Cookie, _))) if is_tokens => None,
                Ok(counting) => counting.map(|(_, content)| content),
            };
            assert!(answer.status.is_success(), "{path} {contents:?} {answer:?}");
            let left = usize::from(ends != Some(Content::Good)) + usize::from(is_sign_in);
            assert_eq!(server.sessions_of(7).await, left, "{path} {contents:?}");
            let left = usize::from(ends != Some(Content::AnotherUsers));
            assert_eq!(server.sessions_of(8).await, left, "{path} {contents:?}");
        }
    }
}

/// The content of a refresh token's place, and whether it can be exchanged.
fn refresh_tokens(server: &Server) -> [(&'static str, Option<String>, bool); 6] {
    [
        ("nothing", None, false),
        ("good", Some(server.good.refresh_token.clone()), true),
        ("another user's", Some(server.another.refresh_token.clone()), true),
        ("ended", Some(server.ended.refresh_token.clone()), false),
        ("empty", Some(String::new()), false),
        ("an access token", Some(server.good.access_token.clone()), false),
    ]
}

/// Rows 148, 150 and 151, for the refresh: the body beats the cookie, and the access tokens of the request do not matter.
#[tokio::test]
async fn a_refresh_takes_the_token_of_the_body_and_else_of_the_cookie() {
    for in_body in 0..6 {
        for in_cookie in 0..6 {
            let server = Server::start().await;
            let ((body_name, body, body_good), (cookie_name, cookie, cookie_good)) =
                (refresh_tokens(&server)[in_body].clone(), refresh_tokens(&server)[in_cookie].clone());
            let name = format!("{body_name} in the body, {cookie_name} in the cookie");
            let mut request = server.request(
                Method::POST,
                "/auth/refresh",
                [Content::OtherScheme, Content::Garbage, Content::Expired, Content::Nothing],
                &[SAME_ORIGIN],
            );
            if let Some(token) = &cookie {
                let cookie = format!("__Host-refresh={token}");
                request.headers_mut().append(header::COOKIE, cookie.parse().unwrap());
            }
            if let Some(token) = &body {
                request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
                *request.body_mut() = Body::from(json!({ "refresh_token": token }).to_string());
            }
            let answer = server.send(request).await;
            let (is_sent, is_held) = (body.is_some(), cookie.is_some_and(|token| !token.is_empty()));
            let status = match (is_sent, is_held) {
                (true, _) if body_good => 200,
                (false, true) if cookie_good => 200,
                _ => 400,
            };
            assert_eq!(answer.status.as_u16(), status, "{name}: {answer:?}");
            let in_kind = answer.set_cookies().iter().any(|cookie| !cookie.value().is_empty());
            assert_eq!(in_kind, status == 200 && !is_sent, "{name}");
            // The refresh cookie of an ended session is taken away, and no other one.
            let taken = answer.set_cookies().iter().any(|cookie| cookie.value().is_empty());
            assert_eq!(taken, !is_sent && cookie_name == "ended", "{name}");
        }
    }
}

/// Row 64, for the query: each token would cost a question to the store.
#[tokio::test]
async fn a_query_with_several_tokens_is_refused_by_sign_in_and_sign_out() {
    let server = Server::start().await;
    let (one, other) = (&server.good.access_token, &server.another.access_token);
    for path in ["/auth/logout", "/sign-in", "/sign-in/tokens"] {
        let path = format!("{path}?access_token={one}&access_token={other}");
        let request = server.request(Method::POST, &path, [Content::Nothing; 4], &[SAME_ORIGIN]);
        server.send(request).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    assert_eq!((server.sessions_of(7).await, server.sessions_of(8).await), (1, 1));
}

/// A setting leaves `Authorization` to another layer, which uses the scheme `Bearer` as well.
#[tokio::test]
async fn an_authorization_header_of_another_layer_stays_unread() {
    let server = Server::with(|builder| everywhere(builder).ignore_authorization_header()).await;
    for content in CONTENTS {
        for cookie in CONTENTS {
            let ask = async |bearer| {
                let contents = [bearer, Content::Nothing, cookie, Content::Nothing];
                Outcome::of(&server.send(server.request(Method::GET, "/who", contents, &[])).await)
            };
            assert_eq!(ask(content).await, ask(Content::Nothing).await, "{content:?} {cookie:?}");
        }
    }
    let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
    let contents = [Content::Nothing, Content::Nothing, Content::Good, Content::Nothing];
    let answer = server.send(server.request(Method::GET, "/who", contents, &twice)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let document: AuthRouter = AuthRouter::new().routes(routes!(who)).with_state(server.app.auth.clone());
    let document = serde_json::to_value(document.openapi()).unwrap();
    assert!(document["components"]["securitySchemes"].get("bearer").is_none(), "{document:#}");
    let refused = crate::support::builder(&server.app.clock).ignore_authorization_header().build();
    let error = refused.unwrap_err();
    assert!(error.to_string().contains("`access_header` or `Cookies::with_access_cookie`"), "{error}");
}
