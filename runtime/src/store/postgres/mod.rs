//! Sessions in PostgreSQL.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Row as _};

use super::sql::{
    APPLIED_MIGRATIONS, CLAIM_PURGE, INSERT, KEEP_SALT, LIST, LIST_AFTER, LOAD, RECORD_MIGRATION, REMOVE,
    REPLACE, SALT, bind_changes, bind_record, day, pending_migrations, read_id, read_record, read_salt,
    stored_number,
};
use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{Owner, Page, PartitionSalt, SessionId, SessionRecord};

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 10;
/// How long after its last use a connection is trusted to be open. A check costs as much as a statement.
const TRUSTED: Duration = Duration::from_secs(1);

/// Servers that start together take this lock in turn. Locks have numbers instead of names; this one is "counters" in ASCII.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"counters");

/// PostgreSQL's code for a row that a concurrent transaction has changed.
const SERIALIZATION_FAILURE: &str = "40001";

/// Each migration is applied once, in this order. A released one is never edited.
///
/// User ids and metadata are BYTEA because TEXT cannot hold NUL, and two ids that differ after a NUL must not become the same
/// user. `convert_from(user_id, 'UTF8')` shows them.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE countersign_sessions (
        id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
        user_id BYTEA NOT NULL,
        sequence BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
        current_hash BYTEA NOT NULL CHECK (octet_length(current_hash) = 32),
        previous_hash BYTEA CHECK (octet_length(previous_hash) = 32),
        may_be_lost BIGINT NOT NULL,
        rotated_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        authenticated_at BIGINT NOT NULL,
        last_used_at BIGINT NOT NULL,
        idle_ttl BIGINT,
        idle_expires_at BIGINT NOT NULL,
        absolute_expires_at BIGINT NOT NULL,
        access_not_before BIGINT,
        ends_with_browser BIGINT NOT NULL,
        address TEXT,
        user_agent BYTEA,
        device_label BYTEA,
        device_kind TEXT,
        fingerprint BYTEA CHECK (octet_length(fingerprint) = 32),
        version BIGINT NOT NULL,
        purge_day BIGINT NOT NULL
    ) WITH (fillfactor = 85);
    CREATE INDEX countersign_sessions_by_day ON countersign_sessions (purge_day);
    CREATE TABLE countersign_settings (name TEXT NOT NULL PRIMARY KEY, value BYTEA, until BIGINT);
"];

/// Keeps sessions in a PostgreSQL database (11 or later), in tables of its own whose names start with `countersign_`.
///
/// All servers of an application may use one database. It has to be the primary: a replica lags behind, and would accept a
/// refresh token that was just used or a session that was just ended.
///
/// Clones share their connections. Needs the feature `postgres`.
///
/// ```no_run
/// # async fn run() -> Result<(), countersign::store::StoreError> {
/// use countersign::store::PostgresStore;
///
/// let store = PostgresStore::connect("postgres://app@localhost/app").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// Connects to the database at `url` with up to ten connections, and makes the tables if there are none. A connection that
    /// was idle for more than a second is checked before use, and replaced if it is broken. A request fails when it gets no
    /// connection within five seconds, and so does a statement that takes longer, for example because it waits for a lock. Only
    /// [`purge_expired`](SessionStore::purge_expired) and the making of tables may take longer.
    ///
    /// Without a TLS feature of `sqlx` the connection is not encrypted. Enable one in the application and add
    /// `?sslmode=verify-full` to the URL if the database is on another machine.
    ///
    /// # Errors
    ///
    /// When the database does not answer for five seconds or refuses the user, when the tables cannot be made, and when they
    /// were written by a newer version of this crate.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, PATIENCE).await
    }

    async fn connect_with(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(move |connection, _| Box::pin(limit_statements(connection, patience)))
            .test_before_acquire(false)
            .before_acquire(|connection, metadata| Box::pin(is_open(connection, metadata.idle_for)));
        Self::with_pool(pool.connect(url).await.map_err(failure)?).await
    }

    /// Uses the application's own connections with their settings: TLS, number and time-outs are the application's choice. The
    /// tables are made in the first schema of the search path.
    ///
    /// Every isolation level is safe, but PostgreSQL's default, read committed, is best: at a stricter level, a sign-out during a
    /// refresh can fail and has to be repeated.
    ///
    /// Once the tables exist, the database user needs no right to make any.
    ///
    /// # Errors
    ///
    /// When the tables cannot be made or were written by a newer version of this crate.
    pub async fn with_pool(pool: PgPool) -> Result<Self, StoreError> {
        migrate(&pool).await?;
        Ok(Self { pool })
    }

    async fn execute(&self, query: Query<'_>) -> Result<u64, sqlx::Error> {
        Ok(query.execute(&self.pool).await?.rows_affected())
    }
}

/// The server enforces the limit, so a statement that is given up has no effect later.
async fn limit_statements(connection: &mut PgConnection, patience: Duration) -> Result<(), sqlx::Error> {
    let limit = format!("{}ms", patience.as_millis());
    sqlx::query("SELECT set_config('statement_timeout', $1, false)").bind(limit).execute(connection).await?;
    Ok(())
}

/// Lifts the limit until the end of the transaction, for statements whose duration depends on the number of rows.
async fn lift_limit(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SET LOCAL statement_timeout = 0").execute(connection).await?;
    Ok(())
}

async fn is_open(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > TRUSTED {
        connection.ping().await?;
    }
    Ok(true)
}

