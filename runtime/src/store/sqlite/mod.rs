//! Sessions in SQLite.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, SqlitePool};

use super::sql::{
    APPLIED_MIGRATIONS, CLAIM_PURGE, INSERT, KEEP_SALT, LIST, LIST_AFTER, LOAD, RECORD_MIGRATION, REMOVE,
    REPLACE, SALT, bind_changes, bind_record, day, pending_migrations, read_id, read_record, read_salt,
    stored_number,
};
use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{Cursor, Ending, Endings, Owner, Page, PartitionSalt, SessionId, SessionRecord};

mod key_ring;

/// How long a statement waits for another writer, and a request for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 4;
const JOURNAL_ATTEMPTS: u32 = 10;

/// Each migration is applied once, in this order. A released one is never edited.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE countersign_sessions (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
        user_id TEXT NOT NULL,
        current_hash BLOB NOT NULL CHECK (length(current_hash) = 32),
        previous_hash BLOB CHECK (length(previous_hash) = 32),
        may_be_lost INTEGER NOT NULL,
        rotated_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        authenticated_at INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL,
        idle_ttl INTEGER,
        idle_expires_at INTEGER NOT NULL,
        absolute_expires_at INTEGER NOT NULL,
        access_not_before INTEGER,
        ends_with_browser INTEGER NOT NULL,
        address TEXT,
        user_agent TEXT,
        device_label TEXT,
        device_kind TEXT,
        fingerprint BLOB CHECK (length(fingerprint) = 32),
        version INTEGER NOT NULL,
        purge_day INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX countersign_sessions_by_day ON countersign_sessions (purge_day);
    CREATE TABLE countersign_settings (name TEXT NOT NULL PRIMARY KEY, value BLOB, until INTEGER) STRICT;
    CREATE TABLE countersign_endings (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        ending TEXT NOT NULL,
        until INTEGER NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE countersign_keys (
        is_set INTEGER NOT NULL DEFAULT 1 UNIQUE CHECK (is_set = 1),
        version INTEGER NOT NULL,
        document BLOB NOT NULL
    ) STRICT;
",
];

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
    /// answered write survives a loss of power. A request waits five seconds for a connection and for other writers, and then fails.
    ///
    /// For a database in memory, use [`MemoryStore`](super::MemoryStore).
    ///
    /// # Errors
    ///
    /// When the path is empty, names a database in memory (`:memory:`), or is a URL (`sqlite:sessions.db`,
    /// `sessions.db?mode=rwc`); when the file cannot be opened; and when it was written by a newer version of this crate.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with_patience(path, PATIENCE).await
    }

    /// As [`open`](Self::open), with another patience than five seconds.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_with_patience(path: impl AsRef<Path>, patience: Duration) -> Result<Self, StoreError> {
        refuse_other_names(path.as_ref())?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(patience)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(patience);
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

    /// Removes what the log need not keep, all of it: there may be more endings than sessions that expire.
    async fn forget_endings(&self, now: Timestamp, at_once: u32) -> Result<(), StoreError> {
        loop {
            let query = sqlx::query(
                "DELETE FROM countersign_endings WHERE position IN (
                     SELECT position FROM countersign_endings WHERE until <= ?1 ORDER BY position LIMIT ?2)",
            );
            let forgotten = self.execute(query.bind(now.unix()).bind(i64::from(at_once))).await?;
            if forgotten < u64::from(at_once) {
                return Ok(());
            }
        }
    }

    async fn execute(&self, query: Query<'_>) -> Result<u64, StoreError> {
        Ok(query.execute(&self.pool).await.map_err(failure)?.rows_affected())
    }
}

