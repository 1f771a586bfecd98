//! The lines of the log, and the values that are never in it. The tests run in a process of their own, since `tracing` caches for the whole
//! process which events are wanted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

#[allow(dead_code, unused_imports, reason = "the integration tests use the rest")]
#[path = "../integration/support.rs"]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path};
use axum::http::{Method, StatusCode};
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore, TestClock};
use countersign::{Auth, AuthRouter, Liveness, SessionClaims, require_role, routes};
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

use support::{
    ACCESS_SECRET, App, NOW, REFRESH_SECRET, Role, SECOND, User, forge, key, payload_with, request,
};

/// Collects what is written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines since the last call, each without its time.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        text.lines().map(|line| line.split_once(' ').unwrap().1.trim_start().to_owned()).collect()
    }

    /// Collects every event of this thread, at every level, until the guards are dropped. One test at a time.
    fn collect(&self) -> (tracing::subscriber::DefaultGuard, MutexGuard<'static, ()>) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(self.clone())
            .with_ansi(false)
            .finish();
        (tracing::subscriber::set_default(subscriber), alone)
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Rows 137 and 138: a whole life of a session at the finest level.
#[tokio::test]
async fn log_holds_reasons_but_no_token_and_no_secret() {
    let log = Log::default();
    let _guard = log.collect();
    let app = App::new();
    let pair = app.login(&[Role::Member]).await;
    app.get("/me", Some(&pair.access_token)).await;
    app.get("/admin", Some(&pair.access_token)).await;
    app.get("/me", None).await;
    let next = app.refresh(&pair.refresh_token).await;
    app.clock.advance(SECOND * 1000);
    app.get("/me", Some(&pair.access_token)).await;
    app.refresh(&pair.refresh_token).await;
    let wild = forge(&payload_with("roles", serde_json::json!(["line\nbreak \u{1b}[31m"])));
    app.get("/me", Some(&wild)).await;
    app.get("/me", Some("a.b.c")).await;
    app.send(request(Method::POST, "/refresh", None, Body::from("{\"refresh_token\":7}"))).await;

    let text = log.text();
    for reason in ["expired", "late_retry", "malformed", "a role that this application does not declare"] {
        assert!(text.contains(reason), "no {reason} in\n{text}");
    }
    let tokens =
        [pair.access_token, pair.refresh_token, next.text("access_token"), next.text("refresh_token"), wild];
    for token in &tokens {
        for part in token.split('.') {
            assert!(!text.contains(part), "a part of a token in\n{text}");
        }
    }
    for secret in [ACCESS_SECRET, REFRESH_SECRET] {
        assert!(!text.contains(str::from_utf8(secret).unwrap()));
    }
    assert!(!text.contains('\u{1b}') && !text.contains("line\nbreak"), "{text}");
}

/// Row 137. The filter of the guide finds the address of a refused sign-in, in the line and at its beginning, where no client can write.
#[tokio::test]
async fn filter_of_the_guide_finds_refused_sign_ins() {
    let guide = include_str!("../../docs/guide/deployment.md");
    let filter = guide.lines().find_map(|line| line.strip_prefix("failregex = ")).unwrap();
    let words = filter.strip_prefix(r"^\S+ +").and_then(|rest| rest.strip_suffix(r"\s")).unwrap();
    let log = Log::default();
    let _guard = log.collect();
    let auth = support::builder(&TestClock::at(NOW)).build().unwrap();
    let typed = "hunter2\" event=\"sign_in\" outcome=\"refused\" address=192.0.2.1 ";
    for address in ["203.0.113.9", "2001:db8::9"] {
        let client = SessionMetadata::default().with_address(address.parse().unwrap());
        auth.record_refused_sign_in_for("wrong_password", typed, &client);
        let line = log.lines().remove(0);
        let expected = format!("{} ", words.replace("<HOST>", address));
        assert!(line.starts_with(&expected), "{line}\ndoes not begin with\n{expected}");
        assert!(line.contains("account=\"") && line.contains("reason=\"wrong_password\""), "{line}");
        assert!(!line.contains("hunter2") && !line.contains("192.0.2.1"), "{line}");
        let pair = auth.login(&User::with(&[]), client).await.unwrap();
        assert!(auth.refresh(&pair.refresh_token).await.is_ok());
        assert!(log.lines().iter().all(|line| !line.starts_with(&expected)), "others are not counted");
    }
}

/// Row 137: a client can make up a method of any length.
#[tokio::test]
async fn a_method_that_no_standard_has_does_not_fill_the_log() {
    let log = Log::default();
    let _guard = log.collect();
    let auth = support::builder(&TestClock::at(NOW)).build().unwrap();
    let router = Router::new().route("/", axum::routing::any(async || ())).layer(auth.layer());
    for (method, logged) in [("PROPFIND", true), (&*"SPAM".repeat(10_000), false)] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = router.clone().oneshot(request(method, "/", None, Body::empty())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let lines = log.lines();
        assert_eq!(
            lines.iter().filter(|line| line.contains("method=\"PROPFIND\"")).count(),
            usize::from(logged)
        );
        assert!(lines.iter().all(|line| line.len() < 500), "{lines:?}");
    }
}

/// Rows 61 and 137; ASVS 8.3.3: both have the pseudonym that their own requests have.
#[tokio::test]
async fn line_of_an_impersonated_request_names_both_by_their_pseudonyms() {
    let log = Log::default();
    let _guard = log.collect();
    let app = App::new();
    let customer = User { id: 80_808_080, ..User::with(&[]) };
    app.auth.login(&customer, SessionMetadata::default()).await.unwrap();
    let actor = app.login(&[Role::Admin]).await;
    let session = support::session_of(&app.auth, &actor.access_token).await;
    let token = app.auth.impersonate(&session, &customer).await.unwrap().access_token;
    app.get("/admin", Some(&token)).await;
    let lines = log.lines();
    let [customer, actor, impersonation, denial] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(field(impersonation, "event"), Some("impersonation"));
    assert_eq!(field(denial, "event"), Some("denial"));
    assert_ne!(field(customer, "user"), field(actor, "user"));
    for line in [impersonation, denial] {
        assert_eq!(field(line, "user"), field(customer, "user"), "{line}");
        assert_eq!(field(line, "actor"), field(actor, "user"), "{line}");
        assert_eq!(field(line, "session"), field(actor, "session"), "{line}");
        assert!(!line.contains("80808080") && !line.contains("\"7\""), "{line}");
    }
    assert!(!lines.join("\n").contains(&token));
}

#[tokio::test]
async fn unguarded_routes_are_named_at_start() {
    let log = Log::default();
    let _guard = log.collect();
    let plain = Router::new().route("/metrics", axum::routing::get(|| async { "up 1" }));
    let (_router, _): (Router, _) =
        AuthRouter::new().unguarded("scraped from inside the cluster", plain).split_for_parts();
    assert!(log.text().contains("scraped from inside the cluster"), "{}", log.text());
}

#[derive(SessionClaims, Clone)]
struct Named {
    #[claims(subject)]
    name: String,
    #[claims(roles)]
    roles: Vec<String>,
}

/// A file
#[require_role("admin")]
#[utoipa::path(get, path = "/files/{name}", responses((status = 200)))]
async fn file() {}

/// The value of a field in a line.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!(" {name}="))?;
    match rest.strip_prefix('"') {
        Some(text) => text.split('"').next(),
        None => rest.split(' ').next(),
    }
}

