//! Sessions in PostgreSQL.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres};

use super::sql::{INSERT, LOAD, REPLACE, bind_record, pending_migrations, read_record, stored_version};
use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{SessionId, SessionRecord};

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 10;
/// How long after its last use a connection is believed to stand. To ask costs as much as a statement.
const TRUSTED: Duration = Duration::from_secs(1);

/// Servers that start together take this lock in turn. The number is "counters" in ASCII: locks have no names.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"counters");

/// What PostgreSQL says when another transaction has just changed the row.
const SERIALIZATION_FAILURE: &str = "40001";

/// Each is applied once, in this order; one that was released is never edited.
///
/// User ids and metadata are BYTEA since TEXT cannot hold NUL, and two ids that differ behind one must not become the same
/// user. `convert_from(user_id, 'UTF8')` shows them. The index is over a hash, because an index entry has at most 2704 bytes.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE countersign_sessions (
        id TEXT COLLATE \"C\" NOT NULL PRIMARY KEY,
        user_id BYTEA NOT NULL,
        current_hash BYTEA NOT NULL CHECK (octet_length(current_hash) = 32),
        previous_hash BYTEA CHECK (octet_length(previous_hash) = 32),
        rotated_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        last_used_at BIGINT NOT NULL,
        idle_expires_at BIGINT NOT NULL,
        absolute_expires_at BIGINT NOT NULL,
        address TEXT,
        user_agent BYTEA,
        device_label BYTEA,
        version BIGINT NOT NULL,
        access_not_before BIGINT
    );
    CREATE INDEX countersign_sessions_by_user ON countersign_sessions (sha256(user_id));
    CREATE INDEX countersign_sessions_by_idle_end ON countersign_sessions (idle_expires_at);
    CREATE INDEX countersign_sessions_by_absolute_end ON countersign_sessions (absolute_expires_at);
    ",
    "
    ALTER TABLE countersign_sessions ADD COLUMN authenticated_at BIGINT;
    ",
];

const LIST: &str = "
    SELECT id, user_id, current_hash, previous_hash, rotated_at, created_at, last_used_at, idle_expires_at,
        absolute_expires_at, address, user_agent, device_label, version, access_not_before, authenticated_at
    FROM countersign_sessions
    WHERE sha256(user_id) = sha256($1) AND user_id = $1";

/// Keeps sessions in a PostgreSQL database (11 or later), in tables of its own whose names start with `countersign_`.
///
/// All servers of an application may use one database. It has to be the primary: a replica lags behind, and would accept a
/// refresh token that was just used or a session that was just ended.
///
/// Its clones share their connections. Needs the feature `postgres`.
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
    /// was not used for a second is asked whether it still stands, and replaced if it does not. A request that gets no
    /// connection for five seconds fails, and so does a statement that takes longer, behind a lock say; only
    /// [`purge_expired`](SessionStore::purge_expired) and the making of tables take their time.
    ///
    /// Without a TLS feature of `sqlx` the connection is not encrypted; enable one in the application and say
    /// `?sslmode=verify-full` where the database is not on the same machine.
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
            .before_acquire(|connection, metadata| Box::pin(still_stands(connection, metadata.idle_for)));
        Self::with_pool(pool.connect(url).await.map_err(failure)?).await
    }

    /// Uses the application's own connections and leaves their settings alone: TLS, number, and time-outs are as the
    /// application chose them. The tables are made in the first schema of the search path.
    ///
    /// Any isolation of transactions will do, but PostgreSQL's default, read committed, is best: at a stricter one a sign-out
    /// that meets a refresh can fail, and has to be repeated.
    ///
    /// Once the tables are there, the database's user needs no right to make any.
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

/// With a limit on the server's side a statement that is given up has no effect.
async fn limit_statements(connection: &mut PgConnection, patience: Duration) -> Result<(), sqlx::Error> {
    let limit = format!("{}ms", patience.as_millis());
    sqlx::query("SELECT set_config('statement_timeout', $1, false)").bind(limit).execute(connection).await?;
    Ok(())
}

/// For statements whose length depends on how much there is, until the end of the transaction.
async fn take_time(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SET LOCAL statement_timeout = 0").execute(connection).await?;
    Ok(())
}

