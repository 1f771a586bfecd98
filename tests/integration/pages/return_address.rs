//! The way back after a sign-in.

use axum::extract::Form;
use axum::http::{StatusCode, header};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Extension, Router};
use countersign::testing::TestAuth;
use countersign::{
    AuthRouter, CookieTokens, Cookies, ReturnTo, Session, SignIn, authenticated, public, routes,
};
use serde::Deserialize;
use url::Url;

use super::{HTML, Jar, NAVIGATE, ask, auth, clock, page};
use crate::support::{Role, User};

const SITE: &str = "https://app.example.com";

#[authenticated]
#[utoipa::path(get, path = "/reports")]
async fn reports(_user: User) {}

/// Row 156: the whole path, with the prefixes that axum has taken off, and the query.
#[tokio::test]
async fn the_login_page_learns_the_whole_address() {
    let auth = TestAuth::<User>::with(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    for layer in [auth.layer().redirect("/login"), auth.layer().pages("/login")] {
        let guarded = AuthRouter::new().routes(routes!(reports)).guard(layer.clone());
        let twice = AuthRouter::new().nest("/admin", guarded.clone());
        let files = Router::new().route("/report", get(page));
        let service: Router = Router::new().route("/report", get(page));
        let plain =
            Router::new().nest("/deep", Router::new().nest("/er", files.clone().layer(layer.clone())));
        let router = AuthRouter::new()
            .merge(guarded)
            .nest("/admin", twice)
            .nest_router("/files", layer.clone(), files.clone())
            .nest_service("/service", layer, service)
            .unguarded("guards itself", plain);
        let router: Router = Router::from(router.with_state(auth.clone()));
        for path in [
            "/reports?year=2026",
            "/reports",
            "/admin/admin/reports?year=2026&q=a%20b",
            "/files/report?x=%2F",
            "/service/report?",
            "/deep/er/report?next=/inbox",
        ] {
            let answer = ask(&router, "GET", path, &Jar::default(), &NAVIGATE).await;
            let next: String = form_encoded(path);
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
            assert_eq!(answer.header(header::LOCATION), Some(&*format!("/login?next={next}")));
            // What a login page reads is where the visitor was going.
            let location = Url::parse(SITE).unwrap().join(answer.header(header::LOCATION).unwrap()).unwrap();
            let read: Vec<_> = location.query_pairs().collect();
            assert_eq!(read, [("next".into(), path.into())]);
        }
    }
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// htmx goes to the login page with the whole window, and comes back to the page that was open.
#[tokio::test]
async fn htmx_comes_back_to_the_page_that_is_open() {
    let (auth, _) = auth(&clock());
    let router = Router::new().route("/part", get(page).post(page)).layer(auth.layer().pages("/login"));
    let htmx = ("hx-request", "true");
    let open = ("hx-current-url", "https://app.example.com/board?id=3#top");
    for (method, headers, expected) in [
        ("GET", &[htmx, open][..], "/login?next=%2Fboard%3Fid%3D3"),
        ("POST", &[htmx, open], "/login?next=%2Fboard%3Fid%3D3"),
        ("GET", &[htmx, open, ("hx-boosted", "true")], "/login?next=%2Fpart%3Fp%3D1"),
        ("POST", &[htmx, open, ("hx-boosted", "true")], "/login?next=%2Fboard%3Fid%3D3"),
        ("GET", &[htmx], "/login"),
        ("GET", &[htmx, ("hx-current-url", "//evil.example")], "/login"),
        ("GET", &[htmx, ("hx-current-url", "https://app.example.com//evil.example")], "/login"),
        ("GET", &[htmx, ("hx-current-url", "no url \\")], "/login"),
    ] {
        let answer = ask(&router, method, "/part?p=1", &Jar::default(), headers).await;
        answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert_eq!(answer.headers["hx-redirect"], expected, "{method} {headers:?}");
    }
}

/// A token in the address of a page does not travel on.
#[tokio::test]
async fn a_token_in_the_query_stays_out_of_the_way_back() {
    let auth = super::auth_with(&clock(), |builder| {
        builder.access_query(countersign::dangerous::AccessTokenInQuery::named("token"))
    });
    let router = Router::new().route("/inbox", get(page)).layer(auth.layer().pages("/login"));
    for (path, expected) in [
        ("/inbox?a=1&token=a.b.c", "/login?next=%2Finbox"),
        ("/inbox?a=1&%74oken=a.b.c", "/login?next=%2Finbox"),
        ("/inbox?a=1&tokens=x", "/login?next=%2Finbox%3Fa%3D1%26tokens%3Dx"),
    ] {
        let answer = ask(&router, "GET", path, &Jar::default(), &[HTML]).await;
        assert_eq!(answer.header(header::LOCATION), Some(expected), "{path}");
    }
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    next: ReturnTo,
}

#[public(reason = "sign-in")]
async fn by_query(sign_in: SignIn<User>, next: ReturnTo) -> (CookieTokens, Redirect) {
    (sign_in.cookies(&User::with(&[Role::Member])).await.unwrap(), next.or("/home"))
}

#[public(reason = "sign-in")]
async fn by_form(sign_in: SignIn<User>, Form(form): Form<Credentials>) -> (CookieTokens, Redirect) {
    (sign_in.cookies(&User::with(&[Role::Member])).await.unwrap(), form.next.or("/home"))
}

/// Row 156: from the page to the login and back again, over the wire.
#[tokio::test]
async fn a_visitor_comes_back_to_the_page_after_the_sign_in() {
    let (auth, _) = auth(&clock());
    let guarded = Router::new().route("/inbox", get(page)).layer(auth.layer().pages("/login"));
    let router = Router::new().nest("/app", guarded).route("/login", post(by_query)).with_state(auth.clone());
    let mut jar = Jar::default();
    let answer = ask(&router, "GET", "/app/inbox?folder=3&q=%C3%A9", &jar, &NAVIGATE).await;
    let login = answer.header(header::LOCATION).unwrap().to_owned();
    let form = [HTML, ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "same-origin")];
    let answer = ask(&router, "POST", &login, &jar, &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), Some("/app/inbox?folder=3&q=%C3%A9"));
    jar.keep(&answer.headers);
    let back = ask(&router, "GET", answer.header(header::LOCATION).unwrap(), &jar, &NAVIGATE).await;
    assert_eq!(back.body, "7 __Host-access,__Host-refresh");
}

