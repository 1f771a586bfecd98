use std::error::Error;
use std::sync::Arc;

use sqlx::Executor as _;
use test_servers::Postgres as Server;

use super::start::{MIGRATION_LOCK, MIGRATIONS, apply};
use super::*;
use crate::session::{Outcome, ReuseKind, SessionError, SessionMetadata, SessionPolicy, Sessions, TokenHash};
use crate::store::sql::pending_migrations;
use crate::testing::TestClock;
use crate::testing::conformance::{any_id, owner};

mod endings;
mod pooled;
mod purge;
mod rows;

async fn fresh_store() -> PostgresStore {
    PostgresStore::connect(&Server::shared().database()).await.unwrap()
}

crate::testing::store_conformance!(conformance, fresh_store());

/// A pool that does not wait long.
fn impatient_pool(url: &str) -> PgPool {
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(100));
    options.connect_lazy(url).unwrap()
}

fn child(token: &TokenHash) -> TokenHash {
    TokenHash::of(token.as_bytes())
}

fn sessions(store: &PostgresStore) -> Sessions {
    Sessions::new(store.clone(), Arc::new(TestClock::at(1_700_000_000)), SessionPolicy::default())
}

async fn sign_in(sessions: &Sessions) -> (SessionId, TokenHash) {
    let first = TokenHash::of("first");
    let record = sessions.open("ann", first.clone(), SessionMetadata::default()).await.unwrap();
    (record.id, first)
}

async fn refresh(
    sessions: &Sessions,
    id: &SessionId,
    token: &TokenHash,
) -> Result<(SessionRecord, Outcome), SessionError> {
    let prepared = sessions.prepare(id, token, &child(token)).await?;
    sessions.commit(prepared, |record, outcome| Ok((record.clone(), outcome))).await
}

const OURS: [&str; 6] = [
    "countersign_endings",
    "countersign_incarnation",
    "countersign_keys",
    "countersign_migrations",
    "countersign_sessions",
    "countersign_settings",
];

async fn tables(pool: &PgPool) -> Vec<String> {
    let tables =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
    tables.fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_servers_start_on_one_empty_database() {
    for isolation in ["read committed", "serializable"] {
        let url = Server::shared().database();
        let set =
            format!("ALTER DATABASE {} SET default_transaction_isolation = '{isolation}'", name_of(&url));
        PgPool::connect(&url).await.unwrap().execute(sqlx::AssertSqlSafe(set)).await.unwrap();
        let starts: Vec<_> = (0..12)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { PostgresStore::connect(&url).await })
            })
            .collect();
        for start in starts {
            let store = start.await.unwrap().unwrap();
            assert_eq!(tables(&store.pool).await, OURS);
            let versions = sqlx::query_scalar("SELECT version FROM countersign_migrations ORDER BY version");
            let versions: Vec<i64> = versions.fetch_all(&store.pool).await.unwrap();
            assert_eq!(versions, (1..).take(MIGRATIONS.len()).collect::<Vec<_>>());
        }
    }
}

/// A server that waits for the lock while another makes the tables finds them made.
#[tokio::test]
async fn a_start_that_waits_for_another_finds_its_tables() {
    let url = Server::shared().database();
    let pool = PgPool::connect(&url).await.unwrap();
    let mut first = pool.begin().await.unwrap();
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK);
    lock.execute(&mut *first).await.unwrap();
    // A single connection, so that a cache from before the wait would be used after it.
    let single = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    let second = tokio::spawn(PostgresStore::with_pool(single));
    let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&pool).await.unwrap() {
        tokio::task::yield_now().await;
    }
    let table = "CREATE TABLE countersign_migrations (version BIGINT NOT NULL PRIMARY KEY)";
    first.execute(table).await.unwrap();
    for (version, migration) in pending_migrations(MIGRATIONS, 0).unwrap() {
        apply(&mut first, version, migration).await.unwrap();
    }
    first.commit().await.unwrap();
    assert!(second.await.unwrap().is_ok());
}

