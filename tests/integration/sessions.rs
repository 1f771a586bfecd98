//! Sessions as the application sees them.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use axum::http::StatusCode;
use countersign::session::{
    Cursor, Ending, Endings, Owner, Page, PartitionSalt, Rotation, SessionId, SessionMetadata, SessionRecord,
};
use countersign::store::{MemoryStore, Replaced, SessionStore, StoreError};
use countersign::{AuthError, BoxError, ClaimsSource, ConfigError, Timestamp, TokenPair};
use serde_json::json;

use crate::support::{
    App, NOW, Role, SECOND, User, builder, forge, key, payload_of, payload_with, payload_without,
};

fn laptop() -> SessionMetadata {
    SessionMetadata::default().with_user_agent("curl/8").with_device_label("laptop")
}

/// Row 98.
#[tokio::test]
async fn list_shows_living_sessions_newest_first_without_token_material() {
    let app = App::new();
    app.auth.login(&User::with(&[]), SessionMetadata::default()).await.unwrap();
    app.clock.advance(SECOND * 5);
    app.auth.login(&User::with(&[]), laptop()).await.unwrap();
    let sessions = app.auth.sessions(&7).await.unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0].metadata.device_label(), Some("laptop"));
    assert!(sessions[0].created_at > sessions[1].created_at);
    app.clock.advance(SECOND * 30 * 86_400 - SECOND * 5);
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
    assert_eq!(app.auth.purge_expired().await.unwrap(), 1);
}

/// Row 93.
#[tokio::test]
async fn logout_is_the_same_for_living_ended_expired_and_unknown_tokens() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.clock.advance(SECOND * 3600);
    assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::UNAUTHORIZED);
    for token in [pair.access_token.as_str(), &pair.access_token, &pair.refresh_token, "nonsense"] {
        app.auth.logout(token).await.unwrap();
        assert!(app.auth.sessions(&7).await.unwrap().is_empty());
    }
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 93: a release that asks for more claims still ends the sessions of the one before it.
#[tokio::test]
async fn logout_asks_for_no_claims_of_the_application() {
    let app = App::new();
    app.login(&[]).await;
    let session = app.auth.sessions(&7).await.unwrap().remove(0);
    let mut payload = payload_without("name");
    payload["sid"] = json!(session.id.as_str());
    let token = forge(&payload);
    assert_eq!(app.get("/me", Some(&token)).await.status, StatusCode::UNAUTHORIZED);
    app.auth.logout(&token).await.unwrap();
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}

/// Row 93: another instance's clock may be ahead of ours.
#[tokio::test]
async fn logout_asks_for_no_time() {
    for token_of in [|pair: TokenPair| pair.access_token, |pair: TokenPair| pair.refresh_token] {
        let store = MemoryStore::new();
        let instance = || App::with(|builder| builder.store(store.clone()));
        let (ahead, app) = (instance(), instance());
        ahead.clock.advance(SECOND * 3600);
        let token = token_of(ahead.login(&[]).await);
        assert_eq!(app.get("/me", Some(&token)).await.status, StatusCode::UNAUTHORIZED);
        app.auth.logout(&token).await.unwrap();
        assert!(ahead.auth.sessions(&7).await.unwrap().is_empty());
    }
}

