//! Signing out with cookies: the cookies that it removes, and the senders that it accepts.

use axum::http::{StatusCode, header};
use cookie::time::Duration;
use countersign::Cookies;

use crate::browser::{CROSS_SITE, SAME_ORIGIN};
use crate::endpoints::mounted;
use crate::support::{App, SECOND};

/// The refresh token in a cookie, the access token in memory.
fn refresh_cookie() -> App {
    mounted(|builder| builder.cookies(Cookies::new()))
}

fn both_cookies() -> App {
    mounted(|builder| builder.cookies(Cookies::new().with_access_cookie()))
}

/// Row 112.
#[tokio::test]
async fn logout_by_cookie_ends_the_session_and_removes_every_cookie() {
    for app in [refresh_cookie(), both_cookies()] {
        let signed_in = app.sign_in().await;
        let cookie = signed_in.cookie_header();
        for _ in 0..2 {
            let answer = app.post("/auth/logout", &[SAME_ORIGIN, ("cookie", &cookie)]).await;
            assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
            assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
            let (set, expired) = (signed_in.set_cookies(), answer.set_cookies());
            assert_eq!(set.len(), expired.len());
            for (set, expired) in set.iter().zip(&expired) {
                assert_eq!((expired.value(), expired.max_age()), ("", Some(Duration::ZERO)));
                let mut again = set.clone();
                again.set_value("");
                again.set_max_age(Duration::ZERO);
                assert_eq!(again, *expired);
            }
            assert_eq!(app.session_count().await, 0);
        }
    }
}

/// Row 66: the browser adds the cookies to whatever a form for trying requests sends.
#[tokio::test]
async fn an_empty_bearer_beside_the_cookies_signs_out_too() {
    let app = both_cookies();
    let cookies = app.sign_in().await.cookie_header();
    let headers = [SAME_ORIGIN, ("cookie", cookies.as_str()), ("authorization", "Bearer")];
    assert_eq!(app.post("/auth/logout", &headers).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.session_count().await, 0);
}

/// Row 93.
#[tokio::test]
async fn an_expired_access_cookie_signs_out_too() {
    let app = both_cookies();
    let access = format!("__Host-access={}", app.sign_in().await.cookie("__Host-access"));
    app.clock.advance(SECOND * 3600);
    let answer = app.post("/auth/logout", &[SAME_ORIGIN, ("cookie", &access)]).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::NO_CONTENT, 2));
    assert_eq!(app.session_count().await, 0);
}

/// Rows 107 to 109: another site cannot sign a user out.
#[tokio::test]
async fn a_logout_from_another_site_changes_nothing() {
    for app in [refresh_cookie(), both_cookies()] {
        let signed_in = app.sign_in().await;
        let cookie = signed_in.cookie_header();
        for sender in [CROSS_SITE, ("origin", "https://evil.example"), ("origin", "null"), ("x-nothing", "")]
        {
            let answer = app.post("/auth/logout", &[sender, ("cookie", &cookie)]).await;
            answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
            assert!(answer.set_cookies().is_empty());
        }
        for path in ["/auth/logout", "/auth/logout-all"] {
            let wrong = [("cookie", cookie.as_str()), ("x-csrf-token", "wrong")];
            let answer = app.post(path, &wrong).await;
            assert!(matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED), "{path}");
        }
        assert_eq!(app.session_count().await, 1);
        let token = signed_in.text("csrf_token");
        let answer = app.post("/auth/logout", &[("cookie", &cookie), ("x-csrf-token", &token)]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(app.session_count().await, 0);
    }
}

/// Row 112: a form of another site comes without the cookies, and its answer must not remove them either.
#[tokio::test]
async fn a_logout_without_cookies_touches_none() {
    let app = both_cookies();
    let token = app.sign_in().await.cookie("__Host-access");
    for headers in [vec![CROSS_SITE], vec![("authorization", "Basic dXNlcjpwYXNz")], vec![]] {
        let answer = app.post("/auth/logout", &headers).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::NO_CONTENT, 0));
    }
    let bearer = format!("Bearer {token}");
    let answer = app.post("/auth/logout", &[("authorization", &bearer)]).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(app.session_count().await, 0);
}

