//! [`Sessions`](crate::session::Sessions) on a store that fails: the result is an error, never an answer.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::select;

use super::CaseResult;
use super::sessions::{Setting, WINDOW, child, is_reuse, is_unknown};
use crate::session::{Outcome, ReuseKind, Rotation, SessionError};
use crate::store::SessionStore;
use crate::testing::{Fault, FaultyStore};

/// Row 90. Once the store works again, the same token is still good.
pub async fn a_failing_store_consumes_nothing<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Setting::new(Arc::clone(&store), Rotation::Always { window: Duration::ZERO })?;
    let (id, first) = it.sign_in("ann").await?;
    for fault in [Fault::Read, Fault::BeforeWrite] {
        store.inject(fault);
        assert!(matches!(it.refresh(&id, &first).await, Err(SessionError::Store(_))));
    }
    assert!(it.sign_in("bob").await.is_err());
    store.heal();
    assert_eq!(it.sessions.list("bob").await?, []);
    let (record, outcome) = it.refresh(&id, &first).await?;
    assert_eq!((record.version, outcome), (1, Outcome::Rotated));
    Ok(())
}

/// Row 90. The write took effect and its answer was lost: the retry is answered like any other inside the window.
pub async fn a_write_whose_answer_was_lost_can_be_retried<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Setting::with_window(Arc::clone(&store))?;
    let (id, first) = it.sign_in("ann").await?;
    store.inject(Fault::AfterWrite);
    assert!(matches!(it.refresh(&id, &first).await, Err(SessionError::Store(_))));
    store.heal();
    let (record, outcome) = it.refresh(&id, &first).await?;
    assert_eq!((record.version, outcome), (1, Outcome::Repeated));
    assert_eq!(record.current, child(&first));
    Ok(())
}

/// Row 90. When the new tokens cannot be made, the old one is still good.
pub async fn refused_minting_consumes_nothing<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::new(store, Rotation::Always { window: Duration::ZERO })?;
    let (id, first) = it.sign_in("ann").await?;
    let before = it.sessions.live(&id).await?;
    let prepared = it.sessions.prepare(&id, &first, &child(&first)).await?;
    let refused: Result<(), SessionError> =
        it.sessions.commit(prepared, |_, _| Err(SessionError::Contended)).await;
    assert!(matches!(refused, Err(SessionError::Contended)));
    assert_eq!(it.sessions.live(&id).await?, before);
    assert_eq!(it.refresh(&id, &first).await?.1, Outcome::Rotated);
    Ok(())
}

fn is_store_failure<T>(result: &Result<T, SessionError>) -> bool {
    matches!(result, Err(SessionError::Store(_) | SessionError::NotEnded { .. }))
}

/// Row 90. When reads fail, a session is neither live nor missing, and nothing is changed.
pub async fn a_session_that_cannot_be_read_is_neither_live_nor_missing<S: SessionStore>(
    store: S,
) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Setting::with_window(Arc::clone(&store))?;
    let (id, first) = it.sign_in("ann").await?;
    let before = it.sessions.live(&id).await?;
    let prepared = it.sessions.prepare(&id, &first, &child(&first)).await?;
    store.inject(Fault::Read);
    assert!(is_store_failure(&it.sessions.live(&id).await));
    assert!(is_store_failure(&it.sessions.list("ann").await));
    assert!(is_store_failure(&it.sessions.revoke("ann", &id).await));
    assert!(is_store_failure(&it.sessions.prepare(&id, &first, &child(&first)).await));
    store.heal();
    assert_eq!(it.sessions.live(&id).await?, before);
    let exchange = it.commit(prepared).await;
    assert_eq!(exchange?.1, Outcome::Rotated);
    Ok(())
}

