//! Cookies: their attributes, their size, and the refresh that runs on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use cookie::SameSite;
use cookie::time::Duration as Seconds;
use countersign::session::{Lifetimes, Rotation};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore, TestClock};
use countersign::{Auth, AuthError, ConfigError, CookieSameSite, Cookies};
use serde_json::json;

use crate::browser::{CROSS_SITE, SAME_ORIGIN, app, request, with_access_cookie};
use crate::support::{Answer, App, NOW, Role, SECOND, User, builder};

fn with_cookies() -> App {
    app(|builder| builder.cookies(Cookies::new()))
}

impl App {
    /// Refreshes as a page of the same host does.
    async fn renew(&self, cookies: &str) -> Answer {
        self.post("/refresh", &[SAME_ORIGIN, ("cookie", cookies)]).await
    }
}

/// Every cookie that is set has what `__Host-` promises.
#[track_caller]
fn assert_attributes(answer: &Answer, same_site: SameSite) {
    for (cookie, written) in answer.set_cookies().iter().zip(answer.headers.get_all(header::SET_COOKIE)) {
        assert!(cookie.name().starts_with("__Host-"), "{cookie}");
        assert_eq!((cookie.secure(), cookie.http_only()), (Some(true), Some(true)), "{cookie}");
        assert_eq!((cookie.path(), cookie.domain()), (Some("/"), None), "{cookie}");
        assert_eq!(cookie.same_site(), Some(same_site), "{cookie}");
        assert_eq!(written.to_str().unwrap().split(';').count(), 6, "{written:?}");
    }
}

/// Row 102.
#[tokio::test]
async fn every_cookie_has_the_host_prefix_and_its_attributes() {
    for (same_site, written) in
        [(CookieSameSite::Strict, SameSite::Strict), (CookieSameSite::Lax, SameSite::Lax)]
    {
        let cookies = Cookies::new().named("shop").with_access_cookie().same_site(same_site);
        let app = app(|builder| builder.cookies(cookies));
        let signed_in = app.sign_in().await;
        let refreshed = app.renew(&signed_in.cookie_header()).await;
        let forgotten = app.post("/forget", &[]).await;
        for answer in [signed_in, refreshed, forgotten] {
            let names: Vec<_> = answer.set_cookies().iter().map(|cookie| cookie.name().to_owned()).collect();
            assert_eq!(names, ["__Host-shop-refresh", "__Host-shop-access"], "{answer:?}");
            assert_attributes(&answer, written);
        }
    }
    let answer = with_cookies().sign_in().await;
    assert_eq!(answer.set_cookies().len(), 1);
    assert_attributes(&answer, SameSite::Strict);
}

/// Row 103: there is no setting for path, domain or prefix, and values that could smuggle them in are refused.
#[test]
fn names_and_origins_that_could_change_attributes_are_refused() {
    let clock = TestClock::at(NOW);
    for name in ["a; Domain=example.com", "a; Path=/auth", "../a", "a b", "", "a\r\nSet-Cookie: b"] {
        let refused = builder(&clock).cookies(Cookies::new().named(name)).build();
        assert!(matches!(refused, Err(ConfigError::CookieName)), "{name:?}");
    }
    for origin in [
        "*",
        "null",
        "https://*.example.com",
        "https://app.example.com/",
        "app.example.com",
        "http://app.example.com",
    ] {
        let refused = builder(&clock).cookies(Cookies::new().trust_origin(origin)).build();
        assert!(matches!(refused, Err(ConfigError::Origin { .. })), "{origin:?}");
        assert!(refused.unwrap_err().to_string().contains(origin));
    }
}

#[tokio::test]
async fn cookies_live_as_long_as_their_tokens() {
    let day = SECOND * 86_400;
    let app = app(|builder| {
        builder
            .cookies(Cookies::new().with_access_cookie())
            .access_ttl(SECOND * 600)
            .lifetimes(Lifetimes::new(day * 2, day * 3))
    });
    let max_ages = |answer: &Answer| -> Vec<_> {
        let max_ages: Vec<_> = answer.set_cookies().iter().map(|cookie| cookie.max_age().unwrap()).collect();
        let [refresh, access] = &max_ages[..] else { panic!("{max_ages:?}") };
        assert_eq!(answer.json()["refresh_expires_in"], refresh.whole_seconds());
        assert_eq!(answer.json()["expires_in"], access.whole_seconds());
        max_ages
    };
    let answer = app.sign_in().await;
    assert_eq!(max_ages(&answer), [Seconds::days(2), Seconds::minutes(10)]);
    app.clock.advance(day * 3 / 2);
    let answer = app.renew(&answer.cookie_header()).await;
    assert_eq!(max_ages(&answer), [Seconds::hours(36), Seconds::minutes(10)], "up to the absolute end");
}

