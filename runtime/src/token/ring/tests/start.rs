//! Many servers on one empty store (row 175), and what a store of keys promises.

use std::sync::Arc;

use tokio::sync::Barrier;

use super::{HOUR, SECRET, START};
use crate::store::{FileKeyStore, MemoryStore, StoreError};
use crate::testing::{TestClock, assert_key_store};
use crate::token::{KeyRing, KeyStore};

const SERVERS: usize = 12;

/// Starts a server on each of these stores, which have one content, at the same moment.
async fn signing_kids<T: KeyStore>(stores: Vec<T>) -> Vec<String> {
    let barrier = Arc::new(Barrier::new(stores.len()));
    let starts: Vec<_> = stores
        .into_iter()
        .enumerate()
        .map(|(number, store)| {
            let barrier = Arc::clone(&barrier);
            // Clocks differ by up to 22 seconds.
            let clock = TestClock::at(START.unix() + 2 * number as i64);
            tokio::spawn(async move {
                barrier.wait().await;
                KeyRing::builder(store, SECRET).clock(clock).open().await.unwrap().kids()
            })
        })
        .collect();
    let mut kids = Vec::new();
    for start in starts {
        kids.extend(start.await.unwrap());
    }
    kids
}

fn assert_one_key(kids: &[String]) {
    assert_eq!(kids.len(), SERVERS, "{kids:?}");
    assert!(kids.iter().all(|kid| *kid == kids[0] && !kid.is_empty()), "{kids:?}");
}

fn many<T>(store: impl Fn() -> T) -> Vec<T> {
    (0..SERVERS).map(|_| store()).collect()
}

/// Row 175.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_servers_have_one_key_in_memory() {
    for _ in 0..5 {
        let store = MemoryStore::new();
        assert_one_key(&signing_kids(many(|| store.clone())).await);
    }
}

/// Row 175.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_servers_have_one_key_in_files() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let store = || FileKeyStore::open(folder.path().join("keys")).unwrap();
        assert_one_key(&signing_kids(many(store)).await);
    }
}

/// Row 175.
#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_servers_have_one_key_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let mut stores = Vec::new();
    for _ in 0..SERVERS {
        stores.push(crate::store::SqliteStore::open(folder.path().join("keys.db")).await.unwrap());
    }
    assert_one_key(&signing_kids(stores).await);
}

/// Row 175.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_servers_have_one_key_in_postgres() {
    let url = test_servers::Postgres::shared().database();
    let mut stores = Vec::new();
    for _ in 0..SERVERS {
        stores.push(crate::store::PostgresStore::connect(&url).await.unwrap());
    }
    assert_one_key(&signing_kids(stores).await);
}

/// Row 175.
#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_servers_have_one_key_in_redis() {
    let (url, prefix) = (test_servers::Redis::shared().url(), fresh_prefix());
    let mut stores = Vec::new();
    for _ in 0..SERVERS {
        stores.push(crate::store::RedisStore::connect(&url).await.unwrap().with_prefix(&prefix));
    }
    assert_one_key(&signing_kids(stores).await);
}

#[cfg(feature = "redis")]
fn fresh_prefix() -> String {
    format!("{}:", crate::token::random_id().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stores_of_one_process_keep_keys() {
    assert_key_store(MemoryStore::new()).await;
    let folder = tempfile::tempdir().unwrap();
    assert_key_store(FileKeyStore::open(folder.path()).unwrap()).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_keeps_keys() {
    let folder = tempfile::tempdir().unwrap();
    assert_key_store(crate::store::SqliteStore::open(folder.path().join("keys.db")).await.unwrap()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_keeps_keys() {
    let url = test_servers::Postgres::shared().database();
    assert_key_store(crate::store::PostgresStore::connect(&url).await.unwrap()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_keeps_keys_in_transactions() {
    let url = test_servers::Postgres::shared().database();
    assert_key_store(crate::store::PostgresStore::connect(&url).await.unwrap().behind_pooler()).await;
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_keeps_keys() {
    let url = test_servers::Redis::shared().url();
    assert_key_store(crate::store::RedisStore::connect(&url).await.unwrap().with_prefix(fresh_prefix()))
        .await;
}

#[tokio::test]
async fn a_server_starts_later_with_the_keys_of_the_others() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let first = super::open(&store, &clock).await;
    clock.advance(HOUR);
    let second = super::open(&store, &clock).await;
    assert_eq!(first.kids(), second.kids());
}

/// A writer that was slow for so long that the file of its version was there and has been removed.
#[tokio::test]
async fn a_file_that_comes_late_counts_for_nothing() -> Result<(), StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let store = FileKeyStore::open(folder.path())?;
    for version in 0..9 {
        assert!(store.replace_keys(b"good", version).await?);
        assert!(!store.replace_keys(b"late", version).await?);
    }
    let names = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["keys.7", "keys.8", "keys.9"]);
    // What an older version has left says nothing.
    std::fs::write(folder.path().join("keys.2"), b"late").unwrap();
    std::fs::write(folder.path().join("keys.x"), b"late").unwrap();
    let kept = store.load_keys().await?.unwrap();
    assert_eq!((kept.version, &kept.document[..]), (9, &b"good"[..]));
    Ok(())
}

/// A file by hand has the last number that there is.
#[tokio::test]
async fn the_last_version_of_all_is_read_and_followed_by_none() -> Result<(), StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let store = FileKeyStore::open(folder.path())?;
    std::fs::write(folder.path().join(format!("keys.{}", u64::MAX - 1)), b"good").unwrap();
    assert!(store.replace_keys(b"last", u64::MAX - 1).await?);
    let refused = store.replace_keys(b"none", u64::MAX).await.unwrap_err();
    assert!(format!("{refused:?}").contains("no version is left"), "{refused:?}");
    let kept = store.load_keys().await?.unwrap();
    assert_eq!((kept.version, &kept.document[..]), (u64::MAX, &b"last"[..]));
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_files_of_keys() -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("a/keys");
    FileKeyStore::open(&folder)?.replace_keys(b"document", 0).await?;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("keys.1"))), (0o700, 0o600));
    Ok(())
}
