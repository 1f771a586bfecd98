//! The life of a session in [`Sessions`]: the limit for each user, the last use, and the expiry of access tokens.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::{CaseResult, START, any_id};
use crate::session::{
    Lifetimes, Opening, Outcome, Remember, Rotation, SessionError, SessionId, SessionMetadata, SessionPolicy,
    SessionRecord, Sessions, TokenHash,
};
use crate::store::SessionStore;
use crate::testing::{Fault, FaultyStore, TestClock};

const SECOND: Duration = Duration::from_secs(1);
const TOUCH_INTERVAL: Duration = Duration::from_secs(60);
const IDLE_TTL: Duration = Duration::from_secs(1000);

pub(super) struct Life {
    pub(super) sessions: Sessions,
    pub(super) clock: TestClock,
}

impl Life {
    pub(super) fn new(
        store: impl SessionStore,
        rotation: Rotation,
        limit: Option<u32>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let clock = TestClock::at(START.unix());
        let lifetimes = Lifetimes::new(IDLE_TTL, IDLE_TTL * 2);
        let mut policy = SessionPolicy::new(lifetimes, rotation)?.touch_interval(TOUCH_INTERVAL)?;
        if let Some(limit) = limit {
            policy = policy.max_per_user(limit)?;
        }
        Ok(Self { sessions: Sessions::new(store, Arc::new(clock.clone()), policy), clock })
    }

    pub(super) async fn sign_in(&self, user_id: &str) -> Result<SessionRecord, SessionError> {
        self.sessions.open(user_id, TokenHash::of("first"), SessionMetadata::default()).await
    }

    pub(super) async fn refresh(
        &self,
        id: &SessionId,
        token: &TokenHash,
    ) -> Result<(SessionRecord, Outcome), SessionError> {
        let prepared = self.sessions.prepare(id, token, &TokenHash::of(token.as_bytes())).await?;
        self.sessions.commit(prepared, |record, outcome| Ok((record.clone(), outcome))).await
    }

    async fn ids(&self, user_id: &str) -> Result<Vec<SessionId>, SessionError> {
        Ok(self.sessions.list(user_id).await?.into_iter().map(|record| record.id).collect())
    }
}

/// The session of the user ends that was not used for the longest time, however old the others are. Other users keep theirs.
///
/// A session is in use at a refresh and at a look-up. The expected order is kept here: what was used last moves to the front.
pub async fn a_sign_in_beyond_the_limit_ends_the_idlest<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), Some(3))?;
    let other = it.sign_in("bob").await?;
    let mut by_use: Vec<(SessionId, TokenHash)> = Vec::new();
    for turn in 0..12 {
        // The one used least recently, the one in the middle, or none.
        if let Some(used) = by_use.len().checked_sub(1 + turn % 3).filter(|used| *used > 0) {
            it.clock.advance(TOUCH_INTERVAL);
            let (id, token) = by_use.remove(used);
            let record = match turn % 2 {
                0 => it.refresh(&id, &token).await?.0,
                _ => it.sessions.touch(&id).await?.ok_or("the session has ended")?,
            };
            by_use.insert(0, (id, record.current));
        }
        it.clock.advance(SECOND);
        let opened = it.sign_in("ann").await?;
        by_use.insert(0, (opened.id, opened.current));
        by_use.truncate(3);
        let (mut left, mut expected) = (it.ids("ann").await?, Vec::new());
        expected.extend(by_use.iter().map(|(id, _)| *id));
        left.sort();
        expected.sort();
        assert_eq!(left, expected, "turn {turn}");
    }
    assert_eq!(it.ids("bob").await?, [other.id]);
    Ok(())
}

/// A storm of sign-ins ends the sessions before it in the order of their use, and leaves exactly the limit: those of the storm
/// first, and then the ones that were used last.
pub async fn parallel_sign_ins_leave_the_sessions_used_last<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(store);
    for (storm, kept) in [(1, 4), (2, 3), (4, 1), (5, 0)] {
        let it = Life::new(Arc::clone(&store), Rotation::default(), Some(5))?;
        let user = format!("ann {storm}");
        let mut before = Vec::new();
        for _ in 0..5 {
            before.push(it.sign_in(&user).await?);
            it.clock.advance(SECOND);
        }
        // The oldest is used last.
        for record in before.iter().rev() {
            it.clock.advance(TOUCH_INTERVAL);
            it.sessions.touch(&record.id).await?;
        }
        let opened = join_all((0..storm).map(|_| it.sign_in(&user))).await;
        let opened = opened.into_iter().collect::<Result<Vec<_>, _>>()?;
        let left = it.ids(&user).await?;
        assert_eq!(left.len(), 5, "{storm}");
        assert!(opened.iter().all(|record| left.contains(&record.id)), "{storm}");
        for (place, record) in before.iter().enumerate() {
            assert_eq!(left.contains(&record.id), place < kept, "{storm}: number {place}");
        }
    }
    Ok(())
}

