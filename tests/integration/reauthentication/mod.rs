//! Users prove again who they are, before actions for which a stolen session must not be enough.

mod extractor;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::routing::get;
use countersign::__private::Guard;
use countersign::dangerous::AccessTokenInQuery;
use countersign::session::{Lifetimes, Rotation};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{
    Access, Auth, AuthBuilder, AuthError, AuthEvent, AuthEvents, AuthRejection, CookieTokens, Cookies,
    Forbidden, InvalidGrant, Liveness, Policy, Reauthentication, Rule, TokenPair, routes,
};
use tower::ServiceExt as _;

use crate::browser::{CROSS_SITE, SAME_ORIGIN};
use crate::support::{
    Answer, App, NOW, Role, SECOND, User, forge, payload_of, payload_with, request, session_of,
};

enum Recent {}

impl Policy for Recent {
    const ACCESS: Access = Access::Require(Rule::Fresh(std::time::Duration::from_secs(600)));
    type Roles = ();
    type Checks = ();
    type Proves = ();
}

/// Proves it with the password, and gets tokens
#[utoipa::path(post, path = "/confirm/tokens", responses((status = 200)))]
async fn confirm(caller: Reauthentication<User>, password: String) -> Result<TokenPair, AuthRejection> {
    if password != "right" {
        return Err(caller.refused("wrong_password"));
    }
    assert_eq!(caller.session().claims().id, 7);
    Ok(caller.tokens().await?)
}

/// Proves it with nothing, and gets cookies
#[utoipa::path(post, path = "/confirm/cookies", responses((status = 200)))]
async fn confirm_in_cookies(caller: Reauthentication<User>) -> Result<CookieTokens, AuthError> {
    caller.cookies().await
}

fn app(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> App {
    App::build_with(configure, |router| {
        crate::browser::routed(router).routes(routes!(confirm, confirm_in_cookies))
    })
}

async fn reauthenticate(app: &App, access_token: &str) -> Result<TokenPair, AuthError> {
    app.auth.reauthenticate(&session_of(&app.auth, access_token).await).await
}

/// A route for those who proved who they are at most ten minutes ago.
async fn ask_for_a_recent_proof(auth: &Auth<User>, access_token: &str) -> Answer {
    let router = Router::new().route("/", get(async |_: Guard<Recent>| ())).with_state(auth.clone());
    let request = request(Method::GET, "/", Some(access_token), Body::empty());
    Answer::read(router.oneshot(request).await.unwrap()).await
}

fn auth_time(access_token: &str) -> i64 {
    payload_of(access_token)["auth_time"].as_i64().unwrap()
}

#[track_caller]
fn refused(result: Result<TokenPair, AuthError>, reason: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, AuthError::InvalidGrant(_)), "{error:?}");
    assert_eq!(error.reason(), reason);
}

/// Row 60.
#[tokio::test]
async fn reauthentication_makes_a_stale_sign_in_fresh() {
    let app = App::new();
    let first = app.login(&[Role::Member]).await;
    app.clock.advance(SECOND * 601);
    let stale = ask_for_a_recent_proof(&app.auth, &first.access_token).await;
    stale.refused(StatusCode::UNAUTHORIZED, "insufficient_user_authentication");
    assert!(stale.header(header::WWW_AUTHENTICATE).unwrap().contains("max_age=\"600\""));

    let proved = reauthenticate(&app, &first.access_token).await.unwrap();
    assert_eq!(ask_for_a_recent_proof(&app.auth, &proved.access_token).await.status, StatusCode::OK);
    let sid = payload_of(&first.access_token)["sid"].clone();
    app.clock.advance(SECOND * 300);
    let next = app.auth.refresh(&proved.refresh_token).await.unwrap();
    for pair in [&proved, &next] {
        assert_eq!(auth_time(&pair.access_token), NOW + 601);
        assert_eq!(payload_of(&pair.access_token)["sid"], sid);
    }
    assert_eq!(ask_for_a_recent_proof(&app.auth, &next.access_token).await.status, StatusCode::OK);
    app.clock.advance(SECOND * 301);
    let answer = ask_for_a_recent_proof(&app.auth, &next.access_token).await;
    answer.refused(StatusCode::UNAUTHORIZED, "insufficient_user_authentication");
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
}

/// Row 60: the access token from before keeps its time.
#[tokio::test]
async fn access_token_from_before_stays_stale() {
    let app = App::new();
    let first = app.login(&[]).await;
    app.clock.advance(SECOND * 601);
    reauthenticate(&app, &first.access_token).await.unwrap();
    let answer = ask_for_a_recent_proof(&app.auth, &first.access_token).await;
    answer.refused(StatusCode::UNAUTHORIZED, "insufficient_user_authentication");
}

