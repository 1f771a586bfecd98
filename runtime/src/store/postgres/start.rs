//! How a store starts: the tables, and what is at the other end of its connections.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool};
use tokio::time::timeout;

use super::failures::failure;
use super::{StoreError, begin, pooler};
use crate::store::sql::{APPLIED_MIGRATIONS, RECORD_MIGRATION, pending_migrations};

/// Servers that start together take this lock in turn. Locks have numbers instead of names; this one is "counters" in ASCII.
pub(super) const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"counters");

/// Each migration is applied once, in this order. A released one is never edited.
///
/// User ids and metadata are BYTEA because TEXT cannot hold NUL, and two ids that differ after a NUL must not become the same
/// user. `convert_from(user_id, 'UTF8')` shows them.
///
/// The order of the columns saves room and writes. The fixed ones come first, so that none is padded. The ones that a rotation changes
/// come together, since a log record has what lies between the first and the last changed byte. A rotation changes no index, and
/// the room that pages keep free takes the new row, so the indexes are not written at all (a HOT update).
///
/// There are no CHECKs of lengths: PostgreSQL prepares them for each statement, which doubled its work for a rotation. Every read checks
/// the lengths.
///
/// The tables of the log are explained in `endings`.
pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE countersign_sessions (
        sequence BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
        created_at BIGINT NOT NULL,
        absolute_expires_at BIGINT NOT NULL,
        idle_ttl BIGINT,
        ends_with_browser BIGINT NOT NULL,
        access_not_before BIGINT,
        authenticated_at BIGINT NOT NULL,
        rotated_at BIGINT NOT NULL,
        last_used_at BIGINT NOT NULL,
        idle_expires_at BIGINT NOT NULL,
        purge_day BIGINT NOT NULL,
        may_be_lost BIGINT NOT NULL,
        version BIGINT NOT NULL,
        current_hash BYTEA NOT NULL,
        previous_hash BYTEA,
        id BYTEA NOT NULL PRIMARY KEY,
        user_id BYTEA NOT NULL,
        fingerprint BYTEA,
        device_kind TEXT,
        address TEXT,
        user_agent BYTEA,
        device_label BYTEA
    ) WITH (fillfactor = 85);
    CREATE INDEX countersign_sessions_by_day ON countersign_sessions (purge_day);
    CREATE TABLE countersign_settings (name TEXT NOT NULL PRIMARY KEY, value BYTEA, until BIGINT);
    CREATE TABLE countersign_endings (
        transaction BIGINT NOT NULL,
        ending TEXT NOT NULL,
        until BIGINT NOT NULL,
        PRIMARY KEY (transaction, ending)
    );
    CREATE INDEX countersign_endings_by_end ON countersign_endings (until);
    CREATE UNLOGGED TABLE countersign_incarnation (
        is_set BOOLEAN NOT NULL PRIMARY KEY DEFAULT true CHECK (is_set),
        number BIGINT NOT NULL
    );
",
    "
    CREATE TABLE countersign_keys (
        is_set BOOLEAN NOT NULL PRIMARY KEY DEFAULT true CHECK (is_set),
        version BIGINT NOT NULL,
        document BYTEA NOT NULL
    );
",
];

/// How operations run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    /// Each statement is an operation.
    TakesStatements,
    /// There is a pooler, or the default isolation level is not the one that the statements are made for.
    NeedsTransactions,
}

/// Makes the tables if there are none. What the database needs is found out before anything is prepared or set.
pub(super) async fn prepare(pool: &PgPool, patience: Option<Duration>) -> Result<Database, StoreError> {
    let mut connection = pool.acquire().await.map_err(failure)?;
    // The pool may have only one.
    let other = PgPoolOptions::new().max_connections(1).acquire_timeout(pool.options().get_acquire_timeout());
    let other = other.connect_lazy_with(PgConnectOptions::clone(&pool.connect_options()));
    let mut second = other.acquire().await.map_err(failure)?;
    let asked = async {
        pooler::refuse_standby(&mut connection).await?;
        let is_simple = pooler::is_read_committed(&mut connection).await?
            && !pooler::is_shared(&mut connection, &mut second).await?;
        Ok(if is_simple { Database::TakesStatements } else { Database::NeedsTransactions })
    };
    let database = match patience {
        Some(patience) => timeout(patience, asked).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)),
        None => asked.await,
    };
    let database = database.map_err(failure)?;
    drop(second);
    other.close().await;
    migrate(&mut connection, patience).await?;
    Ok(database)
}

/// As behind a pooler in any case: a start need not be fast.
async fn migrate(connection: &mut PgConnection, patience: Option<Duration>) -> Result<(), StoreError> {
    // Read without the lock first: only the first start of a version needs it, and only that start needs the right to make tables.
    let mut transaction = connection.begin_with(AssertSqlSafe(begin(patience))).await.map_err(failure)?;
    let applied = applied_migrations(&mut transaction).await?;
    transaction.commit().await.map_err(failure)?;
    if pending_migrations(MIGRATIONS, applied.unwrap_or(0))?.next().is_none() {
        return Ok(());
    }
    // At a stricter level the transaction would not see the tables that another server made while this one waited for the lock,
    // which may take any time.
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 0";
    let mut transaction = connection.begin_with(begin).await.map_err(failure)?;
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).persistent(false);
    lock.execute(&mut *transaction).await.map_err(failure)?;
    let applied = applied_migrations(&mut transaction).await?;
    if applied.is_none() {
        transaction
            .execute("CREATE TABLE countersign_migrations (version BIGINT NOT NULL PRIMARY KEY)")
            .await
            .map_err(failure)?;
    }
    for (version, migration) in pending_migrations(MIGRATIONS, applied.unwrap_or(0))? {
        apply(&mut transaction, version, migration).await.map_err(failure)?;
    }
    transaction.commit().await.map_err(failure)
}

/// The number of applied migrations; `None` when the table that records them does not exist.
async fn applied_migrations(connection: &mut PgConnection) -> Result<Option<i64>, StoreError> {
    // Not `to_regclass`: it answers from a cache of the connection, which after a wait for the lock is older than the wait.
    let exists = sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM pg_catalog.pg_class
             WHERE relname = 'countersign_migrations' AND pg_catalog.pg_table_is_visible(oid))",
    );
    let exists: bool = exists.persistent(false).fetch_one(&mut *connection).await.map_err(failure)?;
    if !exists {
        return Ok(None);
    }
    let applied = sqlx::query_scalar(APPLIED_MIGRATIONS).persistent(false);
    applied.fetch_one(connection).await.map(Some).map_err(failure)
}

pub(super) async fn apply(
    connection: &mut PgConnection,
    version: i64,
    migration: &'static str,
) -> Result<(), sqlx::Error> {
    connection.execute(migration).await?;
    sqlx::query(RECORD_MIGRATION).bind(version).persistent(false).execute(connection).await?;
    Ok(())
}