/// Whether a browser at a page of the site that follows this location stays there. The crate `url` resolves as browsers do (WHATWG URL).
fn stays_on_site(location: &str) -> bool {
    let site = Url::parse(SITE).unwrap().join("/login").unwrap();
    // A header cannot hold these, and a browser drops them.
    let target = site.join(location);
    target.is_ok_and(|target| target.origin() == site.origin())
}

/// Every short address of these parts, and what a hostile link could make of them.
fn addresses() -> Vec<String> {
    let parts = [
        "/",
        "\\",
        "//",
        "/\\",
        "%2F",
        "%5c",
        "%5C",
        "%09",
        "%0a",
        "%0d",
        "%00",
        "\t",
        "\n",
        "\r",
        " ",
        "\0",
        "\u{7f}",
        ".",
        "..",
        "%2e",
        ":",
        "@",
        "?",
        "#",
        ";",
        "&",
        "evil.example",
        "https:",
        "http:",
        "HTTPS://",
        "javascript:",
        "a",
        "\u{a0}",
        "\u{2028}",
        "\u{ff0f}",
        "é",
    ];
    let mut all = Vec::new();
    for first in parts {
        all.push(first.to_owned());
        for second in parts {
            all.push(format!("{first}{second}"));
            for third in parts {
                all.push(format!("{first}{second}{third}"));
                all.push(format!("{first}{second}{third}evil.example/x"));
            }
        }
    }
    all
}