/// Row 60: with the rotation that keeps its token the access token of a refresh has the new time as well.
#[tokio::test]
async fn kept_refresh_token_gives_access_tokens_with_the_new_time() {
    let near = Rotation::NearExpiry { within: SECOND * 60, window: SECOND * 30 };
    let app = App::with(|builder| builder.rotation(near));
    let first = app.login(&[]).await;
    app.clock.advance(SECOND * 100);
    assert_eq!(auth_time(&app.auth.refresh(&first.refresh_token).await.unwrap().access_token), NOW);
    let proved = reauthenticate(&app, &first.access_token).await.unwrap();
    refused(app.auth.refresh(&first.refresh_token).await, "retry_unrepeatable");
    app.clock.advance(SECOND * 100);
    let kept = app.auth.refresh(&proved.refresh_token).await.unwrap();
    assert_eq!(kept.refresh_token, proved.refresh_token);
    assert_eq!(auth_time(&kept.access_token), NOW + 100);
    refused(app.auth.refresh(&first.refresh_token).await, "late_retry");
    refused(app.auth.refresh(&proved.refresh_token).await, "session_unknown");
}

/// Row 78: from the same record come the same bytes.
#[tokio::test]
async fn retry_of_a_refresh_after_reauthentication_gets_the_same_bytes() {
    let app = App::new();
    let first = app.login(&[]).await;
    app.clock.advance(SECOND * 100);
    let proved = reauthenticate(&app, &first.access_token).await.unwrap();
    app.clock.advance(SECOND * 100);
    let next = app.auth.refresh(&proved.refresh_token).await.unwrap();
    app.clock.advance(SECOND * 29);
    let again = app.auth.refresh(&proved.refresh_token).await.unwrap();
    assert_eq!((next.access_token, next.refresh_token), (again.access_token, again.refresh_token));
}

/// Row 99: new tokens, and those from before renew nothing.
#[tokio::test]
async fn refresh_token_from_before_is_refused_and_the_session_goes_on() {
    let app = App::new();
    let first = app.login(&[]).await;
    let proved = reauthenticate(&app, &first.access_token).await.unwrap();
    assert_ne!(first.refresh_token, proved.refresh_token);
    assert_ne!(first.access_token, proved.access_token);
    for seconds in [0, 29] {
        app.clock.advance(SECOND * seconds);
        app.refresh(&first.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    assert_eq!(app.refresh(&proved.refresh_token).await.status, StatusCode::OK);
}

/// Row 79.
#[tokio::test]
async fn refresh_token_from_before_is_a_reuse_after_the_window() {
    let app = App::new();
    let first = app.login(&[]).await;
    let proved = reauthenticate(&app, &first.access_token).await.unwrap();
    app.clock.advance(SECOND * 30);
    refused(app.auth.refresh(&first.refresh_token).await, "late_retry");
    refused(app.auth.refresh(&proved.refresh_token).await, "session_unknown");
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}

/// Rows 85 and 86: a proof prolongs the session as its use does, and not beyond its end.
#[tokio::test]
async fn reauthentication_moves_the_idle_end_and_not_the_absolute_one() {
    let app = App::with(|builder| builder.lifetimes(Lifetimes::new(SECOND * 1000, SECOND * 1500)));
    let first = app.login(&[]).await;
    app.clock.advance(SECOND * 900);
    let proved = reauthenticate(&app, &first.access_token).await.unwrap();
    let session = app.auth.sessions(&7).await.unwrap().remove(0);
    assert_eq!(session.created_at.unix(), NOW);
    assert_eq!(
        (session.idle_expires_at.unix(), session.absolute_expires_at.unix()),
        (NOW + 1500, NOW + 1500)
    );
    assert_eq!(payload_of(&proved.access_token)["exp"], NOW + 1500);
    assert_eq!(proved.expires_in, 600);
}

/// Row 94.
#[tokio::test]
async fn ended_session_is_not_revived() {
    let app = App::new();
    let first = app.login(&[]).await;
    let session = session_of(&app.auth, &first.access_token).await;
    app.auth.logout(&first.refresh_token).await.unwrap();
    refused(app.auth.reauthenticate(&session).await, "session_unknown");
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());

    let app = App::with(|builder| builder.lifetimes(Lifetimes::new(SECOND * 910, SECOND * 2000)));
    let idle = app.login(&[]).await;
    let session = session_of(&app.auth, &idle.access_token).await;
    app.clock.advance(SECOND * 910);
    refused(app.auth.reauthenticate(&session).await, "session_expired");
}

/// Row 94: an access token that was ended does not get another one.
#[tokio::test]
async fn expired_access_token_is_refused_and_a_refreshed_one_is_not() {
    let app = App::new();
    let first = app.login(&[]).await;
    app.clock.advance(SECOND);
    app.auth.expire_access_tokens(&7).await.unwrap();
    refused(reauthenticate(&app, &first.access_token).await, "expired");
    app.clock.advance(SECOND);
    let next = app.auth.refresh(&first.refresh_token).await.unwrap();
    assert!(reauthenticate(&app, &next.access_token).await.is_ok());
}

/// Row 94: a token from the second in which the access tokens were ended counts as issued before, as it does for a guard.
#[tokio::test]
async fn access_token_of_the_second_of_its_end_is_refused() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.auth.expire_access_tokens(&7).await.unwrap();
    refused(reauthenticate(&app, &pair.access_token).await, "expired");
}

