//! Streams that end with their session (row 164), and live routes that are answered from the feed of endings (row 163).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts as _;
use axum::http::{Request, StatusCode, header};
use axum::response::IntoResponse as _;
use countersign::session::{Lifetimes, SessionMetadata};
use countersign::store::{MemoryStore, SessionStore};
use countersign::testing::{Fault, FaultyStore, TestClock, TestIssuer};
use countersign::token::{Algorithm, Key, KeySet};
use countersign::{
    Auth, AuthBuilder, Clock, ConfigError, FetchRequest, Fetched, Issuer, Liveness, RenewError, Session,
    SessionEnd, Timestamp, TokenPair,
};
use futures_util::future::join_all;
use futures_util::stream::{self, Stream, StreamExt as _};
use serde_json::json;
use tokio::time::{Instant, advance, interval, sleep, timeout};

use crate::asked::Asked;
use crate::support::{NOW, Role, SECOND, User, builder, payload_of, session_of};

/// The time of the runtime, which tests advance.
#[derive(Clone, Copy)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.millis().div_euclid(1000))
    }

    fn millis(&self) -> i64 {
        NOW * 1000 + i64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

fn server(
    clock: RuntimeClock,
    store: impl SessionStore,
    configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>,
) -> Auth<User> {
    configure(builder(&TestClock::at(NOW)).clock(clock).store(store)).build().unwrap()
}

/// Two servers of one deployment, and the handle on the store of the second.
struct Deployment {
    here: Auth<User>,
    there: Auth<User>,
    store_there: Arc<FaultyStore<MemoryStore>>,
}

fn deployment() -> Deployment {
    let (clock, store) = (RuntimeClock(Instant::now()), MemoryStore::default());
    let store_there = Arc::new(FaultyStore::new(store.clone()));
    let here = server(clock, store, |builder| builder);
    let there = server(clock, Arc::clone(&store_there), |builder| builder);
    Deployment { here, there, store_there }
}

async fn login(auth: &Auth<User>, id: u64) -> TokenPair {
    let user = User { id, ..User::with(&[Role::Member]) };
    auth.login(&user, SessionMetadata::default()).await.unwrap()
}

/// An item every 10 milliseconds, for ever.
fn ticks() -> impl Stream<Item = Instant> {
    stream::unfold(interval(Duration::from_millis(10)), |mut ticks| async {
        Some((ticks.tick().await, ticks))
    })
}

/// Row 164. Whatever ends the session, on this server or another, nothing passes later than a second after.
#[tokio::test(start_paused = true)]
async fn a_stream_ends_a_second_after_its_session() {
    for way in 0..9 {
        for offset in [0, 137, 391, 640, 999] {
            let Deployment { here, there, .. } = deployment();
            let pair = login(&here, 7).await;
            let session = session_of(&there, &pair.access_token).await;
            let mut guarded = pin!(session.guard(ticks()));
            let begun = Instant::now();
            while begun.elapsed() < 5 * SECOND + Duration::from_millis(offset) {
                assert!(guarded.next().await.is_some(), "way {way}: it ended by itself");
            }
            let expected = match way {
                0 => here.logout(&pair.refresh_token).await.map(|()| SessionEnd::Ended),
                1 => there.logout(&pair.refresh_token).await.map(|()| SessionEnd::Ended),
                2 => here.logout_all(&7).await.map(|_| SessionEnd::Ended),
                3 => here.revoke(&7, session.id().unwrap()).await.map(|_| SessionEnd::Ended),
                4 => here.end_session(session.id().unwrap()).await.map(|()| SessionEnd::Ended),
                5 => here.expire_access_tokens(&7).await.map(|_| SessionEnd::Ended),
                6 => {
                    // A replay, long after.
                    let next = here.refresh(&pair.refresh_token).await.unwrap();
                    here.refresh(&next.refresh_token).await.unwrap();
                    here.refresh(&pair.refresh_token).await.unwrap_err();
                    Ok(SessionEnd::Ended)
                }
                7 => {
                    let other = login(&here, 7).await;
                    let other = payload_session(&other);
                    here.revoke_all_except(&7, &other).await.map(|_| SessionEnd::Ended)
                }
                _ => {
                    // Until just before the token expires.
                    while there.is_live(&session).await.unwrap()
                        && begun.elapsed() < 15 * 60 * SECOND - SECOND
                    {
                        advance(SECOND).await;
                        assert!(guarded.next().await.is_some());
                    }
                    sleep(15 * 60 * SECOND - begun.elapsed()).await;
                    Ok(SessionEnd::Expired)
                }
            };
            let ended = Instant::now();
            let mut last = ended;
            while guarded.next().await.is_some() {
                last = Instant::now();
            }
            assert!(last - ended <= SECOND, "way {way}: a frame {:?} after the end", last - ended);
            assert!(ended.elapsed() <= SECOND, "way {way}: open for {:?} after the end", ended.elapsed());
            assert_eq!(guarded.end(), Some(expected.unwrap()), "way {way}");
            assert!(!there.is_live(&session).await.unwrap());
            assert!(guarded.next().await.is_none());
        }
    }
}

fn payload_session(pair: &TokenPair) -> countersign::session::SessionId {
    payload_of(&pair.access_token)["sid"].as_str().unwrap().parse().unwrap()
}

/// What a withdrawn key has signed may be forged, session and all, so the end of the session is not waited for.
#[tokio::test(start_paused = true)]
async fn a_stream_ends_a_second_after_the_key_of_its_token_was_withdrawn() {
    let key = || Key::generate_secret(Algorithm::Hs256).unwrap();
    for is_kept in [true, false] {
        let (old, new) = (key(), key());
        let clock = RuntimeClock(Instant::now());
        let auth = server(clock, MemoryStore::default(), |builder| builder.access_key(old.clone()));
        let pair = login(&auth, 7).await;
        let session = session_of(&auth, &pair.access_token).await;
        let mut guarded = pin!(session.guard(ticks()));
        assert!(guarded.next().await.is_some());
        let keys = KeySet::new(new).unwrap();
        let keys = if is_kept { keys.accept(old).unwrap() } else { keys };
        auth.replace_access_keys(keys).unwrap();
        let withdrawn = Instant::now();
        while withdrawn.elapsed() < 3 * SECOND && guarded.next().await.is_some() {}
        assert_eq!(guarded.end().is_some(), !is_kept);
        assert!(is_kept || withdrawn.elapsed() <= SECOND, "{:?}", withdrawn.elapsed());
        assert_eq!(auth.is_live(&session).await.unwrap(), is_kept);
    }
}

/// As above, for the key of a trusted issuer.
#[tokio::test(start_paused = true)]
async fn a_stream_ends_a_second_after_the_keys_of_its_issuer_were_forgotten() {
    let acme = TestIssuer::new("acme");
    let (keys, clock) = (acme.jwks(), RuntimeClock(Instant::now()));
    let fetch = move |_: FetchRequest| {
        let keys = keys.clone();
        async move { Ok(Fetched::new(StatusCode::OK, keys)) }
    };
    let issuer =
        Issuer::jwks(acme.url(), "https://acme.test/keys").audience("https://api.test").named("acme");
    let issuer = issuer.fetch(fetch).claims_with(|_| async { Ok(Some(User::with(&[]))) });
    let auth = Auth::<User>::builder().trust(issuer).clock(clock).build().unwrap();
    let session = session_of(&auth, &acme.token(json!({}))).await;
    let mut guarded = pin!(session.guard(ticks()));
    let begun = Instant::now();
    while begun.elapsed() < 2 * SECOND {
        assert!(guarded.next().await.is_some());
    }
    assert!(auth.is_live(&session).await.unwrap());
    assert!(auth.forget_issuer_keys("acme"));
    let forgotten = Instant::now();
    while guarded.next().await.is_some() {}
    assert!(forgotten.elapsed() <= SECOND, "{:?}", forgotten.elapsed());
    assert!(!auth.is_live(&session).await.unwrap());
}

/// Row 164. While the store is silent nothing passes for longer than a second; a short outage is survived, a long one ends the stream.
#[tokio::test(start_paused = true)]
async fn a_stream_waits_while_the_store_is_silent_and_ends_after_five_seconds() {
    for outage in [Duration::from_millis(300), 3 * SECOND, 4 * SECOND, 20 * SECOND] {
        let Deployment { here, there, store_there } = deployment();
        let pair = login(&here, 7).await;
        let mut guarded = pin!(session_of(&there, &pair.access_token).await.guard(ticks()));
        let begun = Instant::now();
        while begun.elapsed() < 2 * SECOND {
            assert!(guarded.next().await.is_some());
        }
        store_there.inject(Fault::Read);
        let silent = Instant::now();
        let mut last = silent;
        while silent.elapsed() < outage {
            match timeout(outage - silent.elapsed(), guarded.next()).await {
                Ok(Some(_)) => last = Instant::now(),
                Ok(None) => break,
                Err(_) => {}
            }
        }
        assert!(last - silent <= SECOND, "a frame {:?} into the outage", last - silent);
        store_there.heal();
        if outage < 5 * SECOND {
            let next = timeout(SECOND, guarded.next()).await;
            assert!(next.is_ok_and(|item| item.is_some()), "it did not survive {outage:?}");
        } else {
            assert_eq!(guarded.end(), Some(SessionEnd::Unavailable));
            assert!(silent.elapsed() < 7 * SECOND, "{:?}", silent.elapsed());
        }
    }
}

/// A stream that ends by itself says nothing of the session.
#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_by_itself_is_over() {
    let Deployment { here, .. } = deployment();
    let pair = login(&here, 7).await;
    let session = session_of(&here, &pair.access_token).await;
    let mut guarded = pin!(session.guard(stream::iter([1, 2])));
    assert_eq!(guarded.by_ref().collect::<Vec<_>>().await, [1, 2]);
    assert_eq!((guarded.next().await, guarded.end()), (None, None));
}

