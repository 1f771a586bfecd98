//! Sessions that are ended while they are used.

use std::sync::Arc;

use futures_util::future::{join, join_all};

use super::CaseResult;
use super::sessions::{Setting, WINDOW, child, is_unknown};
use super::watched::WatchedStore;
use crate::store::SessionStore;
use crate::testing::{Fault, FaultyStore};

/// A session that is ended between the two halves of a refresh stays ended.
pub async fn a_revocation_during_a_refresh_is_not_undone<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    for one_by_one in [true, false] {
        let (id, first) = it.sign_in("ann").await?;
        let prepared = it.sessions.prepare(&id, &first, &child(&first)).await?;
        if one_by_one {
            assert!(it.sessions.revoke("ann", &id).await?);
        } else {
            assert_eq!(it.sessions.end_all("ann", None).await?, 1);
        }
        let exchange = it.commit(prepared).await;
        assert!(is_unknown(&exchange));
        assert_eq!(it.sessions.live(&id).await?, None);
        assert_eq!(it.sessions.list("ann").await?, []);
    }
    Ok(())
}

/// Row 97. Every session is ended at the last moment before the refresh of one of them is written.
pub async fn a_revocation_just_before_the_write_is_not_undone<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(WatchedStore::new(store));
    let it = Setting::with_window(Arc::clone(&store))?;
    let (id, first) = it.sign_in("ann").await?;
    it.sign_in("ann").await?;
    store.end_all_before_replacing();
    assert!(is_unknown(&it.refresh(&id, &first).await));
    assert_eq!(it.sessions.live(&id).await?, None);
    assert_eq!(it.sessions.list("ann").await?, []);
    Ok(())
}

/// Row 97. Some of the refreshes succeed, and the sessions that they wrote end too.
pub async fn a_revocation_amid_many_refreshes_ends_every_session<S: SessionStore>(store: S) -> CaseResult {
    let it = Setting::with_window(store)?;
    for _ in 0..5 {
        let mut signed_in = Vec::new();
        for _ in 0..10 {
            signed_in.push(it.sign_in("ann").await?);
        }
        let refreshes = join_all(signed_in.iter().map(|(id, first)| it.refresh(id, first)));
        let (exchanges, ended) = join(refreshes, it.sessions.end_all("ann", None)).await;
        assert_eq!(ended?, 10);
        assert!(exchanges.iter().all(|exchange| exchange.is_ok() || is_unknown(exchange)));
        assert_eq!(it.sessions.list("ann").await?, []);
        for (id, first) in &signed_in {
            assert!(is_unknown(&it.refresh(id, first).await));
            assert!(is_unknown(&it.refresh(id, &child(first)).await));
        }
    }
    Ok(())
}

/// Rows 90 and 97. A failed revocation has taken effect completely or not at all, and is never undone.
pub async fn a_failed_revocation_during_a_refresh_is_whole_or_nothing<S: SessionStore>(
    store: S,
) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Setting::with_window(Arc::clone(&store))?;
    let (id, first) = it.sign_in("ann").await?;
    let prepared = it.sessions.prepare(&id, &first, &child(&first)).await?;
    store.inject(Fault::BeforeWrite);
    assert!(it.sessions.end_all("ann", None).await.is_err());
    store.heal();
    let exchange = it.commit(prepared).await;
    let (record, _) = exchange?;

    it.clock.advance(WINDOW);
    let prepared = it.sessions.prepare(&id, &record.current, &child(&record.current)).await?;
    store.inject(Fault::AfterWrite);
    assert!(it.sessions.end_all("ann", None).await.is_err());
    store.heal();
    let exchange = it.commit(prepared).await;
    assert!(is_unknown(&exchange));
    assert_eq!(it.sessions.list("ann").await?, []);
    Ok(())
}

/// The reverse order: the refresh fails, then every session is ended, and the retry finds none.
pub async fn a_refresh_that_failed_does_not_survive_a_revocation<S: SessionStore>(store: S) -> CaseResult {
    let store = Arc::new(FaultyStore::new(store));
    let it = Setting::with_window(Arc::clone(&store))?;
    for fault in [Fault::Read, Fault::BeforeWrite, Fault::AfterWrite] {
        let (id, first) = it.sign_in("ann").await?;
        store.inject(fault);
        assert!(it.refresh(&id, &first).await.is_err());
        store.heal();
        assert_eq!(it.sessions.end_all("ann", None).await?, 1);
        assert!(is_unknown(&it.refresh(&id, &first).await), "{fault:?}");
        assert_eq!(it.sessions.list("ann").await?, []);
    }
    Ok(())
}