/// Row 95: a token that names another user's session gets none of its tokens.
#[tokio::test]
async fn session_of_another_user_is_refused() {
    let app = App::new();
    let other = app.login(&[]).await;
    let mut payload = payload_with("sub", serde_json::json!("8"));
    payload["sid"] = payload_of(&other.access_token)["sid"].clone();
    let before = app.auth.sessions(&7).await.unwrap();
    refused(reauthenticate(&app, &forge(&payload)).await, "other_session");
    assert_eq!(app.auth.sessions(&7).await.unwrap(), before);
}

/// Row 61: an actor can prove neither the user's identity nor their own.
#[tokio::test]
async fn impersonated_session_is_refused() {
    let app = app(|builder| builder);
    let actor = app.login(&[Role::Admin]).await;
    let session = session_of(&app.auth, &actor.access_token).await;
    let user = User { id: 8, ..User::with(&[]) };
    let token = app.auth.impersonate(&session, &user).await.unwrap().access_token;
    let refused = reauthenticate(&app, &token).await.unwrap_err();
    assert!(matches!(refused, AuthError::Forbidden(Forbidden::Impersonated)), "{refused:?}");
    assert_eq!(AuthRejection::from(refused).denial().status(), StatusCode::FORBIDDEN);
    let answer = app.send(request(Method::POST, "/confirm/tokens", Some(&token), Body::from("right"))).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(app.refresh(&actor.refresh_token).await.status, StatusCode::OK);
}

/// Row 97.
#[tokio::test]
async fn user_who_is_gone_loses_every_session() {
    let app = App::with(|builder| builder.claims_source(|_| async { Ok(None) }));
    let (first, _) = (app.login(&[]).await, app.login(&[]).await);
    let error = reauthenticate(&app, &first.access_token).await.unwrap_err();
    assert!(matches!(error, AuthError::InvalidGrant(InvalidGrant::UserGone)), "{error:?}");
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}

#[tokio::test]
async fn claims_are_read_anew() {
    let app = App::new();
    let first = app.login(&[Role::Admin]).await;
    let proved = reauthenticate(&app, &first.access_token).await.unwrap();
    assert_eq!(payload_of(&proved.access_token)["roles"], serde_json::json!(["member"]));
}

/// Row 90.
#[tokio::test]
async fn store_or_source_that_fails_consumes_nothing() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let down = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let app = App::with(|builder| {
        builder.store(Arc::clone(&store)).claims_source(move |id| {
            let answer = match is_down.load(std::sync::atomic::Ordering::SeqCst) {
                true => Err("the database is down".into()),
                false => Ok(Some(User { id, ..User::with(&[]) })),
            };
            async { answer }
        })
    });
    let first = app.login(&[]).await;
    let before = app.auth.sessions(&7).await.unwrap();
    let unavailable = async || {
        let error = reauthenticate(&app, &first.access_token).await.unwrap_err();
        assert!(matches!(error, AuthError::Unavailable(_)), "{error:?}");
    };
    for fault in [Fault::Read, Fault::BeforeWrite] {
        store.inject(fault);
        unavailable().await;
        store.heal();
    }
    down.store(true, std::sync::atomic::Ordering::SeqCst);
    unavailable().await;
    down.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(app.auth.sessions(&7).await.unwrap(), before);
    assert_eq!(app.refresh(&first.refresh_token).await.status, StatusCode::OK);
}

/// Row 90: the write was done and its answer was lost, so the client repeats the request.
#[tokio::test]
async fn reauthentication_whose_answer_was_lost_can_be_repeated() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = App::with(|builder| builder.store(Arc::clone(&store)));
    let first = app.login(&[]).await;
    store.inject(Fault::AfterWrite);
    assert!(reauthenticate(&app, &first.access_token).await.is_err());
    store.heal();
    refused(app.auth.refresh(&first.refresh_token).await, "retry_unrepeatable");
    let proved = reauthenticate(&app, &first.access_token).await.unwrap();
    assert_eq!(app.refresh(&proved.refresh_token).await.status, StatusCode::OK);
}

/// Row 76: when a button is pressed twice, one answer is good, and the other is refused without ending the session.
#[tokio::test]
async fn one_of_two_parallel_reauthentications_is_good() {
    let app = App::new();
    let first = app.login(&[]).await;
    let session = session_of(&app.auth, &first.access_token).await;
    let (one, other) = tokio::join!(app.auth.reauthenticate(&session), app.auth.reauthenticate(&session));
    let mut statuses = Vec::new();
    for pair in [one.unwrap(), other.unwrap()] {
        statuses.push(app.refresh(&pair.refresh_token).await.status);
    }
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::BAD_REQUEST]);
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
}