/// Row 156: what is kept leads to a page of this site, as an independent parser of URLs sees it; and what that parser takes for an ordinary
/// page of this site is kept.
#[tokio::test]
async fn every_address_is_judged_as_a_browser_would() {
    let mut kept = 0;
    for address in addresses() {
        let next = ReturnTo::new(&address);
        let Some(path) = next.path() else {
            let site = Url::parse(SITE).unwrap();
            // An ordinary page is written as a browser writes it.
            let written = site.join(&address).ok().filter(|target| target.origin() == site.origin());
            let is_ordinary = written.is_some_and(|target| {
                target.as_str().strip_prefix(SITE) == Some(&*address) && !has_tricks(&address)
            });
            assert!(!is_ordinary, "{address:?} was dropped");
            continue;
        };
        kept += 1;
        assert_eq!(path, address);
        assert!(stays_on_site(path), "{path:?}");
        // It stays what it is when something on the way decodes it once, or strips what browsers strip.
        let decoded = percent_decoded(path.split(['?', '#']).next().unwrap());
        assert!(stays_on_site(&decoded), "{path:?} becomes {decoded:?}");
        let location = Url::parse(SITE).unwrap().join(path).unwrap();
        assert_eq!(location.host_str(), Some("app.example.com"));
        assert!(!location.path().starts_with("//"), "{path:?}");
        assert!(header::HeaderValue::from_str(path).is_ok());
    }
    assert!(kept > 500, "{kept}");
}

/// Tricks that a browser's own address could hold, and that are dropped all the same.
fn has_tricks(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap().to_ascii_lowercase();
    ["%5c", "%0", "%2f/", "\\"].iter().any(|trick| path.contains(trick))
        || path.starts_with("/%2f")
        || path.starts_with("//")
}

fn percent_decoded(text: &str) -> String {
    let pairs = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(pairs.as_bytes()).next().unwrap().1.into_owned()
}

/// Row 156: the same through the extractor and through a form, down to the header.
#[tokio::test]
async fn a_sign_in_goes_to_pages_of_this_site_alone() {
    let (auth, _) = auth(&clock());
    let router = Router::new().route("/login", post(by_query)).route("/form", post(by_form)).with_state(auth);
    let sender = [("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")];
    for address in addresses().into_iter().step_by(97) {
        let expected = ReturnTo::new(&address).path().unwrap_or("/home").to_owned();
        let query = format!("/login?next={}", form_encoded(&address));
        let answer = ask(&router, "POST", &query, &Jar::default(), &sender).await;
        assert_eq!(answer.header(header::LOCATION), Some(&*expected), "{address:?}");
    }
    for (body, expected) in [
        ("next=%2Finbox%3Fa%3D1", "/inbox?a=1"),
        ("next=%2F%2Fevil.example", "/home"),
        ("next=", "/home"),
        ("", "/home"),
    ] {
        let request = sender
            .iter()
            .fold(axum::http::Request::post("/form"), |request, (name, value)| request.header(*name, *value));
        let request = request.body(axum::body::Body::from(body)).unwrap();
        let answer = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
        assert_eq!(answer.headers()[header::LOCATION], expected, "{body}");
    }
}

/// A visitor who is signed in after all, on a page that shows who they are.
#[tokio::test]
async fn the_login_page_itself_can_read_the_way_back() {
    async fn login_page(next: ReturnTo, session: Option<Extension<Session<User>>>) -> String {
        format!("{} {:?}", session.is_some(), next.path())
    }
    let (auth, _) = auth(&clock());
    let router = Router::new().route("/login", get(login_page)).layer(auth.anonymous_only("/home"));
    let answer = ask(&router, "GET", "/login?next=%2Finbox", &Jar::default(), &NAVIGATE).await;
    assert_eq!(answer.body, "false Some(\"/inbox\")");
}