/// Rows 136 to 138: an event is one line for every user name, and has no identifiers.
#[tokio::test]
async fn each_event_is_one_line_with_fields_and_without_identifiers() {
    const WILD: &str =
        "eve@example.com\r\n2027-01-01 INFO countersign: event=\"sign_in\" {\"a\":1}\u{1b}[31m\0";
    let log = Log::default();
    let _guard = log.collect();
    let clock = TestClock::at(NOW);
    let named = |name: String| Named { name, roles: vec!["guest".to_owned()] };
    let auth: Auth<Named> = Auth::builder()
        .access_key(key(ACCESS_SECRET))
        .refresh_key(key(REFRESH_SECRET))
        .issuer("https://issuer.test")
        .audience("https://api.test")
        .store(MemoryStore::new())
        .clock(clock.clone())
        .max_sessions_per_user(1)
        .claims_source(move |name| async move { Ok(Some(named(name))) })
        .build()
        .unwrap();
    let (router, _): (Router, _) =
        AuthRouter::new().routes(routes!(file)).with_state(auth.clone()).split_for_parts();
    let metadata = || SessionMetadata::default().with_user_agent(WILD).with_device_label(WILD);

    auth.record_refused_sign_in("wrong_password");
    auth.login(&named(WILD.to_owned()), metadata()).await.unwrap();
    clock.advance(SECOND);
    let pair = auth.login(&named(WILD.to_owned()), metadata()).await.unwrap();
    let session = auth.sessions(&WILD.to_owned()).await.unwrap().remove(0).id;
    let path = "/files/an-evil-file%0A?access_token=secret";
    router
        .clone()
        .oneshot(request(Method::GET, path, Some(&pair.access_token), Body::empty()))
        .await
        .unwrap();
    let next = auth.refresh(&pair.refresh_token).await.unwrap();
    clock.advance(SECOND * 30);
    auth.refresh(&pair.refresh_token).await.unwrap_err();
    auth.logout_all(&WILD.to_owned()).await.unwrap();
    auth.login(&named("bob@example.com".to_owned()), metadata()).await.unwrap();

    let lines = log.lines();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let field = |name| field(line, name).unwrap_or("-");
            format!("{} {} {} {}", &line[..4], field("event"), field("outcome"), field("reason"))
        })
        .collect();
    let expected = [
        "INFO sign_in refused wrong_password",
        "INFO sign_in success -",
        "INFO new_device success -",
        "INFO revoke success evicted",
        "INFO sign_in success -",
        "INFO denial refused insufficient_scope",
        "INFO refresh success -",
        "WARN reuse refused late_retry",
        "INFO revoke success reuse",
        "INFO refresh refused late_retry",
        "INFO revoke success logout_all",
        "INFO sign_in success -",
        "INFO new_device success -",
    ];
    assert_eq!(told, expected);

    let eve = field(&lines[1], "user").unwrap();
    assert_eq!(eve.len(), 16);
    let own = field(&lines[4], "session").unwrap();
    assert_ne!(own, field(&lines[1], "session").unwrap());
    for line in &lines[1..11] {
        assert_eq!(field(line, "user"), Some(eve), "{line}");
    }
    for line in &lines[5..10] {
        assert_eq!(field(line, "session"), Some(own), "{line}");
    }
    assert_ne!(field(&lines[11], "user").unwrap(), eve);
    assert_eq!(field(&lines[10], "session"), None);
    let denial = &lines[5];
    assert_eq!((field(denial, "method"), field(denial, "route")), (Some("GET"), Some("/files/{name}")));
    assert_eq!(field(denial, "policy"), Some("role `admin`"));
    assert_eq!(field(denial, "at"), Some((NOW + 1).to_string().as_str()));

    let text = lines.join("\n");
    let names =
        ["eve@example", "2027-01-01", "an-evil-file", "access_token", "bob@example", session.as_str()];
    for secret in names.into_iter().chain(["\u{1b}", "\\u{1b}", "\0"]) {
        assert!(!text.contains(secret), "{secret:?} in\n{text}");
    }
    for token in [&pair.access_token, &pair.refresh_token, &next.access_token, &next.refresh_token] {
        assert!(token.split('.').all(|part| !text.contains(part)), "a part of a token in\n{text}");
    }
}

