//! Sign-ins that arrive over plain http, or from the site of an identity provider.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use countersign::{AuthRejection, CookieSameSite, CookieTokens, Cookies, SignIn, TokenAnswer, TokenPair};

use super::{HTML, Jar, NAVIGATE, ask, auth_with, clock, names_set};
use crate::support::{Role, User};

async fn by_cookies(sign_in: SignIn<User>) -> Result<(CookieTokens, Redirect), AuthRejection> {
    Ok((sign_in.cookies(&User::with(&[Role::Member])).await?, Redirect::to("/")))
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
    let routes = Router::new()
        .route("/cookies", get(by_cookies).post(by_cookies))
        .route("/answer", get(by_answer).post(by_answer))
        .route("/tokens", get(by_tokens).post(by_tokens));
    Router::new().nest("/auth", routes.clone()).merge(routes).with_state(auth)
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

/// CASES B1.4: the provider's site leads to the callback. With strict cookies the browser is led there once more by a page of this site, and
/// the handler runs then.
#[tokio::test]
async fn a_sign_in_from_another_site_goes_by_way_of_this_one() {
    let site = |site: &'static str| [NAVIGATE[0], NAVIGATE[1], NAVIGATE[2], ("sec-fetch-site", site)];
    for (same_site, from, lands) in [
        (CookieSameSite::Strict, "cross-site", true),
        (CookieSameSite::Strict, "same-site", false),
        (CookieSameSite::Strict, "same-origin", false),
        (CookieSameSite::Strict, "none", false),
        (CookieSameSite::Lax, "cross-site", false),
    ] {
        let router = application(same_site);
        for path in ["/cookies?code=a&state=b", "/auth/cookies?code=a&state=%22b%27"] {
            let answer = ask(&router, "GET", path, &Jar::default(), &site(from)).await;
            if lands {
                let address = path.replace('&', "&amp;");
                let page = String::from_utf8(answer.body.to_vec()).unwrap();
                assert_eq!(answer.status, StatusCode::OK);
                assert!(page.contains(&format!("content=\"0; url='{address}'\"")), "{page}");
                assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
                assert!(names_set(&answer).is_empty(), "no session is open yet");
            } else {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{same_site:?} {from}");
                assert_eq!(names_set(&answer).len(), 2);
            }
        }
    }
    let router = application(CookieSameSite::Strict);
    let script = [("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), ("sec-fetch-site", "cross-site")];
    let answer = ask(&router, "GET", "/tokens", &Jar::default(), &script).await;
    assert!(answer.json()["access_token"].is_string(), "a script follows no page");
    let form = [NAVIGATE[0], NAVIGATE[1], ("sec-fetch-site", "cross-site")];
    let answer = ask(&router, "POST", "/cookies", &Jar::default(), &form).await;
    answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
}
