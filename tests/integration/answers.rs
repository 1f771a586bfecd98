//! Tokens go the way their client holds its session: `answer` at sign-in and at reauthentication.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use countersign::session::SessionMetadata;
use countersign::{
    AuthBuilder, AuthRejection, AuthRouter, Cookies, Reauthentication, SignIn, TokenAnswer, TokenPair,
    public, routes,
};
use tower::ServiceExt as _;

use crate::browser::{CROSS_SITE, SAME_ORIGIN};
use crate::support::{Answer, App, SECOND, User, builder};

const TRUSTED: &str = "https://app.example.test";
const HOST: &str = "api.example.test";

#[public(reason = "sign-in")]
#[utoipa::path(post, path = "/sign-in", responses((status = 200, body = TokenAnswer)))]
async fn sign_in(sign_in: SignIn<User>) -> Result<TokenAnswer, AuthRejection> {
    Ok(sign_in.answer(&User::with(&[])).await?)
}

#[public(reason = "the end of a flow")]
#[utoipa::path(get, path = "/callback", responses((status = 200, body = TokenAnswer)))]
async fn callback(sign_in: SignIn<User>) -> Result<TokenAnswer, AuthRejection> {
    Ok(sign_in.answer(&User::with(&[])).await?)
}

#[public(reason = "the end of a flow whose provider posts a form")]
#[utoipa::path(post, path = "/callback/form", responses((status = 200, body = TokenAnswer)))]
async fn posted(sign_in: SignIn<User>) -> Result<TokenAnswer, AuthRejection> {
    Ok(sign_in.state_compared().answer(&User::with(&[])).await?)
}

#[utoipa::path(post, path = "/confirm", responses((status = 200, body = TokenAnswer)))]
async fn confirm(caller: Reauthentication<User>) -> Result<TokenAnswer, AuthRejection> {
    Ok(caller.answer().await?)
}

struct Server {
    app: App,
    router: Router,
}

impl Server {
    fn with(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> Self {
        let app = App::with(configure);
        let router = AuthRouter::new()
            .routes(routes!(sign_in, callback, posted, confirm))
            .routes(app.auth.routes().nest("/auth"));
        Self { router: router.with_state(app.auth.clone()).into(), app }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        Answer::read(answer).await
    }

    async fn login(&self) -> TokenPair {
        self.app.auth.login(&User::with(&[]), SessionMetadata::default()).await.unwrap()
    }
}

/// The way of an answer: its cookies and its body have to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Cookies,
    Tokens,
    Refused,
}

fn way_of(answer: &Answer) -> Way {
    let (has_cookies, has_token) =
        (!answer.set_cookies().is_empty(), answer.json().get("refresh_token").is_some());
    match (answer.status, has_cookies, has_token) {
        (StatusCode::OK, true, false) => Way::Cookies,
        (StatusCode::OK, false, true) => Way::Tokens,
        (StatusCode::FORBIDDEN, false, false) => Way::Refused,
        other => panic!("{other:?}"),
    }
}

/// A client, its headers, and the way of the answer at each of the three routes.
type Row<'r> = (&'static str, &'r [(&'r str, &'r str)], [Way; 3]);

const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-site");
const NAVIGATE: (&str, &str) = ("sec-fetch-mode", "navigate");
const HTML: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

/// Row 157 and situation A3.1: clients as they are, at a sign-in by POST, at the end of a flow by GET, and after a compared state.
#[tokio::test]
async fn a_sign_in_answers_the_way_its_client_can_hold_a_session() {
    use Way::{Cookies as C, Refused as R, Tokens as T};
    let own = ("origin", "https://api.example.test");
    let rows: [Row<'_>; 17] = [
        ("a page's fetch", &[SAME_ORIGIN, ("sec-fetch-mode", "cors")], [C, C, C]),
        ("an older browser's fetch", &[own], [C, C, C]),
        ("a form of this site", &[SAME_ORIGIN, NAVIGATE, HTML], [C, C, C]),
        ("a form sent again", &[("sec-fetch-site", "none"), NAVIGATE, HTML], [C, C, C]),
        ("a trusted page of the same site", &[SAME_SITE, ("origin", TRUSTED)], [C, C, C]),
        ("a trusted page of another site keeps no cookie", &[CROSS_SITE, ("origin", TRUSTED)], [T, T, T]),
        ("a redirect of the provider, or its form", &[CROSS_SITE, NAVIGATE, HTML], [R, C, C]),
        ("the same with `form_post`", &[CROSS_SITE, NAVIGATE, HTML, ("origin", "null")], [R, C, C]),
        ("an older browser on the way back", &[HTML], [R, C, C]),
        ("a page of another site", &[CROSS_SITE, ("origin", "https://evil.test")], [T, T, T]),
        ("a web view", &[CROSS_SITE, ("origin", "capacitor://localhost"), ("x-csrf-token", "1")], [T, T, T]),
        ("a web view without Fetch Metadata", &[("origin", "ionic://localhost")], [T, T, T]),
        ("an opaque web view", &[("origin", "null"), ("x-csrf-token", "1")], [T, T, T]),
        ("an extension", &[("sec-fetch-site", "none"), ("origin", "chrome-extension://abc")], [T, T, T]),
        ("a program", &[], [T, T, T]),
        ("curl", &[("accept", "*/*"), ("user-agent", "curl/8.5.0")], [T, T, T]),
        ("a program that adds the header", &[("x-csrf-token", "1")], [T, T, T]),
    ];
    for access_cookie in [false, true] {
        let cookies = || {
            let cookies = Cookies::new().trust_origin(TRUSTED);
            if access_cookie { cookies.with_access_cookie() } else { cookies }
        };
        for (client, headers, expected) in rows {
            let server = Server::with(|builder| builder.cookies(cookies()));
            let ways = [
                way_of(&server.ask(Method::POST, "/sign-in", headers).await),
                way_of(&server.ask(Method::GET, "/callback", headers).await),
                way_of(&server.ask(Method::POST, "/callback/form", headers).await),
            ];
            assert_eq!(ways, expected, "{client}");
        }
    }
    for (client, headers, _) in rows {
        let server = Server::with(|builder| builder);
        let answer = server.ask(Method::POST, "/sign-in", headers).await;
        assert_eq!(way_of(&answer), Way::Tokens, "{client} without cookies");
    }
}

