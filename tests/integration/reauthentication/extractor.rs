//! The extractor with and without cookies, the callers it accepts, and its events.

use super::*;

fn with_cookies(request: Request<Body>, cookies: &str) -> Request<Body> {
    let mut request = request;
    request.headers_mut().insert(header::COOKIE, HeaderValue::from_str(cookies).unwrap());
    request
}

/// Rows 92 and 102: a browser keeps its session and gets new cookies for it.
#[tokio::test]
async fn browser_gets_new_cookies_of_the_same_session() {
    let app = app(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    let first = app.sign_in().await;
    app.clock.advance(SECOND * 601);
    let cookies = first.cookie_header();
    let proved = app.post("/confirm/cookies", &[SAME_ORIGIN, ("cookie", &cookies)]).await;
    assert_eq!(proved.status, StatusCode::OK);
    assert_eq!(proved.header(header::CACHE_CONTROL), Some("no-store"));
    assert_eq!(proved.text("csrf_token"), first.text("csrf_token"));
    assert_eq!(auth_time(&proved.cookie("__Host-access")), NOW + 601);
    assert_eq!(app.session_count().await, 1);
    let refresh = |cookies: String| {
        let mut request = Request::post("/refresh").body(Body::empty()).unwrap();
        request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        app.send(with_cookies(request, &cookies))
    };
    let late = refresh(cookies).await;
    late.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert!(late.set_cookies().is_empty(), "losing a race is no sign-out");
    assert_eq!(refresh(proved.cookie_header()).await.status, StatusCode::OK);
}

/// Rows 107 and 108: another site can send the cookies, and a form of its own with a token in the address.
#[tokio::test]
async fn another_site_cannot_reauthenticate() {
    let app = app(|builder| {
        let query = AccessTokenInQuery::named("access_token");
        builder.cookies(Cookies::new().with_access_cookie()).access_query(query)
    });
    let cookies = app.sign_in().await.cookie_header();
    let own = app.login(&[]).await;
    let before = app.auth.sessions(&7).await.unwrap();
    let answer = app.post("/confirm/cookies", &[CROSS_SITE, ("cookie", &cookies)]).await;
    answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
    let path = format!("/confirm/cookies?access_token={}", own.access_token);
    for headers in [&[CROSS_SITE][..], &[("origin", "https://evil.test")], &[]] {
        let answer = app.post(&path, headers).await;
        answer.refused(StatusCode::FORBIDDEN, "cross_site_request");
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(app.auth.sessions(&7).await.unwrap(), before);
    assert_eq!(app.post(&path, &[SAME_ORIGIN]).await.status, StatusCode::OK);
    let bearer = format!("Bearer {}", app.login(&[]).await.access_token);
    let answer = app.post("/confirm/cookies", &[("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::OK, "which no form can send");
}

#[tokio::test]
async fn extractor_refuses_callers_without_a_session() {
    let app = app(|builder| builder.liveness(Liveness::OnDemand));
    let pair = app.login(&[]).await;
    let send = async |token: Option<&str>| {
        app.send(request(Method::POST, "/confirm/tokens", token, Body::from("right"))).await
    };
    assert_eq!(send(Some(&pair.access_token)).await.status, StatusCode::OK);
    send(None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    app.auth.logout(&pair.access_token).await.unwrap();
    send(Some(&pair.access_token)).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let answer = app.post("/confirm/cookies", &[("authorization", "Bearer a.b.c")]).await;
    answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

#[tokio::test]
async fn cookies_that_are_not_configured_are_an_error_and_consume_nothing() {
    let app = app(|builder| builder);
    let pair = app.login(&[]).await;
    let bearer = format!("Bearer {}", pair.access_token);
    let answer = app.post("/confirm/cookies", &[("authorization", &bearer)]).await;
    answer.refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error");
    assert_eq!(app.refresh(&pair.refresh_token).await.status, StatusCode::OK);
}

type Told = (String, Option<String>, Option<String>, Option<String>);

/// Records each event, with its user, actor and route.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Told>>>);

impl AuthEvents for Heard {
    fn record(&self, event: &AuthEvent<'_>) {
        let what =
            format!("{} {} {}", event.kind.as_str(), event.outcome.as_str(), event.reason.unwrap_or("-"));
        let [user, actor, route] = [event.user, event.actor, event.route].map(|text| text.map(str::to_owned));
        self.0.lock().unwrap().push((what, user, actor, route));
    }
}

/// Rows 131 and 136: guesses with a stolen session are reported.
#[tokio::test]
async fn each_attempt_is_one_event() {
    let heard = Heard::default();
    let listener = heard.clone();
    let app = app(|builder| builder.events(listener));
    let pair = app.login(&[]).await;
    heard.0.lock().unwrap().clear();
    for password in ["wrong", "right"] {
        let body = Body::from(password);
        let answer = app.send(request(Method::POST, "/confirm/tokens", Some(&pair.access_token), body)).await;
        if password == "wrong" {
            answer.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
        }
    }
    let session = session_of(&app.auth, &pair.access_token).await;
    app.auth.logout(&pair.access_token).await.unwrap();
    assert!(app.auth.reauthenticate(&session).await.is_err());
    let told = heard.0.lock().unwrap().clone();
    let (user, route) = (Some("7".to_owned()), Some("/confirm/tokens".to_owned()));
    let expected = [
        ("reauthentication refused wrong_password", route.clone()),
        ("reauthentication success -", route),
        ("revoke success logout", None),
        ("reauthentication refused session_unknown", None),
    ];
    let expected = expected.map(|(what, route)| (what.to_owned(), user.clone(), None, route));
    assert_eq!(told, expected);
}
