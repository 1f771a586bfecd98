//! Sessions in SQLite.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{Row as _, Sqlite, SqliteConnection, SqlitePool};

use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{SessionId, SessionMetadata, SessionRecord, TokenHash};

/// How long a statement waits for another writer, and a request for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 4;
const JOURNAL_ATTEMPTS: u32 = 10;

/// Each is applied once, in this order; one that was released is never edited.
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
        version INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX countersign_sessions_by_user ON countersign_sessions (user_id);
    CREATE INDEX countersign_sessions_by_idle_end ON countersign_sessions (idle_expires_at);
    CREATE INDEX countersign_sessions_by_absolute_end ON countersign_sessions (absolute_expires_at);
    ",
    "
    ALTER TABLE countersign_sessions ADD COLUMN access_not_before INTEGER;
    ",
];

/// Keeps sessions in a SQLite database, in tables of its own whose names start with `countersign_`.
///
/// Its clones share their connections. Needs the feature `sqlite`.
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
    /// Opens the database file, which is made if there is none, with a write-ahead log and full synchronisation: what was
    /// answered survives a loss of power.
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

    /// Uses the application's own connections and leaves their settings alone: journal, synchronisation and time-outs are as
    /// the application chose them. An in-memory database needs a pool of exactly one connection that is never closed.
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

/// Changing the journal needs the database for itself, and SQLite does not wait for that as it waits for other locks.
async fn use_write_ahead_log(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut attempt = 1;
    loop {
        let changed = sqlx::query("PRAGMA journal_mode = WAL").execute(pool).await;
        match changed {
            Err(sqlx::Error::Database(_)) if attempt < JOURNAL_ATTEMPTS => attempt += 1,
            result => return result.map(drop),
        }
        // This one waits, until whoever else is starting has finished.
        pool.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
    }
}

async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    // The lock is taken first, so that of two processes that start together the second finds the work done.
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::new)?;
    let applied = applied_migrations(&mut transaction).await.map_err(StoreError::new)?;
    let pending = usize::try_from(applied).ok().and_then(|applied| MIGRATIONS.get(applied..));
    let Some(pending) = pending else {
        return Err(StoreError::new("the tables were written by a newer version of countersign"));
    };
    for (version, migration) in (applied + 1..).zip(pending) {
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
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM countersign_migrations")
        .fetch_one(connection)
        .await
}

async fn apply(
    connection: &mut SqliteConnection,
    version: i64,
    migration: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(migration).execute(&mut *connection).await?;
    sqlx::query("INSERT INTO countersign_migrations (version) VALUES (?)")
        .bind(version)
        .execute(connection)
        .await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// Binds every column in the order of the table, as `?1` to `?14`.
fn bind_record(query: Query<'_>, record: SessionRecord) -> Result<Query<'_>, StoreError> {
    let SessionRecord { id, user_id, current, previous, metadata, .. } = &record;
    Ok(query
        .bind(id.as_str().to_owned())
        .bind(user_id.clone())
        .bind(current.as_bytes().to_vec())
        .bind(previous.as_ref().map(|hash| hash.as_bytes().to_vec()))
        .bind(record.rotated_at.unix())
        .bind(record.created_at.unix())
        .bind(record.last_used_at.unix())
        .bind(record.idle_expires_at.unix())
        .bind(record.absolute_expires_at.unix())
        .bind(metadata.address().map(|address| address.to_string()))
        .bind(metadata.user_agent().map(str::to_owned))
        .bind(metadata.device_label().map(str::to_owned))
        .bind(stored_version(record.version)?)
        .bind(record.access_not_before.map(Timestamp::unix)))
}

fn stored_version(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(StoreError::new)
}

fn read_record(row: &SqliteRow) -> Result<SessionRecord, StoreError> {
    let time = |column: &str| Ok(Timestamp::from_unix(row.try_get(column).map_err(StoreError::new)?));
    let text = |column: &str| row.try_get::<Option<String>, _>(column).map_err(StoreError::new);
    let hash = |bytes: Vec<u8>| {
        bytes.try_into().map(TokenHash::from_bytes).map_err(|_| StoreError::new("a hash has not 32 bytes"))
    };

    let id: String = row.try_get("id").map_err(StoreError::new)?;
    let user_id: String = row.try_get("user_id").map_err(StoreError::new)?;
    let current = row.try_get("current_hash").map_err(StoreError::new).and_then(hash)?;
    let previous: Option<Vec<u8>> = row.try_get("previous_hash").map_err(StoreError::new)?;
    let version: i64 = row.try_get("version").map_err(StoreError::new)?;

    let mut record = SessionRecord::new(
        id.parse().map_err(StoreError::new)?,
        user_id,
        current,
        time("created_at")?,
        time("idle_expires_at")?,
        time("absolute_expires_at")?,
    );
    record.previous = previous.map(hash).transpose()?;
    record.rotated_at = time("rotated_at")?;
    record.last_used_at = time("last_used_at")?;
    let access_not_before: Option<i64> = row.try_get("access_not_before").map_err(StoreError::new)?;
    record.access_not_before = access_not_before.map(Timestamp::from_unix);
    record.version = u64::try_from(version).map_err(StoreError::new)?;
    record.metadata = read_metadata(text("address")?, text("user_agent")?, text("device_label")?)?;
    Ok(record)
}

fn read_metadata(
    address: Option<String>,
    user_agent: Option<String>,
    device_label: Option<String>,
) -> Result<SessionMetadata, StoreError> {
    let mut metadata = SessionMetadata::default();
    if let Some(address) = address {
        metadata = metadata.with_address(address.parse().map_err(StoreError::new)?);
    }
    if let Some(user_agent) = user_agent {
        metadata = metadata.with_user_agent(user_agent);
    }
    if let Some(device_label) = device_label {
        metadata = metadata.with_device_label(device_label);
    }
    Ok(metadata)
}

impl SessionStore for SqliteStore {
    async fn insert(&self, record: SessionRecord) -> Result<(), StoreError> {
        let query = sqlx::query(
            "INSERT INTO countersign_sessions (id, user_id, current_hash, previous_hash, rotated_at, created_at, last_used_at,
                 idle_expires_at, absolute_expires_at, address, user_agent, device_label, version,
                 access_not_before)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        );
        self.execute(bind_record(query, record)?).await?;
        Ok(())
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let query =
            sqlx::query("SELECT * FROM countersign_sessions WHERE id = ?").bind(id.as_str().to_owned());
        let row = query.fetch_optional(&self.pool).await.map_err(StoreError::new)?;
        row.as_ref().map(read_record).transpose()
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        let query = sqlx::query(
            "UPDATE countersign_sessions
             SET user_id = ?2, current_hash = ?3, previous_hash = ?4, rotated_at = ?5, created_at = ?6, last_used_at = ?7,
                 idle_expires_at = ?8, absolute_expires_at = ?9, address = ?10, user_agent = ?11, device_label = ?12,
                 version = ?13, access_not_before = ?14
             WHERE id = ?1 AND version = ?15",
        );
        let query = bind_record(query, record)?.bind(stored_version(expected_version)?);
        Ok(if self.execute(query).await? == 1 { Replaced::Yes } else { Replaced::Conflict })
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let query = sqlx::query("DELETE FROM countersign_sessions WHERE id = ?").bind(id.as_str().to_owned());
        Ok(self.execute(query).await? == 1)
    }

    async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
        let query =
            sqlx::query("SELECT * FROM countersign_sessions WHERE user_id = ?").bind(user_id.to_owned());
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
