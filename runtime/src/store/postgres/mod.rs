//! Sessions in PostgreSQL.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, Postgres, Row as _};
use tokio::time::timeout;

use super::sql::{
    CLAIM_PURGE, INSERT, KEEP_SALT, LIST, LIST_AFTER, LOAD, REMOVE, REPLACE, SALT, bind_changes, bind_record,
    day, read_id, read_record, read_salt, stored_number,
};
use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{Cursor, Ending, Endings, Owner, Page, PartitionSalt, SessionId, SessionRecord};
use failures::{failure, is_lost_race, is_out_of_reach};
use kept::Kept;
use start::{Database, prepare};

mod endings;
mod failures;
mod kept;
mod key_ring;
mod pooler;
mod start;

/// How long a request waits for a connection, and then for its statement.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much later than the server a request gives a statement up, in case that nothing answers any more.
const GRACE: Duration = Duration::from_secs(1);
const CONNECTIONS: u32 = 10;
/// How long after its last use a connection is trusted to be open. A check costs as much as a statement.
const TRUSTED: Duration = Duration::from_secs(1);

/// Keeps sessions in a PostgreSQL database (11 or later), in tables of its own whose names start with `countersign_`.
///
/// All servers of an application may use one database. It has to be the primary: a standby lags behind, and would accept a
/// refresh token that was just used or a session that was just ended. A connection to a standby is refused.
///
/// # Behind a pooler
///
/// A pooler such as PgBouncer in transaction mode gives each transaction another connection to the server. The store
/// recognises one when it starts, and then makes a transaction of each operation, prepares no named statements, and leaves no
/// setting behind. That costs two more round trips for each operation. PgBouncer has to be told
/// `ignore_startup_parameters = extra_float_digits`, or `sqlx` cannot connect. For a pooler that the store cannot recognise, see
/// [`behind_pooler`](Self::behind_pooler).
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
    /// `None` where the pool is the application's, and time-outs are its choice.
    own: Option<Own>,
    /// The statement that opens a transaction; `None` where statements need no transaction around them.
    begin: Option<Arc<str>>,
}

/// What a store knows of a pool of its own.
#[derive(Clone)]
struct Own {
    patience: Duration,
    kept: Arc<Kept>,
}

impl Own {
    fn new(patience: Duration) -> Self {
        Self { patience, kept: Arc::default() }
    }
}

