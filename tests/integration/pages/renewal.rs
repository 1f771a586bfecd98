//! Renewal on the way: the access cookie has ended, and the refresh cookie is good.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use countersign::session::{Lifetimes, Rotation};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{Auth, AuthLayer, AuthRouter, Liveness, RefreshSession, authenticated, routes};

use super::{
    HTML, Jar, NAVIGATE, ask, auth, auth_with, clock, login, names_set, names_taken, page, signed_in,
};
use crate::support::{Role, SECOND, User, payload_of};

const BOTH: [&str; 2] = ["__Host-access", "__Host-refresh"];

fn pages(layer: AuthLayer<User>) -> Router {
    Router::new().route("/inbox", get(page).post(page)).layer(layer)
}

/// The jar of a browser after the access cookie's `Max-Age` is over.
fn aged(jar: &Jar) -> Jar {
    jar.clone().without("__Host-access")
}

/// The session goes on in the same request: the handler sees it, and the answer sets the new cookies.
#[tokio::test]
async fn a_navigation_is_renewed_and_goes_on() {
    let clock = clock();
    let (auth, store) = auth(&clock);
    let router = pages(auth.layer().pages("/login"));
    let mut jar = signed_in(&auth).await;
    jar.0.insert("theme".to_owned(), "dark".to_owned());
    clock.advance(SECOND * 1000);
    let ended = jar.clone();
    store.taken();
    for (what, jar) in [("an ended access cookie", ended.clone()), ("no access cookie", aged(&ended))] {
        let answer = ask(&router, "GET", "/inbox?folder=3", &jar, &NAVIGATE).await;
        assert_eq!(answer.status, StatusCode::OK, "{what}");
        assert_eq!(answer.body, "7 theme,__Host-access,__Host-refresh", "{what}");
        assert_eq!(names_set(&answer), BOTH, "{what}");
        assert!(names_taken(&answer).is_empty(), "{what}");
        assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"), "{what}: it holds tokens");
    }
    jar.keep(&ask(&router, "GET", "/inbox", &ended, &NAVIGATE).await.headers);
    store.taken();
    let answer = ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await;
    assert_eq!(
        (answer.status, names_set(&answer).len()),
        (StatusCode::OK, 0),
        "the new access cookie is good"
    );
    assert!(store.taken().is_empty(), "and needs no store");
}

/// The exchange is the look-up: one load and one write, whatever demands a live session inside.
#[tokio::test]
async fn the_store_is_asked_once() {
    #[authenticated(live)]
    #[utoipa::path(get, path = "/live")]
    async fn live(user: User) -> String {
        user.id.to_string()
    }
    for liveness in [Liveness::OnDemand, Liveness::Always] {
        let clock = clock();
        let store = Arc::new(crate::asked::Asked::default());
        let auth = auth_with(&clock, |builder| builder.store(Arc::clone(&store)).liveness(liveness));
        let inner = AuthRouter::new().routes(routes!(live)).guard(auth.layer().live().pages("/login"));
        let outer = AuthRouter::new().nest("/app", inner).layer(auth.layer().live().pages("/login"));
        let router: Router = outer.with_state(auth.clone()).into();
        let jar = signed_in(&auth).await;
        clock.advance(SECOND * 1000);
        store.taken();
        let answer = ask(&router, "GET", "/app/live", &aged(&jar), &NAVIGATE).await;
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, &b"7"[..]));
        assert_eq!(store.taken(), ["load", "replace"], "{liveness:?}");
    }
}

