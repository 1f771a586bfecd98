//! No refusal also refuses its own remedy: from every state of a browser there is a way to be signed in, and one to be signed out.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use super::{CONTENTS, Content, NAVIGATION, SAME_ORIGIN, Server};
use crate::support::Answer;

/// A browser: its cookies, and the header that it adds to every request of a site behind a password.
struct Browser<'s> {
    server: &'s Server,
    cookies: BTreeMap<String, String>,
    authorization: Option<&'static str>,
}

impl Browser<'_> {
    async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let answer = self.server.send(request.body(Body::empty()).unwrap()).await;
        for cookie in answer.set_cookies() {
            if cookie.max_age().is_some_and(cookie::time::Duration::is_zero) {
                self.cookies.remove(cookie.name());
            } else {
                self.cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
        answer
    }

    async fn navigate(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &NAVIGATION).await
    }

    async fn fetch(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("sec-fetch-mode", "cors"), SAME_ORIGIN]).await
    }

    async fn post(&mut self, path: &str) -> Answer {
        self.send(Method::POST, path, &[SAME_ORIGIN]).await
    }
}

fn refresh_token(server: &Server, content: Content) -> Option<String> {
    Some(match content {
        Content::Nothing => return None,
        Content::Good => server.good.refresh_token.clone(),
        Content::AnotherUsers => server.another.refresh_token.clone(),
        Content::Ended => server.ended.refresh_token.clone(),
        other => server.token(other),
    })
}

/// Every state: of the access cookie, of the refresh cookie, and of a header that the browser adds by itself.
async fn in_every_state(walk: impl AsyncFn(Browser<'_>, String)) {
    for access in CONTENTS {
        for refresh in CONTENTS {
            for authorization in [None, Some("Basic dXNlcjpwYXNz"), Some("Bearer")] {
                let server = Server::start().await;
                let mut cookies = BTreeMap::new();
                if access != Content::Nothing {
                    cookies.insert("__Host-access".to_owned(), server.token(access));
                }
                cookies.extend(
                    refresh_token(&server, refresh).map(|token| ("__Host-refresh".to_owned(), token)),
                );
                let browser = Browser { server: &server, cookies, authorization };
                walk(browser, format!("{access:?} {refresh:?} {authorization:?}")).await;
            }
        }
    }
}

/// Row 151.
#[tokio::test]
async fn from_every_state_a_browser_signs_in() {
    in_every_state(async |mut browser, state| {
        for path in ["/open", "/login", "/visitor"] {
            let status = browser.navigate(path).await.status;
            assert!(matches!(status, StatusCode::OK | StatusCode::SEE_OTHER), "{state} {path}");
        }
        assert_eq!(browser.post("/sign-in").await.status, StatusCode::OK, "{state}");
        assert_eq!(browser.fetch("/who").await.body, "7", "{state}");
        assert_eq!(browser.post("/auth/refresh").await.status, StatusCode::OK, "{state}");
        assert_eq!(browser.navigate("/visitor").await.body, "7", "{state}");
    })
    .await;
}

/// Row 151.
#[tokio::test]
async fn from_every_state_a_browser_signs_out() {
    in_every_state(async |mut browser, state| {
        assert_eq!(browser.post("/auth/logout").await.status, StatusCode::NO_CONTENT, "{state}");
        assert!(browser.cookies.values().all(String::is_empty), "{state}: {:?}", browser.cookies);
        browser.fetch("/who").await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert_eq!(browser.fetch("/visitor").await.body, "nobody", "{state}");
    })
    .await;
}

/// Row 152: after one refusal the next request is an honest one, and whatever can still be renewed is renewed.
#[tokio::test]
async fn a_bad_access_cookie_is_in_the_way_once() {
    in_every_state(async |mut browser, state| {
        let had_refresh = browser.cookies.get("__Host-refresh").cloned();
        let first = browser.fetch("/visitor").await.status;
        assert!(matches!(first, StatusCode::OK | StatusCode::UNAUTHORIZED), "{state}");
        assert_eq!(browser.fetch("/visitor").await.status, StatusCode::OK, "{state}");
        assert_eq!(browser.cookies.get("__Host-refresh").cloned(), had_refresh, "{state}");
    })
    .await;
}
