//! The sender of a request: Fetch Metadata, `Origin`, `X-CSRF-Token`, and CORS.

use std::sync::{Arc, Mutex};

use axum::http::{Method, Request, StatusCode, header};
use countersign::{AuthEvent, AuthEventKind, AuthEvents, Cookies};
use tower::ServiceExt as _;

use crate::browser::{CROSS_SITE, HOST, SAME_ORIGIN, app, request, with_access_cookie};
use crate::support::App;

const OWN: (&str, &str) = ("origin", "https://api.example.test");
const FOREIGN: (&str, &str) = ("origin", "https://evil.test");
const TRUSTED: (&str, &str) = ("origin", "https://app.example.test");

fn trusting() -> App {
    app(|builder| {
        builder.cookies(Cookies::new().with_access_cookie().trust_origin("https://app.example.test"))
    })
}

/// The answer to a `POST` with the cookies of a signed-in user.
async fn status(app: &App, cookies: &str, headers: &[(&str, &str)]) -> StatusCode {
    let headers: Vec<_> = headers.iter().copied().chain([("cookie", cookies)]).collect();
    let answer = app.post("/notes", &headers).await;
    if answer.status != StatusCode::CREATED {
        answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
        assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), None);
    }
    answer.status
}

/// Row 107.
#[tokio::test]
async fn cookie_is_accepted_from_the_own_origin_by_fetch_metadata() {
    let app = trusting();
    let signed_in = app.sign_in().await;
    let (cookies, token) = (signed_in.cookie_header(), signed_in.text("csrf_token"));
    for site in ["same-origin", "none"] {
        let sent = ("sec-fetch-site", site);
        assert_eq!(status(&app, &cookies, &[sent]).await, StatusCode::CREATED, "{site}");
    }
    for site in ["cross-site", "same-site", "", "same-origin, cross-site", "Same-Origin", "x"] {
        let sent = ("sec-fetch-site", site);
        for more in [&[][..], &[OWN], &[FOREIGN], &[("origin", "null")], &[("x-csrf-token", &token)]] {
            let headers: Vec<_> = more.iter().copied().chain([sent]).collect();
            assert_eq!(status(&app, &cookies, &headers).await, StatusCode::FORBIDDEN, "{site} {more:?}");
        }
        let trusted = status(&app, &cookies, &[sent, TRUSTED]).await;
        assert_eq!(trusted, StatusCode::CREATED, "{site} from a trusted origin");
    }
    let twice = [SAME_ORIGIN, ("sec-fetch-site", "cross-site")];
    assert_eq!(status(&app, &cookies, &twice).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&app, &cookies, &[CROSS_SITE, TRUSTED, TRUSTED]).await, StatusCode::FORBIDDEN);
    let tokens = [("x-csrf-token", token.as_str()); 2];
    assert_eq!(status(&app, &cookies, &tokens).await, StatusCode::FORBIDDEN);
}

/// Row 108: `Origin` where `Sec-Fetch-Site` is missing.
#[tokio::test]
async fn cookie_is_accepted_from_the_own_origin_and_trusted_ones() {
    let app = trusting();
    let signed_in = app.sign_in().await;
    let (cookies, token) = (signed_in.cookie_header(), signed_in.text("csrf_token"));
    for origin in [OWN, TRUSTED] {
        assert_eq!(status(&app, &cookies, &[origin]).await, StatusCode::CREATED, "{origin:?}");
    }
    // An origin without a name cannot guess the token of the session.
    assert_eq!(status(&app, &cookies, &[("origin", "null")]).await, StatusCode::FORBIDDEN);
    let opaque = [("origin", "null"), ("x-csrf-token", &*token)];
    assert_eq!(status(&app, &cookies, &opaque).await, StatusCode::CREATED);
    for origin in [
        "",
        "https://evil.test",
        "http://api.example.test",
        "https://api.example.test:8443",
        "https://api.example.test.evil.test",
        "https://evil.test/api.example.test",
        "https://evil.test#https://api.example.test",
        "https://api.example.test@evil.test",
        "https://sub.api.example.test",
        "https://app.example.test:8443",
        "http://app.example.test",
        "https://xapp.example.test",
        "https://api.example.test https://evil.test",
    ] {
        for more in [&[][..], &[("x-csrf-token", &*token)]] {
            let headers: Vec<_> = more.iter().copied().chain([("origin", origin)]).collect();
            assert_eq!(status(&app, &cookies, &headers).await, StatusCode::FORBIDDEN, "{origin}");
        }
    }
    assert_eq!(status(&app, &cookies, &[OWN, FOREIGN]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&app, &cookies, &[OWN, ("host", HOST)]).await, StatusCode::FORBIDDEN, "two hosts");
}

