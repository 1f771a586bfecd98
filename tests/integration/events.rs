//! The events that the application's listener gets, in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, StatusCode};
use countersign::session::{Rotation, SessionMetadata};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{
    AuthBuilder, AuthEvent, AuthEventKind, AuthEvents, AuthRouter, Liveness, require_role, routes,
};

use tower::ServiceExt as _;

use crate::support::{App, AppState, NOW, Role, SECOND, User, forge, payload_of, payload_with, request};

/// Records every event as `kind outcome reason`, with its time, user, session, request and policy.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Note>>>);

#[derive(Clone, Debug, PartialEq)]
struct Note {
    at: i64,
    what: String,
    user: Option<String>,
    session: Option<String>,
    request: Option<String>,
    policy: Option<String>,
}

impl AuthEvents for Heard {
    fn record(&self, event: &AuthEvent<'_>) {
        let reason = event.reason.unwrap_or("-");
        let request = event.method.map(|method| format!("{method} {}", event.route.unwrap_or("-")));
        self.0.lock().unwrap().push(Note {
            at: event.at.unix(),
            what: format!("{} {} {reason}", event.kind.as_str(), event.outcome.as_str()),
            user: event.user.map(str::to_owned),
            session: event.session.map(ToString::to_string),
            request,
            policy: event.policy.map(|policy| policy.to_string()),
        });
    }
}

impl Heard {
    fn take(&self) -> Vec<Note> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Asserts the events since the last call, in order.
    #[track_caller]
    fn expect(&self, expected: &[&str]) -> Vec<Note> {
        let notes = self.take();
        assert_eq!(notes.iter().map(|note| note.what.as_str()).collect::<Vec<_>>(), expected);
        notes
    }
}

