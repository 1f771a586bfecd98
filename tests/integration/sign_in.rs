//! Sign-ins: the facts about the client, and the session that a sign-in ends.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::extract::FromRequestParts as _;
use axum::extract::connect_info::{ConnectInfo, MockConnectInfo};
use axum::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse as _;
use countersign::session::SessionRecord;
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{Auth, AuthEvent, AuthEventKind, AuthEvents, Cookies, SessionMetadata, SignIn};

use crate::browser::{SAME_ORIGIN, app, request, with_access_cookie};
use crate::support::{Answer, App, Role, SECOND, User};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Row 99: whichever token of the old session the request carries.
#[tokio::test]
async fn sign_in_ends_the_session_whose_tokens_the_request_carries() {
    for path in ["/login/cookies", "/login/tokens"] {
        for place in 0..5 {
            let app = with_access_cookie();
            let bystander = app.login(&[]).await;
            let old = app.login(&[]).await;
            if place == 4 {
                app.clock.advance(SECOND * 3600);
            }
            let header = match place {
                0 | 4 => ("authorization", format!("Bearer {}", old.access_token)),
                1 => ("cookie", format!("__Host-access={}", old.access_token)),
                2 => ("cookie", format!("__Host-refresh={}", old.refresh_token)),
                _ => ("x-refresh-token", old.refresh_token.clone()),
            };
            let answer = app.post(path, &[SAME_ORIGIN, (header.0, &header.1)]).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} {place}");
            if path == "/login/tokens" && matches!(place, 1 | 2) {
                // Row 157: it reads no cookie.
                assert_eq!(app.session_count().await, 3, "{path} {place}");
                continue;
            }
            assert_eq!(app.session_count().await, 2, "{path} {place}");
            app.refresh(&old.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
            assert_eq!(app.refresh(&bystander.refresh_token).await.status, StatusCode::OK);
        }
    }
}

/// Row 99.
#[tokio::test]
async fn second_sign_in_of_a_browser_replaces_its_session() {
    let app = with_access_cookie();
    let first = app.sign_in().await;
    let before = app.auth.sessions(&7).await.unwrap().remove(0).id;
    let second = app.post("/login/cookies", &[SAME_ORIGIN, ("cookie", &first.cookie_header())]).await;
    let sessions = app.auth.sessions(&7).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_ne!(sessions[0].id, before);
    assert_ne!(first.text("csrf_token"), second.text("csrf_token"));
}

/// Row 99: a text that is not our token neither ends a session nor prevents the sign-in.
#[tokio::test]
async fn sign_in_with_forged_or_foreign_credentials_ends_nothing() {
    let app = with_access_cookie();
    app.login(&[]).await;
    for header in [
        ("authorization", "Bearer a.b.c"),
        ("authorization", "Basic bWF4OnNlY3JldA=="),
        ("authorization", "Bearer"),
        ("cookie", "__Host-access=x"),
        ("cookie", "__Host-refresh="),
        ("x-refresh-token", "nonsense"),
    ] {
        let count = app.session_count().await;
        assert_eq!(app.post("/login/tokens", &[SAME_ORIGIN, header]).await.status, StatusCode::OK);
        assert_eq!(app.session_count().await, count + 1, "{header:?}");
    }
}