/// Row 55: a page of any site may open a WebSocket, and the browser adds the cookies of a page of the same site.
#[tokio::test]
async fn websocket_with_a_cookie_opens_for_trusted_pages_only() {
    let app = trusting();
    let signed_in = app.sign_in().await;
    let (cookies, token) = (signed_in.cookie_header(), signed_in.text("csrf_token"));
    let status = async |upgrade, sent: &[(&str, &str)]| {
        let handshake = [("cookie", &*cookies), ("connection", "Upgrade"), ("upgrade", upgrade)];
        let headers: Vec<_> = handshake.iter().chain(sent).copied().collect();
        app.fetch("/me", &headers).await.status
    };
    for upgrade in ["websocket", "WebSocket", "h2c, websocket", "websocket/13"] {
        for sent in [&[CROSS_SITE][..], &[("sec-fetch-site", "same-site"), FOREIGN], &[FOREIGN], &[]] {
            assert_eq!(status(upgrade, sent).await, StatusCode::FORBIDDEN, "{upgrade} {sent:?}");
        }
        for sent in [SAME_ORIGIN, OWN, TRUSTED, ("x-csrf-token", &token)] {
            assert_eq!(status(upgrade, &[sent]).await, StatusCode::OK, "{upgrade} {sent:?}");
        }
    }
    assert_eq!(status("h2c", &[]).await, StatusCode::OK, "another protocol is no conversation of a page");
    let bearer = format!("Bearer {}", signed_in.cookie("__Host-access"));
    let headers = [("authorization", &*bearer), ("upgrade", "websocket"), CROSS_SITE];
    assert_eq!(app.fetch("/me", &headers).await.status, StatusCode::OK, "no browser adds that header");
}

/// Row 108: neither header.
#[tokio::test]
async fn without_both_headers_the_token_of_the_session_is_demanded() {
    let app = with_access_cookie();
    let signed_in = app.sign_in().await;
    let (cookies, token) = (signed_in.cookie_header(), signed_in.text("csrf_token"));
    assert_eq!(status(&app, &cookies, &[]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&app, &cookies, &[("x-csrf-token", &token)]).await, StatusCode::CREATED);
    let twice = [("x-csrf-token", &*token), ("x-csrf-token", &*token)];
    assert_eq!(status(&app, &cookies, &twice).await, StatusCode::FORBIDDEN);
    let referer = [("referer", "https://api.example.test/form"), ("x-requested-with", "XMLHttpRequest")];
    assert_eq!(status(&app, &cookies, &referer).await, StatusCode::FORBIDDEN);
}