/// SQLite takes some names for a database in memory, which each connection has for itself, and others for a URL; a URL for sqlx would
/// become a file of that very name.
fn refuse_other_names(path: &Path) -> Result<(), StoreError> {
    let Some(name) = path.to_str() else { return Ok(()) };
    let lower = name.to_ascii_lowercase();
    let parameters = lower.split_once('?').map(|(_, parameters)| parameters);
    if name.is_empty() || name.starts_with(':') || lower.starts_with("file:") {
        return Err(StoreError::new(
            "this name means a database in memory or a URI: pass the path of a file, such as `sessions.db`; in memory, use `MemoryStore`",
        ));
    }
    if lower.starts_with("sqlite:")
        || lower.contains("://")
        || parameters.is_some_and(|parameters| parameters.contains('='))
    {
        return Err(StoreError::new(
            "this is a URL: pass the path of a file alone, such as `sessions.db`; for other settings, pass a pool to `SqliteStore::with_pool`",
        ));
    }
    Ok(())
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

/// Connections that are all busy are an outage. A lock that another process holds is none: reads go on beside it.
fn failure(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => StoreError::unreachable(error),
        other => StoreError::new(other),
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

impl SessionStore for SqliteStore {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        let stored = sqlx::query_scalar(SALT).fetch_optional(&self.pool).await.map_err(failure)?;
        if let Some(salt) = stored {
            return read_salt(salt);
        }
        self.execute(sqlx::query(KEEP_SALT).bind(proposed.as_bytes().to_vec())).await?;
        read_salt(sqlx::query_scalar(SALT).fetch_one(&self.pool).await.map_err(failure)?)
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        let query = bind_record::<_, String>(sqlx::query(INSERT), &record)?;
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
        let query = query.bind(stored_number(expected_version)?);
        Ok(if self.execute(query).await? == 1 { Replaced::Yes } else { Replaced::Conflict })
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        Ok(self.execute(sqlx::query(REMOVE).bind(id.as_bytes().to_vec())).await? == 1)
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let mut query = QueryBuilder::new("DELETE FROM countersign_sessions WHERE id IN (");
        let mut listed = query.separated(", ");
        for id in ids {
            listed.push_bind(id.as_bytes().to_vec());
        }
        listed.push_unseparated(") RETURNING id");
        let removed: Vec<Vec<u8>> =
            query.build_query_scalar().persistent(false).fetch_all(&self.pool).await.map_err(failure)?;
        removed.into_iter().map(read_id).collect()
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        let partition = owner.partition();
        let query = sqlx::query(if page.after.is_some() { LIST_AFTER } else { LIST })
            .bind(partition.first().as_bytes().to_vec())
            .bind(partition.last().as_bytes().to_vec())
            .bind(owner.user_id().to_owned())
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
            "DELETE FROM countersign_sessions WHERE id BETWEEN ?1 AND ?2 AND user_id = ?3 AND id IS NOT ?4",
        )
        .bind(partition.first().as_bytes().to_vec())
        .bind(partition.last().as_bytes().to_vec())
        .bind(owner.user_id().to_owned())
        .bind(except.map(|id| id.as_bytes().to_vec()));
        self.execute(query).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        let sessions = sqlx::query(
            "DELETE FROM countersign_sessions WHERE id IN (
                 SELECT id FROM countersign_sessions
                 WHERE purge_day <= ?1 AND (idle_expires_at <= ?2 OR absolute_expires_at <= ?2) LIMIT ?3)",
        );
        let purged = self.execute(sessions.bind(day(now)).bind(now.unix()).bind(i64::from(at_most))).await?;
        self.forget_endings(now, at_most.max(1)).await?;
        Ok(purged)
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let query = sqlx::query(CLAIM_PURGE).bind(now.unix()).bind(until.unix());
        Ok(self.execute(query).await? == 1)
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        if endings.is_empty() {
            return Ok(());
        }
        let mut query = QueryBuilder::new("INSERT INTO countersign_endings (ending, until) ");
        query.push_values(endings, |mut row, ending| {
            row.push_bind(ending.to_string()).push_bind(until.unix());
        });
        query.build().persistent(false).execute(&self.pool).await.map_err(failure)?;
        Ok(())
    }

    // SQLite has one writer at a time, so the order of positions is the order in which they become visible.
    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        let after: i64 = match after {
            Some(cursor) => cursor.as_str().parse().map_err(StoreError::new)?,
            None => 0,
        };
        let query = "SELECT position, ending FROM countersign_endings WHERE position > $1 ORDER BY position";
        let rows: Vec<(i64, String)> =
            sqlx::query_as(query).bind(after).fetch_all(&self.pool).await.map_err(failure)?;
        let next = Cursor::new(rows.last().map_or(after, |(position, _)| *position).to_string());
        let endings = rows.iter().map(|(_, ending)| ending.parse().map_err(StoreError::new));
        Ok(Some(Endings { endings: endings.collect::<Result<_, _>>()?, next }))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