fn name_of(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let store = fresh_store().await;
    store.pool.execute("INSERT INTO countersign_migrations (version) VALUES (1000)").await.unwrap();
    let error = PostgresStore::with_pool(store.pool).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("newer version"));
}

/// During a rolling update, servers of the old version run on the tables of the new one.
#[tokio::test]
async fn a_column_that_a_newer_version_adds_does_not_disturb_a_running_server() {
    let store = fresh_store().await;
    let sessions = sessions(&store);
    let (id, first) = sign_in(&sessions).await;
    for column in ["added", "added_later"] {
        refresh(&sessions, &id, &first).await.unwrap();
        assert_eq!(sessions.list("ann").await.unwrap().len(), 1);
        let add = format!("ALTER TABLE countersign_sessions ADD COLUMN {column} BIGINT");
        sqlx::raw_sql(sqlx::AssertSqlSafe(add)).execute(&store.pool).await.unwrap();
    }
    refresh(&sessions, &id, &first).await.unwrap();
    assert_eq!(sessions.list("ann").await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_tables_of_the_application_are_left_alone() {
    let pool = PgPool::connect(&Server::shared().database()).await.unwrap();
    pool.execute("CREATE TABLE sessions (id TEXT); INSERT INTO sessions VALUES ('mine')").await.unwrap();
    for _ in 0..2 {
        PostgresStore::with_pool(pool.clone()).await.unwrap();
    }
    let mine: Vec<String> = sqlx::query_scalar("SELECT id FROM sessions").fetch_all(&pool).await.unwrap();
    assert_eq!(mine, ["mine"]);
    assert_eq!(tables(&pool).await, [&OURS[..], &["sessions"]].concat());
}

#[tokio::test]
async fn an_unprivileged_user_starts_when_the_tables_are_there() {
    let url = Server::shared().database();
    let pool = PgPool::connect(&url).await.unwrap();
    let user = format!("server_of_{}", name_of(&url));
    let create = format!("CREATE ROLE {user} LOGIN");
    pool.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
    let as_user = url.replace("postgres@", &format!("{user}@"));
    let refused = PostgresStore::connect(&as_user).await.unwrap_err();
    assert!(refused.source().unwrap().to_string().contains("permission denied"));

    PostgresStore::with_pool(pool.clone()).await.unwrap();
    let grant = format!(
        "GRANT SELECT ON countersign_migrations TO {user};
         GRANT SELECT, INSERT, UPDATE, DELETE ON countersign_sessions, countersign_settings,
             countersign_endings, countersign_incarnation TO {user}"
    );
    pool.execute(sqlx::AssertSqlSafe(grant)).await.unwrap();
    let sessions = sessions(&PostgresStore::connect(&as_user).await.unwrap());
    let (id, first) = sign_in(&sessions).await;
    refresh(&sessions, &id, &first).await.unwrap();
    assert_eq!(sessions.end_all("ann", None).await.unwrap(), 1);
    assert_eq!(sessions.purge_expired().await.unwrap(), 0);
}

/// Row 77. Two servers on one database, each with connections of its own, at the default isolation and at the strictest.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_servers_give_out_one_successor() {
    for isolation in ["read committed", "repeatable read", "serializable"] {
        let url = Server::shared().database();
        let url = format!("{url}?options[default_transaction_isolation]={}", isolation.replace(' ', "%20"));
        let servers =
            [PostgresStore::connect(&url).await.unwrap(), PostgresStore::connect(&url).await.unwrap()]
                .map(|store| Arc::new(sessions(&store)));
        let (id, first) = sign_in(&servers[0]).await;
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let (server, id, first) = (Arc::clone(&servers[number % 2]), id, first.clone());
                tokio::spawn(async move { refresh(&server, &id, &first).await })
            })
            .collect();
        let mut rotations = 0;
        for task in tasks {
            let (record, outcome) = task.await.unwrap().unwrap();
            assert_eq!((record.version, record.current), (1, child(&first)), "{isolation}");
            rotations += u32::from(outcome == Outcome::Rotated);
        }
        assert_eq!(rotations, 1, "{isolation}");
    }
}