/// Row 91. No script of a page can read the refresh token.
#[tokio::test]
async fn refresh_token_in_a_cookie_is_in_no_body() {
    for (app, has_access_token) in [(with_cookies(), true), (with_access_cookie(), false)] {
        let signed_in = app.sign_in().await;
        let refreshed = app.renew(&signed_in.cookie_header()).await;
        for answer in [&signed_in, &refreshed] {
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
            assert_eq!(answer.header(header::CONTENT_TYPE), Some("application/json"));
            assert_eq!(answer.json()["token_type"], "Bearer");
            assert_eq!(answer.json()["expires_in"], 900);
            assert_eq!(answer.json().get("refresh_token"), None);
            assert_eq!(answer.json()["access_token"].is_string(), has_access_token);
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            for cookie in answer.set_cookies() {
                assert!(!body.contains(cookie.value().rsplit('.').next().unwrap()));
            }
        }
        assert_ne!(signed_in.cookie("__Host-refresh"), refreshed.cookie("__Host-refresh"));
        assert_eq!(signed_in.text("csrf_token"), refreshed.text("csrf_token"));
        if has_access_token {
            assert_eq!(app.get("/me", Some(&refreshed.text("access_token"))).await.status, StatusCode::OK);
        } else {
            let cookies = refreshed.cookie_header();
            assert_eq!(app.fetch("/me", &[("cookie", &cookies)]).await.status, StatusCode::OK);
        }
    }
}

/// Row 78, with cookies.
#[tokio::test]
async fn retry_within_the_window_gets_the_same_cookies() {
    let app = with_access_cookie();
    let cookies = app.sign_in().await.cookie_header();
    let first = app.renew(&cookies).await;
    let second = app.renew(&cookies).await;
    assert_eq!(first.set_cookies(), second.set_cookies());
    assert_eq!(first.body, second.body);
}