/// Row 164. A WebSocket may take a new access token of the same user on the way. No other token changes anything.
#[tokio::test(start_paused = true)]
async fn a_new_access_token_of_the_user_prolongs_a_stream() {
    let Deployment { here, there, .. } = deployment();
    let [first, other] = [login(&here, 7).await, login(&here, 8).await];
    let session = session_of(&there, &first.access_token).await;
    let mut ended = session.ended();
    sleep(10 * 60 * SECOND).await;
    let next = here.refresh(&first.refresh_token).await.unwrap();
    assert!(matches!(ended.renew(&there, &other.access_token), Err(RenewError::OtherUser)));
    for bad in ["", "x", &next.refresh_token, &format!("{}x", next.access_token)] {
        assert!(matches!(ended.renew(&there, bad), Err(RenewError::Token(_))), "{bad}");
    }
    assert!(timeout(4 * 60 * SECOND, &mut ended).await.is_err());
    ended.renew(&there, &next.access_token).unwrap();
    assert!(timeout(10 * 60 * SECOND, &mut ended).await.is_err(), "it goes on after the first token");
    assert_eq!(timeout(2 * 60 * SECOND, &mut ended).await, Ok(SessionEnd::Expired));

    // The token of another session of the user moves the stream to that session.
    let [one, two] = [login(&here, 7).await, login(&here, 7).await];
    let mut ended = session_of(&there, &one.access_token).await.ended();
    ended.renew(&there, &two.access_token).unwrap();
    here.logout(&one.refresh_token).await.unwrap();
    assert!(timeout(3 * SECOND, &mut ended).await.is_err());
    here.logout(&two.refresh_token).await.unwrap();
    assert_eq!(timeout(SECOND, &mut ended).await, Ok(SessionEnd::Ended));
    // A token of a session that has ended prolongs nothing.
    let three = login(&here, 7).await;
    let mut ended = session_of(&there, &three.access_token).await.ended();
    ended.renew(&there, &two.access_token).unwrap();
    assert_eq!(timeout(SECOND, &mut ended).await, Ok(SessionEnd::Ended));
}