/// A statement that removes many rows of a user locks them in the order of their ids, whatever their order in the table. Two such
/// statements at the same time therefore never deadlock.
#[tokio::test]
async fn removals_lock_rows_in_one_order() {
    let store = fresh_store().await;
    let now = Timestamp::from_unix(1_700_000_000);
    let mut ids = [any_id().unwrap(), any_id().unwrap()];
    ids.sort();
    let [first, second] = ids;
    for removes_each in [true, false] {
        for id in [second, first] {
            store.insert(SessionRecord::new(id, "", TokenHash::of("jti"), now, now, now)).await.unwrap();
        }
        let mut holder = store.pool.begin().await.unwrap();
        lock(&mut holder, &first).await.unwrap();
        let removal = tokio::spawn({
            let store = store.clone();
            async move {
                match removes_each {
                    true => store.remove_each(&[second, first]).await.map(|removed| removed.len() as u64),
                    false => store.remove_all(&owner(""), None).await,
                }
            }
        });
        wait_for_a_blocked_statement(&store.pool).await;
        lock(&mut holder, &second).await.expect("the second row is free while the first is waited for");
        holder.rollback().await.unwrap();
        assert_eq!(removal.await.unwrap().unwrap(), 2);
    }
}

async fn lock(connection: &mut PgConnection, id: &SessionId) -> Result<(), sqlx::Error> {
    let row = sqlx::query("SELECT FROM countersign_sessions WHERE id = $1 FOR UPDATE NOWAIT");
    row.bind(of(id)).execute(connection).await.map(drop)
}

/// When all sessions of a user are ended during a write, either the written session ends too or the write finds no record.
#[tokio::test]
async fn a_write_that_is_not_yet_committed_does_not_escape_a_revocation() {
    let store = fresh_store().await;
    let sessions = Arc::new(sessions(&store));
    let (id, _) = sign_in(&sessions).await;
    let mut writer = store.pool.begin().await.unwrap();
    let update = sqlx::query("UPDATE countersign_sessions SET version = version + 1");
    assert_eq!(update.execute(&mut *writer).await.unwrap().rows_affected(), 1);
    let revocation = tokio::spawn({
        let sessions = Arc::clone(&sessions);
        async move { sessions.end_all("ann", None).await }
    });
    wait_for_a_blocked_statement(&store.pool).await;
    writer.commit().await.unwrap();
    assert_eq!(revocation.await.unwrap().unwrap(), 1);
    assert_eq!(store.load(&id).await.unwrap(), None);
}

async fn wait_for_a_blocked_statement(pool: &PgPool) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

/// Row 90. With every connection in use there is an error, and the token is good once one is free again.
#[tokio::test]
async fn an_exhausted_pool_is_an_error_and_consumes_nothing() {
    let pool = impatient_pool(&Server::shared().database());
    let store = PostgresStore::with_pool(pool.clone()).await.unwrap();
    let sessions = sessions(&store);
    let (id, first) = sign_in(&sessions).await;
    let prepared = sessions.prepare(&id, &first, &child(&first)).await.unwrap();

    let taken = pool.acquire().await.unwrap();
    assert!(matches!(refresh(&sessions, &id, &first).await, Err(SessionError::Store(_))));
    let exchange = sessions.commit(prepared, |_, _| Ok::<_, SessionError>(())).await;
    assert!(matches!(exchange, Err(SessionError::Store(_))));
    assert!(matches!(sessions.live(&id).await, Err(SessionError::Store(_))));
    assert!(matches!(sessions.list("ann").await, Err(SessionError::Store(_))));
    assert!(matches!(sessions.end(&id).await, Err(SessionError::Store(_))));
    assert!(matches!(sessions.end_all("ann", None).await, Err(SessionError::Store(_))));
    assert!(matches!(sessions.purge_expired().await, Err(SessionError::Store(_))));
    assert!(sessions.open("bob", first.clone(), SessionMetadata::default()).await.is_err());

    drop(taken);
    assert_eq!(sessions.list("bob").await.unwrap(), []);
    let (record, outcome) = refresh(&sessions, &id, &first).await.unwrap();
    assert_eq!((record.version, outcome), (1, Outcome::Rotated));
}

