//! Rotation and reuse detection through the mounted refresh handler.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use countersign::session::{Lifetimes, Rotation, SessionMetadata};
use countersign::store::MemoryStore;
use countersign::testing::TestClock;
use countersign::{Auth, BoxError, ClaimsSource, SessionClaims};
use serde_json::{Value, json};

use crate::support::{
    ACCESS_SECRET, AUDIENCE, App, ISSUER, NOW, REFRESH_SECRET, Role, SECOND, User, access_header, forge_with,
    key, payload_of, request,
};

fn strict() -> App {
    App::with(|builder| builder.rotation(Rotation::Always { window: Duration::ZERO }))
}

/// Rows 91 and 129.
#[tokio::test]
async fn refresh_answers_with_a_token_response_that_is_not_stored() {
    let app = App::new();
    let pair = app.login(&[Role::Admin]).await;
    let answer = app.refresh(&pair.refresh_token).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
    assert_eq!(answer.header(header::CONTENT_TYPE), Some("application/json"));
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(answer.json()["expires_in"], 900);
    assert_eq!(answer.json()["refresh_expires_in"], 30 * 86_400);
    let refused = app.refresh("nonsense").await;
    refused.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(refused.header(header::CACHE_CONTROL), Some("no-store"));
}

/// Row 87: the roles of the old token do not matter, the application's data does.
#[tokio::test]
async fn roles_are_read_again_at_refresh() {
    let app = App::new();
    let pair = app.login(&[Role::Admin]).await;
    assert_eq!(app.get("/admin", Some(&pair.access_token)).await.status, StatusCode::OK);
    let next = app.refresh(&pair.refresh_token).await.text("access_token");
    assert_eq!(app.get("/admin", Some(&next)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.get("/me", Some(&next)).await.json()["roles"], json!(["member"]));
}

/// Row 87: what is asked for beyond the user's own is not granted.
#[tokio::test]
async fn scopes_and_roles_cannot_be_requested() {
    let app = App::new();
    let pair = app.login(&[]).await;
    for extra in [json!({ "scope": "admin" }), json!({ "roles": ["admin"], "name": "root", "sub": "8" })] {
        let mut body = extra;
        body["refresh_token"] = Value::String(pair.refresh_token.clone());
        let answer = app.send(request(Method::POST, "/refresh", None, Body::from(body.to_string()))).await;
        assert_eq!(answer.status, StatusCode::OK);
        let granted = payload_of(&answer.text("access_token"));
        assert_eq!(
            (&granted["scope"], &granted["roles"], &granted["sub"]),
            (&Value::Null, &json!(["member"]), &json!("7"))
        );
        assert_ne!(granted["name"], "root");
    }
}

/// Row 110.
#[tokio::test]
async fn refresh_takes_post_only_and_reads_no_endless_body() {
    let app = App::new();
    assert_eq!(app.get("/refresh", None).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let endless = Body::from(format!("{{\"refresh_token\":\"{}\"}}", "x".repeat(1 << 20)));
    app.send(request(Method::POST, "/refresh", None, endless))
        .await
        .refused(StatusCode::BAD_REQUEST, "invalid_request");
}

/// Rows 78 and 81.
#[tokio::test]
async fn retry_within_the_window_gets_the_same_pair_and_moves_nothing() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let first = app.refresh(&pair.refresh_token).await;
    for seconds in [10, 10, 9] {
        app.clock.advance(SECOND * seconds);
        let retry = app.refresh(&pair.refresh_token).await;
        assert_eq!(retry.text("refresh_token"), first.text("refresh_token"));
        assert_eq!(retry.text("access_token"), first.text("access_token"));
    }
    app.clock.advance(SECOND);
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 79.
#[tokio::test]
async fn replay_after_the_window_ends_the_session() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let successor = app.refresh(&pair.refresh_token).await.text("refresh_token");
    app.clock.advance(SECOND * 31);
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    app.refresh(&successor).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}

/// Row 80.
#[tokio::test]
async fn grandparent_within_the_window_ends_the_session() {
    let app = App::new();
    let first = app.login(&[]).await.refresh_token;
    let second = app.refresh(&first).await.text("refresh_token");
    let third = app.refresh(&second).await.text("refresh_token");
    app.refresh(&first).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    app.refresh(&third).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

async fn storm(app: App, refresh_token: String) -> (App, Vec<(StatusCode, String)>) {
    let app = Arc::new(app);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (app, token) = (Arc::clone(&app), refresh_token.clone());
            tokio::spawn(async move {
                let answer = app.refresh(&token).await;
                (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    (Arc::into_inner(app).unwrap(), answers)
}

/// Row 77.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_refreshes_within_the_window_get_one_pair() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let (app, answers) = storm(app, pair.refresh_token).await;
    assert!(answers.iter().all(|(status, _)| *status == StatusCode::OK));
    assert_eq!(answers.iter().collect::<HashSet<_>>().len(), 1);
    let sessions = app.auth.sessions(&7).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].version, 1);
}

/// Row 76.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_hundred_strict_refreshes_succeeds() {
    let app = strict();
    let pair = app.login(&[]).await;
    let (_, answers) = storm(app, pair.refresh_token).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == StatusCode::OK).count(), 1);
    assert!(answers.iter().all(|(status, _)| matches!(*status, StatusCode::OK | StatusCode::BAD_REQUEST)));
}