/// A thousand streams share the readings of the log, however long one takes, and look nothing up, on a server that has just started too.
#[tokio::test(start_paused = true)]
async fn a_thousand_streams_share_one_reading() {
    for (reading_takes, at_least) in [(0, 20), (20, 20), (300, 10)] {
        let clock = RuntimeClock(Instant::now());
        let store = Arc::new(Asked::read_in(Duration::from_millis(reading_takes)));
        let auth = server(clock, Arc::clone(&store), |builder| builder);
        let mut streams = Vec::new();
        for id in 0..1000 {
            let pair = login(&auth, id).await;
            streams.push(session_of(&auth, &pair.access_token).await.ended());
        }
        let all = join_all(streams);
        let mut all = pin!(all);
        assert!(timeout(3 * SECOND, &mut all).await.is_err());
        store.taken();
        assert!(timeout(10 * SECOND, &mut all).await.is_err());
        let calls = store.taken();
        assert!(calls.iter().all(|call| *call == "endings"), "{calls:?}");
        assert!((at_least..=30).contains(&calls.len()), "{} readings in ten seconds", calls.len());
    }
}

/// Row 164. A cache of look-ups keeps no stream open.
#[tokio::test(start_paused = true)]
async fn a_stream_leaves_the_cache_of_live_sessions_aside() {
    let (clock, store) = (RuntimeClock(Instant::now()), MemoryStore::default());
    let here = server(clock, store.clone(), |builder| builder);
    let there =
        server(clock, store, |builder| builder.liveness(Liveness::Always).live_cache(60 * SECOND, 100));
    let pair = login(&here, 7).await;
    let session = session_of(&there, &pair.access_token).await;
    let mut ended = session.ended();
    assert!(timeout(5 * SECOND, &mut ended).await.is_err());
    here.logout(&pair.refresh_token).await.unwrap();
    assert_eq!(timeout(SECOND, &mut ended).await, Ok(SessionEnd::Ended));
    assert!(!there.is_live(&session).await.unwrap());
}