/// Row 137: failures are logged without identifiers too, at every level, with their cause.
#[tokio::test]
async fn failures_have_no_identifiers_either() {
    let log = Log::default();
    let _guard = log.collect();
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = App::with(|builder| {
        builder.store(Arc::clone(&store)).liveness(Liveness::Always).touch_interval(SECOND)
    });
    let pair = app.login(&[Role::Member]).await;
    let session = app.auth.sessions(&7).await.unwrap().remove(0).id;
    app.auth.refresh(&pair.refresh_token).await.unwrap();
    app.clock.advance(SECOND * 30);
    log.lines();
    for fault in [Fault::BeforeWrite, Fault::Read] {
        store.inject(fault);
        app.get("/me", Some(&pair.access_token)).await;
        app.refresh(&pair.refresh_token).await;
        assert!(app.auth.logout_all(&7).await.is_err() || fault == Fault::Read);
    }
    let lines = log.lines();
    let with = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(with("event=\"reuse\" outcome=\"failed\""), 1, "{lines:#?}");
    assert_eq!(with("event=\"denial\" outcome=\"failed\""), 1, "{lines:#?}");
    assert_eq!(with("event=\"refresh\" outcome=\"failed\""), 2, "{lines:#?}");
    assert_eq!(with("the last use of a session was not recorded"), 1, "{lines:#?}");
    assert_eq!(with("injected fault"), 4, "each cause, once: {lines:#?}");
    assert_eq!(with(session.as_str()), 0, "{lines:#?}");
    assert_eq!(with("user=\"7\""), 0, "{lines:#?}");
}

