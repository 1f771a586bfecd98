//! What a store of keys promises.

use std::sync::Arc;

use crate::token::{KeyStore, StoredKeys};

/// Tests a [`KeyStore`] that is empty: one of many writers wins, and what was written is read.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use countersign::store::MemoryStore;
/// use countersign::testing::assert_key_store;
///
/// assert_key_store(MemoryStore::new()).await;
/// # }
/// ```
///
/// # Panics
///
/// When the store does not keep a promise, or fails.
#[allow(clippy::unwrap_used, reason = "in a test that is how it fails")]
pub async fn assert_key_store(store: impl KeyStore) {
    let store = Arc::new(store);
    assert_eq!(store.load_keys().await.unwrap(), None, "the store is not empty");
    assert!(!store.replace_keys(b"x", 1).await.unwrap(), "a version that is not there was replaced");
    assert_eq!(store.load_keys().await.unwrap(), None, "a refused write has left something");
    // Every byte, and more than a few of them.
    let document = |writer: u8| (0..=255).cycle().skip(usize::from(writer)).take(20_000).collect::<Vec<u8>>();
    for version in 0..5 {
        let writes = (0..8).map(|writer| {
            let store = Arc::clone(&store);
            async move { store.replace_keys(&document(writer), version).await.unwrap() }
        });
        let written = futures_util::future::join_all(writes).await;
        let winners: Vec<_> = (0..8).filter(|writer| written[usize::from(*writer)]).collect();
        assert_eq!(winners.len(), 1, "several wrote one version, or none did: {winners:?}");
        let expected = StoredKeys::new(version + 1, document(winners[0]));
        assert!(store.load_keys().await.unwrap() == Some(expected), "another document was read");
    }
    for version in [0, 1, 4, 6, 1 << 60] {
        assert!(!store.replace_keys(b"x", version).await.unwrap(), "version {version} was replaced");
    }
    let kept = store.load_keys().await.unwrap();
    assert_eq!(kept.map(|kept| kept.version), Some(5), "a refused write has changed the document");
}
