//! Devices: their kind in the list of sessions, and the event of a sign-in from a new one.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{AuthEvent, AuthEvents, Cookies, DeviceKind};

use crate::browser::{SAME_ORIGIN, app};
use countersign::token::{Algorithm, Key, KeySet};

use crate::support::{App, REFRESH_SECRET, SECOND, User, key};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const NEXT_FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36";

/// The events, each as its kind with its reason, and of a new device its user and what is known of the client.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl AuthEvents for Heard {
    fn record(&self, event: &AuthEvent<'_>) {
        let mut what = event.kind.as_str().to_owned();
        if let Some(client) = event.client {
            let kind = client.device_kind().map_or("unknown", DeviceKind::as_str);
            what = format!("{what} {} {kind} {}", event.user.unwrap(), event.session.is_some());
        }
        self.0.lock().unwrap().push(what);
    }
}

impl Heard {
    #[track_caller]
    fn expect(&self, expected: &[&str]) {
        assert_eq!(*std::mem::take(&mut *self.0.lock().unwrap()), *expected);
    }
}

fn listened() -> (App, Heard) {
    let heard = Heard::default();
    let app = app(|builder| builder.cookies(Cookies::new()).events(heard.clone()));
    (app, heard)
}

async fn tokens(app: &App, headers: &[(&str, &str)]) -> String {
    let answer = app.post("/login/tokens", headers).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.text("refresh_token")
}

#[tokio::test]
async fn sign_in_from_a_client_that_no_session_knows_is_an_event() {
    let (app, heard) = listened();
    let english = ("accept-language", "en-US,en;q=0.9");
    let agent = |name: &'static str| ("user-agent", name);
    let new = |kind: &str| format!("new_device 7 {kind} true");
    for (headers, expected) in [
        // The first sign-in ever.
        (vec![agent(FIREFOX), english], Some(new("desktop"))),
        (vec![agent(FIREFOX), english], None),
        // An update, and a browser that leaves out all languages but the first.
        (vec![agent(NEXT_FIREFOX), english], None),
        (vec![agent(FIREFOX), ("accept-language", "en-US")], None),
        (vec![agent(FIREFOX), ("accept-language", "de")], Some(new("desktop"))),
        (vec![agent(PHONE), english, ("sec-ch-ua-mobile", "?1")], Some(new("phone"))),
        (vec![agent(PHONE), english, ("sec-ch-ua-mobile", "?1")], None),
        (vec![agent("curl/8.5.0")], Some(new("program"))),
        (vec![agent("curl/8.6.0")], None),
        // A client that says nothing is a device too, or silence would be a way around the event.
        (vec![], Some(new("unknown"))),
        (vec![], None),
    ] {
        tokens(&app, &headers).await;
        let expected: Vec<_> = ["sign_in"].into_iter().chain(expected.as_deref()).collect();
        heard.expect(&expected);
    }
}

/// The old session ends at the sign-in, and its device is known all the same.
#[tokio::test]
async fn browser_that_signs_in_again_is_not_new() {
    let (app, heard) = listened();
    let agent = ("user-agent", FIREFOX);
    let first = app.post("/login/cookies", &[SAME_ORIGIN, agent]).await;
    heard.expect(&["sign_in", "new_device 7 desktop true"]);
    let cookies = first.cookie_header();
    app.post("/login/cookies", &[SAME_ORIGIN, agent, ("cookie", &cookies)]).await;
    heard.expect(&["revoke", "sign_in"]);
    assert_eq!(app.session_count().await, 1);
}

/// What no live session knows is new: after the last session has ended, every device is.
#[tokio::test]
async fn device_of_a_session_that_ended_is_new_again() {
    let (app, heard) = listened();
    let agent = [("user-agent", FIREFOX)];
    let refresh_token = tokens(&app, &agent).await;
    app.auth.logout(&refresh_token).await.unwrap();
    tokens(&app, &agent).await;
    app.clock.advance(SECOND * 91 * 86_400);
    tokens(&app, &agent).await;
    let new = "new_device 7 desktop true";
    heard.expect(&["sign_in", new, "revoke", "sign_in", new, "sign_in", new]);
}

