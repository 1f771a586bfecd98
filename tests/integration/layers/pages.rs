//! Pages: visitors who are not signed in are redirected to the login, and signed-in users are not.

use std::sync::Arc;

use axum::http::{HeaderName, Method, StatusCode, header};
use axum::routing::get;
use axum::{Extension, Router};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore, TestClock};
use countersign::{Auth, Liveness, Session};

use super::{Heard, auth, login, pages, request, send, with_headers};
use crate::support::{NOW, User, builder, forge, payload, payload_with};

#[test]
#[should_panic = "a redirect goes to a path such as `/login`, or to a URL"]
fn a_target_that_does_not_fit_a_header_is_refused() {
    let _ = auth().layer().redirect("/login\r\nSet-Cookie: a=b");
}

/// Such a target leads to a different place from each page.
#[test]
fn a_target_that_depends_on_the_page_is_refused() {
    for target in ["login", "//login.example.com", "", "javascript:alert(1)", "./login"] {
        let refused = std::panic::catch_unwind(|| auth().layer().redirect(target));
        assert!(refused.is_err(), "{target:?}");
    }
    let _ = auth().layer().redirect("https://login.example.com/");
}

/// Pages redirect visitors to the login.
#[tokio::test]
async fn a_page_redirects_visitors_and_no_other_caller() {
    let auth = auth();
    let pages = pages(auth.layer().role("editor").redirect("/login"));
    let html = [("accept", "text/html")];
    for (method, target) in [
        (Method::GET, "/login?next=%2Fpage"),
        (Method::HEAD, "/login?next=%2Fpage"),
        (Method::POST, "/login"),
    ] {
        let mut request = with_headers("/page", None, &html);
        *request.method_mut() = method;
        let answer = send(&pages, request).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header(header::LOCATION), Some(target));
        assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), None);
        assert!(answer.body.is_empty());
    }
    let program = with_headers("/page", Some("not-a-token"), &html);
    send(&pages, program).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let member = forge(&payload());
    send(&pages, request(Some(&member))).await.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    let editor = forge(&payload_with("roles", serde_json::json!(["editor"])));
    assert_eq!(send(&pages, request(Some(&editor))).await.status, StatusCode::OK);
}

const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// htmx follows a header of its own, since it would swap the target of a 303 into the page.
#[tokio::test]
async fn htmx_is_redirected_in_its_own_way() {
    let auth = auth();
    let pages = pages(auth.layer().redirect("/login"));
    let answer = send(&pages, with_headers("/page", None, &[("hx-request", "true")])).await;
    assert_eq!((answer.status, answer.header(HX_REDIRECT)), (StatusCode::OK, Some("/login")));
    assert_eq!(answer.header(header::LOCATION), None);
    assert!(answer.body.is_empty());
    for not_htmx in ["false", "1", "", "TRUE"] {
        let answer = send(&pages, with_headers("/page", None, &[("hx-request", not_htmx)])).await;
        assert_eq!((answer.status, answer.header(HX_REDIRECT)), (StatusCode::SEE_OTHER, None));
    }
}

/// Nothing in a request chooses where it is sent. A login page on this site learns a path of this site.
#[tokio::test]
async fn a_redirect_goes_where_the_application_says() {
    let auth = auth();
    let pages = pages(auth.layer().redirect("/login"));
    let headers =
        [("host", "evil.test"), ("x-forwarded-host", "evil.test"), ("referer", "https://evil.test/")];
    for (path, target) in [
        ("/page?next=https://evil.test", "/login?next=%2Fpage%3Fnext%3Dhttps%3A%2F%2Fevil.test"),
        ("/page?next=%0d%0aSet-Cookie:a=b", "/login?next=%2Fpage%3Fnext%3D%250d%250aSet-Cookie%3Aa%3Db"),
        ("//evil.test/page", "/login"),
        ("/%2f/evil.test", "/login"),
    ] {
        let answer = send(&pages, with_headers(path, None, &headers)).await;
        assert_eq!(answer.header(header::LOCATION), Some(target), "{path}");
    }
}

/// A login page, with the home page behind it.
fn login_page(auth: &Auth<User>) -> Router {
    Router::new()
        .route("/page", get(async || "login").post(async || "login"))
        .layer(auth.anonymous_only("/home"))
}

/// A user who is signed in is sent away from the login page.
#[tokio::test]
async fn a_login_page_sends_signed_in_users_home() {
    let auth = auth();
    let page = login_page(&auth);
    let token = forge(&payload());
    let answer = send(&page, request(Some(&token))).await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::SEE_OTHER, Some("/home")));
    let answer = send(&page, with_headers("/page", Some(&token), &[("hx-request", "true")])).await;
    assert_eq!((answer.status, answer.header(HX_REDIRECT)), (StatusCode::OK, Some("/home")));
}

/// An expired token must not lock its owner out of the page where they get the next one.
#[tokio::test]
async fn a_login_page_lets_in_callers_without_a_good_token() {
    let heard = Heard::default();
    let auth = builder(&TestClock::at(NOW)).events(heard.clone()).build().unwrap();
    let page = login_page(&auth);
    let expired = forge(&payload_with("exp", (NOW - 100).into()));
    for token in [None, Some("not-a-token"), Some(" a.b.c"), Some(&expired)] {
        assert_eq!(send(&page, request(token)).await.body, "login");
    }
    assert_eq!(heard.take(), [""; 0], "no request was refused");
    let twice = with_headers("/page", Some("a.b.c"), &[("authorization", "Bearer a.b.c")]);
    send(&page, twice).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    assert_eq!(heard.take(), ["denial refused invalid_request /page any signed-in user"]);
}

/// 503 is no reason to sign in again.
#[tokio::test]
async fn a_page_does_not_redirect_when_the_store_is_down() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let auth = builder(&TestClock::at(NOW)).store(Arc::clone(&store)).build().unwrap();
    let pages = pages(auth.layer().both_tokens().redirect("/login"));
    let pair = login(&auth, &[]).await;
    let headers = [("x-refresh-token", pair.refresh_token.as_str())];
    store.inject(Fault::Read);
    let answer = send(&pages, with_headers("/page", Some(&pair.access_token), &headers)).await;
    answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    store.heal();
    let answer = send(&pages, request(Some(&pair.access_token))).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_refresh_token");
}

/// Without `live` here, the login page and the page behind it would redirect the user to each other for 15 minutes.
#[tokio::test]
async fn a_live_login_page_lets_in_users_of_ended_sessions() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let auth =
        |liveness| builder(&TestClock::at(NOW)).store(Arc::clone(&store)).liveness(liveness).build().unwrap();
    let (on_demand, always) = (auth(Liveness::OnDemand), auth(Liveness::Always));
    let login_page = async |session: Option<Extension<Session<User>>>| match session {
        Some(_) => "login, signed in",
        None => "login",
    };
    let page = |layer| Router::new().route("/page", get(login_page)).layer(layer);
    for (live, auth) in [
        (page(on_demand.anonymous_only("/home").live()), &on_demand),
        (page(always.anonymous_only("/home")), &always),
    ] {
        let token = login(auth, &[]).await.access_token;
        assert_eq!(send(&live, request(Some(&token))).await.status, StatusCode::SEE_OTHER);
        store.inject(Fault::Read);
        let answer = send(&live, request(Some(&token))).await;
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        store.heal();
        auth.logout_all(&7).await.unwrap();
        assert_eq!(send(&live, request(Some(&token))).await.body, "login");
    }
}
