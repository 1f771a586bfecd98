use std::cell::RefCell;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::session::{Outcome, ReuseKind, SessionError, SessionMetadata, SessionPolicy, Sessions, TokenHash};
use crate::testing::TestClock;
use crate::testing::conformance::{any_id, owner};

thread_local! {
    /// Removed when the test's thread ends.
    static FOLDERS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

fn fresh_path() -> PathBuf {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    FOLDERS.with_borrow_mut(|folders| folders.push(folder));
    path
}

async fn fresh_store() -> SqliteStore {
    SqliteStore::open(fresh_path()).await.unwrap()
}

crate::testing::store_conformance!(conformance, fresh_store());

fn child(token: &TokenHash) -> TokenHash {
    TokenHash::of(token.as_bytes())
}

fn sessions(store: &SqliteStore) -> Sessions {
    Sessions::new(store.clone(), Arc::new(TestClock::at(1_700_000_000)), SessionPolicy::default())
}

async fn refresh(
    sessions: &Sessions,
    id: &SessionId,
    token: &TokenHash,
) -> Result<(SessionRecord, Outcome), SessionError> {
    let prepared = sessions.prepare(id, token, &child(token)).await?;
    sessions.commit(prepared, |record, outcome| Ok((record.clone(), outcome))).await
}

/// Row 83.
#[tokio::test]
async fn a_replay_is_detected_after_a_restart() {
    let path = fresh_path();
    let first = TokenHash::of("first");
    let second = child(&first);
    let store = SqliteStore::open(&path).await.unwrap();
    let before = sessions(&store);
    let id = before.open("ann", first.clone(), SessionMetadata::default()).await.unwrap().id;
    refresh(&before, &id, &first).await.unwrap();
    let (last, _) = refresh(&before, &id, &second).await.unwrap();
    drop(before);
    store.pool.close().await;

    let after = sessions(&SqliteStore::open(&path).await.unwrap());
    assert_eq!(refresh(&after, &id, &second).await.unwrap(), (last.clone(), Outcome::Repeated));
    let replay = refresh(&after, &id, &first).await;
    assert!(matches!(replay, Err(SessionError::Reused(ReuseKind::OlderAncestor))));
    assert!(matches!(refresh(&after, &id, &last.current).await, Err(SessionError::Unknown)));
}

/// Row 77. Two processes on one file, each with connections of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_servers_give_out_one_successor() {
    let path = fresh_path();
    let servers = [SqliteStore::open(&path).await.unwrap(), SqliteStore::open(&path).await.unwrap()]
        .map(|store| Arc::new(sessions(&store)));
    let first = TokenHash::of("first");
    let id = servers[0].open("ann", first.clone(), SessionMetadata::default()).await.unwrap().id;
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let (server, id, first) = (Arc::clone(&servers[number % 2]), id, first.clone());
            tokio::spawn(async move { refresh(&server, &id, &first).await })
        })
        .collect();
    let mut rotations = 0;
    for task in tasks {
        let (record, outcome) = task.await.unwrap().unwrap();
        assert_eq!((record.version, record.current), (1, child(&first)));
        rotations += u32::from(outcome == Outcome::Rotated);
    }
    assert_eq!(rotations, 1);
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Row 89.
#[tokio::test]
async fn a_dump_of_the_database_has_only_hashes() {
    let path = fresh_path();
    let store = SqliteStore::open(&path).await.unwrap();
    let sessions = sessions(&store);
    let [jti, next_jti] = ["the identifier of the first token", "the identifier of its successor"];
    let [first, second] = [jti, next_jti].map(TokenHash::of);
    let id = sessions.open("ann", first.clone(), SessionMetadata::default()).await.unwrap().id;
    let prepared = sessions.prepare(&id, &first, &second).await.unwrap();
    sessions.commit(prepared, |_, _| Ok::<_, SessionError>(())).await.unwrap();

    let mut dump = Vec::new();
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        dump.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(contains(&dump, first.as_bytes()) && contains(&dump, second.as_bytes()));
    assert!(!contains(&dump, jti.as_bytes()) && !contains(&dump, next_jti.as_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_servers_start_on_one_new_file() {
    for _ in 0..5 {
        let path = fresh_path();
        let starts: Vec<_> = (0..8).map(|_| tokio::spawn(SqliteStore::open(path.clone()))).collect();
        for start in starts {
            let store = start.await.unwrap().unwrap();
            let journal: String =
                sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.pool).await.unwrap();
            assert_eq!(journal, "wal");
            let versions = sqlx::query_scalar("SELECT version FROM countersign_migrations ORDER BY version");
            let versions: Vec<i64> = versions.fetch_all(&store.pool).await.unwrap();
            assert_eq!(versions, (1..).take(MIGRATIONS.len()).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let path = fresh_path();
    let store = SqliteStore::open(&path).await.unwrap();
    sqlx::query("INSERT INTO countersign_migrations (version) VALUES (1000)")
        .execute(&store.pool)
        .await
        .unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("newer version"));
}

/// During a rolling update, servers of the old version run on the tables of the new one.
#[tokio::test]
async fn a_column_that_a_newer_version_adds_does_not_disturb_a_running_server() {
    let store = fresh_store().await;
    let sessions = sessions(&store);
    let first = TokenHash::of("first");
    let id = sessions.open("ann", first.clone(), SessionMetadata::default()).await.unwrap().id;
    for column in ["added", "added_later"] {
        refresh(&sessions, &id, &first).await.unwrap();
        assert_eq!(sessions.list("ann").await.unwrap().len(), 1);
        let add = format!("ALTER TABLE countersign_sessions ADD COLUMN {column} INTEGER");
        sqlx::raw_sql(sqlx::AssertSqlSafe(add)).execute(&store.pool).await.unwrap();
    }
    refresh(&sessions, &id, &first).await.unwrap();
    assert_eq!(sessions.list("ann").await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_tables_of_the_application_are_left_alone() {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql("CREATE TABLE sessions (id TEXT); INSERT INTO sessions VALUES ('mine')")
        .execute(&pool)
        .await
        .unwrap();
    for _ in 0..2 {
        SqliteStore::with_pool(pool.clone()).await.unwrap();
    }
    let mine: Vec<String> = sqlx::query_scalar("SELECT id FROM sessions").fetch_all(&pool).await.unwrap();
    assert_eq!(mine, ["mine"]);
    let tables = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let tables: Vec<String> = tables.fetch_all(&pool).await.unwrap();
    let own = [
        "countersign_endings",
        "countersign_keys",
        "countersign_migrations",
        "countersign_sessions",
        "countersign_settings",
    ];
    assert_eq!(tables[..5], own);
    assert_eq!(tables[5..], ["sessions", "sqlite_sequence"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_an_error_that_does_not_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(folder.path()).await.unwrap_err();
    assert_eq!(error.to_string(), "the session store is unavailable");
    assert!(error.source().is_some());
}

/// Row 90.
#[tokio::test]
async fn a_closed_database_is_an_error() {
    let store = fresh_store().await;
    store.pool.close().await;
    let id = any_id().unwrap();
    assert!(store.load(&id).await.is_err());
    assert!(store.remove(&id).await.is_err());
    assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err());
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_no_session() {
    let store = fresh_store().await;
    let now = Timestamp::from_unix(0);
    let record = SessionRecord::new(any_id().unwrap(), "ann", TokenHash::of("jti"), now, now, now);
    store.insert(record.clone()).await.unwrap();
    for damage in [
        "UPDATE countersign_sessions SET version = -1",
        "UPDATE countersign_sessions SET version = 0, address = 'nowhere'",
    ] {
        sqlx::query(damage).execute(&store.pool).await.unwrap();
        assert!(store.load(&record.id).await.is_err(), "{damage}");
    }
    let short =
        sqlx::query("UPDATE countersign_sessions SET current_hash = x'00'").execute(&store.pool).await;
    assert!(short.is_err());
}

/// Row 159. The expected answers come from what SQLite's documentation and sqlx say about such names, not from the code.
#[tokio::test]
async fn names_that_are_no_path_of_a_file_are_refused_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| format!("{}/{name}", folder.path().display());
    let memory = [
        "",
        ":memory:",
        ":other:",
        ":",
        "file::memory:",
        "file:",
        "FILE:x.db",
        "file:x.db?mode=memory&cache=shared",
    ];
    let urls = [
        "sqlite::memory:",
        "sqlite:x.db",
        "SQLite:x.db",
        "sqlite://x.db",
        "sqlite:///x.db",
        "postgres://localhost/x",
        "x.db?mode=rwc",
        "x.db?cache=shared",
        "x.db?MODE=ro",
        "http://localhost/x.db",
    ];
    for (names, sentence) in [(&memory[..], "MemoryStore"), (&urls[..], "with_pool")] {
        for name in names {
            let error = SqliteStore::open(name).await.unwrap_err();
            let cause = error.source().unwrap().to_string();
            assert!(cause.contains("`sessions.db`") && cause.contains(sentence), "{name:?}: {cause}");
            assert!(!std::path::Path::new(name).exists(), "{name:?} was made");
        }
    }
    for name in ["x.db", "memory", "sqlite", "a:b.db", "what?.db", "a=b.db", "file", " x.db", "ü.db"] {
        let path = in_folder(name);
        let store = SqliteStore::open(&path).await.unwrap();
        assert!(std::path::Path::new(&path).exists(), "{name:?}");
        // Each of the connections sees the same tables.
        let loads = (0..8).map(|_| async { store.load(&any_id().unwrap()).await });
        for loaded in futures_util::future::join_all(loads).await {
            assert_eq!(loaded.unwrap(), None, "{name:?}");
        }
    }
}

/// A writer that holds its lock for long is no outage: reads go on beside it.
#[tokio::test]
async fn a_locked_database_is_an_error_for_as_long_as_the_patience_says() {
    let path = fresh_path();
    let store = SqliteStore::open_with_patience(&path, Duration::from_millis(50)).await.unwrap();
    let other = SqliteStore::open(&path).await.unwrap();
    let lock = other.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.remove(&any_id().unwrap()).await.unwrap_err();
    assert!(!error.is_unreachable(), "{:?}", error.source());
    assert_eq!(store.load(&any_id().unwrap()).await.unwrap(), None);
    lock.rollback().await.unwrap();
    assert!(!store.remove(&any_id().unwrap()).await.unwrap());
}

/// Pages are found by the identifiers of the partition, never by going through the sessions of all users.
#[tokio::test]
async fn a_page_is_read_by_the_index_of_identifiers() {
    let store = fresh_store().await;
    for statement in [crate::store::sql::LIST, crate::store::sql::LIST_AFTER] {
        let plan = format!("EXPLAIN QUERY PLAN {statement}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(plan)).fetch_all(&store.pool).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.try_get("detail").unwrap()).collect();
        assert!(steps[0].contains("(id>? AND id<?)"), "{steps:?}");
    }
}

/// The log forgets all that it need not keep, however few sessions there are to purge.
#[tokio::test]
async fn the_log_forgets_everything_that_is_old() {
    let store = fresh_store().await;
    let endings: Vec<_> = (0..25_u8).map(|number| Ending::OfUser([number; 16])).collect();
    store.announce(&endings, Timestamp::from_unix(100)).await.unwrap();
    store.purge_expired(Timestamp::from_unix(100), 10).await.unwrap();
    assert_eq!(store.endings(None).await.unwrap().unwrap().endings, []);
}
