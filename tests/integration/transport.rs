//! The places of an access token, and that a request uses one of them only.

use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use countersign::dangerous::AccessTokenInQuery;
use countersign::testing::TestClock;
use countersign::{AuthBuilder, AuthRouter, ConfigError, Cookies, Endpoint};
use serde_json::json;
use tower::ServiceExt as _;

use crate::browser::{
    CROSS_SITE, SAME_ORIGIN, app, request, routed, with_access_cookie, with_header_changed,
};
use crate::support::{Answer, App, AppState, NOW, SECOND, User, builder, forge, payload, payload_with};

const NAMED: HeaderName = HeaderName::from_static("x-access-token");

/// Every place switched on.
fn everywhere() -> App {
    app(switched_on)
}

fn switched_on(builder: AuthBuilder<User>) -> AuthBuilder<User> {
    builder
        .access_header(NAMED)
        .cookies(Cookies::new().with_access_cookie())
        .access_query(AccessTokenInQuery::named("access_token"))
}

/// A token in a place: as headers, and as the end of a path.
struct Place {
    name: &'static str,
    header: Option<(&'static str, String)>,
    query: String,
}

impl Place {
    fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header.iter().map(|(name, value)| (*name, value.as_str()))
    }

    async fn fetch(&self, app: &App, path: &str) -> Answer {
        let headers: Vec<_> = self.headers().collect();
        app.fetch(&format!("{path}{}", self.query), &headers).await
    }
}

fn places(token: &str) -> [Place; 4] {
    let header = |name, header, value| Place { name, header: Some((header, value)), query: String::new() };
    [
        header("Bearer", "authorization", format!("Bearer {token}")),
        header("Header", "x-access-token", token.to_owned()),
        header("Cookie", "cookie", format!("theme=dark; __Host-access={token}")),
        Place { name: "Query", header: None, query: format!("?page=1&access_token={token}") },
    ]
}

#[tokio::test]
async fn token_is_read_from_each_place_and_the_places_are_told_apart() {
    let app = everywhere();
    for place in places(&forge(&payload())) {
        let answer = place.fetch(&app, "/transport").await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, place.name.as_bytes()));
        assert_eq!(place.fetch(&app, "/me").await.status, StatusCode::OK);
        assert_eq!(place.fetch(&app, "/greeting").await.status, StatusCode::OK);
    }
}

/// Row 64: the same token in both headers is two tokens as well.
#[tokio::test]
async fn tokens_in_both_headers_are_a_malformed_request() {
    let app = everywhere();
    let good = forge(&payload());
    for second in [good.as_str(), "x"] {
        let [bearer, ..] = places(&good);
        let [_, header, ..] = places(second);
        let headers: Vec<_> = bearer.headers().chain(header.headers()).collect();
        for path in ["/me", "/greeting", "/transport"] {
            app.fetch(path, &headers).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
        }
    }
    assert!(!app.handler_ran());
}

/// Rows 64 and 105.
#[tokio::test]
async fn two_tokens_in_one_place_are_a_malformed_request() {
    let app = everywhere();
    let good = forge(&payload());
    let (bearer, cookie) = (format!("Bearer {good}"), format!("__Host-access={good}"));
    let both = format!("{cookie}; {cookie}");
    let twice: [&[(&str, &str)]; 4] = [
        &[("authorization", &bearer), ("authorization", &bearer)],
        &[("x-access-token", &good), ("x-access-token", &good)],
        &[("cookie", &both)],
        &[("cookie", &cookie), ("cookie", &cookie)],
    ];
    for headers in twice {
        app.fetch("/me", headers).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let query = format!("/me?access_token={good}&access_token={good}");
    app.fetch(&query, &[]).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
}

/// Rows 66 and 150.
#[tokio::test]
async fn an_empty_value_is_no_credential_in_any_place() {
    let app = everywhere();
    for place in places("") {
        place.fetch(&app, "/me").await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert_eq!(place.fetch(&app, "/greeting").await.status, StatusCode::OK, "{}", place.name);
    }
}

#[tokio::test]
async fn bad_token_is_refused_in_every_place() {
    let app = everywhere();
    let expired = forge(&payload_with("exp", json!(NOW - 3600)));
    let refresh_token = app.login(&[]).await.refresh_token;
    for token in [expired.as_str(), refresh_token.as_str(), "nonsense", "Bearer%20x", "a.b.c"] {
        for place in places(token) {
            for path in ["/me", "/greeting"] {
                let answer = place.fetch(&app, path).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token} in {}", place.name);
                answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
            }
        }
    }
}