impl PostgresStore {
    /// Connects to the database at `url` with up to ten connections, and makes the tables if there are none. A connection that
    /// was idle for more than a second is checked before use, and replaced if it is broken. A request fails when it gets no
    /// connection within five seconds, and so does a statement that takes longer, for example because it waits for a lock. Only
    /// the making of tables may take longer.
    ///
    /// Without a TLS feature of `sqlx` the connection is not encrypted. Enable one in the application and add
    /// `?sslmode=verify-full` to the URL if the database is on another machine.
    ///
    /// # Errors
    ///
    /// When the database does not answer for five seconds, refuses the user or is a standby, when the tables cannot be made, and
    /// when they were written by a newer version of this crate.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with_patience(url, PATIENCE).await
    }

    /// As [`connect`](Self::connect), with another limit than five seconds, in whole milliseconds: each request waits at most so
    /// long for a connection, and at most so long for each statement.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_with_patience(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse().map_err(failure)?;
        let start = PgPoolOptions::new().max_connections(1).acquire_timeout(patience);
        let start = start.connect_lazy_with(options.clone());
        let database = prepare(&start, Some(patience)).await?;
        start.close().await;
        Ok(match database {
            Database::NeedsTransactions => {
                Self::in_transactions(own_pool(patience).connect_lazy_with(options), Some(Own::new(patience)))
            }
            Database::TakesStatements => {
                let pool = own_pool(patience)
                    .after_connect(move |connection, _| Box::pin(limit_statements(connection, patience)));
                let pool = pool.connect_lazy_with(options);
                Self { pool, own: Some(Own::new(patience)), begin: None }
            }
        })
    }

    /// Uses the application's own connections with their settings: TLS, number and time-outs are the application's choice. They
    /// have to be connections to the primary. The tables are made in the first schema of the search path.
    ///
    /// Where the default isolation level is a stricter one than read committed, each operation is a transaction at read committed,
    /// which costs two more round trips.
    ///
    /// Once the tables exist, the database user needs no right to make any. The start needs one connection beside those of the
    /// pool for a moment, to find out whether there is a pooler.
    ///
    /// # Errors
    ///
    /// When a connection cannot be opened or is one to a standby, and when the tables cannot be made or were written by a newer
    /// version of this crate.
    pub async fn with_pool(pool: PgPool) -> Result<Self, StoreError> {
        Ok(match prepare(&pool, None).await? {
            Database::NeedsTransactions => Self::in_transactions(pool, None),
            Database::TakesStatements => Self { pool, own: None, begin: None },
        })
    }

    /// Works as behind a pooler that gives each transaction another connection, whether or not one was recognised.
    ///
    /// Needed only for a pooler that keeps each of its clients on one connection while the store starts. The start itself leaves
    /// nothing behind on the connections of any pooler.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), countersign::store::StoreError> {
    /// use countersign::store::PostgresStore;
    ///
    /// let store = PostgresStore::connect("postgres://app@pooler.example.com/app").await?.behind_pooler();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "the store that is returned works behind a pooler"]
    pub fn behind_pooler(self) -> Self {
        match (&self.begin, &self.own) {
            (Some(_), _) => self,
            (None, None) => Self::in_transactions(self.pool, None),
            // Connections of the former pool would have settings. It has opened none so far.
            (None, Some(own)) => {
                let options = PgConnectOptions::clone(&self.pool.connect_options());
                let pool = own_pool(own.patience).connect_lazy_with(options);
                Self::in_transactions(pool, Some(Own::new(own.patience)))
            }
        }
    }

    fn in_transactions(pool: PgPool, own: Option<Own>) -> Self {
        let begin = begin(own.as_ref().map(|own| own.patience));
        Self { pool, own, begin: Some(begin.into()) }
    }

    /// Runs one statement, in a transaction of its own where there is a pooler.
    async fn run<T>(&self, query: Query, run: Run<T>) -> Result<T, sqlx::Error> {
        let Some(own) = &self.own else {
            return self.run_on(&mut self.pool.acquire().await?, query, run).await;
        };
        let mut connection = own.kept.take(&self.pool).await?;
        let running = self.run_on(&mut connection, query, run);
        match timeout(own.patience.saturating_add(GRACE), running).await {
            Ok(Ok(result)) => {
                own.kept.keep(connection);
                Ok(result)
            }
            Ok(Err(error)) => {
                if is_out_of_reach(&error) {
                    own.kept.give_back();
                }
                Err(error)
            }
            Err(_) => {
                // What was sent may still be answered or not, so the connection is good for nothing else.
                connection.close_on_drop();
                own.kept.give_back();
                Err(sqlx::Error::PoolTimedOut)
            }
        }
    }

    async fn run_on<T>(
        &self,
        connection: &mut PoolConnection<Postgres>,
        query: Query,
        run: Run<T>,
    ) -> Result<T, sqlx::Error> {
        let Some(begin) = &self.begin else { return run(connection, query).await };
        let mut transaction = Unfinished { connection, is_finished: false };
        let connection = &mut **transaction.connection;
        connection.execute(AssertSqlSafe(Arc::clone(begin))).await?;
        let result = run(connection, query.persistent(false)).await;
        connection.execute(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        transaction.is_finished = true;
        result
    }

    async fn stored_salt(&self) -> Result<Option<PartitionSalt>, StoreError> {
        let rows = self.fetch(sqlx::query(SALT)).await.map_err(failure)?;
        rows.first().map(|row| read_salt(row.try_get("value").map_err(StoreError::new)?)).transpose()
    }

    async fn execute(&self, query: Query) -> Result<u64, sqlx::Error> {
        let done = self.run(query, |connection, query| connection.execute(query)).await?;
        Ok(done.rows_affected())
    }

    async fn fetch(&self, query: Query) -> Result<Vec<PgRow>, sqlx::Error> {
        self.run(query, |connection, query| connection.fetch_all(query)).await
    }
}

/// A transaction whose connection is closed if its operation goes away halfway. The one of `sqlx` rolls back later, and not at all what
/// goes away while it begins: behind a pooler, such a connection would keep one to the server from all others.
struct Unfinished<'c> {
    connection: &'c mut PoolConnection<Postgres>,
    is_finished: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.connection.close_on_drop();
        }
    }
}

type Query = sqlx::query::Query<'static, Postgres, PgArguments>;
type Run<T> = for<'c> fn(&'c mut PgConnection, Query) -> Running<'c, T>;
type Running<'c, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'c>>;

/// The settings of a pool that is not the application's.
fn own_pool(patience: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(patience)
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| Box::pin(is_open(connection, metadata.idle_for)))
}

/// The statements that open a transaction. A standby refuses the first one.
fn begin(patience: Option<Duration>) -> String {
    let limit =
        patience.map(|patience| format!("; SET LOCAL statement_timeout = {}", milliseconds(patience)));
    format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE{}", limit.unwrap_or_default())
}

/// In the range of `statement_timeout`, where zero is no limit.
fn milliseconds(patience: Duration) -> i32 {
    i32::try_from(patience.as_millis()).unwrap_or(i32::MAX).max(1)
}

/// The server enforces the limit, so a statement that is given up has no effect later. While the server is a standby, the pool tries
/// again until its own limit.
async fn limit_statements(connection: &mut PgConnection, patience: Duration) -> Result<(), sqlx::Error> {
    pooler::refuse_standby(connection).await?;
    let limit = format!("SET statement_timeout = {}", milliseconds(patience));
    connection.execute(AssertSqlSafe(limit)).await?;
    Ok(())
}

async fn is_open(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > TRUSTED {
        connection.ping().await?;
    }
    Ok(true)
}