/// The `jti` of a token.
fn id_of(token: &str) -> String {
    payload_of(token)["jti"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_access_token_of_a_kept_refresh_token_has_its_own_id() {
    let rotation = Rotation::NearExpiry { within: SECOND * 86_400, window: SECOND * 30 };
    let app = App::with(|builder| builder.rotation(rotation));
    let pair = app.login(&[]).await;
    let mut ids = HashSet::from([id_of(&pair.access_token)]);
    for _ in 0..3 {
        app.clock.advance(SECOND);
        let next = app.auth.refresh(&pair.refresh_token).await.unwrap();
        assert_eq!(next.refresh_token, pair.refresh_token);
        ids.insert(id_of(&next.access_token));
    }
    assert_eq!(ids.len(), 4);

    app.clock.advance(SECOND * 29 * 86_400);
    let rotated = app.auth.refresh(&pair.refresh_token).await.unwrap();
    assert_ne!(rotated.refresh_token, pair.refresh_token);
    app.clock.advance(SECOND * 20);
    let retried = app.auth.refresh(&pair.refresh_token).await.unwrap();
    assert_eq!(retried.refresh_token, rotated.refresh_token);
    assert_eq!(id_of(&retried.access_token), id_of(&rotated.access_token));
}

#[tokio::test]
async fn forged_token_ends_no_session() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let (signed, _) = pair.access_token.rsplit_once('.').unwrap();
    app.auth.logout(&format!("{signed}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).await.unwrap();
    let session = app.auth.sessions(&7).await.unwrap().remove(0);
    for (member, value) in [("iss", "https://attacker.test"), ("aud", "https://attacker.test")] {
        let mut payload = payload_with(member, json!(value));
        payload["sid"] = json!(session.id.as_str());
        app.auth.logout(&forge(&payload)).await.unwrap();
    }
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
}

/// Row 94: the refresh token dies at once, access tokens live out their short life.
#[tokio::test]
async fn ended_session_cannot_be_refreshed_and_its_access_token_expires() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.auth.logout(&pair.refresh_token).await.unwrap();
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::OK);
    app.clock.advance(SECOND * 961);
    assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::UNAUTHORIZED);
}

