//! The refresh token in its cookie.

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use countersign::Cookies;

use super::{PATHS, app, app_with, request};
use crate::support::Role;

fn with_cookies(path: &str, access: Option<&str>, cookies: &str, refresh: &[&str]) -> Request<Body> {
    let mut request = request(path, access, refresh);
    request.headers_mut().insert(header::COOKIE, HeaderValue::try_from(cookies).unwrap());
    request
}

/// The refresh token may be in its cookie instead of the header.
#[tokio::test]
async fn the_refresh_token_may_be_in_its_cookie_and_the_header_beats_it() {
    let app = app_with(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    let (pair, other) = (app.login(&[Role::Admin]).await, app.login(&[Role::Admin]).await);
    let (access, refresh) = (&pair.access_token, &pair.refresh_token);
    let cookie = format!("__Host-refresh={refresh}");
    for path in PATHS {
        let answer = app.send(with_cookies(path, Some(access), &cookie, &[])).await;
        assert_eq!(answer.status, StatusCode::OK);
        let both = format!("{cookie}; __Host-access={access}");
        assert_eq!(app.send(with_cookies(path, None, &both, &[])).await.status, StatusCode::OK);
        let theirs = format!("__Host-refresh={}", other.refresh_token);
        let answer = app.send(with_cookies(path, Some(access), &theirs, &[refresh.as_str()])).await;
        assert_eq!(answer.status, StatusCode::OK);
        for (cookies, header, status, code) in [
            (&cookie, &[other.refresh_token.as_str()][..], StatusCode::UNAUTHORIZED, "invalid_token"),
            (&format!("{cookie}; {cookie}"), &[], StatusCode::BAD_REQUEST, "invalid_request"),
            (&"__Host-refresh=".to_owned(), &[], StatusCode::UNAUTHORIZED, "missing_refresh_token"),
            (&theirs, &[], StatusCode::UNAUTHORIZED, "invalid_token"),
            (&format!("__Host-refresh={access}"), &[], StatusCode::UNAUTHORIZED, "invalid_token"),
            (&format!("__host-refresh={refresh}"), &[], StatusCode::UNAUTHORIZED, "missing_refresh_token"),
            (&format!("refresh={refresh}"), &[], StatusCode::UNAUTHORIZED, "missing_refresh_token"),
        ] {
            app.send(with_cookies(path, Some(access), cookies, header)).await.refused(status, code);
        }
    }
}

#[tokio::test]
async fn a_refresh_cookie_counts_only_where_cookies_are_switched_on() {
    let app = app();
    let pair = app.login(&[Role::Admin]).await;
    let cookie = format!("__Host-refresh={}", pair.refresh_token);
    let answer = app.send(with_cookies("/account", Some(&pair.access_token), &cookie, &[])).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_refresh_token");
}
