//! Rotation, expiry and revocation in [`Sessions`].

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::watched::WatchedStore;
use super::{CaseResult, START, any_id};
use crate::session::{
    Lifetimes, Outcome, Prepared, ReuseKind, Rotation, SessionError, SessionId, SessionMetadata,
    SessionPolicy, SessionRecord, Sessions, TokenHash,
};
use crate::store::SessionStore;
use crate::testing::TestClock;

const SECOND: Duration = Duration::from_secs(1);
pub(super) const WINDOW: Duration = Duration::from_secs(30);
const IDLE_TTL: Duration = Duration::from_secs(1000);
const ABSOLUTE_TTL: Duration = Duration::from_secs(2500);

pub(super) struct Setting {
    pub(super) sessions: Sessions,
    pub(super) clock: TestClock,
}

pub(super) type Exchange = Result<(SessionRecord, Outcome), SessionError>;

impl Setting {
    pub(super) fn new(
        store: impl SessionStore,
        rotation: Rotation,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let clock = TestClock::at(START.unix());
        let policy = SessionPolicy::new(Lifetimes::new(IDLE_TTL, ABSOLUTE_TTL), rotation)?;
        Ok(Self { sessions: Sessions::new(store, Arc::new(clock.clone()), policy), clock })
    }

    pub(super) fn with_window(
        store: impl SessionStore,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Self::new(store, Rotation::Always { window: WINDOW })
    }

    pub(super) async fn sign_in(&self, user_id: &str) -> Result<(SessionId, TokenHash), SessionError> {
        let token = TokenHash::of(format!("first token of {user_id}"));
        let record = self.sessions.open(user_id, token.clone(), SessionMetadata::default()).await?;
        Ok((record.id, token))
    }

    pub(super) async fn refresh(&self, id: &SessionId, presented: &TokenHash) -> Exchange {
        let prepared = self.sessions.prepare(id, presented, &child(presented)).await?;
        self.commit(prepared).await
    }

    pub(super) async fn commit(&self, prepared: Prepared) -> Exchange {
        self.sessions.commit(prepared, |record, outcome| Ok((record.clone(), outcome))).await
    }

    /// Runs a hundred refreshes, all of which have read the record before the first one writes.
    pub(super) async fn refresh_in_parallel(
        &self,
        id: &SessionId,
        presented: &TokenHash,
    ) -> Result<Vec<Exchange>, SessionError> {
        let successor = child(presented);
        let prepared = join_all((0..100).map(|_| self.sessions.prepare(id, presented, &successor))).await;
        let prepared = prepared.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(join_all(prepared.into_iter().map(|prepared| self.commit(prepared))).await)
    }
}

/// A substitute for the derivation with a key.
pub(super) fn child(token: &TokenHash) -> TokenHash {
    TokenHash::of(token.as_bytes())
}

pub(super) fn is_reuse(exchange: &Exchange, expected: ReuseKind) -> bool {
    matches!(exchange, Err(SessionError::Reused(kind)) if *kind == expected)
}

pub(super) fn is_unknown(exchange: &Exchange) -> bool {
    matches!(exchange, Err(SessionError::Unknown))
}

/// A successor replaces the token, and the idle limit starts again.
pub async fn the_current_token_rotates<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    it.clock.advance(Duration::from_secs(60));
    let (record, outcome) = it.refresh(&id, &first).await?;
    let now = START + Duration::from_secs(60);
    assert_eq!(outcome, Outcome::Rotated);
    assert_eq!(record.current, child(&first));
    assert_eq!(record.previous, Some(first));
    assert_eq!((record.created_at, record.rotated_at, record.last_used_at), (START, now, now));
    assert_eq!((record.idle_expires_at, record.absolute_expires_at), (now + IDLE_TTL, START + ABSOLUTE_TTL));
    assert_eq!(record.version, 1);
    assert_eq!(it.sessions.live(&id).await?, Some(record));
    Ok(())
}