fn listened(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> (App, Heard) {
    let heard = Heard::default();
    let app = App::with(|builder| configure(builder.events(heard.clone())));
    (app, heard)
}

fn sid(token: &str) -> Option<String> {
    payload_of(token)["sid"].as_str().map(str::to_owned)
}

/// Row 136.
#[tokio::test]
async fn whole_life_of_a_session_is_reported_in_order() {
    let (app, heard) = listened(|builder| builder);
    app.auth.record_refused_sign_in("wrong_password");
    let note = heard.expect(&["sign_in refused wrong_password"]).remove(0);
    assert_eq!((note.user, note.session, note.at), (None, None, NOW));

    app.clock.advance(SECOND);
    let pair = app.login(&[Role::Member]).await;
    let session = sid(&pair.access_token);
    let signed_in = heard.expect(&["sign_in success -"]).remove(0);
    assert_eq!(
        (signed_in.user.as_deref(), signed_in.session, signed_in.at),
        (Some("7"), session.clone(), NOW + 1)
    );

    app.get("/me", Some(&pair.access_token)).await;
    app.get("/health", Some("nonsense")).await;
    heard.expect(&[]);

    app.get("/admin", Some(&pair.access_token)).await;
    let denied = heard.expect(&["denial refused insufficient_scope"]).remove(0);
    assert_eq!((denied.user.as_deref(), denied.session), (Some("7"), session.clone()));
    assert_eq!(denied.request.as_deref(), Some("GET /admin"));
    assert_eq!(denied.policy.as_deref(), Some("role `admin`"));

    let next = app.auth.refresh(&pair.refresh_token).await.unwrap();
    let refreshed = heard.expect(&["refresh success -"]).remove(0);
    assert_eq!((refreshed.user.as_deref(), refreshed.session), (Some("7"), session.clone()));

    app.auth.expire_access_tokens(&7).await.unwrap();
    let expired = heard.expect(&["revoke success expire_access_tokens"]).remove(0);
    assert_eq!((expired.user.as_deref(), expired.session), (Some("7"), None));

    app.clock.advance(SECOND * 30);
    app.refresh(&pair.refresh_token).await;
    let replay =
        heard.expect(&["reuse refused late_retry", "revoke success reuse", "refresh refused late_retry"]);
    for note in replay {
        assert_eq!((note.user.as_deref(), note.session), (Some("7"), session.clone()));
    }
    app.refresh(&next.refresh_token).await;
    heard.expect(&["refresh refused session_unknown"]);
}

/// Row 136.
#[tokio::test]
async fn each_way_to_end_sessions_is_one_event_that_names_it() {
    let (app, heard) = listened(|builder| builder);
    let mut pairs = Vec::new();
    for _ in 0..6 {
        pairs.push(app.login(&[]).await);
    }
    let ids: Vec<_> = app.auth.sessions(&7).await.unwrap().into_iter().map(|record| record.id).collect();
    heard.take();
    let tell = |note: &Note| (note.user.clone(), note.session.clone());
    let seven = Some("7".to_owned());

    let token =
        pairs.iter().find(|pair| sid(&pair.access_token).as_deref() == Some(ids[0].as_str())).unwrap();
    app.auth.logout(&token.access_token).await.unwrap();
    app.auth.logout(&token.access_token).await.unwrap();
    app.auth.logout("nonsense").await.unwrap();
    let notes = heard.expect(&["revoke success logout"]);
    assert_eq!(tell(&notes[0]), (seven.clone(), Some(ids[0].to_string())));

    app.auth.end_session(&ids[1]).await.unwrap();
    let notes = heard.expect(&["revoke success end_session"]);
    assert_eq!(tell(&notes[0]), (seven.clone(), Some(ids[1].to_string())));

    assert!(app.auth.revoke(&7, &ids[2]).await.unwrap());
    assert!(!app.auth.revoke(&8, &ids[3]).await.unwrap());
    let notes = heard.expect(&["revoke success revoke", "revoke refused revoke"]);
    assert_eq!(tell(&notes[0]), (seven.clone(), Some(ids[2].to_string())));
    assert_eq!(tell(&notes[1]), (Some("8".to_owned()), Some(ids[3].to_string())));

    app.auth.revoke_all_except(&7, &ids[3]).await.unwrap();
    app.auth.logout_all(&7).await.unwrap();
    let notes = heard.expect(&["revoke success revoke_all_except", "revoke success logout_all"]);
    for note in &notes {
        assert_eq!(tell(note), (seven.clone(), None));
    }
}

/// Row 136.
#[tokio::test]
async fn sessions_that_make_room_are_reported_before_the_sign_in() {
    let (app, heard) = listened(|builder| builder.max_sessions_per_user(1));
    let first = sid(&app.login(&[]).await.access_token);
    app.clock.advance(SECOND);
    let second = sid(&app.login(&[]).await.access_token);
    let notes = heard.expect(&["sign_in success -", "revoke success evicted", "sign_in success -"]);
    assert_eq!(
        notes.into_iter().map(|note| note.session).collect::<Vec<_>>(),
        [first.clone(), first, second]
    );
}

/// Rows 97 and 136.
#[tokio::test]
async fn user_who_is_gone_is_reported_with_the_refused_refresh() {
    let (app, heard) = listened(|builder| builder.claims_source(|_| async { Ok(None) }));
    let pair = app.login(&[]).await;
    app.refresh(&pair.refresh_token).await;
    heard.expect(&["sign_in success -", "revoke success user_gone", "refresh refused user_gone"]);
}

/// Rows 79, 80 and 136.
#[tokio::test]
async fn replay_is_reported_with_its_kind() {
    let (app, heard) =
        listened(|builder| builder.rotation(Rotation::Always { window: std::time::Duration::ZERO }));
    let pair = app.login(&[]).await;
    let second = app.auth.refresh(&pair.refresh_token).await.unwrap();
    app.auth.refresh(&second.refresh_token).await.unwrap();
    heard.take();
    app.refresh(&pair.refresh_token).await;
    heard.expect(&["reuse refused older_ancestor", "revoke success reuse", "refresh refused older_ancestor"]);
}

/// Rows 90 and 136: a failure of the server is reported as such.
#[tokio::test]
async fn failures_of_the_store_are_reported() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let (app, heard) = listened(|builder| builder.store(Arc::clone(&store)).liveness(Liveness::Always));
    let pair = app.login(&[]).await;
    app.auth.refresh(&pair.refresh_token).await.unwrap();
    app.clock.advance(SECOND * 30);
    heard.take();
    store.inject(Fault::BeforeWrite);
    app.refresh(&pair.refresh_token)
        .await
        .refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    heard.expect(&[
        "reuse failed late_retry",
        "revoke failed reuse",
        "refresh failed temporarily_unavailable",
    ]);
    assert!(app.auth.login(&User::with(&[]), SessionMetadata::default()).await.is_err());
    assert!(app.auth.logout(&pair.access_token).await.is_err());
    assert!(app.auth.logout_all(&7).await.is_err());
    heard.expect(&[
        "sign_in failed temporarily_unavailable",
        "revoke failed logout",
        "revoke failed logout_all",
    ]);
    store.inject(Fault::Read);
    app.get("/me", Some(&pair.access_token)).await;
    app.refresh(&pair.refresh_token).await;
    heard.expect(&["denial failed temporarily_unavailable", "refresh failed temporarily_unavailable"]);
    store.heal();
    app.refresh(&pair.refresh_token).await;
    heard.expect(&["reuse refused late_retry", "revoke success reuse", "refresh refused late_retry"]);
}