// The statements that remove many rows of a user lock them in the order of their ids. Without one order, two of them that run at
// the same time could wait for each other. A purge waits for no row.

const REMOVE_EACH: &str = "
    DELETE FROM countersign_sessions WHERE id = ANY(ARRAY(
        SELECT id FROM countersign_sessions WHERE id = ANY($1) ORDER BY id FOR UPDATE))
    RETURNING id";

const REMOVE_ALL: &str = "
    DELETE FROM countersign_sessions WHERE id = ANY(ARRAY(
        SELECT id FROM countersign_sessions
        WHERE id BETWEEN $1 AND $2 AND user_id = $3 AND id IS DISTINCT FROM $4
        ORDER BY id FOR UPDATE))";

/// The order lets PostgreSQL take the index where it would otherwise read the table from its start in each step.
const PURGE: &str = "
    DELETE FROM countersign_sessions WHERE id = ANY(ARRAY(
        SELECT id FROM countersign_sessions
        WHERE purge_day <= $1 AND (idle_expires_at <= $2 OR absolute_expires_at <= $2)
        ORDER BY purge_day LIMIT $3 FOR UPDATE SKIP LOCKED))";

fn of(id: &SessionId) -> Vec<u8> {
    id.as_bytes().to_vec()
}

impl SessionStore for PostgresStore {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        if let Some(salt) = self.stored_salt().await? {
            return Ok(salt);
        }
        let keep = sqlx::query(KEEP_SALT).bind(proposed.as_bytes().to_vec());
        self.execute(keep).await.map_err(failure)?;
        self.stored_salt().await?.ok_or_else(|| StoreError::new("the salt was not kept"))
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        let query = bind_record::<_, Vec<u8>>(sqlx::query(INSERT), &record)?;
        let rows = self.fetch(query).await.map_err(failure)?;
        let row = rows.first().ok_or_else(|| StoreError::new("the record was not added"))?;
        let sequence: i64 = row.try_get("sequence").map_err(StoreError::new)?;
        u64::try_from(sequence).map_err(StoreError::new)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let rows = self.fetch(sqlx::query(LOAD).bind(of(id))).await.map_err(failure)?;
        rows.first().map(read_record).transpose()
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        let query = bind_changes(sqlx::query(REPLACE), &record)?;
        match self.execute(query.bind(stored_number(expected_version)?)).await {
            Ok(1) => Ok(Replaced::Yes),
            Ok(_) => Ok(Replaced::Conflict),
            // At a stricter isolation level, which only connections of the application can have, a lost race is an error.
            Err(error) if is_lost_race(&error) => Ok(Replaced::Conflict),
            Err(error) => Err(failure(error)),
        }
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        Ok(self.execute(sqlx::query(REMOVE).bind(of(id))).await.map_err(failure)? == 1)
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let query = sqlx::query(REMOVE_EACH).bind(ids.iter().map(of).collect::<Vec<_>>());
        let rows = self.fetch(query).await.map_err(failure)?;
        rows.iter().map(|row| read_id(row.try_get("id").map_err(StoreError::new)?)).collect()
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        let partition = owner.partition();
        let query = sqlx::query(if page.after.is_some() { LIST_AFTER } else { LIST })
            .bind(of(&partition.first()))
            .bind(of(&partition.last()))
            .bind(owner.user_id().as_bytes().to_vec())
            .bind(i64::from(page.limit));
        let query = match page.after {
            Some(place) => query.bind(stored_number(place.sequence)?).bind(of(&place.id)),
            None => query,
        };
        let rows = self.fetch(query).await.map_err(failure)?;
        rows.iter().map(read_record).collect()
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let partition = owner.partition();
        let query = sqlx::query(REMOVE_ALL)
            .bind(of(&partition.first()))
            .bind(of(&partition.last()))
            .bind(owner.user_id().as_bytes().to_vec())
            .bind(except.map(of));
        self.execute(query).await.map_err(failure)
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(PURGE).bind(day(now)).bind(now.unix()).bind(i64::from(at_most));
        let purged = self.execute(query).await.map_err(failure)?;
        // All that the log need not keep: there may be more endings than sessions that expire.
        let at_once = at_most.max(1);
        while self.execute(endings::forget(now, at_once)).await.map_err(failure)? == u64::from(at_once) {}
        Ok(purged)
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let query = sqlx::query(CLAIM_PURGE).bind(now.unix()).bind(until.unix());
        Ok(self.execute(query).await.map_err(failure)? == 1)
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.execute(endings::announce(endings, until)).await.map_err(failure)?;
        Ok(())
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        // After a crash the server has no number until the first reader gives it one.
        for _ in 0..2 {
            let rows = self.fetch(endings::read(after)?).await.map_err(failure)?;
            if let Some(found) = endings::found(&rows)? {
                return Ok(Some(found));
            }
            self.execute(endings::incarnate()?).await.map_err(failure)?;
        }
        Err(StoreError::new("the server lost its number as soon as it had one"))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