/// Row 78. A client that lost the response gets it again.
pub async fn a_retry_in_the_window_gets_the_same_successor<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    let (rotated, _) = it.refresh(&id, &first).await?;
    it.clock.advance(WINDOW - SECOND);
    let (repeated, outcome) = it.refresh(&id, &first).await?;
    assert_eq!(outcome, Outcome::Repeated);
    assert_eq!(repeated, rotated);
    assert_eq!(it.sessions.live(&id).await?, Some(rotated.clone()));
    let (next, outcome) = it.refresh(&id, &rotated.current).await?;
    assert_eq!((next.version, outcome), (2, Outcome::Rotated));
    Ok(())
}

/// Row 81.
pub async fn the_window_is_not_prolonged_by_retries<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    it.refresh(&id, &first).await?;
    for _ in 0..2 {
        it.clock.advance(WINDOW / 3);
        assert_eq!(it.refresh(&id, &first).await?.1, Outcome::Repeated);
    }
    it.clock.advance(WINDOW / 3);
    assert!(is_reuse(&it.refresh(&id, &first).await, ReuseKind::LateRetry));
    Ok(())
}

/// Row 80. After the successor was used, its parent is two generations old.
pub async fn the_window_ends_when_the_successor_is_used<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    it.refresh(&id, &first).await?;
    let (last, _) = it.refresh(&id, &child(&first)).await?;
    assert!(is_reuse(&it.refresh(&id, &first).await, ReuseKind::OlderAncestor));
    assert!(is_unknown(&it.refresh(&id, &last.current).await));
    Ok(())
}

/// Row 79. The successor is refused too, and the user's other sessions go on.
pub async fn a_retry_after_the_window_ends_the_session<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    let (other, token) = it.sign_in("ann").await?;
    let (rotated, _) = it.refresh(&id, &first).await?;
    it.clock.advance(WINDOW);
    assert!(is_reuse(&it.refresh(&id, &first).await, ReuseKind::LateRetry));
    assert!(is_unknown(&it.refresh(&id, &rotated.current).await));
    assert!(is_unknown(&it.refresh(&id, &first).await));
    assert_eq!(it.sessions.live(&id).await?, None);
    assert_eq!(it.refresh(&other, &token).await?.1, Outcome::Rotated);
    Ok(())
}

/// Row 82. A retry for which another successor is derived cannot be answered, and is not a theft.
pub async fn a_retry_with_another_successor_is_refused_and_the_session_goes_on<S: SessionStore>(
    store: S,
) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    let (rotated, _) = it.refresh(&id, &first).await?;
    let other = TokenHash::of("derived with another key");
    assert!(matches!(it.sessions.prepare(&id, &first, &other).await, Err(SessionError::Unrepeatable)));
    assert_eq!(it.sessions.live(&id).await?, Some(rotated));
    Ok(())
}

/// A token that was never the current one counts as an old one.
pub async fn a_foreign_token_ends_the_session<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    assert!(is_reuse(
        &it.refresh(&id, &TokenHash::of("no child of the first")).await,
        ReuseKind::OlderAncestor
    ));
    assert!(is_unknown(&it.refresh(&id, &first).await));
    assert!(is_unknown(&it.refresh(&any_id()?, &first).await));
    Ok(())
}

/// Row 77. All succeed with the same successor, and one row is written.
pub async fn parallel_refreshes_in_the_window_get_one_successor<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(WatchedStore::new(store));
    let it = Setting::with_window(Arc::clone(&store))?;
    let (id, first) = it.sign_in("ann").await?;
    let exchanges = it.refresh_in_parallel(&id, &first).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(store.writes(), 2, "the sign-in and one exchange");
    let stored = it.sessions.live(&id).await?.ok_or("the session ended")?;
    assert_eq!(stored.version, 1);
    assert_eq!(exchanges.len(), 100);
    assert!(exchanges.iter().all(|(record, _)| *record == stored));
    assert_eq!(exchanges.iter().filter(|(_, outcome)| *outcome == Outcome::Rotated).count(), 1);
    assert_eq!(it.sessions.list("ann").await?, [stored]);
    Ok(())
}