/// Row 154, for pages: while a slow handler works, the browser signs out, or a script of another tab renews. The cookies of the renewal
/// on the way are those of before, and stay out of the answer.
#[tokio::test]
async fn a_slow_page_does_not_bring_back_the_cookies_of_before() {
    for (meanwhile, brings) in [("nothing", true), ("signed out", false), ("renewed", false)] {
        let clock = clock();
        let (auth, _) = auth(&clock);
        let (slow, of_handler) = (clock.clone(), auth.clone());
        let handler = move |headers: axum::http::HeaderMap| async move {
            slow.advance(SECOND * 20);
            let cookies = headers[header::COOKIE].to_str().unwrap().to_owned();
            let token = cookies.split("__Host-refresh=").nth(1).unwrap().split(';').next().unwrap();
            match meanwhile {
                "signed out" => of_handler.logout(token).await.unwrap(),
                "renewed" => drop(of_handler.refresh(token).await.unwrap()),
                _ => {}
            }
            "slow"
        };
        let router = Router::new().route("/report", get(handler)).layer(auth.layer().pages("/login"));
        let jar = signed_in(&auth).await;
        clock.advance(SECOND * 1000);
        let answer = ask(&router, "GET", "/report", &aged(&jar), &NAVIGATE).await;
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, &b"slow"[..]), "{meanwhile}");
        assert_eq!(names_set(&answer).len(), if brings { 2 } else { 0 }, "{meanwhile}");
    }
}