/// A token in the body was put there by the client, and the browser adds the cookie to whatever it sends.
#[tokio::test]
async fn refresh_takes_the_token_of_the_body_first_and_answers_in_kind() {
    let app = with_cookies();
    let in_body = app.post("/login/tokens", &[SAME_ORIGIN]).await;
    let token = in_body.text("refresh_token");
    assert!(in_body.set_cookies().is_empty());
    let cookies = app.sign_in().await.cookie_header();

    let with_both = async |token: &str| {
        let mut request = request(Method::POST, "/refresh", &[SAME_ORIGIN, ("cookie", &cookies)]);
        request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        *request.body_mut() = Body::from(json!({ "refresh_token": token }).to_string());
        app.send(request).await
    };
    for token in ["", "nonsense"] {
        with_both(token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let answer = with_both(&token).await;
    assert_eq!((answer.status, answer.set_cookies()), (StatusCode::OK, vec![]));
    assert!(answer.json()["refresh_token"].is_string());
    assert_eq!(app.renew(&cookies).await.status, StatusCode::OK);
}

/// Row 110: some clients announce JSON for every body; a form is not JSON, even an empty one.
#[tokio::test]
async fn refresh_by_cookie_may_announce_json_and_nothing_else() {
    let app = with_cookies();
    let cookies = app.sign_in().await.cookie_header();
    for (media_type, status) in [
        ("application/x-www-form-urlencoded", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/json", StatusCode::OK),
    ] {
        let mut request = request(Method::POST, "/refresh", &[SAME_ORIGIN, ("cookie", &cookies)]);
        request.headers_mut().insert(header::CONTENT_TYPE, media_type.parse().unwrap());
        assert_eq!(app.send(request).await.status, status, "{media_type}");
    }
}

#[tokio::test]
async fn refresh_without_a_token_in_body_or_cookie_is_malformed() {
    let (with, without) = (with_cookies(), app(|builder| builder));
    let cookies = with.sign_in().await.cookie_header();
    let token = cookies.split_once('=').unwrap().1;
    let query = format!("/refresh?refresh_token={token}");
    let bearer = format!("Bearer {token}");
    for headers in [&[][..], &[("x-refresh-token", token)], &[("authorization", &bearer)]] {
        let answer = with.post(&query, headers).await;
        answer.refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    without
        .post("/refresh", &[("cookie", &cookies)])
        .await
        .refused(StatusCode::BAD_REQUEST, "invalid_request");
    for empty in ["__Host-refresh=", "__Host-refresh"] {
        let answer = with.renew(empty).await;
        answer.refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
}

/// Rows 105 and 106.
#[tokio::test]
async fn two_refresh_cookies_are_malformed_and_a_case_variant_is_none() {
    let app = with_cookies();
    let cookies = app.sign_in().await.cookie_header();
    let twice = format!("{cookies}; {cookies}");
    app.renew(&twice).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    let lines = [SAME_ORIGIN, ("cookie", cookies.as_str()), ("cookie", "__Host-refresh=x")];
    app.post("/refresh", &lines).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    let variant = cookies.replace("__Host-", "__host-");
    app.renew(&variant).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    assert_eq!(app.renew(&format!("{variant}; {cookies}")).await.status, StatusCode::OK);
}

/// Row 110.
#[tokio::test]
async fn refresh_by_cookie_takes_no_get_and_no_form() {
    let app = with_cookies();
    let cookies = app.sign_in().await.cookie_header();
    assert_eq!(app.fetch("/refresh", &[("cookie", &cookies)]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    for (mime, body) in [
        (Some("application/x-www-form-urlencoded"), ""),
        (Some("application/x-www-form-urlencoded"), "x=y"),
        (Some("multipart/form-data; boundary=x"), "--x--"),
        (Some("text/plain"), "{}"),
        (None, "{}"),
    ] {
        let mut request = request(Method::POST, "/refresh", &[SAME_ORIGIN, ("cookie", &cookies)]);
        request.headers_mut().extend(mime.map(|mime| (header::CONTENT_TYPE, mime.parse().unwrap())));
        *request.body_mut() = Body::from(body);
        let answer = app.send(request).await;
        let refused = if mime.is_some_and(|mime| mime.contains("urlencoded")) {
            Answer::refused_in_oauth
        } else {
            Answer::refused
        };
        refused(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
    }
    assert_eq!(app.renew(&cookies).await.status, StatusCode::OK, "nothing was used up");
}

/// Row 92.
#[tokio::test]
async fn a_refused_refresh_clears_the_cookies_of_an_ended_session_alone() {
    let clock = TestClock::at(NOW);
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = app(|builder| {
        builder
            .clock(clock.clone())
            .cookies(Cookies::new())
            .store(Arc::clone(&store))
            .rotation(Rotation::Always { window: Duration::ZERO })
    });
    let cookies = app.sign_in().await.cookie_header();
    let forged = app.post("/refresh", &[CROSS_SITE, ("cookie", &cookies)]).await;
    forged.refused(StatusCode::FORBIDDEN, "cross_site_request");
    store.inject(Fault::Read);
    let unavailable = app.renew(&cookies).await;
    store.heal();
    unavailable.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    assert_eq!(app.renew(&cookies).await.status, StatusCode::OK);
    let ended = app.renew(&cookies).await;
    ended.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(ended.set_cookies().len(), 1, "it was a reuse");
    let gone = app.renew(&cookies).await;
    gone.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(gone.set_cookies().len(), 1);
    let garbage = app.renew("__Host-refresh=garbage").await;
    garbage.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    for answer in [forged, unavailable, garbage] {
        assert!(answer.set_cookies().is_empty());
        assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
    }
}

/// Row 104: the names count too.
#[tokio::test]
async fn token_that_fits_in_no_cookie_is_not_made() {
    let cookies = || Cookies::new().with_access_cookie();
    let clock = TestClock::at(NOW);
    let auth: Auth<User> = builder(&clock).cookies(cookies()).build().unwrap();
    let login = async |auth: &Auth<User>, length: usize| {
        let user = User { name: "x".repeat(length), ..User::with(&[]) };
        auth.login(&user, Default::default()).await.map(|pair| pair.access_token.len())
    };
    let longest = 4096 - "__Host-access".len();
    let lengths: Vec<_> = (2700..2900).collect();
    let mut made = Vec::new();
    for length in lengths {
        match login(&auth, length).await {
            Ok(length) => made.push(length),
            Err(error) => assert!(matches!(error, AuthError::Mint(_)), "{error}"),
        }
    }
    let largest = *made.last().unwrap();
    assert!(made.len() < 200 && (longest - 3..=longest).contains(&largest), "{largest}");
    let without = builder(&clock).cookies(Cookies::new()).build().unwrap();
    assert!(login(&without, 4000).await.is_ok(), "an access token in a body may be longer");
}

/// Row 104: refused before anything is written.
#[tokio::test]
async fn refresh_whose_token_fits_in_no_cookie_uses_nothing_up() {
    let grown = Arc::new(AtomicBool::new(false));
    let source = {
        let grown = Arc::clone(&grown);
        move |id| {
            let length = if grown.load(Ordering::SeqCst) { 4000 } else { 10 };
            async move { Ok(Some(User { id, name: "x".repeat(length), ..User::with(&[Role::Member]) })) }
        }
    };
    let app = app(|builder| {
        builder
            .cookies(Cookies::new().with_access_cookie())
            .claims_source(source)
            .rotation(Rotation::Always { window: Duration::ZERO })
    });
    let cookies = app.sign_in().await.cookie_header();
    grown.store(true, Ordering::SeqCst);
    let refused = app.renew(&cookies).await;
    refused.refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error");
    assert!(refused.set_cookies().is_empty());
    grown.store(false, Ordering::SeqCst);
    assert_eq!(app.renew(&cookies).await.status, StatusCode::OK);
}

/// Row 112.
#[tokio::test]
async fn removed_cookie_has_the_attributes_it_was_set_with() {
    let app = with_access_cookie();
    let set = app.sign_in().await.set_cookies();
    let answer = app.post("/forget", &[]).await;
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
    let expired = answer.set_cookies();
    assert_eq!(expired.len(), 2);
    for (mut set, expired) in set.into_iter().zip(expired) {
        assert_eq!((expired.value(), expired.max_age()), ("", Some(Seconds::ZERO)));
        set.set_value("");
        set.set_max_age(Seconds::ZERO);
        assert_eq!(set, expired);
    }
    let without = crate::browser::app(|builder| builder);
    assert!(without.post("/forget", &[]).await.set_cookies().is_empty());
}

#[tokio::test]
async fn cookies_in_front_of_another_response_are_set_and_not_stored() {
    let app = with_access_cookie();
    let answer = app.fetch("/login/callback", &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
    let cookies = answer.cookie_header();
    assert_eq!(app.fetch("/transport", &[("cookie", &cookies)]).await.body, "Cookie");
}

#[tokio::test]
async fn cookies_that_were_not_configured_are_an_error_of_the_server() {
    let app = app(|builder| builder);
    let answer = app.post("/login/cookies", &[SAME_ORIGIN]).await;
    answer.refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error");
    assert_eq!(app.session_count().await, 0);
}

/// Row 66: a page for trying requests sends the scheme without a token, and the browser adds the cookie.
#[tokio::test]
async fn an_empty_bearer_does_not_get_in_the_way_of_a_cookie() {
    let app = with_access_cookie();
    let cookies = app.sign_in().await.cookie_header();
    for empty in ["Bearer", "Bearer ", "bearer"] {
        let headers = [SAME_ORIGIN, ("cookie", cookies.as_str()), ("authorization", empty)];
        let send = |method, path: &str| app.send(request(method, path, &headers));
        assert_eq!(send(Method::GET, "/transport").await.body, "Cookie", "{empty:?}");
        assert_eq!(send(Method::POST, "/notes").await.status, StatusCode::CREATED, "{empty:?}");
        // The cookie is still what only a page of this site may use.
        let foreign = [CROSS_SITE, ("cookie", cookies.as_str()), ("authorization", empty)];
        let answer = app.send(request(Method::POST, "/notes", &foreign)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{empty:?}");
    }
}
