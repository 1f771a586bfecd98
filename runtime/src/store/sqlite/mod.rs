//! Sessions in SQLite.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqliteConnection, SqlitePool};

use super::sql::{
    APPLIED_MIGRATIONS, INSERT, LOAD, RECORD_MIGRATION, REMOVE, REPLACE, bind_record, pending_migrations,
    read_record, select_where, stored_version,
};
use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{SessionId, SessionRecord};

/// How long a statement waits for another writer, and a request for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 4;
const JOURNAL_ATTEMPTS: u32 = 10;

/// Each migration is applied once, in this order. A released one is never edited.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE countersign_sessions (
        id TEXT NOT NULL PRIMARY KEY,
        user_id TEXT NOT NULL,
        current_hash BLOB NOT NULL CHECK (length(current_hash) = 32),
        previous_hash BLOB CHECK (length(previous_hash) = 32),
        rotated_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL,
        idle_expires_at INTEGER NOT NULL,
        absolute_expires_at INTEGER NOT NULL,
        address TEXT,
        user_agent TEXT,
        device_label TEXT,
        version INTEGER NOT NULL,
        idle_ttl INTEGER,
        ends_with_browser INTEGER NOT NULL DEFAULT 0,
        may_be_lost INTEGER NOT NULL DEFAULT 0,
        device_kind TEXT,
        fingerprint BLOB CHECK (length(fingerprint) = 32)
    ) STRICT;
    CREATE INDEX countersign_sessions_by_user ON countersign_sessions (user_id);
    CREATE INDEX countersign_sessions_by_idle_end ON countersign_sessions (idle_expires_at);
    CREATE INDEX countersign_sessions_by_absolute_end ON countersign_sessions (absolute_expires_at);
    ",
    "
    ALTER TABLE countersign_sessions ADD COLUMN access_not_before INTEGER;
    ",
    "
    ALTER TABLE countersign_sessions ADD COLUMN authenticated_at INTEGER;
    ",
];

const LIST: &str = select_where!("user_id = $1");

/// Keeps sessions in a SQLite database, in tables of its own whose names start with `countersign_`.
///
/// Clones share their connections. Needs the feature `sqlite`.
///
/// ```no_run
/// # async fn run() -> Result<(), countersign::store::StoreError> {
/// use countersign::store::SqliteStore;
///
/// let store = SqliteStore::open("sessions.db").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
}

impl SqliteStore {
    /// Opens the database file, and makes it if there is none. It uses a write-ahead log and full synchronisation, so every
    /// answered write survives a loss of power.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or was written by a newer version of this crate.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(PATIENCE)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(options).await.map_err(StoreError::new)?;
        use_write_ahead_log(&pool).await.map_err(StoreError::new)?;
        Self::with_pool(pool).await
    }

    /// Uses the application's own connections with their settings: journal, synchronisation and time-outs are the application's
    /// choice. An in-memory database needs a pool of exactly one connection that is never closed.
    ///
    /// # Errors
    ///
    /// When the tables cannot be made or were written by a newer version of this crate.
    pub async fn with_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        migrate(&pool).await?;
        Ok(Self { pool })
    }

    async fn execute(&self, query: Query<'_>) -> Result<u64, StoreError> {
        Ok(query.execute(&self.pool).await.map_err(StoreError::new)?.rows_affected())
    }
}

/// A change of the journal mode needs exclusive access, and SQLite does not wait for it as it waits for other locks.
async fn use_write_ahead_log(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut attempt = 1;
    loop {
        let changed = sqlx::query("PRAGMA journal_mode = WAL").execute(pool).await;
        match changed {
            Err(sqlx::Error::Database(_)) if attempt < JOURNAL_ATTEMPTS => attempt += 1,
            result => return result.map(drop),
        }
        // This lock does wait, until the other processes that start have finished.
        pool.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
    }
}

async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    // The lock is taken before the read, so that of two processes that start together the second finds the work done.
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::new)?;
    let applied = applied_migrations(&mut transaction).await.map_err(StoreError::new)?;
    for (version, migration) in pending_migrations(MIGRATIONS, applied)? {
        apply(&mut transaction, version, migration).await.map_err(StoreError::new)?;
    }
    transaction.commit().await.map_err(StoreError::new)
}

async fn applied_migrations(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS countersign_migrations (version INTEGER NOT NULL PRIMARY KEY) STRICT",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query_scalar(APPLIED_MIGRATIONS).fetch_one(connection).await
}

async fn apply(
    connection: &mut SqliteConnection,
    version: i64,
    migration: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(migration).execute(&mut *connection).await?;
    sqlx::query(RECORD_MIGRATION).bind(version).execute(connection).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

impl SessionStore for SqliteStore {
    async fn insert(&self, record: SessionRecord) -> Result<(), StoreError> {
        let query = bind_record::<_, String>(sqlx::query(INSERT), record)?;
        self.execute(query).await?;
        Ok(())
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let query = sqlx::query(LOAD).bind(id.as_str().to_owned());
        let row = query.fetch_optional(&self.pool).await.map_err(StoreError::new)?;
        row.as_ref().map(read_record).transpose()
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        let query = bind_record::<_, String>(sqlx::query(REPLACE), record)?;
        let query = query.bind(stored_version(expected_version)?);
        Ok(if self.execute(query).await? == 1 { Replaced::Yes } else { Replaced::Conflict })
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        Ok(self.execute(sqlx::query(REMOVE).bind(id.as_str().to_owned())).await? == 1)
    }

    async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
        let query = sqlx::query(LIST).bind(user_id.to_owned());
        let rows = query.fetch_all(&self.pool).await.map_err(StoreError::new)?;
        rows.iter().map(read_record).collect()
    }

    async fn remove_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let query = sqlx::query("DELETE FROM countersign_sessions WHERE user_id = ?1 AND id IS NOT ?2")
            .bind(user_id.to_owned())
            .bind(except.map(|id| id.as_str().to_owned()));
        self.execute(query).await
    }

    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "DELETE FROM countersign_sessions WHERE idle_expires_at <= ?1 OR absolute_expires_at <= ?1",
        );
        self.execute(query.bind(now.unix())).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
