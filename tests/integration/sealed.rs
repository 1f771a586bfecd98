//! Sealed payloads at every door that takes a token, and every token at `unseal`.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use countersign::session::SessionMetadata;
use countersign::token::UnsealError;
use countersign::{AuthRouter, Cookies, Endpoint, Session, rule};
use serde_json::{Value, json};

use crate::browser::{HOST, SAME_ORIGIN};
use crate::support::{Answer, App, AppState, Role, SECOND, User, access_header, forge, forge_with, payload};
use crate::support::{REFRESH_SECRET, payload_of, request, session_of};

rule! {
    /// May ask about tokens.
    MayIntrospect = role("support");
}

fn app() -> App {
    App::build_with(
        |builder| builder.cookies(Cookies::new().with_access_cookie()),
        |router: AuthRouter<AppState>| router,
    )
}

/// With the endpoints of sessions below `/auth`.
fn with_endpoints(app: &App) -> App {
    let endpoints = app.auth.routes().introspection::<MayIntrospect>().nest("/auth");
    let router = AuthRouter::new().routes(endpoints.undocumented(Endpoint::Refresh));
    let (router, api) = router.split_for_parts();
    App {
        auth: app.auth.clone(),
        clock: app.clock.clone(),
        router,
        api,
        handler_ran: app.handler_ran.clone(),
    }
}

/// A payload that says of itself what an access token says.
fn sealed(app: &App) -> String {
    app.auth.seal("invitation", &payload(), 60 * SECOND).unwrap()
}

async fn post(app: &App, path: &str, body: Value) -> Answer {
    app.send(request(Method::POST, path, None, Body::from(body.to_string()))).await
}

async fn with_cookie(app: &App, name: &str, value: &str) -> Answer {
    let request = Request::builder()
        .method(Method::GET)
        .uri("/me")
        .header(header::HOST, HOST)
        .header(SAME_ORIGIN.0, SAME_ORIGIN.1)
        .header(header::COOKIE, format!("{name}={value}"));
    app.send(request.body(Body::empty()).unwrap()).await
}

/// Row 180.
#[tokio::test]
async fn a_sealed_payload_is_refused_at_every_other_door() {
    let app = app();
    let sealed = sealed(&app);
    app.get("/me", Some(&sealed)).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    for name in ["__Host-access", "__Host-refresh", "access", "refresh"] {
        assert_eq!(with_cookie(&app, name, &sealed).await.status, StatusCode::UNAUTHORIZED, "{name}");
    }
    assert!(!app.handler_ran());

    let refused = app.refresh(&sealed).await;
    refused.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert!(app.auth.refresh(&sealed).await.is_err());
    assert!(!app.auth.introspect(&sealed).await.unwrap().active);

    // A session that its payload names does not end.
    let pair = app.login(&[Role::Support]).await;
    let named = app.auth.seal("invitation", &payload_of(&pair.access_token), 60 * SECOND).unwrap();
    let endpoints = with_endpoints(&app);
    for body in [json!({ "token": named }), json!({ "refresh_token": named })] {
        assert!(post(&endpoints, "/auth/logout", body).await.status.is_success());
    }
    app.auth.logout(&named).await.unwrap();
    assert!(app.auth.introspect(&pair.access_token).await.unwrap().active);
    let body = Body::from(json!({ "token": named }).to_string());
    let asked =
        endpoints.send(request(Method::POST, "/auth/introspect", Some(&pair.access_token), body)).await;
    assert_eq!((asked.status, asked.json()), (StatusCode::OK, json!({ "active": false })));
}

/// Row 180.
#[tokio::test]
async fn no_token_is_opened_as_a_sealed_payload() {
    let app = app();
    let pair = app.login(&[Role::Admin]).await;
    let actor: Session<User> = session_of(&app.auth, &pair.access_token).await;
    let customer = User { id: 8, ..User::with(&[]) };
    let impersonation = app.auth.impersonate(&actor, &customer).await.unwrap().access_token;
    let mut sealed_header = access_header();
    sealed_header.typ = Some("countersign-sealed+jwt".to_owned());
    let inner = json!({
        "iss": crate::support::ISSUER, "aud": "invitation", "iat": 1, "exp": crate::support::NOW + 60, "jti": "1",
        "payload": 1,
    });
    for (token, what) in [
        (pair.access_token.clone(), "an access token"),
        (pair.refresh_token.clone(), "a refresh token"),
        (impersonation, "the token of an impersonation"),
        (forge(&inner), "under the access key, as an access token"),
        (forge_with(&sealed_header, &inner, crate::support::ACCESS_SECRET), "under the access key"),
        (forge_with(&sealed_header, &inner, REFRESH_SECRET), "under the refresh secret"),
        (String::new(), "nothing"),
        ("a.b.c".to_owned(), "no token"),
    ] {
        let opened = app.auth.unseal::<Value>("invitation", &token);
        assert!(matches!(opened, Err(UnsealError::Invalid(_))), "{what}");
    }
    for purpose in ["", "https://api.test", "reset"] {
        assert!(matches!(app.auth.unseal::<Value>(purpose, &sealed(&app)), Err(UnsealError::OtherPurpose)));
    }
}

/// Row 180.
#[tokio::test]
async fn a_sealed_payload_opens_until_its_end_with_every_server_of_the_secret() {
    let (one, other) = (app(), App::new());
    let text = sealed(&one);
    assert_eq!(one.auth.unseal::<Value>("invitation", &text).unwrap(), payload());
    assert_eq!(other.auth.unseal::<Value>("invitation", &text).unwrap(), payload());
    one.clock.advance(60 * SECOND);
    assert!(matches!(one.auth.unseal::<Value>("invitation", &text), Err(UnsealError::Expired)));
    // The login of a user has nothing to do with it.
    one.auth.login(&User::with(&[]), SessionMetadata::default()).await.unwrap();
}