/// Row 76. One succeeds. The others are replays, which end the session.
pub async fn of_parallel_refreshes_without_a_window_one_succeeds<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::new(store, Rotation::Always { window: Duration::ZERO })?;
    let (id, first) = it.sign_in("ann").await?;
    let exchanges = it.refresh_in_parallel(&id, &first).await?;
    let (successes, failures): (Vec<_>, Vec<_>) = exchanges.iter().partition(|exchange| exchange.is_ok());
    assert_eq!((successes.len(), failures.len()), (1, 99));
    assert!(failures.iter().all(|failure| is_unknown(failure) || is_reuse(failure, ReuseKind::LateRetry)));
    assert!(failures.iter().any(|failure| is_reuse(failure, ReuseKind::LateRetry)));
    assert_eq!(it.sessions.live(&id).await?, None);
    Ok(())
}

/// With [`Rotation::NearExpiry`] the same token is kept until it is close to its end, and then rotates.
pub async fn near_expiry_keeps_the_token_until_its_end_is_near<S: SessionStore>(store: S) -> CaseResult {
    let within = Duration::from_secs(100);
    let it = Setting::new(store, Rotation::NearExpiry { within, window: WINDOW })?;
    let (id, first) = it.sign_in("ann").await?;
    it.clock.advance(IDLE_TTL - within - SECOND);
    let (kept, outcome) = it.refresh(&id, &first).await?;
    assert_eq!((kept.version, outcome), (0, Outcome::Kept));
    it.clock.advance(SECOND);
    assert_eq!(it.refresh(&id, &first).await?.1, Outcome::Rotated);
    assert_eq!(it.refresh(&id, &first).await?.1, Outcome::Repeated);
    assert_eq!(it.refresh(&id, &child(&first)).await?.1, Outcome::Kept);
    it.clock.advance(WINDOW);
    assert!(is_reuse(&it.refresh(&id, &first).await, ReuseKind::LateRetry));
    Ok(())
}

/// Row 84. This holds for a process that saw the later time, and for one that reads it from the record.
pub async fn a_clock_that_steps_back_revives_nothing<S: SessionStore>(store: S) -> CaseResult {
    let step = Duration::from_secs(600);
    let store = Arc::new(store);
    let it = Setting::with_window(Arc::clone(&store))?;
    let (idle, token) = it.sign_in("ann").await?;
    it.clock.advance(IDLE_TTL);
    assert!(matches!(it.refresh(&idle, &token).await, Err(SessionError::Expired)));
    it.clock.set(START + IDLE_TTL - step);
    assert!(matches!(it.refresh(&idle, &token).await, Err(SessionError::Expired)));
    assert_eq!(it.sessions.live(&idle).await?, None);

    let (late, token) = it.sign_in("bob").await?;
    let (rotated, _) = it.refresh(&late, &token).await?;
    assert_eq!(rotated.rotated_at, START + IDLE_TTL);
    it.clock.set(START + IDLE_TTL + WINDOW);
    let restarted = Setting::with_window(store)?;
    let (used, _) = it.refresh(&late, &rotated.current).await?;
    restarted.clock.set(used.rotated_at - step);
    let (next, _) = restarted.refresh(&late, &used.current).await?;
    assert_eq!((next.rotated_at, next.idle_expires_at), (used.rotated_at, used.idle_expires_at));
    it.clock.set(used.rotated_at + WINDOW);
    it.sessions.list("bob").await?;
    it.clock.set(used.rotated_at);
    assert!(is_reuse(&it.refresh(&late, &used.current).await, ReuseKind::LateRetry));
    Ok(())
}