/// Situation A3.2: the way the refresh token came, which in a page with its access token in memory is the cookie.
#[tokio::test]
async fn a_reauthentication_answers_the_way_the_refresh_token_came() {
    for access_cookie in [false, true] {
        let cookies = || if access_cookie { Cookies::new().with_access_cookie() } else { Cookies::new() };
        let server = Server::with(|builder| builder.cookies(cookies()));
        let other = server.login().await;
        for (client, sends, expected) in [
            ("a program", &["bearer"][..], Way::Tokens),
            ("a program that sends both tokens", &["bearer", "sent"], Way::Tokens),
            ("a page with its token in memory", &["bearer", "refresh"], Way::Cookies),
            ("a page with both in cookies", &["access", "refresh"], Way::Cookies),
            ("a page that has lost the refresh cookie", &["access"], Way::Cookies),
            ("a program beside a cookie of another session", &["bearer", "another"], Way::Tokens),
            ("a program beside a cookie that is no token", &["bearer", "garbage"], Way::Tokens),
            ("a program in a browser's jar", &["bearer", "sent", "refresh"], Way::Tokens),
        ] {
            if sends.contains(&"access") && !access_cookie {
                continue;
            }
            let pair = server.login().await;
            let mut cookie = Vec::new();
            let mut headers = vec![("sec-fetch-site", "same-origin".to_owned())];
            for sent in sends {
                match *sent {
                    "bearer" => headers.push(("authorization", format!("Bearer {}", pair.access_token))),
                    "sent" => headers.push(("x-refresh-token", pair.refresh_token.clone())),
                    "access" => cookie.push(format!("__Host-access={}", pair.access_token)),
                    "refresh" => cookie.push(format!("__Host-refresh={}", pair.refresh_token)),
                    "another" => cookie.push(format!("__Host-refresh={}", other.refresh_token)),
                    _ => cookie.push("__Host-refresh=garbage".to_owned()),
                }
            }
            if !cookie.is_empty() {
                headers.push(("cookie", cookie.join("; ")));
            }
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = server.ask(Method::POST, "/confirm", &headers).await;
            assert_eq!(way_of(&answer), expected, "{client}");
            // The client goes on with what it now holds, after the window of a lost answer.
            server.app.clock.advance(SECOND * 60);
            let held: String = match expected {
                Way::Cookies => answer.cookie("__Host-refresh"),
                _ => answer.text("refresh_token"),
            };
            server.app.auth.refresh(&held).await.unwrap_or_else(|error| panic!("{client}: {error:?}"));
        }
    }
}

/// A form of another site signs no user in to another account, whatever the answer would be; the refusal is an event.
#[tokio::test]
async fn a_refused_answer_opens_no_session_and_ends_none() {
    let server = Server::with(|builder| builder.cookies(Cookies::new()));
    let pair = server.login().await;
    let cookie = format!("__Host-refresh={}", pair.refresh_token);
    let form = [CROSS_SITE, NAVIGATE, HTML, ("cookie", cookie.as_str())];
    let answer = server.ask(Method::POST, "/sign-in", &form).await;
    answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
    assert_eq!(server.app.auth.sessions(&7).await.unwrap().len(), 1);
    assert!(server.app.auth.refresh(&pair.refresh_token).await.is_ok());
}

/// Both bodies are in the document.
#[test]
fn an_answer_is_documented_as_one_of_its_two_bodies() {
    let auth = builder(&countersign::testing::TestClock::at(crate::support::NOW)).build().unwrap();
    let router: AuthRouter = AuthRouter::new().routes(routes!(sign_in)).with_state(auth);
    let document = serde_json::to_value(router.openapi()).unwrap();
    let schema = &document["components"]["schemas"]["TokenAnswer"];
    let names: Vec<_> = schema["oneOf"].as_array().unwrap().iter().map(|one| &one["$ref"]).collect();
    assert_eq!(names.len(), 2, "{schema:#}");
    for (name, of) in names.iter().zip(["TokenPair", "CookieTokens"]) {
        assert!(name.as_str().unwrap().ends_with(of), "{schema:#}");
        assert!(document["components"]["schemas"].get(of).is_some());
    }
}