/// Time is counted in seconds. Of successive sign-ins in one second, the last ones always stay, and the list has them newest first.
pub async fn a_new_sign_in_stays_also_within_one_second<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(store);
    for limit in [1, 2, 3] {
        let it = Life::new(Arc::clone(&store), Rotation::default(), Some(limit))?;
        let user = format!("ann {limit}");
        let mut expected = Vec::new();
        for _ in 0..10 {
            expected.insert(0, it.sign_in(&user).await?.id);
            expected.truncate(limit as usize);
            assert_eq!(it.ids(&user).await?, expected);
        }
    }
    Ok(())
}

/// Concurrent sign-ins keep the limit, and at least one of them stays.
pub async fn parallel_sign_ins_keep_to_the_limit<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(store);
    for limit in [1, 3] {
        let it = Life::new(Arc::clone(&store), Rotation::default(), Some(limit))?;
        let user = format!("ann {limit}");
        let opened = join_all((0..20).map(|_| it.sign_in(&user))).await;
        assert!(opened.iter().all(|opened| matches!(opened, Ok(_) | Err(SessionError::Contended))));
        let left = it.ids(&user).await?.len();
        assert!((1..=limit as usize).contains(&left), "{left} of {limit}");
    }
    Ok(())
}

/// A sign-in button that was pressed twice.
pub async fn of_two_sign_ins_at_once_one_stays<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), Some(1))?;
    for _ in 0..20 {
        let opened = join_all([it.sign_in("ann"), it.sign_in("ann")]).await;
        let opened = opened.into_iter().collect::<Result<Vec<_>, _>>()?;
        let left = it.ids("ann").await?;
        assert_eq!(left.len(), 1);
        assert!(opened.iter().any(|record| left.contains(&record.id)));
    }
    Ok(())
}

/// Lifetimes and cookies that were chosen for one session are kept over refreshes and reauthentications, and are no other session's.
pub async fn a_remembered_session_keeps_its_own_lifetimes<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let seconds = Duration::from_secs;
    let choices = [
        (Remember::default(), IDLE_TTL, IDLE_TTL * 2, false),
        (Remember::until_browser_closes(), IDLE_TTL, IDLE_TTL * 2, true),
        (Lifetimes::new(seconds(100), seconds(250)).into(), seconds(100), seconds(250), false),
        (
            Remember::until_browser_closes().lifetimes(Lifetimes::new(IDLE_TTL * 3, IDLE_TTL * 50)),
            IDLE_TTL * 3,
            IDLE_TTL * 50,
            true,
        ),
    ];
    let mut opened = Vec::new();
    for (number, (remember, ..)) in choices.iter().enumerate() {
        let token = TokenHash::of(format!("first of {number}"));
        opened.push(it.sessions.open_remembered("ann", token, SessionMetadata::default(), *remember).await?);
    }
    for elapsed in [0, 90, 180, 249] {
        it.clock.set(START + seconds(elapsed));
        let now = START + seconds(elapsed);
        for (record, (_, idle, absolute, ends_with_browser)) in opened.iter_mut().zip(&choices) {
            let expected = ((now + *idle).min(START + *absolute), START + *absolute, *ends_with_browser);
            let prepared = match elapsed {
                180 => it.sessions.reauthenticate(&record.id, &TokenHash::of("fresh")).await?,
                _ => {
                    let successor = TokenHash::of(record.current.as_bytes());
                    it.sessions.prepare(&record.id, &record.current, &successor).await?
                }
            };
            *record = it.sessions.commit(prepared, |record, _| Ok::<_, SessionError>(record.clone())).await?;
            let found = (record.idle_expires_at, record.absolute_expires_at, record.ends_with_browser);
            assert_eq!(found, expected, "after {elapsed}");
        }
    }
    it.clock.set(START + seconds(250));
    assert_eq!(it.ids("ann").await?.len(), 3);
    Ok(())
}