/// Row 85. A refresh one second before the end gives one second.
pub async fn refreshing_does_not_move_the_absolute_end<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, mut token) = it.sign_in("ann").await?;
    let end = START + ABSOLUTE_TTL;
    for time in [START + IDLE_TTL - SECOND, START + IDLE_TTL * 2 - SECOND * 2, end - SECOND] {
        it.clock.set(time);
        let (record, _) = it.refresh(&id, &token).await?;
        assert_eq!(record.absolute_expires_at, end);
        assert_eq!(record.idle_expires_at, (time + IDLE_TTL).min(end));
        token = record.current;
    }
    it.clock.set(end);
    assert!(matches!(it.refresh(&id, &token).await, Err(SessionError::Expired)));
    Ok(())
}

/// Row 86.
pub async fn an_idle_session_ends<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    it.clock.advance(IDLE_TTL - SECOND);
    let (record, _) = it.refresh(&id, &first).await?;
    it.clock.advance(IDLE_TTL);
    assert!(matches!(it.refresh(&id, &record.current).await, Err(SessionError::Expired)));
    assert!(matches!(it.refresh(&id, &first).await, Err(SessionError::Expired)));
    Ok(())
}

/// An ended session is in no list, cannot be revoked, and is removed by the next purge.
pub async fn expired_sessions_are_invisible_and_purged<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(store);
    let it = Setting::with_window(Arc::clone(&store))?;
    let (expired, _) = it.sign_in("ann").await?;
    it.clock.advance(IDLE_TTL);
    let (live, _) = it.sign_in("ann").await?;
    assert_eq!(it.sessions.live(&expired).await?, None);
    assert!(!it.sessions.revoke("ann", &expired).await?);
    let listed = it.sessions.list("ann").await?;
    assert_eq!(listed.iter().map(|record| &record.id).collect::<Vec<_>>(), [&live]);
    assert_eq!(it.sessions.purge_expired().await?, 1);
    assert_eq!(store.load(&expired).await?, None);
    assert!(it.sessions.live(&live).await?.is_some());
    Ok(())
}

/// Row 98.
pub async fn sessions_are_listed_newest_first<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, it.sign_in("ann").await?.0);
        it.sign_in("bob").await?;
        it.clock.advance(SECOND);
    }
    let listed = it.sessions.list("ann").await?;
    assert_eq!(listed.into_iter().map(|record| record.id).collect::<Vec<_>>(), expected);
    Ok(())
}

/// Row 95. Another user's session looks like a missing one, and goes on.
pub async fn only_the_owner_revokes_a_session<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, _) = it.sign_in("ann").await?;
    assert!(!it.sessions.revoke("bob", &id).await?);
    assert!(!it.sessions.revoke("ann", &any_id()?).await?);
    assert!(it.sessions.live(&id).await?.is_some());
    assert!(it.sessions.revoke("ann", &id).await?);
    assert!(!it.sessions.revoke("ann", &id).await?);
    assert_eq!(it.sessions.live(&id).await?, None);
    Ok(())
}

/// Row 93.
pub async fn ending_a_session_twice_is_no_error<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (id, first) = it.sign_in("ann").await?;
    it.sessions.end(&id).await?;
    it.sessions.end(&id).await?;
    assert!(is_unknown(&it.refresh(&id, &first).await));
    Ok(())
}

/// Rows 96 and 97.
pub async fn ending_all_sessions_spares_the_exception<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    let (kept, _) = it.sign_in("ann").await?;
    let (gone, token) = it.sign_in("ann").await?;
    let (other, _) = it.sign_in("bob").await?;
    assert_eq!(it.sessions.end_all("ann", Some(&kept)).await?, 1);
    assert!(is_unknown(&it.refresh(&gone, &token).await));
    assert!(it.sessions.live(&kept).await?.is_some());
    assert_eq!(it.sessions.end_all("ann", None).await?, 1);
    assert_eq!(it.sessions.live(&kept).await?, None);
    assert!(it.sessions.live(&other).await?.is_some());
    Ok(())
}