/// Row 151: a guard refuses two cookies of one name, and a sign-out is the way out.
#[tokio::test]
async fn a_logout_ends_the_sessions_of_all_cookies_of_one_name() {
    let app = refresh_cookie();
    let twice = format!("{}; {}", app.sign_in().await.cookie_header(), app.sign_in().await.cookie_header());
    let answer = app.post("/auth/logout", &[SAME_ORIGIN, ("cookie", &twice)]).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::NO_CONTENT, 1));
    assert_eq!(app.session_count().await, 0);
}

/// A proof that fits no session does not sign out half: the cookies would go, and the session stay.
#[tokio::test]
async fn a_logout_takes_no_cookies_whose_session_it_does_not_end() {
    let app = both_cookies();
    let refresh = app.sign_in().await.cookie("__Host-refresh");
    let cookie = format!("__Host-access=garbage; __Host-refresh={refresh}");
    let answer = app.post("/auth/logout", &[("x-csrf-token", "1"), ("cookie", &cookie)]).await;
    answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
    assert_eq!((answer.set_cookies().len(), app.session_count().await), (0, 1));
    let answer = app.post("/auth/logout", &[SAME_ORIGIN, ("cookie", &cookie)]).await;
    assert_eq!((answer.status, app.session_count().await), (StatusCode::NO_CONTENT, 0));
}

/// Each token costs a question to the store, so a header full of cookies is not read to its end.
#[tokio::test]
async fn a_logout_reads_two_cookies_of_one_name_at_most() {
    let app = refresh_cookie();
    let mut cookies = Vec::new();
    for _ in 0..3 {
        cookies.push(app.sign_in().await.cookie_header());
    }
    let answer = app.post("/auth/logout", &[SAME_ORIGIN, ("cookie", &cookies.join("; "))]).await;
    assert_eq!((answer.status, app.session_count().await), (StatusCode::NO_CONTENT, 1));
}

/// Row 151: the token that the client chose to send ends its session, whoever the sender is; cookies of an unproven sender stay.
#[tokio::test]
async fn a_logout_with_a_sent_token_leaves_unproven_cookies_alone() {
    let app = both_cookies();
    let cookie = app.sign_in().await.cookie_header();
    let bearer = format!("Bearer {}", app.login(&[]).await.access_token);
    let sent = [CROSS_SITE, ("authorization", &bearer), ("cookie", &cookie)];
    let answer = app.post("/auth/logout", &sent).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(app.session_count().await, 1);
}

/// Rows 107 and 112.
#[tokio::test]
async fn logout_all_by_cookie_is_checked_and_removes_every_cookie() {
    let app = both_cookies();
    app.sign_in().await;
    let cookie = app.sign_in().await.cookie_header();
    let foreign = app.post("/auth/logout-all", &[CROSS_SITE, ("cookie", &cookie)]).await;
    foreign.refused(StatusCode::FORBIDDEN, "cross_site_request");
    assert_eq!(app.session_count().await, 2);
    let answer = app.post("/auth/logout-all", &[SAME_ORIGIN, ("cookie", &cookie)]).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::NO_CONTENT, 2));
    assert_eq!(app.session_count().await, 0);
}

/// Row 92: a refresh that fails keeps the cookies, mounted here as anywhere.
#[tokio::test]
async fn the_mounted_refresh_reads_the_cookie_and_never_removes_it() {
    let app = refresh_cookie();
    let cookie = app.sign_in().await.cookie_header();
    let answer = app.post("/auth/refresh", &[SAME_ORIGIN, ("cookie", &cookie)]).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::OK, 1));
    let refused = app.post("/auth/refresh", &[SAME_ORIGIN, ("cookie", "__Host-refresh=a.b.c")]).await;
    refused.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert!(refused.set_cookies().is_empty());
}