/// Row 84.
#[tokio::test]
async fn clock_that_steps_back_revives_no_token() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let next = app.refresh(&pair.refresh_token).await;
    app.clock.advance(SECOND * 1000);
    let token = next.text("access_token");
    assert_eq!(app.get("/me", Some(&token)).await.status, StatusCode::UNAUTHORIZED);
    app.clock.set(countersign::Timestamp::from_unix(NOW + 5));
    assert_eq!(app.get("/me", Some(&token)).await.status, StatusCode::UNAUTHORIZED);
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 85.
#[tokio::test]
async fn refresh_does_not_move_the_absolute_end() {
    let day = SECOND * 86_400;
    let app = App::with(|builder| builder.lifetimes(Lifetimes::new(day, day + SECOND * 100)));
    let pair = app.login(&[]).await;
    app.clock.advance(day - SECOND);
    let next = app.refresh(&pair.refresh_token).await;
    assert_eq!(next.status, StatusCode::OK);
    app.clock.advance(SECOND * 100);
    let last = app.refresh(&next.text("refresh_token")).await;
    assert_eq!(last.status, StatusCode::OK);
    assert_eq!((&last.json()["expires_in"], &last.json()["refresh_expires_in"]), (&json!(1), &json!(1)));
    app.clock.advance(SECOND);
    app.refresh(&last.text("refresh_token")).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// A client that renews a minute before the end of each access token, for as long as a refresh gains anything. It neither stops while
/// the session could go on, nor goes on where nothing can be gained. The expected answers come from the tokens themselves.
#[tokio::test]
async fn client_knows_from_each_pair_whether_another_refresh_gains_anything() {
    let always = Rotation::default();
    let near = |within| Rotation::NearExpiry { within: SECOND * within, window: SECOND * 30 };
    for (access, idle, absolute, rotation) in [
        (900, 30 * 86_400, 30 * 86_400, always),
        (900, 3_600, 3_600, always),
        (900, 3_600, 7_777, always),
        (900, 900, 10_000, always),
        (900, 901, 10_000, always),
        (60, 61, 1_000, always),
        (900, 900, 900, always),
        (900, 2_000, 9_000, near(1_000)),
        (900, 2_000, 9_000, near(100)),
    ] {
        let case = format!("{access} {idle} {absolute} {rotation:?}");
        let app = App::with(|builder| {
            builder
                .access_ttl(SECOND * access)
                .lifetimes(Lifetimes::new(SECOND * idle, SECOND * absolute))
                .rotation(rotation)
        });
        let mut pair = app.login(&[]).await;
        let (mut now, mut renewals) = (0, 0);
        loop {
            let ends = |token: &str| payload_of(token)["exp"].as_i64().unwrap() - NOW;
            let (access_end, refresh_end) = (ends(&pair.access_token), ends(&pair.refresh_token));
            let absolute_end = i64::from(absolute);
            assert_eq!(i64::try_from(pair.expires_in).unwrap(), access_end - now, "{case}");
            assert_eq!(i64::try_from(pair.refresh_expires_in).unwrap(), refresh_end - now, "{case}");
            let gains = access_end < absolute_end;
            assert_eq!(pair.refresh_expires_in > pair.expires_in, gains, "{case} at {now}");
            if !gains || now > 40_000 {
                break;
            }
            let wait = u64::try_from(access_end - now).unwrap().saturating_sub(60).max(1);
            app.clock.advance(SECOND * u32::try_from(wait).unwrap());
            now += i64::try_from(wait).unwrap();
            pair = app.auth.refresh(&pair.refresh_token).await.unwrap();
            renewals += 1;
        }
        // A token that is kept near its end brings shorter access tokens.
        assert!(renewals <= 2 * absolute.min(40_000) / (access - 59) + 1, "{case}: {renewals}");
    }
}

/// Row 86.
#[tokio::test]
async fn unused_session_ends_after_the_idle_limit() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.clock.advance(SECOND * 30 * 86_400);
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Rows 40 and 97.
#[tokio::test]
async fn deleted_user_does_not_refresh_and_loses_the_session() {
    let store = MemoryStore::new();
    let app = App::with(|builder| builder.store(store.clone()).claims_source(|_| async { Ok(None) }));
    let pair = app.login(&[]).await;
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}

#[tokio::test]
async fn claims_of_another_user_are_never_handed_out() {
    let app =
        App::with(|builder| builder.claims_source(|_| async { Ok(Some(User { id: 8, ..User::with(&[]) })) }));
    let pair = app.login(&[]).await;
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 97: a user whose identifier this release of the application cannot read is gone.
#[tokio::test]
async fn session_of_an_unreadable_user_is_refused_and_ends() {
    #[derive(SessionClaims, Clone)]
    struct Named {
        #[claims(subject)]
        name: String,
    }
    let store = MemoryStore::new();
    let app = App::with(|builder| builder.store(store.clone()));
    let older: Auth<Named> = Auth::builder()
        .access_key(key(ACCESS_SECRET))
        .refresh_key(key(REFRESH_SECRET))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .store(store.clone())
        .clock(app.clock.clone())
        .claims_source(|name| async move { Ok(Some(Named { name })) })
        .build()
        .unwrap();
    let max = Named { name: "max".to_owned() };
    let pair = older.login(&max, SessionMetadata::default()).await.unwrap();
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert!(older.sessions(&max.name).await.unwrap().is_empty());
}

#[tokio::test]
async fn refresh_token_with_a_malformed_session_identifier_is_refused() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let mut header = access_header();
    header.typ = Some("rt+jwt".to_owned());
    let mut payload = payload_of(&pair.refresh_token);
    let good = forge_with(&header, &payload, REFRESH_SECRET);
    assert_eq!(app.refresh(&good).await.status, StatusCode::OK);
    for session in [json!("x"), json!(""), json!(7), json!("AAAAAAAAAAAAAAAAAAAAAA")] {
        payload["sid"] = session;
        let bent = forge_with(&header, &payload, REFRESH_SECRET);
        app.refresh(&bent).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
}

/// Row 88.
#[tokio::test]
async fn refresh_tokens_of_one_second_differ_and_carry_256_random_bits() {
    use base64::Engine as _;
    let app = App::new();
    let mut ids = HashSet::new();
    for _ in 0..50 {
        let pair = app.login(&[]).await;
        let id = payload_of(&pair.refresh_token)["jti"].as_str().unwrap().to_owned();
        assert_eq!(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&id).unwrap().len(), 32);
        ids.insert(id);
    }
    assert_eq!(ids.len(), 50);
}

/// A source that takes `seconds` of the clock for each user.
struct Slow {
    clock: TestClock,
    seconds: u32,
}

impl ClaimsSource<User> for Slow {
    async fn claims_for(&self, id: u64) -> Result<Option<User>, BoxError> {
        self.clock.advance(SECOND * self.seconds);
        Ok(Some(User { id, ..User::with(&[]) }))
    }
}

fn slow(clock: &TestClock, seconds: u32) -> Slow {
    Slow { clock: clock.clone(), seconds }
}

/// The window counts from the write, and a retry by its arrival, so that the client does not pay for the application's time.
#[tokio::test]
async fn slow_claims_source_does_not_shorten_the_window() {
    let clock = TestClock::at(NOW);
    let app = App::with(|builder| builder.clock(clock.clone()).claims_from(slow(&clock, 31)));
    let pair = app.login(&[]).await;
    let first = app.refresh(&pair.refresh_token).await;
    let retry = app.refresh(&pair.refresh_token).await;
    assert_eq!(retry.text("refresh_token"), first.text("refresh_token"));
    // The retry took 31 seconds, so this one arrives after the window.
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 85.
#[tokio::test]
async fn session_that_ends_while_claims_are_read_gives_nothing_out() {
    let clock = TestClock::at(NOW);
    let app = App::with(|builder| {
        builder
            .clock(clock.clone())
            .lifetimes(Lifetimes::new(SECOND * 1000, SECOND * 1000))
            .claims_from(slow(&clock, 500))
    });
    let pair = app.login(&[]).await;
    clock.advance(SECOND * 600);
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 97: in the window and near expiry nothing is written, and still a session that was signed out gets no tokens.
#[tokio::test]
async fn sign_out_while_claims_are_read_is_seen_by_every_kind_of_refresh() {
    let near_expiry = Rotation::NearExpiry { within: SECOND * 60, window: SECOND * 30 };
    for rotation in [Rotation::default(), near_expiry] {
        let auth: Arc<OnceLock<Auth<User>>> = Arc::default();
        let ends = Arc::new(AtomicBool::new(false));
        let (handle, now) = (Arc::clone(&auth), Arc::clone(&ends));
        let source = move |id: u64| {
            let (handle, now) = (Arc::clone(&handle), Arc::clone(&now));
            async move {
                if now.load(Ordering::SeqCst) {
                    handle.get().unwrap().logout_all(&id).await?;
                }
                Ok(Some(User { id, ..User::with(&[]) }))
            }
        };
        let app = App::with(|builder| builder.rotation(rotation).claims_source(source));
        auth.set(app.auth.clone()).unwrap();
        let pair = app.login(&[]).await;
        // With the default the second use is a retry in the window, near expiry it keeps the token.
        assert_eq!(app.refresh(&pair.refresh_token).await.status, StatusCode::OK);
        ends.store(true, Ordering::SeqCst);
        app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
}

/// Row 94: the claims were read before they changed, so the tokens with them end with the tokens that were issued before.
#[tokio::test]
async fn claims_that_change_while_they_are_read_are_not_handed_out() {
    let near_expiry = Rotation::NearExpiry { within: SECOND * 60, window: SECOND * 30 };
    for rotation in [Rotation::default(), near_expiry] {
        let (auth, clock): (Arc<OnceLock<Auth<User>>>, _) = (Arc::default(), TestClock::at(NOW));
        let demotes = Arc::new(AtomicBool::new(true));
        let (handle, time, now) = (Arc::clone(&auth), clock.clone(), Arc::clone(&demotes));
        let source = move |id: u64| {
            let (handle, time, now) = (Arc::clone(&handle), time.clone(), Arc::clone(&now));
            async move {
                if !now.swap(false, Ordering::SeqCst) {
                    return Ok(Some(User { id, ..User::with(&[]) }));
                }
                let read = User { id, ..User::with(&[Role::Admin]) };
                time.advance(SECOND);
                handle.get().unwrap().expire_access_tokens(&id).await?;
                time.advance(SECOND);
                Ok(Some(read))
            }
        };
        let app = App::with(|builder| builder.clock(clock.clone()).rotation(rotation).claims_source(source));
        auth.set(app.auth.clone()).unwrap();
        let pair = app.login(&[Role::Admin]).await;
        let answer = app.refresh(&pair.refresh_token).await;
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        let answer = app.refresh(&pair.refresh_token).await;
        assert_eq!(app.get("/admin", Some(&answer.text("access_token"))).await.status, StatusCode::FORBIDDEN);
    }
}