/// Row 109: bound to the session, and no double submit.
#[tokio::test]
async fn token_of_another_session_or_of_the_cookie_is_refused() {
    let app = with_access_cookie();
    let (own, other) = (app.sign_in().await, app.sign_in().await);
    let cookies = own.cookie_header();
    let token = own.text("csrf_token");
    assert_eq!(token.len(), 43, "256 bits");
    let mut changed = token.clone();
    changed.replace_range(..1, if token.starts_with('A') { "B" } else { "A" });
    let longer = format!("{token}A");
    let submitted = format!("{cookies}; csrf_token=chosen; X-CSRF-Token=chosen");
    for wrong in [
        other.text("csrf_token").as_str(),
        &own.cookie("__Host-access"),
        &own.cookie("__Host-refresh"),
        &changed,
        &longer,
        &token[..42],
        &token.to_lowercase(),
        "chosen",
        "1",
        "",
    ] {
        for (more, expected) in [
            (&[][..], StatusCode::FORBIDDEN),
            (&[("origin", "null")], StatusCode::FORBIDDEN),
            (&[CROSS_SITE], StatusCode::FORBIDDEN),
            // A stale token does not outweigh what the browser itself says.
            (&[SAME_ORIGIN], StatusCode::CREATED),
            (&[OWN], StatusCode::CREATED),
        ] {
            let headers: Vec<_> = more.iter().copied().chain([("x-csrf-token", wrong)]).collect();
            assert_eq!(status(&app, &submitted, &headers).await, expected, "{wrong} {more:?}");
        }
    }
    assert_eq!(
        status(&app, &other.cookie_header(), &[("x-csrf-token", &token)]).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(status(&app, &cookies, &[("x-csrf-token", &token)]).await, StatusCode::CREATED);
}

/// The token is the same after a refresh, and in pages that the server renders.
#[tokio::test]
async fn token_lasts_as_long_as_the_session() {
    let app = with_access_cookie();
    let signed_in = app.sign_in().await;
    let renewed = app.post("/refresh", &[("cookie", &signed_in.cookie_header()), SAME_ORIGIN]).await;
    let session = app.auth.sessions(&7).await.unwrap().remove(0);
    let token = app.auth.csrf_token(&session.id);
    assert_eq!(signed_in.text("csrf_token"), token);
    assert_eq!(
        status(&app, &renewed.cookie_header(), &[("x-csrf-token", &token)]).await,
        StatusCode::CREATED
    );
}

/// A form of another site cannot set these headers, so the sender is not checked.
#[tokio::test]
async fn tokens_in_headers_are_accepted_from_every_sender() {
    let app = trusting();
    let bearer = format!("Bearer {}", app.login(&[]).await.access_token);
    for hostile in [&[][..], &[CROSS_SITE], &[FOREIGN], &[("x-csrf-token", "wrong")], &[CROSS_SITE, FOREIGN]]
    {
        for cookies in [&[][..], &[("cookie", "theme=dark")], &[("cookie", "__Host-refresh=x")]] {
            let mut headers = vec![("authorization", bearer.as_str())];
            headers.extend(hostile.iter().chain(cookies));
            let answer = app.post("/notes", &headers).await;
            assert_eq!((answer.status, &answer.body[..]), (StatusCode::CREATED, &b"Bearer"[..]));
        }
    }
}

/// Links and images of other pages may open a page; they change nothing.
#[tokio::test]
async fn safe_methods_are_accepted_from_every_sender() {
    let app = with_access_cookie();
    let cookies = app.sign_in().await.cookie_header();
    for method in [Method::GET, Method::HEAD] {
        let headers = [("cookie", cookies.as_str()), CROSS_SITE, FOREIGN];
        let answer = app.send(request(method, "/transport", &headers)).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

/// Row 107: a bad token is refused before a bad sender.
#[tokio::test]
async fn forged_request_with_a_bad_cookie_is_unauthorized() {
    let app = with_access_cookie();
    let answer = app.post("/notes", &[("cookie", "__Host-access=x"), CROSS_SITE]).await;
    answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    app.post("/notes", &[CROSS_SITE]).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

/// Rows 107 and 108, at the refresh endpoint: another site can neither spend nor end a session.
#[tokio::test]
async fn refresh_by_cookie_is_accepted_from_the_own_origin_only() {
    let app = trusting();
    let signed_in = app.sign_in().await;
    let (cookies, token) = (signed_in.cookie_header(), signed_in.text("csrf_token"));
    let other = app.sign_in().await.text("csrf_token");
    let refresh = async |headers: &[(&str, &str)]| {
        let headers: Vec<_> = headers.iter().copied().chain([("cookie", cookies.as_str())]).collect();
        app.post("/refresh", &headers).await
    };
    for forged in [
        &[CROSS_SITE][..],
        &[FOREIGN],
        &[("origin", "null")],
        &[],
        &[("x-csrf-token", "1")],
        &[("x-csrf-token", &other)],
        &[("origin", "null"), ("x-csrf-token", &other)],
    ] {
        let answer = refresh(forged).await;
        answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
        assert!(answer.set_cookies().is_empty());
    }
    let stale = [SAME_ORIGIN, ("x-csrf-token", &other)];
    for own in [&[SAME_ORIGIN][..], &[OWN], &[TRUSTED], &[("x-csrf-token", &token)], &stale] {
        assert_eq!(refresh(own).await.status, StatusCode::OK, "{own:?}");
    }
}

/// Row 111.
#[tokio::test]
async fn sign_in_that_another_site_sends_is_refused() {
    let app = trusting();
    for forged in [
        &[CROSS_SITE][..],
        &[CROSS_SITE, ("x-csrf-token", "1")],
        &[("sec-fetch-site", "same-site")],
        &[FOREIGN],
        &[FOREIGN, ("x-csrf-token", "1")],
        &[("origin", "null")],
        &[("origin", "null"), ("x-csrf-token", "1")],
        &[],
        &[("x-csrf-token", "")],
    ] {
        let answer = app.post("/login/cookies", forged).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{forged:?}");
        answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
        assert!(answer.set_cookies().is_empty());
        assert_eq!(app.session_count().await, 0);
        // Row 157: an answer with tokens reads and sets no cookie.
        let answer = app.post("/login/tokens", forged).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::OK, 0), "{forged:?}");
        app.auth.logout_all(&7).await.unwrap();
    }
    for own in [&[SAME_ORIGIN][..], &[OWN], &[CROSS_SITE, TRUSTED], &[("x-csrf-token", "1")]] {
        assert_eq!(app.post("/login/cookies", own).await.status, StatusCode::OK, "{own:?}");
    }
}

/// Without cookies a browser keeps nothing that another site could use.
#[tokio::test]
async fn sign_in_without_cookies_is_accepted_from_every_sender() {
    let app = app(|builder| builder);
    for headers in [&[][..], &[CROSS_SITE], &[FOREIGN]] {
        assert_eq!(app.post("/login/tokens", headers).await.status, StatusCode::OK);
    }
}

#[derive(Clone, Default)]
struct Denials(Arc<Mutex<Vec<String>>>);

impl AuthEvents for Denials {
    fn record(&self, event: &AuthEvent<'_>) {
        if event.kind == AuthEventKind::Denial {
            let AuthEvent { reason, route, method, user, .. } = event;
            self.0.lock().unwrap().push(format!("{reason:?} {method:?} {route:?} {user:?}"));
        }
    }
}

#[tokio::test]
async fn forged_request_is_one_event() {
    let denials = Denials::default();
    let app = app(|builder| builder.cookies(Cookies::new().with_access_cookie()).events(denials.clone()));
    let cookies = app.sign_in().await.cookie_header();
    for path in ["/notes", "/refresh", "/login/cookies"] {
        app.post(path, &[("cookie", &cookies), CROSS_SITE]).await;
    }
    let line = |path, user| format!("Some(\"cross_site_request\") Some(\"POST\") Some({path:?}) {user:?}");
    let expected = [line("/notes", Some("7")), line("/refresh", None), line("/login/cookies", None)];
    assert_eq!(*denials.0.lock().unwrap(), expected);
}

/// Row 113.
#[tokio::test]
async fn only_trusted_origins_may_read_answers() {
    let app = trusting();
    let router = app.router.clone().layer(app.auth.cors_layer());
    let send = async |method: Method, origin: &str, path: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-csrf-token,content-type")
            .body(axum::body::Body::empty())
            .unwrap();
        router.clone().oneshot(request).await.unwrap().headers().clone()
    };
    for method in [Method::OPTIONS, Method::GET] {
        for path in ["/me", "/health"] {
            let headers = send(method.clone(), "https://app.example.test", path).await;
            assert_eq!(headers["access-control-allow-origin"], "https://app.example.test");
            assert_eq!(headers["access-control-allow-credentials"], "true");
            if method != Method::OPTIONS {
                assert_eq!(headers["access-control-expose-headers"], "retry-after,www-authenticate");
            }
            assert!(headers["vary"].to_str().unwrap().to_lowercase().contains("origin"));
            for origin in [
                "https://evil.test",
                "null",
                "*",
                "https://app.example.test.evil.test",
                "http://app.example.test",
                "https://APP.example.test",
                "https://api.example.test",
            ] {
                let headers = send(method.clone(), origin, path).await;
                assert_eq!(headers.get("access-control-allow-origin"), None, "{origin}");
                assert!(headers["vary"].to_str().unwrap().to_lowercase().contains("origin"));
            }
        }
    }
    let allowed = send(Method::OPTIONS, "https://app.example.test", "/me").await;
    let allowed = allowed["access-control-allow-headers"].to_str().unwrap();
    for name in ["authorization", "content-type", "x-csrf-token", "x-refresh-token"] {
        assert!(allowed.contains(name), "{allowed}");
    }
    assert!(!allowed.contains('*'));

    let untrusting = App::new();
    let router = untrusting.router.clone().layer(untrusting.auth.cors_layer());
    let request = Request::builder().uri("/health").header("origin", "https://app.example.test");
    let answer = router.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.headers().get("access-control-allow-origin"), None);
}