/// Claims are read anew, as at a refresh.
#[tokio::test]
async fn the_page_sees_the_claims_of_today() {
    let clock = clock();
    let calls = Arc::new(AtomicU64::new(0));
    let auth = auth_with(&clock, |builder| {
        let calls = Arc::clone(&calls);
        builder.claims_source(move |id| {
            calls.fetch_add(1, Ordering::SeqCst);
            async move { Ok(Some(User { id, ..User::with(&[Role::Admin]) })) }
        })
    });
    let router = pages(auth.layer().role("admin").pages("/login"));
    let jar = signed_in(&auth).await;
    let before = ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await;
    assert_eq!(before.status, StatusCode::FORBIDDEN, "the token says member, and no renewal is due");
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let after = ask(&router, "GET", "/inbox", &aged(&jar), &NAVIGATE).await;
    assert_eq!(after.status, StatusCode::OK);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// Several tabs are opened at once, and the script of an open page refreshes too.
#[tokio::test]
async fn parallel_navigations_and_the_refresh_endpoint_share_the_window() {
    let clock = clock();
    let (auth, _) = auth(&clock);
    let endpoints: Router =
        AuthRouter::new().routes(auth.routes().nest("/auth")).with_state(auth.clone()).into();
    let router = pages(auth.layer().pages("/login")).merge(endpoints);
    let jar = aged(&signed_in(&auth).await);
    clock.advance(SECOND * 1000);
    let mut seen = Vec::new();
    for round in 0..4 {
        let answer = if round == 2 {
            ask(&router, "POST", "/auth/refresh", &jar, &[("sec-fetch-site", "same-origin")]).await
        } else {
            ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await
        };
        assert_eq!(answer.status, StatusCode::OK, "{round}");
        let mut browser = Jar::default();
        browser.keep(&answer.headers);
        seen.push(browser.0);
        clock.advance(SECOND * 2);
    }
    // The same refresh token every time; the access token has the same identity.
    assert!(seen.iter().all(|jar| jar["__Host-refresh"] == seen[0]["__Host-refresh"]));
    let ids: Vec<_> = seen.iter().map(|jar| payload_of(&jar["__Host-access"])["sid"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let answers = futures_of(&router, &jar).await;
    assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
}

async fn futures_of(router: &Router, jar: &Jar) -> Vec<StatusCode> {
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (router, jar) = (router.clone(), jar.clone());
            tokio::spawn(async move { ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses
}

/// The user follows a link on another site, with cookies that such a link carries.
#[tokio::test]
async fn a_link_of_another_site_is_renewed_as_well() {
    let (auth, _) = auth(&clock());
    let router = pages(auth.layer().pages("/login"));
    let jar = aged(&signed_in(&auth).await);
    let headers = [HTML, ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")];
    assert_eq!(ask(&router, "GET", "/inbox", &jar, &headers).await.status, StatusCode::OK);
}

/// A renewal is for a user who opens a page. Nothing else uses the refresh cookie up.
#[tokio::test]
async fn nothing_but_a_navigation_is_renewed() {
    let clock = clock();
    let (auth, store) = auth(&clock);
    let router = pages(auth.layer().pages("/login"));
    let jar = aged(&signed_in(&auth).await);
    store.taken();
    for (method, headers) in [
        ("GET", &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")][..]),
        ("GET", &[("accept", "application/json")]),
        ("GET", &[("accept", "text/event-stream")]),
        ("GET", &[("upgrade", "websocket"), ("connection", "upgrade")]),
        ("GET", &[HTML, ("sec-fetch-mode", "navigate"), ("sec-purpose", "prefetch")]),
        ("GET", &[HTML, ("authorization", "Bearer a.b.c")]),
        ("POST", &[("sec-fetch-mode", "cors"), ("sec-fetch-site", "same-origin")]),
        ("POST", &[("content-type", "application/json")]),
    ] {
        let answer = ask(&router, method, "/inbox", &jar, headers).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {headers:?}");
        assert_eq!(names_set(&answer).len(), 0, "{method} {headers:?}");
        assert!(store.taken().is_empty(), "{method} {headers:?}");
    }
    assert_eq!(ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await.status, StatusCode::OK);
}

/// The ways in which a session ends, and what a navigation with its cookies brings.
#[tokio::test]
async fn the_cookies_of_an_ended_session_are_taken_away() {
    for end in ["signed out elsewhere", "idle", "user gone", "replayed"] {
        let clock = clock();
        let gone = Arc::new(AtomicU64::new(0));
        let auth = auth_with(&clock, |builder| {
            let gone = Arc::clone(&gone);
            builder.lifetimes(Lifetimes::new(SECOND * 3600, SECOND * 7200)).claims_source(move |id| {
                let is_gone = gone.load(Ordering::SeqCst) == 1;
                async move { Ok((!is_gone).then(|| User { id, ..User::with(&[Role::Member]) })) }
            })
        });
        let required = pages(auth.layer().pages("/login"));
        let optional = pages(auth.layer().optional().pages("/login"));
        let jar = signed_in(&auth).await;
        match end {
            "signed out elsewhere" => {
                auth.logout_all(&7).await.unwrap();
            }
            "idle" => clock.advance(SECOND * 4000),
            "user gone" => gone.store(1, Ordering::SeqCst),
            _ => {
                let refreshed = auth.refresh(&jar.0["__Host-refresh"]).await.unwrap();
                auth.refresh(&refreshed.refresh_token).await.unwrap();
                clock.advance(SECOND * 100);
            }
        }
        let jar = aged(&jar);
        let answer = ask(&required, "GET", "/inbox?a=1", &jar, &NAVIGATE).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{end}");
        assert_eq!(answer.header(header::LOCATION), Some("/login?next=%2Finbox%3Fa%3D1"), "{end}");
        assert_eq!(names_taken(&answer), BOTH, "{end}");
        let mut browser = jar.clone();
        browser.keep(&answer.headers);
        assert!(browser.0.is_empty(), "{end}");

        let answer = ask(&optional, "GET", "/inbox", &jar, &NAVIGATE).await;
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, &b"visitor "[..]), "{end}");
        assert_eq!(names_taken(&answer), BOTH, "{end}");
    }
}

/// Another answer has brought the browser the next cookies, or another server has the key: neither is the end of the session.
#[tokio::test]
async fn a_token_that_cannot_be_exchanged_here_leaves_the_cookies_alone() {
    let clock = clock();
    let (auth, _) = auth(&clock);
    let router = pages(auth.layer().pages("/login"));
    let other = auth_with(&clock, |builder| {
        let key = countersign::token::Key::generate_secret(countersign::token::Algorithm::Hs256).unwrap();
        builder.refresh_key(key)
    });
    let mut jar = aged(&signed_in(&auth).await);
    let reauthenticated = async || {
        let pair = login(&auth).await;
        let session = crate::support::session_of(&auth, &pair.access_token).await;
        auth.reauthenticate(&session).await.unwrap();
        pair.refresh_token
    };
    for (what, token) in [
        ("garbage", "a.b.c".to_owned()),
        ("another key", login(&other).await.refresh_token),
        ("a reauthentication won the race", reauthenticated().await),
    ] {
        jar.0.insert("__Host-refresh".to_owned(), token);
        let answer = ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{what}");
        assert!(names_set(&answer).is_empty(), "{what}");
    }
}

/// An outage is no sign-out.
#[tokio::test]
async fn a_store_that_does_not_answer_is_503_and_the_cookies_stay() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let auth = auth_with(&clock(), |builder| builder.store(Arc::clone(&store)));
    let jar = aged(&signed_in(&auth).await);
    for layer in [auth.layer().pages("/login"), auth.layer().optional().pages("/login")] {
        let router = pages(layer);
        for fault in [Fault::Read, Fault::BeforeWrite] {
            store.inject(fault);
            let answer = ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await;
            answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
            assert!(names_set(&answer).is_empty());
            store.heal();
        }
    }
    assert_eq!(ask(&pages(auth.layer().pages("/login")), "GET", "/inbox", &jar, &NAVIGATE).await.status, 200);
}

/// A page for everybody greets a user whose access cookie has ended.
#[tokio::test]
async fn an_open_page_greets_a_returning_user() {
    let (auth, _) = auth(&clock());
    let router = pages(auth.layer().optional().pages("/login"));
    let jar = signed_in(&auth).await;
    let answer = ask(&router, "GET", "/inbox", &aged(&jar), &NAVIGATE).await;
    assert_eq!(answer.body, "7 __Host-access,__Host-refresh");
    assert_eq!(ask(&router, "GET", "/inbox", &Jar::default(), &NAVIGATE).await.body, "visitor ");
}

/// A refresh cookie that is renewed on the way is the one that a rule for both tokens sees.
#[tokio::test]
async fn both_tokens_are_those_of_the_renewed_session() {
    async fn close(session: RefreshSession<User>) -> String {
        session.claims().id.to_string()
    }
    let (auth, store) = auth(&clock());
    let inner = Router::new().route("/close", get(close)).layer(auth.layer().both_tokens().pages("/login"));
    let router = inner.with_state(auth.clone());
    let jar = aged(&signed_in(&auth).await);
    store.taken();
    let answer = ask(&router, "GET", "/close", &jar, &NAVIGATE).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, &b"7"[..]));
}

/// With `NearExpiry` the refresh token stays the same; the access token is new all the same.
#[tokio::test]
async fn a_refresh_token_that_is_kept_renews_too() {
    let rotation = Rotation::NearExpiry { within: SECOND * 60, window: Duration::from_secs(30) };
    let auth = auth_with(&clock(), |builder| builder.rotation(rotation));
    let router = pages(auth.layer().pages("/login"));
    let jar = aged(&signed_in(&auth).await);
    let mut browser = jar.clone();
    browser.keep(&ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await.headers);
    assert_eq!(browser.0["__Host-refresh"], jar.0["__Host-refresh"]);
    assert!(browser.0.contains_key("__Host-access"));
}

/// A sign-out by a link, below the guard, wins over the renewal in the same answer.
#[tokio::test]
async fn the_cookies_of_the_handler_win() {
    let (auth, _) = auth(&clock());
    let signed_out = auth.clone();
    let leave = move || {
        let auth = signed_out.clone();
        async move { (auth.expired_cookies(), "bye") }
    };
    let router = Router::new().route("/leave", get(leave)).layer(auth.layer().pages("/login"));
    let jar = aged(&signed_in(&auth).await);
    let answer = ask(&router, "GET", "/leave", &jar, &NAVIGATE).await;
    assert_eq!((names_taken(&answer).len(), names_set(&answer).len()), (2, 2));
}

/// Without an access cookie there is nothing to renew, and a visitor is a visitor.
#[tokio::test]
async fn an_auth_without_an_access_cookie_renews_nothing() {
    let clock = clock();
    let auth: Auth<User> =
        crate::support::builder(&clock).cookies(countersign::Cookies::new()).build().unwrap();
    let router = pages(auth.layer().pages("/login"));
    let mut jar = Jar::default();
    jar.0.insert("__Host-refresh".to_owned(), login(&auth).await.refresh_token);
    let answer = ask(&router, "GET", "/inbox", &jar, &NAVIGATE).await;
    assert_eq!((answer.status, names_set(&answer).len()), (StatusCode::SEE_OTHER, 0));
}