/// An expired session does not count, so a live one need not end for it.
pub async fn expired_sessions_do_not_count_for_the_limit<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), Some(2))?;
    it.sign_in("ann").await?;
    it.clock.advance(IDLE_TTL - SECOND);
    let kept = it.sign_in("ann").await?.id;
    it.clock.advance(SECOND);
    let newest = it.sign_in("ann").await?.id;
    assert_eq!(it.ids("ann").await?, [newest, kept]);
    Ok(())
}

/// Row 90. A store that fails while older sessions are ended is no way around the limit: the sign-in fails.
pub async fn a_sign_in_that_cannot_make_room_fails<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Life::new(Arc::clone(&store), Rotation::default(), Some(1))?;
    let first = it.sign_in("ann").await?.id;
    it.clock.advance(SECOND);
    let break_the_store = |_: SessionRecord| {
        store.inject(Fault::Read);
        std::future::ready(Ok(()))
    };
    let token = TokenHash::of("first");
    let (metadata, remember) = (SessionMetadata::default(), Remember::default());
    let opened: Result<_, SessionError> = it
        .sessions
        .open_with(Opening { user_id: "ann", token, metadata, remember }, break_the_store, |_| {})
        .await;
    assert!(matches!(opened, Err(SessionError::Store(_))));
    store.heal();
    assert_eq!(it.ids("ann").await?, [first]);
    Ok(())
}

/// `last_used_at` moves at the interval, and nothing else moves: a retry of a refresh is answered as before.
pub async fn a_touch_moves_the_last_use_and_nothing_else<S: SessionStore>(store: S) -> CaseResult {
    let window = Duration::from_secs(300);
    let it = Life::new(store, Rotation::Always { window }, None)?;
    let first = it.sign_in("ann").await?;
    let (rotated, _) = it.refresh(&first.id, &first.current).await?;
    it.clock.advance(TOUCH_INTERVAL - SECOND);
    assert_eq!(it.sessions.touch(&first.id).await?.as_ref(), Some(&rotated));
    it.clock.advance(SECOND);
    let mut expected = rotated.clone();
    expected.last_used_at = START + TOUCH_INTERVAL;
    expected.version += 1;
    assert_eq!(it.sessions.touch(&first.id).await?.as_ref(), Some(&expected));
    assert_eq!(it.sessions.live(&first.id).await?.as_ref(), Some(&expected));
    let (repeated, outcome) = it.refresh(&first.id, &first.current).await?;
    assert_eq!((repeated, outcome), (expected.clone(), Outcome::Repeated));

    it.clock.set(expected.idle_expires_at);
    assert_eq!(it.sessions.touch(&first.id).await?, None);
    Ok(())
}

/// Of many concurrent look-ups each succeeds, and one writes.
pub async fn parallel_touches_write_once<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    it.clock.advance(TOUCH_INTERVAL);
    let touched = join_all((0..50).map(|_| it.sessions.touch(&first.id))).await;
    for record in touched {
        assert!(record?.is_some());
    }
    let stored = it.sessions.live(&first.id).await?.ok_or("the session ended")?;
    assert_eq!((stored.version, stored.last_used_at), (1, START + TOUCH_INTERVAL));
    Ok(())
}

/// When the last use cannot be written, the look-up succeeds, and an ended session does not come back.
pub async fn a_touch_that_fails_is_no_error<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Life::new(Arc::clone(&store), Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    it.clock.advance(TOUCH_INTERVAL);
    for fault in [Fault::BeforeWrite, Fault::Conflict] {
        store.inject(fault);
        assert_eq!(it.sessions.touch(&first.id).await?.as_ref(), Some(&first));
    }
    store.inject(Fault::Read);
    assert!(matches!(it.sessions.touch(&first.id).await, Err(SessionError::Store(_))));
    store.heal();
    it.sessions.end(&first.id).await?;
    assert_eq!(it.sessions.touch(&first.id).await?, None);
    Ok(())
}