/// Rows 62 and 67.
#[tokio::test]
async fn places_that_are_not_switched_on_are_not_read() {
    let good = forge(&payload());
    for app in [App::new(), app(|builder| builder.cookies(Cookies::new()))] {
        for place in places(&good).into_iter().skip(1) {
            let answer = place.fetch(&app, "/me").await;
            answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
            assert!(!answer.header(header::WWW_AUTHENTICATE).unwrap().contains("error"));
        }
    }
}

/// Row 106.
#[tokio::test]
async fn cookie_whose_name_differs_in_letter_case_is_another_cookie() {
    let app = with_access_cookie();
    let good = forge(&payload());
    for name in ["__host-access", "__HOST-access", "__Host-Access", "access", "__Secure-access"] {
        let other = format!("{name}=x");
        let answer = app.fetch("/me", &[("cookie", &other)]).await;
        answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        let beside = format!("{other}; __Host-access={good}");
        assert_eq!(app.fetch("/me", &[("cookie", &beside)]).await.status, StatusCode::OK, "{name}");
    }
}

/// Rows 102, 105 and 106: a sibling host can set a cookie with a Unicode space before the `__Host-` prefix for the whole site. It neither
/// signs the user in nor keeps the user out.
#[tokio::test]
async fn cookie_with_a_unicode_space_before_its_name_is_another_cookie() {
    let app = with_access_cookie();
    let (own, other) = (app.sign_in().await, app.sign_in().await);
    let planted = format!(
        "\u{2000}__Host-access={}; \u{A0}__Host-refresh={}",
        other.cookie("__Host-access"),
        other.cookie("__Host-refresh")
    );
    let with_cookies = |method, path, cookies: &str| {
        let mut sent = request(method, path, &[SAME_ORIGIN]);
        sent.headers_mut().insert(header::COOKIE, HeaderValue::from_bytes(cookies.as_bytes()).unwrap());
        app.send(sent)
    };
    let answer = with_cookies(Method::GET, "/me", &planted).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    let answer = with_cookies(Method::POST, "/refresh", &planted).await;
    answer.refused(StatusCode::BAD_REQUEST, "invalid_request");
    let beside = format!("{}; {planted}", own.cookie_header());
    assert_eq!(with_cookies(Method::GET, "/me", &beside).await.status, StatusCode::OK);
    assert_eq!(with_cookies(Method::POST, "/refresh", &beside).await.status, StatusCode::OK);
    assert_eq!(app.session_count().await, 2);
}