#[tokio::test]
async fn claims_that_fit_in_no_token_are_reported_as_a_failed_sign_in() {
    let (app, heard) = listened(|builder| builder.max_sessions_per_user(1));
    app.login(&[]).await;
    heard.take();
    let user = User { name: "x".repeat(9000), ..User::with(&[]) };
    assert!(app.auth.login(&user, SessionMetadata::default()).await.is_err());
    heard.expect(&["sign_in failed too_long"]);
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1, "no session was ended for it");
}

/// Row 139.
#[tokio::test]
async fn denials_have_a_reason_that_the_client_does_not_get() {
    let (app, heard) = listened(|builder| builder.liveness(Liveness::Always));
    let pair = app.login(&[]).await;
    app.auth.logout(&pair.access_token).await.unwrap();
    heard.take();
    let expired = forge(&payload_with("exp", serde_json::json!(NOW - 1000)));
    for (token, what) in [
        (None, "denial refused missing_credentials"),
        (Some("a.b.c"), "denial refused malformed"),
        (Some(expired.as_str()), "denial refused expired"),
        (Some(pair.access_token.as_str()), "denial refused session_ended"),
    ] {
        let answer = app.get("/me", token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let note = heard.expect(&[what]).remove(0);
        assert_eq!(note.request.as_deref(), Some("GET /me"));
        assert_eq!(note.policy.as_deref(), Some("any signed-in user"));
        if token.is_some() {
            answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
        }
    }
}

/// One member
#[require_role("admin")]
#[utoipa::path(get, path = "/members/{id}", responses((status = 200)))]
async fn member() {}

/// Row 137: a path may hold identifiers and tokens, the template of a route does not.
#[tokio::test]
async fn denial_names_the_route_and_not_the_address() {
    let heard = Heard::default();
    let listener = heard.clone();
    let app = App::build_with(
        |builder| builder.events(listener),
        |router: AuthRouter<AppState>| router.routes(routes!(member)),
    );
    app.get("/members/4711?access_token=secret", None).await;
    let note = heard.expect(&["denial refused missing_credentials"]).remove(0);
    assert_eq!(note.request.as_deref(), Some("GET /members/{id}"));
}

struct Panics(Arc<AtomicBool>);

impl AuthEvents for Panics {
    fn record(&self, event: &AuthEvent<'_>) {
        if event.kind == AuthEventKind::Denial {
            self.0.store(true, Ordering::SeqCst);
            panic!("a listener with a mistake");
        }
    }
}

/// Row 128.
#[tokio::test]
async fn listener_that_panics_lets_no_request_in() {
    let told = Arc::new(AtomicBool::new(false));
    let listener = Panics(Arc::clone(&told));
    let app = Arc::new(App::with(|builder| builder.events(listener)));
    let pair = app.login(&[Role::Member]).await;
    let handle = Arc::clone(&app);
    let answer = tokio::spawn(async move {
        handle.send(request(Method::GET, "/admin", Some(&pair.access_token), Body::empty())).await
    });
    assert!(answer.await.unwrap_err().is_panic());
    assert!(told.load(Ordering::SeqCst));
    assert!(!app.handler_ran());
}

/// Row 136: the events of endpoints have the method and the template of the route too.
#[tokio::test]
async fn events_of_endpoints_name_the_request() {
    let (app, heard) = listened(|builder| builder);
    let endpoints: axum::Router = AuthRouter::new().routes(app.auth.routes().nest("/auth")).into();
    let pair = app.login(&[Role::Member]).await;
    let other =
        payload_of(&app.login(&[Role::Member]).await.access_token)["sid"].as_str().unwrap().to_owned();
    heard.take();
    let send = async |method, path: &str, body: &str| {
        let request = request(method, path, Some(&pair.access_token), Body::from(body.to_owned()));
        endpoints.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(send(Method::DELETE, &format!("/auth/sessions/{other}"), "").await, StatusCode::NO_CONTENT);
    let body = serde_json::json!({ "refresh_token": pair.refresh_token }).to_string();
    assert_eq!(send(Method::POST, "/auth/refresh", &body).await, StatusCode::OK);
    assert_eq!(send(Method::POST, "/auth/logout", "").await, StatusCode::NO_CONTENT);
    let requests: Vec<_> = heard.take().into_iter().map(|note| note.request.unwrap()).collect();
    let expected = ["DELETE /auth/sessions/{id}", "POST /auth/refresh", "POST /auth/logout"];
    assert_eq!(requests, expected);
}