/// Row 90. Each kind of write fails without an effect: the result is an error, and every session is unchanged.
pub async fn writes_that_fail_before_change_nothing<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Setting::with_window(Arc::clone(&store))?;
    let (id, first) = it.sign_in("ann").await?;
    let (rotated, _) = it.refresh(&id, &first).await?;
    it.clock.advance(WINDOW);
    store.inject(Fault::BeforeWrite);
    assert!(is_store_failure(&it.sign_in("ann").await));
    assert!(is_store_failure(&it.refresh(&id, &rotated.current).await));
    assert!(is_store_failure(&it.refresh(&id, &first).await), "a reuse whose session cannot be ended");
    assert!(is_store_failure(&it.sessions.end(&id).await));
    assert!(is_store_failure(&it.sessions.revoke("ann", &id).await));
    assert!(is_store_failure(&it.sessions.end_all("ann", None).await));
    assert!(is_store_failure(&it.sessions.purge_expired().await));
    store.inject(Fault::Conflict);
    let contended = it.refresh(&id, &rotated.current).await;
    assert!(matches!(contended, Err(SessionError::Contended)));
    store.heal();
    assert_eq!(it.sessions.list("ann").await?, [rotated]);
    assert!(is_reuse(&it.refresh(&id, &first).await, ReuseKind::LateRetry));
    assert_eq!(it.sessions.list("ann").await?, []);
    Ok(())
}

/// Row 90. Each kind of write takes effect and its answer is lost: the result is an error, and a repetition does no harm.
pub async fn writes_whose_answer_was_lost_can_be_repeated<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Setting::with_window(Arc::clone(&store))?;
    let (kept, _) = it.sign_in("ann").await?;
    let (ended, _) = it.sign_in("ann").await?;
    let (revoked, _) = it.sign_in("ann").await?;
    let (stolen, first) = it.sign_in("ann").await?;
    let (next, _) = it.refresh(&stolen, &first).await?;
    it.clock.advance(WINDOW);
    store.inject(Fault::AfterWrite);
    assert!(is_store_failure(&it.sign_in("bob").await));
    assert!(is_store_failure(&it.sessions.end(&ended).await));
    assert!(is_store_failure(&it.sessions.revoke("ann", &revoked).await));
    assert!(is_store_failure(&it.refresh(&stolen, &first).await));
    store.heal();

    assert!(is_unknown(&it.refresh(&stolen, &next.current).await));
    it.sessions.end(&ended).await?;
    assert!(!it.sessions.revoke("ann", &revoked).await?);
    let listed = it.sessions.list("ann").await?;
    assert_eq!(listed.iter().map(|record| &record.id).collect::<Vec<_>>(), [&kept]);
    // The tokens of this session were never given out. It stays in the user's list until its idle limit.
    assert_eq!(it.sessions.list("bob").await?.len(), 1);

    store.inject(Fault::AfterWrite);
    assert!(is_store_failure(&it.sessions.end_all("ann", None).await));
    it.clock.advance(Duration::from_secs(100_000));
    assert!(is_store_failure(&it.sessions.purge_expired().await));
    store.heal();
    assert_eq!(it.sessions.end_all("ann", None).await?, 0);
    assert_eq!(it.sessions.purge_expired().await?, 0);
    Ok(())
}

/// Row 90. The caller goes away during the write. Whether or not it took effect, a retry succeeds.
pub async fn a_refresh_that_is_dropped_halfway_can_be_retried<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    for polls in (0..12).map(|power| 1 << power) {
        let (id, first) = it.sign_in("ann").await?;
        let prepared = it.sessions.prepare(&id, &first, &child(&first)).await?;
        {
            let commit = it.sessions.commit(prepared, |_, _| Ok::<_, SessionError>(()));
            select(pin!(commit), pin!(polled(polls))).await;
        }
        let (record, _) = it.refresh(&id, &first).await?;
        assert_eq!((record.version, &record.current), (1, &child(&first)));
        assert_eq!(it.sessions.live(&id).await?, Some(record));
    }
    Ok(())
}

/// Completes after `times` polls.
async fn polled(mut times: u32) {
    poll_fn(|context| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