/// The token of the query is decoded once, and its letter case matters.
#[tokio::test]
async fn query_is_decoded_by_the_rules_of_forms() {
    let app = everywhere();
    let good = forge(&payload());
    let encoded = good.replace('.', "%2E");
    assert_eq!(app.fetch(&format!("/me?access%5Ftoken={encoded}"), &[]).await.status, StatusCode::OK);
    let twice = good.replace('.', "%252E");
    assert_eq!(app.fetch(&format!("/me?access_token={twice}"), &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.fetch(&format!("/me?Access_Token={good}"), &[]).await.text("code"), "missing_credentials");
}

/// The session that an outer layer has verified belongs to its credential. The same bytes in another place are another credential.
#[tokio::test]
async fn header_and_cookie_with_one_token_are_two_credentials() {
    let app = everywhere();
    let token = forge(&payload());
    let bearer = format!("Bearer {token}");
    for (name, value) in [("authorization", &bearer), ("x-access-token", &token)] {
        let router = with_header_changed(&app, name, "cookie");
        let send = async |method: Method, path: &str| {
            let request = request(method, path, &[(name, value), CROSS_SITE]);
            router.clone().oneshot(request).await.unwrap()
        };
        assert_eq!(send(Method::GET, "/transport").await.status(), StatusCode::OK);
        assert_eq!(send(Method::POST, "/notes").await.status(), StatusCode::FORBIDDEN, "{name}");
    }
}

#[test]
fn headers_and_parameters_with_another_meaning_are_refused() {
    let clock = TestClock::at(NOW);
    for name in ["authorization", "cookie", "host", "origin", "x-csrf-token", "x-refresh-token"] {
        let refused = builder(&clock).access_header(HeaderName::from_static(name)).build();
        assert!(matches!(refused, Err(ConfigError::AccessHeader)), "{name}");
    }
    for name in ["", "refresh_token"] {
        let refused = builder(&clock).access_query(AccessTokenInQuery::named(name)).build();
        assert!(matches!(refused, Err(ConfigError::AccessQuery)), "{name}");
    }
}

/// The expiry of a token counts in a cookie too, even if the browser keeps the cookie.
#[tokio::test]
async fn expired_token_in_a_cookie_is_refused() {
    let app = with_access_cookie();
    let cookies = app.sign_in().await.cookie_header();
    assert_eq!(app.fetch("/me", &[("cookie", &cookies)]).await.status, StatusCode::OK);
    app.clock.advance(SECOND * 1000);
    app.fetch("/me", &[("cookie", &cookies)]).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// Without a state, `describe` says it.
#[test]
fn document_of_a_router_without_its_state_is_described() {
    let router = routed(AuthRouter::new());
    let security = |router: &AuthRouter<AppState>| {
        let api = serde_json::to_value(router.openapi()).unwrap();
        api["paths"]["/notes"]["post"]["security"].as_array().unwrap().len()
    };
    assert_eq!(security(&router), 1);
    assert_eq!(security(&router.describe(&everywhere().auth)), 4);
}

#[tokio::test]
async fn document_names_every_place_that_is_switched_on() {
    // The endpoint knows its own `Auth`, and the other operations that of the state.
    let logout = everywhere().auth.routes().only([Endpoint::Logout]);
    let app = App::build_with(switched_on, |router| routed(router).routes(logout));
    let api = serde_json::to_value(&app.api).unwrap();
    let schemes = &api["components"]["securitySchemes"];
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    for (name, place, called) in [
        ("accessHeader", "header", "x-access-token"),
        ("accessCookie", "cookie", "__Host-access"),
        ("accessQuery", "query", "access_token"),
    ] {
        assert_eq!((&schemes[name]["in"], &schemes[name]["name"]), (&json!(place), &json!(called)));
    }
    let any = |names: serde_json::Value| json!([{"bearer": names}, {"accessHeader": names}, {"accessCookie": names}, {"accessQuery": names}]);
    assert_eq!(api["paths"]["/me"]["get"]["security"], any(json!([])));
    assert_eq!(api["paths"]["/admin"]["get"]["security"], any(json!(["admin"])));
    assert_eq!(api["paths"]["/notes"]["post"]["security"], any(json!([])));
    assert_eq!(api["paths"]["/health"]["get"]["security"], json!([]));
    assert_eq!(api["paths"]["/greeting"]["get"]["security"].as_array().unwrap().len(), 5);
    for path in ["/notes", "/refresh", "/logout"] {
        let refused = &api["paths"][path]["post"]["responses"]["403"];
        assert!(refused.is_object(), "another site may have sent it: {path}");
    }
    assert!(api["paths"]["/me"]["get"]["responses"]["403"].is_null());
    let login = &api["paths"]["/login/cookies"]["post"];
    assert!(login["responses"]["403"].is_object() && login["responses"]["400"].is_object());
    assert_eq!(login["parameters"][0]["name"], "X-CSRF-Token");
    assert!(api["paths"]["/login/callback"]["get"]["responses"]["403"].is_null(), "a `GET` is not refused");

    assert_eq!(schemes["refreshCookie"]["name"], "__Host-refresh");
    let refresh = &api["paths"]["/refresh"]["post"];
    assert_eq!(refresh["requestBody"]["required"], false);
    let answers = &refresh["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"];
    assert_eq!(answers[0]["$ref"], "#/components/schemas/TokenPair");
    assert_eq!(answers[1]["$ref"], "#/components/schemas/CookieTokens");
    assert!(
        refresh["responses"]["403"].is_object() && api["components"]["schemas"]["CookieTokens"].is_object()
    );

    let plain = serde_json::to_value(&App::new().api).unwrap();
    assert_eq!(plain["components"]["securitySchemes"].as_object().unwrap().len(), 1);
}
