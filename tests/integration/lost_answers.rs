//! Answers to refreshes that were lost, with real tokens: a new successor, once, and a thief who is found.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{StatusCode, header};
use countersign::session::{ReuseKind, Rotation, SessionError};
use countersign::testing::TestAuth;
use countersign::{
    AuthError, AuthEvent, AuthEvents, AuthRouter, InvalidGrant, RefreshSession, SessionClaims, TokenPair,
    authenticated, routes,
};
use tower::ServiceExt as _;

const WINDOW: Duration = Duration::from_secs(30);

#[derive(SessionClaims, Clone)]
struct Member {
    #[claims(subject)]
    id: u64,
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl AuthEvents for Heard {
    fn record(&self, event: &AuthEvent<'_>) {
        let reason = event.reason.unwrap_or("-");
        let what = format!("{} {} {reason}", event.kind.as_str(), event.outcome.as_str());
        assert_eq!(event.user, Some("7"));
        assert!(event.session.is_some());
        self.0.lock().unwrap().push(what);
    }
}

impl Heard {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn auth(rotation: Rotation) -> (TestAuth<Member>, Heard) {
    let heard = Heard::default();
    (TestAuth::with(|builder| builder.rotation(rotation).events(heard.clone())), heard)
}

fn recovering() -> (TestAuth<Member>, Heard) {
    auth(Rotation::Always { window: WINDOW }.recover_lost_answers())
}

fn is_reuse(result: &Result<TokenPair, AuthError>, expected: ReuseKind) -> bool {
    matches!(
        result,
        Err(AuthError::InvalidGrant(InvalidGrant::Session(SessionError::Reused(kind)))) if *kind == expected
    )
}

#[tokio::test]
async fn client_that_lost_an_answer_goes_on_and_it_is_an_event() {
    let (auth, heard) = recovering();
    let held = auth.sign_in(&Member { id: 7 }).await;
    let lost = auth.refresh(&held.refresh_token).await.unwrap();
    auth.clock().advance(WINDOW * 4);
    heard.take();
    let recovered = auth.refresh(&held.refresh_token).await.unwrap();
    assert_eq!(heard.take(), ["lost_answer success -", "refresh success -"]);
    assert_ne!(recovered.refresh_token, lost.refresh_token);
    assert_ne!(recovered.access_token, lost.access_token);

    // This answer can be lost too, within its window: it is the same one.
    auth.clock().advance(WINDOW - Duration::from_secs(1));
    let again = auth.refresh(&held.refresh_token).await.unwrap();
    assert_eq!(again.refresh_token, recovered.refresh_token);
    assert_eq!(heard.take(), ["refresh success -"]);

    let next = auth.refresh(&recovered.refresh_token).await.unwrap();
    let displaced = auth.refresh(&lost.refresh_token).await;
    assert!(is_reuse(&displaced, ReuseKind::OlderAncestor), "{displaced:?}");
    assert!(auth.refresh(&next.refresh_token).await.is_err());
    assert!(auth.sessions(&7).await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_made_up_for_unless_asked_or_without_a_window() {
    for rotation in [
        Rotation::default(),
        Rotation::Always { window: Duration::ZERO },
        Rotation::Always { window: Duration::ZERO }.recover_lost_answers(),
        Rotation::NearExpiry { within: WINDOW * 1_000_000, window: WINDOW },
    ] {
        let (auth, heard) = auth(rotation);
        let held = auth.sign_in(&Member { id: 7 }).await;
        auth.refresh(&held.refresh_token).await.unwrap();
        auth.clock().advance(WINDOW);
        heard.take();
        let late = auth.refresh(&held.refresh_token).await;
        assert!(is_reuse(&late, ReuseKind::LateRetry), "{rotation:?}: {late:?}");
        assert_eq!(
            heard.take(),
            ["reuse refused late_retry", "revoke success reuse", "refresh refused late_retry"]
        );
        assert!(auth.sessions(&7).await.unwrap().is_empty());
    }
}

/// A thief and the owner hold the same refresh token and take turns, each with whatever token they like best: the latest, or any other
/// that they hold. The session always ends.
#[tokio::test]
async fn owner_and_thief_who_take_turns_are_found() {
    const TURNS: usize = 5;
    for strategy in 0..1 << TURNS {
        let (auth, _) = recovering();
        let pair = auth.sign_in(&Member { id: 7 }).await;
        let mut held = [vec![pair.refresh_token.clone()], vec![pair.refresh_token]];
        for turn in 0..TURNS {
            auth.clock().advance(WINDOW);
            let holder = &mut held[turn % 2];
            let back = 1 + (strategy >> turn & 1);
            let token = holder[holder.len().saturating_sub(back)].clone();
            match auth.refresh(&token).await {
                Ok(next) => holder.push(next.refresh_token),
                Err(_) => break,
            }
        }
        assert!(auth.sessions(&7).await.unwrap().is_empty(), "strategy {strategy:05b}");
    }
}

/// A user who reauthenticated has used up the token from before, lost answer or not.
#[tokio::test]
async fn reauthentication_is_not_made_up_for() {
    let (auth, _) = recovering();
    let held = auth.sign_in(&Member { id: 7 }).await;
    let session = auth.sessions(&7).await.unwrap().remove(0);
    let verified = session_of(&auth, &held.access_token).await;
    auth.reauthenticate(&verified).await.unwrap();
    auth.clock().advance(WINDOW);
    assert!(is_reuse(&auth.refresh(&held.refresh_token).await, ReuseKind::LateRetry));
    assert!(auth.sessions(&7).await.unwrap().iter().all(|left| left.id != session.id));
}

async fn session_of(auth: &TestAuth<Member>, token: &str) -> countersign::Session<Member> {
    use axum::extract::FromRequestParts as _;

    let bearer = format!("Bearer {token}");
    let request = axum::http::Request::get("/").header(header::AUTHORIZATION, bearer).body(()).unwrap();
    let (mut parts, ()) = request.into_parts();
    countersign::Session::from_request_parts(&mut parts, auth).await.unwrap()
}

#[authenticated(both_tokens)]
#[utoipa::path(post, path = "/export", responses((status = 204)))]
async fn export(_: RefreshSession<Member>) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn exported(auth: &TestAuth<Member>, access: &str, refresh: &str) -> StatusCode {
    let router: axum::Router = AuthRouter::new().routes(routes!(export)).with_state(auth.clone()).into();
    let request = axum::http::Request::post("/export")
        .header(header::AUTHORIZATION, format!("Bearer {access}"))
        .header("x-refresh-token", refresh)
        .body(axum::body::Body::empty())
        .unwrap();
    router.oneshot(request).await.unwrap().status()
}

/// A late token opens no route that demands both tokens before it was refreshed; the session goes on.
#[tokio::test]
async fn token_whose_answer_was_lost_is_refreshed_before_it_opens_a_route() {
    let (auth, heard) = recovering();
    let held = auth.sign_in(&Member { id: 7 }).await;
    auth.refresh(&held.refresh_token).await.unwrap();
    auth.clock().advance(WINDOW);
    heard.take();
    for _ in 0..3 {
        let status = exported(&auth, &held.access_token, &held.refresh_token).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    assert!(heard.take().iter().all(|event| event.starts_with("denial ")));
    let recovered = auth.refresh(&held.refresh_token).await.unwrap();
    let status = exported(&auth, &recovered.access_token, &recovered.refresh_token).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}

/// A successor that came with a request was not lost, though it was not exchanged.
#[tokio::test]
async fn successor_that_opened_a_route_is_not_displaced() {
    let (auth, _) = recovering();
    let held = auth.sign_in(&Member { id: 7 }).await;
    let next = auth.refresh(&held.refresh_token).await.unwrap();
    for _ in 0..2 {
        assert_eq!(exported(&auth, &next.access_token, &next.refresh_token).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(auth.sessions(&7).await.unwrap()[0].version, 2, "noted once");
    auth.clock().advance(WINDOW);
    assert!(is_reuse(&auth.refresh(&held.refresh_token).await, ReuseKind::LateRetry));
}