/// Another user's session on the same device knows nothing, and the two fingerprints cannot be compared.
#[tokio::test]
async fn fingerprints_of_two_users_on_one_device_differ() {
    let (app, heard) = listened();
    let client = || SessionMetadata::default().with_user_agent(FIREFOX);
    let [ann, bob] = [7, 8].map(|id| User { id, ..User::with(&[]) });
    for user in [&ann, &bob, &ann, &bob] {
        app.auth.login(user, client()).await.unwrap();
    }
    heard.expect(&[
        "sign_in",
        "new_device 7 unknown true",
        "sign_in",
        "new_device 8 unknown true",
        "sign_in",
        "sign_in",
    ]);
    let print_of = async |id| app.auth.sessions(&id).await.unwrap()[0].metadata.fingerprint().unwrap();
    assert_ne!(print_of(7).await, print_of(8).await);
}

/// Where the application describes no client, nothing is known about it, and nothing is said.
#[tokio::test]
async fn sign_in_without_a_client_is_no_event() {
    let (app, heard) = listened();
    app.login(&[]).await;
    app.auth
        .login(&User::with(&[]), SessionMetadata::default().with_address([192, 0, 2, 1].into()))
        .await
        .unwrap();
    heard.expect(&["sign_in", "sign_in"]);
    assert!(
        app.auth.sessions(&7).await.unwrap().iter().all(|session| session.metadata.fingerprint().is_none())
    );
}

/// It decides nothing: neither a new device nor a store that cannot say whether it is one stops a sign-in.
#[tokio::test]
async fn store_that_cannot_list_sessions_does_not_stop_a_sign_in() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let heard = Heard::default();
    let app = app(|builder| builder.store(Arc::clone(&store)).events(heard.clone()));
    store.inject(Fault::Read);
    tokens(&app, &[("user-agent", FIREFOX)]).await;
    heard.expect(&["sign_in"]);
}

/// The headers of which the fingerprint is made are in no record, and the kind of device is in the list.
#[tokio::test]
async fn record_has_the_kind_and_no_header_but_the_user_agent() {
    let (app, _) = listened();
    let headers = [
        ("user-agent", PHONE),
        ("accept-language", "tlh-Latn"),
        ("sec-ch-ua-platform", "\"Haiku\""),
        ("sec-ch-ua-mobile", "?1"),
    ];
    tokens(&app, &headers).await;
    let session = app.auth.sessions(&7).await.unwrap().remove(0);
    assert_eq!(session.metadata.device_kind(), Some(DeviceKind::Phone));
    assert_eq!(session.metadata.user_agent(), Some(PHONE));
    let told = format!("{session:?}").to_lowercase();
    assert!(!told.contains("tlh") && !told.contains("haiku"), "{told}");
    let info = serde_json::to_value(countersign::SessionInfo::from(&session)).unwrap();
    assert_eq!(info["device_kind"], "phone");
    assert!(info.get("fingerprint").is_none());
}

/// While the secret is changed with an overlap, devices stay known.
#[tokio::test]
async fn change_of_the_secret_with_an_overlap_makes_no_device_new() {
    let (app, heard) = listened();
    let secret = || Key::generate_secret(Algorithm::Hs256).unwrap();
    let (next, last) = (secret(), secret());
    let agent = [("user-agent", FIREFOX)];
    tokens(&app, &agent).await;
    heard.expect(&["sign_in", "new_device 7 desktop true"]);
    let overlap = KeySet::new(next.clone()).unwrap().accept(key(REFRESH_SECRET)).unwrap();
    app.auth.replace_refresh_keys(overlap).unwrap();
    tokens(&app, &agent).await;
    app.auth.replace_refresh_keys(KeySet::new(next).unwrap()).unwrap();
    tokens(&app, &agent).await;
    heard.expect(&["sign_in", "sign_in"]);
    app.auth.replace_refresh_keys(KeySet::new(last).unwrap()).unwrap();
    tokens(&app, &agent).await;
    heard.expect(&["sign_in", "new_device 7 desktop true"]);
}