async fn still_stands(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > TRUSTED {
        connection.ping().await?;
    }
    Ok(true)
}

async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    // Read before the lock is taken: the lock is for the first start of a version, and tables are made only where none are.
    let applied = applied_migrations(&mut *pool.acquire().await.map_err(failure)?).await?;
    if pending_migrations(MIGRATIONS, applied.unwrap_or(0))?.next().is_none() {
        return Ok(());
    }
    // In a stricter isolation the transaction would not see what others did while it waited for the lock.
    let begin = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await;
    let mut transaction = begin.map_err(failure)?;
    take_time(&mut transaction).await.map_err(failure)?;
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

/// How many migrations were applied; `None` when there is no table that says so.
async fn applied_migrations(connection: &mut PgConnection) -> Result<Option<i64>, StoreError> {
    // Not `to_regclass`: after a wait for the lock it answers from before the wait, out of a cache of the connection.
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
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM countersign_migrations")
        .fetch_one(connection)
        .await
        .map(Some)
        .map_err(failure)
}

async fn apply(
    connection: &mut PgConnection,
    version: i64,
    migration: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(migration).execute(&mut *connection).await?;
    sqlx::query("INSERT INTO countersign_migrations (version) VALUES ($1)")
        .bind(version)
        .execute(connection)
        .await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// The server quotes rows in the details of its errors, and identifiers do not belong into a log.
fn failure(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(database) => {
            let code = database.code().unwrap_or_default();
            StoreError::new(format!("PostgreSQL says {code}: {}", database.message()))
        }
        None => StoreError::new(error),
    }
}

fn is_lost_race(error: &sqlx::Error) -> bool {
    let database = error.as_database_error();
    database.is_some_and(|error| error.code().as_deref() == Some(SERIALIZATION_FAILURE))
}

impl SessionStore for PostgresStore {
    async fn insert(&self, record: SessionRecord) -> Result<(), StoreError> {
        let query = bind_record::<_, Vec<u8>>(sqlx::query(INSERT), record)?;
        self.execute(query).await.map_err(failure)?;
        Ok(())
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let query = sqlx::query(LOAD).bind(id.as_str().to_owned());
        let row = query.fetch_optional(&self.pool).await.map_err(failure)?;
        row.as_ref().map(read_record).transpose()
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        let query = bind_record::<_, Vec<u8>>(sqlx::query(REPLACE), record)?;
        match self.execute(query.bind(stored_version(expected_version)?)).await {
            Ok(1) => Ok(Replaced::Yes),
            Ok(_) => Ok(Replaced::Conflict),
            // Where the application made a stricter isolation the default, losing is an error.
            Err(error) if is_lost_race(&error) => Ok(Replaced::Conflict),
            Err(error) => Err(failure(error)),
        }
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let query =
            sqlx::query("DELETE FROM countersign_sessions WHERE id = $1").bind(id.as_str().to_owned());
        Ok(self.execute(query).await.map_err(failure)? == 1)
    }

    async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
        let query = sqlx::query(LIST).bind(user_id.as_bytes().to_vec());
        let rows = query.fetch_all(&self.pool).await.map_err(failure)?;
        rows.iter().map(read_record).collect()
    }

    // What removes many rows locks them in one order, or two that run at the same time could wait for each other.

    async fn remove_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "DELETE FROM countersign_sessions WHERE id IN (
                 SELECT id FROM countersign_sessions
                 WHERE sha256(user_id) = sha256($1) AND user_id = $1 AND id IS DISTINCT FROM $2
                 ORDER BY id FOR UPDATE)",
        );
        let query = query.bind(user_id.as_bytes().to_vec()).bind(except.map(|id| id.as_str().to_owned()));
        self.execute(query).await.map_err(failure)
    }

    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "DELETE FROM countersign_sessions WHERE id IN (
                 SELECT id FROM countersign_sessions
                 WHERE idle_expires_at <= $1 OR absolute_expires_at <= $1
                 ORDER BY id FOR UPDATE)",
        );
        let purge = async {
            let mut transaction = self.pool.begin().await?;
            take_time(&mut transaction).await?;
            let purged = query.bind(now.unix()).execute(&mut *transaction).await?.rows_affected();
            transaction.commit().await?;
            Ok(purged)
        };
        purge.await.map_err(failure)
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