/// A touch between the two halves of a refresh causes a conflict, after which the refresh succeeds.
pub async fn a_touch_during_a_refresh_delays_it_and_no_more<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    let successor = TokenHash::of("second");
    let prepared = it.sessions.prepare(&first.id, &first.current, &successor).await?;
    it.clock.advance(TOUCH_INTERVAL);
    it.sessions.touch(&first.id).await?;
    let exchanged: Result<_, SessionError> =
        it.sessions.commit(prepared, |record, outcome| Ok((record.clone(), outcome))).await;
    let (rotated, outcome) = exchanged?;
    assert_eq!((rotated.version, outcome), (2, Outcome::Rotated));
    assert_eq!(it.sessions.live(&first.id).await?, Some(rotated));
    Ok(())
}

/// Row 94. The claims were read before the access tokens were expired, so no token is made of them. The refresh token stays good.
pub async fn access_tokens_that_expire_during_a_refresh_put_it_off<S: SessionStore>(store: S) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    let successor = TokenHash::of("second");
    let prepared = it.sessions.prepare(&first.id, &first.current, &successor).await?;
    it.sessions.expire_access_tokens("ann").await?;
    it.clock.advance(SECOND);
    let exchanged: Result<(), SessionError> = it.sessions.commit(prepared, |_, _| Ok(())).await;
    assert!(matches!(exchanged, Err(SessionError::Contended)));
    let (rotated, outcome) = it.refresh(&first.id, &first.current).await?;
    assert_eq!((rotated.access_not_before, outcome), (Some(START), Outcome::Rotated));
    Ok(())
}

/// A refresh that keeps its token records the use of the session, once in an interval.
pub async fn a_kept_token_moves_the_last_use<S: SessionStore>(store: S) -> CaseResult {
    let near_expiry = Rotation::NearExpiry { within: SECOND * 100, window: SECOND * 30 };
    let it = Life::new(store, near_expiry, None)?;
    let first = it.sign_in("ann").await?;
    for (seconds, last_used, version) in [(59, 0, 0), (1, 60, 1), (59, 60, 1), (1, 120, 2)] {
        it.clock.advance(SECOND * seconds);
        assert_eq!(it.refresh(&first.id, &first.current).await?.1, Outcome::Kept);
        let stored = it.sessions.live(&first.id).await?.ok_or("the session ended")?;
        assert_eq!((stored.last_used_at, stored.version), (START + SECOND * last_used, version));
        assert_eq!((stored.idle_expires_at, &stored.current), (first.idle_expires_at, &first.current));
    }
    Ok(())
}

/// Access tokens up to that second are refused in every session of the user. Later ones and those of other users are not.
pub async fn expired_access_tokens_are_refused_and_later_ones_are_not<S: SessionStore>(
    store: S,
) -> CaseResult {
    let it = Life::new(store, Rotation::default(), None)?;
    let mine = [it.sign_in("ann").await?, it.sign_in("ann").await?];
    let other = it.sign_in("bob").await?;
    it.clock.advance(SECOND * 10);
    assert_eq!(it.sessions.expire_access_tokens("ann").await?, 2);
    let at = |seconds| START + SECOND * seconds;
    for record in &mine {
        for (issued, live) in [(0, false), (9, false), (10, false), (11, true)] {
            assert_eq!(it.sessions.is_live(&record.id, "ann", at(issued)).await?, live, "{issued}");
        }
    }
    assert!(it.sessions.is_live(&other.id, "bob", START).await?);
    it.clock.advance(SECOND);
    for record in &mine {
        let (rotated, outcome) = it.refresh(&record.id, &record.current).await?;
        assert_eq!((rotated.access_not_before, outcome), (Some(at(10)), Outcome::Rotated));
        assert!(it.sessions.is_live(&record.id, "ann", rotated.rotated_at).await?);
    }
    assert_eq!(it.sessions.expire_access_tokens("nobody").await?, 0);
    Ok(())
}

/// Row 94. An ended session and another user's session are not live. When the store fails, the result is an error.
pub async fn only_a_session_of_the_user_is_live<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Life::new(Arc::clone(&store), Rotation::default(), None)?;
    let first = it.sign_in("ann").await?;
    assert!(it.sessions.is_live(&first.id, "ann", START).await?);
    assert!(!it.sessions.is_live(&first.id, "bob", START).await?);
    assert!(!it.sessions.is_live(&any_id()?, "ann", START).await?);
    store.inject(Fault::Read);
    assert!(matches!(it.sessions.is_live(&first.id, "ann", START).await, Err(SessionError::Store(_))));
    store.heal();
    it.sessions.end(&first.id).await?;
    assert!(!it.sessions.is_live(&first.id, "ann", START).await?);
    Ok(())
}
