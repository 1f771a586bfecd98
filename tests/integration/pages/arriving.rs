//! Sign-ins that arrive over plain http, or from the site of an identity provider.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use countersign::{
    Auth, AuthRejection, AuthRouter, CookieSameSite, CookieTokens, Cookies, SignIn, TokenAnswer, TokenPair,
    public, routes,
};

use super::{HTML, Jar, NAVIGATE, ask, auth_with, clock, names_set};
use crate::support::{Role, User};

async fn by_cookies(sign_in: SignIn<User>) -> Result<(CookieTokens, Redirect), AuthRejection> {
    Ok((sign_in.cookies(&User::with(&[Role::Member])).await?, Redirect::to("/home?a=1&b=2")))
}

async fn by_answer(sign_in: SignIn<User>) -> Result<TokenAnswer, AuthRejection> {
    Ok(sign_in.answer(&User::with(&[Role::Member])).await?)
}

async fn by_tokens(sign_in: SignIn<User>) -> Result<TokenPair, AuthRejection> {
    Ok(sign_in.tokens(&User::with(&[Role::Member])).await?)
}

fn application(same_site: CookieSameSite) -> Router {
    let cookies = Cookies::new().with_access_cookie().same_site(same_site);
    let auth = auth_with(&clock(), |builder| builder.cookies(cookies));
    plain().layer(auth.answer_layer()).with_state(auth)
}

fn plain() -> Router<Auth<User>> {
    Router::new()
        .route("/cookies", get(by_cookies).post(by_cookies))
        .route("/answer", get(by_answer).post(by_answer))
        .route("/tokens", get(by_tokens).post(by_tokens))
}

/// The ways in which such handlers are part of a server.
fn routers(same_site: CookieSameSite) -> [Router; 4] {
    #[public(reason = "sign-in")]
    async fn cookies(sign_in: SignIn<User>) -> Result<(CookieTokens, Redirect), AuthRejection> {
        by_cookies(sign_in).await
    }
    #[public(reason = "sign-in")]
    async fn answer(sign_in: SignIn<User>) -> Result<TokenAnswer, AuthRejection> {
        by_answer(sign_in).await
    }
    let auth = auth_with(&clock(), |builder| {
        builder.cookies(Cookies::new().with_access_cookie().same_site(same_site))
    });
    let routes =
        AuthRouter::new().routes(routes!(GET | POST "/cookies" => cookies, GET | POST "/answer" => answer));
    [
        routes.with_state(auth.clone()).into(),
        AuthRouter::new().unguarded("sign-in", plain()).with_state(auth.clone()).into(),
        plain().layer(auth.answer_layer()).with_state(auth.clone()),
        plain().layer(auth.layer().optional()).with_state(auth),
    ]
}

const CHROME: (&str, &str) = (
    "user-agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
);

/// CASES A2.3: a browser drops `Secure` cookies that come over plain http, so the sign-in says why it would not last.
#[tokio::test]
async fn a_sign_in_over_plain_http_is_refused_with_its_cause() {
    let router = application(CookieSameSite::Lax);
    let origin = ("origin", "http://app.example.com");
    for (method, headers) in [
        ("POST", &[origin, ("content-type", "application/json")][..]),
        ("POST", &[origin, HTML]),
        ("GET", &[HTML, CHROME]),
        ("GET", &[HTML, ("x-forwarded-proto", "http")]),
        ("GET", &[HTML, ("forwarded", "proto=http;host=app.example.com")]),
    ] {
        for path in ["/cookies", "/answer"] {
            let answer = ask(&router, method, path, &Jar::default(), headers).await;
            answer.refused(StatusCode::FORBIDDEN, "plain_http");
            assert!(answer.text("detail").contains("https"), "{method} {headers:?}");
            assert!(names_set(&answer).is_empty());
        }
        let answer = ask(&router, method, "/tokens", &Jar::default(), headers).await;
        assert_eq!(answer.status, StatusCode::OK, "no cookie is set: {method} {headers:?}");
    }
}

/// A proxy that ends TLS and tells nothing has to keep working.
#[tokio::test]
async fn a_sign_in_that_may_be_over_https_is_not_refused_for_http() {
    let router = application(CookieSameSite::Lax);
    let same = ("sec-fetch-site", "same-origin");
    for (method, headers) in [
        ("POST", &[("origin", "https://app.example.com")][..]),
        ("POST", &[same, ("x-forwarded-proto", "http")]),
        ("POST", &[("x-csrf-token", "any"), ("x-forwarded-proto", "http"), ("accept", "*/*")]),
        ("GET", &[HTML, CHROME, ("sec-fetch-mode", "navigate"), ("x-forwarded-proto", "http")]),
        ("GET", &[HTML, CHROME, ("x-forwarded-proto", "https")]),
        ("GET", &[HTML]),
        ("GET", &[]),
    ] {
        let answer = ask(&router, method, "/cookies", &Jar::default(), headers).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{method} {headers:?}");
        assert_eq!(names_set(&answer).len(), 2, "{method} {headers:?}");
    }
}

/// CASES B1.4: the provider's site leads to the callback, and the browser leaves strict cookies behind where the answer redirects.
#[tokio::test]
async fn a_sign_in_from_another_site_goes_on_by_way_of_this_one() {
    let site = |site: &'static str| [NAVIGATE[0], NAVIGATE[1], NAVIGATE[2], ("sec-fetch-site", site)];
    for (same_site, from, lands) in [
        (CookieSameSite::Strict, "cross-site", true),
        (CookieSameSite::Strict, "same-site", false),
        (CookieSameSite::Strict, "same-origin", false),
        (CookieSameSite::Strict, "none", false),
        (CookieSameSite::Lax, "cross-site", false),
    ] {
        for router in routers(same_site) {
            let answer = ask(&router, "GET", "/cookies?code=a", &Jar::default(), &site(from)).await;
            assert_eq!(names_set(&answer).len(), 2, "the user is signed in: {same_site:?} {from}");
            assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
            if lands {
                let page = String::from_utf8(answer.body.to_vec()).unwrap();
                assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::OK, None));
                assert!(page.contains("content=\"0; url='/home?a=1&amp;b=2'\""), "{page}");
            } else {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{same_site:?} {from}");
                assert_eq!(answer.header(header::LOCATION), Some("/home?a=1&b=2"));
            }
            let answer = ask(&router, "GET", "/answer", &Jar::default(), &site(from)).await;
            assert!(
                answer.json()["csrf_token"].is_string(),
                "an answer that redirects nowhere stays what it is"
            );
        }
    }
    for router in routers(CookieSameSite::Strict) {
        let form = [NAVIGATE[0], NAVIGATE[1], ("sec-fetch-site", "cross-site")];
        let answer = ask(&router, "POST", "/cookies", &Jar::default(), &form).await;
        answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
        let script =
            [("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), ("sec-fetch-site", "cross-site")];
        let answer = ask(&router, "GET", "/cookies", &Jar::default(), &script).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "a script follows no page");
    }
}