/// Row 164. A store that gives no answer at all holds nothing open: neither a session beyond five seconds nor a token beyond its end.
#[tokio::test(start_paused = true)]
async fn a_store_without_any_answer_holds_no_stream_open() {
    for (waited, expected) in [(2 * SECOND, SessionEnd::Unavailable), (898 * SECOND, SessionEnd::Expired)] {
        let Deployment { here, there, store_there } = deployment();
        let pair = login(&here, 7).await;
        let mut ended = session_of(&there, &pair.access_token).await.ended();
        assert!(timeout(waited, &mut ended).await.is_err());
        store_there.inject(Fault::Silent);
        let silent = Instant::now();
        assert_eq!((&mut ended).await, expected);
        assert!(silent.elapsed() <= 6 * SECOND, "{expected:?} after {:?}", silent.elapsed());
    }
}

/// Row 163. The end of a session by its time is announced by no one. Its last access token passes for the leeway where the store is not
/// asked, and not on a live route, with the feed or without it.
#[tokio::test(start_paused = true)]
async fn a_session_that_ends_by_its_time_is_refused_on_live_routes() {
    for from_feed in [false, true] {
        let clock = RuntimeClock(Instant::now());
        let lifetimes = Lifetimes::new(600 * SECOND, 600 * SECOND);
        let auth = server(clock, MemoryStore::default(), |builder| {
            let builder = builder.lifetimes(lifetimes).access_ttl(600 * SECOND).liveness(Liveness::Always);
            if from_feed { builder.live_from_feed() } else { builder }
        });
        let first = login(&auth, 1).await;
        session_of(&auth, &first.access_token).await;
        advance(SECOND).await;
        let pair = login(&auth, 7).await;
        advance(590 * SECOND).await;
        session_of(&auth, &pair.access_token).await;
        advance(20 * SECOND).await;
        let request =
            Request::get("/").header(header::AUTHORIZATION, format!("Bearer {}", pair.access_token));
        let mut parts = request.body(()).unwrap().into_parts().0;
        let session = Session::<User>::from_request_parts(&mut parts, &auth).await;
        assert!(session.is_err(), "from_feed: {from_feed}");
    }
}