/// Rows 64 and 151: two tokens that the client chose to send are refused; two cookies are what the sign-in replaces.
#[tokio::test]
async fn sign_in_refuses_two_sent_tokens_and_replaces_two_cookies() {
    let app = with_access_cookie();
    for ambiguous in [[("authorization", "Bearer a"); 2], [("x-refresh-token", "a"); 2]] {
        let headers: Vec<_> = ambiguous.into_iter().chain([SAME_ORIGIN]).collect();
        let answer = app.post("/login/cookies", &headers).await;
        answer.refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    assert_eq!(app.session_count().await, 0);
    let twice = format!("{}; {}", app.sign_in().await.cookie_header(), app.sign_in().await.cookie_header());
    let answer = app.post("/login/cookies", &[SAME_ORIGIN, ("cookie", &twice)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(app.session_count().await, 1, "both sessions ended");
}

#[tokio::test]
async fn sign_in_while_the_store_fails_gives_nothing_out() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = app(|builder| builder.store(Arc::clone(&store)).cookies(Cookies::new()));
    let cookies = app.sign_in().await.cookie_header();
    store.inject(Fault::BeforeWrite);
    for path in ["/login/cookies", "/login/tokens"] {
        let answer = app.post(path, &[SAME_ORIGIN, ("cookie", &cookies)]).await;
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        assert!(answer.set_cookies().is_empty());
    }
    store.heal();
    assert_eq!(app.session_count().await, 1);
}

/// The session that a sign-in with these headers opens.
async fn opened(app: &App, headers: &[(&str, &str)]) -> SessionRecord {
    let client: SocketAddr = "[::ffff:192.0.2.7]:40000".parse().unwrap();
    let mut request = request("POST".parse().unwrap(), "/login/tokens", headers);
    request.extensions_mut().insert(ConnectInfo(client));
    assert_eq!(app.send(request).await.status, StatusCode::OK);
    app.auth.sessions(&7).await.unwrap().remove(0)
}

#[tokio::test]
async fn session_remembers_address_user_agent_and_device() {
    let app = app(|builder| builder);
    let session = opened(&app, &[("user-agent", FIREFOX)]).await;
    assert_eq!(session.metadata.address(), Some([192, 0, 2, 7].into()));
    assert_eq!(session.metadata.user_agent(), Some(FIREFOX));
    assert_eq!(session.metadata.device_label(), Some("Firefox on Linux"));
}

/// Any client can write these headers.
#[tokio::test]
async fn address_is_not_taken_from_headers() {
    let app = app(|builder| builder);
    for name in ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"] {
        let session = opened(&app, &[(name, "198.51.100.1")]).await;
        assert_eq!(session.metadata.address(), Some([192, 0, 2, 7].into()), "{name}");
    }
    let answer = app.post("/login/tokens", &[("x-forwarded-for", "198.51.100.1")]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let sessions = app.auth.sessions(&7).await.unwrap();
    assert!(sessions.iter().any(|session| session.metadata.address().is_none()));
}

/// Row 137: a text that the client chooses ends up in lists and logs.
#[tokio::test]
async fn user_agent_is_cut_and_printable() {
    let app = app(|builder| builder);
    for (user_agent, kept) in [
        ("a\tb\u{1b}".to_owned().replace('\u{1b}', ""), Some("ab".to_owned())),
        ("\u{202e}evil".to_owned(), Some("evil".to_owned())),
        ("x".repeat(8_000), Some("x".repeat(512))),
        ("\t".to_owned(), None),
    ] {
        app.auth.logout_all(&7).await.unwrap();
        let mut request = request("POST".parse().unwrap(), "/login/tokens", &[]);
        let value = axum::http::HeaderValue::from_bytes(user_agent.as_bytes()).unwrap();
        request.headers_mut().insert("user-agent", value);
        assert_eq!(app.send(request).await.status, StatusCode::OK);
        let metadata = app.auth.sessions(&7).await.unwrap().remove(0).metadata;
        assert_eq!(metadata.user_agent().map(str::to_owned), kept);
    }
}

#[tokio::test]
async fn address_is_known_to_tests_without_a_connection() {
    let app = app(|builder| builder);
    let client: SocketAddr = "192.0.2.8:1".parse().unwrap();
    let router = app.router.clone().layer(MockConnectInfo(client));
    let request = request("POST".parse().unwrap(), "/login/tokens", &[]);
    tower::ServiceExt::oneshot(router, request).await.unwrap();
    let session = app.auth.sessions(&7).await.unwrap().remove(0);
    assert_eq!(session.metadata.address(), Some([192, 0, 2, 8].into()));
}

/// Behind a proxy, the application knows the real address.
#[tokio::test]
async fn application_changes_what_is_kept() {
    let app = app(|builder| builder);
    let sign_in = extracted(&app.auth, &[("user-agent", FIREFOX)]).await;
    assert_eq!(sign_in.metadata().device_label(), Some("Firefox on Linux"));
    let sign_in = sign_in.map_metadata(|metadata| {
        metadata.with_address([198, 51, 100, 1].into()).with_device_label("Max's laptop")
    });
    sign_in.tokens(&User::with(&[Role::Member])).await.unwrap();
    let metadata = app.auth.sessions(&7).await.unwrap().remove(0).metadata;
    assert_eq!(metadata.address(), Some([198, 51, 100, 1].into()));
    assert_eq!(metadata.device_label(), Some("Max's laptop"));
    assert_eq!(metadata.user_agent(), Some(FIREFOX));
}

async fn extracted(auth: &Auth<User>, headers: &[(&str, &str)]) -> SignIn<User> {
    let request: Request<_> = request("POST".parse().unwrap(), "/login", headers);
    let (mut parts, _) = request.into_parts();
    SignIn::from_request_parts(&mut parts, auth).await.unwrap()
}

/// Row 30.
#[tokio::test]
async fn debug_output_shows_no_token() {
    let app = with_access_cookie();
    let pair = app.login(&[]).await;
    let bearer = format!("Bearer {}", pair.access_token);
    let cookie = format!("__Host-refresh={}", pair.refresh_token);
    let headers = [SAME_ORIGIN, ("authorization", &*bearer), ("cookie", &*cookie)];
    let sign_in = extracted(&app.auth, &headers).await;
    let mut shown = format!("{sign_in:?}");
    shown += &format!("{:?}", sign_in.cookies(&User::with(&[])).await.unwrap());
    for token in [&pair.access_token, &pair.refresh_token] {
        for part in token.split('.') {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}

/// Rows 131 and 136: the event has the reason, the answer has not, and no session begins or ends.
#[tokio::test]
async fn refused_sign_in_looks_the_same_whatever_was_wrong() {
    let reasons = Arc::new(Reasons::default());
    let app = app(|builder| builder.events(Arc::clone(&reasons)).cookies(Cookies::new()));
    let refuse = async |reason| {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
        let sign_in = SignIn::from_request_parts(&mut parts, &app.auth).await.unwrap();
        Answer::read(sign_in.refused(reason).into_response()).await
    };
    let [unknown, wrong] = [refuse("unknown_user").await, refuse("wrong_password").await];
    unknown.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
    assert_eq!((&unknown.headers, &unknown.body), (&wrong.headers, &wrong.body));
    assert_eq!(unknown.header(WWW_AUTHENTICATE), Some("Bearer realm=\"https://issuer.test\""));
    assert_eq!(unknown.header(CACHE_CONTROL), Some("no-store"));
    let expected = ["unknown_user", "wrong_password"].map(|reason| (AuthEventKind::SignIn, Some(reason)));
    assert_eq!(*reasons.0.lock().unwrap(), expected);
    assert_eq!(app.session_count().await, 0);
}

type Told = (AuthEventKind, Option<&'static str>);

#[derive(Default)]
struct Reasons(Mutex<Vec<Told>>);

impl AuthEvents for Reasons {
    fn record(&self, event: &AuthEvent<'_>) {
        self.0.lock().unwrap().push((event.kind, event.reason));
    }
}

/// The address and the pseudonym of the account of each event.
#[derive(Default)]
struct Origins(Mutex<Vec<(Option<IpAddr>, Option<String>)>>);

impl AuthEvents for Origins {
    fn record(&self, event: &AuthEvent<'_>) {
        self.0.lock().unwrap().push((event.address, event.account.map(str::to_owned)));
    }
}

impl Origins {
    fn take(&self) -> Vec<(Option<IpAddr>, Option<String>)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Every event of a request has the address of its client: sign-ins, refreshes, denials, ends.
#[tokio::test]
async fn events_have_the_address_of_the_client() {
    let origins = Arc::new(Origins::default());
    let app = app(|builder| builder.events(Arc::clone(&origins)).cookies(Cookies::new()));
    let client: SocketAddr = "[::ffff:192.0.2.7]:40000".parse().unwrap();
    let send = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut request = request(method.parse().unwrap(), path, headers);
        request.extensions_mut().insert(ConnectInfo(client));
        let answer = app.send(request).await;
        let events = origins.take();
        assert!(!events.is_empty(), "{path}");
        for event in events {
            assert_eq!(event, (Some([192, 0, 2, 7].into()), None), "{path}");
        }
        answer
    };
    let signed_in = send("POST", "/login/cookies", &[SAME_ORIGIN]).await;
    let cookies = signed_in.cookie_header();
    send("GET", "/me", &[]).await;
    send("GET", "/me", &[("authorization", "Bearer a.b.c")]).await;
    send("POST", "/refresh", &[SAME_ORIGIN, ("cookie", &cookies)]).await;
    send("POST", "/refresh", &[("cookie", &cookies)]).await;
    send("POST", "/login/cookies", &[SAME_ORIGIN, ("cookie", &cookies)]).await;

    app.get("/me", None).await;
    assert_eq!(origins.take(), [(None, None)], "without a connection there is no address");
}

/// The account that was tried is the same name each time, and no text that was typed.
#[tokio::test]
async fn refused_sign_in_names_the_account_by_a_pseudonym() {
    let origins = Arc::new(Origins::default());
    let app = app(|builder| builder.events(Arc::clone(&origins)));
    let address: IpAddr = [198, 51, 100, 1].into();
    let account = async |name: &str| {
        let sign_in = extracted(&app.auth, &[]).await.map_metadata(|client| client.with_address(address));
        let answer = Answer::read(sign_in.refused_for("wrong_password", name).into_response()).await;
        answer.refused(StatusCode::UNAUTHORIZED, "invalid_credentials");
        let [(told, Some(account))] = &origins.take()[..] else { panic!("one event with an account") };
        assert_eq!(*told, Some(address));
        account.clone()
    };
    let max = account("max@example.com").await;
    assert_eq!(max.len(), 16);
    for same in ["max@example.com", " Max@Example.COM\n"] {
        assert_eq!(account(same).await, max);
    }
    for other in ["mia@example.com", "", "hunter2"] {
        let other_account = account(other).await;
        assert!(other_account != max && (other.is_empty() || !other_account.contains(other)));
    }
    let client = SessionMetadata::default().with_address(address);
    app.auth.record_refused_sign_in_for("locked", "max@example.com", &client);
    assert_eq!(origins.take(), [(Some(address), Some(max))]);
    app.auth.record_refused_sign_in("locked");
    assert_eq!(origins.take(), [(None, None)]);
}