/// Row 90. With the table locked there is an error, and the statement that was given up has no effect later.
#[tokio::test]
async fn a_statement_that_waits_too_long_is_an_error_and_consumes_nothing() {
    let url = Server::shared().database();
    let store = PostgresStore::connect_with_patience(&url, Duration::from_secs(1)).await.unwrap();
    let sessions = sessions(&store);
    let (id, first) = sign_in(&sessions).await;
    let pool = PgPool::connect(&url).await.unwrap();
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE countersign_sessions IN EXCLUSIVE MODE").execute(&mut *holder).await.unwrap();

    assert!(sessions.live(&id).await.unwrap().is_some(), "reading goes on");
    assert!(matches!(refresh(&sessions, &id, &first).await, Err(SessionError::Store(_))));
    assert!(matches!(sessions.end(&id).await, Err(SessionError::Store(_))));

    holder.rollback().await.unwrap();
    let (record, outcome) = refresh(&sessions, &id, &first).await.unwrap();
    assert_eq!((record.version, outcome), (1, Outcome::Rotated));
    assert_eq!(sessions.purge_expired().await.unwrap(), 0);
}

/// Row 90.
#[tokio::test]
async fn a_server_that_is_down_is_an_error_that_tells_nothing() {
    let server = Server::start();
    let url = server.url().replace("postgres@", "app:open%20sesame@");
    server.stop();
    let error = PostgresStore::with_pool(impatient_pool(&url)).await.unwrap_err();
    assert_eq!(error.to_string(), "the session store is unavailable");
    assert!(error.source().is_some() && error.is_unreachable());
    for error in [error, PostgresStore::connect(&format!("{url}?port=sesame")).await.unwrap_err()] {
        let told = format!("{error} {error:?} {:?}", error.source());
        assert!(!told.contains("sesame") && !told.contains("127.0.0.1"), "{told}");
    }
}

#[tokio::test]
async fn debug_shows_no_url() {
    assert_eq!(format!("{:?}", fresh_store().await), "PostgresStore { .. }");
}

/// Row 83, for the server. Every write that was answered before a crash is there after it, although the connections broke.
#[tokio::test]
async fn a_store_goes_on_after_its_server_crashed() {
    let server = Server::start();
    let options = PgPoolOptions::new().acquire_timeout(Duration::from_secs(30)).min_connections(3);
    let pool = options.connect(&server.url()).await.unwrap();
    let sessions = sessions(&PostgresStore::with_pool(pool).await.unwrap());
    let (id, first) = sign_in(&sessions).await;
    refresh(&sessions, &id, &first).await.unwrap();
    let (last, _) = refresh(&sessions, &id, &child(&first)).await.unwrap();

    for _ in 0..2 {
        server.stop();
        server.start_again();
        assert_eq!(sessions.live(&id).await.unwrap().as_ref(), Some(&last));
    }
    assert_eq!(refresh(&sessions, &id, &child(&first)).await.unwrap(), (last, Outcome::Repeated));
    let replay = refresh(&sessions, &id, &first).await;
    assert!(matches!(replay, Err(SessionError::Reused(ReuseKind::OlderAncestor))));
    assert_eq!(sessions.live(&id).await.unwrap(), None);
}

/// The connections that a store keeps between operations are closed with it, also where no runtime is left.
#[test]
fn a_store_may_outlive_its_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime.block_on(async {
        let store = fresh_store().await;
        sign_in(&sessions(&store)).await;
        store
    });
    assert_eq!(store.pool.num_idle(), 0, "the connection is kept");
    assert_eq!(store.pool.size(), 1);
    drop(runtime);
    drop(store);
}