/// Row 138: an error of the application is one line without escape sequences, whatever it contains.
#[tokio::test]
async fn cause_of_a_failure_is_one_line() {
    struct Cause;

    impl std::fmt::Debug for Cause {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("first\nINFO countersign: event=\"sign_in\" outcome=\"success\"\r\u{1b}[31m")
        }
    }

    impl std::fmt::Display for Cause {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            std::fmt::Debug::fmt(self, f)
        }
    }

    impl std::error::Error for Cause {}

    let log = Log::default();
    let _guard = log.collect();
    let app = App::with(|builder| builder.claims_source(|_| async { Err(Box::new(Cause).into()) }));
    let pair = app.login(&[]).await;
    log.lines();
    app.refresh(&pair.refresh_token).await;
    let text = log.text();
    assert!(text.contains("first"), "{text:?}");
    assert_eq!(text.lines().count(), 2, "{text:?}");
    assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
}

/// The answer does not name the cause; the line of the log names the check, the route and the words of the extractor.
#[tokio::test]
async fn line_of_a_check_that_cannot_run_says_why() {
    #[countersign::check]
    async fn takes_one(Path(id): Path<u64>) -> bool {
        id == 7
    }

    #[countersign::check]
    async fn takes_more(_: Extension<u8>) -> bool {
        true
    }

    #[countersign::require(check(takes_one))]
    async fn one() {}

    #[countersign::require(check(takes_more))]
    async fn more() {}

    let log = Log::default();
    let _guard = log.collect();
    let auth = support::builder(&TestClock::at(NOW)).build().unwrap();
    let router = AuthRouter::new().routes(routes!(GET "/a/{id}" => one, GET "/b" => more));
    // A prefix of which the `AuthRouter` does not know.
    let router = Router::new().nest("/{tenant}", router.with_state(auth).into());
    for (path, words) in [
        (
            "/1/a/7",
            [
                "takes_one\" route=\"/{tenant}/a/{id}\"",
                "Wrong number of path arguments for `Path`. Expected 1 but got 2",
            ],
        ),
        (
            "/1/b",
            [
                "takes_more\" route=\"/{tenant}/b\"",
                "Missing request extension: Extension of type `u8` was not found",
            ],
        ),
    ] {
        let token = forge(&payload_with("roles", serde_json::json!(["member"])));
        let answer =
            router.clone().oneshot(request(Method::GET, path, Some(&token), Body::empty())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let lines = log.lines();
        let line =
            lines.iter().find(|line| line.contains("an argument of a check could not be extracted; change"));
        let line = line.unwrap_or_else(|| panic!("{lines:?}"));
        assert!(words.iter().all(|words| line.contains(words)), "{line}");
    }
}