#[tokio::test(start_paused = true)]
async fn close_frames_have_the_codes_of_the_documentation() {
    let codes = [SessionEnd::Ended, SessionEnd::Expired, SessionEnd::Unavailable].map(SessionEnd::close_code);
    assert_eq!(codes, [4401, 4401, 1013]);
}

/// Row 163: with the feed, a live route looks nothing up, and refuses what another server has ended within a second.
#[tokio::test(start_paused = true)]
async fn live_routes_are_answered_from_the_feed() {
    let clock = RuntimeClock(Instant::now());
    let store = Arc::new(Asked::default());
    let live = |builder: AuthBuilder<User>| builder.liveness(Liveness::Always);
    let here = server(clock, Arc::clone(&store), live);
    let there = server(clock, Arc::clone(&store), |builder| live(builder).live_from_feed());
    let ask = |auth: Auth<User>, token: String| async move {
        let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let mut parts = request.body(()).unwrap().into_parts().0;
        let session = Session::<User>::from_request_parts(&mut parts, &auth).await;
        session.map_or_else(|refused| refused.into_response().status(), |_| StatusCode::OK)
    };
    let first = login(&here, 1).await;
    assert_eq!(ask(there.clone(), first.access_token).await, StatusCode::OK);
    advance(SECOND).await;
    let pair = login(&here, 7).await;
    store.taken();
    let begun = Instant::now();
    for _ in 0..1000 {
        assert_eq!(ask(there.clone(), pair.access_token.clone()).await, StatusCode::OK);
        advance(Duration::from_millis(5)).await;
    }
    let calls = store.taken();
    assert!(calls.iter().all(|call| *call == "endings"), "{calls:?}");
    assert!(calls.len() <= 14, "{} readings in {:?}", calls.len(), begun.elapsed());
    assert_eq!(ask(here.clone(), pair.access_token.clone()).await, StatusCode::OK);
    assert_eq!(store.taken(), ["load"], "without the feed");

    here.logout(&pair.refresh_token).await.unwrap();
    let ended = Instant::now();
    while ask(there.clone(), pair.access_token.clone()).await == StatusCode::OK {
        advance(Duration::from_millis(10)).await;
    }
    assert!(ended.elapsed() < SECOND, "{:?}", ended.elapsed());
}

/// Row 163: a feed that cannot be read is not believed. The store is asked, and if it does not answer either, the answer is 503.
#[tokio::test(start_paused = true)]
async fn a_feed_that_is_silent_lets_nothing_in() {
    let (clock, store) = (RuntimeClock(Instant::now()), MemoryStore::default());
    let faulty = Arc::new(FaultyStore::new(store.clone()));
    let here = server(clock, store, |builder| builder);
    let there =
        server(clock, Arc::clone(&faulty), |builder| builder.liveness(Liveness::Always).live_from_feed());
    let [gone, kept] = [login(&here, 7).await, login(&here, 8).await];
    let ask = |token: String| {
        let there = there.clone();
        async move {
            let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
            let mut parts = request.body(()).unwrap().into_parts().0;
            let session = Session::<User>::from_request_parts(&mut parts, &there).await;
            session.map_or_else(|refused| refused.into_response().status(), |_| StatusCode::OK)
        }
    };
    assert_eq!(ask(gone.access_token.clone()).await, StatusCode::OK);
    faulty.inject(Fault::Read);
    here.logout(&gone.refresh_token).await.unwrap();
    advance(6 * SECOND).await;
    for token in [&gone.access_token, &kept.access_token] {
        assert_eq!(ask(token.clone()).await, StatusCode::SERVICE_UNAVAILABLE);
    }
    faulty.heal();
    assert_eq!(ask(gone.access_token.clone()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(kept.access_token.clone()).await, StatusCode::OK);
}

#[tokio::test]
async fn the_feed_and_a_cache_are_not_both_taken() {
    let clock = RuntimeClock(Instant::now());
    let built = builder(&TestClock::at(NOW)).clock(clock).live_from_feed().live_cache(SECOND, 10).build();
    assert!(matches!(built, Err(ConfigError::FeedAndCache)));
}