async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    // Read without the lock first: only the first start of a version needs it, and only that start needs the right to make tables.
    let applied = applied_migrations(&mut *pool.acquire().await.map_err(failure)?).await?;
    if pending_migrations(MIGRATIONS, applied.unwrap_or(0))?.next().is_none() {
        return Ok(());
    }
    // At a stricter level the transaction would not see the tables that another server made while this one waited for the lock.
    let begin = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await;
    let mut transaction = begin.map_err(failure)?;
    lift_limit(&mut transaction).await.map_err(failure)?;
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK);
    lock.execute(&mut *transaction).await.map_err(failure)?;
    let applied = applied_migrations(&mut transaction).await?;
    if applied.is_none() {
        sqlx::query("CREATE TABLE countersign_migrations (version BIGINT NOT NULL PRIMARY KEY)")
            .execute(&mut *transaction)
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
    let exists: bool = sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM pg_catalog.pg_class
             WHERE relname = 'countersign_migrations' AND pg_catalog.pg_table_is_visible(oid))",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failure)?;
    if !exists {
        return Ok(None);
    }
    sqlx::query_scalar(APPLIED_MIGRATIONS).fetch_one(connection).await.map(Some).map_err(failure)
}

async fn apply(
    connection: &mut PgConnection,
    version: i64,
    migration: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(migration).execute(&mut *connection).await?;
    sqlx::query(RECORD_MIGRATION).bind(version).execute(connection).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// Keeps only code and message: the server quotes rows in the details of its errors, and identifiers do not belong in a log.
fn failure(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(database) => {
            let code = database.code().unwrap_or_default();
            StoreError::new(format!("PostgreSQL error {code}: {}", database.message()))
        }
        None => StoreError::new(error),
    }
}

fn is_lost_race(error: &sqlx::Error) -> bool {
    let database = error.as_database_error();
    database.is_some_and(|error| error.code().as_deref() == Some(SERIALIZATION_FAILURE))
}

impl SessionStore for PostgresStore {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        self.execute(sqlx::query(KEEP_SALT).bind(proposed.as_bytes().to_vec())).await.map_err(failure)?;
        read_salt(sqlx::query_scalar(SALT).fetch_one(&self.pool).await.map_err(failure)?)
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        let query = bind_record::<_, Vec<u8>>(sqlx::query(INSERT), &record)?;
        let row = query.fetch_one(&self.pool).await.map_err(failure)?;
        let sequence: i64 = row.try_get("sequence").map_err(StoreError::new)?;
        u64::try_from(sequence).map_err(StoreError::new)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let query = sqlx::query(LOAD).bind(id.as_bytes().to_vec());
        let row = query.fetch_optional(&self.pool).await.map_err(failure)?;
        row.as_ref().map(read_record).transpose()
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        let query = bind_changes(sqlx::query(REPLACE), &record)?;
        match self.execute(query.bind(stored_number(expected_version)?)).await {
            Ok(1) => Ok(Replaced::Yes),
            Ok(_) => Ok(Replaced::Conflict),
            // At a stricter isolation level that the application has chosen, a lost race is an error.
            Err(error) if is_lost_race(&error) => Ok(Replaced::Conflict),
            Err(error) => Err(failure(error)),
        }
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let query = sqlx::query(REMOVE).bind(id.as_bytes().to_vec());
        Ok(self.execute(query).await.map_err(failure)? == 1)
    }

    // The statements that remove many rows lock them in the order of their ids. Without one order, two of them that run at the
    // same time could wait for each other.

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let ids: Vec<_> = ids.iter().map(|id| id.as_bytes().to_vec()).collect();
        let removed: Vec<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM countersign_sessions WHERE id IN (
                 SELECT id FROM countersign_sessions WHERE id = ANY($1) ORDER BY id FOR UPDATE)
             RETURNING id",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await
        .map_err(failure)?;
        removed.into_iter().map(read_id).collect()
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        let partition = owner.partition();
        let query = sqlx::query(if page.after.is_some() { LIST_AFTER } else { LIST })
            .bind(partition.first().as_bytes().to_vec())
            .bind(partition.last().as_bytes().to_vec())
            .bind(owner.user_id().as_bytes().to_vec())
            .bind(i64::from(page.limit));
        let query = match page.after {
            Some(place) => query.bind(stored_number(place.sequence)?).bind(place.id.as_bytes().to_vec()),
            None => query,
        };
        let rows = query.fetch_all(&self.pool).await.map_err(failure)?;
        rows.iter().map(read_record).collect()
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let partition = owner.partition();
        let query = sqlx::query(
            "DELETE FROM countersign_sessions WHERE id IN (
                 SELECT id FROM countersign_sessions
                 WHERE id BETWEEN $1 AND $2 AND user_id = $3 AND id IS DISTINCT FROM $4
                 ORDER BY id FOR UPDATE)",
        )
        .bind(partition.first().as_bytes().to_vec())
        .bind(partition.last().as_bytes().to_vec())
        .bind(owner.user_id().as_bytes().to_vec())
        .bind(except.map(|id| id.as_bytes().to_vec()));
        self.execute(query).await.map_err(failure)
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "DELETE FROM countersign_sessions WHERE id IN (
                 SELECT id FROM countersign_sessions
                 WHERE purge_day <= $1 AND (idle_expires_at <= $2 OR absolute_expires_at <= $2)
                 LIMIT $3 FOR UPDATE SKIP LOCKED)",
        );
        let query = query.bind(day(now)).bind(now.unix()).bind(i64::from(at_most));
        self.execute(query).await.map_err(failure)
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let query = sqlx::query(CLAIM_PURGE).bind(now.unix()).bind(until.unix());
        Ok(self.execute(query).await.map_err(failure)? == 1)
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