/// Row 95.
#[tokio::test]
async fn revoking_a_foreign_session_looks_like_revoking_an_unknown_one() {
    let app = App::new();
    app.login(&[]).await;
    let foreign = app.auth.sessions(&7).await.unwrap().remove(0).id;
    assert!(!app.auth.revoke(&8, &foreign).await.unwrap());
    assert!(!app.auth.revoke(&8, &"AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap()).await.unwrap());
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
    assert!(app.auth.revoke(&7, &foreign).await.unwrap());
}

/// Row 96.
#[tokio::test]
async fn every_session_but_one_can_be_ended() {
    let app = App::new();
    for _ in 0..3 {
        app.login(&[]).await;
    }
    let kept = app.auth.sessions(&7).await.unwrap().remove(1).id;
    assert_eq!(app.auth.revoke_all_except(&7, &kept).await.unwrap(), 2);
    assert_eq!(app.auth.sessions(&7).await.unwrap()[0].id, kept);
    assert_eq!(app.auth.logout_all(&7).await.unwrap(), 1);
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}

#[tokio::test]
async fn ended_session_is_the_one_named_and_no_other() {
    let app = App::new();
    app.login(&[]).await;
    app.login(&[]).await;
    let sessions = app.auth.sessions(&7).await.unwrap();
    app.auth.end_session(&sessions[0].id).await.unwrap();
    let left = app.auth.sessions(&7).await.unwrap();
    assert_eq!(left.iter().map(|session| &session.id).collect::<Vec<_>>(), [&sessions[1].id]);
}

/// Row 97.
#[tokio::test]
async fn signing_out_everywhere_leaves_other_users_signed_in() {
    let app = App::new();
    app.login(&[]).await;
    app.auth.login(&User { id: 8, ..User::with(&[]) }, SessionMetadata::default()).await.unwrap();
    let foreign = app.auth.sessions(&8).await.unwrap().remove(0).id;
    assert_eq!(app.auth.revoke_all_except(&7, &foreign).await.unwrap(), 1);
    assert_eq!(app.auth.logout_all(&7).await.unwrap(), 0);
    assert_eq!(app.auth.sessions(&8).await.unwrap().len(), 1);
}

#[tokio::test]
async fn login_whose_claims_fit_in_no_token_leaves_no_session() {
    let app = App::new();
    let user = User { name: "x".repeat(9000), ..User::with(&[]) };
    let refused = app.auth.login(&user, SessionMetadata::default()).await;
    assert!(matches!(refused, Err(AuthError::Mint(_))), "{refused:?}");
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}

/// `auth_time` is the time of the sign-in (RFC 9068 section 2.2.1), the end of the refresh token that of the idle session.
#[tokio::test]
async fn refresh_moves_the_idle_end_and_not_the_time_of_the_sign_in() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.clock.advance(SECOND * 86_400);
    let next = app.auth.refresh(&pair.refresh_token).await.unwrap();
    for (pair, time) in [(&pair, NOW), (&next, NOW + 86_400)] {
        let (access, refresh) = (payload_of(&pair.access_token), payload_of(&pair.refresh_token));
        assert_eq!((&access["auth_time"], &access["iat"]), (&json!(NOW), &json!(time)));
        assert_eq!(access["exp"], time + 900);
        assert_eq!((&refresh["iat"], &refresh["exp"]), (&json!(time), &json!(time + 30 * 86_400)));
    }
}

/// Row 82. Another key, issuer or audience is refused without a word about the session, which goes on.
#[tokio::test]
async fn retry_at_a_server_with_other_settings_keeps_the_session() {
    let store = MemoryStore::new();
    let app = App::with(|builder| builder.store(store.clone()));
    let pair = app.login(&[]).await;
    let next = app.auth.refresh(&pair.refresh_token).await.unwrap();
    let other_key = || key(b"f2q9Xv-LwB7mRk3TzH8sYc5NdJ6gPa4UeWi1VoQx0Zt-KnCr");
    let others = [
        builder(&app.clock).store(store.clone()).refresh_key(other_key()),
        builder(&app.clock).store(store.clone()).issuer("https://other.test"),
    ];
    for other in others.map(|builder| builder.build().unwrap()) {
        for token in [&pair.refresh_token, &next.refresh_token] {
            assert!(matches!(other.refresh(token).await, Err(AuthError::InvalidGrant(_))));
        }
    }
    let retried = app.auth.refresh(&pair.refresh_token).await.unwrap();
    assert_eq!(retried.refresh_token, next.refresh_token);
    assert!(app.auth.refresh(&next.refresh_token).await.is_ok());
}

/// Row 97: every session of the user, and no other.
#[tokio::test]
async fn refresh_of_a_user_who_is_gone_ends_every_session_of_the_user() {
    let source = |id| async move { Ok((id != 7).then(|| User { id, ..User::with(&[]) })) };
    let app = App::with(|builder| builder.claims_source(source));
    let pairs = [app.login(&[]).await, app.login(&[]).await];
    app.auth.login(&User { id: 8, ..User::with(&[]) }, SessionMetadata::default()).await.unwrap();
    assert!(app.auth.refresh(&pairs[0].refresh_token).await.is_err());
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
    assert_eq!(app.auth.sessions(&8).await.unwrap().len(), 1);
    app.refresh(&pairs[1].refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Rows 90 and 97: a claims source that fails says nothing about the user.
#[tokio::test]
async fn failing_claims_source_ends_nothing() {
    struct Fails;
    impl ClaimsSource<User> for Fails {
        async fn claims_for(&self, _: u64) -> Result<Option<User>, BoxError> {
            Err("the directory is down".into())
        }
    }
    let app = App::with(|builder| builder.claims_from(Fails));
    let pair = app.login(&[]).await;
    app.refresh(&pair.refresh_token)
        .await
        .refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    let session = app.auth.sessions(&7).await.unwrap().remove(0);
    assert_eq!(session.version, 0);
}

#[tokio::test]
async fn sign_in_beyond_the_limit_ends_the_session_used_least_recently() {
    let app = App::with(|builder| builder.max_sessions_per_user(2));
    let phone = app.login(&[Role::Member]).await;
    app.clock.advance(SECOND);
    let library = app.login(&[Role::Member]).await;
    app.clock.advance(SECOND);
    let phone = app.refresh(&phone.refresh_token).await;
    app.clock.advance(SECOND);
    let laptop = app.login(&[Role::Member]).await;
    app.refresh(&library.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    for token in [phone.text("refresh_token"), laptop.refresh_token] {
        assert_eq!(app.refresh(&token).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn of_unused_sessions_a_sign_in_beyond_the_limit_ends_the_oldest() {
    let app = App::with(|builder| builder.max_sessions_per_user(2));
    let mut pairs = Vec::new();
    for _ in 0..3 {
        pairs.push(app.login(&[Role::Member]).await);
        app.clock.advance(SECOND);
    }
    app.refresh(&pairs[0].refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    for pair in &pairs[1..] {
        assert_eq!(app.refresh(&pair.refresh_token).await.status, StatusCode::OK);
    }
}

#[test]
fn touch_interval_below_a_second_is_refused_at_build() {
    let clock = App::new().clock;
    for (interval, good) in [(SECOND / 2, false), (Duration::ZERO, false), (SECOND, true)] {
        let built = builder(&clock).touch_interval(interval).build();
        assert_eq!(built.is_ok(), good, "{interval:?}");
        assert!(good || matches!(built, Err(ConfigError::Sessions(_))));
    }
}

/// The step at which a [`Stalls`] never answers.
#[repr(u8)]
#[derive(Clone, Copy, Debug)]
enum Stall {
    Nowhere,
    Read,
    BeforeWrite,
    AfterWrite,
}

/// A store that at one step never answers, as behind a connection that hangs.
#[derive(Default)]
struct Stalls {
    inner: MemoryStore,
    at: AtomicU8,
}

impl Stalls {
    fn at(&self, stall: Stall) {
        self.at.store(stall as u8, Ordering::SeqCst);
    }

    async fn pass(&self, stall: Stall) {
        if self.at.load(Ordering::SeqCst) == stall as u8 {
            std::future::pending::<()>().await;
        }
    }

    async fn write<T>(&self, operation: impl Future<Output = T>) -> T {
        self.pass(Stall::BeforeWrite).await;
        let result = operation.await;
        self.pass(Stall::AfterWrite).await;
        result
    }
}

impl SessionStore for Stalls {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        self.pass(Stall::Read).await;
        self.inner.salt(proposed).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        self.write(self.inner.insert(record)).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.pass(Stall::Read).await;
        self.inner.load(id).await
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        self.write(self.inner.replace(record, expected_version)).await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        self.write(self.inner.remove(id)).await
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        self.write(self.inner.remove_each(ids)).await
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        self.pass(Stall::Read).await;
        self.inner.list(owner, page).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.write(self.inner.remove_all(owner, except)).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.write(self.inner.purge_expired(now, at_most)).await
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        self.write(self.inner.claim_purge(now, until)).await
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.write(self.inner.announce(endings, until)).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        self.pass(Stall::Read).await;
        self.inner.endings(after).await
    }
}

/// Row 90: a layer with a time limit drops a request wherever it waits. The client retries and is served.
#[tokio::test]
async fn refresh_that_is_given_up_while_the_store_hangs_can_be_repeated() {
    for stall in [Stall::Read, Stall::BeforeWrite, Stall::AfterWrite] {
        let store = Arc::new(Stalls::default());
        let app = App::with(|builder| builder.store(Arc::clone(&store)));
        let pair = app.login(&[]).await;
        store.at(stall);
        {
            let mut refresh = pin!(app.auth.refresh(&pair.refresh_token));
            assert!(refresh.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        store.at(Stall::Nowhere);
        app.clock.advance(SECOND * 29);
        let next = app.auth.refresh(&pair.refresh_token).await.unwrap();
        assert_eq!(app.auth.sessions(&7).await.unwrap().remove(0).version, 1, "{stall:?}");
        assert!(app.auth.refresh(&next.refresh_token).await.is_ok(), "{stall:?}");
    }
}