/// More operations at once than connections: each of them gets one, whether others keep theirs or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_operation_gets_a_connection_in_the_end() {
    let store = fresh_store().await;
    let id = any_id().unwrap();
    let operations: Vec<_> = (0..500)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.load(&id).await })
        })
        .collect();
    for operation in operations {
        assert_eq!(operation.await.unwrap().unwrap(), None);
    }
    assert!(store.pool.size() <= CONNECTIONS);
}

/// Row 89.
#[tokio::test]
async fn a_dump_of_the_table_has_only_hashes() {
    let store = fresh_store().await;
    let sessions = sessions(&store);
    let [jti, next_jti] = ["the identifier of the first token", "the identifier of its successor"];
    let [first, second] = [jti, next_jti].map(TokenHash::of);
    let id = sessions.open("ann", first.clone(), SessionMetadata::default()).await.unwrap().id;
    let prepared = sessions.prepare(&id, &first, &second).await.unwrap();
    sessions.commit(prepared, |_, _| Ok::<_, SessionError>(())).await.unwrap();

    let found = "SELECT count(*) FROM countersign_sessions AS row
                 WHERE strpos(row::text, encode($1, 'hex')) > 0";
    for (bytes, expected) in [
        (first.as_bytes().to_vec(), 1),
        (second.as_bytes().to_vec(), 1),
        (jti.as_bytes().to_vec(), 0),
        (next_jti.as_bytes().to_vec(), 0),
    ] {
        let count: i64 = sqlx::query_scalar(found).bind(bytes).fetch_one(&store.pool).await.unwrap();
        assert_eq!(count, expected);
    }
    let text: String = sqlx::query_scalar("SELECT row::text FROM countersign_sessions AS row")
        .fetch_one(&store.pool)
        .await
        .unwrap();
    assert!(!text.contains(jti) && !text.contains(next_jti));
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_no_session() {
    let store = fresh_store().await;
    let (id, _) = sign_in(&sessions(&store)).await;
    for damage in [
        "UPDATE countersign_sessions SET version = -1",
        "UPDATE countersign_sessions SET version = 0, address = 'nowhere'",
        "UPDATE countersign_sessions SET address = NULL, user_agent = '\\xff'",
        "UPDATE countersign_sessions SET user_agent = NULL, current_hash = '\\x00'",
        "UPDATE countersign_sessions SET current_hash = sha256(''), previous_hash = '\\x00'",
        "UPDATE countersign_sessions SET previous_hash = NULL, fingerprint = '\\x00'",
    ] {
        store.pool.execute(damage).await.unwrap();
        assert!(store.load(&id).await.is_err(), "{damage}");
    }
}

/// Row 137. The server quotes rows in its errors, which does not belong in a log.
#[tokio::test]
async fn an_error_of_the_server_quotes_no_identifier() {
    let store = fresh_store().await;
    let now = Timestamp::from_unix(0);
    let id = any_id().unwrap();
    let record = SessionRecord::new(id, "ann", TokenHash::of("jti"), now, now, now);
    store.insert(record.clone()).await.unwrap();
    let twice = store.insert(record.clone()).await.unwrap_err();
    let rule = "ALTER TABLE countersign_sessions ADD CHECK (version < 5)";
    store.pool.execute(rule).await.unwrap();
    let broken = store.replace(SessionRecord { version: 9, ..record }, 0).await.unwrap_err();
    for (error, code) in [(twice, "23505"), (broken, "23514")] {
        let told = format!("{error:?} {:?}", error.source());
        assert!(told.contains(code), "{told}");
        assert!(!told.contains(id.as_str()) && !told.contains("616e6e"), "{told}");
    }
}

/// Row 137.
#[tokio::test]
async fn a_damaged_row_is_not_quoted() {
    let store = fresh_store().await;
    let (id, _) = sign_in(&sessions(&store)).await;
    store.pool.execute("UPDATE countersign_sessions SET user_agent = '\\xc0c1c2'").await.unwrap();
    let told = format!("{:?}", store.load(&id).await.unwrap_err());
    assert!(!told.contains("192, 193, 194"), "{told}");
}
